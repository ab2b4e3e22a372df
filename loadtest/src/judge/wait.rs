//! One deadline.

use super::faults::Fault;

/// Two clocks of one machine, and the way to the socket, may differ by this much before an end is called early.
const CLOCKS_MS: u64 = 50;

/// When a wait was told to have begun, in milliseconds by the server's clock.
#[derive(Debug, Clone, Copy)]
pub struct Begin {
    /// When it was committed.
    pub at: u64,
    /// The end it was promised.
    pub deadline: u64,
    /// How long the profile wants it to be.
    pub wait_ms: u64,
    /// When the visitor heard of it, at the latest.
    pub heard: u64,
}

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
    /// The first and the last millisecond that may be its end, by the server's clock. They are one where the server told
    /// of a deadline that can be true.
    earliest: u64,
    latest: u64,
    /// The server told of its beginning.
    pub(super) announced: bool,
    over: bool,
}

// === impl Wait ===

impl Wait {
    /// A wait that can end no earlier than this; until more is known it must do so in time of that.
    pub(super) fn from(earliest: u64) -> Wait {
        Wait { earliest, latest: earliest, announced: false, over: false }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// The millisecond from which lateness counts.
    pub(super) fn deadline(&self) -> u64 {
        self.latest
    }

    /// The request that began it was answered: it cannot end later than this.
    pub(super) fn begun(&mut self, latest: u64) {
        if !self.announced {
            self.latest = latest.max(self.earliest);
        }
    }

    /// The server tells when it will end; what is wrong with that. A deadline that cannot be is not believed: the end is
    /// held against the one there should have been.
    pub(super) fn announce(&mut self, begin: &Begin) -> Option<Fault> {
        if std::mem::replace(&mut self.announced, true) {
            return None;
        }
        let due = begin.at + begin.wait_ms;
        let latest = (begin.heard + begin.wait_ms).max(self.earliest);
        let verdict = match () {
            () if begin.deadline > due.min(latest) + CLOCKS_MS => Some(Fault::Late),
            () if begin.deadline + CLOCKS_MS < due.max(self.earliest) => Some(Fault::Early),
            () => None,
        };
        match verdict {
            None => (self.earliest, self.latest) = (begin.deadline, begin.deadline),
            Some(_) => self.latest = latest,
        }
        verdict
    }

    /// The wait ends; what is wrong with that, when something is. Doubts about the clock count for the server.
    pub(super) fn end(&mut self, end: &End, allowed: u64) -> Option<Fault> {
        if std::mem::replace(&mut self.over, true) {
            return Some(Fault::EndedTwice);
        }
        // A deadline the server told is known to the millisecond, our own reckoning is not.
        let slack = if self.earliest == self.latest { 0 } else { CLOCKS_MS };
        match () {
            () if !end.expired || end.at + slack < self.earliest => Some(Fault::Early),
            () if end.heard + end.doubt + CLOCKS_MS < self.earliest => Some(Fault::Early),
            () if end.heard > self.latest + allowed => Some(Fault::Late),
            () => None,
        }
    }

    /// It never began, or nobody may say that it did not end: nothing is owed of it.
    pub(super) fn forget(&mut self) {
        (self.announced, self.over) = (true, true);
    }
}
