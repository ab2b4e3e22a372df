//! What a mesh counts. Plain atomics; cloning shares them.

use std::sync::atomic::AtomicU64;

use prometheus_client::{metrics::counter::Counter, registry::Registry};

/// The mesh's counters.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Words handed to Redis.
    pub said: Counter,
    /// Words that were not: too many waited, or there was no connection.
    pub dropped: Counter,
    /// Words of other nodes.
    pub heard: Counter,
    /// Words of other nodes that nobody listened to in time.
    pub overheard: Counter,
    /// Times that words may have been missed.
    pub gaps: Counter,
    /// Connections made anew.
    pub reconnects: Counter,
    /// Seconds in which nothing heard proved anything.
    pub deaf: Counter<f64, AtomicU64>,
}

// === impl Counters ===

impl Counters {
    /// Names the counters in a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("usher_mesh_said", "Words handed to Redis", self.said.clone());
        registry.register("usher_mesh_dropped", "Words that could not be handed to Redis", self.dropped.clone());
        registry.register("usher_mesh_heard", "Words heard from other nodes", self.heard.clone());
        registry.register("usher_mesh_overheard", "Words heard that waited in vain", self.overheard.clone());
        registry.register("usher_mesh_gaps", "Times that words may have been missed", self.gaps.clone());
        registry.register("usher_mesh_reconnects", "Connections to Redis made anew", self.reconnects.clone());
        registry.register("usher_mesh_deaf_seconds", "Time without proof of being heard", self.deaf.clone());
    }
}
