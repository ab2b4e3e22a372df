//! PostgreSQL's protocol (version 3), as far as where a reply ends and what it completes.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Asks whether TLS, or GSS encryption, can be had.
const WISHES: [u32; 2] = [80_877_103, 80_877_104];

/// The client's side of one connection.
pub(super) struct Requests {
    /// The first bytes of a wish or of the real start.
    head: Vec<u8>,
    started: bool,
    lone: Arc<AtomicUsize>,
}

/// The server's side of one connection.
pub(super) struct Replies {
    /// Wishes to be answered with a lone byte, which is no message.
    lone: Arc<AtomicUsize>,
}

/// Both sides of one connection.
pub(super) fn sides() -> (Requests, Replies) {
    let lone = Arc::new(AtomicUsize::new(0));
    (Requests { head: Vec::new(), started: false, lone: lone.clone() }, Replies { lone })
}

// === impl Requests ===

impl Requests {
    /// Notes what the client says.
    pub(super) fn said(&mut self, mut bytes: &[u8]) {
        while !self.started && !bytes.is_empty() {
            let (more, rest) = bytes.split_at(bytes.len().min(8 - self.head.len()));
            self.head.extend_from_slice(more);
            bytes = rest;
            let is_wish = |wish: &u32| self.head[..] == [8u32.to_be_bytes(), wish.to_be_bytes()].concat();
            if WISHES.iter().any(is_wish) {
                self.lone.fetch_add(1, Ordering::SeqCst);
                self.head.clear();
            } else {
                self.started = self.head.len() == 8;
            }
        }
    }
}

// === impl Replies ===

impl Replies {
    /// How long the first message of `bytes` is; None while it is not whole.
    pub(super) fn length(&self, bytes: &[u8]) -> Option<usize> {
        let one_less = |lone: usize| lone.checked_sub(1);
        if !bytes.is_empty() && self.lone.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            return Some(1);
        }
        let length = u32::from_be_bytes(bytes.get(1..5)?.try_into().ok()?);
        let end = 1 + usize::try_from(length).ok()?;
        (bytes.len() >= end).then_some(end)
    }
}

/// Whether a whole message says that a command is complete whose tag begins so.
pub(super) fn completes(message: &[u8], tag: &str) -> bool {
    message[0] == b'C' && message.get(5..).is_some_and(|said| said.starts_with(tag.as_bytes()))
}
