//! Canned answers.

use super::{
    Postgres,
    fault::Fault,
    load::{get, text},
};
use crate::{
    ids::WorkspaceId,
    store::{Canned, CannedAnswer, Result, Saved, StoreError, fault::damaged},
};

// === impl Postgres ===

impl Postgres {
    pub(super) async fn read_canned(&self, workspace: &WorkspaceId) -> Result<Canned> {
        let sql = "SELECT version, body FROM canned WHERE workspace = $1";
        let Some(row) = self.pool.query_opt(sql, &[&workspace.as_str()]).await? else { return Ok(Canned::default()) };
        let answers = serde_json::from_str(text(&row, 1)?).map_err(|_| damaged("the canned answers of", workspace))?;
        Ok(Canned { version: get::<i32>(&row, 0)?.cast_unsigned(), answers })
    }

    pub(super) async fn keep_canned(
        &self,
        workspace: &WorkspaceId,
        answers: &[CannedAnswer],
        expected: u32,
    ) -> Result<Saved> {
        let body = serde_json::to_string(answers).map_err(|_| damaged("the canned answers of", workspace))?;
        let sql = match expected {
            0 => {
                "INSERT INTO canned (workspace, version, body) VALUES ($1, $2::integer + 1, $3)
                 ON CONFLICT DO NOTHING RETURNING 1"
            }
            _ => "UPDATE canned SET version = $2 + 1, body = $3 WHERE workspace = $1 AND version = $2 RETURNING 1",
        };
        let unknown = match i32::try_from(expected) {
            // Nobody has saved so often.
            Err(_) => false,
            Ok(was) => match self.pool.once(sql, &[&workspace.as_str(), &was, &body]).await {
                Ok(rows) if !rows.is_empty() => return Ok(Saved::Version(expected.saturating_add(1))),
                Ok(_) => false,
                // Saved or not, nobody knows.
                Err(Fault::Lost(_)) => true,
                Err(fault) => return Err(fault.into()),
            },
        };
        let now = self.read_canned(workspace).await?;
        match now.version {
            version if unknown && version == expected.saturating_add(1) && now.answers == answers => {
                Ok(Saved::Version(version))
            }
            version if version == expected => Err(StoreError::Unavailable("the canned answers were not saved".into())),
            version => Ok(Saved::Stale(version)),
        }
    }
}
