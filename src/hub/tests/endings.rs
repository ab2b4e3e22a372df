//! Leaving: draining, too many connections, and nothing left behind.

use super::{
    super::Settings,
    house::{House, pass, settle},
};
use crate::{chat::command::Command, ids::Seq, wire::code::CloseCode};

#[tokio::test(start_paused = true)]
async fn l4_draining_tells_everybody_to_come_back_each_after_a_share_of_the_spread() {
    let house = House::with(Settings { drain_spread_ms: 10_000, ..Settings::default() }).await;
    let mut visitors = Vec::new();
    for n in 0..200 {
        visitors.push(house.visitor(&format!("v_{n}")).await);
    }
    let mut jane = house.agent("jane").await;
    house.hub.drain();
    assert!(house.hub.is_draining());
    let leaves: Vec<_> = visitors.iter().map(|visitor| visitor.mail().leave.unwrap()).collect();
    assert!(leaves.iter().all(|leave| leave.code == CloseCode::Draining));
    let after: Vec<u64> = leaves.iter().filter_map(|leave| leave.after_ms).collect();
    assert_eq!(after.len(), 200);
    assert!(after.iter().all(|ms| *ms <= 10_000));
    // Spread evenly: every quarter of the time gets its share.
    for quarter in 0..4u64 {
        let share = after.iter().filter(|ms| **ms / 2_501 == quarter).count();
        assert!(share > 20, "{share} of 200 in one quarter");
    }
    assert_eq!(jane.mail().leave.map(|leave| leave.code), Some(CloseCode::Draining));
    // Whoever comes now is sent on as well.
    let late = house.visitor("v_late").await;
    assert_eq!(late.mail().leave.map(|leave| leave.code), Some(CloseCode::Draining));
}

#[tokio::test(start_paused = true)]
async fn l4_the_fewer_clients_a_draining_hub_has_the_sooner_they_are_told_to_come_back() {
    for (visitors, visitors_within, agents_within) in [
        (0, None, 50),
        (1, Some(100), 100),
        (20, Some(1_050), 1_050),
        (399, Some(20_000), 5_000),
        (1_000, Some(20_000), 5_000),
    ] {
        let house = House::open().await;
        let mut jane = house.agent("jane").await;
        let mut all = Vec::new();
        for n in 0..visitors {
            all.push(house.visitor(&format!("v_{n}")).await);
        }
        house.hub.drain();
        let latest = all.iter().map(|visitor| visitor.mail().leave.unwrap().after_ms.unwrap()).max();
        assert!(latest <= visitors_within, "{latest:?} of {visitors}");
        if visitors >= 20 {
            assert!(latest > visitors_within.map(|most| most / 2), "{latest:?} of {visitors} are not spread");
        }
        let agent = jane.mail().leave.unwrap().after_ms.unwrap();
        assert!(agent <= agents_within, "the agent after {agent} ms beside {visitors} visitors");
    }
}

#[tokio::test(start_paused = true)]
async fn l4_draining_moves_no_presence_before_its_grace() {
    let house = House::open().await;
    let mut bob = house.agent("bob").await;
    let jane = house.agent("jane").await;
    bob.mail();
    house.hub.drain();
    jane.close();
    pass(15_000).await;
    assert!(bob.mail().presence.is_empty());
}

#[tokio::test(start_paused = true)]
async fn l6_connections_over_the_limit_replace_the_oldest() {
    let house =
        House::with(Settings { connections_per_visitor: 2, connections_per_agent: 2, ..Settings::default() }).await;
    let visitors = [house.visitor("v_1").await, house.visitor("v_1").await, house.visitor("v_1").await];
    let leaves = visitors.each_ref().map(|visitor| visitor.mail().leave.map(|leave| leave.code));
    assert_eq!(leaves, [Some(CloseCode::Replaced), None, None]);
    let mut tabs = [house.agent("jane").await, house.tab("jane", false).await, house.tab("jane", false).await];
    let leaves = tabs.each_mut().map(|tab| tab.mail().leave.map(|leave| leave.code));
    assert_eq!(leaves, [Some(CloseCode::Replaced), None, None]);
}

#[tokio::test(start_paused = true)]
async fn l6_after_everybody_left_every_map_is_empty() {
    let house = House::open().await;
    for round in 0..3 {
        let (jane, mut bob) = (house.agent("jane").await, house.agent("bob").await);
        let mut visitors = Vec::new();
        for n in 0..10 {
            let mut visitor = house.visitor(&format!("v_{round}_{n}")).await;
            let conversation = visitor.start().await;
            visitor.say(&conversation, "k", "Hello").await.unwrap();
            house.hub.seen(visitor.seat(), &conversation, Some(Seq(2)), Some(Seq(2)));
            match n % 3 {
                0 => drop(jane.claim(&conversation).await.unwrap()),
                1 => drop(bob.open(&conversation, None).await.unwrap()),
                _ => drop(visitor.give(&conversation, Command::End).await.unwrap()),
            }
            visitor.say(&conversation, "l", "Hello?").await.ok();
            visitors.push(visitor);
        }
        pass(1_500).await;
        drop(visitors);
        jane.close();
        drop(bob);
        pass(120_000).await;
        let hub = &house.hub;
        assert_eq!(hub.board().sizes(), (0, 0, 0));
        assert!(hub.presence().is_empty());
        assert!(hub.waiting().is_empty());
        assert!(hub.queue().is_empty());
        assert_eq!((hub.rings.len(), hub.unwritten.len(), hub.doubts.len(), hub.rows_due.len()), (0, 0, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn l6_what_stands_beside_a_log_is_written_within_a_second_and_at_the_end() {
    let house = House::open().await;
    let _jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    house.hub.seen(visitor.seat(), &conversation, Some(Seq(3)), Some(Seq(2)));
    drop(visitor);
    let store = house.close().await;
    let house = House::upon(store, Settings::default()).await;
    let visitor = house.visitor("v_1").await;
    let seen = visitor.greeting.conversation.unwrap().loaded.beside.seen;
    assert_eq!((seen.visitor.received, seen.visitor.read), (Seq(3), Seq(2)));
}

#[tokio::test(start_paused = true)]
async fn p1_a_hello_without_a_start_writes_nothing() {
    let house = House::open().await;
    let visitor = house.visitor("v_1").await;
    settle().await;
    assert!(visitor.greeting.conversation.is_none());
    assert!(house.store.rows().is_empty());
}

#[tokio::test(start_paused = true)]
async fn p3_the_last_conversation_is_shown_for_a_day_after_it_closed() {
    let house = House::open().await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    visitor.give(&conversation, Command::End).await.unwrap();
    drop(visitor);
    pass(23 * 60 * 60 * 1000).await;
    let again = house.visitor("v_1").await;
    assert_eq!(again.greeting.conversation.as_ref().map(|shown| &shown.loaded.conversation.id), Some(&conversation));
    drop(again);
    pass(2 * 60 * 60 * 1000).await;
    let mut late = house.visitor("v_1").await;
    assert!(late.greeting.conversation.is_none());
    assert_ne!(late.start().await, conversation, "closed is final: a new one begins");
}
