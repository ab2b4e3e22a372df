//! Pages of the inbox's folders.

use rusqlite::{params_from_iter, types::Value};

use super::{
    load::{COLUMNS, TABLES, passed_over},
    readers::View,
    search,
};
use crate::store::{Folder, FolderPage, FolderQuery, Result, StoreError, cursor};

/// How a folder is found and ordered.
struct Order {
    /// Names its cursors.
    name: &'static str,
    /// Which rows; `?5` is the agent. Worded as the index that serves it.
    which: &'static str,
    /// The column that ranks them; rows of one rank go by id.
    rank: &'static str,
    newest_first: bool,
}

// === impl View ===

impl View<'_> {
    /// See [`Store::folder`](crate::store::Store::folder).
    pub(super) fn folder(&self, query: &FolderQuery) -> Result<FolderPage> {
        let order = Order::of(&query.folder);
        let nothing = FolderPage { conversations: Vec::new(), next: None };
        let start = match &query.before {
            Some(cursor) => cursor::read_cursor(order.name, cursor).ok_or(StoreError::Cursor)?,
            None if order.newest_first => (i64::MAX, i64::MAX),
            None => (i64::MIN, i64::MIN),
        };
        let (rank, id) = start;
        let Ok(words) = query.query.as_deref().map(search::query).transpose() else { return Ok(nothing) };
        let words = words.unwrap_or_default();
        let limit = query.limit.clamp(1, 100);
        let mut values: Vec<Value> = vec![
            query.workspace.as_str().to_owned().into(),
            rank.into(),
            id.into(),
            (limit as i64 + 1).into(),
            query.folder.agent().map(str::to_owned).into(),
        ];
        let sql = order.sql(values.len(), words.len());
        values.extend(words.into_iter().map(Value::from));
        self.page(&sql, values, limit, order.name)
    }

    fn page(&self, sql: &str, values: Vec<Value>, limit: usize, name: &str) -> Result<FolderPage> {
        let mut select = self.conn.prepare_cached(sql)?;
        let mut rows = select.query(params_from_iter(values))?;
        let (mut conversations, mut seen, mut last) = (Vec::new(), 0, (0, 0));
        while let Some(row) = rows.next()? {
            if seen == limit {
                return Ok(FolderPage { conversations, next: Some(cursor::cursor(name, last.0, last.1)) });
            }
            seen += 1;
            last = (row.get(7)?, row.get(0)?);
            match self.loaded(row) {
                Ok(loaded) => conversations.push(loaded),
                Err(fault @ StoreError::Damaged(_)) => passed_over(row, &fault),
                Err(fault) => return Err(fault),
            }
        }
        Ok(FolderPage { conversations, next: None })
    }
}

// === impl Order ===

impl Order {
    fn of(folder: &Folder) -> Self {
        match folder {
            Folder::Unassigned => Self {
                name: "unassigned",
                which: "c.state IN ('waiting', 'offline', 'unassigned') AND c.live = 1 AND ?5 IS NULL",
                rank: "since",
                newest_first: false,
            },
            Folder::Mine(_) => Self {
                name: "mine",
                which: "c.assignee IS NOT NULL AND c.assignee = ?5",
                rank: "assigned_at",
                newest_first: true,
            },
            Folder::Closed => Self {
                name: "closed",
                which: "c.closed_at IS NOT NULL AND c.live = 1 AND ?5 IS NULL",
                rank: "closed_at",
                newest_first: true,
            },
            Folder::All { .. } => Self {
                name: "all",
                which: "(?5 IS NULL OR c.assignee IS NULL OR c.assignee = ?5)",
                rank: "created_at",
                newest_first: true,
            },
        }
    }

    /// The query, whose words come after `given` other values.
    fn sql(&self, given: usize, words: usize) -> String {
        let Self { which, rank, newest_first, .. } = self;
        let (behind, order) = if *newest_first { ("<", "DESC") } else { (">", "ASC") };
        let found = (1..=words).map(|nth| search::condition(given + nth)).collect::<String>();
        format!(
            "SELECT {COLUMNS}, c.{rank} FROM {TABLES}
             WHERE c.workspace = ?1 AND {which} AND (c.{rank}, c.id) {behind} (?2, ?3) {found}
             ORDER BY c.{rank} {order}, c.id {order} LIMIT ?4"
        )
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn p4_every_folder_is_read_in_its_order_from_an_index_of_its_own() {
        let conn = Connection::open_in_memory().expect("a database");
        conn.execute_batch(include_str!("migrations/0001_first.sql")).expect("its tables");
        let folders = [
            (Folder::Unassigned, "conversation_unassigned"),
            (Folder::Mine("jane".into()), "conversation_mine"),
            (Folder::Closed, "conversation_closed"),
            (Folder::All { only_mine: None }, "conversation_all"),
            (Folder::All { only_mine: Some("jane".into()) }, "conversation_all"),
        ];
        for (folder, index) in folders {
            let mut explain =
                conn.prepare(&format!("EXPLAIN QUERY PLAN {}", Order::of(&folder).sql(5, 0))).expect("sql");
            let steps = explain.query_map([1; 5], |row| row.get::<_, String>(3)).expect("a plan");
            let plan = steps.collect::<rusqlite::Result<Vec<_>>>().expect("steps").join("; ");
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{folder:?}: {plan}");
        }
    }
}
