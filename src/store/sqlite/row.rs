//! The conversation's row: its fold, and the columns by which it is found.

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    chat::{conversation::Conversation, event::VisitorRef, summary::Beside},
    ids::{ConversationId, VisitorId, WorkspaceId},
    store::{
        Folder, Result,
        row::{self, Columns, beside_json, folder_of, snapshot},
    },
};

/// The folder the stored row counts in.
pub(super) fn stored_folder(conn: &Connection, id: i64) -> Result<Option<Folder>> {
    let mut select = conn.prepare_cached("SELECT state, assignee, live FROM conversation WHERE id = ?1")?;
    let (state, assignee, live): (String, Option<String>, bool) =
        select.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(folder_of(&state, assignee, live))
}

/// Writes a new conversation's row and answers its id.
pub(super) fn insert(conn: &Connection, row: &Conversation) -> Result<i64> {
    conn.prepare_cached(
        "INSERT INTO conversation (name, workspace, visitor, visitor_name, verified, created_at,
             state, live, served, assignee, assigned_at, deadline, since, last_at, closed_at, snap_seq, snapshot)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', 0, 0, NULL, NULL, NULL, 0, 0, ?7, 0, '')",
    )?
    .execute(params![
        row.id.as_str(),
        row.workspace.as_str(),
        row.visitor.id.as_str(),
        row.visitor.name,
        row.visitor.verified,
        row.created_at.0,
        // One that ends as it begins must not meet the rule of one open conversation.
        row.closed_at().map(|at| at.0),
    ])?;
    let id = conn.last_insert_rowid();
    update(conn, id, row)?;
    Ok(id)
}

/// Writes the fold and what follows from it. Never the visitor: see [`adopt`].
pub(super) fn update(conn: &Connection, id: i64, row: &Conversation) -> Result<()> {
    let row = Columns::of(row)?;
    conn.prepare_cached(
        "UPDATE conversation SET state = ?2, live = ?3, served = ?4, assignee = ?5, assigned_at = ?6, deadline = ?7,
             since = ?8, last_at = ?9, closed_at = ?10, snap_seq = ?11, snapshot = ?12
         WHERE id = ?1",
    )?
    .execute(params![
        id,
        row.state,
        row.live,
        row.served,
        row.assignee,
        row.assigned_at,
        row.deadline,
        row.since,
        row.last_at,
        row.closed_at,
        row.seq,
        row.snapshot,
    ])?;
    Ok(())
}

/// Replaces an older fold by a newer one that differs in texts only; does nothing when it is not newer.
pub(super) fn refresh(conn: &Connection, id: i64, row: &Conversation) -> Result<()> {
    conn.prepare_cached(
        "UPDATE conversation SET last_at = ?2, snap_seq = ?3, snapshot = ?4 WHERE id = ?1 AND snap_seq < ?3",
    )?
    .execute(params![id, row.last_at.0, row.seq.0.cast_signed(), snapshot(row)?])?;
    Ok(())
}

/// Gives the visitor's open conversation to another who has none open. Adoption is no event, so the row's visitor
/// stands above the fold's from then on. Answers its id and name.
pub(super) fn adopt(
    conn: &Connection,
    workspace: &WorkspaceId,
    from: &str,
    to: &VisitorRef,
) -> Result<Option<(i64, String)>> {
    let mut update = conn.prepare_cached(
        "UPDATE conversation SET visitor = ?3, visitor_name = coalesce(?4, visitor_name), verified = ?5
         WHERE workspace = ?1 AND visitor = ?2 AND closed_at IS NULL AND NOT EXISTS (
             SELECT 1 FROM conversation WHERE workspace = ?1 AND visitor = ?3 AND closed_at IS NULL)
         RETURNING id, name",
    )?;
    let found = update
        .query_row(params![workspace.as_str(), from, to.id.as_str(), to.name, to.verified], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(found)
}

/// Keeps what moved beside a log; of a conversation that is not known, or was erased, nothing.
pub(super) fn put_beside(conn: &Connection, name: &ConversationId, beside: &Beside) -> Result<()> {
    let was: Option<String> = conn
        .prepare_cached("SELECT b.body FROM beside b JOIN conversation c ON c.id = b.conversation WHERE c.name = ?1")?
        .query_row([name.as_str()], |row| row.get(0))
        .optional()?;
    let mut now = row::beside(name.as_str(), was.as_deref())?;
    now.take_in(beside);
    let body = beside_json(name, &now)?;
    conn.prepare_cached(
        "INSERT INTO beside SELECT id, ?2 FROM conversation WHERE name = ?1 AND visitor <> ?3
         ON CONFLICT DO UPDATE SET body = excluded.body",
    )?
    .execute([name.as_str(), &body, VisitorId::erased().as_str()])?;
    Ok(())
}
