//! A session's place in a conversation's log.

use std::sync::Arc;

use super::{mailbox::Begun, tail::Tail};
use crate::{
    chat::{conversation::Sight, event::What},
    ids::{Millis, Seq},
    wire::entry::Entry,
};

/// A cursor into one conversation.
#[derive(Debug)]
pub struct Follow {
    /// The conversation in memory.
    pub tail: Arc<Tail>,
    /// The last event this session has been written, or was not to be shown.
    pub cursor: Seq,
    /// Whether the client asked for it: such a one lasts beyond the close.
    pub opened: bool,
    /// Up to here the reader was entitled when they began to follow: whoever may see a conversation may see all that
    /// led to it.
    clear: Seq,
    /// Who may see what happens behind the cursor.
    sight: Sight,
    /// The place behind which it is the reader's again, of which they were told while they followed: what took it from
    /// them before may not have been read yet.
    given: Option<Seq>,
    /// Since when it is the visitor's, where that is not when it began: one may be adopted.
    since: Option<Millis>,
}

/// What of a stretch of the log a reader may be written.
#[derive(Debug)]
pub struct Cut {
    /// These.
    pub events: Vec<Arc<Entry>>,
    /// Whether they lost sight of the conversation with the last of them.
    pub lost: bool,
}

// === impl Follow ===

impl Follow {
    /// Follows from `cursor`; entitled to everything up to `clear`, as of which `sight` is.
    pub fn new(tail: Arc<Tail>, cursor: Seq, clear: Seq, sight: Sight) -> Self {
        Self { tail, cursor, opened: false, clear, sight, given: None, since: None }
    }

    /// The reader was given the conversation with the event behind `from`.
    pub fn given(&mut self, from: Seq) {
        self.given = self.given.max(Some(from));
    }

    /// It became the visitor's then.
    pub fn theirs_since(&mut self, at: Millis) {
        self.since = self.since.max(Some(at));
    }

    /// Moves over the next events. An agent's last one is the one that takes the conversation from them, or that ends
    /// what they have not opened.
    pub fn take(&mut self, entries: Vec<Arc<Entry>>, may_see: impl Fn(&Sight) -> bool) -> Cut {
        let (mut events, mut lost, mut over) = (entries, false, false);
        events.retain(|entry| {
            let event = entry.event();
            if lost || over || event.seq <= self.cursor {
                return false;
            }
            over = !self.opened && closes(entry);
            let mut shown = true;
            if event.seq > self.clear {
                let after = self.sight.after(event);
                let before = std::mem::replace(&mut self.sight, after);
                let sees = may_see(&self.sight);
                shown = sees || may_see(&before);
                if shown {
                    self.cursor = event.seq;
                }
                lost = !sees && !self.regain(event.seq);
            } else {
                self.cursor = event.seq;
            }
            shown
        });
        Cut { events, lost }
    }

    /// Whether what was lost at `seq` is the reader's again by now; then they go on from there.
    fn regain(&mut self, seq: Seq) -> bool {
        let Some(from) = self.given.take_if(|from| *from >= seq) else { return false };
        (self.cursor, self.clear, self.sight) = (from, from, Sight::Everybody);
        true
    }

    /// Everything is the reader's own: a visitor never loses sight.
    pub fn take_all(&mut self, entries: Vec<Arc<Entry>>) -> Vec<Arc<Entry>> {
        let cursor = self.cursor;
        let mut events = entries;
        events.retain(|entry| entry.event().seq > cursor);
        if let Some(last) = events.last() {
            self.cursor = last.event().seq;
        }
        events
    }
}

/// Whether a visitor's tab that follows these goes over to a conversation that began: not to one before them, of which
/// it was told late.
pub fn is_newer<'a>(begun: &Begun, follows: impl IntoIterator<Item = &'a Follow>) -> bool {
    let since = |follow: &Follow| follow.since.or_else(|| follow.tail.began());
    follows.into_iter().all(|follow| since(follow).is_none_or(|at| at <= begun.at))
}

/// Whether one of these ends the conversation.
pub fn ends(events: &[Arc<Entry>]) -> bool {
    events.iter().any(closes)
}

fn closes(entry: &Arc<Entry>) -> bool {
    matches!(entry.event().what, What::Closed { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::event::{AgentRef, Author, ClosedReason, Event},
        hub::budget::Budget,
        ids::{AgentId, ConversationId},
    };

    fn entry(seq: u64, what: What) -> Arc<Entry> {
        Entry::new(Event { seq: Seq(seq), at: Millis(seq as i64), by: Author::System, what })
    }

    fn text(seq: u64) -> Arc<Entry> {
        entry(seq, What::Message { key: None, text: "canary".into(), rich: None })
    }

    fn assigned(seq: u64, to: &str) -> Arc<Entry> {
        let to = AgentRef { id: to.into(), name: to.into(), avatar: None };
        entry(seq, What::Assigned { to, from: None })
    }

    fn as_agent(name: &'static str) -> impl Fn(&Sight) -> bool {
        move |sight| sight.allows(&AgentId::from(name), false, true)
    }

    fn follow(clear: u64, sight: Sight) -> Follow {
        Follow::new(Tail::new(ConversationId::from("c_1"), Budget::new(0)), Seq(0), Seq(clear), sight)
    }

    #[test]
    fn r13_the_assignment_is_the_last_event_of_whoever_had_it_open() {
        let log = vec![text(1), text(2), assigned(3, "jane"), text(4), text(5)];
        let mut bob = follow(1, Sight::Everybody);
        let cut = bob.take(log.clone(), as_agent("bob"));
        assert!(cut.lost);
        assert_eq!(cut.events.last().map(|entry| entry.event().seq), Some(Seq(3)));
        let mut jane = follow(1, Sight::Everybody);
        let cut = jane.take(log, as_agent("jane"));
        assert!(!cut.lost);
        assert_eq!(cut.events.len(), 5);
    }

    #[test]
    fn r14_an_ex_owner_sees_the_reassignment_and_nothing_behind_it() {
        let mut jane = follow(0, Sight::Owner("jane".into()));
        let cut = jane.take(vec![text(1), assigned(2, "bob"), text(3)], as_agent("jane"));
        assert!(cut.lost);
        assert_eq!(cut.events.len(), 2);
        // Even read again, nothing more comes.
        let cut = jane.take(vec![text(3), text(4)], as_agent("jane"));
        assert!(cut.lost && cut.events.is_empty());
    }

    #[test]
    fn r14_the_close_is_the_last_event_of_an_owner_who_has_not_opened_it_however_late_it_is_read() {
        let closed = entry(2, What::Closed { reason: ClosedReason::Agent });
        let log = vec![text(1), closed, text(3)];
        let mut jane = follow(0, Sight::Owner("jane".into()));
        let cut = jane.take(log.clone(), as_agent("jane"));
        assert_eq!((cut.events.len(), cut.lost, ends(&cut.events)), (2, false, true));
        let mut jane = follow(0, Sight::Owner("jane".into()));
        jane.opened = true;
        assert_eq!(jane.take(log, as_agent("jane")).events.len(), 3);
    }

    #[test]
    fn r14_what_is_taken_and_given_again_before_it_was_read_is_followed_on() {
        let log = vec![text(1), assigned(2, "bob"), text(3), assigned(4, "jane"), text(5)];
        let seqs = |cut: &Cut| cut.events.iter().map(|entry| entry.event().seq.0).collect::<Vec<_>>();
        let mut jane = follow(0, Sight::Owner("jane".into()));
        jane.given(Seq(3));
        let cut = jane.take(log.clone(), as_agent("jane"));
        assert_eq!((seqs(&cut), cut.lost), (vec![1, 2, 4, 5], false), "not what was between");
        // Taken once more, it is gone.
        let cut = jane.take(vec![assigned(6, "bob"), text(7)], as_agent("jane"));
        assert_eq!((seqs(&cut), cut.lost), (vec![6], true));
        // What they were given before they lost it gives nothing back.
        let mut jane = follow(0, Sight::Owner("jane".into()));
        jane.given(Seq(1));
        let cut = jane.take(log, as_agent("jane"));
        assert_eq!((seqs(&cut), cut.lost), (vec![1, 2], true));
    }
}
