//! Agents, as other people see them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::AgentId;

/// An agent and whether they can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Agent {
    /// The JWT's `sub`.
    pub id: AgentId,
    /// As of the last `hello`.
    pub name: String,
    /// An https picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub avatar: Option<String>,
    /// Intent and reachability in one word.
    pub status: AgentStatus,
}

/// What others see of an agent's switch and presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// Switched on and present.
    Online,
    /// Switched on, not present.
    Away,
    /// Switched off.
    Offline,
}

/// Why an agent's status changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum PresenceReason {
    /// They used the switch.
    Toggle,
    /// They connected.
    Connected,
    /// Their last connection said goodbye.
    Closed,
    /// Their last connection fell silent.
    Lost,
    /// The node they were connected to is gone.
    NodeLost,
    /// An admin switched them off, or removed them.
    Admin,
}

/// What an agent may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Chats.
    #[default]
    Agent,
    /// The deals-admin right.
    Admin,
}

/// Oneself, in the reply to an agent's `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Me {
    /// The JWT's `sub`.
    pub id: AgentId,
    /// The JWT's `name`.
    pub name: String,
    /// The JWT's `role`.
    pub role: Role,
}

// === impl AgentStatus ===

impl AgentStatus {
    /// The status of somebody with this intent and this reachability.
    pub fn of(switched_on: bool, present: bool) -> Self {
        match (switched_on, present) {
            (true, true) => Self::Online,
            (true, false) => Self::Away,
            (false, _) => Self::Offline,
        }
    }
}

// === impl Role ===

impl Role {
    /// Whether it is the deals-admin right.
    pub fn is_admin(self) -> bool {
        matches!(self, Self::Admin)
    }
}
