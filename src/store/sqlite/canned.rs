//! Canned answers.

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    ids::WorkspaceId,
    store::{Canned, CannedAnswer, Result, Saved, fault::damaged},
};

/// See [`Store::canned`](crate::store::Store::canned).
pub(super) fn read(conn: &Connection, workspace: &WorkspaceId) -> Result<Canned> {
    let mut select = conn.prepare_cached("SELECT version, body FROM canned WHERE workspace = ?1")?;
    let found: Option<(u32, String)> =
        select.query_row([workspace.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((version, body)) = found else { return Ok(Canned::default()) };
    let answers = serde_json::from_str(&body).map_err(|_| damaged("the canned answers of", workspace))?;
    Ok(Canned { version, answers })
}

/// See [`Store::save_canned`](crate::store::Store::save_canned).
pub(super) fn save(
    conn: &Connection,
    workspace: &WorkspaceId,
    answers: &[CannedAnswer],
    expected: u32,
) -> Result<Saved> {
    let now = read(conn, workspace)?.version;
    if now != expected {
        return Ok(Saved::Stale(now));
    }
    let version = expected.saturating_add(1);
    let body = serde_json::to_string(answers).map_err(|_| damaged("the canned answers of", workspace))?;
    conn.prepare_cached(
        "INSERT INTO canned (workspace, version, body) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET version = excluded.version, body = excluded.body",
    )?
    .execute(params![workspace.as_str(), version, body])?;
    Ok(Saved::Version(version))
}
