//! What is wrong with the paths of a playbook.

use std::collections::BTreeSet;

use super::{Card, Fault, Playbook};
use crate::ids::CardId;

pub(super) fn check(playbook: &Playbook, faults: &mut Vec<Fault>) {
    if !playbook.cards.contains_key(&playbook.start) {
        faults.push(Fault::of("start", format!("is `{}`, a card that does not exist", playbook.start)));
    }
    for (id, card) in &playbook.cards {
        for edge in card.edges().into_iter().filter(|edge| !playbook.cards.contains_key(edge.to)) {
            faults.push(Fault::at(id, &edge.field, format!("leads to `{}`, a card that does not exist", edge.to)));
        }
    }
    let reached = reach(playbook, &playbook.start);
    for id in playbook.cards.keys().filter(|id| !reached.contains(id)) {
        faults.push(Fault::in_card(id, "cannot be reached from the first card"));
    }
    circles(playbook, faults);
    live_chats(playbook, faults);
}

/// The cards on any path that begins with this one, itself included.
fn reach<'a>(playbook: &'a Playbook, from: &'a CardId) -> BTreeSet<&'a CardId> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        let Some(card) = playbook.cards.get(id) else { continue };
        if reached.insert(id) {
            open.extend(card.edges().into_iter().map(|edge| edge.to));
        }
    }
    reached
}

/// Circles of messages alone: nothing in them waits for the visitor, so they would be told for ever. Each is named
/// once, at the first of its cards.
fn circles(playbook: &Playbook, faults: &mut Vec<Fault>) {
    let mut settled: BTreeSet<&CardId> = BTreeSet::new();
    for start in playbook.cards.keys() {
        let mut path: Vec<&CardId> = Vec::new();
        let mut at = start;
        while let Some((id, Card::Message { next, .. })) = playbook.cards.get_key_value(at) {
            if settled.contains(id) {
                break;
            }
            if let Some(begin) = path.iter().position(|seen| *seen == id) {
                faults.push(circle(&path[begin..]));
                break;
            }
            path.push(id);
            at = next;
        }
        settled.extend(path);
    }
}

fn circle(cards: &[&CardId]) -> Fault {
    let names: Vec<String> = cards.iter().chain(cards.first()).map(ToString::to_string).collect();
    let way = names.join(" → ");
    let first = cards.iter().min().copied().unwrap_or(cards[0]);
    Fault::at(first, "next", format!("goes in a circle without a question in it: {way}"))
}

/// A visitor is promised an agent once: behind a Live Chat card there is none, itself included.
fn live_chats(playbook: &Playbook, faults: &mut Vec<Fault>) {
    for (id, card) in &playbook.cards {
        let Card::LiveChat { offline, .. } = card else { continue };
        let behind = reach(playbook, offline);
        for other in behind.into_iter().filter(|id| matches!(playbook.cards.get(*id), Some(Card::LiveChat { .. }))) {
            let which = if other == id { "itself".into() } else { format!("`{other}`") };
            let message = format!("leads to another Live Chat card, {which}: a path holds at most one");
            faults.push(Fault::at(id, "offline", message));
        }
    }
}
