//! Where the conversations that are talking now have come to, and which keys they used, so that checking an append
//! costs no query.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
};

use crate::ids::{ConversationId, MessageKey, Seq};

/// How many conversations are remembered at least; at most twice as many are.
const KEEP: usize = 32_768;
/// Beyond this many keys a conversation's are looked up in the store each time.
const MAX_KEYS: usize = 256;

/// The writer's memory of conversations.
#[derive(Debug, Default)]
pub(super) struct Heads {
    young: HashMap<ConversationId, Head>,
    /// Who was not asked for since `young` was last full is forgotten when it is full again.
    old: HashMap<ConversationId, Head>,
    hasher: RandomState,
}

/// Where one conversation has come to.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// Its row.
    pub(super) id: i64,
    /// Its last event.
    pub(super) seq: Seq,
    /// The keys it used.
    pub(super) keys: Keys,
}

/// Which keys a conversation used, by their hashes.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    /// All of them: one that is not among these was never used.
    All(Vec<u64>),
    /// Too many to remember.
    Many,
}

// === impl Heads ===

impl Heads {
    /// The conversation's head, if remembered.
    pub(super) fn get(&mut self, conversation: &ConversationId) -> Option<&mut Head> {
        if !self.young.contains_key(conversation) {
            let (name, head) = self.old.remove_entry(conversation)?;
            self.put(name, head);
        }
        self.young.get_mut(conversation)
    }

    /// Remembers a head.
    pub(super) fn put(&mut self, conversation: ConversationId, head: Head) {
        if self.young.len() >= KEEP {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(conversation, head);
    }

    /// Forgets a head that may be wrong.
    pub(super) fn forget(&mut self, conversation: &ConversationId) {
        self.young.remove(conversation);
        self.old.remove(conversation);
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    /// A key's hash. Nobody outside can make two keys collide: it is seeded anew in each process.
    pub(super) fn hash(&self, scope: &str, key: &MessageKey) -> u64 {
        self.hasher.hash_one((scope, key))
    }
}

// === impl Keys ===

impl Keys {
    /// False when this key was certainly never used.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        match self {
            Self::All(keys) => keys.contains(&hash),
            Self::Many => true,
        }
    }

    /// Notes one more.
    pub(super) fn add(&mut self, hash: u64) {
        match self {
            Self::All(keys) if keys.len() < MAX_KEYS => keys.push(hash),
            _ => *self = Self::Many,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(id: i64) -> Head {
        Head { id, seq: Seq(1), keys: Keys::All(Vec::new()) }
    }

    #[test]
    fn l6_the_memory_of_conversations_is_bounded_and_keeps_those_that_talk() {
        let mut heads = Heads::default();
        let talking = ConversationId::from("c_talking");
        heads.put(talking.clone(), head(0));
        for n in 1..=3 * KEEP {
            heads.put(ConversationId::from(format!("c_{n}")), head(n as i64));
            assert!(heads.get(&talking).is_some());
        }
        assert!(heads.young.len() + heads.old.len() <= 2 * KEEP + 1);
        assert!(heads.get(&ConversationId::from("c_1")).is_none());
    }

    #[test]
    fn d2_a_key_beyond_what_is_remembered_may_have_been_used() {
        let mut keys = Keys::All(Vec::new());
        for hash in 0..MAX_KEYS as u64 {
            assert!(!keys.may_hold(hash));
            keys.add(hash);
            assert!(keys.may_hold(hash));
        }
        keys.add(1 << 40);
        assert!(keys.may_hold(1 << 50));
    }
}
