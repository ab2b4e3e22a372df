//! Forgetting a person: what an erasure leaves of the log before it, and of all that hangs on it.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::stretch::Places;
use crate::{
    ids::{ConversationId, Seq, VisitorId, WorkspaceId},
    store::{
        Result,
        erasure::{ITEM_TITLE, left_of},
    },
};

/// See [`Store::of_person`](crate::store::Store::of_person).
pub(super) fn of_person(
    conn: &Connection,
    workspace: &WorkspaceId,
    visitor: &VisitorId,
    limit: usize,
) -> Result<Vec<ConversationId>> {
    // Each part by its own index.
    let mut found = Vec::new();
    for part in ["closed_at IS NULL", "closed_at IS NOT NULL ORDER BY closed_at"] {
        let mut select = conn.prepare_cached(&format!(
            "SELECT name FROM conversation WHERE workspace = ?1 AND visitor = ?2 AND {part} LIMIT ?3"
        ))?;
        let room = (limit - found.len()) as i64;
        let rows =
            select.query_map(params![workspace.as_str(), visitor.as_str(), room], |row| row.get::<_, String>(0))?;
        for name in rows {
            found.push(name?.into());
        }
    }
    Ok(found)
}

/// Takes the person out of a conversation, up to this event. What is freed in the file is overwritten.
pub(super) fn erase(conn: &Connection, conversation: i64, upto: Seq) -> Result<()> {
    conn.execute_batch("PRAGMA secure_delete = ON")?;
    let erased = erase_all(conn, conversation, upto);
    conn.execute_batch("PRAGMA secure_delete = OFF")?;
    erased
}

fn erase_all(conn: &Connection, conversation: i64, upto: Seq) -> Result<()> {
    let mut select = conn.prepare_cached("SELECT body FROM log WHERE pos = ?1 AND seq <= ?2")?;
    let mut update = conn.prepare_cached("UPDATE log SET body = ?2 WHERE pos = ?1")?;
    for pos in stands(conn, conversation)? {
        let body = select.query_row([pos, upto.0.cast_signed()], |row| row.get(0)).optional()?;
        if let Some(body) = body {
            update.execute(params![pos, left_of(body)?.json()])?;
        }
    }
    let nobody = VisitorId::erased();
    conn.prepare_cached("UPDATE conversation SET visitor = ?2, visitor_name = NULL, verified = 0 WHERE id = ?1")?
        .execute(params![conversation, nobody.as_str()])?;
    conn.prepare_cached("UPDATE item SET title = ?2, fields = '{}', external = NULL WHERE conversation = ?1")?
        .execute(params![conversation, ITEM_TITLE])?;
    for table in ["beside", "renamed"] {
        conn.prepare_cached(&format!("DELETE FROM {table} WHERE conversation = ?1"))?.execute([conversation])?;
    }
    Ok(())
}

/// The rows of a conversation's log.
fn stands(conn: &Connection, conversation: i64) -> Result<BTreeSet<i64>> {
    let mut stands = BTreeSet::new();
    let mut select = conn.prepare_cached("SELECT first, places FROM stretch WHERE conversation = ?1")?;
    let mut rows = select.query([conversation])?;
    while let Some(row) = rows.next()? {
        stands.extend(Places::of(row)?.map(|place| place.pos));
    }
    // What is not indexed yet lies at the log's end.
    let mut select =
        conn.prepare_cached("SELECT pos FROM log WHERE pos > (SELECT indexed FROM hub) AND conversation = ?1")?;
    for pos in select.query_map([conversation], |row| row.get(0))? {
        stands.insert(pos?);
    }
    Ok(stands)
}
