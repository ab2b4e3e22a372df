//! Whatever the mesh loses is found in the store: within ten seconds when nobody notices, within one when the probe
//! fails, and at once when the next word shows that one is missing.

use super::{
    super::mailbox::Row,
    house::workspace,
    tab::Tab,
    town::{Town, read, read_after},
    wires::Faults,
};
use crate::{
    chat::{command::Command, summary::StateName},
    ids::ConversationId,
    wire::request::NotifyReason,
};

fn swallow(town: &Town, of_a_thousand: u32) {
    town.wires.faults(Faults { lost: of_a_thousand, ..Faults::default() });
}

fn rang(tab: &Tab, id: &ConversationId) -> Vec<NotifyReason> {
    tab.shown.notifies.iter().filter(|push| push.conversation == *id).map(|push| push.reason).collect()
}

/// An agent on each of two nodes and a visitor on the first; from here on nothing is carried.
async fn cut_off() -> (Town, [Tab; 3], Tab, ConversationId) {
    let town = Town::of(2).await;
    let jane = town.hubs[0].agent("jane").await;
    let mut bob = town.hubs[1].agent("bob").await;
    let mut cy = town.hubs[1].agent("cy").await;
    let (_, visitor, id) = town.hubs[0].chat("v_1").await;
    read(&mut [&mut bob, &mut cy]).await;
    for tab in [&bob, &cy] {
        assert_eq!(rang(tab, &id), [NotifyReason::Unassigned]);
    }
    swallow(&town, 1_000);
    (town, [jane, bob, cy], visitor, id)
}

#[tokio::test(start_paused = true)]
async fn d4_a_swallowed_claim_is_repaired_within_ten_seconds_for_everybody_whom_it_concerns() {
    let (_town, [jane, mut bob, mut cy], mut visitor, id) = cut_off().await;
    jane.give(&id, Command::Assign { to: None }).await.unwrap_err();
    jane.give(&id, Command::Claim).await.unwrap();
    visitor.say(&id, "canary").await.unwrap();
    jane.give(&id, Command::Assign { to: Some(super::town::agent("bob")) }).await.unwrap();
    let done = jane.give(&id, Command::Claim).await;
    assert!(done.is_err(), "it is bob's");
    visitor.say(&id, "for bob").await.unwrap();
    read(&mut [&mut bob, &mut cy]).await;
    assert_eq!(cy.state(&id), Some(StateName::Waiting), "nobody has heard yet");
    read_after(10_050, &mut [&mut bob, &mut cy, &mut visitor]).await;
    // Bob has it with all that led to it, and was rung once for each reason.
    assert_eq!((bob.state(&id), bob.counts.mine, bob.counts.unassigned), (Some(StateName::Assigned), 1, 0));
    assert_eq!(bob.texts(&id), ["for bob"], "his from the assignment on");
    assert_eq!(rang(&bob, &id), [NotifyReason::Unassigned, NotifyReason::Assigned, NotifyReason::Message]);
    // Cy is told of the claim that took it, and of nothing behind.
    let [(gone, Row::Remove { seq, assignee, .. })] = &cy.shown.removes[..] else { panic!("{:?}", cy.shown.removes) };
    let claimed = visitor.logs[&id].iter().find(|entry| entry.json().contains("\"assigned\"")).unwrap();
    assert_eq!((gone, *seq), (&id, claimed.event().seq));
    assert_eq!(assignee.as_ref().map(|owner| owner.id.as_str()), Some("jane"));
    assert_eq!(cy.counts.unassigned, 0);
    let shown = format!("{:?}", cy.shown);
    assert!(!shown.contains("canary") && !shown.contains("for bob"), "{shown}");
    assert_eq!(rang(&cy, &id), [NotifyReason::Unassigned]);
}

#[tokio::test(start_paused = true)]
async fn d4_a_swallowed_text_reaches_those_who_follow_within_ten_seconds() {
    let town = Town::of(2).await;
    let (mut jane, mut joe) = (town.hubs[1].agent("jane").await, town.hubs[0].agent("joe").await);
    let (_, mut visitor, id) = town.hubs[0].chat("v_1").await;
    jane.give(&id, Command::Claim).await.unwrap();
    read(&mut [&mut jane, &mut joe, &mut visitor]).await;
    swallow(&town, 1_000);
    visitor.say(&id, "lost on the way").await.unwrap();
    jane.say(&id, "an answer to nothing").await.unwrap();
    read_after(10_050, &mut [&mut jane, &mut visitor]).await;
    let both = ["lost on the way", "an answer to nothing"];
    assert_eq!((jane.texts(&id), visitor.texts(&id)), (both.map(String::from).into(), both.map(String::from).into()));
    assert_eq!(rang(&jane, &id), [NotifyReason::Unassigned, NotifyReason::Message]);
}

#[tokio::test(start_paused = true)]
async fn d4_a_log_that_cannot_be_read_keeps_the_sweep_from_nothing_else() {
    let (town, [jane, mut bob, mut cy], visitor, unreadable) = cut_off().await;
    let there = &town.hubs[1].house.hub;
    cy.give(&unreadable, Command::Claim).await.unwrap();
    read(&mut [&mut bob, &mut cy]).await;
    visitor.say(&unreadable, "never to be read").await.unwrap();
    town.store.damage(&unreadable);
    for round in 0..9 {
        let (_, _, id) = town.hubs[0].chat(&format!("v_{round}_more")).await;
        jane.give(&id, Command::Claim).await.unwrap();
        let playbook = there.playbook(&"pb_now".into()).await.unwrap().unwrap();
        let before = playbook.version;
        town.hubs[0].house.hub.save_playbook(&workspace(), &playbook.playbook, before).await.unwrap();
        read_after(10_050, &mut [&mut bob, &mut cy]).await;
        assert_eq!((bob.state(&id), bob.counts.unassigned), (None, 0), "round {round}");
        assert_eq!(there.playbooks.newest(&"pb_now".into()).unwrap().version, before + 1);
    }
    // Half a minute's.
    assert!(there.among.ledger.len() <= 6, "what lies behind is forgotten, not {}", there.among.ledger.len());
}

#[tokio::test(start_paused = true)]
async fn d4_folders_are_counted_anew_where_a_later_hint_brings_what_a_lost_one_would_have_told() {
    let (town, [jane, mut bob, _cy], _visitor, id) = cut_off().await;
    let there = &town.hubs[1];
    swallow(&town, 0);
    there.station.ways(|ways| ways.down = true);
    jane.give(&id, Command::Claim).await.unwrap();
    read(&mut [&mut bob]).await;
    swallow(&town, 1_000);
    jane.give(&id, Command::Close).await.unwrap();
    read(&mut [&mut bob]).await;
    swallow(&town, 0);
    let patch = serde_json::json!({"person": {"name": "Zoë"}});
    jane.give(&id, Command::Details(serde_json::from_value(patch).unwrap())).await.unwrap();
    read(&mut [&mut bob]).await;
    there.station.ways(|ways| ways.down = false);
    read_after(1_500, &mut [&mut bob]).await;
    assert_eq!((bob.state(&id), bob.counts.unassigned, bob.counts.closed), (Some(StateName::Closed), 0, 1));
}

#[tokio::test(start_paused = true)]
async fn d4_what_is_found_to_have_begun_is_shown_unless_something_newer_is_open() {
    let town = Town::of(2).await;
    let [here, there] = [&town.hubs[0], &town.hubs[1]];
    let (guest, mut first) = here.visitor("v_1").await;
    let (mut second, mut third) = (there.greet(&guest).await, there.greet(&guest).await);
    swallow(&town, 1_000);
    let start = async |tab: &mut Tab| {
        let shown = tab.hub.clone().start(&mut tab.seated, &guest, || Ok(())).await.unwrap();
        tab.show(&shown);
        shown.loaded.conversation.id
    };
    let old = start(&mut first).await;
    first.give(&old, Command::End).await.unwrap();
    read_after(1, &mut [&mut first]).await;
    let new = start(&mut second).await;
    let mut tabs = [&mut first, &mut second, &mut third];
    read_after(10_050, &mut tabs).await;
    second.say(&new, "here I am").await.unwrap();
    let mut tabs = [&mut first, &mut second, &mut third];
    read_after(10_050, &mut tabs).await;
    for tab in tabs {
        assert_eq!(tab.follows.keys().collect::<Vec<_>>(), [&new]);
        assert_eq!(tab.texts(&new), ["here I am"]);
        for (id, log) in &tab.logs {
            let times = log.iter().filter(|entry| entry.event().seq.0 == 1).count();
            assert!(times <= 1, "{id} is shown {times} times");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn d4_a_single_swallowed_word_is_noticed_by_the_pulse_and_found_within_three_seconds() {
    let (town, [jane, mut bob, mut cy], mut visitor, id) = cut_off().await;
    visitor.read().await;
    jane.give(&id, Command::Claim).await.unwrap();
    swallow(&town, 0);
    read_after(3_000, &mut [&mut bob, &mut cy]).await;
    for tab in [&bob, &cy] {
        assert_eq!((tab.state(&id), tab.counts.unassigned), (None, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn d4_a_node_that_knows_it_is_deaf_looks_every_second_and_says_that_it_is_degraded() {
    let (town, [jane, mut bob, mut cy], visitor, id) = cut_off().await;
    let deaf = &town.hubs[1];
    assert!(!deaf.house.hub.is_degraded());
    town.wires.deafen(deaf.id(), true);
    read_after(2_100, &mut [&mut bob, &mut cy]).await;
    assert!(deaf.house.hub.is_degraded());
    for n in 0..5 {
        jane.give(&id, Command::Claim).await.unwrap();
        visitor.say(&id, &format!("canary {n}")).await.unwrap();
        read_after(1_010, &mut [&mut bob, &mut cy]).await;
        assert_eq!((cy.state(&id), cy.counts.unassigned), (None, 0), "round {n}");
        jane.give(&id, Command::Assign { to: None }).await.unwrap();
        read_after(1_010, &mut [&mut bob, &mut cy]).await;
        assert_eq!((cy.state(&id), cy.counts.unassigned), (Some(StateName::Unassigned), 1), "round {n}");
    }
    // What it says is heard by nobody, and found by them just the same.
    bob.give(&id, Command::Claim).await.unwrap();
    swallow(&town, 0);
    town.wires.heal(deaf.id());
    read_after(2_100, &mut [&mut bob, &mut cy]).await;
    assert!(!deaf.house.hub.is_degraded());
    assert_eq!(bob.counts.mine, 1);
}

#[tokio::test(start_paused = true)]
async fn l3_a_node_to_which_many_move_looks_at_what_moved_of_late_without_a_read_for_each() {
    const MANY: usize = 100;
    let town = Town::of(2).await;
    let [here, there] = [&town.hubs[0], &town.hubs[1]];
    let mut tabs = Vec::new();
    for n in 0..MANY {
        let (guest, _, _) = here.chat(&format!("v_{n}")).await;
        tabs.push(there.greet(&guest).await);
    }
    let mut asked = async |node: &super::town::Node| {
        let before = node.station.asked();
        read_after(10_050, &mut tabs.iter_mut().collect::<Vec<_>>()).await;
        node.station.asked() - before
    };
    let (first, second) = (asked(there).await, asked(there).await);
    assert!(first < second + MANY / 10, "{first} reads, and {second} when there was no news");
}

#[tokio::test(start_paused = true)]
async fn w1_a_deadline_whose_hint_was_lost_is_noted_and_the_wait_ends_once() {
    let town = Town::of(3).await;
    let _joe = town.hubs[0].agent("joe").await;
    let _jane = town.hubs[1].agent("jane").await;
    let _bob = town.hubs[2].agent("bob").await;
    swallow(&town, 1_000);
    let (_, mut visitor, id) = town.hubs[0].chat("v_1").await;
    read_after(59_900, &mut [&mut visitor]).await;
    assert_eq!(town.hubs[0].house.count(&id, "missed"), 0);
    // The node that began it stands still; another one fires.
    town.hubs[0].station.freeze(true);
    town.wires.freeze(town.hubs[0].id(), true);
    super::house::pass(200).await;
    let row = town.row(&id).await;
    assert_eq!(town.hubs[0].house.count(&id, "missed"), 1);
    let late = row.last_at.since(deadline(&town, &id));
    assert!((0..=100).contains(&late), "{late} ms late");
    town.hubs[0].station.freeze(false);
    town.wires.freeze(town.hubs[0].id(), false);
    super::house::pass(10_000).await;
    assert_eq!(town.hubs[0].house.count(&id, "missed"), 1);
    let missed: u64 = town.hubs.iter().map(|node| node.house.hub.metrics.missed.get()).sum();
    let waits: u64 = town.hubs.iter().map(|node| node.house.hub.metrics.waits.get()).sum();
    assert_eq!((waits, missed), (1, 1), "each is counted where it was committed");
}

fn deadline(town: &Town, id: &ConversationId) -> crate::ids::Millis {
    let waiting = |entry: &std::sync::Arc<crate::wire::entry::Entry>| match entry.event().what {
        crate::chat::event::What::Waiting { deadline, .. } => Some(deadline),
        _ => None,
    };
    town.store.log(id).iter().find_map(waiting).unwrap()
}

#[tokio::test(start_paused = true)]
async fn d7_doubled_and_delayed_words_of_three_nodes_ring_nobody_twice_and_end_in_the_same_inbox() {
    let town = Town::of(3).await;
    town.wires.faults(Faults { lost: 0, doubled: 500, delay: std::time::Duration::from_millis(300) });
    let mut tabs = Vec::new();
    for node in &town.hubs {
        tabs.push(node.agent(&format!("agent of {}", node.id())).await);
    }
    let (_, mut visitor, id) = town.hubs[0].chat("v_1").await;
    read_after(3_000, &mut tabs.iter_mut().collect::<Vec<_>>()).await;
    for round in 0..4 {
        let owner = round % 3;
        tabs[owner].give(&id, Command::Claim).await.unwrap();
        visitor.say(&id, &format!("{round}")).await.unwrap();
        read_after(3_000, &mut tabs.iter_mut().collect::<Vec<_>>()).await;
        let to = Command::Assign { to: None };
        tabs[owner].give(&id, to).await.unwrap();
        read_after(3_000, &mut tabs.iter_mut().collect::<Vec<_>>()).await;
    }
    visitor.read().await;
    for (n, tab) in tabs.iter().enumerate() {
        assert_eq!((tab.state(&id), tab.counts.unassigned, tab.counts.mine), (Some(StateName::Unassigned), 1, 0));
        let (unassigned, message) = (NotifyReason::Unassigned, NotifyReason::Message);
        let count = |reason| rang(tab, &id).into_iter().filter(|rang| *rang == reason).count();
        let mine = (0..4).filter(|round| round % 3 == n).count();
        assert_eq!((count(unassigned), count(message)), (5, mine), "agent of node {n}");
    }
}
