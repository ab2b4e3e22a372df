//! Agents, as the store knows them.

use bytes::Bytes;

use super::{Result, fault::damaged};
pub use crate::wire::settings::NotifySettings;
use crate::{
    chat::event::AgentRef,
    ids::{Millis, NodeId, WorkspaceId},
};

/// For how long a roster is kept at least when it has ended, in milliseconds: longer than anybody counts as present
/// for its sake.
pub const ROSTERS_KEPT: i64 = 60_000;

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

/// Whether a token issued at this moment (None: nobody knows when) has lost its worth because its agent was removed
/// since. One that is not provably newer has.
pub fn revoked(removed_at: Option<Millis>, issued_at: Option<Millis>) -> bool {
    removed_at.is_some_and(|removed| issued_at.is_none_or(|issued| issued < removed))
}

/// What a node said last of the agents who are present with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterRow {
    /// Which incarnation of which node.
    pub node: NodeId,
    /// Until when it stands.
    pub until: Millis,
    /// What it said; the hub gives it its meaning.
    pub roster: Bytes,
}

/// What an agent is notified of, as it is stored.
pub(super) fn write_notify(notify: NotifySettings) -> Result<String> {
    serde_json::to_string(&notify).map_err(|_| damaged("settings of", "an agent"))
}

/// What an agent is notified of, as it was stored.
pub(super) fn read_notify(agent: &str, text: &str) -> Result<NotifySettings> {
    serde_json::from_str(text).map_err(|_| damaged("agent", agent))
}
