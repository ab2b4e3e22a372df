//! Where the conversations that are talking now have come to, and which keys they used, so that checking an append
//! costs no query.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::behind::UsedKey;
use crate::{
    ids::{ConversationId, Seq},
    store::recent::Recent,
};

/// How many conversations are remembered at least; at most twice as many are.
const KEEP: usize = 32_768;
/// Beyond this many keys a conversation's are looked up in the store each time.
const MAX_KEYS: usize = 512;

/// The writer's memory of conversations.
#[derive(Debug)]
pub(super) struct Heads {
    known: Recent<ConversationId, Head>,
    hasher: SipHasher13,
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

/// What somebody who wants to write into a conversation must know of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// Its row.
    pub(super) id: i64,
    /// Its last event.
    pub(super) seq: Seq,
    /// False when the key it was asked with was certainly never used.
    pub(super) may_repeat: bool,
}

/// Which keys a conversation used, by their [`half`]s: where two have the same, the store is asked.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    /// All of them: one that is not among these was never used.
    All(Vec<u32>),
    /// Too many to remember.
    Many,
}

// === impl Heads ===

impl Heads {
    /// Nothing is remembered yet. `seed` is the file's.
    pub(super) fn new(seed: &[u8; 16]) -> Self {
        Self { known: Recent::new(KEEP), hasher: SipHasher13::new_with_key(seed) }
    }

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

    /// A key's hash, half of which the file keeps. Nobody outside can make two keys collide: its seed is the file's own.
    pub(super) fn hash(&self, scope: &str, key: &str) -> u64 {
        let mut hasher = self.hasher;
        hasher.write(scope.as_bytes());
        // No text holds this byte: where the scope ends is certain.
        hasher.write(&[0xff]);
        hasher.write(key.as_bytes());
        hasher.finish()
    }
}

// === impl Head ===

impl Head {
    /// For somebody who comes with this key.
    pub(super) fn standing(&self, key: Option<&UsedKey>) -> Standing {
        let may_repeat = key.is_some_and(|used| self.keys.may_hold(used.hash));
        Standing { id: self.id, seq: self.seq, may_repeat }
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

    /// Notes one more, by its [`half`].
    pub(super) fn add(&mut self, half: u32) {
        match self {
            Self::All(keys) if keys.len() < MAX_KEYS => keys.push(half),
            _ => *self = Self::Many,
        }
    }

    /// Whether there are too many to note another.
    pub(super) fn is_many(&self) -> bool {
        matches!(self, Self::Many)
    }
}

/// What is kept of a key's hash; never 0.
pub(super) fn half(hash: u64) -> u32 {
    ((hash >> 32) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d2_a_key_beyond_what_is_remembered_may_have_been_used() {
        let mut keys = Keys::All(Vec::new());
        for hash in (1..=MAX_KEYS as u64).map(|key| key << 32) {
            assert!(!keys.may_hold(hash));
            keys.add(half(hash));
            assert!(keys.may_hold(hash) && !keys.is_many());
        }
        keys.add(half(1 << 50));
        assert!(keys.may_hold(1 << 60));
    }

    #[test]
    fn d2_a_key_has_the_same_hash_after_a_restart_and_another_in_another_file() {
        let (one, again, other) = (Heads::new(&[7; 16]), Heads::new(&[7; 16]), Heads::new(&[8; 16]));
        let hash = one.hash("a:jane", "k1");
        assert_eq!(hash, 6_802_619_362_727_815_469, "what a file holds is found by every later program");
        assert_eq!(again.hash("a:jane", "k1"), hash);
        assert_ne!(other.hash("a:jane", "k1"), hash);
        assert_ne!(one.hash("a:janek", "1"), hash);
        assert_ne!(half(0), 0, "no key is none");
    }
}
