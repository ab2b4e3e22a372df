//! What the hub counts. Plain atomics; the door renders them for Prometheus.

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use super::{Hub, stages::Stages};
use crate::wire::{
    agent::{AgentStatus, PresenceReason},
    request::{NotifyReason, Outcome},
};

/// The hub's counters.
#[derive(Debug)]
pub struct Metrics {
    /// Events appended.
    pub events: Counter,
    /// Conversations opened.
    pub conversations: Counter,
    /// Waits begun.
    pub waits: Counter,
    /// Waits (or the lack of one) that ended in the offline flow.
    pub missed: Counter,
    /// Words said to other nodes.
    pub words_said: Counter,
    /// Words heard from other nodes.
    pub words_heard: Counter,
    /// Looks for what the mesh may have lost.
    pub sweeps: Counter,
    /// Conversations of which it had lost something.
    pub repairs: Counter,
    heard_after: Histogram,
    sessions: Family<Kind, Gauge>,
    followed: Gauge,
    deadlines: Gauge,
    late: Histogram,
    pub(super) stages: Stages,
    receipts: Family<Receipt, Counter>,
    flips: Family<Flips, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Receipt {
    reason: Word,
    outcome: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Flips {
    status: Word,
    reason: Word,
}

/// A label's value: the name of an enum's arm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Word(String);

// === impl Metrics ===

impl Default for Metrics {
    fn default() -> Self {
        Self {
            events: Counter::default(),
            conversations: Counter::default(),
            waits: Counter::default(),
            missed: Counter::default(),
            words_said: Counter::default(),
            words_heard: Counter::default(),
            sweeps: Counter::default(),
            repairs: Counter::default(),
            // From 0.5 ms to 16 s.
            heard_after: Histogram::new(exponential_buckets(0.0005, 2.0, 16)),
            sessions: Family::default(),
            followed: Gauge::default(),
            deadlines: Gauge::default(),
            // From 1 ms to 32 s.
            late: Histogram::new(exponential_buckets(0.001, 2.0, 16)),
            stages: Stages::default(),
            receipts: Family::default(),
            flips: Family::default(),
        }
    }
}

impl Metrics {
    /// Names the counters in a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("usher_events", "Events appended", self.events.clone());
        registry.register("usher_conversations", "Conversations opened", self.conversations.clone());
        registry.register("usher_waits", "Waits begun", self.waits.clone());
        registry.register("usher_missed", "Visitors carried into the offline flow", self.missed.clone());
        registry.register("usher_node_words_said", "Words said to other nodes", self.words_said.clone());
        registry.register("usher_node_words_heard", "Words heard from other nodes", self.words_heard.clone());
        registry.register("usher_node_sweeps", "Looks for what the mesh may have lost", self.sweeps.clone());
        registry.register("usher_node_repairs", "Conversations of which it had lost something", self.repairs.clone());
        registry.register(
            "usher_node_hint_lag_seconds",
            "How long after its decision a commit of another node was heard of",
            self.heard_after.clone(),
        );
        registry.register("usher_sessions", "Sessions that have said hello", self.sessions.clone());
        registry.register("usher_followed", "Conversations held in memory", self.followed.clone());
        registry.register("usher_deadlines", "Deadlines of the next seconds", self.deadlines.clone());
        registry.register(
            "usher_wait_lateness_seconds",
            "How long after its deadline an expired wait ended",
            self.late.clone(),
        );
        self.stages.register(registry);
        registry.register("usher_notify_receipts", "Receipts for notifications", self.receipts.clone());
        registry.register("usher_presence_flips", "Changes of agents' status", self.flips.clone());
    }

    /// Reads what is not counted but there.
    pub fn measure(&self, hub: &Hub) {
        let (visitors, agents, followed) = hub.board().sizes();
        let gauge = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
        self.sessions.get_or_create(&Kind { kind: "visitor" }).set(gauge(visitors));
        self.sessions.get_or_create(&Kind { kind: "agent" }).set(gauge(agents));
        self.followed.set(gauge(followed));
        self.deadlines.set(gauge(hub.waiting().len()));
    }

    /// An expired wait ended so many milliseconds after its deadline.
    pub fn late(&self, ms: i64) {
        self.late.observe(ms as f64 / 1_000.0);
    }

    /// A commit of another node was heard of so many milliseconds after its decision.
    pub fn heard_after(&self, ms: i64) {
        // Two nodes' clocks may differ by a little.
        self.heard_after.observe(ms.max(0) as f64 / 1_000.0);
    }

    /// A client told what became of a notification.
    pub fn receipt(&self, reason: NotifyReason, outcome: Outcome) {
        self.receipts.get_or_create(&Receipt { reason: Word::of(reason), outcome: Word::of(outcome) }).inc();
    }

    /// An agent's status changed.
    pub fn flip(&self, status: AgentStatus, reason: PresenceReason) {
        self.flips.get_or_create(&Flips { status: Word::of(status), reason: Word::of(reason) }).inc();
    }
}

// === impl Word ===

impl Word {
    fn of(arm: impl std::fmt::Debug) -> Self {
        Self(format!("{arm:?}").to_lowercase())
    }
}

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        self.0.as_str().encode(encoder)
    }
}
