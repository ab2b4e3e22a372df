//! The outbox: events on their way to webhooks.
//!
//! There is one process, so what is due is looked for among the readers, which do not stand in the way of messages; the
//! writer then only takes what is still as it was seen. What a former process had taken is free from the start.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::webhook;
use crate::{
    chat::event::Event,
    ids::{ConversationId, DeliveryId, Millis, Seq, WebhookId, WorkspaceId},
    store::{
        Backlog, Delivery, DeliveryPage, DeliveryQuery, DeliveryState, DeliveryStateName, ORDERED_TRIES, Result,
        Revived, Settled, StoreError, Take, Taken, Topic, Verdict, cursor, fault::damaged,
    },
};

const COLUMNS: &str = "d.id, w.name, c.name, d.seq, d.topic, d.at, d.tries, d.next_at, d.done_at, d.dead, d.status, \
                       d.error, d.webhook, d.takes";
const TABLES: &str = "delivery d JOIN webhook w ON w.id = d.webhook AND w.deleted = 0 \
                      JOIN conversation c ON c.id = d.conversation";

/// A delivery that was due when it was looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    id: i64,
    takes: i64,
    next_at: i64,
}

/// Puts an event into the outbox: for everybody of its workspace who wants to be told.
pub(super) fn put(
    conn: &Connection,
    workspace: &WorkspaceId,
    conversation: i64,
    event: &Event,
    topic: Topic,
) -> Result<()> {
    for webhook in webhook::wanting(conn, workspace, topic)? {
        conn.prepare_cached(
            "INSERT INTO delivery (webhook, conversation, seq, topic, at, next_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        )?
        .execute(params![webhook, conversation, event.seq.0.cast_signed(), topic.as_str(), event.at.0])?;
    }
    Ok(())
}

/// Whoever had taken something is dead: this process is the only one.
pub(super) fn free(conn: &Connection, now: Millis) -> rusqlite::Result<()> {
    conn.execute("UPDATE delivery SET taken_by = NULL, next_at = ?1 WHERE taken_by IS NOT NULL", [now.0])?;
    Ok(())
}

/// What [`Outbox::take_deliveries`](crate::store::Outbox::take_deliveries) may take, the longest due first.
pub(super) fn due(conn: &Connection, take: &Take) -> Result<Vec<Due>> {
    let mut webhooks = conn.prepare_cached(
        "SELECT w.id, w.disabled_at IS NOT NULL FROM webhook w WHERE w.deleted = 0 AND (
            EXISTS (SELECT 1 FROM delivery d WHERE d.webhook = w.id AND d.done_at IS NULL AND d.next_at <= ?1)
            OR w.disabled_at IS NOT NULL
               AND EXISTS (SELECT 1 FROM delivery d WHERE d.webhook = w.id AND d.done_at IS NULL))",
    )?;
    let mut rows = webhooks.query([take.now.0])?;
    let mut found: Vec<Due> = Vec::new();
    while let Some(row) = rows.next()? {
        let (webhook, disabled): (i64, bool) = (row.get(0)?, row.get(1)?);
        let busy: i64 = conn
            .prepare_cached(
                "SELECT count(*) FROM delivery WHERE webhook = ?1 AND taken_by IS NOT NULL AND next_at > ?2",
            )?
            .query_row(params![webhook, take.now.0], |row| row.get(0))?;
        let room = take.per_webhook.saturating_sub(busy as usize).min(take.limit);
        found.extend(due_of(conn, webhook, disabled, take.now, room)?);
    }
    found.sort_by_key(|due| (due.next_at, due.id));
    found.truncate(take.limit);
    Ok(found)
}

fn due_of(conn: &Connection, webhook: i64, disabled: bool, now: Millis, room: usize) -> Result<Vec<Due>> {
    let which = match disabled {
        true => "(d.next_at <= ?2 OR d.taken_by IS NULL) AND ?3 IS NOT NULL",
        false => {
            "d.next_at <= ?2 AND NOT EXISTS (
                SELECT 1 FROM delivery e WHERE e.webhook = d.webhook AND e.conversation = d.conversation
                AND e.seq < d.seq AND e.done_at IS NULL AND e.tries < ?3)"
        }
    };
    let mut select = conn.prepare_cached(&format!(
        "SELECT d.id, d.takes, d.next_at FROM delivery d
         WHERE d.webhook = ?1 AND d.done_at IS NULL AND {which} ORDER BY d.next_at, d.id LIMIT ?4"
    ))?;
    let rows = select.query_map(params![webhook, now.0, ORDERED_TRIES, room as i64], |row| {
        Ok(Due { id: row.get(0)?, takes: row.get(1)?, next_at: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Takes what is still as it was seen.
pub(super) fn take(conn: &Connection, take: &Take, due: &[Due]) -> Result<Vec<Taken>> {
    let mut update = conn.prepare_cached(
        "UPDATE delivery SET taken_by = ?4, next_at = ?5, takes = takes + 1
         WHERE id = ?1 AND takes = ?2 AND next_at = ?3 AND done_at IS NULL",
    )?;
    let mut taken = Vec::with_capacity(due.len());
    for Due { id, takes, next_at } in due {
        if update.execute(params![id, takes, next_at, take.node.as_str(), take.until.0])? == 0 {
            continue;
        }
        let Some((delivery, webhook, lease)) = one(conn, "d.id = ?1", params![id])? else { continue };
        if let Some(webhook) = webhook::at(conn, webhook)? {
            taken.push(Taken { delivery, webhook, lease: lease.cast_unsigned() });
        }
    }
    Ok(taken)
}

/// See [`Outbox::settle_delivery`](crate::store::Outbox::settle_delivery).
pub(super) fn settle(conn: &Connection, settled: &Settled) -> Result<bool> {
    let Some(id) = find(conn, &settled.webhook, &settled.delivery)? else { return Ok(false) };
    let (next_at, dead, error) = match &settled.verdict {
        Verdict::Delivered => (None, false, None),
        Verdict::Again { next_at, error } => (Some(next_at.0), false, Some(error)),
        Verdict::Dead { error } => (None, true, Some(error)),
    };
    let changed = conn
        .prepare_cached(
            "UPDATE delivery SET tries = tries + 1, taken_by = NULL, next_at = coalesce(?3, next_at),
                 done_at = CASE WHEN ?3 IS NULL THEN ?4 END, dead = ?5, status = coalesce(?6, status), error = ?7
             WHERE id = ?1 AND takes = ?2 AND taken_by IS NOT NULL AND done_at IS NULL",
        )?
        .execute(params![id, settled.lease.cast_signed(), next_at, settled.at.0, dead, settled.status, error])?;
    Ok(changed > 0)
}

/// See [`Outbox::undelivered`](crate::store::Outbox::undelivered). A conversation's deliveries are found by way of its
/// workspace's webhooks, which are few.
pub(super) fn undelivered(
    conn: &Connection,
    conversation: &ConversationId,
    topic: Topic,
    limit: usize,
) -> Result<Vec<Delivery>> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM conversation c
         JOIN webhook w ON w.workspace = c.workspace AND w.deleted = 0
         JOIN delivery d ON d.webhook = w.id AND d.conversation = c.id
         WHERE c.name = ?1 AND d.topic = ?2 AND (d.done_at IS NULL OR d.dead = 1) ORDER BY d.seq DESC, d.id LIMIT ?3"
    ))?;
    let mut rows = select.query(params![conversation.as_str(), topic.as_str(), limit as i64])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// See [`Outbox::revive_delivery`](crate::store::Outbox::revive_delivery).
pub(super) fn revive(
    conn: &Connection,
    workspace: &WorkspaceId,
    webhook: &WebhookId,
    delivery: &DeliveryId,
    now: Millis,
) -> Result<Revived> {
    let Some(id) = find(conn, webhook, delivery)? else { return Ok(Revived::Unknown) };
    let Some((found, row, _)) = one(conn, "d.id = ?1", params![id])? else { return Ok(Revived::Unknown) };
    match webhook::at(conn, row)? {
        Some(webhook) if webhook.workspace != *workspace => return Ok(Revived::Unknown),
        Some(webhook) if webhook.disabled.is_some() => return Ok(Revived::Disabled),
        Some(_) => {}
        None => return Ok(Revived::Unknown),
    }
    let changed = conn
        .prepare_cached(
            "UPDATE delivery SET tries = 0, next_at = ?2, done_at = NULL, dead = 0
             WHERE id = ?1 AND (dead = 1 OR done_at IS NULL AND taken_by IS NULL AND tries > 0)",
        )?
        .execute(params![id, now.0])?;
    if changed == 0 {
        return Ok(Revived::Alive(found));
    }
    Ok(Revived::Done(Delivery { tries: 0, state: DeliveryState::Waiting { next_at: now }, ..found }))
}

/// See [`Outbox::deliveries`](crate::store::Outbox::deliveries).
pub(super) fn page(conn: &Connection, query: &DeliveryQuery) -> Result<DeliveryPage> {
    let before = match &query.before {
        None => i64::MAX,
        Some(cursor) => cursor::read_cursor("deliveries", cursor).ok_or(StoreError::Cursor)?.1,
    };
    let which = match query.state {
        None => "",
        Some(DeliveryStateName::Waiting) => "AND d.done_at IS NULL",
        Some(DeliveryStateName::Delivered) => "AND d.done_at IS NOT NULL AND d.dead = 0",
        Some(DeliveryStateName::Dead) => "AND d.dead = 1",
    };
    let mut select = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE d.webhook = (SELECT id FROM webhook WHERE name = ?1 AND workspace = ?2)
         AND d.id < ?3 {which} ORDER BY d.id DESC LIMIT ?4"
    ))?;
    let limit = query.limit.clamp(1, 100);
    let mut rows = select.query(params![query.webhook.as_str(), query.workspace.as_str(), before, limit as i64 + 1])?;
    let (mut deliveries, mut last) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if deliveries.len() == limit {
            return Ok(DeliveryPage { deliveries, next: Some(cursor::cursor("deliveries", 0, last)) });
        }
        last = row.get(0)?;
        deliveries.push(read(row)?);
    }
    Ok(DeliveryPage { deliveries, next: None })
}

/// See [`Outbox::backlog`](crate::store::Outbox::backlog).
pub(super) fn backlog(conn: &Connection) -> Result<Backlog> {
    let count = |sql: &str| -> Result<(u64, Option<i64>)> {
        Ok(conn.prepare_cached(sql)?.query_row([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?)
    };
    let (waiting, oldest) = count(
        "SELECT count(*), min(d.at) FROM webhook w JOIN delivery d ON d.webhook = w.id
         WHERE w.deleted = 0 AND d.done_at IS NULL",
    )?;
    let (dead, _) = count(
        "SELECT count(*), NULL FROM webhook w JOIN delivery d ON d.webhook = w.id WHERE w.deleted = 0 AND d.dead = 1",
    )?;
    Ok(Backlog { waiting, oldest: oldest.map(Millis), dead })
}

/// See [`Outbox::sweep_deliveries`](crate::store::Outbox::sweep_deliveries).
pub(super) fn sweep(conn: &Connection, before: Millis, limit: usize) -> Result<usize> {
    let limit = limit as i64;
    let old = conn
        .prepare_cached("DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE done_at < ?1 ORDER BY done_at, id LIMIT ?2)")?
        .execute([before.0, limit])?;
    let orphans = conn
        .prepare_cached(
            "DELETE FROM delivery WHERE id IN (
                SELECT d.id FROM webhook w JOIN delivery d ON d.webhook = w.id WHERE w.deleted = 1 LIMIT ?1)",
        )?
        .execute([limit - old as i64])?;
    conn.prepare_cached(
        "DELETE FROM webhook WHERE deleted = 1 AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.webhook = webhook.id)",
    )?
    .execute([])?;
    Ok(old + orphans)
}

fn find(conn: &Connection, webhook: &WebhookId, delivery: &DeliveryId) -> Result<Option<i64>> {
    let Some((conversation, seq)) = delivery.event() else { return Ok(None) };
    let mut select =
        conn.prepare_cached(&format!("SELECT d.id FROM {TABLES} WHERE w.name = ?1 AND c.name = ?2 AND d.seq = ?3"))?;
    let params = params![webhook.as_str(), conversation.as_str(), seq.0.cast_signed()];
    Ok(select.query_row(params, |row| row.get(0)).optional()?)
}

/// A delivery, its webhook's row and its last lease.
fn one(conn: &Connection, which: &str, params: &[&dyn ToSql]) -> Result<Option<(Delivery, i64, i64)>> {
    let mut select = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} WHERE {which}"))?;
    let mut rows = select.query(params)?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((read(row)?, row.get(12)?, row.get(13)?)))
}

fn read(row: &Row<'_>) -> Result<Delivery> {
    let conversation = row.get::<_, String>(2)?.into();
    let seq = Seq(row.get::<_, i64>(3)?.cast_unsigned());
    let id = DeliveryId::of(&conversation, seq);
    let topic = Topic::named(row.get_ref(4)?.as_str().unwrap_or_default()).ok_or_else(|| damaged("delivery", &id))?;
    let state = match (row.get::<_, Option<i64>>(8)?.map(Millis), row.get(9)?) {
        (None, _) => DeliveryState::Waiting { next_at: Millis(row.get(7)?) },
        (Some(at), true) => DeliveryState::Dead { at },
        (Some(at), false) => DeliveryState::Delivered { at },
    };
    Ok(Delivery {
        id,
        webhook: row.get::<_, String>(1)?.into(),
        conversation,
        seq,
        topic,
        at: Millis(row.get(5)?),
        tries: row.get(6)?,
        state,
        status: row.get(10)?,
        error: row.get(11)?,
    })
}
