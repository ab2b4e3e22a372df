//! An item that did not reach its receivers, handed on again because an agent asks for it.

use std::sync::Arc;

use super::{
    Hub,
    append::Caller,
    error::{HubError, Result},
    seat::Who,
};
use crate::{
    chat::{command::Command, conversation::ItemView, decide::Refusal, event::What},
    ids::{ConversationId, ItemId, Seq},
    store::{Delivery, Revived, Topic},
};

/// Deliveries of one conversation that are looked through at most, those of the newest items first.
const MOST: usize = 500;
/// What was given up is forgotten after seven days: of an item that is younger than six, all that is left is known.
const KNOWN_MS: i64 = 6 * 24 * 60 * 60 * 1000;

// === impl Hub ===

impl Hub {
    /// Has an item's deliveries that failed tried again at once, under the names they had: a receiver that honours those
    /// makes nothing twice. What is under way, or about to be, goes on as it does, so that asking twice is asking once.
    ///
    /// # Errors
    /// `not_found` unless they may see the conversation and it has the item; `conflict` when no delivery is left to try.
    pub async fn hand_on_again(
        self: &Arc<Self>,
        who: &Who,
        conversation: &ConversationId,
        item: &ItemId,
    ) -> Result<()> {
        let loaded = self.sighted(who, conversation).await?;
        let known = loaded.conversation.items.into_iter().find(|known| known.item == *item);
        let known = known.ok_or_else(HubError::not_found)?;
        let (mut on_its_way, mut switched_off, mut place) = (false, false, None);
        for delivery in self.store.undelivered(conversation, Topic::ItemCreated, MOST).await? {
            if place.is_some_and(|place| place != delivery.seq) {
                continue;
            }
            // Deliveries of one event stand side by side: once it is found, only those are left.
            if place.is_none() {
                if !self.is_about(&delivery, item).await? {
                    continue;
                }
                place = Some(delivery.seq);
            }
            let (webhook, now) = (&delivery.webhook, self.store.now());
            match self.store.revive_delivery(who.workspace(), webhook, &delivery.id, now).await? {
                Revived::Done(_) | Revived::Alive(_) => on_its_way = true,
                Revived::Disabled => switched_off = true,
                Revived::Unknown => {}
            }
        }
        if on_its_way {
            self.outbox_bell.notify_one();
            return Ok(());
        }
        if place.is_none() {
            self.take_failure_back(conversation, &known).await?;
        }
        Err(HubError::Refused(Refusal::conflict(match switched_off {
            true => "the webhook it was for is switched off; an admin may switch it on",
            false => "there is nothing left to try: it was handed on, or nobody is told of it any more",
        })))
    }

    /// Nothing of an item is left to be handed on: where it still shows a failure, the webhook that failed is gone.
    async fn take_failure_back(self: &Arc<Self>, conversation: &ConversationId, item: &ItemView) -> Result<()> {
        if item.failed.is_none() || self.store.now().since(item.at) > KNOWN_MS {
            return Ok(());
        }
        let handed = Command::Handed { item: item.item.clone(), external: None, failing: Vec::new() };
        self.command(conversation, &Caller::System, &handed).await.map(drop)
    }

    async fn is_about(&self, delivery: &Delivery, item: &ItemId) -> Result<bool> {
        let before = Seq(delivery.seq.0.saturating_sub(1));
        let events = self.store.events_after(&delivery.conversation, before, 1, usize::MAX).await?;
        let first = events.first().map(|entry| entry.event());
        Ok(first.is_some_and(|event| {
            event.seq == delivery.seq && matches!(&event.what, What::Item(one) if one.item == *item)
        }))
    }
}
