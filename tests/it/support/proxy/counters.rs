//! What a proxy counts: the proof that a fault has happened.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Proxy, Way};

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) accepted: AtomicU64,
    pub(super) open: AtomicU64,
    pub(super) cut: AtomicU64,
    pub(super) silenced: AtomicU64,
    pub(super) delayed: AtomicU64,
    pub(super) segments: AtomicU64,
    pub(super) pushes: AtomicU64,
    pub(super) swallowed: AtomicU64,
    pub(super) statements: AtomicU64,
    pub(super) held: AtomicU64,
    pub(super) holding: AtomicU64,
    pub(super) up: AtomicU64,
    pub(super) down: AtomicU64,
}

/// One up for as long as it lives.
pub(super) struct During<'a>(&'a AtomicU64);

// === impl Proxy ===

impl Proxy {
    /// How many connections were accepted.
    pub fn accepted(&self) -> u64 {
        self.count(|counters| &counters.accepted)
    }

    /// How many connections are open.
    pub fn open(&self) -> u64 {
        self.count(|counters| &counters.open)
    }

    /// How many connections the proxy has ended of its own accord.
    pub fn cut(&self) -> u64 {
        self.count(|counters| &counters.cut)
    }

    /// How many times bytes came that had to wait for the end of a silence.
    pub fn silenced(&self) -> u64 {
        self.count(|counters| &counters.silenced)
    }

    /// How many chunks were delayed.
    pub fn delayed(&self) -> u64 {
        self.count(|counters| &counters.delayed)
    }

    /// Into how many segments bytes were split.
    pub fn segments(&self) -> u64 {
        self.count(|counters| &counters.segments)
    }

    /// How many pushes of published messages came while some were to be swallowed.
    pub fn pushes(&self) -> u64 {
        self.count(|counters| &counters.pushes)
    }

    /// How many of them were swallowed.
    pub fn swallowed(&self) -> u64 {
        self.count(|counters| &counters.swallowed)
    }

    /// How many statements PostgreSQL was asked to run.
    pub fn statements(&self) -> u64 {
        self.count(|counters| &counters.statements)
    }

    /// How many replies were held so far.
    pub fn held(&self) -> u64 {
        self.count(|counters| &counters.held)
    }

    /// How many replies are held now.
    pub fn holding(&self) -> u64 {
        self.count(|counters| &counters.holding)
    }

    /// How many bytes were passed on.
    pub fn carried(&self, way: Way) -> u64 {
        self.count(|counters| counters.carried(way))
    }

    fn count(&self, which: impl Fn(&Counters) -> &AtomicU64) -> u64 {
        which(&self.shared.counters).load(Ordering::SeqCst)
    }
}

// === impl Counters ===

impl Counters {
    pub(super) fn carried(&self, way: Way) -> &AtomicU64 {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }
}

// === impl During ===

impl<'a> During<'a> {
    pub(super) fn new(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for During<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
