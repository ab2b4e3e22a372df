//! What a lane knows of the conversations it writes: their rows, how far it has written them over the connection it has,
//! and whether they met somebody else's lately.

use std::time::Duration;

use tokio::time::Instant;

use super::{fault::Fault, job::AppendJob, writer::Writer};
use crate::{ids::ConversationId, store::recent::Recent};

/// How many conversations are remembered at least.
const KEEP: usize = 32_768;
/// For so long after a place or a key was taken it is looked whether they are.
const COMPANY: Duration = Duration::from_secs(30);

/// A lane's knowledge.
#[derive(Debug)]
pub(super) struct Known {
    rows: Recent<ConversationId, Row>,
    /// Until then others may be in the way.
    company: Option<Instant>,
}

#[derive(Debug)]
struct Row {
    id: i64,
    /// The last event written over this connection.
    wrote: Option<i64>,
}

/// Where an append goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The conversation's row.
    pub(super) id: i64,
    /// What it follows was written over this very connection, so the server has it: the log is only ever added to, and a
    /// server that comes back without rows it had (a failover, a restored copy) has ended its connections before.
    pub(super) sure: bool,
    /// Something else was written there over this very connection: it was decided before whoever decided it knew.
    pub(super) taken: bool,
}

// === impl Known ===

impl Known {
    pub(super) fn new() -> Self {
        Self { rows: Recent::new(KEEP), company: None }
    }

    /// From now on everything goes over another connection, perhaps to another server: one that took over without the
    /// last conversations of the one before gives their rows to others.
    pub(super) fn connected(&mut self) {
        self.rows.clear();
    }

    /// Where these jobs go, in their order; None where there is no such conversation.
    pub(super) async fn places(
        &mut self,
        writer: &Writer,
        jobs: &[Box<AppendJob>],
    ) -> Result<Vec<Option<Place>>, Fault> {
        let mut places: Vec<Option<Place>> = jobs.iter().map(|job| self.place(job)).collect();
        let missing: Vec<usize> = (0..jobs.len()).filter(|at| places[*at].is_none()).collect();
        if missing.is_empty() {
            return Ok(places);
        }
        let name = |at: usize| &jobs[at].append.conversation;
        let names: Vec<&str> = missing.iter().map(|at| name(*at).as_str()).collect();
        let found = writer.ids(&names).await?;
        for at in missing {
            places[at] = found.get(name(at)).map(|id| Place { id: *id, sure: false, taken: false });
        }
        for (name, id) in found {
            self.rows.put(name, Row { id, wrote: None });
        }
        Ok(places)
    }

    fn place(&mut self, job: &AppendJob) -> Option<Place> {
        let Row { id, wrote } = *self.rows.get(&job.append.conversation)?;
        let (sure, taken) = (wrote == Some(job.after()), wrote.is_some_and(|head| head > job.after()));
        Some(Place { id, sure, taken })
    }

    /// This was written over the connection.
    pub(super) fn wrote(&mut self, job: &AppendJob) {
        if let Some(row) = self.rows.get(&job.append.conversation) {
            row.wrote = Some(job.after() + job.append.entries.len() as i64);
        }
    }

    /// Whether texts may be put in without looking whether their places and keys are free.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.company.is_none_or(|until| until <= Instant::now())
    }

    /// One was not: another node was there before, or a client sent something again.
    pub(super) fn disturbed(&mut self) {
        self.company = Some(Instant::now() + COMPANY);
    }
}
