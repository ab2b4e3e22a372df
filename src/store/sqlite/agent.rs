//! Agents: who said `hello`, and what they chose.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    chat::event::AgentRef,
    ids::{AgentId, Millis, WorkspaceId},
    store::{
        AgentRow, NotifySettings, Result,
        agents::{read_notify, write_notify},
        revoked,
    },
};

const COLUMNS: &str = "workspace, id, name, avatar, admin, online, notify, last_hello_at";

/// See [`Store::agent_hello`](crate::store::Store::agent_hello). One who was removed comes back switched off.
pub(super) fn hello(
    conn: &Connection,
    workspace: &WorkspaceId,
    agent: &AgentRef,
    admin: bool,
    issued_at: Option<Millis>,
    now: Millis,
) -> Result<Option<AgentRow>> {
    if revoked(removed_at(conn, workspace, &agent.id)?, issued_at) {
        return Ok(None);
    }
    let mut upsert = conn.prepare_cached(&format!(
        "INSERT INTO agent (workspace, id, name, avatar, admin, online, notify, last_hello_at, removed)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, 0)
         ON CONFLICT DO UPDATE SET name = ?3, avatar = ?4, admin = ?5, last_hello_at = ?7, removed = 0
         RETURNING {COLUMNS}"
    ))?;
    let notify = write_notify(NotifySettings::default())?;
    let params = params![workspace.as_str(), agent.id.as_str(), agent.name, agent.avatar, admin, notify, now.0];
    upsert.query_row(params, |row| Ok(read(row)))?.map(Some)
}

/// See [`Store::removed_at`](crate::store::Store::removed_at).
pub(super) fn removed_at(conn: &Connection, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<Millis>> {
    let mut select = conn.prepare_cached("SELECT removed_at FROM agent WHERE workspace = ?1 AND id = ?2")?;
    let found =
        select.query_row([workspace.as_str(), agent.as_str()], |row| row.get::<_, Option<i64>>(0)).optional()?;
    Ok(found.flatten().map(Millis))
}

/// See [`Store::agent`](crate::store::Store::agent).
pub(super) fn one(conn: &Connection, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<AgentRow>> {
    let mut select =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM agent WHERE workspace = ?1 AND id = ?2 AND removed = 0"))?;
    select.query_row([workspace.as_str(), agent.as_str()], |row| Ok(read(row))).optional()?.transpose()
}

/// See [`Store::agents`](crate::store::Store::agents).
pub(super) fn all(conn: &Connection, workspace: &WorkspaceId) -> Result<Vec<AgentRow>> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM agent WHERE workspace = ?1 AND removed = 0 ORDER BY name, id"
    ))?;
    let mut rows = select.query([workspace.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Sets the switch. False when there is no such agent.
pub(super) fn set_online(conn: &Connection, workspace: &WorkspaceId, agent: &AgentId, online: bool) -> Result<bool> {
    let changed = conn
        .prepare_cached("UPDATE agent SET online = ?3 WHERE workspace = ?1 AND id = ?2 AND removed = 0")?
        .execute(params![workspace.as_str(), agent.as_str(), online])?;
    Ok(changed > 0)
}

/// Sets what the agent is notified of. False when there is no such agent.
pub(super) fn set_notify(
    conn: &Connection,
    workspace: &WorkspaceId,
    agent: &AgentId,
    notify: NotifySettings,
) -> Result<bool> {
    let changed = conn
        .prepare_cached("UPDATE agent SET notify = ?3 WHERE workspace = ?1 AND id = ?2 AND removed = 0")?
        .execute(params![workspace.as_str(), agent.as_str(), write_notify(notify)?])?;
    Ok(changed > 0)
}

/// Removes an agent and switches them off. False when there is no such agent.
pub(super) fn remove(conn: &Connection, workspace: &WorkspaceId, agent: &AgentId, now: Millis) -> Result<bool> {
    let changed = conn
        .prepare_cached(
            "UPDATE agent SET removed = 1, online = 0, removed_at = ?3
             WHERE workspace = ?1 AND id = ?2 AND removed = 0",
        )?
        .execute(params![workspace.as_str(), agent.as_str(), now.0])?;
    Ok(changed > 0)
}

fn read(row: &Row<'_>) -> Result<AgentRow> {
    let id: String = row.get(1)?;
    let notify = read_notify(&id, &row.get::<_, String>(6)?)?;
    Ok(AgentRow {
        workspace: row.get::<_, String>(0)?.into(),
        agent: AgentRef { id: id.into(), name: row.get(2)?, avatar: row.get(3)? },
        admin: row.get(4)?,
        online: row.get(5)?,
        notify,
        last_hello_at: Millis(row.get(7)?),
    })
}
