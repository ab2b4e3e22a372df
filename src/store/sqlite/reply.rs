//! Waiting for an answer of another thread, and not for ever.
//!
//! By real time, not the runtime's: a test that pauses tokio's clock must not make the disk look slow.

use tokio::sync::{Notify, oneshot};

use crate::store::{Result, StoreError};

/// Lets all who wait go at once when the thread they wait for does not come back.
#[derive(Debug, Default)]
pub(super) struct Patience(Notify);

// === impl Patience ===

impl Patience {
    /// Waits for the answer.
    pub(super) async fn wait<T>(&self, answer: oneshot::Receiver<Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            answer = answer => answer.unwrap_or_else(|_| Err(gone())),
            () = self.0.notified() => Err(StoreError::Unavailable("the store does not answer".into())),
        }
    }

    /// Sends everybody who waits away.
    pub(super) fn end(&self) {
        self.0.notify_waiters();
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the store ended before it answered".into())
}
