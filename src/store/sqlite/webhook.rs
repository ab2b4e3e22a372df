//! Webhooks. A deleted one is gone at once for everybody but the sweep, which takes its rows away in slices.

use rusqlite::{Connection, Row, params};

use crate::{
    ids::{Millis, WebhookId, WorkspaceId},
    store::{Disabled, MAX_WEBHOOKS, Result, Topic, Topics, Webhook, WebhookSecret, fault::damaged},
};

const COLUMNS: &str = "name, workspace, url, secret, topics, created_at, disabled_at, disabled_why";

/// See [`Outbox::add_webhook`](crate::store::Outbox::add_webhook).
pub(super) fn add(conn: &Connection, webhook: &Webhook) -> Result<bool> {
    let mut count = conn.prepare_cached("SELECT count(*) FROM webhook WHERE workspace = ?1 AND deleted = 0")?;
    if count.query_row([webhook.workspace.as_str()], |row| row.get::<_, i64>(0))? >= MAX_WEBHOOKS as i64 {
        return Ok(false);
    }
    let disabled = webhook.disabled.as_ref();
    let mut insert =
        conn.prepare_cached(&format!("INSERT INTO webhook ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"))?;
    insert.execute(params![
        webhook.id.as_str(),
        webhook.workspace.as_str(),
        webhook.url,
        webhook.secret.as_str(),
        webhook.topics.to_text(),
        webhook.created_at.0,
        disabled.map(|disabled| disabled.at.0),
        disabled.map(|disabled| &disabled.reason),
    ])?;
    Ok(true)
}

/// See [`Outbox::webhooks`](crate::store::Outbox::webhooks).
pub(super) fn all(conn: &Connection, workspace: &WorkspaceId) -> Result<Vec<Webhook>> {
    let mut select = conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM webhook WHERE workspace = ?1 AND deleted = 0 ORDER BY id"))?;
    let mut rows = select.query([workspace.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The webhook on this row, unless it was deleted.
pub(super) fn at(conn: &Connection, id: i64) -> Result<Option<Webhook>> {
    let mut select = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM webhook WHERE id = ?1 AND deleted = 0"))?;
    let mut rows = select.query([id])?;
    rows.next()?.map(read).transpose()
}

/// Rows of the workspace's webhooks that want an event of this topic.
pub(super) fn wanting(conn: &Connection, workspace: &WorkspaceId, topic: Topic) -> Result<Vec<i64>> {
    let mut select = conn.prepare_cached(
        "SELECT id, name, topics FROM webhook WHERE workspace = ?1 AND deleted = 0 AND disabled_at IS NULL
         ORDER BY id",
    )?;
    let mut rows = select.query([workspace.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let topics = Topics::from_text(row.get_ref(2)?.as_str().unwrap_or_default());
        if topics.ok_or_else(|| damaged("webhook", row.get::<_, String>(1).unwrap_or_default()))?.contain(topic) {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// See [`Outbox::delete_webhook`](crate::store::Outbox::delete_webhook).
pub(super) fn delete(conn: &Connection, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
    let changed = conn
        .prepare_cached("UPDATE webhook SET deleted = 1 WHERE name = ?1 AND workspace = ?2 AND deleted = 0")?
        .execute([webhook.as_str(), workspace.as_str()])?;
    Ok(changed > 0)
}

/// See [`Outbox::disable_webhook`](crate::store::Outbox::disable_webhook).
pub(super) fn disable(conn: &Connection, webhook: &WebhookId, disabled: &Disabled) -> Result<bool> {
    let changed = conn
        .prepare_cached(
            "UPDATE webhook SET disabled_at = ?2, disabled_why = ?3
             WHERE name = ?1 AND disabled_at IS NULL AND deleted = 0",
        )?
        .execute(params![webhook.as_str(), disabled.at.0, disabled.reason])?;
    Ok(changed > 0)
}

/// See [`Outbox::enable_webhook`](crate::store::Outbox::enable_webhook).
pub(super) fn enable(conn: &Connection, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
    let changed = conn
        .prepare_cached(
            "UPDATE webhook SET disabled_at = NULL, disabled_why = NULL
             WHERE name = ?1 AND workspace = ?2 AND disabled_at IS NOT NULL AND deleted = 0",
        )?
        .execute([webhook.as_str(), workspace.as_str()])?;
    Ok(changed > 0)
}

fn read(row: &Row<'_>) -> Result<Webhook> {
    let name: String = row.get(0)?;
    let topics = Topics::from_text(row.get_ref(4)?.as_str().unwrap_or_default());
    let disabled = match (row.get::<_, Option<i64>>(6)?, row.get::<_, Option<String>>(7)?) {
        (Some(at), reason) => Some(Disabled { at: Millis(at), reason: reason.unwrap_or_default() }),
        (None, _) => None,
    };
    Ok(Webhook {
        workspace: row.get::<_, String>(1)?.into(),
        url: row.get(2)?,
        secret: WebhookSecret::new(row.get::<_, String>(3)?),
        topics: topics.ok_or_else(|| damaged("webhook", &name))?,
        created_at: Millis(row.get(5)?),
        disabled,
        id: name.into(),
    })
}
