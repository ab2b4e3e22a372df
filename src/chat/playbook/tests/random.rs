use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::{super::*, demo, playbook, with};
use crate::chat::event::ItemKind;

/// Card ids few enough that random playbooks hang together now and then.
fn ids() -> impl Strategy<Value = CardId> + Clone {
    (0..8u8).prop_map(|n| CardId::from(format!("c{n}").as_str()))
}

fn cards() -> impl Strategy<Value = Card> {
    let text = || prop_oneof![9 => Just("**Hi** there".to_owned()), 1 => any::<String>()];
    let option = (0..3u8, ids()).prop_map(|(id, next)| CardOption {
        id: format!("o{id}").as_str().into(),
        label: "Go".into(),
        next,
    });
    let field = prop_oneof![
        Just(CaptureField::Name),
        Just(CaptureField::Email),
        Just(CaptureField::Phone),
        Just(CaptureField::Organization),
        Just(CaptureField::Text)
    ];
    let kind = prop_oneof![Just(ItemKind::Lead), Just(ItemKind::Deal), Just(ItemKind::Activity)];
    let create = (kind, proptest::option::of("[a-z]{0,3}")).prop_map(|(kind, subject)| Create {
        kind,
        title: None,
        subject,
        fields: ItemFields::default(),
    });
    let create = proptest::collection::vec(create, 0..2);
    prop_oneof![
        2 => (text(), ids()).prop_map(|(text, next)| Card::Message { text, next }),
        3 => (text(), proptest::collection::vec(option, 0..4)).prop_map(|(text, options)| Card::Choice { text, options }),
        3 => (text(), field, any::<bool>(), ids()).prop_map(|(text, field, required, next)| Card::Capture { text, field, required, next }),
        1 => (text(), text(), prop_oneof![9 => Just(60_000), 1 => any::<u64>()], ids())
            .prop_map(|(online_message, offline_message, wait_ms, offline)| Card::LiveChat { online_message, wait_ms, offline_message, offline }),
        3 => (text(), create.clone()).prop_map(|(text, create)| Card::Qualify { text, create }),
        2 => (text(), create).prop_map(|(text, create)| Card::Disqualify { text, create }),
    ]
}

prop_compose! {
    /// Any playbook, faults and all.
    fn playbooks()(cards in proptest::collection::btree_map(ids(), cards(), 0..8), start in ids()) -> Playbook {
        Playbook { start, cards, ..playbook(demo()) }
    }
}

prop_compose! {
    /// Playbooks made to be free of faults: every card leads to later ones only, at most one Live Chat card.
    fn sound()(cards in proptest::collection::vec(cards(), 1..12), ways in proptest::collection::vec(0..100usize, 24)) -> Playbook {
        let id = |n: usize| CardId::from(format!("c{n:02}").as_str());
        let last = cards.len();
        let mut lived = false;
        let mut whole: BTreeMap<CardId, Card> = BTreeMap::new();
        for (n, mut card) in cards.into_iter().enumerate() {
            // The chain keeps every card reachable; an end, or a second Live Chat card, would cut it.
            if matches!(card, Card::Qualify { .. } | Card::Disqualify { .. }) || (lived && matches!(card, Card::LiveChat { .. })) {
                card = Card::Message { text: "on".into(), next: id(n + 1) };
            }
            match &mut card {
                Card::Message { text, next } | Card::Capture { text, next, .. } => (*text, *next) = ("says".into(), id(n + 1)),
                Card::LiveChat { online_message, wait_ms, offline_message, offline } => {
                    lived = true;
                    (*online_message, *wait_ms, *offline_message, *offline) = ("yes".into(), 10_000, "no".into(), id(n + 1));
                }
                Card::Choice { text, options } => {
                    *text = "which?".into();
                    options.push(CardOption { id: "on".into(), label: "On".into(), next: id(n + 1) });
                    for (index, option) in options.iter_mut().enumerate() {
                        option.id = format!("o{index}").as_str().into();
                        if index > 0 {
                            option.next = id(n + 1 + ways[n * 2 + index % 2] % (last - n));
                        }
                    }
                    options[0].next = id(n + 1);
                }
                Card::Qualify { .. } | Card::Disqualify { .. } => {}
            }
            whole.insert(id(n), card);
        }
        whole.insert(id(last), Card::Qualify { text: "end".into(), create: vec![] });
        Playbook { start: id(0), cards: whole, ..playbook(demo()) }
    }
}

/// Answers that a card takes.
fn takes(playbook: &Playbook, card: &CardId) -> Vec<Reply> {
    match &playbook.cards[card] {
        Card::Choice { options, .. } => options.iter().map(|option| Reply::Option(option.id.clone())).collect(),
        Card::Capture { field: CaptureField::Email, .. } => vec![Reply::Value("a@b.co".into())],
        Card::Capture { .. } => vec![Reply::Value("555 0100".into())],
        _ => vec![],
    }
}

/// Walks every way there is; each card is left once by each of its answers.
fn walk_everywhere(playbook: &Playbook) {
    let mut seen = BTreeSet::new();
    let mut open = vec![(playbook.begin(), false)];
    while let Some((walk, lived)) = open.pop() {
        assert!(walk.shown.len() <= playbook.cards.len());
        let shown: BTreeSet<_> = walk.shown.iter().map(|shown| &shown.card).collect();
        assert_eq!(shown.len(), walk.shown.len(), "no card twice in one stretch");
        match walk.then {
            Next::Asking(card) if seen.insert((card.clone(), lived)) => {
                let replies = takes(playbook, &card);
                assert!(!replies.is_empty(), "{card} asks and takes no answer");
                open.extend(replies.iter().map(|reply| (playbook.answer(&card, reply).unwrap().walk, lived)));
            }
            Next::Asking(_) => {}
            Next::Live(card) => {
                assert!(!lived, "a second Live Chat card on one path");
                assert!(playbook.live_chat(&card).is_some());
                open.push((playbook.offline(&card), true));
            }
            Next::Ended { card, create, .. } => {
                assert!(matches!(playbook.cards[&card], Card::Qualify { .. } | Card::Disqualify { .. }));
                assert!(create.iter().all(|item| !item.title.trim().is_empty() && item.key.as_str().len() <= 64));
            }
        }
    }
}

proptest! {
    #[test]
    fn b_a_playbook_without_faults_never_gets_stuck(playbook in playbooks()) {
        if playbook.faults().is_empty() {
            walk_everywhere(&playbook);
        }
    }

    #[test]
    fn b_a_sound_playbook_has_no_faults_and_never_gets_stuck(playbook in sound()) {
        prop_assert_eq!(playbook.faults(), vec![]);
        walk_everywhere(&playbook);
    }

    #[test]
    fn b_any_playbook_reads_back_as_it_was(playbook in playbooks()) {
        let json = serde_json::to_value(&playbook).unwrap();
        prop_assert_eq!(&Playbook::from_value(json.clone()).unwrap(), &playbook);
        prop_assert_eq!(Playbook::from_json(&json.to_string()).unwrap(), playbook);
    }

    #[test]
    fn b_random_answers_never_panic(playbook in playbooks(), answers in proptest::collection::vec((ids(), any::<bool>(), any::<String>()), 0..20)) {
        playbook.begin();
        for (card, press, text) in answers {
            let reply = if press { Reply::Option(text.as_str().into()) } else { Reply::Value(text) };
            if let Ok(answered) = playbook.answer(&card, &reply) {
                prop_assert!(answered.walk.shown.len() <= playbook.cards.len() + 1);
                prop_assert!(answered.claim.is_none_or(|claim| claim.value == answered.label));
            }
            playbook.offline(&card);
        }
    }

    #[test]
    fn b_any_json_is_a_playbook_or_told_faults(text in any::<String>(), value in any::<Option<f64>>()) {
        let _ = Playbook::from_json(&text);
        for pointer in ["/cards/live", "/cards/live/wait_ms", "/cards/hello/options/0", "/cards/done/create/0", "/appearance", "/start"] {
            for json in [with(pointer, json!(value)), with(pointer, json!(text)), with(pointer, json!([text]))] {
                if let Err(Faults(faults)) = Playbook::from_value(json) {
                    prop_assert!(!faults.is_empty());
                }
            }
        }
    }
}
