//! Who could take a chat: the switch, presence and its grace, early offline, what visitors are told of it.

use std::sync::Arc;

use super::{
    super::{Hub, Settings, error::HubError},
    gates::Verb,
    house::{House, at_once, demo, not_found, pass, settle, workspace},
};
use crate::{
    chat::{decide::Refusal, event::MissedReason, playbook::Playbook},
    ids::ConversationId,
    mesh::Alone,
    store::{Folder, FolderQuery, Store},
    wire::{
        agent::{AgentStatus, PresenceReason},
        push::AvailableReason,
    },
};

async fn reason(house: &House, conversation: &ConversationId) -> Option<MissedReason> {
    house.row(conversation).await.missed
}

#[tokio::test(start_paused = true)]
async fn r8_when_the_last_agent_switches_off_whoever_waits_is_carried_over_at_once() {
    let house = House::open().await;
    let (jane, bob) = (house.agent("jane").await, house.agent("bob").await);
    let (mut one, mut two) = (house.visitor("v_1").await, house.visitor("v_2").await);
    let (first, second) = (one.start().await, two.start().await);
    jane.switch(false).await;
    settle().await;
    assert_eq!(reason(&house, &first).await, None, "Bob is still there");
    bob.switch(false).await;
    settle().await;
    for conversation in [&first, &second] {
        assert_eq!(reason(&house, conversation).await, Some(MissedReason::EveryoneLeft));
    }
    pass(120_000).await;
    assert_eq!(house.count(&first, "missed"), 1);
}

#[tokio::test(start_paused = true)]
async fn r8_closing_the_last_tab_carries_over_after_the_grace() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    jane.close();
    pass(19_900).await;
    assert_eq!(reason(&house, &conversation).await, None);
    pass(200).await;
    assert_eq!(reason(&house, &conversation).await, Some(MissedReason::EveryoneLeft));
}

#[tokio::test(start_paused = true)]
async fn r8_a_visitor_who_was_gone_by_then_is_carried_over_as_well() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let conversation = house.visitor("v_1").await.start().await;
    jane.switch(false).await;
    settle().await;
    assert_eq!(reason(&house, &conversation).await, Some(MissedReason::EveryoneLeft));
}

#[tokio::test(start_paused = true)]
async fn r8_an_agent_who_left_while_the_wait_was_being_written_is_noticed() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor_of("pb_demo", "v_1").await;
    let conversation = visitor.start().await;
    let gate = house.store.gates.hold(Verb::Append);
    let id = conversation.clone();
    let answer = tokio::spawn(async move { visitor.choose(&id, "hello", "talk").await });
    gate.reached().await;
    jane.switch(false).await;
    settle().await;
    gate.open();
    answer.await.unwrap().unwrap();
    settle().await;
    assert_eq!(reason(&house, &conversation).await, Some(MissedReason::EveryoneLeft));
}

#[tokio::test(start_paused = true)]
async fn r8_an_agent_who_came_back_in_between_keeps_the_wait() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    pass(1_100).await;
    let gate = house.store.gates.hold(Verb::Queue);
    jane.switch(false).await;
    gate.reached().await;
    jane.switch(true).await;
    gate.open();
    settle().await;
    assert_eq!(reason(&house, &conversation).await, None);
}

#[tokio::test(start_paused = true)]
async fn r8_a_store_that_is_down_when_everybody_leaves_carries_over_when_it_is_back() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    jane.close();
    pass(19_000).await;
    house.store.down(true);
    pass(5_000).await;
    house.store.down(false);
    pass(500).await;
    assert_eq!(reason(&house, &conversation).await, Some(MissedReason::EveryoneLeft));
}

#[tokio::test(start_paused = true)]
async fn r9_an_agent_who_comes_back_may_rescue_whom_everybody_left() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    jane.switch(false).await;
    settle().await;
    jane.switch(true).await;
    // No new wait begins by itself; somebody has to take it.
    settle().await;
    assert_eq!(house.count(&conversation, "waiting"), 1);
    jane.claim(&conversation).await.unwrap();
    assert!(matches!(
        visitor.type_in(&conversation, "email", "ann@example.com").await,
        Err(HubError::Refused(Refusal::Conflict { .. }))
    ));
}

#[tokio::test(start_paused = true)]
async fn r10_a_status_is_put_into_words_once_for_everybody() {
    let house = House::open().await;
    let (mut ann, mut bob) = (house.agent("ann").await, house.agent("bob").await);
    ann.mail();
    bob.mail();
    let _jane = house.agent("jane").await;
    settle().await;
    let (one, other) = (ann.mail().presence.remove("jane").unwrap(), bob.mail().presence.remove("jane").unwrap());
    assert!(std::sync::Arc::ptr_eq(&one, &other), "of a thousand agents a thousand are told");
}

#[tokio::test(start_paused = true)]
async fn r10_others_see_online_away_and_offline_each_with_its_reason() {
    let house = House::open().await;
    let mut bob = house.agent("bob").await;
    bob.mail();
    let mut last = async |what: &str| {
        settle().await;
        let push = bob.mail().presence.remove("jane").unwrap_or_else(|| panic!("nothing of jane: {what}"));
        (push.value().agent.status, push.value().reason)
    };
    let jane = house.tab("jane", false).await;
    jane.switch(true).await;
    assert_eq!(last("switched on").await, (AgentStatus::Online, PresenceReason::Toggle));
    jane.close();
    pass(20_010).await;
    assert_eq!(last("closed").await, (AgentStatus::Away, PresenceReason::Closed));
    let jane = house.tab("jane", false).await;
    assert_eq!(last("came back").await, (AgentStatus::Online, PresenceReason::Connected));
    drop(jane);
    pass(30_010).await;
    assert_eq!(last("lost").await, (AgentStatus::Away, PresenceReason::Lost));
    let root = house.admin("root").await;
    house.hub.set_online(&root.who, Some(&"jane".into()), false).await.unwrap();
    assert_eq!(last("switched off by an admin").await, (AgentStatus::Offline, PresenceReason::Admin));
}

#[tokio::test(start_paused = true)]
async fn pr2_a_reload_shows_nobody_a_flap() {
    let house = House::open().await;
    let mut bob = house.agent("bob").await;
    let mut jane = house.agent("jane").await;
    bob.mail();
    let visitor = house.visitor("v_1").await;
    for _ in 0..5 {
        jane.close();
        pass(15_000).await;
        jane = house.tab("jane", false).await;
        pass(60_000).await;
    }
    assert!(bob.mail().presence.is_empty());
    assert_eq!(visitor.mail().available, None);
}

#[tokio::test(start_paused = true)]
async fn pr1_after_everybody_is_gone_nobody_is_held_in_memory() {
    let house = House::open().await;
    for n in 0..20 {
        let clerk = house.agent(&format!("agent{n}")).await;
        let _second = house.tab(&format!("agent{n}"), false).await;
        if n % 2 == 0 {
            clerk.close()
        } else {
            drop(clerk)
        }
        pass(1_000).await;
    }
    assert!(!house.hub.presence().is_empty());
    pass(35_000).await;
    assert!(house.hub.presence().is_empty());
}

#[tokio::test(start_paused = true)]
async fn r10_the_switch_survives_a_restart_and_nobody_else_can_switch_it_on() {
    let house = House::open().await;
    let (jane, bob) = (house.agent("jane").await, house.agent("bob").await);
    let root = house.admin("root").await;
    let set = |by: &super::house::Clerk, online| {
        let (hub, who) = (house.hub.clone(), by.who.clone());
        async move { hub.set_online(&who, Some(&"jane".into()), online).await }
    };
    assert!(matches!(set(&bob, false).await, Err(HubError::Refused(Refusal::Forbidden(_)))));
    assert!(matches!(set(&root, true).await, Err(HubError::Refused(Refusal::Forbidden(_)))));
    drop((jane, bob, root));
    let store = house.close().await;
    let house = House::upon(store, Settings::default()).await;
    let jane = house.tab("jane", false).await;
    assert!(jane.desk.row.online);
    assert!(house.hub.presence().anybody(&workspace()));
}

#[tokio::test(start_paused = true)]
async fn r10_a_device_that_connects_while_another_uses_the_switch_brings_nothing_old_back() {
    let house = House::open().await;
    let jane = house.tab("jane", false).await;
    // The row of the second device is read, and then the first one switches on.
    let gate = house.store.gates.hold(Verb::AgentHello);
    let second = house.tab("jane", false);
    let (second, ()) = tokio::join!(second, async {
        gate.reached().await;
        jane.switch(true).await;
        gate.open();
    });
    assert!(second.desk.row.online);
    assert!(house.hub.presence().anybody(&workspace()));
}

#[tokio::test(start_paused = true)]
async fn r10_the_first_device_that_connects_while_an_admin_switches_off_is_off() {
    let house = House::open().await;
    let root = house.admin("root").await;
    house.agent("jane").await.close();
    pass(30_000).await;
    root.switch(false).await;
    let gate = house.store.gates.hold(Verb::AgentHello);
    let (jane, ()) = tokio::join!(house.tab("jane", false), async {
        gate.reached().await;
        house.hub.set_online(&root.who, Some(&"jane".into()), false).await.unwrap();
        gate.open();
    });
    assert!(!jane.desk.row.online);
    assert!(!house.hub.presence().anybody(&workspace()));
}

#[tokio::test(start_paused = true)]
async fn r10_of_two_devices_that_switch_at_once_the_one_stored_last_stands() {
    let house = House::open().await;
    let jane = house.tab("jane", false).await;
    // On is stored and pauses before anybody knows; off is stored after it.
    let gate = house.store.gates.hold(Verb::SetOnline);
    let ((), ()) = tokio::join!(jane.switch(true), async {
        gate.reached().await;
        jane.switch(false).await;
        gate.open();
    });
    assert!(!house.store.agent(&workspace(), &jane.id).await.unwrap().unwrap().online);
    assert!(!house.hub.presence().anybody(&workspace()));
}

#[tokio::test(start_paused = true)]
async fn p3_visitors_are_told_the_moment_it_changes_whether_anybody_is_available() {
    let house = House::open().await;
    let visitor = house.visitor("v_1").await;
    assert_eq!(visitor.greeting.available.reason, AvailableReason::NobodyOnline);
    let jane = house.agent("jane").await;
    assert_eq!(visitor.mail().available.unwrap().reason, AvailableReason::Ok);
    jane.switch(false).await;
    assert_eq!(visitor.mail().available.unwrap().reason, AvailableReason::NobodyOnline);
    let off = Playbook { active: false, ..at_once() };
    jane.switch(true).await;
    house.hub.save_playbook(&workspace(), &off, 1).await.unwrap();
    assert_eq!(visitor.mail().available.unwrap().reason, AvailableReason::Inactive);
}

#[tokio::test(start_paused = true)]
async fn r5_until_it_was_seen_on_a_page_a_playbook_is_offline_only() {
    let house = House::open().await;
    let (mut jane, mut root) = (house.agent("jane").await, house.admin("root").await);
    jane.mail();
    root.mail();
    let fresh = Playbook { id: "pb_fresh".into(), ..at_once() };
    house.hub.save_playbook(&workspace(), &fresh, 0).await.unwrap();
    let mut visitor = house.visitor_of("pb_fresh", "v_1").await;
    assert_eq!(visitor.greeting.available.reason, AvailableReason::NotInstalled);
    let conversation = visitor.start().await;
    assert_eq!(reason(&house, &conversation).await, Some(MissedReason::NotInstalled));
    // In nobody's inbox; admins find it among all.
    let (mail, admins) = (jane.mail(), root.mail());
    assert!(mail.rows.is_empty() && mail.counts.unassigned.is_none() && mail.notify.is_empty());
    assert!(admins.rows.is_empty() && admins.counts.unassigned.is_none());
    assert!(not_found(jane.claim(&conversation).await));
    assert_eq!(house.tab("jane", false).await.desk.counts.unassigned, 0);
    let all = FolderQuery {
        workspace: workspace(),
        folder: Folder::All { only_mine: None },
        before: None,
        limit: 9,
        query: None,
    };
    assert_eq!(house.store.folder(&all).await.unwrap().conversations[0].conversation.id, conversation);
    assert!(root.open(&conversation, None).await.is_ok());
    let mut bob = house.tab("bob", false).await;
    root.assign(&conversation, Some("jane")).await.unwrap();
    assert!(jane.mail().rows.contains_key(&conversation));
    assert!(bob.mail().rows.is_empty(), "nobody loses what they never saw");
    jane.assign(&conversation, None).await.unwrap();
    assert!(bob.mail().rows.contains_key(&conversation));
    let row = house.playbook("pb_fresh").await;
    house.hub.playbook_seen(&row).await.unwrap();
    assert_eq!(visitor.mail().available.unwrap().reason, AvailableReason::Ok);
}

#[tokio::test(start_paused = true)]
async fn b_a_playbook_read_before_it_was_saved_never_replaces_the_newer_one() {
    let store = House::open().await.close().await;
    let hub = Hub::new(store.clone(), Arc::new(Alone::new()), Settings::default());
    // A reader has read version 1 and pauses; version 2 is saved.
    let (reading, gate) = (hub.clone(), store.gates.hold(Verb::Playbook));
    let reader = tokio::spawn(async move { reading.playbook(&"pb_demo".into()).await });
    gate.reached().await;
    let newer = Playbook { name: "Newer".into(), ..demo() };
    hub.save_playbook(&workspace(), &newer, 1).await.unwrap();
    gate.open();
    reader.await.unwrap().unwrap();
    assert_eq!(hub.playbook(&"pb_demo".into()).await.unwrap().unwrap().version, 2);
}

#[tokio::test(start_paused = true)]
async fn b_a_removed_agent_is_sent_away_and_their_chats_are_free() {
    let house = House::open().await;
    let (jane, mut bob) = (house.agent("jane").await, house.agent("bob").await);
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    jane.claim(&conversation).await.unwrap();
    bob.mail();
    assert!(house.hub.remove_agent(&workspace(), &jane.id).await.unwrap());
    assert!(jane.seat().mail.take().unwrap().leave.is_some());
    assert_eq!(house.types(&conversation).last().map(String::as_str), Some("unassigned"));
    assert!(bob.mail().rows.contains_key(&conversation));
    assert!(!house.hub.remove_agent(&workspace(), &jane.id).await.unwrap());
    assert!(jane.seat().mail.take().unwrap().leave.is_some(), "the first answer may have been lost");
    // Whoever is removed is nobody to give a chat to.
    bob.claim(&conversation).await.unwrap();
    let gone = bob.assign(&conversation, Some("jane")).await;
    assert!(matches!(gone, Err(HubError::Refused(Refusal::Invalid { field, .. })) if field == "to"));
}
