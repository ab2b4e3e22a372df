//! One deadline.

use super::faults::Fault;

/// Two clocks of one machine, and the way to the socket, may differ by this much before an end is called early.
const CLOCKS_MS: u64 = 50;

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

    /// The wait ends; what is wrong with that, when something is.
    pub(super) fn end(&mut self, at: u64, heard: u64, expired: bool, allowed: u64) -> Option<Fault> {
        if std::mem::replace(&mut self.over, true) {
            return Some(Fault::EndedTwice);
        }
        match () {
            () if !expired || at < self.deadline || heard + CLOCKS_MS < self.deadline => Some(Fault::Early),
            () if heard > self.deadline + allowed => Some(Fault::Late),
            () => None,
        }
    }
}
