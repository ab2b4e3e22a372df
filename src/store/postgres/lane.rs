//! A lane: one connection, and the task that writes over it whatever was asked since it wrote last. Each job keeps its
//! own verdict. When the connection is lost nobody knows what became of the jobs under way: they are looked up over
//! the next one before anybody is told anything, and before anything asked later is begun.

#![expect(clippy::vec_box, reason = "jobs move from queue to batch without being copied")]

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use tokio::{sync::mpsc, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    backoff::Backoff,
    batch,
    fault::{Fault, Remedy},
    job::{AppendJob, BeginJob, Job},
    known::{Known, Place},
    session::{Backend, Dialer},
    settle,
    writer::Writer,
};
use crate::store::{Appended, Begun, Result, StoreError, pace::Pace};

/// How much may wait to be written.
const QUEUE: usize = 4096;
/// How much shares one commit at most.
const BATCH: usize = 512;
/// How far apart batches lie under load, and under heavy load: what one costs the server is hardly more when it is full.
const GAP: Duration = Duration::from_millis(2);
const LONG_GAP: Duration = Duration::from_millis(4);

/// Where jobs are put.
#[derive(Clone, Debug)]
pub(super) struct Lane(mpsc::Sender<Job>);

/// The task's own side.
struct Loop {
    queue: mpsc::Receiver<Job>,
    dialer: Dialer,
    /// The lane's lock in the database.
    lock: i64,
    writer: Option<Writer>,
    /// The last connection, until the next one has seen its end.
    was: Option<Backend>,
    waiting: VecDeque<Job>,
    /// Jobs that may have been done.
    doubtful: Vec<Job>,
    known: Known,
    pace: Pace,
    failing: bool,
    stop: CancellationToken,
}

// === impl Lane ===

impl Lane {
    /// Starts the task. It ends when it is told to, or nobody can ask any more, and all that was asked is answered.
    pub(super) fn start(dialer: Dialer, tasks: &TaskTracker, stop: CancellationToken) -> Self {
        let (ask, queue) = mpsc::channel(QUEUE);
        let mut turns = Loop {
            queue,
            dialer,
            lock: rand::random(),
            writer: None,
            was: None,
            waiting: VecDeque::new(),
            doubtful: Vec::new(),
            known: Known::new(),
            pace: Pace::new(GAP, LONG_GAP),
            failing: false,
            stop,
        };
        tasks.spawn(async move {
            turns.run().await;
            if let Some(writer) = turns.writer {
                writer.end().await;
            }
        });
        Self(ask)
    }

    /// Puts a job at the end of the queue.
    pub(super) fn ask(&self, job: Job) -> Result<()> {
        self.0.try_send(job).map_err(|fault| match fault {
            mpsc::error::TrySendError::Full(_) => StoreError::Unavailable("too many writes are waiting".into()),
            mpsc::error::TrySendError::Closed(_) => StoreError::Unavailable("the store's writer has ended".into()),
        })
    }
}

// === impl Loop ===

impl Loop {
    async fn run(&mut self) {
        while self.gather().await {
            if self.writer.as_ref().is_none_or(Writer::is_closed) && !self.connect().await {
                return;
            }
            match self.doubtful.is_empty() {
                true => self.turn().await,
                false => self.settle().await,
            }
        }
    }

    /// Waits until there is something to do and takes what is queued. False at the end.
    async fn gather(&mut self) -> bool {
        if self.waiting.is_empty() && self.doubtful.is_empty() {
            match self.next().await {
                Some(job) => self.waiting.push_back(job),
                None => return false,
            }
        }
        self.take();
        if self.doubtful.is_empty()
            && let Some(wait) = self.pace.wait(self.waiting.len())
        {
            sleep(wait).await;
            self.take();
        }
        true
    }

    fn take(&mut self) {
        while self.waiting.len() < QUEUE
            && let Ok(job) = self.queue.try_recv()
        {
            self.waiting.push_back(job);
        }
    }

    /// The next job. None when no more can come.
    async fn next(&mut self) -> Option<Job> {
        tokio::select! {
            job = self.queue.recv() => return job,
            () = self.stop.cancelled() => self.queue.close(),
        }
        self.queue.recv().await
    }

    /// Connects, however long it takes; meanwhile nobody is kept waiting. False when nobody is left to write for.
    async fn connect(&mut self) -> bool {
        self.lose();
        let mut backoff = Backoff::default();
        loop {
            let dialer = self.dialer.clone();
            let (lock, was) = (self.lock, self.was.clone());
            let opened = async move { Writer::open(&dialer, lock, was.as_ref()).await };
            let Some(opened) = self.meanwhile(opened).await else { return false };
            match opened {
                Ok(writer) => {
                    self.known.connected();
                    self.writer = Some(writer);
                    self.was = None;
                    if std::mem::take(&mut self.failing) {
                        tracing::info!("the store writes again");
                    }
                    return true;
                }
                Err(fault) => self.refuse_all(fault.into()),
            }
            if self.meanwhile(sleep(backoff.next())).await.is_none() {
                return false;
            }
        }
    }

    /// Waits for something while jobs go on coming. None when no more can come and nothing is in doubt.
    async fn meanwhile<T>(&mut self, something: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(something);
        loop {
            tokio::select! {
                biased;
                done = &mut something => return Some(done),
                job = self.next() => match job {
                    // While it is known that nothing can be written, nobody need wait to hear it.
                    Some(job) if self.failing => job.refuse(unreachable_now()),
                    Some(job) if self.waiting.len() >= QUEUE => job.refuse(unreachable_now()),
                    Some(job) => self.waiting.push_back(job),
                    None => {
                        self.refuse_all(unreachable_now());
                        return None;
                    }
                }
            }
        }
    }

    /// One line when the trouble begins; whoever waits is told at once.
    fn refuse_all(&mut self, fault: StoreError) {
        let refused = self.waiting.len();
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(error = %fault, refused, "the store cannot write; it keeps trying");
        }
        self.waiting.drain(..).for_each(|job| job.refuse(fault.clone()));
    }

    /// Writes the next batch.
    async fn turn(&mut self) {
        let batch = self.choose();
        self.pace.turn(batch.len());
        let Some(writer) = &self.writer else { return };
        let (mut texts, mut changes, mut begins) = (Vec::new(), Vec::new(), Vec::new());
        for job in batch {
            match job {
                Job::Probe(asked) => match writer.probe().await {
                    Err(Fault::Lost(words)) => {
                        asked.answer(Err(StoreError::Unavailable(words)));
                        return self.lose();
                    }
                    answer => asked.answer(answer.map_err(Into::into)),
                },
                Job::Append(job) if Job::is_text(&job.append) => texts.push(job),
                Job::Append(job) => changes.push(job),
                Job::Begin(job) => begins.push(job),
            }
        }
        if !texts.is_empty() {
            self.append(texts, true).await;
        }
        if !changes.is_empty() {
            self.append(changes, false).await;
        }
        if !begins.is_empty() {
            self.begin(begins).await;
        }
    }

    /// Takes the next jobs, at most one of each conversation, each in its turn. What must be alone is.
    fn choose(&mut self) -> Vec<Job> {
        let (mut batch, mut taken, mut left) = (Vec::new(), HashSet::new(), Vec::new());
        while batch.len() < BATCH
            && let Some(job) = self.waiting.pop_front()
        {
            if job.is_late() {
                job.refuse(StoreError::Unavailable("the store was too busy to begin".into()));
                continue;
            }
            if job.is_alone() {
                // A probe stands behind all that was asked before it.
                match batch.is_empty() && left.is_empty() {
                    true => batch.push(job),
                    false => left.push(job),
                }
                break;
            }
            match job.conversation().is_none_or(|conversation| taken.insert(conversation.clone())) {
                true => batch.push(job),
                false => left.push(job),
            }
        }
        left.into_iter().rev().for_each(|job| self.waiting.push_front(job));
        batch
    }

    async fn append(&mut self, jobs: Vec<Box<AppendJob>>, texts: bool) {
        let Some(writer) = &self.writer else { return self.doubt(jobs.into_iter().map(Job::Append)) };
        let places = match self.known.places(writer, &jobs).await {
            Ok(places) => places,
            Err(fault) => return self.failed(jobs.into_iter().map(Job::Append).collect(), fault),
        };
        let sound: Vec<(&AppendJob, Place)> = jobs
            .iter()
            .zip(&places)
            .filter(|(job, _)| job.bad.is_none())
            .filter_map(|(job, place)| Some((&**job, (*place).filter(|place| !place.taken)?)))
            .collect();
        let won = match (sound.is_empty(), texts) {
            (true, _) => Ok(HashMap::new()),
            (false, true) => batch::texts(writer, &mut self.known, &sound).await,
            (false, false) => batch::changes(writer, &sound).await,
        };
        let mut won = match won {
            Ok(won) => won,
            Err(fault) => return self.failed(jobs.into_iter().map(Job::Append).collect(), fault),
        };
        let mut lost = Vec::new();
        for (job, place) in jobs.into_iter().zip(places) {
            match place.and_then(|place| won.remove(&place.id)) {
                Some(counts) => {
                    self.known.wrote(&job);
                    job.asked.answer(Ok(Appended::Done { counts }));
                }
                None => lost.push(job),
            }
        }
        if !lost.is_empty() {
            let verdicts = settle::appends(writer, lost, false).await;
            self.take_back(verdicts);
        }
    }

    async fn begin(&mut self, jobs: Vec<Box<BeginJob>>) {
        let Some(writer) = &self.writer else { return self.doubt(jobs.into_iter().map(Job::Begin)) };
        let refs: Vec<&BeginJob> = jobs.iter().map(|job| &**job).collect();
        let mut won = match batch::begins(writer, &refs).await {
            Ok(won) => won,
            Err(fault) => return self.failed(jobs.into_iter().map(Job::Begin).collect(), fault),
        };
        let mut lost = Vec::new();
        for job in jobs {
            match won.remove(&job.row.id) {
                Some(counts) => job.asked.answer(Ok(Begun::Done { counts })),
                None => lost.push(job),
            }
        }
        if !lost.is_empty() {
            let verdicts = settle::begins(writer, lost, false).await;
            self.take_back(verdicts);
        }
    }

    /// A batch was not answered.
    fn failed(&mut self, jobs: Vec<Job>, fault: Fault) {
        let refusal = match fault {
            Fault::Refused(refusal) => refusal,
            Fault::Lost(words) => {
                tracing::debug!(words, jobs = jobs.len(), "what became of a batch is not known yet");
                self.lose();
                return self.doubt(jobs);
            }
        };
        let remedy = refusal.remedy();
        let alone = remedy == Remedy::Alone;
        if remedy == Remedy::Later || (alone && jobs.len() == 1) {
            let fault = StoreError::from(refusal);
            tracing::error!(error = %fault, refused = jobs.len(), "the store refused to write");
            return jobs.into_iter().for_each(|job| job.refuse(fault.clone()));
        }
        self.again(jobs, alone);
    }

    /// To be tried again, before anything that was asked later.
    fn again(&mut self, jobs: Vec<Job>, alone: bool) {
        for mut job in jobs.into_iter().rev() {
            match job.again(alone) {
                true => self.waiting.push_front(job),
                false => job.refuse(StoreError::Unavailable("too many others wrote at the same time".into())),
            }
        }
    }

    fn doubt(&mut self, jobs: impl IntoIterator<Item = Job>) {
        self.doubtful.extend(jobs);
    }

    /// The connection is of no use any more.
    fn lose(&mut self) {
        if let Some(writer) = self.writer.take() {
            self.was = Some(writer.abandon());
        }
    }

    /// Finds out what became of jobs in doubt.
    async fn settle(&mut self) {
        let Some(writer) = &self.writer else { return };
        let (mut appends, mut begins) = (Vec::new(), Vec::new());
        for job in std::mem::take(&mut self.doubtful) {
            match job {
                // Whoever asked was told that nobody knows; they look for themselves.
                job if job.is_forgotten() => {}
                Job::Append(job) => appends.push(job),
                Job::Begin(job) => begins.push(job),
                Job::Probe(asked) => asked.answer(Err(unreachable_now())),
            }
        }
        let begun = settle::begins(writer, begins, true).await;
        let appended = settle::appends(writer, appends, true).await;
        self.take_back(begun);
        self.take_back(appended);
        if !self.doubtful.is_empty() {
            sleep(Backoff::default().next()).await;
        }
    }

    /// Jobs that have no answer yet.
    fn take_back(&mut self, left: settle::Left) {
        self.again(left.again, false);
        if left.lost {
            self.lose();
        }
        self.doubt(left.doubtful);
    }
}

fn unreachable_now() -> StoreError {
    StoreError::Unavailable("the database cannot be reached".into())
}
