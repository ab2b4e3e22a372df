//! A page of a log in a reply, and the place from which pushes go on.

use std::sync::Arc;

use super::{
    Hub,
    error::{HubError, Result},
    tail::Tail,
};
use crate::{
    ids::{Epoch, Seq},
    store::Loaded,
    wire::entry::Entry,
};

/// Events of a page.
pub const EVENTS: usize = 200;
/// Bytes of a page.
pub const BYTES: usize = 128 * 1024;
/// Bytes of a read that also tells whether the log goes on: many times those of the largest event.
const READ_BYTES: usize = 4 * 1024 * 1024;
/// A cursor further behind than this is answered with a fresh page.
const MOST_MISSED: u64 = 2_000;

/// Where a client stopped reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recover {
    /// The store it read from.
    pub epoch: Epoch,
    /// The last event it has.
    pub seq: Seq,
}

/// Events of one conversation for one reader.
#[derive(Clone, Debug)]
pub struct Page {
    /// Whether they follow on the client's cursor without a gap; else they are a fresh page.
    pub recovered: bool,
    /// Oldest first. Those a visitor is not shown may still be among them.
    pub events: Vec<Arc<Entry>>,
    /// Pushes go on behind this place.
    pub cursor: Seq,
}

// === impl Recover ===

impl Recover {
    /// A cursor before the first event.
    pub fn from_start(epoch: Epoch) -> Self {
        Self { epoch, seq: Seq(0) }
    }
}

// === impl Hub ===

impl Hub {
    /// The conversation as it stands, and the page for a reader with this cursor. The tail is followed, and knows
    /// something.
    pub(super) async fn page(
        &self,
        tail: &Tail,
        recover: Option<&Recover>,
        for_visitor: bool,
    ) -> Result<(Loaded, Page)> {
        let valid = |recover: &Recover, head: Seq| self.goes_on(recover, head);
        let known = tail.head().unwrap_or_default();
        let read = match recover.filter(|recover| tail.is_suspect() && valid(recover, known)) {
            Some(from) => Some(self.read_on(tail, from.seq).await?),
            None => None,
        };
        // Whoever has more than this node was told of has it from another one.
        if let Some(from) = recover.filter(|recover| recover.epoch == self.store.epoch() && recover.seq > known) {
            tail.hint(from.seq);
        }
        if !tail.catch_up(&*self.store).await? {
            return Err(HubError::not_found());
        }
        let now = tail.with(|hot| Loaded { conversation: hot.conversation.clone(), beside: hot.beside.clone() });
        let loaded = now.ok_or_else(HubError::not_found)?;
        let head = loaded.conversation.seq;
        let page = match recover.filter(|recover| valid(recover, head)) {
            Some(from) => {
                let events = match read.or_else(|| tail.between(from.seq, head)) {
                    Some(events) => one_page(events),
                    None => self.store.events_after(tail.id(), from.seq, EVENTS, BYTES).await?,
                };
                Page::behind(from.seq, events, head)
            }
            None => {
                let before = Some(head.next());
                let events = self.store.events_before(tail.id(), before, EVENTS, BYTES, for_visitor).await?;
                // An agent who comes back to it while the store is gone finds it there.
                if !for_visitor {
                    tail.reach_back(&events);
                }
                Page { recovered: false, events, cursor: head }
            }
        };
        Ok((loaded, page))
    }

    /// Whether what a client has up to its cursor may be gone on with in a log with this head.
    pub(super) fn goes_on(&self, recover: &Recover, head: Seq) -> bool {
        recover.epoch == self.store.epoch() && recover.seq <= head && head.0 - recover.seq.0 <= MOST_MISSED
    }

    /// Reads on from a cursor, which also tells whether there is more than the tail knows: one read for both.
    async fn read_on(&self, tail: &Tail, from: Seq) -> Result<Vec<Arc<Entry>>> {
        let events = self.store.events_after(tail.id(), from, EVENTS, READ_BYTES).await?;
        let bytes: usize = events.iter().map(|entry| entry.json().len()).sum();
        // No single event is so large that it would have been left out for its size.
        tail.look(&events, events.len() < EVENTS && bytes < READ_BYTES / 2);
        Ok(events)
    }
}

/// As many as a page holds, at least one.
pub(super) fn one_page(mut events: Vec<Arc<Entry>>) -> Vec<Arc<Entry>> {
    let mut size = 0;
    let fits = |entry: &Arc<Entry>| {
        size += entry.json().len();
        size <= BYTES
    };
    let fitting = events.iter().take(EVENTS).map(fits).take_while(|fits| *fits).count();
    events.truncate(fitting.max(1));
    events
}

// === impl Page ===

impl Page {
    /// What follows on a cursor, of a log whose head was `head`.
    pub(super) fn behind(cursor: Seq, mut events: Vec<Arc<Entry>>, head: Seq) -> Self {
        // What came since the fold was read may be somebody else's by now: it comes as a push, or not at all.
        events.retain(|entry| entry.event().seq <= head);
        let cursor = events.last().map_or(cursor, |entry| entry.event().seq);
        Self { recovered: true, events, cursor }
    }
}
