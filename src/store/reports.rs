//! What agents keep at hand, and look back on.

use async_trait::async_trait;

use super::{Canned, CannedAnswer, Milestones, Result, Saved, StatsQuery};
use crate::ids::WorkspaceId;

/// The part of a store that no conversation needs to go on.
#[async_trait]
pub trait Reports: Send + Sync {
    /// The canned answers of a workspace.
    async fn canned(&self, workspace: &WorkspaceId) -> Result<Canned>;

    /// Saves a workspace's canned answers in place of those at version `expected` (0: none yet). Never
    /// [`Saved::Unknown`].
    async fn save_canned(&self, workspace: &WorkspaceId, answers: &[CannedAnswer], expected: u32) -> Result<Saved>;

    /// The stations of conversations, those that began last first.
    async fn milestones(&self, query: &StatsQuery) -> Result<Vec<Milestones>>;
}
