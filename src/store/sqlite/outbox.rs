//! What the outside is to be told.

use rusqlite::{Connection, params};

use super::readers::View;
use crate::{
    ids::Millis,
    store::{OutboxRow, Result},
};

/// Puts the event on this row of the log into the outbox.
pub(super) fn put(conn: &Connection, conversation: i64, topic: &str, pos: i64) -> Result<()> {
    conn.prepare_cached("INSERT INTO outbox (conversation, topic, pos) VALUES (?1, ?2, ?3)")?.execute(params![
        conversation,
        topic,
        pos
    ])?;
    Ok(())
}

/// What was not delivered yet, oldest first.
pub(super) fn waiting(view: &View<'_>, limit: usize) -> Result<Vec<OutboxRow>> {
    let mut select = view.conn.prepare_cached(
        "SELECT o.id, o.topic, c.workspace, c.name, l.pos
         FROM outbox o JOIN conversation c ON c.id = o.conversation JOIN log l ON l.pos = o.pos
         WHERE o.delivered_at IS NULL ORDER BY o.id LIMIT ?1",
    )?;
    let mut rows = select.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let entry = view.entry(row.get(4)?)?;
        found.push(OutboxRow {
            id: row.get(0)?,
            topic: row.get(1)?,
            workspace: row.get::<_, String>(2)?.into(),
            conversation: row.get::<_, String>(3)?.into(),
            payload: entry.json().into(),
            at: Millis(entry.event().at.0),
        });
    }
    Ok(found)
}
