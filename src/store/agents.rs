//! Agents, as the store knows them.

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
