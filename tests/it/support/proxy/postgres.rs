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
    /// What is known of the message that is coming: its first five bytes, and how many are still to come behind them.
    message: Vec<u8>,
    rest: usize,
}

/// The server's side of one connection.
pub(super) struct Replies {
    /// Wishes to be answered with a lone byte, which is no message.
    lone: Arc<AtomicUsize>,
}

/// Both sides of one connection.
pub(super) fn sides() -> (Requests, Replies) {
    let lone = Arc::new(AtomicUsize::new(0));
    let (head, message) = (Vec::new(), Vec::new());
    (Requests { head, started: false, lone: lone.clone(), message, rest: 0 }, Replies { lone })
}

// === impl Requests ===

impl Requests {
    /// Notes what the client says; how many statements it begins to run (without TLS).
    pub(super) fn said(&mut self, mut bytes: &[u8]) -> u64 {
        while !self.started && !bytes.is_empty() {
            let (more, rest) = bytes.split_at(bytes.len().min(8 - self.head.len()));
            self.head.extend_from_slice(more);
            bytes = rest;
            let is_wish = |wish: &u32| self.head[..] == [8u32.to_be_bytes(), wish.to_be_bytes()].concat();
            if WISHES.iter().any(is_wish) {
                self.lone.fetch_add(1, Ordering::SeqCst);
                self.head.clear();
            } else if self.head.len() == 8 {
                self.started = true;
                // The start has a length and no type; its version is read already.
                self.rest = length(&self.head).saturating_sub(8);
            }
        }
        let mut statements = 0;
        while !bytes.is_empty() {
            let skipped = self.rest.min(bytes.len());
            self.rest -= skipped;
            bytes = &bytes[skipped..];
            let (more, rest) = bytes.split_at(bytes.len().min(5 - self.message.len()));
            self.message.extend_from_slice(more);
            bytes = rest;
            if self.message.len() == 5 {
                // Execute, and the simple Query.
                statements += u64::from(matches!(self.message[0], b'E' | b'Q'));
                self.rest = length(&self.message[1..]).saturating_sub(4);
                self.message.clear();
            }
        }
        statements
    }
}

fn length(bytes: &[u8]) -> usize {
    bytes.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize)
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
