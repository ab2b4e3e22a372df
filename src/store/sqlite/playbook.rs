//! Playbooks and all their versions.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    chat::playbook::Playbook,
    ids::{Millis, PlaybookId, WorkspaceId},
    store::{PlaybookRow, Result, Saved, fault::damaged},
};

const SELECT: &str = "SELECT p.id, p.workspace, v.version, v.body, p.installed_at, p.last_seen_at, p.deleted
     FROM playbook p JOIN playbook_version v ON v.playbook = p.id";

/// See [`Store::playbooks`](crate::store::Store::playbooks).
pub(super) fn all(conn: &Connection, workspace: &WorkspaceId) -> Result<Vec<PlaybookRow>> {
    let mut select = conn.prepare_cached(&format!(
        "{SELECT} AND v.version = p.version WHERE p.workspace = ?1 AND p.deleted = 0 ORDER BY p.name, p.id"
    ))?;
    let mut rows = select.query([workspace.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// See [`Store::playbook`](crate::store::Store::playbook).
pub(super) fn one(conn: &Connection, id: &PlaybookId, version: Option<u32>) -> Result<Option<PlaybookRow>> {
    let mut select =
        conn.prepare_cached(&format!("{SELECT} WHERE p.id = ?1 AND v.version = coalesce(?2, p.version)"))?;
    select.query_row(params![id.as_str(), version], |row| Ok(read(row))).optional()?.transpose()
}

/// See [`Store::save_playbook`](crate::store::Store::save_playbook).
pub(super) fn save(conn: &Connection, workspace: &WorkspaceId, playbook: &Playbook, expected: u32) -> Result<Saved> {
    let body = serde_json::to_string(playbook).map_err(|_| damaged("playbook", &playbook.id))?;
    let id = playbook.id.as_str();
    let found: Option<(String, u32, bool)> = conn
        .prepare_cached("SELECT workspace, version, deleted FROM playbook WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let version = expected.saturating_add(1);
    match found {
        None if expected == 0 => {
            conn.prepare_cached("INSERT INTO playbook (id, workspace, name, version) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![id, workspace.as_str(), playbook.name, version])?;
        }
        None => return Ok(Saved::Unknown),
        // An id is taken for good, whosever it is and whatever became of it.
        Some((_, now, _)) if expected == 0 => return Ok(Saved::Stale(now)),
        Some((of, _, deleted)) if deleted || of != workspace.as_str() => return Ok(Saved::Unknown),
        Some((_, now, _)) if now != expected => return Ok(Saved::Stale(now)),
        Some(_) => {
            conn.prepare_cached("UPDATE playbook SET name = ?2, version = ?3 WHERE id = ?1")?.execute(params![
                id,
                playbook.name,
                version
            ])?;
        }
    }
    conn.prepare_cached("INSERT INTO playbook_version VALUES (?1, ?2, ?3)")?.execute(params![id, version, body])?;
    Ok(Saved::Version(version))
}

/// Hides a playbook. False when there is none.
pub(super) fn delete(conn: &Connection, workspace: &WorkspaceId, id: &PlaybookId) -> Result<bool> {
    let changed = conn
        .prepare_cached("UPDATE playbook SET deleted = 1 WHERE id = ?1 AND workspace = ?2 AND deleted = 0")?
        .execute([id.as_str(), workspace.as_str()])?;
    Ok(changed > 0)
}

/// Notes that it was seen on a page.
pub(super) fn seen(conn: &Connection, id: &PlaybookId, at: Millis) -> Result<()> {
    conn.prepare_cached(
        "UPDATE playbook SET installed_at = coalesce(installed_at, ?2), last_seen_at = max(coalesce(last_seen_at, 0), ?2)
         WHERE id = ?1",
    )?
    .execute(params![id.as_str(), at.0])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<PlaybookRow> {
    let id: String = row.get(0)?;
    let playbook: Playbook = serde_json::from_str(&row.get::<_, String>(3)?).map_err(|_| damaged("playbook", &id))?;
    Ok(PlaybookRow {
        workspace: row.get::<_, String>(1)?.into(),
        playbook: Arc::new(playbook),
        version: row.get(2)?,
        installed_at: row.get::<_, Option<i64>>(4)?.map(Millis),
        last_seen_at: row.get::<_, Option<i64>>(5)?.map(Millis),
        deleted: row.get(6)?,
    })
}
