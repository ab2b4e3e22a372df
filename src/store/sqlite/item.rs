//! Leads, deals and activities.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::readers::View;
use crate::{
    chat::event::Item,
    ids::{Millis, WorkspaceId},
    store::{
        ItemPage, ItemQuery, ItemRow, Result, StoreError, cursor,
        item::{Stored, item_json, kind_name},
    },
};

/// Keeps an item, or what changed of one that is known: where the CRM has it. True when it is new.
pub(super) fn keep(
    conn: &Connection,
    workspace: &WorkspaceId,
    conversation: i64,
    at: Millis,
    item: &Item,
) -> Result<bool> {
    let external = item.external.as_ref().map(|external| item_json(external, &item.item)).transpose()?;
    let known: Option<i64> = conn
        .prepare_cached("SELECT conversation FROM item WHERE name = ?1")?
        .query_row([item.item.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(of) = known {
        if of == conversation && external.is_some() {
            conn.prepare_cached("UPDATE item SET external = ?2 WHERE name = ?1")?
                .execute(params![item.item.as_str(), external])?;
        }
        return Ok(false);
    }
    conn.prepare_cached(
        "INSERT INTO item (name, workspace, conversation, kind, title, fields, external, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        item.item.as_str(),
        workspace.as_str(),
        conversation,
        kind_name(item.kind),
        item.title,
        item_json(&item.fields, &item.item)?,
        external,
        at.0
    ])?;
    Ok(true)
}

/// The rows that agent ?6 may see: an admin (?7) also what is not the agents' business yet, and (?8) what is others'.
const SEEN: &str = "(?6 IS NULL OR CASE c.state
     WHEN 'assigned' THEN c.assignee = ?6 OR ?8
     ELSE c.live OR ?7 END)";

/// A page of items with the side panels of their conversations.
pub(super) fn page(view: &View<'_>, query: &ItemQuery) -> Result<ItemPage> {
    let before = match &query.before {
        None => i64::MAX,
        Some(cursor) => cursor::read_cursor("items", cursor).ok_or(StoreError::Cursor)?.1,
    };
    // Each way of asking goes by its own index.
    let which = match (&query.conversation, query.kind) {
        (Some(_), _) => {
            "i.conversation = (SELECT id FROM conversation WHERE name = ?4 AND workspace = ?1)
             AND (?3 IS NULL OR i.kind = ?3)"
        }
        (None, Some(_)) => "i.workspace = ?1 AND i.kind = ?3 AND ?4 IS NULL",
        (None, None) => "i.workspace = ?1 AND ?3 IS NULL AND ?4 IS NULL",
    };
    let mut select = view.conn.prepare_cached(&format!(
        "SELECT i.id, i.name, i.kind, i.title, i.fields, i.external, i.at, c.name, c.visitor, c.snapshot
         FROM item i JOIN conversation c ON c.id = i.conversation
         WHERE {which} AND i.id < ?2 AND {SEEN} ORDER BY i.id DESC LIMIT ?5",
    ))?;
    let limit = query.limit.clamp(1, 100);
    let conversation = query.conversation.as_ref().map(|name| name.as_str());
    let viewer = query.viewer.as_ref();
    let mut rows = select.query(params![
        query.workspace.as_str(),
        before,
        query.kind.map(kind_name),
        conversation,
        limit as i64 + 1,
        viewer.map(|viewer| viewer.agent.as_str()),
        viewer.is_some_and(|viewer| viewer.admin),
        viewer.is_some_and(|viewer| viewer.admin && viewer.admins_see_assigned),
    ])?;
    let (mut items, mut last) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if items.len() == limit {
            return Ok(ItemPage { items, next: Some(cursor::cursor("items", 0, last)) });
        }
        last = row.get(0)?;
        items.push(read(&query.workspace, row)?);
    }
    Ok(ItemPage { items, next: None })
}

fn read(workspace: &WorkspaceId, row: &Row<'_>) -> Result<ItemRow> {
    Stored {
        name: row.get(1)?,
        kind: row.get(2)?,
        title: row.get(3)?,
        fields: row.get(4)?,
        external: row.get(5)?,
        at: row.get(6)?,
        conversation: row.get(7)?,
        visitor: row.get(8)?,
        snapshot: row.get(9)?,
    }
    .read(workspace)
}
