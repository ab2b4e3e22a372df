//! Conversations folded to their heads, and finding them by what their rows say. One statement each, so that a fold
//! and the events behind it are of one moment.

use tokio_postgres::Row;

use super::{
    Postgres,
    pool::{Params, Pool},
};
use crate::{
    chat::event::VisitorRef,
    ids::{AgentId, ConversationId, Millis, Seq, VisitorId, WorkspaceId},
    store::{
        Due, Loaded, Queued, Result, StoreError,
        fault::damaged,
        row::{self, STALE, snapshot},
    },
    wire::entry::Entry,
};

/// What [`loaded`] needs of a row, in this order, and where from.
pub(super) const COLUMNS: &str = "c.id, c.name, c.snapshot, c.visitor, c.visitor_name, c.verified, b.body, array(
         SELECT l.body FROM log l WHERE l.conversation = c.id AND l.seq > c.snap_seq ORDER BY l.seq)";
/// See [`COLUMNS`].
pub(super) const TABLES: &str = "conversation c LEFT JOIN beside b ON b.conversation = c.id";
/// How many rows a look for silent conversations goes through at most.
const LOOK: i64 = 1000;

// === impl Postgres ===

impl Postgres {
    pub(super) async fn load_one(&self, conversation: &ConversationId) -> Result<Option<Loaded>> {
        self.one("c.name = $1", &[&conversation.as_str()]).await
    }

    pub(super) async fn find_of_visitor(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        closed_since: Millis,
    ) -> Result<Option<Loaded>> {
        let open = "c.workspace = $1 AND c.visitor = $2 AND c.closed_at IS NULL";
        let over = "c.workspace = $1 AND c.visitor = $2 AND c.closed_at IS NOT NULL AND c.closed_at >= $3
                    ORDER BY c.closed_at DESC, c.id DESC LIMIT 1";
        let (workspace, visitor) = (workspace.as_str(), visitor.as_str());
        match self.one(open, &[&workspace, &visitor]).await? {
            Some(found) => Ok(Some(found)),
            None => self.one(over, &[&workspace, &visitor, &closed_since.0]).await,
        }
    }

    pub(super) async fn find_due(&self, until: Millis, limit: usize) -> Result<Vec<Due>> {
        let sql = "SELECT name, deadline FROM conversation WHERE deadline IS NOT NULL AND deadline <= $1
                   ORDER BY deadline LIMIT $2";
        let rows = self.pool.query(sql, &[&until.0, &sql_limit(limit)]).await?;
        rows.iter().map(|row| Ok(Due { conversation: text(row, 0)?.into(), deadline: Millis(get(row, 1)?) })).collect()
    }

    pub(super) async fn find_silent(&self, before: Millis, limit: usize) -> Result<Vec<ConversationId>> {
        // The column may lie behind the log, never before it: what it does not name is not silent.
        let sql = format!(
            "SELECT {COLUMNS} FROM {TABLES}
             WHERE c.closed_at IS NULL AND NOT c.served AND c.last_at <= $1 ORDER BY c.last_at LIMIT {LOOK}"
        );
        let (mut found, mut stale) = (Vec::new(), Vec::new());
        for row in self.pool.query(&sql, &[&before.0]).await? {
            if found.len() == limit {
                break;
            }
            match loaded(&row) {
                Ok((_, loaded, _)) if loaded.conversation.last_at <= before => found.push(loaded.conversation.id),
                // So that it does not stand in the way of others next time.
                Ok((id, loaded, _)) => stale.push((id, loaded)),
                Err(fault) => passed_over(&row, &fault),
            }
        }
        for (id, loaded) in &stale {
            refresh(&self.pool, *id, loaded).await;
        }
        Ok(found)
    }

    pub(super) async fn find_waited_in(&self) -> Result<Vec<WorkspaceId>> {
        let sql = "SELECT DISTINCT workspace FROM conversation WHERE deadline IS NOT NULL";
        self.pool.query(sql, &[]).await?.iter().map(|row| Ok(text(row, 0)?.into())).collect()
    }

    pub(super) async fn find_queue(&self, workspace: &WorkspaceId) -> Result<Vec<Queued>> {
        let sql = "SELECT name, visitor, since FROM conversation
                   WHERE workspace = $1 AND state IN ('waiting', 'offline', 'unassigned') AND state = 'waiting'
                   ORDER BY since, id";
        let rows = self.pool.query(sql, &[&workspace.as_str()]).await?;
        let read = |row: &Row| {
            Ok(Queued {
                conversation: text(row, 0)?.into(),
                visitor: text(row, 1)?.into(),
                since: Millis(get(row, 2)?),
            })
        };
        rows.iter().map(read).collect()
    }

    pub(super) async fn find_assigned_to(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentId,
    ) -> Result<Vec<ConversationId>> {
        let sql = "SELECT name FROM conversation WHERE workspace = $1 AND assignee IS NOT NULL AND assignee = $2
                   ORDER BY assigned_at, id";
        let rows = self.pool.query(sql, &[&workspace.as_str(), &agent.as_str()]).await?;
        rows.iter().map(|row| Ok(text(row, 0)?.into())).collect()
    }

    async fn one(&self, which: &str, params: Params<'_>) -> Result<Option<Loaded>> {
        let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE {which}");
        let Some(row) = self.pool.query_opt(&sql, params).await? else { return Ok(None) };
        let (id, loaded, behind) = loaded(&row)?;
        if behind > STALE {
            let (pool, loaded) = (self.pool.clone(), loaded.clone());
            tokio::spawn(async move { refresh(&pool, id, &loaded).await });
        }
        Ok(Some(loaded))
    }
}

/// A row of [`COLUMNS`] folded to the log's head, its id, and how far the stored fold lies behind.
pub(super) fn loaded(row: &Row) -> Result<(i64, Loaded, u64)> {
    let (id, name): (i64, &str) = (get(row, 0)?, text(row, 1)?);
    let visitor = VisitorRef { id: text(row, 3)?.into(), name: get(row, 4)?, verified: get(row, 5)? };
    let mut conversation = row::conversation(name, text(row, 2)?, visitor)?;
    let Seq(was) = conversation.seq;
    for body in get::<Vec<String>>(row, 7)? {
        let entry = Entry::stored(body).map_err(|_| damaged("an event of", name))?;
        if entry.event().seq != conversation.seq.next() {
            return Err(damaged("the log of", name));
        }
        conversation.apply(entry.event());
    }
    let behind = conversation.seq.0 - was;
    Ok((id, Loaded { conversation, beside: row::beside(name, get(row, 6)?)? }, behind))
}

/// Replaces an older fold by a newer one that differs in texts only. Who comes next tries again if it fails.
async fn refresh(pool: &Pool, id: i64, loaded: &Loaded) {
    let fold = &loaded.conversation;
    let Ok(snapshot) = snapshot(fold) else { return };
    let sql = "UPDATE conversation SET last_at = $2, snap_seq = $3, snapshot = $4 WHERE id = $1 AND snap_seq < $3";
    let _ = pool.query(sql, &[&id, &fold.last_at.0, &fold.seq.0.cast_signed(), &snapshot]).await;
}

/// One row that cannot be read must not take its whole list away.
pub(super) fn passed_over(row: &Row, fault: &StoreError) {
    left_out(text(row, 1).unwrap_or_default(), fault);
}

/// The same, of this conversation.
pub(super) fn left_out(conversation: &str, fault: &StoreError) {
    tracing::error!(conversation, error = %fault, "a conversation cannot be read and is left out of a list");
}

/// A column.
pub(super) fn get<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, at: usize) -> Result<T> {
    row.try_get(at).map_err(|fault| StoreError::Damaged(fault.to_string()))
}

/// A column that holds a text.
pub(super) fn text(row: &Row, at: usize) -> Result<&str> {
    get(row, at)
}

/// A limit as SQL takes it.
pub(super) fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
