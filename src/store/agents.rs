//! Agents, as the store knows them.

use super::{Result, fault::damaged};
pub use crate::wire::settings::NotifySettings;
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

/// What an agent is notified of, as it is stored.
pub(super) fn write_notify(notify: NotifySettings) -> Result<String> {
    serde_json::to_string(&notify).map_err(|_| damaged("settings of", "an agent"))
}

/// What an agent is notified of, as it was stored.
pub(super) fn read_notify(agent: &str, text: &str) -> Result<NotifySettings> {
    serde_json::from_str(text).map_err(|_| damaged("agent", agent))
}
