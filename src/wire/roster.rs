//! What nodes tell each other of the agents who are present with them.

use serde::{Deserialize, Serialize};

use super::agent::PresenceReason;
use crate::ids::{AgentId, Millis, WorkspaceId};

/// The agents who are present on one node. Their names and switches are not in it: those are the store's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Who.
    pub agents: Vec<Present>,
}

/// An agent who is present on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    /// Whose employee.
    pub workspace: WorkspaceId,
    /// Who.
    pub agent: AgentId,
    /// For how long.
    #[serde(flatten)]
    pub stay: Stay,
}

/// For how long an agent is present on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stay", rename_all = "snake_case")]
pub enum Stay {
    /// They are connected: as long as the node lives, and for a grace after it is gone.
    Seated,
    /// They have no connection any more: until this moment, wherever that is looked at.
    Leaving {
        /// By the store's clock.
        until: Millis,
        /// What they then are gone for.
        reason: PresenceReason,
    },
}

// === impl Roster ===

impl Roster {
    /// As it is kept and sent.
    pub fn encode(&self) -> Vec<u8> {
        // Names and numbers: there is nothing in it that could not be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`encode`](Self::encode) wrote, whatever a later version added. None when it is something else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pr1_a_roster_is_read_as_it_was_written_and_by_programs_that_know_less() {
        let leaving = Stay::Leaving { until: Millis(7), reason: PresenceReason::Closed };
        let agents = [("jane", Stay::Seated), ("bob", leaving)].map(|(agent, stay)| Present {
            workspace: "w".into(),
            agent: agent.into(),
            stay,
        });
        let roster = Roster { agents: agents.into() };
        assert_eq!(Roster::decode(&roster.encode()), Some(roster));
        let later = br#"{"agents":[{"workspace":"w","agent":"a","stay":"seated","mood":"good"}],"more":1}"#;
        assert_eq!(Roster::decode(later).map(|roster| roster.agents.len()), Some(1));
        assert_eq!(Roster::decode(b"no roster"), None);
    }
}
