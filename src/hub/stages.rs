//! Where the time of a command goes. Only one in sixty-four is timed: the others pay for a look at a counter.

use std::time::Instant;

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// A command is timed when so many events or a multiple were appended before it.
const ONE_IN: u64 = 64;

/// Durations by stage.
#[derive(Debug)]
pub(super) struct Stages(Family<Of, Histogram>);

/// One part of a command's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// From its coming until it was decided and handed to the store, waiting for its turn included.
    Received,
    /// Until the store had it on disk and said so.
    Stored,
    /// Until all who follow the conversation were woken.
    FannedOut,
}

/// Times one command, or does nothing.
pub(super) struct Stopwatch<'a>(Option<(&'a Stages, Instant)>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    stage: Stage,
}

// === impl Stages ===

impl Default for Stages {
    fn default() -> Self {
        // From 10 µs to 10 s.
        Self(Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_01, 2.0, 20))))
    }
}

impl Stages {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("usher_stage_seconds", "Where the time of one command in 64 goes", self.0.clone());
    }

    /// A stopwatch for a command that came just now; `events` counts what was appended so far.
    pub(super) fn stopwatch(&self, events: &Counter) -> Stopwatch<'_> {
        let timed = events.get().is_multiple_of(ONE_IN);
        Stopwatch(timed.then(|| (self, Instant::now())))
    }
}

// === impl Stopwatch ===

impl Stopwatch<'_> {
    /// A stage is over, and the next begins.
    pub(super) fn lap(&mut self, stage: Stage) {
        if let Some((stages, since)) = &mut self.0 {
            let now = Instant::now();
            stages.0.get_or_create(&Of { stage }).observe(now.duration_since(*since).as_secs_f64());
            *since = now;
        }
    }
}

// === impl Stage ===

impl EncodeLabelValue for Stage {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Received => "received",
            Self::Stored => "stored",
            Self::FannedOut => "fanned_out",
        };
        name.encode(encoder)
    }
}
