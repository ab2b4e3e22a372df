//! How much of their logs all the tails of a node may hold together.
//!
//! What one of them may hold follows what is still free (dynamic thresholds, Choudhury and Hahne 1998): a few busy
//! conversations may hold much, a thousand hold little each, and nobody has to ask what the others do.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The part of what is free that one tail may hold.
const SHARE: usize = 8;

/// Bytes that may be held, and that are.
#[derive(Debug)]
pub struct Budget {
    most: usize,
    held: AtomicUsize,
}

/// What one tail holds of a budget; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Holding {
    budget: Arc<Budget>,
    bytes: usize,
}

// === impl Budget ===

impl Budget {
    /// So many bytes in all.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: AtomicUsize::new(0) })
    }

    /// How much is held, in bytes.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

// === impl Holding ===

impl Holding {
    pub(super) fn new(budget: Arc<Budget>) -> Self {
        Self { budget, bytes: 0 }
    }

    /// What it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What it should not hold more than, in bytes.
    pub(super) fn share(&self) -> usize {
        self.budget.most.saturating_sub(self.budget.held()) / SHARE
    }

    pub(super) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.budget.held.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l6_what_a_tail_held_is_given_back_and_its_share_follows_what_is_free() {
        let budget = Budget::new(8_000);
        let (mut one, mut other) = (Holding::new(budget.clone()), Holding::new(budget.clone()));
        assert_eq!(one.share(), 1_000);
        one.add(4_000);
        assert_eq!((other.share(), budget.held()), (500, 4_000));
        other.add(5_000);
        assert_eq!(one.share(), 0, "more than all is held");
        one.give_back(9_000);
        assert_eq!((one.bytes(), budget.held()), (0, 5_000), "nobody gives back what is another's");
        drop(other);
        assert_eq!(budget.held(), 0);
    }
}
