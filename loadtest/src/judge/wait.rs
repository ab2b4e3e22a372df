//! One deadline.

use super::faults::Fault;

/// Two clocks of one machine, and the way to the socket, may differ by this much before an end is called early.
const CLOCKS_MS: u64 = 50;

/// How a wait ended, in milliseconds by the server's clock.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// When it was committed.
    pub at: u64,
    /// When the visitor heard of it, at the earliest.
    pub heard: u64,
    /// How much later that may have been: what we do not know of the server's clock.
    pub doubt: u64,
    /// The server names the deadline as its reason.
    pub expired: bool,
}

/// A visitor's wait.
#[derive(Debug)]
pub(super) struct Wait {
    /// Milliseconds, by the server's clock.
    pub(super) deadline: u64,
    over: bool,
}

// === impl Wait ===

impl Wait {
    pub(super) fn until(deadline: u64) -> Wait {
        Wait { deadline, over: false }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// The wait ends; what is wrong with that, when something is. Doubts about the clock count for the server.
    pub(super) fn end(&mut self, end: &End, allowed: u64) -> Option<Fault> {
        if std::mem::replace(&mut self.over, true) {
            return Some(Fault::EndedTwice);
        }
        match () {
            () if !end.expired || end.at < self.deadline => Some(Fault::Early),
            () if end.heard + end.doubt + CLOCKS_MS < self.deadline => Some(Fault::Early),
            () if end.heard > self.deadline + allowed => Some(Fault::Late),
            () => None,
        }
    }
}
