//! Leads, deals and activities.

use tokio_postgres::Row;

use super::{Postgres, load::get, pool::Params};
use crate::{
    ids::WorkspaceId,
    store::{
        ItemPage, ItemQuery, ItemRow, Result, StoreError, cursor,
        item::{Stored, kind_name},
    },
};

/// The rows that agent $6 may see: an admin ($7) also what is not the agents' business yet, and ($8) what is others'.
const SEEN: &str = "($6::text IS NULL OR CASE c.state
     WHEN 'assigned' THEN c.assignee = $6 OR $8
     ELSE c.live OR $7 END)";

// === impl Postgres ===

impl Postgres {
    pub(super) async fn read_items(&self, query: &ItemQuery) -> Result<ItemPage> {
        let before = match &query.before {
            None => i64::MAX,
            Some(cursor) => cursor::read_cursor("items", cursor).ok_or(StoreError::Cursor)?.1,
        };
        // Each way of asking goes by its own index.
        let which = match (&query.conversation, query.kind) {
            (Some(_), _) => {
                "i.conversation = (SELECT id FROM conversation WHERE name = $4 AND workspace = $1)
                 AND ($3::text IS NULL OR i.kind = $3)"
            }
            (None, Some(_)) => "i.workspace = $1 AND i.kind = $3 AND $4::text IS NULL",
            (None, None) => "i.workspace = $1 AND $3::text IS NULL AND $4::text IS NULL",
        };
        let sql = format!(
            "SELECT i.id, i.name, i.kind, i.title, i.fields, i.external, i.at, c.name, c.visitor, c.snapshot
             FROM item i JOIN conversation c ON c.id = i.conversation
             WHERE {which} AND i.id < $2 AND {SEEN} ORDER BY i.id DESC LIMIT $5"
        );
        let limit = query.limit.clamp(1, 100);
        let conversation = query.conversation.as_ref().map(|name| name.as_str());
        let (workspace, kind, most) = (query.workspace.as_str(), query.kind.map(kind_name), limit as i64 + 1);
        let viewer = query.viewer.as_ref();
        let agent = viewer.map(|viewer| viewer.agent.as_str());
        let admin = viewer.is_some_and(|viewer| viewer.admin);
        let sees_all = viewer.is_some_and(|viewer| viewer.admin && viewer.admins_see_assigned);
        let params: Params<'_> = &[&workspace, &before, &kind, &conversation, &most, &agent, &admin, &sees_all];
        let rows = self.pool.query(&sql, params).await?;
        let items = rows.iter().take(limit).map(|row| read(&query.workspace, row)).collect::<Result<Vec<_>>>()?;
        let next = match rows.len() > limit {
            true => Some(cursor::cursor("items", 0, get(&rows[limit - 1], 0)?)),
            false => None,
        };
        Ok(ItemPage { items, next })
    }
}

fn read(workspace: &WorkspaceId, row: &Row) -> Result<ItemRow> {
    Stored {
        name: get(row, 1)?,
        kind: get(row, 2)?,
        title: get(row, 3)?,
        fields: get(row, 4)?,
        external: get(row, 5)?,
        at: get(row, 6)?,
        conversation: get(row, 7)?,
        visitor: get(row, 8)?,
        snapshot: get(row, 9)?,
    }
    .read(workspace)
}
