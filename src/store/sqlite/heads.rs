//! Where the conversations that are talking now have come to, and which keys they used, so that checking an append
//! costs no query.

use std::hash::{BuildHasher, RandomState};

use crate::{
    ids::{ConversationId, Seq},
    store::recent::Recent,
};

/// How many conversations are remembered at least; at most twice as many are.
const KEEP: usize = 32_768;
/// Beyond this many keys a conversation's are looked up in the store each time.
pub(super) const MAX_KEYS: usize = 512;

/// The writer's memory of conversations.
#[derive(Debug)]
pub(super) struct Heads {
    known: Recent<ConversationId, Head>,
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

/// Which keys a conversation used, by half of their hashes: where two have the same, the store is asked.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    /// All of them: one that is not among these was never used.
    All(Vec<u32>),
    /// Too many to remember.
    Many,
}

// === impl Heads ===

impl Default for Heads {
    fn default() -> Self {
        Self { known: Recent::new(KEEP), hasher: RandomState::default() }
    }
}

impl Heads {
    /// The conversation's head, if remembered.
    pub(super) fn get(&mut self, conversation: &ConversationId) -> Option<&mut Head> {
        self.known.get(conversation)
    }

    /// Remembers a head.
    pub(super) fn put(&mut self, conversation: ConversationId, head: Head) {
        self.known.put(conversation, head);
    }

    /// Forgets a head that may be wrong.
    pub(super) fn forget(&mut self, conversation: &ConversationId) {
        self.known.forget(conversation);
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.known.clear();
    }

    /// A key's hash. Nobody outside can make two keys collide: it is seeded anew in each process.
    pub(super) fn hash(&self, scope: &str, key: &str) -> u64 {
        self.hasher.hash_one((scope, key))
    }
}

// === impl Keys ===

impl Keys {
    /// False when this key was certainly never used.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        match self {
            Self::All(keys) => keys.contains(&half(hash)),
            Self::Many => true,
        }
    }

    /// Notes one more.
    pub(super) fn add(&mut self, hash: u64) {
        match self {
            Self::All(keys) if keys.len() < MAX_KEYS => keys.push(half(hash)),
            _ => *self = Self::Many,
        }
    }
}

fn half(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d2_a_key_beyond_what_is_remembered_may_have_been_used() {
        let mut keys = Keys::All(Vec::new());
        for hash in (0..MAX_KEYS as u64).map(|key| key << 32) {
            assert!(!keys.may_hold(hash));
            keys.add(hash);
            assert!(keys.may_hold(hash));
        }
        keys.add(1 << 50);
        assert!(keys.may_hold(1 << 60));
    }
}
