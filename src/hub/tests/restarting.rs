//! Presence over a restart: kept as a lease, taken over by the next incarnation, never for longer than the rules say.

use super::{
    super::{Settings, page::Recover},
    house::{House, pass, settle, workspace},
};
use crate::{
    chat::event::MissedReason,
    ids::Seq,
    store::Store,
    wire::{
        agent::{AgentStatus, PresenceReason},
        code::CloseCode,
        push::AvailableReason,
        roster::{Roster, Stay},
    },
};

/// The only node dies and is there again `ms` later.
async fn dies(house: House, ms: u64) -> House {
    let store = house.kill().await;
    pass(ms).await;
    House::upon(store, Settings::default()).await
}

/// Everybody the store says is present somewhere.
async fn kept(house: &House) -> Vec<(String, Stay)> {
    let rosters = house.store.rosters().await.unwrap().into_iter();
    let agents = rosters.flat_map(|row| Roster::decode(&row.roster).unwrap().agents);
    agents.map(|present| (present.agent.as_str().to_owned(), present.stay)).collect()
}

#[tokio::test(start_paused = true)]
async fn pr2_agents_who_come_back_after_a_crash_of_the_only_node_show_no_flap() {
    let house = House::open().await;
    let agents = [house.agent("jane").await, house.agent("bob").await];
    pass(60_000).await;
    let house = dies(house, 3_000).await;
    drop(agents);
    let visitor = house.visitor("v_1").await;
    assert_eq!(visitor.greeting.available.reason, AvailableReason::Ok);
    let mut bob = house.tab("bob", false).await;
    let statuses: Vec<_> = bob.desk.agents.iter().map(|(row, status)| (row.agent.id.as_str(), *status)).collect();
    assert_eq!(statuses, [("bob", AgentStatus::Online), ("jane", AgentStatus::Online)]);
    pass(15_000).await;
    let _jane = house.tab("jane", false).await;
    pass(120_000).await;
    assert!(bob.mail().presence.is_empty());
    assert_eq!(visitor.mail().available, None);
}

#[tokio::test(start_paused = true)]
async fn r6_who_reaches_the_live_chat_card_just_after_a_restart_waits() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor_of("pb_demo", "v_1").await;
    let conversation = visitor.start().await;
    let store = house.kill().await;
    drop((jane, visitor));
    pass(2_000).await;
    let house = House::upon(store, Settings::default()).await;
    visitor = house.visitor_of("pb_demo", "v_1").await;
    visitor.choose(&conversation, "hello", "talk").await.unwrap();
    settle().await;
    assert!(house.row(&conversation).await.deadline().is_some());
    let jane = house.tab("jane", false).await;
    jane.claim(&conversation).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn pr1_agents_who_do_not_come_back_after_a_crash_are_gone_when_their_lease_and_the_grace_are_over() {
    let house = House::open().await;
    let mut bob = house.agent("bob").await;
    let jane = house.agent("jane").await;
    pass(61_500).await;
    let house = dies(house, 1_000).await;
    drop((bob, jane));
    bob = house.tab("bob", false).await;
    let visitor = house.visitor("v_1").await;
    bob.switch(false).await;
    bob.mail();
    // The lease was renewed three seconds before the end at the most, stands for ten and has a grace of twenty.
    pass(25_900).await;
    assert!(bob.mail().presence.is_empty());
    assert_eq!(visitor.mail().available, None);
    pass(3_200).await;
    let push = bob.mail().presence.remove("jane").unwrap();
    assert_eq!((push.value().agent.status, push.value().reason), (AgentStatus::Away, PresenceReason::NodeLost));
    assert_eq!(visitor.mail().available.unwrap().reason, AvailableReason::NobodyOnline);
    drop(bob);
    pass(31_000).await;
    assert!(house.hub.presence().is_empty());
    // What the dead one said is swept when somebody says something again.
    pass(60_000).await;
    let _bob = house.tab("bob", false).await;
    settle().await;
    assert_eq!(kept(&house).await, [("bob".into(), Stay::Seated)]);
}

#[tokio::test(start_paused = true)]
async fn pr1_a_grace_that_ran_before_a_crash_is_not_prolonged_by_it() {
    let house = House::open().await;
    let (jane, max, mut bob) = (house.agent("jane").await, house.agent("max").await, house.agent("bob").await);
    pass(60_000).await;
    jane.close();
    max.seat().heard(house.store.now());
    drop(max);
    pass(15_000).await;
    let house = dies(house, 1_000).await;
    drop(bob);
    bob = house.tab("bob", false).await;
    pass(3_900).await;
    assert!(bob.mail().presence.is_empty());
    pass(200).await;
    let push = bob.mail().presence.remove("jane").unwrap();
    assert_eq!((push.value().agent.status, push.value().reason), (AgentStatus::Away, PresenceReason::Closed));
    pass(9_800).await;
    assert!(bob.mail().presence.is_empty());
    pass(200).await;
    let push = bob.mail().presence.remove("max").unwrap();
    assert_eq!((push.value().agent.status, push.value().reason), (AgentStatus::Away, PresenceReason::Lost));
}

#[tokio::test(start_paused = true)]
async fn pr2_a_drain_leaves_presence_to_the_grace() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    pass(60_000).await;
    house.hub.drain();
    jane.seat().heard(house.store.now());
    drop(jane);
    let store = house.close().await;
    pass(5_000).await;
    let house = House::upon(store, Settings::default()).await;
    let visitor = house.visitor("v_1").await;
    assert_eq!(visitor.greeting.available.reason, AvailableReason::Ok);
    pass(24_900).await;
    assert_eq!(visitor.mail().available, None);
    pass(200).await;
    assert_eq!(visitor.mail().available.unwrap().reason, AvailableReason::NobodyOnline);
}

#[tokio::test(start_paused = true)]
async fn pr1_several_restarts_in_a_row_prolong_nobodys_presence() {
    let mut house = House::open().await;
    let jane = house.agent("jane").await;
    pass(60_000).await;
    let gone_by = house.store.now().plus(30_000);
    for _ in 0..5 {
        house = dies(house, 3_000).await;
        assert!(house.hub.presence().anybody(&workspace()));
        pass(1_000).await;
    }
    drop(jane);
    let left = gone_by.since(house.store.now());
    pass(left.unsigned_abs() + 10).await;
    assert!(!house.hub.presence().anybody(&workspace()));
    let house = dies(house, 1_000).await;
    assert!(!house.hub.presence().anybody(&workspace()));
}

#[tokio::test(start_paused = true)]
async fn pr1_a_clock_that_was_set_back_between_two_starts_makes_nobody_stay() {
    let house = House::open().await;
    let (jane, max) = (house.agent("jane").await, house.agent("max").await);
    max.close();
    pass(10_000).await;
    let store = house.kill().await;
    store.set_back(3_600_000);
    drop(jane);
    let house = House::upon(store, Settings::default()).await;
    pass(30_100).await;
    assert!(house.hub.presence().is_empty());
}

#[tokio::test(start_paused = true)]
async fn pr1_the_roster_follows_who_is_there_at_once_and_is_empty_at_the_end() {
    let house = House::open().await;
    let (jane, second) = (house.agent("jane").await, house.tab("jane", false).await);
    settle().await;
    assert_eq!(kept(&house).await, [("jane".into(), Stay::Seated)]);
    pass(300).await;
    jane.close();
    pass(300).await;
    assert_eq!(kept(&house).await, [("jane".into(), Stay::Seated)]);
    second.close();
    let until = house.store.now().plus(20_000);
    settle().await;
    let reason = PresenceReason::Closed;
    assert_eq!(kept(&house).await, [("jane".into(), Stay::Leaving { until, reason })]);
    pass(20_010).await;
    assert_eq!(kept(&house).await, []);
    // Nobody there, nothing to renew.
    let asked = house.store.asked.load(std::sync::atomic::Ordering::SeqCst);
    pass(2_000).await;
    assert!(house.store.asked.load(std::sync::atomic::Ordering::SeqCst) - asked < 8);
}

#[tokio::test(start_paused = true)]
async fn l5_a_store_that_is_down_for_a_while_gets_the_roster_when_it_is_back() {
    let house = House::open().await;
    house.store.down(true);
    let hello = house.hub.welcome(&workspace(), &super::house::agent_ref("jane"), false, None).await;
    assert!(hello.is_err());
    house.store.down(false);
    let jane = house.agent("jane").await;
    house.store.down(true);
    jane.close();
    pass(10_000).await;
    house.store.down(false);
    pass(3_500).await;
    assert!(matches!(kept(&house).await[..], [(_, Stay::Leaving { .. })]));
}

#[tokio::test(start_paused = true)]
async fn r10_who_was_switched_off_while_their_node_was_down_is_not_available_after_it() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    pass(5_000).await;
    let store = house.kill().await;
    drop(jane);
    store.set_online(&workspace(), &"jane".into(), false).await.unwrap();
    let house = House::upon(store, Settings::default()).await;
    assert!(!house.hub.presence().anybody(&workspace()));
    // An admin may switch off somebody who is only present for their lease's sake.
    let root = house.admin("root").await;
    root.switch(false).await;
    house.store.set_online(&workspace(), &"jane".into(), true).await.unwrap();
    house.hub.set_online(&root.who, Some(&"jane".into()), false).await.unwrap();
    assert!(!house.hub.presence().anybody(&workspace()));
}

#[tokio::test(start_paused = true)]
async fn r8_after_a_crash_whoever_waits_is_carried_over_when_the_last_lease_and_its_grace_are_over() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    pass(30_000).await;
    let conversation = visitor.start().await;
    let house = dies(house, 2_000).await;
    drop((jane, visitor));
    pass(24_000).await;
    assert_eq!(house.row(&conversation).await.missed, None);
    pass(4_500).await;
    assert_eq!(house.row(&conversation).await.missed, Some(MissedReason::EveryoneLeft));
    assert_eq!(house.count(&conversation, "missed"), 1);
}

#[tokio::test(start_paused = true)]
async fn r8_a_hub_that_starts_where_nobody_is_carries_over_whoever_waits_after_the_time_to_come_back() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let slow = super::house::patient(600_000);
    house.hub.save_playbook(&workspace(), &slow, 1).await.unwrap();
    let conversation = house.visitor("v_1").await.start().await;
    let house = dies(house, 120_000).await;
    drop(jane);
    assert!(!house.hub.presence().anybody(&workspace()));
    pass(29_900).await;
    assert_eq!(house.row(&conversation).await.missed, None);
    pass(200).await;
    assert_eq!(house.row(&conversation).await.missed, Some(MissedReason::EveryoneLeft));
}

#[tokio::test(start_paused = true)]
async fn r8_a_restart_after_which_somebody_comes_back_carries_nobody_over() {
    for (down, back) in [(3_000, 20_000), (120_000, 25_000)] {
        let house = House::open().await;
        let jane = house.agent("jane").await;
        let slow = super::house::patient(600_000);
        house.hub.save_playbook(&workspace(), &slow, 1).await.unwrap();
        let conversation = house.visitor("v_1").await.start().await;
        pass(5_000).await;
        let house = dies(house, down).await;
        drop(jane);
        pass(back).await;
        let jane = house.tab("jane", false).await;
        pass(120_000).await;
        assert_eq!(house.row(&conversation).await.missed, None, "down for {down} ms");
        jane.claim(&conversation).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn d3_where_the_store_comes_back_without_the_last_events_all_go_on_from_what_there_is() {
    let house = House::open().await;
    let mut jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    jane.claim(&conversation).await.unwrap();
    for n in 1..=3 {
        visitor.say(&conversation, &format!("k{n}"), &format!("Text {n}")).await.unwrap();
    }
    visitor.mail();
    jane.mail();
    let head = house.row(&conversation).await.seq;
    house.store.lose(&conversation, Seq(head.0 - 2));
    let said = visitor.say(&conversation, "k4", "Text 4").await.unwrap();
    assert_eq!(said.seq, Seq(head.0 - 1));
    for mail in [visitor.mail(), jane.mail()] {
        assert!(mail.leave.is_some_and(|leave| leave.code == CloseCode::Draining), "they come back to what there is");
    }
    let from = (conversation.clone(), Recover { epoch: house.store.epoch(), seq: head });
    let back = house.greet(visitor.guest.clone(), Some(&from)).await.unwrap();
    let shown = back.greeting.conversation.as_ref().unwrap();
    assert_eq!((shown.page.recovered, shown.page.cursor), (false, Seq(head.0 - 1)));
    // What was sent and is lost may be sent again.
    assert!(!visitor.say(&conversation, "k3", "Text 3").await.unwrap().duplicate);
}
