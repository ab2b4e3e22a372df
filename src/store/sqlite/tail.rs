//! The end of the log that the index does not know yet, in memory, shared by the writer and the readers.
//!
//! A reader sees the index as of its own transaction. So what the index takes over leaves the tail only when every
//! reader that might still look at an older index is done: readers enter before their transaction and leave after it.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::ids::Quick;

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its place in its conversation.
    pub(super) seq: i64,
    /// Its row in the log.
    pub(super) pos: i64,
    /// Whether visitors are not shown it.
    pub(super) hidden: bool,
}

/// The unindexed end of the log by conversation.
#[derive(Debug, Default)]
pub(super) struct Tail(Mutex<Inner>);

/// A reader inside; leaves when dropped.
#[derive(Debug)]
pub(super) struct Inside<'a> {
    tail: &'a Tail,
    slot: usize,
}

#[derive(Debug, Default)]
struct Inner {
    places: HashMap<i64, VecDeque<Place>, Quick>,
    /// How often the index took something over.
    turn: u64,
    /// What it took over and some reader may still need: the turn, the last row, the conversations.
    retired: VecDeque<(u64, i64, Vec<i64>)>,
    /// For each reader inside, the turn at which it came.
    readers: Vec<Option<u64>>,
}

// === impl Tail ===

impl Tail {
    /// Adds what is about to be committed, in the order of the log.
    pub(super) fn add(&self, places: impl Iterator<Item = (i64, Place)>) {
        let mut inner = self.lock();
        for (conversation, place) in places {
            inner.places.entry(conversation).or_default().push_back(place);
        }
    }

    /// Takes that back: it was not committed.
    pub(super) fn take_back(&self, places: impl Iterator<Item = (i64, Place)>) {
        let mut inner = self.lock();
        for (conversation, place) in places {
            let Entry::Occupied(mut waiting) = inner.places.entry(conversation) else { continue };
            while waiting.get().back().is_some_and(|last| last.pos >= place.pos) {
                waiting.get_mut().pop_back();
            }
            if waiting.get().is_empty() {
                waiting.remove();
            }
        }
    }

    /// Notes that the index knows everything up to row `pos`, which lay in these conversations.
    pub(super) fn retire(&self, pos: i64, conversations: Vec<i64>) {
        let mut inner = self.lock();
        inner.turn += 1;
        let turn = inner.turn;
        inner.retired.push_back((turn, pos, conversations));
        inner.sweep();
    }

    /// A reader comes in, before its transaction begins. `slot` is its own.
    pub(super) fn enter(&self, slot: usize) -> Inside<'_> {
        let mut inner = self.lock();
        if inner.readers.len() <= slot {
            inner.readers.resize(slot + 1, None);
        }
        inner.readers[slot] = Some(inner.turn);
        Inside { tail: self, slot }
    }

    /// The conversation's places up to row `upto`, oldest first, of those that `wanted` accepts.
    pub(super) fn places(&self, conversation: i64, upto: i64, wanted: impl Fn(&Place) -> bool) -> Vec<Place> {
        let inner = self.lock();
        let Some(places) = inner.places.get(&conversation) else { return Vec::new() };
        places.iter().filter(|place| place.pos <= upto && wanted(place)).copied().collect()
    }

    /// The conversation's newest place.
    pub(super) fn last(&self, conversation: i64) -> Option<Place> {
        self.lock().places.get(&conversation)?.back().copied()
    }

    /// Whether nothing waits for the index or for a reader.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().places.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Inside ===

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut inner = self.tail.lock();
        inner.readers[self.slot] = None;
        inner.sweep();
    }
}

// === impl Inner ===

impl Inner {
    /// Forgets what the index took over before the oldest reader inside came.
    fn sweep(&mut self) {
        let oldest = self.readers.iter().flatten().min().copied().unwrap_or(u64::MAX);
        while let Some((turn, _, _)) = self.retired.front()
            && *turn <= oldest
        {
            let Some((_, pos, conversations)) = self.retired.pop_front() else { return };
            for conversation in conversations {
                self.forget(conversation, pos);
            }
        }
    }

    fn forget(&mut self, conversation: i64, pos: i64) {
        let Entry::Occupied(mut places) = self.places.entry(conversation) else { return };
        while places.get().front().is_some_and(|place| place.pos <= pos) {
            places.get_mut().pop_front();
        }
        if places.get().is_empty() {
            places.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seq: i64, pos: i64) -> Place {
        Place { seq, pos, hidden: false }
    }

    #[test]
    fn d5_what_the_index_took_over_stays_while_an_older_reader_looks() {
        let tail = Tail::default();
        tail.add([(7, place(1, 1)), (7, place(2, 2)), (7, place(3, 3))].into_iter());
        let inside = tail.enter(0);
        tail.retire(2, vec![7]);
        assert_eq!(tail.places(7, 3, |_| true).len(), 3, "the reader may look at an index without these");
        let later = tail.enter(1);
        drop(inside);
        assert_eq!(tail.places(7, 3, |_| true), vec![place(3, 3)], "the later reader's index knows them");
        drop(later);
        tail.retire(3, vec![7]);
        assert!(tail.is_empty());
    }

    #[test]
    fn d5_what_was_not_committed_after_all_is_in_nobodys_way() {
        let tail = Tail::default();
        tail.add([(7, place(1, 1))].into_iter());
        let failed = [(7, place(2, 2)), (8, place(1, 3)), (7, place(3, 4))];
        tail.add(failed.into_iter());
        tail.take_back(failed.into_iter());
        assert_eq!((tail.last(7), tail.last(8)), (Some(place(1, 1)), None));
        tail.add([(8, place(1, 2)), (7, place(2, 3))].into_iter());
        assert_eq!(tail.places(7, 4, |_| true), [place(1, 1), place(2, 3)]);
    }

    #[test]
    fn d5_a_reader_is_not_shown_what_was_committed_after_it_began() {
        let tail = Tail::default();
        tail.add([(7, place(1, 1)), (7, place(2, 2))].into_iter());
        assert_eq!(tail.places(7, 1, |_| true), vec![place(1, 1)]);
        assert_eq!(tail.last(7), Some(place(2, 2)));
        assert_eq!(tail.last(8), None);
    }
}
