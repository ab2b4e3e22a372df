//! The sizes of folders, kept in the transaction that changes them.

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    ids::{AgentId, WorkspaceId},
    store::{Counts, Folder, FolderCount, Result},
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

/// The sizes an agent is shown.
pub(super) fn counts(conn: &Connection, workspace: &WorkspaceId, agent: &AgentId) -> Result<Counts> {
    let size = |folder: Folder| -> Result<u64> {
        let (name, agent) = folder.column();
        let count: Option<i64> = conn
            .prepare_cached("SELECT count FROM folder WHERE workspace = ?1 AND name = ?2 AND agent = ?3")?
            .query_row(params![workspace.as_str(), name, agent], |row| row.get(0))
            .optional()?;
        Ok(count.unwrap_or(0).cast_unsigned())
    };
    Ok(Counts {
        unassigned: size(Folder::Unassigned)?,
        mine: size(Folder::Mine(agent.clone()))?,
        closed: size(Folder::Closed)?,
    })
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
