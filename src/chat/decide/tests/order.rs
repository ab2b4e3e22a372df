//! The order of events, of refusals, and who is shown what.

use serde_json::json;

use super::{super::*, world::*};

#[test]
fn p2_events_have_places_without_holes_and_times_that_never_fall() {
    let mut world = World::asked();
    world.choose("hello", "talk").unwrap();
    // The clock of a store that was restarted may be behind.
    world.later(-60_000);
    world.say(&Actor::Visitor, "Hello?").unwrap();
    world.give(&agent("jane"), &Command::Claim).unwrap();
    let places: Vec<u64> = world.log.iter().map(|event| event.seq.0).collect();
    assert_eq!(places, (1..=world.log.len() as u64).collect::<Vec<_>>());
    assert!(world.log.is_sorted_by_key(|event| event.at));
}

#[test]
fn p6_refusals_come_in_the_order_not_found_closed_forbidden_conflict() {
    let send = |text: &str| Command::Send { key: "k".into(), text: text.into() };
    // Invisible beats closed: what never reached the Live Chat card is over, but not theirs to know.
    let mut ended = World::asked();
    ended.give(&Actor::Visitor, &Command::End).unwrap();
    assert_eq!(ended.ask(&agent("jane"), &send("Hi")), Err(Refusal::NotFound));
    // Closed beats forbidden.
    assert_eq!(World::closed().ask(&agent("bob"), &send("Hi")), Err(Refusal::Closed));
    assert_eq!(World::closed().ask(&agent("bob"), &Command::Close), Err(Refusal::Closed));
    // Forbidden beats conflict.
    let to_jane = Command::Assign { to: Some(agent_ref("jane")) };
    assert!(matches!(World::waiting().ask(&agent("bob"), &to_jane), Err(Refusal::Forbidden(_))));
    // And all of them beat a bad value, an agent nobody knows included.
    let nobody = Command::AssignToNobody;
    assert_eq!(World::closed().ask(&admin("root"), &nobody), Err(Refusal::Closed));
    assert!(matches!(World::waiting().ask(&agent("bob"), &nobody), Err(Refusal::Forbidden(_))));
    assert!(matches!(World::asked().ask(&admin("root"), &nobody), Err(Refusal::Conflict { .. })));
    assert!(matches!(World::assigned("jane").ask(&agent("jane"), &nobody), Err(Refusal::Invalid { .. })));
    assert!(matches!(World::waiting().ask(&agent("bob"), &send("")), Err(Refusal::Forbidden(_))));
    assert_eq!(World::closed().ask(&Actor::Visitor, &send("")), Err(Refusal::Closed));
}

#[test]
fn p6_only_a_claim_tells_that_somebody_else_was_first() {
    let world = World::assigned("jane");
    assert!(matches!(world.ask(&agent("bob"), &Command::Claim), Err(Refusal::Conflict { .. })));
    let send = Command::Send { key: "k".into(), text: "Hi".into() };
    assert_eq!(world.ask(&agent("bob"), &send), Err(Refusal::NotFound));
}

#[test]
fn p2_visitors_are_shown_no_panel_no_note_no_item_and_no_verdict() {
    let mut world = World::offline();
    world.type_in("email", "ann@example.com").unwrap();
    world.give(&agent("jane"), &Command::Claim).unwrap();
    world.give(&agent("jane"), &Command::Note { key: "n".into(), text: "secret".into() }).unwrap();
    world.give(&agent("jane"), &Command::Close).unwrap();
    let shown: Vec<String> = world.log.iter().filter(|event| event.what.for_visitor()).map(kind).collect();
    assert_eq!(
        shown,
        ["started", "card", "answer", "missed", "message", "card", "answer", "card", "assigned", "closed"]
    );
}

#[test]
fn p2_an_event_is_one_json_object_with_its_place_time_author_and_type() {
    let world = World::waiting();
    let event = serde_json::to_value(world.log.last().unwrap()).unwrap();
    let deadline = NOON.plus(60_000);
    assert_eq!(
        event,
        json!({"seq": 5, "at": NOON, "by": {"kind": "system"}, "type": "waiting", "wait_ms": 60000, "deadline": deadline, "card": "live"})
    );
}
