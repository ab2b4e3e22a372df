//! Conversations folded to their heads, and finding them by what their rows say.

use rusqlite::{OptionalExtension, Row, ToSql, params};

use super::readers::View;
use crate::{
    chat::event::VisitorRef,
    ids::{AgentId, ConversationId, Millis, Seq, VisitorId, WorkspaceId},
    store::{Due, Loaded, Queued, Result, fault::damaged, row},
};

/// What [`View::loaded`] needs of a row, in this order, and where from.
pub(super) const COLUMNS: &str = "c.id, c.name, c.snapshot, c.visitor, c.visitor_name, c.verified, b.body";
/// See [`COLUMNS`].
pub(super) const TABLES: &str = "conversation c LEFT JOIN beside b ON b.conversation = c.id";
/// How many rows a look for silent conversations goes through at most.
const LOOK: i64 = 1000;

// === impl View ===

impl View<'_> {
    /// See [`Store::load`](crate::store::Store::load).
    pub(super) fn load(&self, conversation: &ConversationId) -> Result<Option<Loaded>> {
        self.one("c.name = ?1", params![conversation.as_str()])
    }

    /// See [`Store::of_visitor`](crate::store::Store::of_visitor).
    pub(super) fn of_visitor(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        closed_since: Millis,
    ) -> Result<Option<Loaded>> {
        let open = "c.workspace = ?1 AND c.visitor = ?2 AND c.closed_at IS NULL";
        let over = "c.workspace = ?1 AND c.visitor = ?2 AND c.closed_at IS NOT NULL AND c.closed_at >= ?3
                    ORDER BY c.closed_at DESC, c.id DESC LIMIT 1";
        match self.one(open, params![workspace.as_str(), visitor.as_str()])? {
            Some(found) => Ok(Some(found)),
            None => self.one(over, params![workspace.as_str(), visitor.as_str(), closed_since.0]),
        }
    }

    /// See [`Store::due`](crate::store::Store::due).
    pub(super) fn due(&self, until: Millis, limit: usize) -> Result<Vec<Due>> {
        let mut select = self.conn.prepare_cached(
            "SELECT name, deadline FROM conversation WHERE deadline IS NOT NULL AND deadline <= ?1
             ORDER BY deadline LIMIT ?2",
        )?;
        let rows = select.query_map(params![until.0, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(Due { conversation: row.get::<_, String>(0)?.into(), deadline: Millis(row.get(1)?) })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// See [`Store::silent`](crate::store::Store::silent).
    pub(super) fn silent(&self, before: Millis, limit: usize) -> Result<Vec<ConversationId>> {
        // The column may lie behind the log, never before it: what it does not name is not silent.
        let mut select = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM {TABLES}
             WHERE c.closed_at IS NULL AND c.served = 0 AND c.last_at <= ?1 ORDER BY c.last_at LIMIT {LOOK}"
        ))?;
        let mut rows = select.query([before.0])?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            let (id, loaded) = match self.loaded(row) {
                Ok(loaded) => (row.get(0)?, loaded.conversation),
                Err(fault) => {
                    passed_over(row, &fault);
                    continue;
                }
            };
            match loaded.last_at <= before {
                true => found.push(loaded.id),
                // So that it does not stand in the way of others next time.
                false => self.stale.borrow_mut().push((id, loaded)),
            }
        }
        Ok(found)
    }

    /// See [`Store::waited_in`](crate::store::Store::waited_in).
    pub(super) fn waited_in(&self) -> Result<Vec<WorkspaceId>> {
        let mut select =
            self.conn.prepare_cached("SELECT DISTINCT workspace FROM conversation WHERE deadline IS NOT NULL")?;
        let rows = select.query_map([], |row| row.get::<_, String>(0))?;
        Ok(rows.map(|name| name.map(Into::into)).collect::<rusqlite::Result<_>>()?)
    }

    /// See [`Store::queue`](crate::store::Store::queue).
    pub(super) fn queue(&self, workspace: &WorkspaceId) -> Result<Vec<Queued>> {
        let mut select = self.conn.prepare_cached(
            "SELECT name, visitor, since FROM conversation
             WHERE workspace = ?1 AND state IN ('waiting', 'offline', 'unassigned') AND state = 'waiting'
             ORDER BY since, id",
        )?;
        let rows = select.query_map([workspace.as_str()], |row| {
            Ok(Queued {
                conversation: row.get::<_, String>(0)?.into(),
                visitor: row.get::<_, String>(1)?.into(),
                since: Millis(row.get(2)?),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// See [`Store::assigned_to`](crate::store::Store::assigned_to).
    pub(super) fn assigned_to(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Vec<ConversationId>> {
        let mut select = self.conn.prepare_cached(
            "SELECT name FROM conversation WHERE workspace = ?1 AND assignee IS NOT NULL AND assignee = ?2
             ORDER BY assigned_at, id",
        )?;
        let rows = select.query_map([workspace.as_str(), agent.as_str()], |row| row.get::<_, String>(0))?;
        Ok(rows.map(|name| name.map(Into::into)).collect::<rusqlite::Result<_>>()?)
    }

    /// Folds a row of [`COLUMNS`] to the log's head.
    pub(super) fn loaded(&self, row: &Row<'_>) -> Result<Loaded> {
        let id: i64 = row.get(0)?;
        let name: String = row.get(1)?;
        let visitor = VisitorRef { id: row.get::<_, String>(3)?.into(), name: row.get(4)?, verified: row.get(5)? };
        let snapshot = row.get_ref(2)?.as_str().map_err(|_| damaged("conversation", &name))?;
        let mut conversation = row::conversation(&name, snapshot, visitor)?;
        let Seq(was) = conversation.seq;
        for entry in self.events_after(id, conversation.seq, usize::MAX, usize::MAX)? {
            conversation.apply(entry.event());
        }
        if conversation.seq.0 - was > row::STALE {
            self.stale.borrow_mut().push((id, conversation.clone()));
        }
        let beside = row::beside(&name, row.get_ref(6)?.as_str_or_null().map_err(|_| damaged("conversation", &name))?)?;
        Ok(Loaded { conversation, beside })
    }

    fn one(&self, which: &str, params: &[&dyn ToSql]) -> Result<Option<Loaded>> {
        let mut select = self.conn.prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} WHERE {which}"))?;
        select.query_row(params, |row| Ok(self.loaded(row))).optional()?.transpose()
    }
}

/// One row that cannot be read must not take its whole list away.
pub(super) fn passed_over(row: &Row<'_>, fault: &crate::store::StoreError) {
    let conversation: String = row.get(1).unwrap_or_default();
    tracing::error!(conversation, error = %fault, "a conversation cannot be read and is left out of a list");
}
