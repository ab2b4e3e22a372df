//! PostgreSQL as an [`Outbox`].

use async_trait::async_trait;

use super::Postgres;
use crate::{
    ids::{ConversationId, DeliveryId, Millis, WebhookId, WorkspaceId},
    store::{
        Backlog, Delivery, DeliveryPage, DeliveryQuery, Disabled, Outbox, Result, Revived, Settled, Take, Taken, Topic,
        Webhook,
    },
};

#[async_trait]
impl Outbox for Postgres {
    async fn add_webhook(&self, webhook: &Webhook) -> Result<bool> {
        self.keep_webhook(webhook).await
    }

    async fn webhooks(&self, workspace: &WorkspaceId) -> Result<Vec<Webhook>> {
        self.read_webhooks(workspace).await
    }

    async fn delete_webhook(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
        self.end_webhook(workspace, webhook).await
    }

    async fn disable_webhook(&self, webhook: &WebhookId, disabled: &Disabled) -> Result<bool> {
        self.switch_webhook_off(webhook, disabled).await
    }

    async fn enable_webhook(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
        self.switch_webhook_on(workspace, webhook).await
    }

    async fn deliveries(&self, query: &DeliveryQuery) -> Result<DeliveryPage> {
        self.read_deliveries(query).await
    }

    async fn take_deliveries(&self, take: &Take) -> Result<Vec<Taken>> {
        self.take_due(take).await
    }

    async fn settle_delivery(&self, settled: &Settled) -> Result<bool> {
        self.settle_taken(settled).await
    }

    async fn undelivered(&self, conversation: &ConversationId, topic: Topic, limit: usize) -> Result<Vec<Delivery>> {
        self.read_undelivered(conversation, topic, limit).await
    }

    async fn revive_delivery(
        &self,
        workspace: &WorkspaceId,
        webhook: &WebhookId,
        delivery: &DeliveryId,
        now: Millis,
    ) -> Result<Revived> {
        self.revive(workspace, webhook, delivery, now).await
    }

    async fn backlog(&self) -> Result<Backlog> {
        self.read_backlog().await
    }

    async fn sweep_deliveries(&self, before: Millis, limit: usize) -> Result<usize> {
        self.forget_deliveries(before, limit).await
    }
}
