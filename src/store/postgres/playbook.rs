//! Playbooks and all their versions.

use std::sync::Arc;

use tokio_postgres::Row;

use super::{
    Postgres,
    fault::Fault,
    load::{get, text},
};
use crate::{
    chat::playbook::Playbook,
    ids::{Millis, PlaybookId, WorkspaceId},
    store::{PlaybookRow, Result, Saved, StoreError, fault::damaged},
};

const SELECT: &str = "SELECT p.id, p.workspace, v.version, v.body, p.installed_at, p.last_seen_at, p.deleted
     FROM playbook p JOIN playbook_version v ON v.playbook = p.id";

// === impl Postgres ===

impl Postgres {
    pub(super) async fn read_playbooks(&self, workspace: &WorkspaceId) -> Result<Vec<PlaybookRow>> {
        let sql = format!(
            "{SELECT} AND v.version = p.version WHERE p.workspace = $1 AND NOT p.deleted ORDER BY p.name, p.id"
        );
        self.pool.query(&sql, &[&workspace.as_str()]).await?.iter().map(read).collect()
    }

    pub(super) async fn read_playbook(&self, id: &PlaybookId, version: Option<u32>) -> Result<Option<PlaybookRow>> {
        let Ok(version) = version.map(i32::try_from).transpose() else { return Ok(None) };
        let sql = format!("{SELECT} WHERE p.id = $1 AND v.version = coalesce($2, p.version)");
        self.pool.query_opt(&sql, &[&id.as_str(), &version]).await?.as_ref().map(read).transpose()
    }

    pub(super) async fn save(&self, workspace: &WorkspaceId, playbook: &Playbook, expected: u32) -> Result<Saved> {
        let body = serde_json::to_string(playbook).map_err(|_| damaged("playbook", &playbook.id))?;
        let Ok(was) = i32::try_from(expected) else { return self.why_not(workspace, playbook, None, expected).await };
        let sql = match was {
            0 => {
                "WITH saved AS (
                     INSERT INTO playbook (id, workspace, name, version) SELECT $1, $2, $3, $4 + 1
                     ON CONFLICT DO NOTHING RETURNING id, version
                 )
                 INSERT INTO playbook_version (playbook, version, body)
                 SELECT id, version, $5 FROM saved RETURNING version"
            }
            _ => {
                "WITH saved AS (
                     UPDATE playbook SET name = $3, version = $4 + 1
                     WHERE id = $1 AND workspace = $2 AND version = $4 AND NOT deleted RETURNING id, version
                 )
                 INSERT INTO playbook_version (playbook, version, body)
                 SELECT id, version, $5 FROM saved RETURNING version"
            }
        };
        let (id, workspace_name) = (playbook.id.as_str(), workspace.as_str());
        match self.pool.once(sql, &[&id, &workspace_name, &playbook.name, &was, &body]).await {
            Ok(rows) if !rows.is_empty() => Ok(Saved::Version(expected + 1)),
            Ok(_) => self.why_not(workspace, playbook, None, expected).await,
            // Saved or not, nobody knows.
            Err(Fault::Lost(_)) => self.why_not(workspace, playbook, Some(&body), expected).await,
            Err(fault) => Err(fault.into()),
        }
    }

    /// How things stand for a playbook that was not saved, or (with its body) perhaps was.
    async fn why_not(
        &self,
        workspace: &WorkspaceId,
        playbook: &Playbook,
        body: Option<&str>,
        expected: u32,
    ) -> Result<Saved> {
        let sql = "SELECT p.workspace, p.version, p.deleted, v.body FROM playbook p
                   LEFT JOIN playbook_version v ON v.playbook = p.id AND v.version = p.version WHERE p.id = $1";
        let Some(row) = self.pool.query_opt(sql, &[&playbook.id.as_str()]).await? else {
            return match expected {
                0 => Err(StoreError::Unavailable("the playbook was not saved".into())),
                _ => Ok(Saved::Unknown),
            };
        };
        let (of, now, deleted): (&str, u32, bool) = (text(&row, 0)?, version(&row, 1)?, get(&row, 2)?);
        let ours = of == workspace.as_str();
        if ours && now == expected.saturating_add(1) && body.is_some() && get::<Option<&str>>(&row, 3)? == body {
            return Ok(Saved::Version(now));
        }
        // An id is taken for good, whosever it is and whatever became of it.
        Ok(match expected {
            0 => Saved::Stale(now),
            _ if deleted || !ours => Saved::Unknown,
            _ if now == expected => return Err(StoreError::Unavailable("the playbook was not saved".into())),
            _ => Saved::Stale(now),
        })
    }

    /// Not done twice: the second time there would be none.
    pub(super) async fn hide(&self, workspace: &WorkspaceId, id: &PlaybookId) -> Result<bool> {
        let sql = "UPDATE playbook SET deleted = true WHERE id = $1 AND workspace = $2 AND NOT deleted RETURNING 1";
        Ok(!self.pool.once(sql, &[&id.as_str(), &workspace.as_str()]).await?.is_empty())
    }

    pub(super) async fn note_seen(&self, id: &PlaybookId, at: Millis) -> Result<()> {
        let sql = "UPDATE playbook SET installed_at = coalesce(installed_at, $2),
                       last_seen_at = greatest(last_seen_at, $2) WHERE id = $1";
        self.pool.query(sql, &[&id.as_str(), &at.0]).await.map(drop)
    }
}

fn read(row: &Row) -> Result<PlaybookRow> {
    let id = text(row, 0)?;
    let playbook: Playbook = serde_json::from_str(text(row, 3)?).map_err(|_| damaged("playbook", id))?;
    Ok(PlaybookRow {
        workspace: text(row, 1)?.into(),
        playbook: Arc::new(playbook),
        version: version(row, 2)?,
        installed_at: get::<Option<i64>>(row, 4)?.map(Millis),
        last_seen_at: get::<Option<i64>>(row, 5)?.map(Millis),
        deleted: get(row, 6)?,
    })
}

fn version(row: &Row, at: usize) -> Result<u32> {
    Ok(get::<i32>(row, at)?.cast_unsigned())
}
