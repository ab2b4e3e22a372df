//! The Live Chat card: waits, their end, the offline flow, the rescue, the silence.

use serde_json::json;

use super::{super::*, world::*};
use crate::chat::{
    conversation::Sight,
    event::{ClosedReason, ItemKind},
};

const HOUR: i64 = 60 * 60 * 1000;

fn missed(events: &[Event]) -> Vec<MissedReason> {
    let reason = |event: &Event| match event.what {
        What::Missed { reason, .. } => Some(reason),
        _ => None,
    };
    events.iter().filter_map(reason).collect()
}

#[test]
fn r6_with_somebody_available_the_online_message_shows_and_the_wait_begins_for_all_to_see() {
    let mut world = World::asked();
    world.later(5_000);
    let events = world.choose("hello", "talk").unwrap();
    assert_eq!(types(&events), ["answer", "message", "waiting"]);
    let What::Message { text, rich, key } = &events[1].what else { panic!("no message") };
    assert_eq!((text.as_str(), events[1].by.clone()), ("One moment, we are finding somebody for you.", Author::Bot));
    assert!(rich.is_some() && key.is_none());
    let What::Waiting { wait_ms, deadline, .. } = events[2].what else { panic!("no wait") };
    assert_eq!((wait_ms, deadline), (60_000, NOON.plus(65_000)));
    assert_eq!(world.conversation.sight(), Sight::Everybody);
    assert!(world.conversation.is_unassigned());
}

#[test]
fn r6_with_nobody_available_the_offline_flow_begins_at_once() {
    let world = World::offline();
    assert_eq!(types(&world.log), ["started", "card", "answer", "missed", "message", "card"]);
    assert_eq!(missed(&world.log), [MissedReason::NobodyOnline]);
    let What::Message { text, .. } = &world.log[4].what else { panic!("no message") };
    assert_eq!(text, "Nobody is free right now.");
    assert_eq!(world.conversation.sight(), Sight::Everybody);
}

#[test]
fn r5_a_playbook_that_was_never_seen_on_a_page_is_offline_only() {
    let mut world = World::asked();
    world.available = Err(MissedReason::NotInstalled);
    assert_eq!(missed(&world.choose("hello", "talk").unwrap()), [MissedReason::NotInstalled]);
}

#[test]
fn r5_a_card_reached_while_the_playbook_is_not_to_be_seen_is_shown_to_admins_only_until_one_gives_it_away() {
    let mut world = World::asked();
    world.available = Err(MissedReason::NotInstalled);
    world.choose("hello", "talk").unwrap();
    assert_eq!(world.conversation.sight(), Sight::Admins);
    assert!(!world.conversation.is_unassigned() && world.conversation.since.is_none());
    assert_eq!(world.give(&agent("jane"), &Command::Claim), Err(Refusal::NotFound));
    world.give(&admin("root"), &Command::Assign { to: Some(agent_ref("jane")) }).unwrap();
    world.give(&agent("jane"), &Command::Assign { to: None }).unwrap();
    assert_eq!(world.conversation.sight(), Sight::Everybody);
    assert!(world.conversation.is_unassigned());
}

#[test]
fn r6_a_live_chat_card_that_comes_first_waits_from_the_first_moment() {
    let cards = json!({
        "live": {"kind": "live_chat", "online_message": "Hi", "wait_ms": 10000, "offline_message": "Sorry", "offline": "bye"},
        "bye": {"kind": "disqualify", "text": "Bye", "create": [{"kind": "activity", "subject": "Call"}]}
    });
    let online = World::begin(playbook("live", cards.clone()), Ok(()));
    assert_eq!(types(&online.log), ["started", "message", "waiting"]);
    let offline = World::begin(playbook("live", cards), Err(MissedReason::NobodyOnline));
    // The offline flow ended, but an agent is to follow it up: it is not closed.
    assert_eq!(types(&offline.log), ["started", "missed", "message", "card", "disqualified", "item"]);
    assert!(offline.conversation.is_unassigned());
}

#[test]
fn r7_before_the_deadline_nothing_is_missed() {
    let mut world = World::waiting();
    world.later(59_999);
    assert_eq!(world.give(&Actor::System, &Command::Expire), Ok(vec![]));
}

#[test]
fn r7_at_the_deadline_the_wait_is_missed_once() {
    let mut world = World::waiting();
    world.later(60_000);
    let events = world.give(&Actor::System, &Command::Expire).unwrap();
    assert_eq!(types(&events), ["missed", "message", "card"]);
    assert_eq!(missed(&events), [MissedReason::WaitExpired]);
    assert_eq!(world.give(&Actor::System, &Command::Expire), Ok(vec![]));
    assert_eq!(world.give(&Actor::System, &Command::EveryoneLeft), Ok(vec![]));
}

#[test]
fn r7_a_deadline_never_fires_against_a_claim() {
    let mut world = World::assigned("jane");
    world.later(HOUR);
    assert_eq!(world.give(&Actor::System, &Command::Expire), Ok(vec![]));
    world.available = Err(MissedReason::NobodyOnline);
    assert_eq!(world.give(&Actor::System, &Command::EveryoneLeft), Ok(vec![]));
    // Nor after it was given up again: no new wait, no deadline.
    world.give(&agent("jane"), &Command::Assign { to: None }).unwrap();
    assert_eq!(world.give(&Actor::System, &Command::Expire), Ok(vec![]));
    assert_eq!(world.conversation.deadline(), None);
}

#[test]
fn r7_a_wait_that_the_visitor_ends_is_closed_and_not_missed() {
    let mut world = World::waiting();
    world.give(&Actor::Visitor, &Command::End).unwrap();
    world.later(HOUR);
    assert_eq!(world.give(&Actor::System, &Command::Expire), Ok(vec![]));
    assert_eq!(missed(&world.log), []);
}

#[test]
fn r8_when_the_last_available_agent_leaves_the_visitor_is_carried_to_the_offline_flow_then() {
    let mut world = World::waiting();
    world.later(1_000);
    world.available = Err(MissedReason::NobodyOnline);
    let events = world.give(&Actor::System, &Command::EveryoneLeft).unwrap();
    assert_eq!(missed(&events), [MissedReason::EveryoneLeft]);
    assert_eq!(types(&events), ["missed", "message", "card"]);
}

#[test]
fn r8_when_somebody_came_back_before_it_was_decided_the_wait_goes_on() {
    let mut world = World::waiting();
    assert_eq!(world.give(&Actor::System, &Command::EveryoneLeft), Ok(vec![]));
    assert!(world.conversation.deadline().is_some());
}

#[test]
fn r8_a_playbook_switched_off_meanwhile_is_no_reason_to_keep_a_visitor_waiting_for_nobody() {
    let mut world = World::waiting();
    world.available = Err(MissedReason::NotInstalled);
    let events = world.give(&Actor::System, &Command::EveryoneLeft).unwrap();
    assert_eq!(missed(&events), [MissedReason::EveryoneLeft]);
}

#[test]
fn r9_an_agent_rescues_a_visitor_from_the_offline_flow_which_stops() {
    let mut world = World::offline();
    let events = world.give(&agent("jane"), &Command::Claim).unwrap();
    assert_eq!(types(&events), ["assigned"]);
    let Err(Refusal::Conflict { message, assignee, at }) = world.type_in("email", "ann@example.com") else {
        panic!("the flow goes on")
    };
    assert!(message.starts_with("jane is here now"), "{message}");
    assert!(assignee.is_some_and(|to| to.id.as_str() == "jane") && at == Some(world.now));
    let Err(Refusal::Conflict { message, .. }) = World::waiting().choose("hello", "talk") else { panic!("answered") };
    assert!(message.starts_with("the questions are over"), "{message}");
    assert_eq!(world.conversation.missed, Some(MissedReason::NobodyOnline));
    assert!(world.say(&agent("jane"), "Here I am").is_ok());
}

#[test]
fn r3_the_offline_flow_goes_on_to_its_end_makes_its_items_and_stays_open_for_a_follow_up() {
    let mut world = World::offline();
    let events = world.type_in("email", "Ann@Example.COM").unwrap();
    assert_eq!(types(&events), ["answer", "details", "card", "qualified", "item", "item"]);
    assert!(world.conversation.is_unassigned());
    assert!(matches!(world.type_in("email", "bob@example.com"), Err(Refusal::Conflict { .. })));
    world.later(HOUR);
    assert!(world.give(&agent("jane"), &Command::Claim).is_ok());
}

#[test]
fn r19_eight_silent_hours_without_an_agent_close_it_as_abandoned_with_a_lead() {
    let mut world = World::offline();
    world.later(8 * HOUR - 1);
    assert_eq!(world.give(&Actor::System, &Command::Abandon), Ok(vec![]));
    world.later(1);
    let events = world.give(&Actor::System, &Command::Abandon).unwrap();
    assert_eq!(types(&events), ["item", "closed"]);
    assert!(matches!(&events[0].what, What::Item(item) if item.kind == ItemKind::Lead));
    assert!(matches!(events[1].what, What::Closed { reason: ClosedReason::Abandoned }));
    assert_eq!(world.give(&Actor::System, &Command::Abandon), Ok(vec![]));
}

#[test]
fn r19_a_conversation_that_never_left_the_playbook_is_abandoned_all_the_same() {
    let mut world = World::asked();
    world.later(8 * HOUR);
    assert_eq!(types(&world.give(&Actor::System, &Command::Abandon).unwrap()), ["item", "closed"]);
}

#[test]
fn r19_a_lead_the_offline_flow_made_is_not_doubled() {
    let mut world = World::offline();
    world.type_in("email", "ann@example.com").unwrap();
    world.later(8 * HOUR);
    assert_eq!(types(&world.give(&Actor::System, &Command::Abandon).unwrap()), ["closed"]);
}

#[test]
fn r19_no_lead_where_the_playbook_does_not_say_so() {
    let mut world = World::offline();
    world.playbook.abandoned_lead = false;
    world.later(8 * HOUR);
    assert_eq!(types(&world.give(&Actor::System, &Command::Abandon).unwrap()), ["closed"]);
}

#[test]
fn r19_what_reached_an_agent_is_never_abandoned() {
    let mut world = World::assigned("jane");
    world.give(&agent("jane"), &Command::Assign { to: None }).unwrap();
    world.later(100 * HOUR);
    assert_eq!(world.give(&Actor::System, &Command::Abandon), Ok(vec![]));
}

#[test]
fn r19_a_word_of_the_visitor_begins_the_silence_anew() {
    let mut world = World::offline();
    world.later(7 * HOUR);
    world.say(&Actor::Visitor, "Still here").unwrap();
    world.later(7 * HOUR);
    assert_eq!(world.give(&Actor::System, &Command::Abandon), Ok(vec![]));
}

#[test]
fn r7_a_wait_is_never_abandoned_it_is_missed_first() {
    let mut world = World::waiting();
    world.later(9 * HOUR);
    assert_eq!(world.give(&Actor::System, &Command::Abandon), Ok(vec![]));
    assert_eq!(missed(&world.give(&Actor::System, &Command::Expire).unwrap()), [MissedReason::WaitExpired]);
}
