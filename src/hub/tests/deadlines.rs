//! Waits that nobody answers: once, on time, whatever happened meanwhile.

use super::{
    super::Settings,
    gates::Verb,
    house::{House, pass, settle},
};
use crate::{
    chat::event::{MissedReason, What},
    ids::{ConversationId, Millis},
    store::Store,
};

/// When it was missed, and why.
fn missed(house: &House, conversation: &ConversationId) -> Vec<(Millis, MissedReason)> {
    let missed = |event: &crate::chat::event::Event| match event.what {
        What::Missed { reason, .. } => Some((event.at, reason)),
        _ => None,
    };
    house.store.log(conversation).iter().filter_map(|entry| missed(entry.event())).collect()
}

#[tokio::test(start_paused = true)]
async fn w1_a_wait_nobody_answers_is_missed_once_and_at_its_time() {
    let house = House::open().await;
    let _jane = house.agent("jane").await;
    let mut waits = Vec::new();
    for n in 0..200 {
        let mut visitor = house.visitor(&format!("v_{n}")).await;
        let conversation = visitor.start().await;
        waits.push((house.row(&conversation).await.deadline().unwrap(), conversation, visitor));
        pass(137).await;
    }
    pass(70_000).await;
    for (deadline, conversation, _) in &waits {
        let [(at, reason)] = missed(&house, conversation)[..] else { panic!("not missed once") };
        let late = at.since(*deadline);
        assert!((0..=2).contains(&late), "{late} ms late");
        assert_eq!(reason, MissedReason::WaitExpired);
    }
    assert!(house.hub.waiting().is_empty());
}

#[tokio::test(start_paused = true)]
async fn w1_two_hundred_deadlines_of_one_moment_all_fire() {
    let house = House::open().await;
    let _jane = house.agent("jane").await;
    let mut waits = Vec::new();
    for n in 0..200 {
        let mut visitor = house.visitor(&format!("v_{n}")).await;
        waits.push((visitor.start().await, visitor));
    }
    pass(60_002).await;
    assert!(waits.iter().all(|(conversation, _)| missed(&house, conversation).len() == 1));
}

#[tokio::test(start_paused = true)]
async fn w1_a_wait_outlives_the_hub_that_began_it() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    let deadline = house.row(&conversation).await.deadline().unwrap();
    pass(20_000).await;
    drop((jane, visitor));
    let store = house.close().await;
    pass(5_000).await;
    // Another hub, where nobody ever spoke of it.
    let house = House::upon(store, Settings::default()).await;
    let _jane = house.tab("jane", false).await;
    pass(34_990).await;
    assert_eq!(missed(&house, &conversation), []);
    pass(20).await;
    let [(at, reason)] = missed(&house, &conversation)[..] else { panic!("not missed once") };
    assert!((0..=2).contains(&at.since(deadline)), "{at:?}");
    assert_eq!(reason, MissedReason::WaitExpired);
}

#[tokio::test(start_paused = true)]
async fn w1_a_deadline_that_passed_while_no_hub_ran_fires_as_soon_as_one_does() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    drop((jane, visitor));
    let store = house.close().await;
    pass(600_000).await;
    let house = House::upon(store, Settings::default()).await;
    settle().await;
    assert_eq!(missed(&house, &conversation).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn w1_a_store_that_is_down_over_the_deadline_gets_it_when_it_is_back() {
    // The second time the deadline is too far ahead to be known when the store goes.
    for up in [50_000, 40_000] {
        let house = House::open().await;
        let _jane = house.agent("jane").await;
        let mut visitor = house.visitor("v_1").await;
        let conversation = visitor.start().await;
        pass(up).await;
        house.store.down(true);
        pass(80_000 - up).await;
        house.store.down(false);
        pass(1_000).await;
        let [(_, reason)] = missed(&house, &conversation)[..] else { panic!("not missed once") };
        assert_eq!(reason, MissedReason::WaitExpired);
        pass(60_000).await;
        assert_eq!(missed(&house, &conversation).len(), 1);
        assert!(house.hub.waiting().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn w1_two_hubs_on_one_store_miss_it_once() {
    let house = House::open().await;
    let _jane = house.agent("jane").await;
    let other = House::upon(house.store.clone(), Settings::default()).await;
    let _there = other.tab("jane", false).await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    // The one decides, pauses, and finds that the other was first.
    pass(59_900).await;
    let gate = house.store.gates.hold(Verb::Append);
    gate.reached().await;
    pass(1_000).await;
    gate.open();
    settle().await;
    assert_eq!(missed(&other, &conversation).len(), 1);
    assert_eq!(house.types(&conversation), ["started", "message", "waiting", "missed", "message", "card"]);
}

#[tokio::test(start_paused = true)]
async fn r7_a_claim_before_the_deadline_keeps_it_from_firing() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    pass(59_999).await;
    jane.claim(&conversation).await.unwrap();
    pass(60_000).await;
    assert_eq!(missed(&house, &conversation), []);
    assert!(house.hub.waiting().is_empty());
}

#[tokio::test(start_paused = true)]
async fn r7_after_the_deadline_the_visitor_is_in_the_offline_flow_and_a_claim_is_a_rescue() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    pass(60_002).await;
    assert!(visitor.mail().news.contains(&conversation));
    visitor.type_in(&conversation, "email", "ann@example.com").await.unwrap();
    assert_eq!(house.count(&conversation, "item"), 1);
    jane.claim(&conversation).await.unwrap();
    jane.say(&conversation, "k", "Here I am").await.unwrap();
    assert_eq!(house.row(&conversation).await.missed, Some(MissedReason::WaitExpired));
}

#[tokio::test(start_paused = true)]
async fn r4_a_running_wait_keeps_the_offline_flow_of_the_version_it_began_with() {
    let house = House::open().await;
    let _jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    let mut edited = super::house::at_once();
    let text = serde_json::to_string(&edited).unwrap().replace("Nobody", "Changed").replace("60000", "10000");
    edited = crate::chat::playbook::Playbook::from_json(&text).unwrap();
    house.hub.save_playbook(&super::house::workspace(), &edited, 1).await.unwrap();
    pass(59_000).await;
    assert_eq!(missed(&house, &conversation), []);
    pass(2_000).await;
    let log = house.store.log(&conversation);
    assert!(log.iter().any(|entry| entry.json().contains("Nobody")));
    assert!(log.iter().all(|entry| !entry.json().contains("Changed")));
    // The next one runs on the new version.
    let mut next = house.visitor("v_2").await;
    assert_eq!(house.row(&next.start().await).await.playbook.version, 2);
}

#[tokio::test(start_paused = true)]
async fn r19_eight_silent_hours_close_what_reached_no_agent_and_make_a_lead() {
    let house = House::open().await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    assert_eq!(missed(&house, &conversation)[0].1, MissedReason::NobodyOnline);
    drop(visitor);
    pass(8 * 60 * 60 * 1000 - 1_000).await;
    assert_eq!(house.count(&conversation, "closed"), 0);
    pass(62_000).await;
    assert_eq!((house.count(&conversation, "closed"), house.count(&conversation, "item")), (1, 1));
    let items = crate::store::ItemQuery {
        workspace: super::house::workspace(),
        kind: None,
        conversation: None,
        before: None,
        limit: 10,
        viewer: None,
    };
    let items = house.store.items(&items).await.unwrap().items;
    assert_eq!(items[0].page.as_deref(), Some("https://example.com/"));
    pass(24 * 60 * 60 * 1000).await;
    assert_eq!(house.count(&conversation, "closed"), 1);
}
