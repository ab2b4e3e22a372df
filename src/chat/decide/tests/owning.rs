//! Claiming, handing over, giving up, closing; who may see it meanwhile.

use super::{super::*, world::*};
use crate::{
    chat::{
        conversation::Sight,
        details::DetailsPatch,
        event::{ClosedReason, ItemKind},
    },
    ids::ItemId,
};

/// Everything an agent may ask of a conversation but claiming it.
fn asks() -> Vec<Command> {
    vec![
        Command::Send { key: "s".into(), text: "Hi".into() },
        Command::Note { key: "n".into(), text: "Hm".into() },
        Command::Assign { to: Some(agent_ref("bob")) },
        Command::Assign { to: None },
        Command::Details(Box::new(note("x"))),
        item("i_x"),
        Command::Close,
    ]
}

fn note(text: &str) -> DetailsPatch {
    DetailsPatch { note: Some(Some(text.into())), ..DetailsPatch::default() }
}

fn item(id: &str) -> Command {
    Command::Item {
        item: ItemId::from(id),
        kind: ItemKind::Deal,
        title: "A deal".into(),
        key: "i".into(),
        fields: Default::default(),
    }
}

#[test]
fn r11_a_claim_makes_it_theirs() {
    for mut world in [World::waiting(), World::offline()] {
        let events = world.give(&agent("jane"), &Command::Claim).unwrap();
        let What::Assigned { to, from } = &events[0].what else { panic!("not assigned") };
        assert_eq!((to, from), (&agent_ref("jane"), &None));
        assert_eq!(events[0].by, Author::Agent { id: "jane".into(), name: "jane".into() });
        assert_eq!(world.conversation.sight(), Sight::Owner("jane".into()));
        assert_eq!(world.conversation.deadline(), None);
    }
}

#[test]
fn r11_of_two_claims_one_wins_and_the_other_learns_who_and_when() {
    let mut world = World::assigned("jane");
    let won_at = world.now;
    world.later(7);
    let Err(Refusal::Conflict { assignee, at, message }) = world.give(&agent("bob"), &Command::Claim) else {
        panic!("no conflict")
    };
    assert_eq!((assignee, at), (Some(agent_ref("jane")), Some(won_at)));
    assert!(message.contains("jane"));
}

#[test]
fn r11_repeating_a_won_claim_changes_nothing() {
    let mut world = World::assigned("jane");
    assert_eq!(world.give(&agent("jane"), &Command::Claim), Ok(vec![]));
}

#[test]
fn r13_a_conversation_assigned_to_somebody_is_invisible_to_every_other_agent() {
    let world = World::assigned("jane");
    for command in asks() {
        assert_eq!(world.ask(&agent("bob"), &command), Err(Refusal::NotFound), "{command:?}");
    }
}

#[test]
fn r13_admins_see_it_while_the_setting_is_on_and_off_the_rule_is_absolute() {
    let mut world = World::assigned("jane");
    assert!(world.ask(&admin("root"), &Command::Note { key: "n".into(), text: "Hm".into() }).is_ok());
    world.admins_see_assigned = false;
    for command in asks() {
        assert_eq!(world.ask(&admin("root"), &command), Err(Refusal::NotFound), "{command:?}");
    }
    assert!(matches!(world.ask(&admin("root"), &Command::Claim), Err(Refusal::Conflict { .. })));
}

#[test]
fn r13_while_the_playbook_talks_only_admins_may_look() {
    let world = World::asked();
    assert_eq!(world.ask(&agent("jane"), &Command::Claim), Err(Refusal::NotFound));
    assert!(matches!(world.ask(&admin("root"), &Command::Claim), Err(Refusal::Conflict { .. })));
    assert!(world.ask(&admin("root"), &Command::Note { key: "n".into(), text: "Hm".into() }).is_ok());
}

#[test]
fn r13_what_nobody_has_every_agent_may_see_but_not_write_in() {
    let mut unassigned = World::assigned("jane");
    unassigned.give(&agent("jane"), &Command::Assign { to: None }).unwrap();
    for world in [World::waiting(), World::offline(), unassigned] {
        assert!(world.ask(&agent("bob"), &Command::Note { key: "n".into(), text: "Hm".into() }).is_ok());
        for command in [&asks()[0], &asks()[2], &asks()[3], &asks()[6]] {
            assert!(matches!(world.ask(&agent("bob"), command), Err(Refusal::Forbidden(_))), "{command:?}");
        }
    }
}

#[test]
fn r14_the_owner_hands_over_and_can_write_no_more() {
    let mut world = World::assigned("jane");
    let to_bob = Command::Assign { to: Some(agent_ref("bob")) };
    let events = world.give(&agent("jane"), &to_bob).unwrap();
    let What::Assigned { to, from } = &events[0].what else { panic!("not assigned") };
    assert_eq!((to.id.as_str(), from.as_deref()), ("bob", Some(&agent_ref("jane"))));
    assert_eq!(world.say(&agent("jane"), "under way"), Err(Refusal::NotFound));
    assert!(world.say(&agent("bob"), "Hello, Bob here").is_ok());
}

#[test]
fn r14_giving_up_puts_it_back_to_unassigned_without_a_new_wait() {
    let mut world = World::assigned("jane");
    let since = world.conversation.since;
    world.later(30_000);
    let events = world.give(&agent("jane"), &Command::Assign { to: None }).unwrap();
    assert_eq!(types(&events), ["unassigned"]);
    assert!(world.conversation.is_unassigned());
    assert_eq!(world.conversation.since, since, "its place in Unassigned is the old one");
    assert!(matches!(world.say(&agent("jane"), "one more"), Err(Refusal::Forbidden(_))));
    assert!(world.give(&agent("bob"), &Command::Claim).is_ok());
}

#[test]
fn r14_to_the_same_agent_or_unassigned_twice_is_fine_and_makes_no_event() {
    let mut world = World::assigned("jane");
    let to_jane = Command::Assign { to: Some(agent_ref("jane")) };
    assert_eq!(world.give(&agent("jane"), &to_jane), Ok(vec![]));
    assert_eq!(world.give(&admin("root"), &to_jane), Ok(vec![]));
    world.give(&agent("jane"), &Command::Assign { to: None }).unwrap();
    assert_eq!(world.give(&admin("root"), &Command::Assign { to: None }), Ok(vec![]));
}

#[test]
fn r14_an_admin_assigns_what_nobody_has_and_what_somebody_else_has() {
    let mut world = World::waiting();
    let to_bob = Command::Assign { to: Some(agent_ref("bob")) };
    assert_eq!(types(&world.give(&admin("root"), &to_bob).unwrap()), ["assigned"]);
    let to_jane = Command::Assign { to: Some(agent_ref("jane")) };
    assert_eq!(types(&world.give(&admin("root"), &to_jane).unwrap()), ["assigned"]);
    assert!(matches!(world.say(&admin("root"), "Hi"), Err(Refusal::Forbidden(_))), "an admin owns nothing by rank");
}

#[test]
fn r14_while_the_playbook_talks_nobody_can_be_given_it() {
    let world = World::asked();
    for to in [None, Some(agent_ref("bob"))] {
        assert!(matches!(world.ask(&admin("root"), &Command::Assign { to }), Err(Refusal::Conflict { .. })));
    }
}

#[test]
fn r16_the_owner_or_an_admin_closes_and_it_is_final() {
    for closer in [agent("jane"), admin("root")] {
        let mut world = World::assigned("jane");
        world.later(5);
        let events = world.give(&closer, &Command::Close).unwrap();
        assert!(matches!(events[0].what, What::Closed { reason: ClosedReason::Agent }));
        assert_eq!(world.conversation.closed_at(), Some(NOON.plus(5)));
    }
    let world = World::closed();
    for actor in [agent("jane"), admin("root")] {
        for command in [&asks()[0], &asks()[2], &asks()[3], &asks()[6], &Command::Claim] {
            assert_eq!(world.ask(&actor, command), Err(Refusal::Closed), "{command:?}");
        }
    }
    for command in [Command::Expire, Command::EveryoneLeft, Command::Abandon] {
        assert_eq!(world.ask(&Actor::System, &command), Ok(vec![]));
    }
}

#[test]
fn a4_after_closing_panel_notes_and_items_still_work_for_every_agent() {
    let world = World::closed();
    assert_eq!(world.conversation.sight(), Sight::Everybody);
    for command in
        [Command::Note { key: "n".into(), text: "Hm".into() }, Command::Details(Box::new(note("x"))), item("i_x")]
    {
        for actor in [agent("jane"), agent("bob")] {
            assert_eq!(world.ask(&actor, &command).map(|events| events.len()), Ok(1), "{command:?}");
        }
    }
}

#[test]
fn r16_what_closed_without_reaching_the_live_chat_card_is_for_admins() {
    let mut world = World::asked();
    world.give(&Actor::Visitor, &Command::End).unwrap();
    assert_eq!(world.ask(&agent("jane"), &Command::Close), Err(Refusal::NotFound));
    assert_eq!(world.ask(&agent("jane"), &Command::Claim), Err(Refusal::NotFound));
    assert_eq!(world.ask(&admin("root"), &Command::Close), Err(Refusal::Closed));
}

#[test]
fn a2_after_each_end_of_a_wait_no_other_end_is_possible() {
    let ends: [(Actor, Command); 4] = [
        (agent("jane"), Command::Claim),
        (Actor::System, Command::Expire),
        (Actor::System, Command::EveryoneLeft),
        (Actor::Visitor, Command::End),
    ];
    for (first, _) in ends.iter().enumerate() {
        for (second, _) in ends.iter().enumerate().filter(|(second, _)| *second != first) {
            let mut world = World::waiting();
            world.later(60_000);
            world.available = Err(MissedReason::NobodyOnline);
            world.give(&ends[first].0, &ends[first].1).unwrap();
            let head = world.log.len();
            let _ = world.give(&ends[second].0, &ends[second].1);
            let missed = world.log[head..].iter().filter(|event| matches!(event.what, What::Missed { .. })).count();
            assert_eq!(missed, 0, "{:?} after {:?}", ends[second].1, ends[first].1);
        }
    }
}
