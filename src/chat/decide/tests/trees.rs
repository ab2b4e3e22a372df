//! Random playbooks, sound by construction: trees of cards with circles of questions in them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{super::*, world::demo};
use crate::{
    chat::{
        event::ItemKind,
        playbook::{CaptureField, Card, CardOption, Create, ItemFields},
    },
    ids::CardId,
};

/// A path of a playbook with everything behind it.
#[derive(Clone, Debug)]
enum Tree {
    Message(Box<Tree>),
    /// With or without an answer that leads back to the question.
    Choice(Vec<Tree>, bool),
    Capture(CaptureField, bool, Box<Tree>),
    Live(u64, Box<Tree>),
    End(bool, Vec<ItemKind>),
}

/// Any number of Live Chat cards, each path at most one; playbooks without any among them.
pub(super) fn playbooks() -> impl Strategy<Value = Playbook> {
    (any::<bool>(), grown(prop_oneof![2 => live(), 1 => ends()])).prop_map(|(abandoned_lead, tree)| {
        let mut cards = BTreeMap::new();
        let start = tree.plant(&mut cards);
        let playbook = Playbook { start, cards, abandoned_lead, ..demo() };
        assert_eq!(playbook.faults(), []);
        playbook
    })
}

fn live() -> impl Strategy<Value = Tree> {
    (prop_oneof![Just(10_000), Just(60_000), Just(3_600_000)], grown(ends()))
        .prop_map(|(wait_ms, offline)| Tree::Live(wait_ms, offline.into()))
}

fn ends() -> impl Strategy<Value = Tree> {
    let kind = prop_oneof![Just(ItemKind::Lead), Just(ItemKind::Deal), Just(ItemKind::Activity)];
    (any::<bool>(), proptest::collection::vec(kind, 0..3)).prop_map(|(well, create)| Tree::End(well, create))
}

/// Messages, questions and captures that lead to these.
fn grown(leaves: impl Strategy<Value = Tree> + 'static) -> impl Strategy<Value = Tree> {
    let field = prop_oneof![
        Just(CaptureField::Name),
        Just(CaptureField::Email),
        Just(CaptureField::Phone),
        Just(CaptureField::Organization),
        Just(CaptureField::Text)
    ];
    leaves.prop_recursive(4, 12, 3, move |inner| {
        prop_oneof![
            1 => inner.clone().prop_map(|next| Tree::Message(next.into())),
            2 => (proptest::collection::vec(inner.clone(), 1..4), any::<bool>()).prop_map(|(ways, again)| Tree::Choice(ways, again)),
            2 => (field.clone(), any::<bool>(), inner).prop_map(|(field, required, next)| Tree::Capture(field, required, next.into())),
        ]
    })
}

// === impl Tree ===

impl Tree {
    /// Turns it into cards; the id of the first.
    fn plant(&self, cards: &mut BTreeMap<CardId, Card>) -> CardId {
        let card = match self {
            Self::Message(next) => Card::Message { text: "Well".into(), next: next.plant(cards) },
            Self::Choice(ways, _) => {
                let ways: Vec<CardId> = ways.iter().map(|way| way.plant(cards)).collect();
                Card::Choice {
                    text: "Which?".into(),
                    options: (0..).zip(ways).map(|(n, next)| option(n, next)).collect(),
                }
            }
            Self::Capture(field, required, next) => {
                Card::Capture { text: "Say".into(), field: *field, required: *required, next: next.plant(cards) }
            }
            Self::Live(wait_ms, offline) => Card::LiveChat {
                online_message: "**Yes**".into(),
                wait_ms: *wait_ms,
                offline_message: "*No*".into(),
                offline: offline.plant(cards),
            },
            Self::End(well, create) => {
                let create = create.iter().map(|kind| make(*kind)).collect();
                match well {
                    true => Card::Qualify { text: "Thanks".into(), create },
                    false => Card::Disqualify { text: "Bye".into(), create },
                }
            }
        };
        let id = CardId::from(format!("c{}", cards.len()));
        cards.insert(id.clone(), card);
        if let (Self::Choice(_, true), Some(Card::Choice { options, .. })) = (self, cards.get_mut(&id)) {
            options.push(option(99, id.clone()));
        }
        id
    }
}

fn option(n: u32, next: CardId) -> CardOption {
    CardOption { id: format!("o{n}").into(), label: format!("Option {n}"), next }
}

fn make(kind: ItemKind) -> Create {
    let subject = (kind == ItemKind::Activity).then(|| "Call".into());
    Create { kind, title: None, subject, fields: ItemFields::default() }
}
