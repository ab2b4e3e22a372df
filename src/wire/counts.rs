//! How many conversations stand in an agent's folders.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The sizes of an agent's folders; absolute, never a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Counts {
    /// Unassigned.
    pub unassigned: u64,
    /// My conversations.
    pub mine: u64,
    /// Closed.
    pub closed: u64,
}

/// The sizes that changed for an agent; absolute as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CountsChanged {
    /// Unassigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unassigned: Option<u64>,
    /// My conversations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub mine: Option<u64>,
    /// Closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub closed: Option<u64>,
}

// === impl CountsChanged ===

impl CountsChanged {
    /// Whether none changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What differs between two counts.
    pub fn between(was: Counts, is: Counts) -> Self {
        let changed = |was: u64, is: u64| (was != is).then_some(is);
        Self {
            unassigned: changed(was.unassigned, is.unassigned),
            mine: changed(was.mine, is.mine),
            closed: changed(was.closed, is.closed),
        }
    }
}

impl From<Counts> for CountsChanged {
    fn from(counts: Counts) -> Self {
        Self { unassigned: Some(counts.unassigned), mine: Some(counts.mine), closed: Some(counts.closed) }
    }
}
