//! How far each conversation was set in motion on this node: which stretches of its log the connections here were told
//! of, whether this node committed them, heard of them or found them. What is not in here was missed. Kept only for
//! what moved lately; empty on a node that is alone.

use dashmap::DashMap;

use crate::ids::{ConversationId, Millis, Seq};

/// Stretches of one conversation at most; beyond, the oldest are forgotten.
const MOST: usize = 16;

/// What was set in motion here lately: as many conversations as move between two sweeps, and a little longer.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    told: DashMap<ConversationId, Told>,
}

#[derive(Debug)]
struct Told {
    /// In their order; none touches the next.
    stretches: Vec<Stretch>,
    /// When one was added last.
    at: Millis,
}

/// Events behind `after` up to `head`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The place before the first.
    pub(super) after: Seq,
    /// When that was.
    pub(super) after_at: Millis,
    /// The last.
    pub(super) head: Seq,
}

// === impl Ledger ===

impl Ledger {
    /// Notes a stretch; answers the parts of it that were not in motion yet, in their order.
    pub(super) fn note(&self, conversation: &ConversationId, stretch: Stretch, now: Millis) -> Vec<(Seq, Seq)> {
        let new = || Told { stretches: Vec::with_capacity(1), at: now };
        let mut told = self.told.entry(conversation.clone()).or_insert_with(new);
        told.at = told.at.max(now);
        told.add(stretch)
    }

    /// Whether everything up to `head` that was decided at or after `since` is in motion.
    pub(super) fn covers(&self, conversation: &ConversationId, head: Seq, since: Millis) -> bool {
        self.told.get(conversation).is_some_and(|told| {
            told.stretches
                .iter()
                .any(|stretch| stretch.head >= head && stretch.after < head && stretch.after_at < since)
        })
    }

    /// Forgets what has not moved since `before`: no sweep looks back so far any more.
    pub(super) fn forget(&self, before: Millis) {
        self.told.retain(|_, told| told.at >= before);
    }

    /// How many conversations are remembered.
    pub(super) fn len(&self) -> usize {
        self.told.len()
    }
}

// === impl Told ===

impl Told {
    fn add(&mut self, new: Stretch) -> Vec<(Seq, Seq)> {
        // On the usual road it goes on where the last one ended.
        if let Some(last) = self.stretches.last_mut()
            && last.head == new.after
        {
            last.head = new.head;
            return vec![(new.after, new.head)];
        }
        let (mut missing, mut from) = (Vec::new(), new.after);
        let mut joined = new;
        let mut kept = Vec::with_capacity(self.stretches.len() + 1);
        for old in self.stretches.drain(..) {
            if old.head < new.after || old.after > new.head {
                kept.push(old);
                continue;
            }
            if from < old.after {
                missing.push((from, old.after));
            }
            from = from.max(old.head);
            if old.after < joined.after {
                (joined.after, joined.after_at) = (old.after, old.after_at);
            }
            joined.head = joined.head.max(old.head);
        }
        if from < new.head {
            missing.push((from, new.head));
        }
        kept.push(joined);
        kept.sort_by_key(|stretch| stretch.after);
        if kept.len() > MOST {
            kept.remove(0);
        }
        self.stretches = kept;
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(after: u64, head: u64) -> Stretch {
        Stretch { after: Seq(after), after_at: Millis(after.cast_signed() * 10), head: Seq(head) }
    }

    fn parts(parts: &[(u64, u64)]) -> Vec<(Seq, Seq)> {
        parts.iter().map(|(after, head)| (Seq(*after), Seq(*head))).collect()
    }

    #[test]
    fn d4_each_part_of_a_log_is_set_in_motion_once_in_whatever_order_it_is_heard_of() {
        let ledger = Ledger::default();
        let conversation = ConversationId::from("c_1");
        let note = |after, head| ledger.note(&conversation, stretch(after, head), Millis(0));
        assert_eq!(note(4, 6), parts(&[(4, 6)]));
        assert_eq!(note(4, 6), []);
        assert_eq!(note(6, 7), parts(&[(6, 7)]));
        // The next was lost; what lies before was heard late.
        assert_eq!(note(9, 10), parts(&[(9, 10)]));
        assert_eq!(note(2, 5), parts(&[(2, 4)]));
        // The sweep finds it all.
        assert_eq!(note(1, 12), parts(&[(1, 2), (7, 9), (10, 12)]));
        assert_eq!(note(0, 12), parts(&[(0, 1)]));
    }

    #[test]
    fn d4_what_is_covered_needs_no_look() {
        let ledger = Ledger::default();
        let conversation = ConversationId::from("c_1");
        assert!(!ledger.covers(&conversation, Seq(1), Millis(0)));
        ledger.note(&conversation, stretch(4, 6), Millis(0));
        let covers = |head, since| ledger.covers(&conversation, Seq(head), Millis(since));
        assert!(covers(6, 41));
        assert!(!covers(6, 40), "the event before the stretch was decided within the time asked for");
        assert!(!covers(7, 41));
    }

    #[test]
    fn l6_what_stands_still_is_forgotten_and_no_log_is_remembered_in_many_pieces() {
        let ledger = Ledger::default();
        let conversation = ConversationId::from("c_1");
        for n in 0..100 {
            ledger.note(&conversation, stretch(n * 3, n * 3 + 1), Millis(70));
        }
        assert_eq!(ledger.told.get(&conversation).unwrap().stretches.len(), MOST);
        ledger.forget(Millis(70));
        assert_eq!(ledger.len(), 1);
        ledger.forget(Millis(71));
        assert_eq!(ledger.len(), 0);
    }
}
