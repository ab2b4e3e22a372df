//! What time, presence and the outbox do.

use super::{ABANDONED_AFTER, Command, Draft, Policy, Refusal, State, flow};
use crate::{
    chat::{
        conversation::ItemView,
        event::{ClosedReason, External, Item, ItemKind, MissedReason, What},
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
            // Somebody may have come back since it looked as if everybody had left.
            if let Some((card, _)) = waiting(draft)
                && policy.available.is_err()
            {
                flow::missed(draft, card, MissedReason::EveryoneLeft, policy);
            }
            Ok(())
        }
        Command::Abandon => {
            abandon(draft, policy);
            Ok(())
        }
        Command::Erase => {
            match draft.was.state {
                _ if draft.was.visitor.id.is_erased() => {}
                State::Closed { .. } => draft.push(What::erasure()),
                _ => draft.push(What::Closed { reason: ClosedReason::Agent }),
            }
            Ok(())
        }
        Command::Vouched(said) => {
            let changes = draft.was.details.vouch(said, &draft.was.claimed);
            if !changes.is_empty() && !draft.was.visitor.id.is_erased() {
                draft.push(What::Details { changes: Box::new(changes) });
            }
            Ok(())
        }
        Command::Handed { item, external, failing } => {
            handed(draft, known(draft, item)?, external.as_ref(), failing);
            Ok(())
        }
        Command::HandFailed { item, message } => {
            let known = known(draft, item)?;
            if known.failed.as_ref() != Some(message) {
                let what = What::ItemFailed { item: item.clone(), kind: known.kind, message: message.clone() };
                draft.push(what);
            }
            Ok(())
        }
        _ => Err(Refusal::Forbidden("the hub itself does not do that")),
    }
}

/// A CRM that answers twice says nothing new; one that only says yes takes a failure back, unless others still fail.
fn handed(draft: &mut Draft<'_>, mut known: ItemView, external: Option<&External>, failing: &[String]) {
    let moved = external.is_some() && known.external.as_ref() != external;
    let shown = known.failed.take();
    let stands = shown.as_ref().and_then(|shown| failing.iter().find(|one| *one == shown).or(failing.first()));
    let what =
        stands.map(|message| What::ItemFailed { item: known.item.clone(), kind: known.kind, message: message.clone() });
    let unsaid = moved || stands != shown.as_ref();
    if moved || (shown.is_some() && stands.is_none()) {
        draft.push(What::Item(known.handed(external)));
    }
    // An item that is heard of ends the failure that is shown: what stands is said behind it.
    if let Some(what) = what.filter(|_| unsaid) {
        draft.push(what);
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

fn known(draft: &Draft<'_>, item: &ItemId) -> Result<ItemView, Refusal> {
    draft.was.items.iter().find(|view| view.item == *item).cloned().ok_or(Refusal::NotFound)
}

// === impl ItemView ===

impl ItemView {
    /// The event that tells that a CRM has it, and where.
    fn handed(self, external: Option<&External>) -> Item {
        Item {
            item: self.item,
            kind: self.kind,
            title: self.title,
            fields: Box::default(),
            external: external.cloned().or(self.external),
        }
    }
}
