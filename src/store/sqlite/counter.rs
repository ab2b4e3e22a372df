//! The sizes of folders, kept in the transaction that changes them.

use rusqlite::{Connection, params};

use crate::{
    ids::{AgentId, WorkspaceId},
    store::{Folder, FolderCount, Result},
};

/// A conversation moves from one folder to another, or within one, which changes nothing.
pub(super) fn moved(
    conn: &Connection,
    workspace: &WorkspaceId,
    from: Option<Folder>,
    to: Option<Folder>,
) -> Result<Vec<FolderCount>> {
    if from == to {
        return Ok(Vec::new());
    }
    let mut changed = Vec::new();
    for (folder, by) in from.map(|folder| (folder, -1)).into_iter().chain(to.map(|folder| (folder, 1))) {
        changed.push(change(conn, workspace, folder, by)?);
    }
    Ok(changed)
}

/// See [`Store::sizes`](crate::store::Store::sizes).
pub(super) fn sizes(conn: &Connection, workspace: &WorkspaceId, agent: Option<&AgentId>) -> Result<Vec<FolderCount>> {
    let mut select = conn.prepare_cached(
        "SELECT name, agent, count, version FROM folder
         WHERE workspace = ?1 AND (name <> 'mine' OR ?2 IS NULL OR agent = ?2)",
    )?;
    let rows = select.query_map(params![workspace.as_str(), agent.map(AgentId::as_str)], |row| {
        let (name, agent): (String, String) = (row.get(0)?, row.get(1)?);
        // No other is counted.
        let folder = Folder::of_column(&name, &agent).unwrap_or(Folder::Unassigned);
        let (count, version): (i64, i64) = (row.get(2)?, row.get(3)?);
        Ok(FolderCount {
            workspace: workspace.clone(),
            folder,
            count: count.cast_unsigned(),
            version: version.cast_unsigned(),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn change(conn: &Connection, workspace: &WorkspaceId, folder: Folder, by: i64) -> Result<FolderCount> {
    let (name, agent) = folder.column();
    let (count, version): (i64, i64) = conn
        .prepare_cached(
            "INSERT INTO folder VALUES (?1, ?2, ?3, ?4, 1)
             ON CONFLICT DO UPDATE SET count = count + ?4, version = version + 1
             RETURNING count, version",
        )?
        .query_row(params![workspace.as_str(), name, agent, by], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(FolderCount {
        workspace: workspace.clone(),
        folder,
        count: count.cast_unsigned(),
        version: version.cast_unsigned(),
    })
}
