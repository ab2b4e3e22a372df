//! Where conversations have come to, and which moved lately.

use std::sync::Arc;

use tokio_postgres::Row;

use super::{
    Postgres,
    load::{get, left_out, sql_limit, text},
    log::entries,
};
use crate::{
    ids::{ConversationId, Millis, Seq, WorkspaceId},
    store::{Head, Result, StoreError},
    wire::entry::Entry,
};

// === impl Postgres ===

impl Postgres {
    pub(super) async fn read_heads(&self, conversations: &[ConversationId]) -> Result<Vec<Head>> {
        let sql = "SELECT c.workspace, c.name, c.visitor, l.seq, l.at
                   FROM conversation c
                   CROSS JOIN LATERAL (
                       SELECT seq, at FROM log WHERE conversation = c.id ORDER BY seq DESC LIMIT 1) l
                   WHERE c.name = ANY ($1)";
        let names: Vec<&str> = conversations.iter().map(ConversationId::as_str).collect();
        self.pool.query(sql, &[&names]).await?.iter().map(head).collect()
    }

    pub(super) async fn read_moved(
        &self,
        workspaces: &[WorkspaceId],
        since: Millis,
        limit: usize,
    ) -> Result<Vec<Head>> {
        // Along a log `at` never falls: its newest event, which none follows, is the one decided last. Read along `at`, a
        // page costs what it holds, however much moved behind it.
        let sql = "SELECT c.workspace, c.name, c.visitor, l.seq, l.at
                   FROM log l JOIN conversation c ON c.id = l.conversation
                   WHERE l.at >= $2 AND c.workspace = ANY ($1)
                     AND NOT EXISTS (SELECT FROM log n WHERE n.conversation = l.conversation AND n.seq = l.seq + 1)
                   ORDER BY l.at, l.conversation LIMIT $3";
        let workspaces: Vec<&str> = workspaces.iter().map(WorkspaceId::as_str).collect();
        let rows = self.pool.query(sql, &[&workspaces, &since.0, &sql_limit(limit)]).await?;
        rows.iter().map(head).collect()
    }

    pub(super) async fn read_lately(
        &self,
        conversations: &[ConversationId],
        since: Millis,
        most: usize,
    ) -> Result<Vec<(ConversationId, Vec<Arc<Entry>>)>> {
        let sql = "SELECT l.seq, l.body, c.name
                   FROM conversation c
                   CROSS JOIN LATERAL (
                       SELECT max(seq) AS seq FROM (
                           SELECT seq FROM log WHERE conversation = c.id AND at < $2 ORDER BY seq DESC LIMIT 1) o) old
                   CROSS JOIN LATERAL (
                       SELECT seq, body FROM log WHERE conversation = c.id AND seq >= coalesce(old.seq, 1)
                       ORDER BY seq DESC LIMIT $3) l
                   WHERE c.name = ANY ($1) ORDER BY c.id, l.seq";
        let names: Vec<&str> = conversations.iter().map(ConversationId::as_str).collect();
        let rows = self.pool.query(sql, &[&names, &since.0, &sql_limit(most)]).await?;
        let mut ends = Vec::new();
        for end in rows.chunk_by(|one, next| text(one, 2).ok() == text(next, 2).ok()) {
            let name = text(&end[0], 2)?;
            match entries(end) {
                Ok(end) => ends.push((name.to_owned().into(), end)),
                Err(fault @ StoreError::Damaged(_)) => left_out(name, &fault),
                Err(fault) => return Err(fault),
            }
        }
        Ok(ends)
    }
}

fn head(row: &Row) -> Result<Head> {
    Ok(Head {
        workspace: text(row, 0)?.into(),
        conversation: text(row, 1)?.into(),
        visitor: text(row, 2)?.into(),
        seq: Seq(get::<i64>(row, 3)?.cast_unsigned()),
        at: Millis(get(row, 4)?),
    })
}
