//! SQLite as [`Reports`].

use async_trait::async_trait;

use super::{Sqlite, canned, stats};
use crate::{
    ids::WorkspaceId,
    store::{Canned, CannedAnswer, Milestones, Reports, Result, Saved, StatsQuery},
};

#[async_trait]
impl Reports for Sqlite {
    async fn canned(&self, workspace: &WorkspaceId) -> Result<Canned> {
        let workspace = workspace.clone();
        self.readers.read(move |view| canned::read(view.conn, &workspace)).await
    }

    async fn save_canned(&self, workspace: &WorkspaceId, answers: &[CannedAnswer], expected: u32) -> Result<Saved> {
        let (workspace, answers) = (workspace.clone(), answers.to_vec());
        self.writer.write(true, move |desk| canned::save(&desk.conn, &workspace, &answers, expected)).await
    }

    async fn milestones(&self, query: &StatsQuery) -> Result<Vec<Milestones>> {
        let query = query.clone();
        self.readers.read(move |view| stats::milestones(view.conn, &query)).await
    }
}
