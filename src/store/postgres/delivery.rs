//! The outbox: events on their way to webhooks. Whatever is taken is taken in one statement, which passes over rows
//! that another node is just taking.

use tokio_postgres::Row;

use super::{
    Postgres,
    load::{get, sql_limit, text},
    pool::Params,
    webhook,
};
use crate::{
    ids::{ConversationId, DeliveryId, Millis, Seq, WebhookId, WorkspaceId},
    store::{
        Backlog, Delivery, DeliveryPage, DeliveryQuery, DeliveryState, DeliveryStateName, ORDERED_TRIES, Result,
        Revived, Settled, StoreError, Take, Taken, Topic, Verdict, cursor, fault::damaged,
    },
};

/// What [`read`] needs of a row, in this order, and where from; its webhook's columns follow from [`WEBHOOK`] on.
const COLUMNS: &str = "d.id, w.name, c.name, d.seq, d.topic, d.at, d.tries, d.next_at, d.done_at, d.dead, d.status, \
                       d.error, d.takes";
/// See [`COLUMNS`].
const TABLES: &str =
    "JOIN webhook w ON w.id = d.webhook AND w.deleted_at IS NULL JOIN conversation c ON c.id = d.conversation";
/// The first of the webhook's own columns.
const WEBHOOK: usize = 13;
/// One delivery by its names.
const NAMED: &str = "w.name = $1 AND c.name = $2 AND d.seq = $3";

// === impl Postgres ===

impl Postgres {
    pub(super) async fn take_due(&self, take: &Take) -> Result<Vec<Taken>> {
        let sql = format!(
            "WITH due AS MATERIALIZED (
                 SELECT d.id, d.takes, d.next_at
                 FROM webhook w
                 CROSS JOIN LATERAL (
                     SELECT d.id, d.takes, d.next_at FROM delivery d
                     WHERE d.webhook = w.id AND d.done_at IS NULL AND CASE
                         WHEN w.disabled_at IS NOT NULL THEN d.next_at <= $1 OR d.taken_by IS NULL
                         ELSE d.next_at <= $1 AND NOT EXISTS (
                             SELECT FROM delivery e
                             WHERE e.webhook = d.webhook AND e.conversation = d.conversation AND e.seq < d.seq
                                 AND e.done_at IS NULL AND e.tries < $2)
                         END
                     ORDER BY d.next_at, d.id
                     LIMIT greatest(0, least($3, $4 - (
                         SELECT count(*) FROM delivery b
                         WHERE b.webhook = w.id AND b.taken_by IS NOT NULL AND b.next_at > $1)))
                 ) d
                 WHERE w.deleted_at IS NULL
                 ORDER BY d.next_at, d.id LIMIT $3
             ), free AS MATERIALIZED (
                 SELECT d.id, u.next_at AS was
                 FROM delivery d JOIN due u ON u.id = d.id
                 WHERE d.takes = u.takes AND d.next_at = u.next_at AND d.done_at IS NULL
                 FOR UPDATE OF d SKIP LOCKED
             ), taken AS (
                 UPDATE delivery d SET taken_by = $5, next_at = $6, takes = d.takes + 1
                 FROM free WHERE d.id = free.id
                 RETURNING d.*, free.was
             )
             SELECT {COLUMNS}, {} FROM taken d {TABLES} ORDER BY d.was, d.id",
            webhook::COLUMNS
        );
        let (ordered, limit, busy) = (ORDERED_TRIES.cast_signed(), sql_limit(take.limit), sql_limit(take.per_webhook));
        let params: Params<'_> = &[&take.now.0, &ordered, &limit, &busy, &take.node.as_str(), &take.until.0];
        // Not done twice: what was taken unheard comes back when its lease runs out.
        let rows = self.pool.once(&sql, params).await?;
        let taken = |row: &Row| {
            let lease = get::<i64>(row, 12)?.cast_unsigned();
            Ok(Taken { delivery: read(row)?, webhook: webhook::read(row, WEBHOOK)?, lease })
        };
        rows.iter().map(taken).collect()
    }

    pub(super) async fn settle_taken(&self, settled: &Settled) -> Result<bool> {
        let Some((conversation, seq)) = settled.delivery.event() else { return Ok(false) };
        let (next_at, dead, error) = match &settled.verdict {
            Verdict::Delivered => (None, false, None),
            Verdict::Again { next_at, error } => (Some(next_at.0), false, Some(error)),
            Verdict::Dead { error } => (None, true, Some(error)),
        };
        let sql = format!(
            "UPDATE delivery SET tries = tries + 1, taken_by = NULL, next_at = coalesce($5, next_at),
                 done_at = CASE WHEN $5::bigint IS NULL THEN $6::bigint END, dead = $7,
                 status = coalesce($8, status), error = $9
             WHERE id = (SELECT d.id FROM delivery d {TABLES} WHERE {NAMED})
                 AND takes = $4 AND taken_by IS NOT NULL AND done_at IS NULL
             RETURNING 1"
        );
        let (webhook, conversation, seq) = (settled.webhook.as_str(), conversation.as_str(), seq.0.cast_signed());
        let (lease, status) = (settled.lease.cast_signed(), settled.status.map(i32::from));
        let params: Params<'_> =
            &[&webhook, &conversation, &seq, &lease, &next_at, &settled.at.0, &dead, &status, &error];
        // Not done twice: the second time it would be settled already.
        Ok(!self.pool.once(&sql, params).await?.is_empty())
    }

    pub(super) async fn revive(
        &self,
        workspace: &WorkspaceId,
        webhook: &WebhookId,
        delivery: &DeliveryId,
        now: Millis,
    ) -> Result<Revived> {
        let Some((conversation, seq)) = delivery.event() else { return Ok(Revived::Unknown) };
        let sql = format!("SELECT {COLUMNS}, {} FROM delivery d {TABLES} WHERE {NAMED}", webhook::COLUMNS);
        let params: Params<'_> = &[&webhook.as_str(), &conversation.as_str(), &seq.0.cast_signed()];
        let Some(row) = self.pool.query_opt(&sql, params).await? else { return Ok(Revived::Unknown) };
        let (found, whose) = (read(&row)?, webhook::read(&row, WEBHOOK)?);
        if whose.workspace != *workspace {
            return Ok(Revived::Unknown);
        }
        if whose.disabled.is_some() {
            return Ok(Revived::Disabled);
        }
        let id: i64 = get(&row, 0)?;
        let sql = "UPDATE delivery SET tries = 0, next_at = $2, done_at = NULL, dead = false
                   WHERE id = $1 AND (dead OR done_at IS NULL AND taken_by IS NULL AND tries > 0) RETURNING 1";
        let revived = Delivery { tries: 0, state: DeliveryState::Waiting { next_at: now }, ..found.clone() };
        match (self.pool.once(sql, &[&id, &now.0]).await?.is_empty(), found.state) {
            (false, _) => Ok(Revived::Done(revived)),
            // Somebody else was quicker.
            (true, DeliveryState::Dead { .. }) => Ok(Revived::Alive(revived)),
            (true, _) => Ok(Revived::Alive(found)),
        }
    }

    /// A conversation's deliveries are found by way of its workspace's webhooks, which are few.
    pub(super) async fn read_undelivered(
        &self,
        conversation: &ConversationId,
        topic: Topic,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM conversation c
             JOIN webhook w ON w.workspace = c.workspace AND w.deleted_at IS NULL
             JOIN delivery d ON d.webhook = w.id AND d.conversation = c.id
             WHERE c.name = $1 AND d.topic = $2 AND (d.done_at IS NULL OR d.dead) ORDER BY d.seq DESC, d.id LIMIT $3"
        );
        let params: Params<'_> = &[&conversation.as_str(), &topic.as_str(), &sql_limit(limit)];
        self.pool.query(&sql, params).await?.iter().map(read).collect()
    }

    pub(super) async fn read_deliveries(&self, query: &DeliveryQuery) -> Result<DeliveryPage> {
        let before = match &query.before {
            None => i64::MAX,
            Some(cursor) => cursor::read_cursor("deliveries", cursor).ok_or(StoreError::Cursor)?.1,
        };
        let which = match query.state {
            None => "",
            Some(DeliveryStateName::Waiting) => "AND d.done_at IS NULL",
            Some(DeliveryStateName::Delivered) => "AND d.done_at IS NOT NULL AND NOT d.dead",
            Some(DeliveryStateName::Dead) => "AND d.dead",
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM delivery d {TABLES}
             WHERE d.webhook = (SELECT id FROM webhook WHERE name = $1 AND workspace = $2) AND d.id < $3 {which}
             ORDER BY d.id DESC LIMIT $4"
        );
        let limit = query.limit.clamp(1, 100);
        let (webhook, workspace, most) = (query.webhook.as_str(), query.workspace.as_str(), limit as i64 + 1);
        let rows = self.pool.query(&sql, &[&webhook, &workspace, &before, &most]).await?;
        let next = match rows.len() > limit {
            true => Some(cursor::cursor("deliveries", 0, get(&rows[limit - 1], 0)?)),
            false => None,
        };
        let deliveries = rows.iter().take(limit).map(read).collect::<Result<_>>()?;
        Ok(DeliveryPage { deliveries, next })
    }

    pub(super) async fn read_backlog(&self) -> Result<Backlog> {
        let sql = "SELECT
                (SELECT count(*) FROM webhook w JOIN delivery d ON d.webhook = w.id
                 WHERE w.deleted_at IS NULL AND d.done_at IS NULL),
                (SELECT min(o.at) FROM webhook w CROSS JOIN LATERAL (
                     SELECT min(d.at) AS at FROM delivery d WHERE d.webhook = w.id AND d.done_at IS NULL) o
                 WHERE w.deleted_at IS NULL),
                (SELECT count(*) FROM webhook w JOIN delivery d ON d.webhook = w.id
                 WHERE w.deleted_at IS NULL AND d.dead)";
        let Some(row) = self.pool.query_opt(sql, &[]).await? else { return Ok(Backlog::default()) };
        let (waiting, oldest, dead): (i64, Option<i64>, i64) = (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?);
        Ok(Backlog { waiting: waiting.cast_unsigned(), oldest: oldest.map(Millis), dead: dead.cast_unsigned() })
    }

    /// What another node is just forgetting is passed over. A deleted webhook's own row goes last, when no transaction
    /// runs any more that may have seen it whole: they leave nothing behind that belongs to nobody.
    pub(super) async fn forget_deliveries(&self, before: Millis, limit: usize) -> Result<usize> {
        let old = "DELETE FROM delivery WHERE id IN (
                       SELECT id FROM delivery WHERE done_at < $1
                       ORDER BY done_at, id LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1";
        let orphans = "DELETE FROM delivery WHERE id IN (
                           SELECT d.id FROM webhook w JOIN delivery d ON d.webhook = w.id
                           WHERE w.deleted_at IS NOT NULL LIMIT $1 FOR UPDATE OF d SKIP LOCKED) RETURNING 1";
        let webhooks = "DELETE FROM webhook w
                        WHERE w.deleted_at < clock_timestamp() - interval '1 minute'
                            AND NOT EXISTS (SELECT FROM delivery d WHERE d.webhook = w.id)";
        let limit = sql_limit(limit);
        let mut gone = self.pool.query(old, &[&before.0, &limit]).await?.len();
        gone += self.pool.query(orphans, &[&(limit - gone as i64)]).await?.len();
        self.pool.query(webhooks, &[]).await?;
        Ok(gone)
    }
}

fn read(row: &Row) -> Result<Delivery> {
    let conversation = text(row, 2)?.into();
    let seq = Seq(get::<i64>(row, 3)?.cast_unsigned());
    let id = DeliveryId::of(&conversation, seq);
    let topic = Topic::named(text(row, 4)?).ok_or_else(|| damaged("delivery", &id))?;
    let state = match (get::<Option<i64>>(row, 8)?.map(Millis), get(row, 9)?) {
        (None, _) => DeliveryState::Waiting { next_at: Millis(get(row, 7)?) },
        (Some(at), true) => DeliveryState::Dead { at },
        (Some(at), false) => DeliveryState::Delivered { at },
    };
    Ok(Delivery {
        id,
        webhook: text(row, 1)?.into(),
        conversation,
        seq,
        topic,
        at: Millis(get(row, 5)?),
        tries: get::<i32>(row, 6)?.cast_unsigned(),
        state,
        status: get::<Option<i32>>(row, 10)?.and_then(|status| u16::try_from(status).ok()),
        error: get(row, 11)?,
    })
}
