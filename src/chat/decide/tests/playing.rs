//! A visitor and the playbook, before and without any agent.

use serde_json::json;

use super::{super::*, world::*};
use crate::{
    chat::{
        command::last_brought,
        conversation::Sight,
        event::{ClosedReason, External, ItemKind},
        playbook::Reply,
    },
    ids::CardId,
};

/// Two ends, a loop, a message in between.
fn branching() -> World {
    let cards = json!({
        "ask": {"kind": "choice", "text": "What now?", "options": [
            {"id": "buy", "label": "Buy", "next": "great"}, {"id": "again", "label": "Again", "next": "ask"},
            {"id": "go", "label": "Go", "next": "bye"}]},
        "great": {"kind": "message", "text": "Great!", "next": "name"},
        "name": {"kind": "capture", "field": "name", "text": "Your name?", "next": "done"},
        "done": {"kind": "qualify", "text": "Thanks", "create": [{"kind": "deal", "title": "A sale", "value": 12.5}, {"kind": "lead"}]},
        "bye": {"kind": "disqualify", "text": "Bye", "create": []}
    });
    World::begin(playbook("ask", cards), Ok(()))
}

#[test]
fn r1_a_conversation_begins_with_started_and_the_first_card() {
    let world = World::asked();
    assert_eq!(types(&world.log), ["started", "card"]);
    assert_eq!(world.conversation.asking, Some(CardId::from("hello")));
    assert_eq!(world.conversation.sight(), Sight::Admins);
}

#[test]
fn r1_each_answer_of_a_question_leads_its_own_way() {
    let mut world = branching();
    let events = world.choose("ask", "again").unwrap();
    assert_eq!(types(&events), ["answer", "card"]);
    let events = world.choose("ask", "buy").unwrap();
    assert_eq!(types(&events), ["answer", "card", "card"]);
    assert_eq!(world.conversation.asking, Some(CardId::from("name")));
    let mut other = branching();
    assert_eq!(types(&other.choose("ask", "go").unwrap()), ["answer", "card", "disqualified", "closed"]);
}

#[test]
fn r1_the_end_of_a_path_makes_what_the_playbook_says_and_closes_as_finished() {
    let mut world = branching();
    world.choose("ask", "buy").unwrap();
    let events = world.type_in("name", " Ann ").unwrap();
    assert_eq!(types(&events), ["answer", "details", "card", "qualified", "item", "item", "closed"]);
    assert_eq!(events[0].by, Author::Visitor);
    assert_eq!(events[2].by, Author::Bot);
    assert!(matches!(events[6].what, What::Closed { reason: ClosedReason::Finished }));
    let kinds: Vec<ItemKind> = world.conversation.items.iter().map(|item| item.kind).collect();
    assert_eq!(kinds, [ItemKind::Deal, ItemKind::Lead]);
    assert_eq!(world.conversation.items[0].item.as_str(), "i_1_done-0");
    // No Live Chat card was reached: it is no agent's business.
    assert_eq!(world.conversation.sight(), Sight::Admins);
}

#[test]
fn r1_a_capture_is_validated_and_refused_with_a_text_for_the_visitor() {
    let mut world = World::offline();
    let refused = world.type_in("email", "not an address").unwrap_err();
    assert!(matches!(&refused, Refusal::Invalid { field, .. } if field == "value"), "{refused:?}");
    // Nothing happened: the card still asks.
    assert!(world.type_in("email", "ann@example.com").is_ok());
}

#[test]
fn r1_a_stale_or_unknown_card_is_a_conflict() {
    let mut world = World::waiting();
    for card in ["hello", "email", "live", "nowhere"] {
        assert!(matches!(world.choose(card, "talk"), Err(Refusal::Conflict { .. })), "{card}");
    }
}

#[test]
fn r1_an_option_that_does_not_exist_is_invalid_and_a_value_for_a_choice_as_well() {
    let mut world = World::asked();
    assert!(matches!(world.choose("hello", "nothing"), Err(Refusal::Invalid { .. })));
    assert!(matches!(world.type_in("hello", "talk"), Err(Refusal::Invalid { .. })));
    assert_eq!(world.log.len(), 2);
}

#[test]
fn p2_a_visitor_may_write_in_every_open_state_and_it_moves_no_card() {
    for mut world in [World::asked(), World::waiting(), World::offline(), World::assigned("jane")] {
        let (state, asking) = (world.conversation.state.clone(), world.conversation.asking.clone());
        assert_eq!(types(&world.say(&Actor::Visitor, "Hello?").unwrap()), ["message"]);
        assert_eq!((&world.conversation.state, &world.conversation.asking), (&state, &asking));
    }
    assert_eq!(World::closed().say(&Actor::Visitor, "Hello?"), Err(Refusal::Closed));
}

#[test]
fn p3_the_visitor_ends_their_conversation_in_every_open_state() {
    for mut world in [World::asked(), World::waiting(), World::offline(), World::assigned("jane")] {
        let events = world.give(&Actor::Visitor, &Command::End).unwrap();
        assert!(matches!(events[..], [Event { what: What::Closed { reason: ClosedReason::Visitor }, .. }]));
        assert_eq!(world.give(&Actor::Visitor, &Command::End), Err(Refusal::Closed));
    }
}

#[test]
fn p3_a_rating_is_one_to_five_also_after_the_end_and_the_same_again_says_nothing_new() {
    let rate = |score, comment: Option<&str>| Command::Rate { score, comment: comment.map(Into::into) };
    let mut world = World::closed();
    for score in [0, 6] {
        let refused = world.give(&Actor::Visitor, &rate(score, None));
        assert!(matches!(refused, Err(Refusal::Invalid { field, .. }) if field == "score"));
    }
    assert_eq!(types(&world.give(&Actor::Visitor, &rate(4, Some("  fine "))).unwrap()), ["rated"]);
    assert_eq!(world.conversation.rated, Some(4));
    for same in [None, Some("fine"), Some(" fine")] {
        assert_eq!(world.give(&Actor::Visitor, &rate(4, same)), Ok(vec![]));
    }
    assert_eq!(types(&world.give(&Actor::Visitor, &rate(4, Some("fine, really"))).unwrap()), ["rated"]);
    assert_eq!(world.conversation.rated_words.as_deref(), Some("fine, really"));
    assert_eq!(types(&world.give(&Actor::Visitor, &rate(2, None)).unwrap()), ["rated"]);
    assert_eq!((world.conversation.rated, &world.conversation.rated_words), (Some(2), &None));
}

#[test]
fn p2_texts_are_neither_empty_nor_over_sixteen_kib() {
    let mut world = World::assigned("jane");
    let long = "x".repeat(MAX_TEXT + 1);
    for actor in [Actor::Visitor, agent("jane")] {
        assert!(matches!(world.say(&actor, " \n "), Err(Refusal::Invalid { field, .. }) if field == "text"));
        assert_eq!(world.say(&actor, &long), Err(Refusal::TooLarge { field: "text", limit: MAX_TEXT }));
        assert!(world.say(&actor, &long[1..]).is_ok());
    }
}

#[test]
fn p2_visitors_cannot_do_what_agents_do_nor_agents_what_the_hub_does() {
    let mut world = World::waiting();
    for command in [Command::Claim, Command::Close, Command::Assign { to: None }, Command::Expire] {
        assert!(matches!(world.give(&Actor::Visitor, &command), Err(Refusal::Forbidden(_))), "{command:?}");
    }
    let answer = Command::Answer { card: "hello".into(), reply: Reply::Option("talk".into()), key: "k".into() };
    for command in [Command::End, Command::Expire, Command::EveryoneLeft, Command::Abandon, answer] {
        assert!(matches!(world.give(&agent("jane"), &command), Err(Refusal::Forbidden(_))), "{command:?}");
    }
    assert!(matches!(world.give(&Actor::System, &Command::Claim), Err(Refusal::Forbidden(_))));
}

#[test]
fn p2_what_an_answer_brought_is_told_from_what_came_at_the_same_moment() {
    let last = |log: &[Event], from: usize| last_brought(&log[from], &log[from + 1..]).seq;
    // The clock stands still: everything has one moment.
    let mut world = World::asked();
    let wait = world.choose("hello", "talk").unwrap();
    world.available = Err(MissedReason::NobodyOnline);
    let missed = world.give(&Actor::System, &Command::EveryoneLeft).unwrap();
    let mail = world.type_in("email", "ann@example.com").unwrap();
    world.say(&Actor::Visitor, "Bye").unwrap();
    let item = world.conversation.items[0].item.clone();
    let external = External { id: "7".into(), url: None };
    world.give(&Actor::System, &Command::Handed { item, external: Some(external), failing: vec![] }).unwrap();
    let place = |events: &[Event]| events[0].seq.0 as usize - 1;
    assert!(world.log.iter().all(|event| event.at == world.log[0].at) && missed.len() > 1);
    assert!(mail.iter().any(|event| matches!(event.what, What::Details { .. })));
    for events in [wait, mail] {
        assert_eq!(last(&world.log, place(&events)), events.last().unwrap().seq);
    }
    // The end of a path closes, and nothing behind belongs to it.
    let mut world = World::asked();
    let end = world.choose("hello", "look").unwrap();
    world.give(&Actor::Visitor, &Command::Rate { score: 5, comment: None }).unwrap();
    assert_eq!(last(&world.log, place(&end)), end.last().unwrap().seq);
}
