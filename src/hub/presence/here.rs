//! An agent's connections to this node.

use super::{GRACE_CLOSED, GRACE_SILENT};
use crate::{
    ids::Millis,
    wire::{agent::PresenceReason, roster::Stay},
};

/// Connections, or the grace after the last of them.
#[derive(Debug, Default)]
pub(super) struct Here {
    seats: usize,
    /// When a connection that is gone was last heard.
    heard: Millis,
    /// When a connection last said goodbye.
    closed: Option<Millis>,
    /// When they count as gone, and why; only without a seat.
    gone_at: Option<(Millis, PresenceReason)>,
}

// === impl Here ===

impl Here {
    /// One more connection.
    pub(super) fn arrive(&mut self) {
        self.seats += 1;
        self.closed = None;
        self.gone_at = None;
    }

    /// One connection less. The agent stays present for the grace, so that a reload shows nobody a flap.
    pub(super) fn depart(&mut self, heard: Millis, clean: bool, now: Millis) {
        self.seats = self.seats.saturating_sub(1);
        self.heard = self.heard.max(heard);
        if clean {
            self.closed = Some(now);
        }
        if self.seats == 0 {
            self.gone_at = Some(self.end(now));
        }
    }

    /// For how long they are here.
    pub(super) fn stay(&self) -> Stay {
        match self.gone_at {
            Some((until, reason)) => Stay::Leaving { until, reason },
            None => Stay::Seated,
        }
    }

    /// When they count as gone, once that is certain, and why.
    pub(super) fn gone_at(&self) -> Option<(Millis, PresenceReason)> {
        self.gone_at
    }

    /// After the grace of the goodbye, if nothing was heard since, or after the silence, whichever comes first.
    fn end(&self, now: Millis) -> (Millis, PresenceReason) {
        let silent = self.heard.plus(GRACE_SILENT).max(now);
        match self.closed {
            Some(closed) if closed >= self.heard => {
                (silent.min(closed.plus(GRACE_CLOSED)).max(now), PresenceReason::Closed)
            }
            _ => (silent, PresenceReason::Lost),
        }
    }
}
