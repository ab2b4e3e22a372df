//! Forgetting a person: an append that rewrites what lies before it, in a transaction of its own. Rare, so it stands
//! beside the lanes.

use deadpool_postgres::Transaction;
use tokio::time::timeout;
use tokio_postgres::Row;

use super::{
    Postgres,
    fault::Fault,
    load::{get, sql_limit, text},
    pool::REPLY,
};
use crate::{
    ids::{ConversationId, Seq, VisitorId, WorkspaceId},
    store::{
        Append, Appended, Result,
        append::{check_order, check_row},
        erasure::{ITEM_TITLE, left_of},
        fault::damaged,
        row::Columns,
    },
};

// === impl Postgres ===

impl Postgres {
    pub(super) async fn read_of_person(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        limit: usize,
    ) -> Result<Vec<ConversationId>> {
        // Each part by its own index.
        let sql = "(SELECT name FROM conversation WHERE workspace = $1 AND visitor = $2 AND closed_at IS NULL LIMIT $3)
                   UNION ALL
                   (SELECT name FROM conversation WHERE workspace = $1 AND visitor = $2 AND closed_at IS NOT NULL
                    ORDER BY closed_at LIMIT $3)
                   LIMIT $3";
        let rows = self.pool.query(sql, &[&workspace.as_str(), &visitor.as_str(), &sql_limit(limit)]).await?;
        rows.iter().map(|row| Ok(text(row, 0)?.into())).collect()
    }

    /// Appends an erasure and erases. Whether it was done after a lost connection the next look tells: it is not done
    /// twice, for then it is stale.
    pub(super) async fn append_erasure(&self, append: &Append) -> Result<Appended> {
        check_order(append.after, &append.entries)?;
        if let Some(row) = &append.row {
            check_row(&append.conversation, row, &append.entries)?;
        }
        Ok(timeout(REPLY, self.erase(append)).await.unwrap_or_else(|_| Err(Fault::silent()))?)
    }

    async fn erase(&self, append: &Append) -> std::result::Result<Appended, Fault> {
        let Some(row) = &append.row else { return Err(damaged("an erasure of", &append.conversation).into()) };
        let mut client = self.pool.client().await?;
        let tx = client.transaction().await?;
        let hold = "SELECT id FROM conversation WHERE name = $1 FOR NO KEY UPDATE";
        let held = tx.query(&tx.prepare_cached(hold).await?, &[&append.conversation.as_str()]).await?;
        let Some(id) = held.first().map(|row| row.try_get::<_, i64>(0)).transpose()? else {
            return Ok(Appended::Unknown);
        };
        if !write(&tx, id, append).await? {
            let head = "SELECT max(seq) FROM log WHERE conversation = $1";
            let head: i64 = tx.query_one(&tx.prepare_cached(head).await?, &[&id]).await?.try_get(0)?;
            return Ok(Appended::Stale { head: Seq(head.cast_unsigned()) });
        }
        let columns = Columns::of(row)?;
        let keep = "UPDATE conversation SET last_at = $2, snap_seq = $3, snapshot = $4, visitor = $5,
                        visitor_name = NULL, verified = false
                    WHERE id = $1";
        let nobody = VisitorId::erased();
        let params: super::pool::Params<'_> =
            &[&id, &columns.last_at, &columns.seq, &columns.snapshot, &nobody.as_str()];
        tx.execute(&tx.prepare_cached(keep).await?, params).await?;
        forget(&tx, id, append.after).await?;
        tx.commit().await?;
        Ok(Appended::Done { counts: Vec::new() })
    }
}

/// Writes the events behind the head, if it is there. False when somebody else is.
async fn write(tx: &Transaction<'_>, id: i64, append: &Append) -> std::result::Result<bool, Fault> {
    let (mut seqs, mut at, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &append.entries {
        seqs.push(entry.event().seq.0.cast_signed());
        at.push(entry.event().at.0);
        bodies.push(entry.json());
    }
    let insert = "INSERT INTO log (conversation, seq, at, hidden, body)
                  SELECT $1, e.seq, e.at, true, e.body
                  FROM unnest($3::bigint[], $4::bigint[], $5::text[]) AS e (seq, at, body)
                  WHERE EXISTS (SELECT FROM log p WHERE p.conversation = $1 AND p.seq = $2)
                  ORDER BY e.seq
                  ON CONFLICT DO NOTHING";
    let params: super::pool::Params<'_> = &[&id, &append.after.0.cast_signed(), &seqs, &at, &bodies];
    Ok(tx.execute(&tx.prepare_cached(insert).await?, params).await? == seqs.len() as u64)
}

/// Takes the person out of all that lies at or before `upto`.
async fn forget(tx: &Transaction<'_>, id: i64, upto: Seq) -> std::result::Result<(), Fault> {
    let select = "SELECT seq, body FROM log WHERE conversation = $1 AND seq <= $2";
    let rows = tx.query(&tx.prepare_cached(select).await?, &[&id, &upto.0.cast_signed()]).await?;
    let (mut seqs, mut bodies) = (Vec::new(), Vec::new());
    let left = |row: &Row| -> Result<(i64, String)> { Ok((get(row, 0)?, left_of(get(row, 1)?)?.json().to_owned())) };
    for row in &rows {
        let (seq, body) = left(row)?;
        seqs.push(seq);
        bodies.push(body);
    }
    let update = "UPDATE log l SET body = g.body FROM unnest($2::bigint[], $3::text[]) AS g (seq, body)
                  WHERE l.conversation = $1 AND l.seq = g.seq";
    tx.execute(&tx.prepare_cached(update).await?, &[&id, &seqs, &bodies]).await?;
    let items = "UPDATE item SET title = $2, fields = '{}', external = NULL WHERE conversation = $1";
    tx.execute(&tx.prepare_cached(items).await?, &[&id, &ITEM_TITLE]).await?;
    tx.execute(&tx.prepare_cached("DELETE FROM beside WHERE conversation = $1").await?, &[&id]).await?;
    // Whoever takes words in holds the other half of this lock from before they read: what they read of the log is
    // in the search by now, and what they read later is erased.
    tx.batch_execute("LOCK TABLE search IN SHARE ROW EXCLUSIVE MODE").await?;
    tx.execute(&tx.prepare_cached("DELETE FROM search WHERE conversation = $1").await?, &[&id]).await?;
    Ok(())
}
