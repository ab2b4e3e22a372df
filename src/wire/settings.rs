//! What an agent has set for themselves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `settings` of an agent's `hello`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Settings {
    /// Which notifications they want.
    pub notify: NotifySettings,
}

/// Which notifications an agent wants; all of them at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct NotifySettings {
    /// A new conversation in Unassigned.
    pub unassigned: bool,
    /// A conversation newly assigned to you.
    pub assigned: bool,
    /// A new message in yours.
    pub message: bool,
}

// === impl NotifySettings ===

impl Default for NotifySettings {
    fn default() -> Self {
        Self { unassigned: true, assigned: true, message: true }
    }
}
