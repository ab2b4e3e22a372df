//! What holds senders and whoever makes faults together: faults happen after so much work, never after so much time.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

use super::wait::PATIENCE;

/// Counts what was done and says when it is enough.
pub struct Rein {
    done: watch::Sender<u64>,
    over: AtomicBool,
}

// === impl Rein ===

impl Rein {
    /// Nothing done, and going.
    pub fn new() -> Self {
        Self { done: watch::channel(0).0, over: AtomicBool::new(false) }
    }

    /// One more is done.
    pub fn count(&self) {
        self.done.send_modify(|done| *done += 1);
    }

    /// How many are done.
    pub fn done(&self) -> u64 {
        *self.done.borrow()
    }

    /// Waits until so many more are done than now; panics when they are not within a test's patience.
    pub async fn more(&self, count: u64) {
        self.more_within(count, PATIENCE).await;
    }

    /// The same with a limit of one's own.
    pub async fn more_within(&self, count: u64, limit: Duration) {
        let mut done = self.done.subscribe();
        let wanted = *done.borrow() + count;
        let reached = timeout(limit, done.wait_for(|done| *done >= wanted)).await;
        let now = self.done();
        assert!(reached.is_ok(), "within {limit:?} only {} of {count} more were done", count - (wanted - now));
    }

    /// Begin nothing new.
    pub fn stop(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Whether new work may begin.
    pub fn goes_on(&self) -> bool {
        !self.over.load(Ordering::SeqCst)
    }
}
