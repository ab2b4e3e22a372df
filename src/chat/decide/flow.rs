//! What the playbook makes happen: cards, the wait, the offline flow, the end of a path.

use super::{Draft, Policy, State};
use crate::{
    chat::{
        event::{Author, ClosedReason, Item, MissedReason, What},
        playbook::{ItemPlan, Next, Walk},
        rich::Rich,
    },
    ids::{CardId, ItemId},
};

/// Shows a stretch of cards and does what stands at its end.
pub(super) fn walk(draft: &mut Draft<'_>, walk: Walk, policy: &Policy<'_>) {
    for shown in walk.shown {
        let what = What::Card { card: shown.card, ask: shown.ask, text: shown.text, rich: shown.rich };
        draft.push_by(Author::Bot, what);
    }
    match walk.then {
        Next::Asking(_) => {}
        Next::Live(card) => live(draft, card, policy),
        Next::Ended { card, qualified, create } => {
            let what = if qualified { What::Qualified { card } } else { What::Disqualified { card } };
            draft.push_by(Author::Bot, what);
            for plan in create {
                item(draft, plan);
            }
            // A path without an agent in it is over; after a missed wait the agents still have to follow it up.
            if matches!(draft.was.state, State::Bot) && !draft.missed() {
                draft.push_by(Author::System, What::Closed { reason: ClosedReason::Finished });
            }
        }
    }
}

/// The Live Chat card: a wait when somebody is available, else the offline flow at once.
fn live(draft: &mut Draft<'_>, card: CardId, policy: &Policy<'_>) {
    if let Err(reason) = policy.available {
        return missed(draft, card, reason, policy);
    }
    let Some(live) = policy.playbook.live_chat(&card) else { return };
    say(draft, &live.online_message);
    let wait_ms = live.wait_ms;
    let deadline = draft.at.plus(i64::try_from(wait_ms).unwrap_or(i64::MAX));
    draft.push_by(Author::System, What::Waiting { wait_ms, deadline, card });
}

/// Nobody comes: the offline message and the first cards of the offline flow.
pub(super) fn missed(draft: &mut Draft<'_>, card: CardId, reason: MissedReason, policy: &Policy<'_>) {
    draft.push_by(Author::System, What::Missed { reason, card: card.clone() });
    let Some(live) = policy.playbook.live_chat(&card) else { return };
    say(draft, &live.offline_message);
    walk(draft, policy.playbook.offline(&card), policy);
}

/// What the playbook makes of the visitor, unless somebody has made it before: one key makes one item.
pub(super) fn item(draft: &mut Draft<'_>, plan: ItemPlan) {
    let item = ItemId::made_by(&draft.was.id, &plan.key);
    if draft.has_item(&item) {
        return;
    }
    let what = Item { item, kind: plan.kind, title: plan.title, fields: Box::new(plan.fields), external: None };
    draft.push_by(Author::Bot, What::Item(what));
}

fn say(draft: &mut Draft<'_>, rich: &Rich) {
    draft.push_by(Author::Bot, What::Message { key: None, text: rich.plain(), rich: Some(rich.clone()) });
}

// === impl Draft ===

impl Draft<'_> {
    /// Whether this very draft carries the visitor into the offline flow.
    fn missed(&self) -> bool {
        self.events.iter().any(|event| matches!(event.what, What::Missed { .. }))
    }
}
