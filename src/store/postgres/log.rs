//! Reading a log.

use std::sync::Arc;

use tokio_postgres::Row;

use super::{
    Postgres,
    load::{get, sql_limit, text},
};
use crate::{
    ids::{ConversationId, MessageKey, Seq},
    store::{Result, fault::damaged},
    wire::entry::Entry,
};

// === impl Postgres ===

impl Postgres {
    pub(super) async fn read_after(
        &self,
        conversation: &ConversationId,
        after: Seq,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<Arc<Entry>>> {
        let after = i64::try_from(after.0).unwrap_or(i64::MAX);
        let sql = "SELECT seq, body FROM (
                       SELECT l.seq, l.body, sum(octet_length(l.body)) OVER (ORDER BY l.seq) AS size,
                              row_number() OVER (ORDER BY l.seq) AS nth
                       FROM log l
                       WHERE l.conversation = (SELECT id FROM conversation WHERE name = $1) AND l.seq > $2
                       ORDER BY l.seq LIMIT $3
                   ) page
                   WHERE nth = 1 OR size <= $4 ORDER BY seq";
        let name = conversation.as_str();
        let rows = self.pool.query(sql, &[&name, &after, &sql_limit(limit), &sql_limit(bytes)]).await?;
        let entries = entries(&rows)?;
        match (after.saturating_add(1)..).zip(&entries).all(|(seq, entry)| entry.event().seq.0.cast_signed() == seq) {
            true => Ok(entries),
            false => Err(damaged("the log after event", after)),
        }
    }

    pub(super) async fn read_before(
        &self,
        conversation: &ConversationId,
        before: Option<Seq>,
        limit: usize,
        bytes: usize,
        for_visitor: bool,
    ) -> Result<Vec<Arc<Entry>>> {
        let before = before.map_or(i64::MAX, |seq| i64::try_from(seq.0).unwrap_or(i64::MAX));
        let shown = if for_visitor { "AND NOT l.hidden" } else { "" };
        let sql = format!(
            "SELECT seq, body FROM (
                 SELECT l.seq, l.body, sum(octet_length(l.body)) OVER (ORDER BY l.seq DESC) AS size,
                        row_number() OVER (ORDER BY l.seq DESC) AS nth
                 FROM log l
                 WHERE l.conversation = (SELECT id FROM conversation WHERE name = $1) AND l.seq < $2 {shown}
                 ORDER BY l.seq DESC LIMIT $3
             ) page
             WHERE nth = 1 OR size <= $4 ORDER BY seq"
        );
        let name = conversation.as_str();
        let rows = self.pool.query(&sql, &[&name, &before, &sql_limit(limit), &sql_limit(bytes)]).await?;
        entries(&rows)
    }

    pub(super) async fn read_keyed(
        &self,
        conversation: &ConversationId,
        scope: &str,
        key: &MessageKey,
    ) -> Result<Option<Arc<Entry>>> {
        let sql = "SELECT seq, body FROM log
                   WHERE conversation = (SELECT id FROM conversation WHERE name = $1)
                       AND scope = $2 AND key = $3 AND key IS NOT NULL";
        let row = self.pool.query_opt(sql, &[&conversation.as_str(), &scope, &key.as_str()]).await?;
        Ok(entries(row.as_slice())?.pop())
    }
}

/// Events of rows that begin with `seq` and `body`.
pub(super) fn entries(rows: &[Row]) -> Result<Vec<Arc<Entry>>> {
    let read = |row: &Row| {
        let seq: i64 = get(row, 0)?;
        let entry = Entry::stored(text(row, 1)?.to_owned()).map_err(|_| damaged("event", seq))?;
        match entry.event().seq.0.cast_signed() == seq {
            true => Ok(entry),
            false => Err(damaged("event", seq)),
        }
    };
    rows.iter().map(read).collect()
}
