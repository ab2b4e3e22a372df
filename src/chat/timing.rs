//! When a conversation reached its stations: what waits, lateness and answers are measured by.

use serde::{Deserialize, Serialize};

use super::event::{Author, Event, What};
use crate::ids::Millis;

/// Each station the first time it was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    /// It began to wait for an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_at: Option<Millis>,
    /// When that wait was to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Millis>,
    /// Nobody came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed_at: Option<Millis>,
    /// It became somebody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_at: Option<Millis>,
    /// An agent wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Millis>,
}

// === impl Timing ===

impl Timing {
    /// Takes in the next event.
    pub(super) fn apply(&mut self, event: &Event) {
        let station = match (&event.what, &event.by) {
            (What::Waiting { deadline, .. }, _) => {
                self.deadline.get_or_insert(*deadline);
                &mut self.waiting_at
            }
            (What::Missed { .. }, _) => &mut self.missed_at,
            (What::Assigned { .. }, _) => &mut self.assigned_at,
            (What::Message { .. }, Author::Agent { .. }) => &mut self.answered_at,
            _ => return,
        };
        station.get_or_insert(event.at);
    }
}
