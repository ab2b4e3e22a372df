//! The outbox of the store in memory, and a station's way to it.

use async_trait::async_trait;

use super::{memory::Memory, station::Station};
use crate::{
    chat::event::Event,
    ids::{ConversationId, DeliveryId, Millis, WebhookId, WorkspaceId},
    store::*,
};

/// Webhooks and their deliveries, in the order they were made.
#[derive(Default)]
pub(super) struct Told {
    webhooks: Vec<Webhook>,
    rows: Vec<Row>,
}

struct Row {
    delivery: Delivery,
    lease: u64,
    taken: bool,
}

// === impl Told ===

impl Told {
    /// Puts an event into the outbox.
    pub(super) fn put(&mut self, workspace: &WorkspaceId, conversation: &ConversationId, event: &Event, topic: Topic) {
        for webhook in self.webhooks.iter().filter(|one| one.workspace == *workspace && one.wants(topic)) {
            let delivery = Delivery {
                id: DeliveryId::of(conversation, event.seq),
                webhook: webhook.id.clone(),
                conversation: conversation.clone(),
                seq: event.seq,
                topic,
                at: event.at,
                tries: 0,
                state: DeliveryState::Waiting { next_at: event.at },
                status: None,
                error: None,
            };
            self.rows.push(Row { delivery, lease: 0, taken: false });
        }
    }

    fn take(&mut self, take: &Take) -> Vec<Taken> {
        let mut due: Vec<usize> = (0..self.rows.len()).filter(|at| self.is_due(*at, take.now)).collect();
        due.sort_by_key(|at| self.rows[*at].next_at());
        let mut taken = Vec::new();
        for at in due {
            let Some(webhook) = self.webhook(&self.rows[at].delivery.webhook).cloned() else { continue };
            let busy = self.rows.iter().filter(|row| row.delivery.webhook == webhook.id && row.is_under_way(take.now));
            if taken.len() == take.limit || busy.count() >= take.per_webhook {
                continue;
            }
            let row = &mut self.rows[at];
            (row.lease, row.taken) = (row.lease + 1, true);
            row.delivery.state = DeliveryState::Waiting { next_at: take.until };
            taken.push(Taken { delivery: row.delivery.clone(), webhook, lease: row.lease });
        }
        taken
    }

    fn is_due(&self, at: usize, now: Millis) -> bool {
        let row = &self.rows[at];
        let Some(next_at) = row.next_at() else { return false };
        if self.webhook(&row.delivery.webhook).is_some_and(|webhook| webhook.disabled.is_some()) {
            return next_at <= now || !row.taken;
        }
        let one = &row.delivery;
        let before = |other: &&Row| {
            let other = &other.delivery;
            other.webhook == one.webhook && other.conversation == one.conversation && other.seq < one.seq
        };
        let holds = |other: &Row| other.next_at().is_some() && other.delivery.tries < ORDERED_TRIES;
        next_at <= now && !self.rows.iter().filter(before).any(holds)
    }

    fn settle(&mut self, settled: &Settled) -> bool {
        let Some(row) = self.row(&settled.webhook, &settled.delivery) else { return false };
        if row.lease != settled.lease || !row.taken || row.next_at().is_none() {
            return false;
        }
        row.taken = false;
        let delivery = &mut row.delivery;
        delivery.tries += 1;
        delivery.status = settled.status.or(delivery.status);
        (delivery.state, delivery.error) = match &settled.verdict {
            Verdict::Delivered => (DeliveryState::Delivered { at: settled.at }, None),
            Verdict::Again { next_at, error } => (DeliveryState::Waiting { next_at: *next_at }, Some(error.clone())),
            Verdict::Dead { error } => (DeliveryState::Dead { at: settled.at }, Some(error.clone())),
        };
        true
    }

    fn revive(&mut self, workspace: &WorkspaceId, webhook: &WebhookId, delivery: &DeliveryId, now: Millis) -> Revived {
        let disabled = match self.webhook(webhook) {
            Some(webhook) if webhook.workspace == *workspace => webhook.disabled.is_some(),
            _ => return Revived::Unknown,
        };
        let Some(row) = self.row(webhook, delivery) else { return Revived::Unknown };
        let failed = !row.taken && row.delivery.tries > 0;
        match row.delivery.state {
            _ if disabled => Revived::Disabled,
            DeliveryState::Waiting { .. } if !failed => Revived::Alive(row.delivery.clone()),
            DeliveryState::Dead { .. } | DeliveryState::Waiting { .. } => {
                row.delivery.state = DeliveryState::Waiting { next_at: now };
                row.delivery.tries = 0;
                Revived::Done(row.delivery.clone())
            }
            DeliveryState::Delivered { .. } => Revived::Alive(row.delivery.clone()),
        }
    }

    fn undelivered(&self, conversation: &ConversationId, topic: Topic, limit: usize) -> Vec<Delivery> {
        let rows = self.rows.iter().map(|row| &row.delivery);
        let left = |one: &&Delivery| {
            let over = matches!(one.state, DeliveryState::Delivered { .. });
            one.conversation == *conversation && one.topic == topic && !over
        };
        let mut found: Vec<Delivery> = rows.filter(left).cloned().collect();
        found.sort_by_key(|one| std::cmp::Reverse(one.seq));
        found.truncate(limit);
        found
    }

    fn page(&self, query: &DeliveryQuery) -> DeliveryPage {
        let theirs = self.webhook(&query.webhook).is_some_and(|webhook| webhook.workspace == query.workspace);
        let wanted = |row: &&Row| {
            theirs
                && row.delivery.webhook == query.webhook
                && query.state.is_none_or(|state| row.delivery.state.name() == state)
        };
        let from = query.before.as_ref().map_or(0, |before| before.parse().unwrap());
        let all: Vec<Delivery> = self.rows.iter().rev().filter(wanted).map(|row| row.delivery.clone()).collect();
        let some: Vec<Delivery> = all.iter().skip(from).take(query.limit).cloned().collect();
        let end = from + some.len();
        DeliveryPage { deliveries: some, next: (end < all.len()).then(|| end.to_string()) }
    }

    fn sweep(&mut self, before: Millis, limit: usize) -> usize {
        let was = self.rows.len();
        let mut left = limit;
        self.rows.retain(|row| {
            let old = match row.delivery.state {
                DeliveryState::Waiting { .. } => false,
                DeliveryState::Delivered { at } | DeliveryState::Dead { at } => at < before,
            };
            let goes = old && left > 0;
            left -= usize::from(goes);
            !goes
        });
        was - self.rows.len()
    }

    fn webhook(&self, id: &WebhookId) -> Option<&Webhook> {
        self.webhooks.iter().find(|webhook| webhook.id == *id)
    }

    fn row(&mut self, webhook: &WebhookId, delivery: &DeliveryId) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.delivery.webhook == *webhook && row.delivery.id == *delivery)
    }
}

// === impl Row ===

impl Row {
    fn next_at(&self) -> Option<Millis> {
        match self.delivery.state {
            DeliveryState::Waiting { next_at } => Some(next_at),
            _ => None,
        }
    }

    fn is_under_way(&self, now: Millis) -> bool {
        self.taken && self.next_at().is_some_and(|until| until > now)
    }
}

#[async_trait]
impl Outbox for Memory {
    async fn add_webhook(&self, webhook: &Webhook) -> Result<bool> {
        let told = &mut self.up()?.told;
        let theirs = told.webhooks.iter().filter(|one| one.workspace == webhook.workspace).count();
        if theirs < MAX_WEBHOOKS {
            told.webhooks.push(webhook.clone());
        }
        Ok(theirs < MAX_WEBHOOKS)
    }

    async fn webhooks(&self, workspace: &WorkspaceId) -> Result<Vec<Webhook>> {
        let kept = self.up()?;
        Ok(kept.told.webhooks.iter().filter(|webhook| webhook.workspace == *workspace).cloned().collect())
    }

    async fn delete_webhook(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
        let told = &mut self.up()?.told;
        let was = told.webhooks.len();
        told.webhooks.retain(|one| one.id != *webhook || one.workspace != *workspace);
        if told.webhooks.len() < was {
            told.rows.retain(|row| row.delivery.webhook != *webhook);
        }
        Ok(told.webhooks.len() < was)
    }

    async fn disable_webhook(&self, webhook: &WebhookId, disabled: &Disabled) -> Result<bool> {
        let told = &mut self.up()?.told;
        let on = told.webhooks.iter_mut().find(|one| one.id == *webhook && one.disabled.is_none());
        Ok(on.map(|webhook| webhook.disabled = Some(disabled.clone())).is_some())
    }

    async fn enable_webhook(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
        let told = &mut self.up()?.told;
        let theirs = |one: &&mut Webhook| one.id == *webhook && one.workspace == *workspace;
        let off = told.webhooks.iter_mut().find(theirs);
        Ok(off.is_some_and(|webhook| webhook.disabled.take().is_some()))
    }

    async fn deliveries(&self, query: &DeliveryQuery) -> Result<DeliveryPage> {
        Ok(self.up()?.told.page(query))
    }

    async fn undelivered(&self, conversation: &ConversationId, topic: Topic, limit: usize) -> Result<Vec<Delivery>> {
        Ok(self.up()?.told.undelivered(conversation, topic, limit))
    }

    async fn take_deliveries(&self, take: &Take) -> Result<Vec<Taken>> {
        Ok(self.up()?.told.take(take))
    }

    async fn settle_delivery(&self, settled: &Settled) -> Result<bool> {
        Ok(self.up()?.told.settle(settled))
    }

    async fn revive_delivery(
        &self,
        workspace: &WorkspaceId,
        webhook: &WebhookId,
        delivery: &DeliveryId,
        now: Millis,
    ) -> Result<Revived> {
        Ok(self.up()?.told.revive(workspace, webhook, delivery, now))
    }

    async fn backlog(&self) -> Result<Backlog> {
        let kept = self.up()?;
        let rows = || kept.told.rows.iter();
        let waiting = || rows().filter(|row| row.next_at().is_some());
        Ok(Backlog {
            waiting: waiting().count() as u64,
            oldest: waiting().map(|row| row.delivery.at).min(),
            dead: rows().filter(|row| row.delivery.state.name() == DeliveryStateName::Dead).count() as u64,
        })
    }

    async fn sweep_deliveries(&self, before: Millis, limit: usize) -> Result<usize> {
        Ok(self.up()?.told.sweep(before, limit))
    }
}

#[async_trait]
impl Outbox for Station {
    async fn add_webhook(&self, webhook: &Webhook) -> Result<bool> {
        self.there().await?.add_webhook(webhook).await
    }

    async fn webhooks(&self, workspace: &WorkspaceId) -> Result<Vec<Webhook>> {
        self.there().await?.webhooks(workspace).await
    }

    async fn delete_webhook(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
        self.there().await?.delete_webhook(workspace, webhook).await
    }

    async fn disable_webhook(&self, webhook: &WebhookId, disabled: &Disabled) -> Result<bool> {
        self.there().await?.disable_webhook(webhook, disabled).await
    }

    async fn enable_webhook(&self, workspace: &WorkspaceId, webhook: &WebhookId) -> Result<bool> {
        self.there().await?.enable_webhook(workspace, webhook).await
    }

    async fn deliveries(&self, query: &DeliveryQuery) -> Result<DeliveryPage> {
        self.there().await?.deliveries(query).await
    }

    async fn take_deliveries(&self, take: &Take) -> Result<Vec<Taken>> {
        self.there().await?.take_deliveries(take).await
    }

    async fn settle_delivery(&self, settled: &Settled) -> Result<bool> {
        self.there().await?.settle_delivery(settled).await
    }

    async fn undelivered(&self, conversation: &ConversationId, topic: Topic, limit: usize) -> Result<Vec<Delivery>> {
        self.there().await?.undelivered(conversation, topic, limit).await
    }

    async fn revive_delivery(
        &self,
        workspace: &WorkspaceId,
        webhook: &WebhookId,
        delivery: &DeliveryId,
        now: Millis,
    ) -> Result<Revived> {
        self.there().await?.revive_delivery(workspace, webhook, delivery, now).await
    }

    async fn backlog(&self) -> Result<Backlog> {
        self.there().await?.backlog().await
    }

    async fn sweep_deliveries(&self, before: Millis, limit: usize) -> Result<usize> {
        self.there().await?.sweep_deliveries(before, limit).await
    }
}
