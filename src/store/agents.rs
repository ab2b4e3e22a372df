//! Agents, as the store knows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    chat::event::AgentRef,
    ids::{Millis, WorkspaceId},
};

/// An agent who said `hello` once and was not removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentRow {
    /// Whose company.
    pub workspace: WorkspaceId,
    /// Id, name and picture as of the last `hello`.
    pub agent: AgentRef,
    /// Whether they have the deals-admin right, as of the last `hello`.
    pub admin: bool,
    /// The switch: the agent's intent, changed by nothing but themselves or an admin.
    pub online: bool,
    /// What they want to be notified of.
    pub notify: NotifySettings,
    /// When they said `hello` last.
    pub last_hello_at: Millis,
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
