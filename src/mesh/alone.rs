//! The mesh of one node: nobody to tell, nobody to hear.

use async_trait::async_trait;
use bytes::Bytes;

use super::{Health, Heard, Lease, Mesh, MeshError, Renewed};
use crate::ids::{NodeId, WorkspaceId};

/// One node on its own.
#[derive(Debug)]
pub struct Alone {
    node: NodeId,
}

// === impl Alone ===

impl Alone {
    /// A new incarnation.
    pub fn new() -> Self {
        Self { node: NodeId::random() }
    }
}

impl Default for Alone {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Mesh for Alone {
    fn node(&self) -> &NodeId {
        &self.node
    }

    fn is_alone(&self) -> bool {
        true
    }

    fn say(&self, _: &WorkspaceId, _: Bytes) {}

    async fn join(&self, _: &WorkspaceId) -> bool {
        true
    }

    fn part(&self, _: &WorkspaceId) {}

    async fn heard(&self) -> Heard {
        std::future::pending().await
    }

    async fn renew(&self, _: Bytes) -> Result<Renewed, MeshError> {
        Ok(Renewed::Kept)
    }

    async fn resign(&self) -> Result<(), MeshError> {
        Ok(())
    }

    async fn leases(&self) -> Result<Vec<Lease>, MeshError> {
        Ok(Vec::new())
    }

    fn health(&self) -> Health {
        Health::Well
    }
}
