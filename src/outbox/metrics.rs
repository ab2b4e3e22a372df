//! What the outbox counts.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{ids::Millis, store::Backlog};

/// Counters and gauges; cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct OutboxMetrics {
    waiting: Gauge,
    oldest: Gauge,
    dead: Gauge,
    under_way: Gauge,
    tries: Family<Tries, Counter>,
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    /// The receiver has it.
    Delivered,
    /// It is tried again.
    Failed,
    /// It was given up.
    Dead,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tries {
    outcome: &'static str,
}

// === impl OutboxMetrics ===

impl OutboxMetrics {
    /// Lets `registry` show them.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("usher_outbox_waiting", "Deliveries not made yet, of all nodes", self.waiting.clone());
        let age = "Seconds since the event of the oldest delivery not made yet";
        registry.register("usher_outbox_oldest_seconds", age, self.oldest.clone());
        let dead = "Deliveries given up and not swept yet, of all nodes";
        registry.register("usher_outbox_dead", dead, self.dead.clone());
        registry.register("usher_outbox_under_way", "Deliveries this node is making", self.under_way.clone());
        registry.register("usher_outbox_tries", "Tries of this node by their outcome", self.tries.clone());
        for outcome in [Outcome::Delivered, Outcome::Failed, Outcome::Dead] {
            // So that a dashboard shows a nought and no gap.
            drop(self.tries.get_or_create(&Tries { outcome: outcome.name() }));
        }
    }

    pub(super) fn backlog(&self, backlog: &Backlog, now: Millis) {
        let gauge = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
        self.waiting.set(gauge(backlog.waiting));
        self.oldest.set(backlog.oldest.map_or(0, |oldest| now.since(oldest).max(0) / 1000));
        self.dead.set(gauge(backlog.dead));
    }

    pub(super) fn under_way(&self, count: usize) {
        self.under_way.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(super) fn tried(&self, outcome: Outcome) {
        self.tries.get_or_create(&Tries { outcome: outcome.name() }).inc();
    }
}

// === impl Outcome ===

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dead => "dead",
        }
    }
}
