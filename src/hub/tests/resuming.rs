//! A client whose node died comes back on another: what it missed and no more, for one read of the store, or two where
//! something was missed.

use super::{
    super::page::Recover,
    house::{pass, settle},
    tab::Tab,
    town::{Town, read, read_after},
    wires::Faults,
};
use crate::{
    chat::command::Command,
    ids::{ConversationId, Seq},
    store::Store,
};

/// The node hears nothing, and knows it; or knows only that it could not join for sure.
const DEAF: [u32; 2] = [999, 998];

fn seqs(tab: &Tab, id: &ConversationId) -> Vec<u64> {
    tab.logs[id].iter().map(|entry| entry.event().seq.0).collect()
}

#[tokio::test(start_paused = true)]
async fn l3_a_visitor_resumes_on_a_node_that_knew_nothing_with_one_read_or_two_for_what_it_missed() {
    let town = Town::of(2).await;
    let jane = town.hubs[0].agent("jane").await;
    let (guest, mut visitor, id) = town.hubs[0].chat("v_1").await;
    jane.give(&id, Command::Claim).await.unwrap();
    for n in 0..40 {
        visitor.say(&id, &format!("{n}")).await.unwrap();
    }
    read(&mut [&mut visitor]).await;
    let head = town.row(&id).await.seq.0;
    let other = &town.hubs[1];
    // Joining a workspace and looking at who is there is the node's, not each client's.
    let (_, _first) = other.visitor("v_0").await;
    for (cursor, again) in [(head, 0), (head - 7, 0), (0, 0), (head - 3, 12)] {
        let recover = Recover { epoch: town.store.epoch(), seq: Seq(cursor) };
        let before = other.station.asked();
        let (seated, greeting) = other.house.hub.greet(&guest, Some(&(id.clone(), recover))).await.unwrap();
        let mut tab = Tab::new(other.house.hub.clone(), seated);
        let shown = greeting.conversation.unwrap();
        assert!(shown.page.recovered);
        tab.show(&shown);
        tab.read().await;
        let reads = other.station.asked() - before;
        assert_eq!(reads, if cursor == head { 1 } else { 2 }, "from cursor {cursor}");
        assert_eq!(seqs(&tab, &id), (cursor + 1..=head).collect::<Vec<_>>());
        // From here on it hears everything.
        for n in 0..again {
            jane.say(&id, &format!("again {n}")).await.unwrap();
        }
        read(&mut [&mut tab]).await;
        assert_eq!(seqs(&tab, &id), (cursor + 1..=head + again).collect::<Vec<_>>());
        drop(tab);
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn l3_what_is_committed_while_a_visitor_resumes_is_not_missed_whenever_it_is() {
    use super::gates::Verb;
    // What is lost as well is found by the sweep, unless the node knows that it hears nothing.
    for (verb, lost, missed, within) in [
        (Verb::OfVisitor, 0, 0, 1),
        (Verb::EventsAsked, 0, 1, 1),
        (Verb::OfVisitor, 1_000, 0, 10_050),
        (Verb::OfVisitor, DEAF[0], 0, 1),
        (Verb::OfVisitor, DEAF[1], 0, 1),
    ] {
        let town = Town::of(2).await;
        if DEAF.contains(&lost) {
            town.wires.deafen(town.hubs[1].id(), lost == DEAF[0]);
            pass(3_000).await;
        }
        let jane = town.hubs[0].agent("jane").await;
        let (guest, _visitor, id) = town.hubs[0].chat("v_1").await;
        jane.give(&id, Command::Claim).await.unwrap();
        let head = town.row(&id).await.seq;
        town.wires.faults(Faults { lost, ..Faults::default() });
        let gate = town.store.gates.hold(verb);
        let recover = Recover { epoch: town.store.epoch(), seq: Seq(head.0 - missed) };
        let hub = town.hubs[1].house.hub.clone();
        let greeting = tokio::spawn({
            let id = id.clone();
            async move { hub.greet(&guest, Some(&(id, recover))).await }
        });
        gate.reached().await;
        jane.say(&id, "meanwhile").await.unwrap();
        gate.open();
        let (seated, greeting) = greeting.await.unwrap().unwrap();
        let mut tab = Tab::new(town.hubs[1].house.hub.clone(), seated);
        tab.show(&greeting.conversation.unwrap());
        read_after(within, &mut [&mut tab]).await;
        assert_eq!(tab.texts(&id), ["meanwhile"], "held up at {verb:?}, {lost} lost, {missed} missed");
    }
}

#[tokio::test(start_paused = true)]
async fn l3_a_wait_that_ends_while_its_visitor_comes_back_to_the_node_is_not_missed() {
    use super::gates::Verb;
    let town = Town::of(1).await;
    let _jane = town.hubs[0].agent("jane").await;
    let (guest, visitor, id) = town.hubs[0].chat("v_1").await;
    drop(visitor);
    pass(59_900).await;
    let (seq, gate) = (town.row(&id).await.seq, town.store.gates.hold(Verb::OfVisitor));
    let (hub, recover) = (town.hubs[0].house.hub.clone(), Recover { epoch: town.store.epoch(), seq });
    let of = id.clone();
    let greeting = tokio::spawn(async move { hub.greet(&guest, Some(&(of, recover))).await });
    gate.reached().await;
    pass(200).await;
    assert_eq!(town.hubs[0].house.count(&id, "missed"), 1);
    gate.open();
    let (seated, greeting) = greeting.await.unwrap().unwrap();
    let mut tab = Tab::new(town.hubs[0].house.hub.clone(), seated);
    tab.show(&greeting.conversation.unwrap());
    read(&mut [&mut tab]).await;
    assert_eq!(seqs(&tab, &id), (seq.0 + 1..=town.row(&id).await.seq.0).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn d5_whoever_has_more_than_a_node_was_told_of_is_not_sent_a_fresh_page() {
    let town = Town::of(2).await;
    let jane = town.hubs[0].agent("jane").await;
    let (guest, mut visitor, id) = town.hubs[0].chat("v_1").await;
    jane.give(&id, Command::Claim).await.unwrap();
    let other = &town.hubs[1];
    // Somebody follows it there, so that the node has a tail, which then hears nothing.
    let (_kept, _) = other.house.hub.greet(&guest, None).await.unwrap();
    settle().await;
    town.wires.faults(Faults { lost: 1_000, ..Faults::default() });
    for n in 0..5 {
        visitor.say(&id, &format!("{n}")).await.unwrap();
    }
    read(&mut [&mut visitor]).await;
    let head = town.row(&id).await.seq;
    for (cursor, recovered) in [(head, true), (Seq(head.0 - 1), true), (head.next(), false)] {
        let recover = Recover { epoch: town.store.epoch(), seq: cursor };
        let (_seated, greeting) = other.house.hub.greet(&guest, Some(&(id.clone(), recover))).await.unwrap();
        let shown = greeting.conversation.unwrap();
        assert_eq!((shown.page.recovered, shown.page.cursor), (recovered, head), "from {cursor:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn l3_an_agent_signs_in_with_seven_reads_and_opens_each_conversation_again_with_two() {
    let town = Town::of(2).await;
    let jane = town.hubs[0].agent("jane").await;
    let mut ids = Vec::new();
    let mut visitors = Vec::new();
    for n in 0..30 {
        let (_, visitor, id) = town.hubs[0].chat(&format!("v_{n}")).await;
        jane.give(&id, Command::Claim).await.unwrap();
        visitor.say(&id, "hello").await.unwrap();
        visitors.push(visitor);
        ids.push(id);
    }
    drop(jane);
    let other = &town.hubs[1];
    // Joining a workspace and looking at who is there is the node's, not each client's.
    let (_, _first) = other.visitor("v_first").await;
    pass(1_500).await;
    let before = other.station.asked();
    let clerk = other.house.tab("jane", false).await;
    let signed_in = other.station.asked() - before;
    let mut jane = super::town::Node::tab(other.house.hub.clone(), clerk);
    for id in &ids {
        let before = other.station.asked();
        let recover = Recover { epoch: town.store.epoch(), seq: Seq(2) };
        let shown = other.house.hub.open(&mut jane.seated, id, Some(&recover)).await.unwrap();
        assert!(shown.page.recovered && shown.page.events.len() > 1);
        let reads = other.station.asked() - before;
        assert!(reads <= 2, "{reads} reads");
    }
    // And her node keeps, in one write, that she is there.
    assert!(signed_in <= 7 + 1, "{signed_in} reads");
}
