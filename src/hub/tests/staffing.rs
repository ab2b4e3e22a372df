//! Agents among several nodes: who is present anywhere is present everywhere, with one voice, whatever dies.

use super::{
    super::Settings,
    house::workspace,
    tab::Tab,
    town::{Town, read, read_after},
    wires::Faults,
};
use crate::{
    chat::event::MissedReason,
    store::Store,
    wire::{
        agent::{AgentStatus, PresenceReason},
        push::AvailableReason,
    },
};

use AgentStatus::{Away, Offline, Online};
use PresenceReason::{Admin, Closed, Connected, Lost, NodeLost, Toggle};

/// What a tab was told of one agent since the last look.
pub(super) fn told(tab: &mut Tab, agent: &str) -> Vec<(AgentStatus, PresenceReason)> {
    let (theirs, others): (Vec<_>, Vec<_>) =
        std::mem::take(&mut tab.flips).into_iter().partition(|(of, ..)| of.as_str() == agent);
    tab.flips = others;
    theirs.into_iter().map(|(_, status, reason)| (status, reason)).collect()
}

/// Time goes by; everybody reads ten times a second, so that nothing is put together.
pub(super) async fn live(ms: u64, tabs: &mut [&mut Tab]) {
    for _ in 0..ms / 100 {
        read_after(100, tabs).await;
    }
}

pub(super) fn available(tab: &Tab) -> Option<AvailableReason> {
    tab.available.map(|available| available.reason)
}

pub(super) fn nothing() -> Vec<(AgentStatus, PresenceReason)> {
    Vec::new()
}

/// The last tab says goodbye, as a closed browser does.
pub(super) fn close(mut tab: Tab) {
    tab.seat().heard(tab.hub.store().now());
    tab.seated.clean = true;
}

#[tokio::test(start_paused = true)]
async fn r10_who_comes_and_goes_on_one_node_is_seen_on_all_at_once_and_once() {
    let town = Town::of(3).await;
    let (mut bob, mut cy) = (town.hubs[0].agent("bob").await, town.hubs[1].agent("cy").await);
    let (_, mut visitor) = town.hubs[2].visitor("v_1").await;
    bob.hub.set_online(&bob.seat().who.clone(), None, false).await.unwrap();
    cy.hub.set_online(&cy.seat().who.clone(), None, false).await.unwrap();
    live(200, &mut [&mut bob, &mut cy, &mut visitor]).await;
    assert_eq!(available(&visitor), Some(AvailableReason::NobodyOnline));
    (bob.flips, cy.flips) = (Vec::new(), Vec::new());

    let jane = town.hubs[0].agent("jane").await;
    live(100, &mut [&mut bob, &mut cy, &mut visitor]).await;
    // She is new to everybody; then she switched on.
    for tab in [&mut bob, &mut cy] {
        assert_eq!(tab.presence.get("jane"), Some(&Online));
        let told = told(tab, "jane");
        assert!(matches!(told[..], [(Offline, Connected), (Online, Toggle)] | [(Online, _)]), "{told:?}");
    }
    assert_eq!(available(&visitor), Some(AvailableReason::Ok));
    // Whoever comes now finds it so.
    let dan = town.hubs[2].device("dan").await;
    assert_eq!(dan.presence.get("jane"), Some(&Online));
    let (_, late) = town.hubs[1].visitor("v_2").await;
    assert_eq!(available(&late), Some(AvailableReason::Ok));

    close(jane);
    live(20_900, &mut [&mut bob, &mut cy, &mut visitor]).await;
    assert_eq!((told(&mut bob, "jane"), told(&mut cy, "jane")), (nothing(), nothing()));
    live(400, &mut [&mut bob, &mut cy, &mut visitor]).await;
    assert_eq!(told(&mut bob, "jane"), [(Away, Closed)]);
    assert_eq!(told(&mut cy, "jane"), [(Away, Closed)]);
    assert_eq!(available(&visitor), Some(AvailableReason::NobodyOnline));
    let jane = town.hubs[2].device("jane").await;
    live(100, &mut [&mut bob, &mut cy, &mut visitor]).await;
    for tab in [&mut bob, &mut cy] {
        assert_eq!(told(tab, "jane"), [(Online, Connected)]);
    }
    drop(jane);
    live(31_500, &mut [&mut bob, &mut cy, &mut visitor]).await;
    for tab in [&mut bob, &mut cy] {
        assert_eq!(told(tab, "jane"), [(Away, Lost)]);
    }
}

#[tokio::test(start_paused = true)]
async fn pr2_a_reconnect_on_another_node_within_the_grace_shows_no_flap_anywhere() {
    let town = Town::of(3).await;
    let mut jane = town.hubs[0].agent("jane").await;
    let mut watchers =
        [town.hubs[0].device("bob").await, town.hubs[1].device("cy").await, town.hubs[2].device("dan").await];
    let (_, mut visitor) = town.hubs[1].visitor("v_1").await;
    let everybody = async |watchers: &mut [Tab; 3], visitor: &mut Tab, ms| {
        let [bob, cy, dan] = watchers;
        live(ms, &mut [bob, cy, dan, visitor]).await;
    };
    everybody(&mut watchers, &mut visitor, 500).await;
    watchers.iter_mut().for_each(|tab| tab.flips.clear());
    for round in 0..6 {
        match round % 2 {
            0 => close(jane),
            _ => {
                jane.seat().heard(town.store.now());
                drop(jane);
            }
        }
        // To the very last moment.
        everybody(&mut watchers, &mut visitor, 19_900).await;
        jane = town.hubs[(round + 1) % 3].device("jane").await;
        everybody(&mut watchers, &mut visitor, 40_000).await;
    }
    for tab in &mut watchers {
        assert_eq!(told(tab, "jane"), nothing());
    }
    assert_eq!(available(&visitor), Some(AvailableReason::Ok));
}

#[tokio::test(start_paused = true)]
async fn pr1_the_agents_of_a_dead_node_go_together_when_its_lease_and_the_grace_are_over() {
    let mut town = Town::of(3).await;
    let (jane, max) = (town.hubs[0].agent("jane").await, town.hubs[0].agent("max").await);
    let (mut bob, mut cy) = (town.hubs[1].device("bob").await, town.hubs[2].device("cy").await);
    let (_, mut visitor, conversation) = town.hubs[1].chat("v_1").await;
    live(5_000, &mut [&mut bob, &mut cy, &mut visitor]).await;
    (bob.flips, cy.flips) = (Vec::new(), Vec::new());
    town.kill(0).await;
    drop((jane, max));
    live(27_000, &mut [&mut bob, &mut cy, &mut visitor]).await;
    assert_eq!((told(&mut bob, "jane"), available(&visitor)), (nothing(), Some(AvailableReason::Ok)));
    live(4_500, &mut [&mut bob, &mut cy, &mut visitor]).await;
    for tab in [&mut bob, &mut cy] {
        for agent in ["jane", "max"] {
            assert_eq!(told(tab, agent), [(Away, NodeLost)], "{agent}");
        }
    }
    assert_eq!(available(&visitor), Some(AvailableReason::NobodyOnline));
    assert_eq!(town.row(&conversation).await.missed, Some(MissedReason::EveryoneLeft));
}

#[tokio::test(start_paused = true)]
async fn pr2_agents_of_a_dead_node_who_come_to_another_show_no_flap_also_to_a_node_that_is_born_meanwhile() {
    let mut town = Town::of(3).await;
    let (jane, max) = (town.hubs[0].agent("jane").await, town.hubs[0].agent("max").await);
    let mut bob = town.hubs[1].device("bob").await;
    live(5_000, &mut [&mut bob]).await;
    bob.flips.clear();
    town.kill(0).await;
    drop((jane, max));
    live(12_000, &mut [&mut bob]).await;
    // Its lease is over by now: the new one knows of it from the store.
    let born = town.node("n_9", 9, Settings::default()).await;
    let (_, mut visitor) = born.visitor("v_1").await;
    assert_eq!(available(&visitor), Some(AvailableReason::Ok));
    let mut cy = born.device("cy").await;
    live(5_000, &mut [&mut bob, &mut cy, &mut visitor]).await;
    let (_jane, _max) = (town.hubs[0].device("jane").await, born.device("max").await);
    live(60_000, &mut [&mut bob, &mut cy, &mut visitor]).await;
    for tab in [&mut bob, &mut cy] {
        assert_eq!((told(tab, "jane"), told(tab, "max")), (nothing(), nothing()));
    }
    assert_eq!(available(&visitor), Some(AvailableReason::Ok));
}

#[tokio::test(start_paused = true)]
async fn pr2_a_rolling_restart_of_all_nodes_shows_no_flap() {
    let mut town = Town::of(3).await;
    let mut jane = town.hubs[0].agent("jane").await;
    let mut bob = town.hubs[2].device("bob").await;
    live(5_000, &mut [&mut bob]).await;
    bob.flips.clear();
    for n in 0..2 {
        // The drained node is gone within a second; its agent comes to the next one, and a new node joins.
        let drained = town.hubs.remove(0);
        drained.house.hub.drain();
        jane.seat().heard(town.store.now());
        drop(jane);
        live(1_000, &mut [&mut bob]).await;
        town.wires.cut(drained.id());
        drained.house.close().await;
        live(4_000, &mut [&mut bob]).await;
        jane = town.hubs[0].device("jane").await;
        let born = town.node(&format!("n_new{n}"), 20 + n, Settings::default()).await;
        assert!(born.house.hub.presence().anybody(&workspace()));
        town.hubs.insert(1, born);
        live(40_000, &mut [&mut bob]).await;
    }
    assert_eq!(told(&mut bob, "jane"), nothing());
    drop(jane);
}

#[tokio::test(start_paused = true)]
async fn r10_the_switch_used_on_one_node_moves_it_on_all_at_once_or_when_the_word_is_lost_within_seconds() {
    for lost in [0, 1_000] {
        let town = Town::of(2).await;
        let mut jane = town.hubs[0].agent("jane").await;
        let mut phone = town.hubs[1].device("jane").await;
        let mut root = town.hubs[1].device("root").await;
        let (_, mut visitor) = town.hubs[1].visitor("v_1").await;
        live(5_000, &mut [&mut jane, &mut phone, &mut root, &mut visitor]).await;
        town.wires.faults(Faults { lost, ..Faults::default() });
        let within = if lost == 0 { 100 } else { 5_000 };
        for online in [false, true, false] {
            root.flips.clear();
            jane.hub.set_online(&jane.seat().who.clone(), None, online).await.unwrap();
            live(within, &mut [&mut jane, &mut phone, &mut root, &mut visitor]).await;
            let status = if online { Online } else { Offline };
            assert_eq!(told(&mut root, "jane"), [(status, Toggle)], "lost {lost}");
            let reason = if online { AvailableReason::Ok } else { AvailableReason::NobodyOnline };
            assert_eq!(available(&visitor), Some(reason));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn r10_an_admin_switches_off_whoever_is_on_another_node_or_on_none_and_all_are_told_why() {
    let town = Town::of(2).await;
    let mut jane = town.hubs[0].agent("jane").await;
    let gone = town.hubs[0].agent("max").await;
    close(gone);
    let root = town.hubs[1].house.admin("root").await;
    let (mut bob, mut cy) = (town.hubs[0].device("bob").await, town.hubs[1].device("cy").await);
    live(30_000, &mut [&mut jane, &mut bob, &mut cy]).await;
    assert_eq!(cy.presence.get("max"), Some(&Away));
    for agent in ["jane", "max"] {
        (bob.flips, cy.flips) = (Vec::new(), Vec::new());
        root.hub().set_online(&root.who, Some(&agent.into()), false).await.unwrap();
        live(100, &mut [&mut jane, &mut bob, &mut cy]).await;
        for tab in [&mut bob, &mut cy] {
            assert_eq!(told(tab, agent), [(Offline, Admin)], "{agent}");
        }
    }
    // What one wants to be notified of is taken over as well, and nobody is told of that.
    let quiet = crate::store::NotifySettings { message: false, ..Default::default() };
    jane.hub.set_notify(&jane.seat().who.clone(), quiet).await.unwrap();
    let mut phone = town.hubs[1].device("jane").await;
    jane.hub.set_notify(&jane.seat().who.clone(), crate::store::NotifySettings::default()).await.unwrap();
    live(100, &mut [&mut jane, &mut phone, &mut bob, &mut cy]).await;
    let wants = town.hubs[1].house.hub.presence().wants(&workspace(), &"jane".into()).unwrap();
    assert_eq!(wants, (false, crate::store::NotifySettings::default()));
    assert_eq!((told(&mut bob, "jane"), told(&mut cy, "jane")), (nothing(), nothing()));
}

#[tokio::test(start_paused = true)]
async fn b_a_removed_agents_sessions_end_on_every_node_within_five_seconds() {
    for (lost, within) in [(0, 100), (1_000, 5_000)] {
        let town = Town::of(3).await;
        let mut devices =
            [town.hubs[0].agent("jane").await, town.hubs[1].device("jane").await, town.hubs[2].device("jane").await];
        let (mut bob, mut cy) = (town.hubs[1].device("bob").await, town.hubs[2].device("cy").await);
        let (_, mut visitor) = town.hubs[2].visitor("v_1").await;
        live(5_000, &mut [&mut bob, &mut cy, &mut visitor]).await;
        town.wires.faults(Faults { lost, ..Faults::default() });
        (bob.flips, cy.flips) = (Vec::new(), Vec::new());
        assert!(town.hubs[1].house.hub.remove_agent(&workspace(), &"jane".into()).await.unwrap());
        live(within, &mut [&mut bob, &mut cy, &mut visitor]).await;
        for tab in &mut devices {
            tab.read().await;
            assert!(tab.left, "lost {lost}");
        }
        for tab in [&mut bob, &mut cy] {
            assert_eq!(told(tab, "jane"), [(Offline, Admin)], "lost {lost}");
        }
        assert_eq!(available(&visitor), Some(AvailableReason::NobodyOnline));
        drop(devices);
        live(40_000, &mut [&mut bob, &mut cy, &mut visitor]).await;
        assert_eq!((told(&mut bob, "jane"), told(&mut cy, "jane")), (nothing(), nothing()));
    }
}

#[tokio::test(start_paused = true)]
async fn r6_whoever_was_let_in_on_one_node_is_there_for_who_comes_to_the_card_on_another_in_the_same_moment() {
    for lost in [0, 1_000] {
        let town = Town::of(3).await;
        // Both nodes know the workspace and nobody in it.
        let (_guest, mut early) = town.hubs[1].visitor("v_0").await;
        let mut bob = town.hubs[2].device("bob").await;
        live(5_000, &mut [&mut early, &mut bob]).await;
        bob.flips.clear();
        town.wires.faults(Faults { lost, ..Faults::default() });
        let mut jane = town.hubs[0].agent("jane").await;
        let (_, mut visitor, conversation) = town.hubs[1].chat("v_1").await;
        assert_eq!(town.row(&conversation).await.missed, None, "lost {lost}");
        live(5_000, &mut [&mut early, &mut bob, &mut jane, &mut visitor]).await;
        assert_eq!((available(&early), available(&visitor)), (Some(AvailableReason::Ok), Some(AvailableReason::Ok)));
        // And nobody was shown her away, which she never was.
        assert!(told(&mut bob, "jane").iter().all(|(status, _)| *status != Away), "lost {lost}");
        // At night it goes to the offline flow at once.
        jane.hub.set_online(&jane.seat().who.clone(), None, false).await.unwrap();
        live(5_000, &mut [&mut early, &mut bob, &mut jane, &mut visitor]).await;
        let (_, mut visitor, conversation) = town.hubs[2].chat("v_2").await;
        read(&mut [&mut visitor]).await;
        assert_eq!(town.row(&conversation).await.missed, Some(MissedReason::NobodyOnline), "lost {lost}");
    }
}

#[tokio::test(start_paused = true)]
async fn pr1_whoever_left_before_their_node_ended_is_gone_by_their_goodbye_and_not_by_its_lease() {
    let mut town = Town::of(2).await;
    let jane = town.hubs[0].agent("jane").await;
    let mut bob = town.hubs[1].device("bob").await;
    live(5_000, &mut [&mut bob]).await;
    bob.flips.clear();
    let ended = town.hubs.remove(0);
    ended.house.hub.drain();
    close(jane);
    let id = ended.id().clone();
    ended.house.close().await;
    town.wires.cut(&id);
    live(20_900, &mut [&mut bob]).await;
    assert_eq!(told(&mut bob, "jane"), nothing());
    live(400, &mut [&mut bob]).await;
    assert_eq!(told(&mut bob, "jane"), [(Away, Closed)]);
    assert_eq!(town.hubs[0].house.hub.presence().len(), 2, "she and bob are shown to bob");
}

#[tokio::test(start_paused = true)]
async fn pr1_after_everybody_left_no_node_holds_anybody() {
    let town = Town::of(3).await;
    let mut tabs = Vec::new();
    for n in 0..12 {
        tabs.push(town.hubs[n % 3].agent(&format!("agent{n}")).await);
    }
    let (_, mut visitor) = town.hubs[1].visitor("v_1").await;
    live(5_000, &mut [&mut visitor]).await;
    for node in &town.hubs {
        assert_eq!(node.house.hub.presence().len(), 12);
    }
    for (n, tab) in tabs.into_iter().enumerate() {
        match n % 2 {
            0 => close(tab),
            _ => drop(tab),
        }
    }
    live(60_000, &mut [&mut visitor]).await;
    for node in &town.hubs {
        assert_eq!(node.house.hub.presence().len(), 0, "{}", node.id());
    }
    drop(visitor);
}
