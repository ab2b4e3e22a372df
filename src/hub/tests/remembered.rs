//! While the store is gone: what memory may answer, to whom, and to whom it must not.

use std::sync::Arc;

use super::{
    super::{Settings, error::HubError, page::Recover},
    gates::Verb,
    house::{House, not_found, pass, settle},
    station::Ways,
    town::{Town, read},
    wires::Faults,
};
use crate::{chat::command::Command, ids::Seq, store::Store, wire::entry::Entry};

fn places(entries: &[Arc<Entry>]) -> Vec<u64> {
    entries.iter().map(|entry| entry.event().seq.0).collect()
}

fn unavailable<T: std::fmt::Debug>(result: &Result<T, HubError>) -> bool {
    matches!(result, Err(HubError::Unavailable))
}

#[tokio::test(start_paused = true)]
async fn l5_without_the_store_a_lone_hub_serves_what_it_holds_to_whom_it_is_and_acknowledges_nothing() {
    let house = House::open().await;
    let (mut jane, mut bob, mut root) =
        (house.agent("jane").await, house.agent("bob").await, house.admin("root").await);
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    jane.claim(&conversation).await.unwrap();
    jane.mail();
    for n in 0..300 {
        visitor.say(&conversation, &format!("k{n}"), &format!("Text {n}")).await.unwrap();
    }
    let before = jane.open(&conversation, None).await.unwrap();
    let head = house.row(&conversation).await.seq.0;
    house.store.down(true);
    for clerk in [&mut jane, &mut root] {
        let shown = clerk.open(&conversation, None).await.unwrap();
        assert_eq!(shown.loaded.conversation, before.loaded.conversation);
        assert_eq!((shown.page.recovered, places(&shown.page.events)), (false, (head - 199..=head).collect()));
        // From a cursor what is behind it, and none of what memory does not reach.
        let from = |seq| Recover { epoch: house.store.epoch(), seq: Seq(seq) };
        let shown = clerk.open(&conversation, Some(&from(head - 3))).await.unwrap();
        assert_eq!((shown.page.recovered, places(&shown.page.events)), (true, vec![head - 2, head - 1, head]));
        assert!(unavailable(&clerk.open(&conversation, Some(&from(3))).await));
        assert!(unavailable(&clerk.open(&conversation, Some(&from(head + 1))).await), "it has more than is known here");
        assert_eq!(
            places(&clerk.history(&conversation, head - 9).await.unwrap()),
            (head - 109..head - 9).collect::<Vec<_>>()
        );
        assert!(unavailable(&clerk.history(&conversation, 10).await), "what memory does not hold");
    }
    assert!(unavailable(&bob.open(&conversation, None).await), "it is jane's");
    assert!(unavailable(&bob.history(&conversation, head).await));
    assert!(unavailable(&jane.say(&conversation, "lost", "lost").await));
    // The visitor's older texts, and another tab of theirs that knows how far it was.
    let history = house.hub.history(&visitor.seat().who, &conversation, Seq(head), 5).await.unwrap();
    assert_eq!(places(&history), (head - 5..head).collect::<Vec<_>>());
    let at = |seq| Some((conversation.clone(), Recover { epoch: house.store.epoch(), seq: Seq(seq) }));
    let again = house.greet(visitor.guest.clone(), at(head).as_ref()).await.unwrap();
    let shown = again.greeting.conversation.as_ref().unwrap();
    assert!(shown.page.recovered && shown.page.events.is_empty());
    assert!(again.seated.follows().contains(&conversation));
    assert!(house.greet(visitor.guest.clone(), None).await.is_err(), "which is theirs is the store's to say");
    let mut stranger = visitor.guest.clone();
    stranger.visitor = "v_2".into();
    assert!(house.greet(stranger, at(head).as_ref()).await.is_err());
    house.store.down(false);
    assert_eq!(house.row(&conversation).await.seq.0, head, "nothing was written");
    assert!(not_found(bob.open(&conversation, None).await));
    let done = jane.say(&conversation, "lost", "lost").await.unwrap();
    assert_eq!((done.seq.0, done.duplicate), (head + 1, false));
}

#[tokio::test(start_paused = true)]
async fn l5_a_page_that_was_opened_once_is_served_again_without_the_store() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    jane.claim(&conversation).await.unwrap();
    visitor.say(&conversation, "k", "Hello").await.unwrap();
    drop((visitor, jane));
    settle().await;
    // Whoever comes in now holds a fold and no events.
    let mut jane = house.tab("jane", false).await;
    house.store.down(true);
    assert!(unavailable(&jane.open(&conversation, None).await), "an empty page would look like an empty conversation");
    house.store.down(false);
    let shown = jane.open(&conversation, None).await.unwrap();
    house.store.down(true);
    let again = jane.open(&conversation, None).await.unwrap();
    assert_eq!(places(&again.page.events), places(&shown.page.events));
    assert_eq!(places(&jane.history(&conversation, 4).await.unwrap()), [1, 2, 3]);
    assert_eq!(jane.history(&conversation, 1).await.unwrap(), [], "the beginning");
}

#[tokio::test(start_paused = true)]
async fn a3_without_the_store_nobody_is_shown_what_a_claim_in_doubt_may_have_taken() {
    let house = House::open().await;
    let (jane, mut bob) = (Arc::new(house.agent("jane").await), house.agent("bob").await);
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    bob.open(&conversation, None).await.unwrap();
    let gate = house.store.gates.hold(Verb::Appended);
    let (claiming, id) = (jane.clone(), conversation.clone());
    let claim = tokio::spawn(async move { claiming.claim(&id).await });
    gate.reached().await;
    house.store.down(true);
    assert!(unavailable(&bob.open(&conversation, None).await), "the claim is under way");
    claim.abort();
    assert!(claim.await.unwrap_err().is_cancelled());
    for _ in 0..3 {
        assert!(unavailable(&bob.open(&conversation, None).await), "nobody knows what became of it");
        assert!(unavailable(&bob.history(&conversation, 3).await));
        pass(1_000).await;
    }
    house.store.down(false);
    pass(1_100).await;
    assert!(not_found(bob.open(&conversation, None).await));
    house.store.down(true);
    assert!(unavailable(&bob.open(&conversation, None).await), "it is known to be jane's");
}

#[tokio::test(start_paused = true)]
async fn l5_among_other_nodes_one_without_the_store_serves_whom_nothing_can_be_taken_from() {
    for admins_see_assigned in [true, false] {
        let town = Town::with(2, Settings { admins_see_assigned, ..Settings::default() }).await;
        let [here, there] = [&town.hubs[0], &town.hubs[1]];
        let jane = here.agent("jane").await;
        let mut bob = there.agent("bob").await;
        let mut root = super::town::Node::tab(there.house.hub.clone(), there.house.admin("root").await);
        let (guest, mut visitor, id) = there.chat("v_1").await;
        visitor.say(&id, "seen by all").await.unwrap();
        read(&mut [&mut bob, &mut root, &mut visitor]).await;
        for tab in [&mut bob, &mut root] {
            there.open(tab, &id).await.unwrap();
        }
        let head = town.row(&id).await.seq;
        // From here on this node reads nothing and hears nothing.
        there.station.ways(|ways| *ways = Ways { down: true, ..Ways::default() });
        town.wires.faults(Faults { lost: 1_000, ..Faults::default() });
        jane.give(&id, Command::Claim).await.unwrap();
        jane.say(&id, "canary").await.unwrap();
        assert!(unavailable(&there.open(&mut bob, &id).await));
        assert!(unavailable(&there.house.hub.history(&bob.seat().who, &id, head, 9).await));
        let opened = there.open(&mut root, &id).await;
        assert_eq!(unavailable(&opened), !admins_see_assigned, "{opened:?}");
        let history = there.house.hub.history(&visitor.seat().who, &id, head, 9).await.unwrap();
        assert!(history.last().is_some_and(|entry| entry.event().seq.next() == head));
        let cursor = Recover { epoch: town.store.epoch(), seq: Seq(2) };
        let (_, greeting) = there.house.hub.greet(&guest, Some(&(id.clone(), cursor))).await.unwrap();
        let shown = greeting.conversation.unwrap();
        assert_eq!((shown.page.recovered, shown.page.cursor), (true, head));
        // What is closed is everybody's for good.
        there.station.ways(|ways| *ways = Ways::default());
        town.wires.faults(Faults::default());
        jane.give(&id, Command::Close).await.unwrap();
        pass(11_000).await;
        there.open(&mut bob, &id).await.unwrap();
        there.station.ways(|ways| *ways = Ways { down: true, ..Ways::default() });
        there.open(&mut bob, &id).await.unwrap();
    }
}
