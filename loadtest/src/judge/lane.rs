//! One author's texts in one conversation, and how far everybody who must be shown them has come.

use std::collections::{BTreeSet, HashMap};

/// Numbers of texts a reader may have skipped before they are given up as lost.
const MOST_MISSING: usize = 65_536;

/// The ledger of one author in one conversation.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) author: u32,
    /// Whether the server answers each text; bare relays of others may not.
    pub(super) answered: bool,
    pub(super) sent: u64,
    /// What the author was answered.
    pub(super) answers: Stream,
    pub(super) streams: HashMap<u32, Stream>,
}

/// How far one reader has come, or the author with the answers.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The highest text shown.
    pub(super) head: u64,
    /// The highest place in the log.
    seq: u64,
    /// Texts below the head that were not shown.
    missing: BTreeSet<u64>,
    /// Texts that are no longer waited for.
    pub(super) given_up: u64,
}

/// How a text came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Pushed: in order, and each once.
    Push,
    /// In a page that was asked for: may hold what is known already, and fills what was missed.
    Page,
}

/// What a showing was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Showing {
    New,
    Known,
    Doubled,
    Reordered,
    /// New, but its place in the log lies before that of an earlier one.
    SeqFell,
}

// === impl Lane ===

impl Lane {
    pub(super) fn new(author: u32, answered: bool) -> Lane {
        Lane { author, answered, sent: 0, answers: Stream::default(), streams: HashMap::new() }
    }

    /// Texts that somebody still has to be shown, or to be answered.
    pub(super) fn under_way(&self) -> u64 {
        let behind = self.streams.values().map(|stream| stream.behind(self.sent)).max().unwrap_or(0);
        self.unanswered().max(behind)
    }

    /// Texts that were sent and not answered, where each must be.
    pub(super) fn unanswered(&self) -> u64 {
        if self.answered { self.answers.behind(self.sent) } else { 0 }
    }
}

// === impl Stream ===

impl Stream {
    /// A reader of whatever is sent from now on.
    pub(super) fn from(head: u64) -> Stream {
        Stream { head, ..Stream::default() }
    }

    pub(super) fn shown(&mut self, number: u64, seq: Option<u64>, way: Way) -> Showing {
        let fell = way == Way::Push && seq.is_some_and(|seq| seq <= self.seq);
        if let Some(seq) = seq {
            self.seq = self.seq.max(seq);
        }
        if number > self.head {
            self.skip(self.head + 1, number);
            self.head = number;
            return if fell { Showing::SeqFell } else { Showing::New };
        }
        match (self.missing.remove(&number), way) {
            (true, Way::Page) => Showing::New,
            (true, Way::Push) => Showing::Reordered,
            (false, Way::Page) => Showing::Known,
            (false, Way::Push) => Showing::Doubled,
        }
    }

    /// The highest place in the log that was shown.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// Whether this text was shown.
    pub(super) fn has(&self, number: u64) -> bool {
        number <= self.head && !self.missing.contains(&number)
    }

    /// Texts sent and not shown, apart from those given up.
    pub(super) fn behind(&self, sent: u64) -> u64 {
        sent.saturating_sub(self.head) + self.missing.len() as u64
    }

    fn skip(&mut self, from: u64, to: u64) {
        let room = MOST_MISSING.saturating_sub(self.missing.len()) as u64;
        let kept = to.min(from.saturating_add(room));
        self.missing.extend(from..kept);
        self.given_up += to - kept;
    }
}
