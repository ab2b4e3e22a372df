//! One author's texts in one conversation, and how far everybody who must be shown them has come.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::faults::Fault;

/// Numbers of texts a reader may have skipped before they are given up as lost.
const MOST_MISSING: usize = 65_536;
/// Texts whose place is remembered, for the next who is told of it.
const MOST_PLACES: usize = 4_096;

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
    /// Where the newest texts stand, as the first said who told of it.
    places: Places,
}

/// Places in the log, by number; 0 where nobody told yet.
#[derive(Debug, Default)]
struct Places {
    first: u64,
    seqs: VecDeque<u64>,
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
    /// The page that was shown last, and the last text in it.
    page: (u64, u64),
}

/// How a text came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Pushed: in order, and each once.
    Push,
    /// In a page that was asked for: may hold what is known already, and fills what was missed.
    Page,
}

/// What is wrong with a showing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Doubled,
    Reordered,
    /// Its place in the log lies before that of an earlier one.
    SeqFell,
    /// Somebody else was told of another place in the log.
    Elsewhere,
}

// === impl Wrong ===

impl Wrong {
    /// The kind of fault, and how it is told.
    pub(super) fn told(self) -> (Fault, &'static str) {
        match self {
            Wrong::Doubled => (Fault::Doubled, "a second time"),
            Wrong::Reordered => (Fault::Reordered, "after a later one"),
            Wrong::SeqFell => (Fault::Reordered, "with a seq that did not rise"),
            Wrong::Elsewhere => (Fault::Reordered, "with another seq than before"),
        }
    }
}

// === impl Lane ===

impl Lane {
    pub(super) fn new(author: u32, answered: bool) -> Lane {
        Lane {
            author,
            answered,
            sent: 0,
            answers: Stream::default(),
            streams: HashMap::new(),
            places: Places::default(),
        }
    }

    /// Whether a text may stand there: whoever is told of its place is told the same.
    pub(super) fn agrees(&mut self, number: u64, seq: Option<u64>) -> bool {
        seq.is_none_or(|seq| self.places.agree(number, seq))
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

    /// A text is shown, in a page of this number or pushed. Tells whether it is new, and what is wrong.
    pub(super) fn shown(&mut self, number: u64, seq: Option<u64>, way: Way, page: u64) -> (bool, Option<Wrong>) {
        let fell = way == Way::Push && seq.is_some_and(|seq| seq <= self.seq);
        if let Some(seq) = seq {
            self.seq = self.seq.max(seq);
        }
        let turned = way == Way::Page && self.turned(number, page);
        if number > self.head {
            self.skip(self.head + 1, number);
            self.head = number;
            return (true, fell.then_some(Wrong::SeqFell));
        }
        let fresh = self.missing.remove(&number);
        let wrong = match (fresh, way) {
            _ if turned => Some(Wrong::Reordered),
            (_, Way::Page) => None,
            (true, Way::Push) => Some(Wrong::Reordered),
            (false, Way::Push) => Some(Wrong::Doubled),
        };
        (fresh, wrong)
    }

    /// Whether a page shows this text behind itself or a later one. Each page begins anew: it may repeat the one before.
    fn turned(&mut self, number: u64, page: u64) -> bool {
        let (known, last) = std::mem::replace(&mut self.page, (page, number));
        known == page && number <= last
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

// === impl Places ===

impl Places {
    fn agree(&mut self, number: u64, seq: u64) -> bool {
        let Some(at) = number.checked_sub(self.first) else { return true };
        if at >= (self.seqs.len() + MOST_PLACES) as u64 {
            // So far behind them that none of the known would be left.
            *self = Places { first: number, seqs: VecDeque::new() };
        }
        let at = (number - self.first) as usize;
        if at >= self.seqs.len() {
            self.seqs.resize(at + 1, 0);
        }
        let known = std::mem::replace(&mut self.seqs[at], seq);
        let beyond = self.seqs.len().saturating_sub(MOST_PLACES);
        self.seqs.drain(..beyond);
        self.first += beyond as u64;
        known == 0 || known == seq
    }
}
