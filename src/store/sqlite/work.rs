//! One thing the writer is asked to do, and its answer.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::desk::Desk;
use crate::store::{Result, StoreError};

/// The longest a write may wait before it is not begun any more.
const MAX_WAIT: Duration = Duration::from_millis(2500);

/// Something to do within the writer's transaction and to answer after its commit.
pub(super) trait Work: Send {
    /// Does it. An error means that it may have left half of itself.
    fn run(&mut self, desk: &mut Desk) -> Result<()>;
    /// Whether it needs a savepoint: it writes more than one statement.
    fn guarded(&self) -> bool;
    /// Answers: the verdict when the transaction is durable, else its fault.
    fn settle(self: Box<Self>, fault: Option<&StoreError>);
}

/// A closure as work.
pub(super) struct Task<T, F> {
    work: Option<F>,
    guarded: bool,
    asked: Instant,
    verdict: Result<T>,
    reply: oneshot::Sender<Result<T>>,
}

// === impl Task ===

impl<T, F> Task<T, F>
where
    T: Send,
    F: FnOnce(&mut Desk) -> Result<T> + Send,
{
    /// Work and where its answer will come.
    pub(super) fn new(guarded: bool, work: F) -> (Self, oneshot::Receiver<Result<T>>) {
        let (reply, answer) = oneshot::channel();
        let verdict = Err(StoreError::Unavailable("the store was too busy to begin".into()));
        (Self { work: Some(work), guarded, asked: Instant::now(), verdict, reply }, answer)
    }
}

impl<T, F> Work for Task<T, F>
where
    T: Send,
    F: FnOnce(&mut Desk) -> Result<T> + Send,
{
    fn run(&mut self, desk: &mut Desk) -> Result<()> {
        // Whoever waited that long was told that it failed; the answer must not be half a lie.
        let Some(work) = self.work.take().filter(|_| self.asked.elapsed() < MAX_WAIT) else { return Ok(()) };
        self.verdict = work(desk);
        match &self.verdict {
            Ok(_) => Ok(()),
            Err(fault) => Err(fault.clone()),
        }
    }

    fn guarded(&self) -> bool {
        self.guarded
    }

    fn settle(self: Box<Self>, fault: Option<&StoreError>) {
        let verdict = match fault {
            Some(fault) => Err(fault.clone()),
            None => self.verdict,
        };
        let _ = self.reply.send(verdict);
    }
}
