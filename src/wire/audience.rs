//! Which part of a log somebody is shown, and how much of it at once.

use std::sync::Arc;

use super::entry::Entry;

/// The most events in one frame.
pub const PAGE_EVENTS: usize = 200;
/// The most bytes of events in one frame. One event always fits: nothing anybody may write is longer.
pub const PAGE_BYTES: usize = 128 * 1024;

/// Who reads. Whether an agent may read a conversation at all is [`Sight`](crate::chat::conversation::Sight)'s to say;
/// this is about the parts of one that they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The visitor of the conversation.
    Visitor,
    /// Agents.
    Agents,
}

/// A page of a log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Page<'a> {
    /// What to look at: some of it may not be for this audience.
    pub entries: &'a [Arc<Entry>],
    /// What is left for the next page.
    pub rest: &'a [Arc<Entry>],
}

// === impl Audience ===

impl Audience {
    /// Whether it is shown this entry.
    pub fn sees(self, entry: &Entry) -> bool {
        match self {
            Self::Visitor => entry.event().what.for_visitor(),
            Self::Agents => true,
        }
    }

    /// What it is shown of these.
    pub fn of<'a>(self, entries: &'a [Arc<Entry>]) -> impl Iterator<Item = &'a Arc<Entry>> + Clone {
        entries.iter().filter(move |entry| self.sees(entry))
    }

    /// What it is shown of these, for a reply.
    pub fn collect(self, entries: &[Arc<Entry>]) -> Vec<Arc<Entry>> {
        self.of(entries).cloned().collect()
    }

    /// The first entries that fit one frame: at most [`PAGE_EVENTS`] and [`PAGE_BYTES`] of what this audience is
    /// shown, and always at least one. What it is not shown costs nothing and is passed over.
    pub fn page(self, entries: &[Arc<Entry>]) -> Page<'_> {
        let (mut events, mut bytes) = (0, 0);
        let cut = entries.iter().position(|entry| {
            if !self.sees(entry) {
                return false;
            }
            events += 1;
            // One more for the comma.
            bytes += entry.json().len() + 1;
            events > 1 && (events > PAGE_EVENTS || bytes > PAGE_BYTES)
        });
        let (entries, rest) = entries.split_at(cut.unwrap_or(entries.len()));
        Page { entries, rest }
    }

    /// The last entries that fit one frame, and what lies before them as `rest`.
    pub fn last_page(self, entries: &[Arc<Entry>]) -> Page<'_> {
        let (mut events, mut bytes) = (0, 0);
        let cut = entries.iter().rposition(|entry| {
            if !self.sees(entry) {
                return false;
            }
            events += 1;
            bytes += entry.json().len() + 1;
            events > 1 && (events > PAGE_EVENTS || bytes > PAGE_BYTES)
        });
        let (rest, entries) = entries.split_at(cut.map_or(0, |last_left_out| last_left_out + 1));
        Page { entries, rest }
    }
}
