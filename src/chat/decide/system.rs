//! What time, presence and the outbox do.

use super::{ABANDONED_AFTER, Command, Draft, Policy, Refusal, State, flow};
use crate::{
    chat::{
        event::{ClosedReason, Item, ItemKind, MissedReason, What},
        playbook::ItemPlan,
    },
    ids::{CardId, ItemId},
};

pub(super) fn decide(draft: &mut Draft<'_>, command: &Command, policy: &Policy<'_>) -> Result<(), Refusal> {
    match command {
        // Whoever wakes may find that somebody was quicker: then there is nothing to do, and that is no fault.
        Command::Expire => {
            if let Some((card, deadline)) = waiting(draft)
                && draft.at >= deadline
            {
                flow::missed(draft, card, MissedReason::WaitExpired, policy);
            }
            Ok(())
        }
        Command::EveryoneLeft => {
            if let Some((card, _)) = waiting(draft) {
                flow::missed(draft, card, MissedReason::EveryoneLeft, policy);
            }
            Ok(())
        }
        Command::Abandon => {
            abandon(draft, policy);
            Ok(())
        }
        Command::Handed { item, external } => {
            let known = known(draft, item)?;
            let what = Item { external: Some(external.clone()), ..known };
            draft.push(What::Item(what));
            Ok(())
        }
        Command::HandFailed { item, message } => {
            let kind = known(draft, item)?.kind;
            draft.push(What::ItemFailed { item: item.clone(), kind, message: message.clone() });
            Ok(())
        }
        _ => Err(Refusal::Forbidden("the hub itself does not do that")),
    }
}

fn waiting(draft: &Draft<'_>) -> Option<(CardId, crate::ids::Millis)> {
    match &draft.was.state {
        State::Waiting { deadline, card } => Some((card.clone(), *deadline)),
        _ => None,
    }
}

fn abandon(draft: &mut Draft<'_>, policy: &Policy<'_>) {
    let was = draft.was;
    let over = matches!(was.state, State::Closed { .. } | State::Waiting { .. });
    if over || was.served || draft.at.since(was.last_at) < ABANDONED_AFTER {
        return;
    }
    let has_lead = was.items.iter().any(|item| item.kind == ItemKind::Lead);
    if policy.playbook.abandoned_lead && !has_lead {
        flow::item(draft, ItemPlan::abandoned_lead());
    }
    draft.push(What::Closed { reason: ClosedReason::Abandoned });
}

fn known(draft: &Draft<'_>, item: &ItemId) -> Result<Item, Refusal> {
    let view = draft.was.items.iter().find(|view| view.item == *item).ok_or(Refusal::NotFound)?;
    Ok(Item {
        item: view.item.clone(),
        kind: view.kind,
        title: view.title.clone(),
        fields: Default::default(),
        external: view.external.clone(),
    })
}
