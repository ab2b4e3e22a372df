//! SQLite as an [`Outbox`].

use async_trait::async_trait;

use super::{Sqlite, delivery, webhook};
use crate::{
    ids::{ConversationId, DeliveryId, Millis, WebhookId, WorkspaceId},
    store::{
        Backlog, Delivery, DeliveryPage, DeliveryQuery, Disabled, Outbox, Result, Revived, Settled, Take, Taken, Topic,
        Webhook,
    },
};

#[async_trait]
impl Outbox for Sqlite {
    async fn add_webhook(&self, webhook: &Webhook) -> Result<bool> {
        let webhook = webhook.clone();
        self.writer.write(true, move |desk| webhook::add(&desk.conn, &webhook)).await
    }

    async fn webhooks(&self, workspace: &WorkspaceId) -> Result<Vec<Webhook>> {
        let workspace = workspace.clone();
        self.readers.read(move |view| webhook::all(view.conn, &workspace)).await
    }

    async fn delete_webhook(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
        let (workspace, webhook) = (workspace.clone(), webhook.clone());
        self.writer.write(true, move |desk| webhook::delete(&desk.conn, &workspace, &webhook)).await
    }

    async fn disable_webhook(&self, webhook: &WebhookId, disabled: &Disabled) -> Result<bool> {
        let (webhook, disabled) = (webhook.clone(), disabled.clone());
        self.writer.write(true, move |desk| webhook::disable(&desk.conn, &webhook, &disabled)).await
    }

    async fn enable_webhook(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
        let (workspace, webhook) = (workspace.clone(), webhook.clone());
        self.writer.write(true, move |desk| webhook::enable(&desk.conn, &workspace, &webhook)).await
    }

    async fn deliveries(&self, query: &DeliveryQuery) -> Result<DeliveryPage> {
        let query = query.clone();
        self.readers.read(move |view| delivery::page(view.conn, &query)).await
    }

    async fn take_deliveries(&self, take: &Take) -> Result<Vec<Taken>> {
        let asked = take.clone();
        let due = self.readers.read(move |view| delivery::due(view.conn, &asked)).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let take = take.clone();
        self.writer.write(true, move |desk| delivery::take(&desk.conn, &take, &due)).await
    }

    async fn settle_delivery(&self, settled: &Settled) -> Result<bool> {
        let settled = settled.clone();
        self.writer.write(true, move |desk| delivery::settle(&desk.conn, &settled)).await
    }

    async fn undelivered(&self, conversation: &ConversationId, topic: Topic, limit: usize) -> Result<Vec<Delivery>> {
        let conversation = conversation.clone();
        self.readers.read(move |view| delivery::undelivered(view.conn, &conversation, topic, limit)).await
    }

    async fn revive_delivery(
        &self,
        workspace: &WorkspaceId,
        webhook: &WebhookId,
        delivery: &DeliveryId,
        now: Millis,
    ) -> Result<Revived> {
        let (workspace, webhook, delivery) = (workspace.clone(), webhook.clone(), delivery.clone());
        self.writer.write(true, move |desk| delivery::revive(&desk.conn, &workspace, &webhook, &delivery, now)).await
    }

    async fn backlog(&self) -> Result<Backlog> {
        self.readers.read(|view| delivery::backlog(view.conn)).await
    }

    async fn sweep_deliveries(&self, before: Millis, limit: usize) -> Result<usize> {
        self.writer.write(true, move |desk| delivery::sweep(&desk.conn, before, limit)).await
    }
}
