//! What the door counts.

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::socket::Side;

/// Counters of the door; cloning shares them.
#[derive(Debug, Clone)]
pub struct DoorMetrics {
    visitors: Counted,
    agents: Counted,
    refused: Family<Refused, Counter>,
    pub(super) accept_pauses: Counter,
}

/// Why a connection or an upgrade was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reason {
    /// Too many of one address.
    Address,
    /// The hub is draining.
    Draining,
    /// Not a proper handshake.
    Handshake,
    /// Its first bytes were no proper frames.
    Frames,
}

/// An open socket; counted while it lives.
#[derive(Debug)]
pub(super) struct Open(Gauge);

#[derive(Debug, Clone)]
struct Counted {
    open: Gauge,
    upgrades: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    side: Side,
}

// === impl DoorMetrics ===

impl DoorMetrics {
    /// Counters that `registry` will show.
    pub fn register(registry: &mut Registry) -> Self {
        let (open, upgrades) = (Family::<Of, Gauge>::default(), Family::<Of, Counter>::default());
        let refused = Family::<Refused, Counter>::default();
        let accept_pauses = Counter::default();
        registry.register("usher_sockets", "WebSockets open now", open.clone());
        registry.register("usher_upgrades", "WebSockets opened", upgrades.clone());
        registry.register("usher_refused", "Connections and upgrades turned away", refused.clone());
        registry.register("usher_accept_pauses", "Pauses for want of descriptors or memory", accept_pauses.clone());
        let of = |side| Counted {
            open: open.get_or_create_owned(&Of { side }),
            upgrades: upgrades.get_or_create_owned(&Of { side }),
        };
        Self { visitors: of(Side::Visitor), agents: of(Side::Agent), refused, accept_pauses }
    }

    pub(super) fn opened(&self, side: Side) -> Open {
        let counted = match side {
            Side::Visitor => &self.visitors,
            Side::Agent => &self.agents,
        };
        counted.upgrades.inc();
        counted.open.inc();
        Open(counted.open.clone())
    }

    pub(super) fn refused(&self, reason: Reason) {
        self.refused.get_or_create(&Refused { reason }).inc();
    }
}

// === impl Reason ===

impl EncodeLabelValue for Reason {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Address => "address",
            Self::Draining => "draining",
            Self::Handshake => "handshake",
            Self::Frames => "frames",
        };
        name.encode(encoder)
    }
}

// === impl Side ===

impl EncodeLabelValue for Side {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Visitor => "visitor",
            Self::Agent => "agent",
        };
        name.encode(encoder)
    }
}

// === impl Open ===

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
