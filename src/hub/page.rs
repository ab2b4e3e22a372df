//! A page of a log in a reply, and the place from which pushes go on.

use std::sync::Arc;

use super::{Hub, error::Result};
use crate::{
    ids::{ConversationId, Epoch, Seq},
    wire::entry::Entry,
};

/// Events of a page.
pub const EVENTS: usize = 200;
/// Bytes of a page.
pub const BYTES: usize = 128 * 1024;
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
    /// The page for a reader with this cursor, of a log whose head is `head`.
    pub(super) async fn page(
        &self,
        conversation: &ConversationId,
        head: Seq,
        recover: Option<&Recover>,
        for_visitor: bool,
    ) -> Result<Page> {
        let cursor = recover.filter(|recover| {
            recover.epoch == self.store.epoch() && recover.seq <= head && head.0 - recover.seq.0 <= MOST_MISSED
        });
        match cursor {
            Some(from) => {
                let mut events = self.store.events_after(conversation, from.seq, EVENTS, BYTES).await?;
                // What came since the fold was read may be somebody else's by now: it comes as a push, or not at all.
                events.retain(|entry| entry.event().seq <= head);
                let cursor = events.last().map_or(from.seq, |entry| entry.event().seq);
                Ok(Page { recovered: true, events, cursor })
            }
            None => {
                let before = Some(head.next());
                let events = self.store.events_before(conversation, before, EVENTS, BYTES, for_visitor).await?;
                Ok(Page { recovered: false, events, cursor: head })
            }
        }
    }
}
