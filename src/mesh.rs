//! Floor 3: what nodes tell each other. Hints and presence, never the truth: whatever is lost here is found in the
//! store, a little later.
//!
//! What is carried is opaque bytes; the hub gives them their meaning ([`crate::hub`]).

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

mod alone;
pub mod redis;

pub use self::{alone::Alone, redis::Redis};
use crate::ids::{NodeId, WorkspaceId};

/// For how long a lease stands without being renewed.
pub const LEASE: Duration = Duration::from_secs(10);
/// How often a lease is renewed.
pub const RENEW: Duration = Duration::from_secs(3);

/// Something heard from the mesh. Only from other nodes: what a node said itself it is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Another node said this to a workspace this node has joined.
    Said {
        /// Which incarnation of which node.
        from: NodeId,
        /// To whom.
        workspace: WorkspaceId,
        /// What.
        body: Bytes,
    },
    /// Words may have been missed; from now on all are heard again. Whoever hears this reads the heads anew.
    Gap,
    /// The probe (a message to oneself) failed or came back again. While deaf, nothing heard proves nothing.
    Health(Health),
}

/// Whether the mesh carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Messages to oneself come back.
    Well,
    /// They do not: words and leases may be out of date.
    Deaf,
}

/// What a living node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which incarnation: a restarted node is another one.
    pub node: NodeId,
    /// For how long from now it stands, if it is not renewed.
    pub left: Duration,
    /// What it holds; the hub's roster of present agents.
    pub roster: Bytes,
}

/// Whether a lease that was renewed still stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// It did: to the others this node was never gone.
    Kept,
    /// It did not, and began anew. Either this is the first, or it had run out (this node slept too long, or what held
    /// the leases lost them), and others may have seen this node's people leave.
    Anew,
}

/// Why the mesh gave no answer. Private cause: nobody outside is told more than that the hub is degraded.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the mesh is unavailable: {0}")]
pub struct MeshError(pub String);

/// The ways between nodes.
///
/// - [`say`](Mesh::say) never waits and never fails: what cannot be sent is dropped and counted.
/// - From the moment [`join`](Mesh::join) returns true until [`part`](Mesh::part), everything said to the workspace by
///   others is heard, or a [`Heard::Gap`] or [`Heard::Health`] tells that it may not have been.
/// - Words of one node arrive in the order said, or not at all; twice never.
#[async_trait]
pub trait Mesh: Send + Sync + 'static {
    /// This node's incarnation: new with every start.
    fn node(&self) -> &NodeId;

    /// Whether there are no other nodes by construction.
    fn is_alone(&self) -> bool;

    /// Tells every other node that has joined the workspace.
    fn say(&self, workspace: &WorkspaceId, body: Bytes);

    /// From now on what is said to the workspace is heard. Returns once that is certain, or false when it cannot be
    /// made certain now; it is then made certain as soon as possible, with a [`Heard::Gap`].
    async fn join(&self, workspace: &WorkspaceId) -> bool;

    /// And no longer.
    fn part(&self, workspace: &WorkspaceId);

    /// The next thing heard. For one listener; pending for ever when nothing can be heard.
    async fn heard(&self) -> Heard;

    /// Renews this node's lease with what it holds now, and tells whether it had stood until then.
    async fn renew(&self, roster: Bytes) -> Result<Renewed, MeshError>;

    /// Ends this node's lease at once: it is going away and holds nothing any more.
    async fn resign(&self) -> Result<(), MeshError>;

    /// The leases of all other living nodes.
    async fn leases(&self) -> Result<Vec<Lease>, MeshError>;

    /// Whether the mesh carries, as of the last probe.
    fn health(&self) -> Health;
}
