//! What is only about the moment crosses nodes, and reaches nobody who may not see it: typing, marks, pages, who is
//! connected, who looks, which device rings.

use std::sync::Arc;

use super::{
    house::House,
    tab::Tab,
    town::{Node, Town, read, read_after},
    wires::Faults,
};
use crate::{
    chat::{command::Command, event::Page, summary::Mark},
    ids::{ConversationId, Seq},
    store::Store,
    wire::{
        push::Side,
        request::{NotifyReason, Outcome},
    },
};

/// Jane on the second node has the chat of a visitor on the first.
async fn served(town: &Town) -> (Tab, Tab, ConversationId) {
    let mut joe = town.hubs[0].agent("joe").await;
    let mut jane = town.hubs[1].agent("jane").await;
    let (_, mut visitor, id) = town.hubs[0].chat("v_1").await;
    jane.give(&id, Command::Claim).await.unwrap();
    read_after(1_500, &mut [&mut jane, &mut visitor, &mut joe]).await;
    jane.shown = Default::default();
    visitor.shown = Default::default();
    (jane, visitor, id)
}

fn page(url: &str) -> Page {
    Page { url: url.into(), title: None, referrer: None }
}

#[tokio::test(start_paused = true)]
async fn p4_typing_reaches_the_other_side_on_another_node() {
    let town = Town::of(2).await;
    let (mut jane, mut visitor, id) = served(&town).await;
    town.hubs[0].house.hub.typing(visitor.seat(), &id, true, Some("Hel".into()));
    town.hubs[1].house.hub.typing(jane.seat(), &id, true, Some("secret".into()));
    read(&mut [&mut jane, &mut visitor]).await;
    let hers: Vec<_> = jane.shown.typing.iter().map(|(_, typing)| (typing.on, typing.preview.as_deref())).collect();
    let theirs: Vec<_> =
        visitor.shown.typing.iter().map(|(_, typing)| (typing.on, typing.preview.as_deref())).collect();
    assert_eq!((hers, theirs), (vec![(true, Some("Hel"))], vec![(true, None)]));
}

#[tokio::test(start_paused = true)]
async fn p4_how_far_a_side_has_come_is_told_on_every_node_and_neither_sets_the_other_back() {
    let town = Town::of(2).await;
    let (mut jane, mut visitor, id) = served(&town).await;
    let seq = visitor.say(&id, "read me").await.unwrap().seq;
    town.hubs[0].house.hub.seen(visitor.seat(), &id, Some(seq), Some(Seq(2)));
    read(&mut [&mut jane, &mut visitor]).await;
    town.hubs[1].house.hub.seen(jane.seat(), &id, None, Some(seq));
    read_after(2_500, &mut [&mut jane, &mut visitor]).await;
    let (theirs, hers) = (Mark { received: seq, read: Seq(2) }, Mark { received: seq, read: seq });
    assert_eq!(jane.shown.seen, [(id.clone(), Side::Visitor, theirs)]);
    assert_eq!(visitor.shown.seen, [(id.clone(), Side::Agent, hers)]);
    let kept = town.store.load(&id).await.unwrap().unwrap().beside.seen;
    assert_eq!((kept.visitor, kept.agent), (theirs, hers));
}

#[tokio::test(start_paused = true)]
async fn p4_the_agent_sees_where_a_visitor_of_another_node_is_and_whether_they_are_there() {
    let town = Town::of(3).await;
    let (mut jane, mut visitor, id) = served(&town).await;
    town.hubs[0].house.hub.moved_to(&id, page("https://example.com/pricing"));
    read(&mut [&mut jane, &mut visitor]).await;
    let told = |tab: &mut Tab| {
        let moved = std::mem::take(&mut tab.shown.visitors).pop().expect("something is told");
        (moved.connected, moved.page.map(|page| page.url))
    };
    let pricing = || Some("https://example.com/pricing".to_owned());
    assert_eq!(told(&mut jane), (true, pricing()));
    // A second tab on a third node: the first one going makes no difference.
    let second = town.hubs[2].greet(&guest(&town.hubs[2]).await).await;
    drop(visitor);
    read_after(1_500, &mut [&mut jane]).await;
    assert!(jane.shown.visitors.iter().all(|moved| moved.connected));
    jane.shown = Default::default();
    drop(second);
    read_after(1_500, &mut [&mut jane]).await;
    assert!(!told(&mut jane).0);
    assert!(
        town.hubs[1]
            .house
            .hub
            .list(&jane.seat().who, crate::wire::request::FolderName::Mine, None, 9, None)
            .await
            .unwrap()
            .conversations
            .iter()
            .all(|loaded| !loaded.beside.connected)
    );
}

async fn guest(node: &Node) -> super::super::visitor::Guest {
    let (guest, _) = node.visitor("v_1").await;
    guest
}

#[tokio::test(start_paused = true)]
async fn p4_a_node_that_comes_later_learns_who_is_there_and_one_that_is_gone_takes_its_visitors_along() {
    let town = Town::of(3).await;
    let _joe = town.hubs[0].agent("joe").await;
    let (_, mut visitor, id) = town.hubs[0].chat("v_1").await;
    read(&mut [&mut visitor]).await;
    let mut root = Node::tab(town.hubs[2].house.hub.clone(), town.hubs[2].house.admin("root").await);
    let mut ann = town.hubs[2].agent("ann").await;
    town.hubs[2].open(&mut root, &id).await.unwrap();
    read_after(2_500, &mut [&mut root, &mut ann]).await;
    let connected = |tab: &Tab| tab.shown.visitors.last().map(|moved| moved.connected);
    assert_eq!(connected(&root), Some(true));
    assert_eq!(ann.rows[&id].1.as_ref().map(|row| row.visitor.connected), Some(true), "by the row alone");
    town.hubs[2].house.hub.node_gone(town.hubs[0].id());
    read_after(2_500, &mut [&mut root, &mut ann]).await;
    assert_eq!(connected(&root), Some(false));
    assert_eq!(ann.rows[&id].1.as_ref().map(|row| row.visitor.connected), Some(false));
    // It was not: what it says next is heard again.
    let (_, second) = town.hubs[0].visitor("v_1").await;
    drop((visitor, second));
    let (_, _third) = town.hubs[0].visitor("v_1").await;
    read_after(2_500, &mut [&mut root]).await;
    assert_eq!(connected(&root), Some(true));
}

#[tokio::test(start_paused = true)]
async fn p4_who_looks_at_a_conversation_is_listed_once_for_all_who_look() {
    let house = House::open().await;
    let mut guest = house.visitor("v_1").await;
    let id = guest.start().await;
    let mut clerks = vec![house.agent("jane").await, house.agent("jane").await, house.agent("bob").await];
    for clerk in &mut clerks {
        clerk.open(&id, None).await.unwrap();
    }
    let lists: Vec<_> = clerks.iter_mut().map(|clerk| clerk.mail().watching.remove(&id).expect("a list")).collect();
    let names: Vec<_> = lists[0].value().agents.iter().map(|agent| agent.id.as_str()).collect();
    assert_eq!(names, ["jane", "bob"], "nobody twice");
    assert!(lists.iter().all(|list| Arc::ptr_eq(list, &lists[0])), "a list of a thousand is not made a thousand times");
}

#[tokio::test(start_paused = true)]
async fn p4_who_looks_at_an_unassigned_conversation_is_the_union_of_all_nodes() {
    let town = Town::of(2).await;
    let mut jane = town.hubs[0].agent("jane").await;
    let mut bob = town.hubs[1].agent("bob").await;
    let (_, mut visitor, id) = town.hubs[0].chat("v_1").await;
    town.hubs[0].open(&mut jane, &id).await.unwrap();
    town.hubs[1].open(&mut bob, &id).await.unwrap();
    read(&mut [&mut jane, &mut bob, &mut visitor]).await;
    let names = |tab: &Tab| {
        let watching = tab.shown.watching.last().expect("somebody looks");
        let mut names: Vec<_> = watching.agents.iter().map(|agent| agent.id.to_string()).collect();
        names.sort();
        names
    };
    assert_eq!((names(&jane), names(&bob)), (vec!["bob".into(), "jane".into()], vec!["bob".into(), "jane".into()]));
    bob.unfollow(&id);
    read(&mut [&mut jane, &mut bob]).await;
    assert_eq!(names(&jane), ["jane"]);
}

#[tokio::test(start_paused = true)]
async fn r13_a_deaf_node_shows_nothing_of_the_moment_to_one_who_lost_sight_elsewhere() {
    let town = Town::of(2).await;
    let root = town.hubs[0].house.admin("root").await;
    let mut jane = town.hubs[1].agent("jane").await;
    let mut bob = town.hubs[1].agent("bob").await;
    // The visitor is on jane's own node, which hears nothing of what the admin does on the other.
    let (_, mut visitor, id) = town.hubs[1].chat("v_1").await;
    jane.give(&id, Command::Claim).await.unwrap();
    read_after(1_500, &mut [&mut jane, &mut bob, &mut visitor]).await;
    jane.shown = Default::default();
    town.wires.faults(Faults { lost: 1_000, ..Faults::default() });
    root.assign(&id, Some("bob")).await.unwrap();
    let hub = &town.hubs[1].house.hub;
    hub.typing(visitor.seat(), &id, true, Some("canary".into()));
    hub.seen(visitor.seat(), &id, Some(Seq(4)), Some(Seq(4)));
    hub.moved_to(&id, page("https://canary/"));
    read_after(1_500, &mut [&mut jane, &mut bob, &mut visitor]).await;
    let shown = &jane.shown;
    assert!(shown.typing.is_empty() && shown.seen.is_empty() && shown.visitors.is_empty(), "{shown:?}");
    assert!(shown.upserts.iter().all(|row| !format!("{row:?}").contains("canary")), "{shown:?}");
    // Whose it is by now is shown it as soon as they follow.
    read_after(10_000, &mut [&mut jane, &mut bob, &mut visitor]).await;
    hub.typing(visitor.seat(), &id, true, Some("for bob".into()));
    read(&mut [&mut jane, &mut bob]).await;
    assert_eq!(bob.shown.typing.last().and_then(|(_, typing)| typing.preview.as_deref()), Some("for bob"));
    assert!(jane.shown.typing.is_empty());
}

fn rings(tab: &mut Tab) -> Vec<(NotifyReason, bool)> {
    std::mem::take(&mut tab.shown.notifies).into_iter().map(|push| (push.reason, push.ring)).collect()
}

#[tokio::test(start_paused = true)]
async fn r17_of_all_devices_on_all_nodes_the_one_that_asked_last_rings_and_each_is_told_once() {
    let town = Town::of(3).await;
    town.wires.faults(Faults { delay: std::time::Duration::from_millis(40), ..Faults::default() });
    let mut devices = vec![town.hubs[0].agent("jane").await];
    devices.push(town.hubs[1].device("jane").await);
    devices.push(town.hubs[1].device("jane").await);
    devices.push(town.hubs[2].device("jane").await);
    read_after(2_000, &mut devices.iter_mut().collect::<Vec<_>>()).await;
    for (round, which) in [0, 2, 1, 3, 3, 0].into_iter().enumerate() {
        devices[which].hub.asked(devices[which].seat());
        read_after(200, &mut devices.iter_mut().collect::<Vec<_>>()).await;
        let (_, _visitor, _) = town.hubs[round % 3].chat(&format!("v_{round}")).await;
        read_after(200, &mut devices.iter_mut().collect::<Vec<_>>()).await;
        for (n, device) in devices.iter_mut().enumerate() {
            assert_eq!(rings(device), [(NotifyReason::Unassigned, n == which)], "round {round}, device {n}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn r17_a_blocked_ring_goes_on_to_the_next_device_on_whichever_node_until_one_shows_it() {
    let town = Town::of(3).await;
    let mut devices = vec![town.hubs[0].agent("jane").await];
    for node in [1, 2, 1] {
        devices.push(town.hubs[node].device("jane").await);
    }
    read_after(2_000, &mut devices.iter_mut().collect::<Vec<_>>()).await;
    for which in [3, 1, 0, 2] {
        devices[which].hub.asked(devices[which].seat());
        read_after(100, &mut devices.iter_mut().collect::<Vec<_>>()).await;
    }
    let (_, _visitor, id) = town.hubs[0].chat("v_1").await;
    read(&mut devices.iter_mut().collect::<Vec<_>>()).await;
    let mut rang = Vec::new();
    for _ in 0..devices.len() {
        let mut ringing = Vec::new();
        for (n, device) in devices.iter_mut().enumerate() {
            ringing.extend(rings(device).into_iter().filter(|(_, ring)| *ring).map(|_| n));
        }
        let [which] = ringing[..] else { panic!("{ringing:?} ring at once, after {rang:?}") };
        rang.push(which);
        let device = &devices[which];
        device.hub.notified(device.seat(), &id, NotifyReason::Unassigned, Outcome::Blocked);
        read(&mut devices.iter_mut().collect::<Vec<_>>()).await;
    }
    // The order of their last requests, as far as one node knows of another's second device.
    assert_eq!((rang[0], rang[1]), (2, 0));
    rang.sort_unstable();
    assert_eq!(rang, [0, 1, 2, 3]);
    for device in &mut devices {
        assert!(rings(device).iter().all(|(_, ring)| !ring), "nobody is left to ring");
    }
}

#[tokio::test(start_paused = true)]
async fn r5_a_playbook_saved_on_one_node_is_known_on_another_at_once_or_ten_seconds_later() {
    let town = Town::of(2).await;
    let _jane = town.hubs[1].agent("jane").await;
    let (_, mut visitor) = town.hubs[1].visitor("v_1").await;
    read(&mut [&mut visitor]).await;
    let save = async |active: bool, version: u32| {
        let mut playbook = super::house::at_once();
        playbook.active = active;
        town.hubs[0].house.hub.save_playbook(&super::house::workspace(), &playbook, version).await.unwrap();
    };
    save(false, 1).await;
    read(&mut [&mut visitor]).await;
    assert_eq!(visitor.available.map(|available| available.available), Some(false));
    town.wires.faults(Faults { lost: 1_000, ..Faults::default() });
    save(true, 2).await;
    read_after(10_100, &mut [&mut visitor]).await;
    assert_eq!(visitor.available.map(|available| available.available), Some(true));
}
