//! What the store in memory knows for reports.

use async_trait::async_trait;

use super::memory::Memory;
use crate::{chat::conversation::Conversation, ids::WorkspaceId, store::*};

#[async_trait]
impl Reports for Memory {
    async fn canned(&self, workspace: &WorkspaceId) -> Result<Canned> {
        Ok(self.up()?.canned.get(workspace).cloned().unwrap_or_default())
    }

    async fn save_canned(&self, workspace: &WorkspaceId, answers: &[CannedAnswer], expected: u32) -> Result<Saved> {
        let mut kept = self.up()?;
        let canned = kept.canned.entry(workspace.clone()).or_default();
        if canned.version != expected {
            return Ok(Saved::Stale(canned.version));
        }
        *canned = Canned { version: expected + 1, answers: answers.to_vec() };
        Ok(Saved::Version(canned.version))
    }

    async fn milestones(&self, query: &StatsQuery) -> Result<Vec<Milestones>> {
        let kept = self.up()?;
        let seen = |row: &Conversation| {
            let viewer = query.viewer.as_ref();
            viewer.is_none_or(|one| row.sight().allows(&one.agent, one.admin, one.admins_see_assigned))
        };
        let rows = kept.logs(&query.workspace).map(|log| &log.row);
        let mut rows: Vec<&Conversation> =
            rows.filter(|row| (query.from..query.to).contains(&row.created_at) && seen(row)).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.created_at));
        let found = rows.into_iter().take(query.limit);
        Ok(found.map(|row| Milestones { created_at: row.created_at, timing: row.timing, missed: row.missed }).collect())
    }
}
