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
    pub fn of(self, entries: &[Arc<Entry>]) -> impl Iterator<Item = &Arc<Entry>> + Clone {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::samples;

    /// A log of texts of this many bytes each.
    fn texts(count: u64, bytes: usize) -> Vec<Arc<Entry>> {
        let text = |seq| json!({"seq": seq, "at": 1, "by": {"kind": "visitor"}, "type": "message", "key": "k", "text": "x".repeat(bytes)});
        (1..=count).map(|seq| Entry::stored(text(seq).to_string()).unwrap()).collect()
    }

    /// A log with a note after every text.
    fn with_notes(count: u64) -> Vec<Arc<Entry>> {
        let jane = json!({"kind": "agent", "id": "jane", "name": "Jane"});
        let one = |seq: u64| {
            let kind = if seq % 2 == 1 { "message" } else { "note" };
            json!({"seq": seq, "at": 1, "by": jane, "type": kind, "key": "k", "text": "x"})
        };
        (1..=count).map(|seq| Entry::stored(one(seq).to_string()).unwrap()).collect()
    }

    fn size(entries: &[Arc<Entry>]) -> usize {
        entries.iter().map(|entry| entry.json().len() + 1).sum()
    }

    #[test]
    fn p2_a_visitor_is_shown_no_event_that_is_for_agents() {
        let all = samples::entries();
        let kinds = |entries: Vec<Arc<Entry>>| -> Vec<String> {
            let kind = |entry: Arc<Entry>| {
                serde_json::from_str::<serde_json::Value>(entry.json()).unwrap()["type"].to_string()
            };
            entries.into_iter().map(kind).collect()
        };
        let agents_only =
            ["qualified", "disqualified", "details", "item", "item_failed", "note"].map(|kind| format!("{kind:?}"));
        let shown = kinds(Audience::Visitor.collect(&all));
        assert!(agents_only.iter().all(|kind| !shown.contains(kind)), "{shown:?}");
        assert_eq!(Audience::Agents.collect(&all).len(), all.len());
        let hidden = kinds(all).into_iter().filter(|kind| agents_only.contains(kind)).count();
        assert_eq!(shown.len() + hidden, samples::events().len());
    }

    #[test]
    fn p2_a_page_holds_at_most_200_events() {
        let log = texts(450, 10);
        let first = Audience::Agents.page(&log);
        assert_eq!((first.entries.len(), first.rest.len()), (PAGE_EVENTS, 250));
        let third = Audience::Agents.page(Audience::Agents.page(first.rest).rest);
        assert_eq!((third.entries.len(), third.rest.len()), (50, 0));
        let last = Audience::Agents.last_page(&log);
        assert_eq!((last.entries.len(), last.entries[0].event().seq.0), (PAGE_EVENTS, 251));
    }

    #[test]
    fn p2_a_page_holds_at_most_128_kib() {
        let log = texts(40, 16 * 1024);
        for page in [Audience::Agents.page(&log), Audience::Agents.last_page(&log)] {
            assert_eq!(page.entries.len(), 7, "the eighth would not fit");
            assert!(size(page.entries) <= PAGE_BYTES && size(&log[..8]) > PAGE_BYTES);
            assert_eq!(page.entries.len() + page.rest.len(), log.len());
        }
    }

    #[test]
    fn p2_what_a_visitor_is_not_shown_takes_no_place_on_a_page() {
        let log = with_notes(600);
        let page = Audience::Visitor.page(&log);
        assert_eq!(Audience::Visitor.of(page.entries).count(), PAGE_EVENTS);
        let last = Audience::Visitor.last_page(&log);
        assert_eq!(Audience::Visitor.of(last.entries).count(), PAGE_EVENTS);
        assert_eq!(last.entries.last().unwrap().event().seq.0, 600);
    }

    #[test]
    fn p2_pages_of_nothing_are_empty_and_of_one_huge_event_whole() {
        assert!(Audience::Visitor.page(&[]).entries.is_empty() && Audience::Visitor.last_page(&[]).entries.is_empty());
        let log = texts(2, 2 * PAGE_BYTES);
        assert_eq!(Audience::Agents.page(&log).entries.len(), 1);
        assert_eq!(Audience::Agents.last_page(&log).entries[0].event().seq.0, 2);
    }
}
