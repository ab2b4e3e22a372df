//! A bounded memory that keeps what is asked for.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

use crate::ids::Quick;

/// Remembers at least the last `keep` things asked for or put, and at most twice as many.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    keep: usize,
    young: HashMap<K, V, Quick>,
    /// What was not asked for since `young` was last full is forgotten when it is full again.
    old: HashMap<K, V, Quick>,
}

// === impl Recent ===

impl<K: Eq + Hash, V> Recent<K, V> {
    pub(super) fn new(keep: usize) -> Self {
        Self { keep, young: HashMap::default(), old: HashMap::default() }
    }

    /// What is remembered under this key.
    pub(super) fn get<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        if !self.young.contains_key(key) {
            let (key, value) = self.old.remove_entry(key)?;
            self.put(key, value);
        }
        self.young.get_mut(key)
    }

    /// Remembers.
    pub(super) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.keep {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    /// Forgets one.
    pub(super) fn forget<Q: Eq + Hash + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l6_the_memory_of_conversations_is_bounded_and_keeps_those_that_talk() {
        let mut recent = Recent::new(100);
        recent.put(0, "talking");
        for n in 1..=300 {
            recent.put(n, "silent");
            assert!(recent.get(&0).is_some());
        }
        assert!(recent.young.len() + recent.old.len() <= 201);
        assert!(recent.get(&1).is_none());
        recent.forget(&0);
        assert!(recent.get(&0).is_none());
    }
}
