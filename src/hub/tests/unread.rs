//! Agents among several nodes while leases cannot be read: nobody is declared gone on a guess, and nobody waits for it
//! longer than they have to.

use super::{
    super::Settings,
    house::{patient, workspace},
    staffing::{available, close, live, nothing, told},
    town::{Town, read},
    wires::Faults,
};
use crate::{
    chat::event::MissedReason,
    wire::{
        agent::{AgentStatus::Away, PresenceReason::Closed},
        push::AvailableReason,
    },
};

#[tokio::test(start_paused = true)]
async fn pr3_while_leases_cannot_be_read_nobody_is_declared_gone_and_a_while_after_that_whoever_is_gone_is() {
    let town = Town::of(2).await;
    town.hubs[1].house.hub.save_playbook(&workspace(), &patient(3_600_000), 1).await.unwrap();
    let jane = town.hubs[0].agent("jane").await;
    let mut cy = town.hubs[1].device("cy").await;
    let (_, mut visitor, conversation) = town.hubs[1].chat("v_1").await;
    live(5_000, &mut [&mut cy, &mut visitor]).await;
    cy.flips.clear();
    town.cut_off(true);
    live(10_000, &mut [&mut cy, &mut visitor]).await;
    close(jane);
    live(90_000, &mut [&mut cy, &mut visitor]).await;
    for node in &town.hubs {
        assert!(node.house.hub.presence().anybody(&workspace()), "gone on a guess");
    }
    assert_eq!((told(&mut cy, "jane"), available(&visitor)), (nothing(), Some(AvailableReason::Ok)));
    town.cut_off(false);
    live(29_000, &mut [&mut cy, &mut visitor]).await;
    assert_eq!(told(&mut cy, "jane"), nothing());
    assert_eq!(town.row(&conversation).await.missed, None);
    live(6_000, &mut [&mut cy, &mut visitor]).await;
    assert_eq!(told(&mut cy, "jane"), [(Away, Closed)]);
    assert_eq!(available(&visitor), Some(AvailableReason::NobodyOnline));
    assert_eq!(town.row(&conversation).await.missed, Some(MissedReason::EveryoneLeft));
}

#[tokio::test(start_paused = true)]
async fn pr2_who_moved_to_another_node_while_leases_could_not_be_read_shows_no_flap() {
    let town = Town::of(3).await;
    let jane = town.hubs[0].agent("jane").await;
    let mut watchers =
        [town.hubs[0].device("bob").await, town.hubs[1].device("cy").await, town.hubs[2].device("dan").await];
    let [bob, cy, dan] = &mut watchers;
    live(5_000, &mut [bob, cy, dan]).await;
    for tab in [&mut *bob, &mut *cy, &mut *dan] {
        tab.flips.clear();
    }
    town.cut_off(true);
    live(5_000, &mut [bob, cy, dan]).await;
    close(jane);
    live(3_000, &mut [bob, cy, dan]).await;
    let mut jane = town.hubs[1].device("jane").await;
    live(60_000, &mut [bob, cy, dan, &mut jane]).await;
    town.cut_off(false);
    live(60_000, &mut [bob, cy, dan, &mut jane]).await;
    for tab in [bob, cy, dan] {
        assert_eq!(told(tab, "jane"), nothing());
    }
}

#[tokio::test(start_paused = true)]
async fn pr3_after_the_mesh_lost_everything_nobody_flaps_and_all_is_known_within_one_refresh() {
    let mut town = Town::of(3).await;
    let mut jane = town.hubs[0].agent("jane").await;
    let (mut bob, mut cy) = (town.hubs[1].device("bob").await, town.hubs[2].device("cy").await);
    live(5_000, &mut [&mut bob, &mut cy, &mut jane]).await;
    (bob.flips, cy.flips) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        town.wires.wipe();
        live(1_700, &mut [&mut bob, &mut cy, &mut jane]).await;
    }
    town.wires.wipe();
    // One who starts right then is told by the store, and within one refresh by the leases.
    let born = town.node("n_9", 9, Settings::default()).await;
    assert!(born.house.hub.presence().anybody(&workspace()));
    town.hubs.push(born);
    live(40_000, &mut [&mut bob, &mut cy, &mut jane]).await;
    for tab in [&mut bob, &mut cy] {
        assert_eq!(told(tab, "jane"), nothing());
    }
    for node in &town.hubs {
        assert!(node.house.hub.presence().anybody(&workspace()));
    }
}

#[tokio::test(start_paused = true)]
async fn r8_before_anybody_is_carried_over_the_leases_and_the_switches_are_read_not_remembered() {
    let town = Town::of(2).await;
    let mut bob = town.hubs[1].agent("bob").await;
    let (_, mut visitor, conversation) = town.hubs[1].chat("v_1").await;
    live(3_300, &mut [&mut bob, &mut visitor]).await;
    // No word gets through: that Jane came is in her node's lease and nowhere else.
    town.wires.faults(Faults { lost: 1_000, ..Faults::default() });
    let mut jane = town.hubs[0].agent("jane").await;
    read(&mut [&mut jane]).await;
    bob.hub.set_online(&bob.seat().who.clone(), None, false).await.unwrap();
    live(2_000, &mut [&mut bob, &mut jane, &mut visitor]).await;
    assert_eq!(town.row(&conversation).await.missed, None);
    assert_eq!(available(&visitor), Some(AvailableReason::Ok));
    // And that she switched off is in the store and nowhere else.
    jane.hub.set_online(&jane.seat().who.clone(), None, false).await.unwrap();
    live(5_000, &mut [&mut bob, &mut jane, &mut visitor]).await;
    assert_eq!(town.row(&conversation).await.missed, Some(MissedReason::EveryoneLeft));
}

#[tokio::test(start_paused = true)]
async fn r8_who_waits_is_carried_over_when_everybody_is_switched_off_although_leases_cannot_be_read() {
    let town = Town::of(2).await;
    let mut jane = town.hubs[0].agent("jane").await;
    let (_, mut visitor, conversation) = town.hubs[1].chat("v_1").await;
    live(5_000, &mut [&mut jane, &mut visitor]).await;
    town.cut_off(true);
    live(5_000, &mut [&mut jane, &mut visitor]).await;
    jane.hub.set_online(&jane.seat().who.clone(), None, false).await.unwrap();
    live(1_000, &mut [&mut jane, &mut visitor]).await;
    assert_eq!(town.row(&conversation).await.missed, Some(MissedReason::EveryoneLeft));
    live(5_000, &mut [&mut jane, &mut visitor]).await;
    assert_eq!(available(&visitor), Some(AvailableReason::NobodyOnline));
}
