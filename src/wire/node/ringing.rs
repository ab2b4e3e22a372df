//! Which device of an agent rings, among all nodes'.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AgentId, ConversationId, NodeId, Seq, SessionId},
    wire::request::NotifyReason,
};

/// Connections of agents to this node that asked for something last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {
    /// One a line.
    pub agents: Vec<Activity>,
}

/// An agent's activity on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Who.
    pub agent: AgentId,
    /// The connection that asked last, and when (a count that rises with every request of a node, from 1,024 times the
    /// store's clock on); None when the agent has no connection to this node.
    pub last: Option<(SessionId, u64)>,
}

/// The ring of a notification goes on with another node's connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// Which node's turn it is.
    pub node: NodeId,
    /// Whom to ring.
    pub agent: AgentId,
    /// For what.
    pub conversation: ConversationId,
    /// Why.
    pub reason: NotifyReason,
    /// Where the sender's node stands in the log.
    pub seq: Seq,
    /// The connections where it was blocked.
    pub tried: Vec<SessionId>,
    /// Nodes that have no other connection of the agent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spent: Vec<NodeId>,
}
