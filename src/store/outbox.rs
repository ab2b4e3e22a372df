//! The durable outbox: what the outside is told, and whom.
//!
//! An event that has a [`Topic`](super::Topic) is put into the outbox in the transaction that appends it: one delivery
//! for each webhook of its workspace that exists at that moment, is not disabled and wants the topic. A webhook made a
//! moment later hears nothing of it, and an event nobody is to be told leaves nothing behind.

use async_trait::async_trait;

use super::{
    Result,
    delivery::{Backlog, Delivery, DeliveryPage, DeliveryQuery, Revived, Settled, Take, Taken},
    webhook::{Disabled, Topic, Webhook},
};
use crate::ids::{ConversationId, DeliveryId, Millis, WebhookId, WorkspaceId};

/// The part of a [`Store`](super::Store) that is handed on. Right for many nodes at once: there is no leader, and
/// whatever a dead node had taken falls to the others.
#[async_trait]
pub trait Outbox: Send + Sync {
    // --- webhooks ---

    /// Keeps a new webhook. False, and nothing is kept, when its workspace has
    /// [`MAX_WEBHOOKS`](super::MAX_WEBHOOKS) already.
    async fn add_webhook(&self, webhook: &Webhook) -> Result<bool>;

    /// The webhooks of a workspace, oldest first.
    async fn webhooks(&self, workspace: &WorkspaceId) -> Result<Vec<Webhook>>;

    /// Ends a webhook. From then on none of its deliveries is listed, taken, settled or counted, whenever their rows
    /// go. False when the workspace has no such webhook.
    async fn delete_webhook(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool>;

    /// Switches a webhook off; the first reason stays. All its waiting deliveries are due at once, so that whoever takes
    /// them can give them up. False when there is none, or it was off already.
    async fn disable_webhook(&self, webhook: &WebhookId, disabled: &Disabled) -> Result<bool>;

    /// Switches it on again: events are put into the outbox for it from now on. What was given up stays so until somebody
    /// asks for it. False when the workspace has no such webhook, or it was on.
    async fn enable_webhook(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool>;

    // --- deliveries ---

    /// A page of a webhook's deliveries, newest first; empty when the workspace has no such webhook.
    async fn deliveries(&self, query: &DeliveryQuery) -> Result<DeliveryPage>;

    /// Takes waiting deliveries that are due, the longest due first, for one node. From the answer until
    /// [`Take::until`] nobody else gets them; then, if they were not settled, they are due again and this try does not
    /// count. Not taken are
    ///
    /// - those behind an earlier event of the same conversation for the same webhook that still waits and has failed
    ///   fewer than [`ORDERED_TRIES`](super::ORDERED_TRIES) times, be it under way or not;
    /// - those of a webhook that has [`Take::per_webhook`] under way, whoever has them. Nodes that ask at the same
    ///   moment may together exceed it.
    ///
    /// Of a disabled webhook all that wait and are not under way are due, in any order.
    async fn take_deliveries(&self, take: &Take) -> Result<Vec<Taken>>;

    /// Says what became of a taken delivery; counts the try. False, and nothing is done, when the lease is not the
    /// delivery's last, when it was settled before, or when there is no such delivery any more: a node that was slower
    /// than its lease changes nothing.
    async fn settle_delivery(&self, settled: &Settled) -> Result<bool>;

    /// The deliveries of a conversation's events of one topic that wait, are under way or were given up, those of the
    /// newest events first; at most `limit`.
    async fn undelivered(&self, conversation: &ConversationId, topic: Topic, limit: usize) -> Result<Vec<Delivery>>;

    /// Makes a delivery that is dead, or waits for its next try, due at `now`, with no try counted. Its id stays. Later
    /// events of its conversation may have gone by. One that was never tried is due anyway.
    async fn revive_delivery(
        &self,
        workspace: &WorkspaceId,
        webhook: &WebhookId,
        delivery: &DeliveryId,
        now: Millis,
    ) -> Result<Revived>;

    /// What has not reached its receivers.
    async fn backlog(&self) -> Result<Backlog>;

    /// Forgets deliveries that were delivered or given up before `before`, and those of webhooks that were deleted; at most
    /// `limit`. How many it forgot: fewer than `limit` means that none is left. When a deleted webhook has none left, it
    /// goes as well, a while later, uncounted.
    async fn sweep_deliveries(&self, before: Millis, limit: usize) -> Result<usize>;
}
