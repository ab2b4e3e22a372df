//! What became of jobs that were not written, or of which nobody knows.

#![expect(clippy::vec_box, reason = "jobs move from queue to batch without being copied")]

use super::{
    fault::Fault,
    job::{AppendJob, BeginJob, Job},
    writer::{Verdict, Writer},
};
use crate::{
    store::{Appended, Begun, FolderCount, Result, fault::damaged},
    wire::entry::Entry,
};

/// Jobs that have no answer yet.
#[derive(Default)]
pub(super) struct Left {
    /// Not done; to be tried again.
    pub(super) again: Vec<Job>,
    /// Perhaps done; to be looked up again.
    pub(super) doubtful: Vec<Job>,
    /// The connection was lost meanwhile.
    pub(super) lost: bool,
}

/// What an append is to be told.
enum Judged {
    Answer(Result<Appended>),
    /// It was written after all.
    Done,
    /// Nothing stands in its way.
    Again,
}

/// Answers appends. With `doubtful` they may have been written: then that is the answer.
pub(super) async fn appends(writer: &Writer, jobs: Vec<Box<AppendJob>>, doubtful: bool) -> Left {
    let mut left = Left::default();
    if jobs.is_empty() {
        return left;
    }
    let refs: Vec<&AppendJob> = jobs.iter().map(|job| &**job).collect();
    let verdicts = match writer.verdicts(&refs).await {
        Ok(verdicts) => verdicts,
        Err(fault) => return left.unknown(jobs.into_iter().map(Job::Append), &fault, doubtful),
    };
    for (mut job, verdict) in jobs.into_iter().zip(verdicts) {
        match judge(&job, verdict, doubtful) {
            Judged::Answer(answer) => job.asked.answer(answer),
            Judged::Done => match sizes(writer, &job).await {
                Ok(counts) => job.asked.answer(Ok(Appended::Done { counts })),
                Err(fault) => left = left.unknown([Job::Append(job)], &fault, true),
            },
            Judged::Again => match job.bad.take() {
                Some(bad) => job.asked.answer(Err(bad)),
                None => left.again.push(Job::Append(job)),
            },
        }
    }
    left
}

/// Answers beginnings.
pub(super) async fn begins(writer: &Writer, jobs: Vec<Box<BeginJob>>, doubtful: bool) -> Left {
    let mut left = Left::default();
    for job in jobs {
        let (workspace, row) = (&job.row.workspace, &job.row);
        let found = async {
            if doubtful && writer.ids(&[row.id.as_str()]).await?.contains_key(&row.id) {
                return Ok(Some(Begun::Done { counts: writer.sizes(workspace).await? }));
            }
            Ok(writer.open_of(workspace, &row.visitor.id).await?.map(Begun::Open))
        };
        match found.await {
            Ok(Some(begun)) => job.asked.answer(Ok(begun)),
            Ok(None) => left.again.push(Job::Begin(job)),
            Err(fault) => left = left.unknown([Job::Begin(job)], &fault, doubtful),
        }
    }
    left
}

/// The folders an append may have moved: nobody knows any more from where, so all of them.
async fn sizes(writer: &Writer, job: &AppendJob) -> std::result::Result<Vec<FolderCount>, Fault> {
    match &job.append.row {
        Some(row) => writer.sizes(&row.workspace).await,
        None => Ok(Vec::new()),
    }
}

fn judge(job: &AppendJob, verdict: Verdict, doubtful: bool) -> Judged {
    let Verdict { id, head, used, next } = verdict;
    if id.is_none() {
        return Judged::Answer(Ok(Appended::Unknown));
    }
    let ours = |body: &str| doubtful && job.append.entries.first().is_some_and(|first| first.json() == body);
    match used {
        Some((seq, body)) if seq == job.after() + 1 && ours(&body) => Judged::Done,
        Some((seq, body)) => {
            let event = Entry::stored(body).map_err(|_| damaged("event", seq));
            Judged::Answer(event.map(|event| Appended::Repeated { event }))
        }
        None if next.is_some_and(|body| ours(&body)) => Judged::Done,
        None if head != job.append.after => Judged::Answer(Ok(Appended::Stale { head })),
        None => Judged::Again,
    }
}

// === impl Left ===

impl Left {
    /// Nobody knows about these: what was not in doubt before is not now.
    fn unknown(mut self, jobs: impl IntoIterator<Item = Job>, fault: &Fault, doubtful: bool) -> Self {
        self.lost |= matches!(fault, Fault::Lost(_));
        match doubtful {
            true => self.doubtful.extend(jobs),
            false => self.again.extend(jobs),
        }
        self
    }
}
