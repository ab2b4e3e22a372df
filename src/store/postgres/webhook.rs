//! Webhooks. A deleted one is gone at once for everybody but the sweep, which takes its rows away in slices.

use std::time::Instant;

use tokio::time::timeout;
use tokio_postgres::Row;

use super::{
    Postgres,
    fault::Fault,
    load::{get, text},
    pool::{Params, REPLY},
};
use crate::{
    ids::{Millis, WebhookId, WorkspaceId},
    store::{Disabled, MAX_WEBHOOKS, Result, Topics, Webhook, WebhookSecret, fault::damaged},
};

/// What [`read`] needs of a row, in this order.
pub(super) const COLUMNS: &str =
    "w.name, w.workspace, w.url, w.secret, w.topics, w.created_at, w.disabled_at, w.disabled_why";
/// Who counts the webhooks of a workspace before adding one holds this lock, with the workspace's name.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1431521362, hashtext($1))";

// === impl Postgres ===

impl Postgres {
    /// Adding one that is there already changes nothing, so it may be done twice.
    pub(super) async fn keep_webhook(&self, webhook: &Webhook) -> Result<bool> {
        let began = Instant::now();
        loop {
            match timeout(REPLY, self.count_and_add(webhook)).await.unwrap_or_else(|_| Err(Fault::silent())) {
                Err(Fault::Lost(_)) if began.elapsed() < REPLY / 2 => {}
                kept => return Ok(kept?),
            }
        }
    }

    async fn count_and_add(&self, webhook: &Webhook) -> std::result::Result<bool, Fault> {
        let sql = "INSERT INTO webhook (name, workspace, url, secret, topics, created_at, disabled_at, disabled_why)
                   SELECT $1, $2, $3, $4, $5, $6, $7, $8
                   WHERE (SELECT count(*) FROM webhook WHERE workspace = $2 AND deleted_at IS NULL AND name <> $1) < $9
                   ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING 1";
        let (id, workspace, secret) = (webhook.id.as_str(), webhook.workspace.as_str(), webhook.secret.as_str());
        let (at, why) = webhook.disabled.as_ref().map(|disabled| (disabled.at.0, &disabled.reason)).unzip();
        let (topics, most) = (webhook.topics.to_text(), MAX_WEBHOOKS as i64);
        let params: Params<'_> =
            &[&id, &workspace, &webhook.url, &secret, &topics, &webhook.created_at.0, &at, &why, &most];
        let mut client = self.pool.client().await?;
        let tx = client.transaction().await?;
        tx.execute(&tx.prepare_cached(LOCK).await?, &[&workspace]).await?;
        let added = tx.query(&tx.prepare_cached(sql).await?, params).await?;
        tx.commit().await?;
        Ok(!added.is_empty())
    }

    pub(super) async fn read_webhooks(&self, workspace: &WorkspaceId) -> Result<Vec<Webhook>> {
        let sql =
            format!("SELECT {COLUMNS} FROM webhook w WHERE w.workspace = $1 AND w.deleted_at IS NULL ORDER BY w.id");
        self.pool.query(&sql, &[&workspace.as_str()]).await?.iter().map(|row| read(row, 0)).collect()
    }

    /// Not done twice: the second time there would be none.
    pub(super) async fn end_webhook(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
        let sql = "UPDATE webhook SET deleted_at = clock_timestamp()
                   WHERE name = $1 AND workspace = $2 AND deleted_at IS NULL RETURNING 1";
        Ok(!self.pool.once(sql, &[&webhook.as_str(), &workspace.as_str()]).await?.is_empty())
    }

    /// Not done twice: the second time it would be off already.
    pub(super) async fn switch_webhook_off(&self, webhook: &WebhookId, disabled: &Disabled) -> Result<bool> {
        let sql = "UPDATE webhook SET disabled_at = $2, disabled_why = $3
                   WHERE name = $1 AND disabled_at IS NULL AND deleted_at IS NULL RETURNING 1";
        Ok(!self.pool.once(sql, &[&webhook.as_str(), &disabled.at.0, &disabled.reason]).await?.is_empty())
    }

    /// Not done twice: the second time it would be on already.
    pub(super) async fn switch_webhook_on(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
        let sql = "UPDATE webhook SET disabled_at = NULL, disabled_why = NULL
                   WHERE name = $1 AND workspace = $2 AND disabled_at IS NOT NULL AND deleted_at IS NULL RETURNING 1";
        Ok(!self.pool.once(sql, &[&webhook.as_str(), &workspace.as_str()]).await?.is_empty())
    }
}

/// A webhook, from the columns of a row from `at` on.
pub(super) fn read(row: &Row, at: usize) -> Result<Webhook> {
    let name = text(row, at)?;
    let disabled = match (get::<Option<i64>>(row, at + 6)?, get::<Option<String>>(row, at + 7)?) {
        (Some(at), reason) => Some(Disabled { at: Millis(at), reason: reason.unwrap_or_default() }),
        (None, _) => None,
    };
    Ok(Webhook {
        workspace: text(row, at + 1)?.into(),
        url: get(row, at + 2)?,
        secret: WebhookSecret::new(text(row, at + 3)?),
        topics: Topics::from_text(text(row, at + 4)?).ok_or_else(|| damaged("webhook", name))?,
        created_at: Millis(get(row, at + 5)?),
        disabled,
        id: name.into(),
    })
}
