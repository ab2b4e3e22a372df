//! PostgreSQL as [`Reports`].

use async_trait::async_trait;

use super::Postgres;
use crate::{
    ids::WorkspaceId,
    store::{Canned, CannedAnswer, Milestones, Reports, Result, Saved, StatsQuery},
};

#[async_trait]
impl Reports for Postgres {
    async fn canned(&self, workspace: &WorkspaceId) -> Result<Canned> {
        self.read_canned(workspace).await
    }

    async fn save_canned(&self, workspace: &WorkspaceId, answers: &[CannedAnswer], expected: u32) -> Result<Saved> {
        self.keep_canned(workspace, answers, expected).await
    }

    async fn milestones(&self, query: &StatsQuery) -> Result<Vec<Milestones>> {
        self.read_milestones(query).await
    }
}
