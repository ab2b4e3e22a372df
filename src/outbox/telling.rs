//! What an item's conversation is told of its deliveries. It shows one failure, and they are many: what one receiver
//! took ends no other's failure.

use super::{Target, errand::Errands};
use crate::{
    chat::{command::Command, conversation::ItemView, event::External},
    hub::{
        append::{Caller, Done},
        error::HubError,
    },
    ids::ItemId,
    store::{Delivery, DeliveryState, StoreError, Taken, Topic},
};

/// The failure after which a conversation is told that an item has not been handed on yet: by then half a minute has
/// passed. A refusal is told at once.
pub(super) const TOLD_AFTER: u32 = 3;
/// Deliveries of one conversation that are looked through at most, those of the newest items first.
const MOST: usize = 500;
/// How often a conversation is brought in line with the store before it is left to whoever settles next.
const ROUNDS: usize = 8;

/// What a conversation is told of its item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The receiver has it.
    Handed(Option<External>),
    /// It has not; a sentence without the receiver's name at its beginning.
    Failed(String),
}

/// A delivery of an item that was tried and has not gone through.
struct Failing {
    message: String,
    /// Whether it failed so often, or so clearly, that its conversation was told.
    told: bool,
}

/// What is said of a failure, and of what follows.
pub(super) fn sentence(error: &str, again: bool) -> String {
    match again {
        true => format!("{error}. It is tried again."),
        false => format!("{error}. It is not tried again, unless somebody asks for it."),
    }
}

// === impl Errands ===

impl Errands {
    /// An item's conversation is told in its log; whether there was anything to tell. What the log knows already is not
    /// said again.
    pub(super) async fn tell(&self, taken: &Taken, item: &ItemId, news: &News) -> Result<bool, HubError> {
        let item = item.clone();
        let command = match news {
            News::Handed(external) => {
                let others = self.failing(taken).await?.into_iter().filter(|(one, _)| one.webhook != taken.webhook.id);
                let failing = others.map(|(_, failing)| failing.message).collect();
                Command::Handed { item, external: external.clone(), failing }
            }
            News::Failed(sentence) => Command::HandFailed { item, message: self.named(&taken.webhook.url, sentence) },
        };
        Ok(self.give(taken, &command).await?.is_some_and(|done| done.events > 0))
    }

    /// Two receivers may answer at once, on two nodes, and each be told of before the other is settled. Whoever told
    /// anything looks afterwards: of two that look, one finds what both did, and says what the conversation should show.
    pub(super) async fn agree(&self, taken: &Taken, item: &ItemId, news: &News) -> Result<(), HubError> {
        // Another's failure may be shown before it is settled. One's own may have been said too late: it has gone through
        // elsewhere, or nobody is told any more.
        let mut ours = matches!(news, News::Failed(_));
        for _ in 0..ROUNDS {
            let Some(shown) = self.shown(taken, item).await? else { return Ok(()) };
            let failing = self.failing(taken).await?;
            let told = failing.iter().find(|(_, failing)| failing.told);
            let item = item.clone();
            let command = match (shown.failed, told) {
                (None, Some((_, failing))) => Command::HandFailed { item, message: failing.message.clone() },
                (Some(_), None) if ours && failing.is_empty() => {
                    Command::Handed { item, external: None, failing: Vec::new() }
                }
                _ => return Ok(()),
            };
            if self.give(taken, &command).await?.is_none_or(|done| done.events == 0) {
                return Ok(());
            }
            ours = true;
        }
        Ok(())
    }

    /// The deliveries of the same item that failed, whoever has them now, and what is to be told of each.
    async fn failing(&self, taken: &Taken) -> Result<Vec<(Delivery, Failing)>, StoreError> {
        let (store, of) = (self.hub.store(), &taken.delivery);
        let mut left = store.undelivered(&of.conversation, Topic::ItemCreated, MOST).await?;
        left.retain(|one| one.seq == of.seq && one.error.is_some());
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let webhooks = store.webhooks(&taken.webhook.workspace).await?;
        let failing = |one: Delivery| {
            let webhook = webhooks.iter().find(|webhook| webhook.id == one.webhook)?;
            let again = matches!(one.state, DeliveryState::Waiting { .. });
            let message = self.named(&webhook.url, &sentence(one.error.as_deref()?, again));
            let told = !again || is_told(&one);
            Some((one, Failing { message, told }))
        };
        Ok(left.into_iter().filter_map(failing).collect())
    }

    /// The item as the store has it.
    async fn shown(&self, taken: &Taken, item: &ItemId) -> Result<Option<ItemView>, StoreError> {
        let loaded = self.hub.store().load(&taken.delivery.conversation).await?;
        Ok(loaded.and_then(|loaded| loaded.conversation.items.into_iter().find(|view| view.item == *item)))
    }

    async fn give(&self, taken: &Taken, command: &Command) -> Result<Option<Done>, HubError> {
        match self.hub.command(&taken.delivery.conversation, &Caller::System, command).await {
            Ok(done) => Ok(Some(done)),
            Err(HubError::Unavailable) => Err(HubError::Unavailable),
            // Nothing is known of such an item any more: then there is nobody to tell.
            Err(_) => Ok(None),
        }
    }

    fn named(&self, url: &str, sentence: &str) -> String {
        let target = Target::read(url, self.settings.rules);
        format!("{}: {sentence}", target.as_ref().map_or("a webhook", Target::host))
    }
}

/// Whether the conversation was told of the failures of one that waits. One without a try was asked for by somebody who
/// saw it fail.
fn is_told(one: &Delivery) -> bool {
    let refused = one.status.is_some_and(|status| (400..500).contains(&status));
    one.tries == 0 || one.tries >= TOLD_AFTER || refused
}

#[cfg(test)]
mod tests;
