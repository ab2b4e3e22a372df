//! The side panel, items, and what the CRM answers.

use serde_json::json;

use super::{super::*, world::*};
use crate::{
    chat::{
        details::DetailsPatch,
        event::{External, ItemKind},
    },
    ids::{ItemId, MessageKey},
};

fn patch(json: serde_json::Value) -> Command {
    Command::Details(Box::new(DetailsPatch::from_json(&json).unwrap()))
}

fn item(key: &str, title: &str) -> Command {
    let (item, key) = (ItemId::from(format!("i_{key}")), MessageKey::from(key));
    Command::Item { item, kind: ItemKind::Lead, title: title.into(), key, fields: Box::default() }
}

fn external(id: &str) -> External {
    External { id: id.into(), url: None }
}

/// The demo's offline flow on a playbook that asks for the address twice.
fn asks_twice() -> World {
    let cards = json!({
        "live": {"kind": "live_chat", "online_message": "Hi", "offline_message": "Sorry", "offline": "first"},
        "first": {"kind": "capture", "field": "email", "text": "Your address?", "next": "second"},
        "second": {"kind": "capture", "field": "email", "text": "Really?", "next": "words"},
        "words": {"kind": "capture", "field": "text", "text": "What is it about?", "required": false, "next": "bye"},
        "bye": {"kind": "disqualify", "text": "Bye"}
    });
    World::begin(playbook("live", cards), Err(MissedReason::NobodyOnline))
}

#[test]
fn r15_what_the_visitor_typed_into_capture_cards_is_in_the_panel_marked_as_theirs() {
    let mut world = asks_twice();
    let events = world.type_in("first", "ann@example.com").unwrap();
    assert_eq!(types(&events), ["answer", "details", "card"]);
    assert_eq!(events[1].by, Author::Visitor);
    assert_eq!(world.conversation.details.person.email.as_deref(), Some("ann@example.com"));
    assert!(world.conversation.claimed.contains("person.email"));
}

#[test]
fn r15_what_a_site_says_of_its_visitor_stands_unclaimed_but_never_over_what_an_agent_entered() {
    let said = |name: &str, email: &str| Command::Vouched(Box::new(DetailsPatch::of_person(Some(name), Some(email))));
    let mut world = asks_twice();
    world.type_in("first", "ann@example.com").unwrap();
    let events = world.give(&Actor::System, &said(" Ann \n Smith ", "ann@example.com")).unwrap();
    assert_eq!(types(&events), ["details"]);
    assert_eq!(events[0].by, Author::System);
    let person = world.conversation.details.person.clone();
    assert_eq!((person.name.as_deref(), person.email.as_deref()), (Some("Ann Smith"), Some("ann@example.com")));
    assert!(world.conversation.claimed.is_empty(), "the site has checked what the visitor typed");
    // Said again, or typed over by the visitor: nothing changes.
    assert!(world.give(&Actor::System, &said("Ann Smith", "ann@example.com")).unwrap().is_empty());
    let events = world.type_in("second", "somebody@else.example").unwrap();
    assert!(!types(&events).iter().any(|kind| kind == "details"));
    // What an agent has entered stays; what cannot be an address is left out.
    let entered = DetailsPatch::of_person(Some("Anne"), None);
    world.give(&agent("jane"), &Command::Details(Box::new(entered))).unwrap();
    assert!(world.give(&Actor::System, &said("Ann Smith", "no address")).unwrap().is_empty());
    assert_eq!(world.conversation.details.person.name.as_deref(), Some("Anne"));
}

#[test]
fn r15_a_key_makes_one_item_whether_an_agent_or_the_playbook_comes_first() {
    let cards = json!({
        "live": {"kind": "live_chat", "online_message": "Hi", "offline_message": "Sorry", "offline": "email"},
        "email": {"kind": "capture", "field": "email", "text": "Your address?", "next": "done"},
        "done": {"kind": "qualify", "text": "Thanks", "create": [{"kind": "deal"}, {"kind": "lead"}]}
    });
    let by_hand = |world: &World, key: &str| {
        let item = ItemId::made_by(&world.conversation.id, &key.into());
        Command::Item { item, kind: ItemKind::Lead, title: "Mine".into(), key: key.into(), fields: Default::default() }
    };
    let titles =
        |world: &World| -> Vec<String> { world.conversation.items.iter().map(|item| item.title.clone()).collect() };
    let mut first = World::begin(playbook("live", cards.clone()), Err(MissedReason::NobodyOnline));
    first.type_in("email", "ann@example.com").unwrap();
    assert_eq!(titles(&first), ["Test deal", "Test lead"]);
    let command = by_hand(&first, "done-0");
    assert_eq!(first.give(&agent("jane"), &command), Ok(vec![]));
    let mut second = World::begin(playbook("live", cards), Err(MissedReason::NobodyOnline));
    let command = by_hand(&second, "done-0");
    assert_eq!(types(&second.give(&agent("jane"), &command).unwrap()), ["item"]);
    let events = second.type_in("email", "ann@example.com").unwrap();
    assert_eq!(types(&events), ["answer", "details", "card", "qualified", "item"]);
    assert_eq!(titles(&second), ["Mine", "Test lead"]);
}

#[test]
fn r15_a_capture_replaces_what_the_visitor_said_before() {
    let mut world = asks_twice();
    world.type_in("first", "ann@example.com").unwrap();
    world.type_in("second", "anna@example.com").unwrap();
    assert_eq!(world.conversation.details.person.email.as_deref(), Some("anna@example.com"));
}

#[test]
fn r15_a_capture_never_overwrites_what_an_agent_entered() {
    let mut world = asks_twice();
    world.type_in("first", "ann@example.com").unwrap();
    world.give(&agent("jane"), &patch(json!({"person": {"email": "right@example.com"}}))).unwrap();
    let events = world.type_in("second", "wrong@example.com").unwrap();
    assert_eq!(types(&events), ["answer", "card"], "the answer stands in the log, not in the panel");
    assert_eq!(world.conversation.details.person.email.as_deref(), Some("right@example.com"));
    assert!(world.conversation.claimed.is_empty());
}

#[test]
fn r15_an_agent_who_enters_the_same_as_the_visitor_vouches_for_it() {
    let mut world = asks_twice();
    world.type_in("first", "ann@example.com").unwrap();
    let same = patch(json!({"person": {"email": "ann@example.com"}}));
    assert_eq!(types(&world.give(&agent("jane"), &same).unwrap()), ["details"]);
    assert!(world.conversation.claimed.is_empty());
    assert_eq!(world.give(&agent("jane"), &same), Ok(vec![]));
}

#[test]
fn r15_nothing_typed_where_nothing_is_required_changes_no_panel() {
    let mut world = asks_twice();
    world.type_in("first", "ann@example.com").unwrap();
    world.type_in("second", "ann@example.com").unwrap();
    assert_eq!(types(&world.type_in("words", "  ").unwrap()), ["answer", "card", "disqualified"]);
    assert_eq!(world.conversation.details.note, None);
}

#[test]
fn p5_only_what_changes_is_in_the_event_and_nothing_changed_is_no_event() {
    let mut world = World::assigned("jane");
    let all = json!({"deal": {"value": 10, "currency": "eur"}, "person": {"name": "Ann"}, "note": "a"});
    world.give(&agent("jane"), &patch(all.clone())).unwrap();
    assert_eq!(world.give(&agent("jane"), &patch(all)), Ok(vec![]));
    let events = world.give(&agent("jane"), &patch(json!({"deal": {"value": 11, "currency": "EUR"}, "note": null})));
    let event = serde_json::to_value(&events.unwrap()[0]).unwrap();
    assert_eq!(event["changes"], json!({"deal": {"value": 11}, "note": null}));
    assert_eq!(world.conversation.details.note, None);
}

#[test]
fn p5_a_bad_value_names_its_field_and_stores_nothing() {
    let mut world = World::assigned("jane");
    let mut bad = DetailsPatch { note: Some(Some("fine".into())), ..DetailsPatch::default() };
    bad.person.email = Some(Some("nonsense".into()));
    let refused = world.give(&agent("jane"), &Command::Details(Box::new(bad)));
    assert!(matches!(refused, Err(Refusal::Invalid { field, .. }) if field == "details.person.email"));
    assert_eq!(world.conversation.details.note, None);
}

#[test]
fn r15_an_item_is_made_with_its_title_and_does_not_close_the_chat() {
    let mut world = World::assigned("jane");
    let events = world.give(&agent("jane"), &item("k", "  A lead ")).unwrap();
    assert_eq!(types(&events), ["item"]);
    assert_eq!(world.conversation.items[0].title, "A lead");
    assert!(world.conversation.assignee().is_some());
    for bad in ["", "  "] {
        assert!(matches!(world.give(&agent("jane"), &item("l", bad)), Err(Refusal::Invalid { .. })));
    }
    let long = "x".repeat(MAX_SHORT + 1);
    assert!(matches!(world.give(&agent("jane"), &item("l", &long)), Err(Refusal::TooLarge { .. })));
}

#[test]
fn r18_an_item_the_crm_took_is_marked_and_no_second_one() {
    let mut world = World::closed();
    world.give(&agent("jane"), &item("k", "A lead")).unwrap();
    let handed = Command::Handed { item: "i_k".into(), external: Some(external("crm-1")), failing: vec![] };
    assert_eq!(types(&world.give(&Actor::System, &handed).unwrap()), ["item"]);
    assert_eq!(world.conversation.items.len(), 1);
    assert_eq!(world.conversation.items[0].external, Some(external("crm-1")));
    // A receiver that answered twice said nothing new.
    assert_eq!(world.give(&Actor::System, &handed), Ok(vec![]));
}

#[test]
fn r18_a_failure_shows_until_it_succeeds_and_is_not_repeated_word_by_word() {
    let mut world = World::closed();
    world.give(&agent("jane"), &item("k", "A lead")).unwrap();
    let failed = Command::HandFailed { item: "i_k".into(), message: "The CRM is down".into() };
    assert_eq!(types(&world.give(&Actor::System, &failed).unwrap()), ["item_failed"]);
    assert_eq!(world.conversation.items[0].failed.as_deref(), Some("The CRM is down"));
    assert_eq!(world.give(&Actor::System, &failed), Ok(vec![]));
    let handed = Command::Handed { item: "i_k".into(), external: Some(external("crm-1")), failing: vec![] };
    world.give(&Actor::System, &handed).unwrap();
    assert_eq!(world.conversation.items[0].failed, None);
}

#[test]
fn r18_a_receiver_that_only_says_yes_takes_a_failure_back_and_keeps_the_link() {
    let mut world = World::closed();
    world.give(&agent("jane"), &item("k", "A lead")).unwrap();
    let taken = Command::Handed { item: "i_k".into(), external: None, failing: vec![] };
    assert_eq!(world.give(&Actor::System, &taken), Ok(vec![]), "nobody was told of any trouble");
    let failed = Command::HandFailed { item: "i_k".into(), message: "The CRM is down".into() };
    for link in [None, Some(external("crm-1"))] {
        world.give(&Actor::System, &failed).unwrap();
        assert_eq!(types(&world.give(&Actor::System, &taken).unwrap()), ["item"]);
        let view = &world.conversation.items[0];
        assert_eq!((&view.failed, &view.external), (&None, &link));
        let linked = Command::Handed { item: "i_k".into(), external: Some(external("crm-1")), failing: vec![] };
        world.give(&Actor::System, &linked).unwrap();
    }
    assert_eq!(world.conversation.items.len(), 1);
}

#[test]
fn r18_what_one_receiver_took_ends_no_failure_of_another() {
    let mut world = World::closed();
    world.give(&agent("jane"), &item("k", "A lead")).unwrap();
    let handed = |link: Option<&str>, failing: &[&str]| Command::Handed {
        item: "i_k".into(),
        external: link.map(external),
        failing: failing.iter().map(|&words| words.into()).collect(),
    };
    let told = |words: &str| Command::HandFailed { item: "i_k".into(), message: words.into() };
    assert_eq!(world.give(&Actor::System, &handed(None, &["a"])), Ok(vec![]), "no trouble was shown");
    world.give(&Actor::System, &told("a")).unwrap();
    assert_eq!(world.give(&Actor::System, &handed(None, &["b", "a"])), Ok(vec![]));
    // A link is news, and the failure stands behind it.
    let linked = world.give(&Actor::System, &handed(Some("crm-1"), &["b", "a"])).unwrap();
    assert_eq!(types(&linked), ["item", "item_failed"]);
    let view = world.conversation.items[0].clone();
    assert_eq!((view.failed.as_deref(), view.external), (Some("a"), Some(external("crm-1"))));
    // Who failed has it now: another's failure is shown in its place, until that one has it as well.
    assert_eq!(types(&world.give(&Actor::System, &handed(None, &["b"])).unwrap()), ["item_failed"]);
    assert_eq!(world.conversation.items[0].failed.as_deref(), Some("b"));
    assert_eq!(types(&world.give(&Actor::System, &handed(None, &[])).unwrap()), ["item"]);
    assert_eq!(world.conversation.items[0].failed, None);
}

#[test]
fn r18_nothing_is_known_of_an_item_that_was_never_made() {
    let world = World::closed();
    let handed = Command::Handed { item: "i_no".into(), external: Some(external("crm-1")), failing: vec![] };
    assert_eq!(world.ask(&Actor::System, &handed), Err(Refusal::NotFound));
}
