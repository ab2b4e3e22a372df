//! A node that stood still among others: what it believes when it goes on, and what they believe meanwhile.

use super::{
    house::{patient, workspace},
    staffing::{available, live, nothing, told},
    town::Town,
};
use crate::wire::{
    agent::{AgentStatus::Away, PresenceReason::NodeLost},
    push::AvailableReason,
};

#[tokio::test(start_paused = true)]
async fn pr1_a_node_that_slept_declares_nobody_gone_and_carries_nobody_over_before_it_has_looked() {
    let town = Town::of(2).await;
    town.hubs[0].house.hub.save_playbook(&workspace(), &patient(3_600_000), 1).await.unwrap();
    let jane = town.hubs[0].agent("jane").await;
    let mut max = town.hubs[1].agent("max").await;
    let mut bob = town.hubs[0].device("bob").await;
    let mut cy = town.hubs[1].device("cy").await;
    let (_, mut visitor, conversation) = town.hubs[0].chat("v_1").await;
    live(5_000, &mut [&mut bob, &mut cy, &mut max, &mut visitor]).await;
    (bob.flips, cy.flips) = (Vec::new(), Vec::new());
    town.freeze(0, true);
    live(4_000, &mut [&mut cy, &mut max]).await;
    let mut moved = town.hubs[1].device("jane").await;
    live(86_000, &mut [&mut cy, &mut max, &mut moved]).await;
    assert_eq!(told(&mut cy, "jane"), nothing());
    // Nobody of this node's is there any more but its visitor; it finds out when it goes on.
    drop(jane);
    town.freeze(0, false);
    live(60_000, &mut [&mut bob, &mut cy, &mut max, &mut moved, &mut visitor]).await;
    for (tab, name) in [(&mut bob, "here"), (&mut cy, "there")] {
        assert_eq!((told(tab, "jane"), told(tab, "max")), (nothing(), nothing()), "{name}");
    }
    assert_eq!(available(&visitor), Some(AvailableReason::Ok));
    assert_eq!(town.row(&conversation).await.missed, None);
}

#[tokio::test(start_paused = true)]
async fn pr1_who_left_while_their_node_slept_is_gone_in_time_and_does_not_come_back_with_it() {
    let town = Town::of(2).await;
    let jane = town.hubs[0].agent("jane").await;
    let mut cy = town.hubs[1].device("cy").await;
    live(5_000, &mut [&mut cy]).await;
    cy.flips.clear();
    town.freeze(0, true);
    live(31_500, &mut [&mut cy]).await;
    assert_eq!(told(&mut cy, "jane"), [(Away, NodeLost)]);
    live(20_000, &mut [&mut cy]).await;
    town.freeze(0, false);
    // The connection is found broken a moment later.
    live(2_000, &mut [&mut cy]).await;
    drop(jane);
    live(60_000, &mut [&mut cy]).await;
    assert_eq!(told(&mut cy, "jane"), nothing());
    assert!(!town.hubs[0].house.hub.presence().anybody(&workspace()));
}

#[tokio::test(start_paused = true)]
async fn pr1_a_node_that_slept_in_the_middle_of_a_look_keeps_no_ghost() {
    for late in [false, true] {
        let town = Town::of(2).await;
        let jane = town.hubs[0].agent("jane").await;
        let mut cy = town.hubs[1].device("cy").await;
        live(5_000, &mut [&mut cy]).await;
        if late {
            town.wires.late();
        }
        town.freeze(0, true);
        live(40_000, &mut [&mut cy]).await;
        drop(jane);
        town.freeze(0, false);
        // It has lost its question with its sleep, and not the mesh.
        live(4_500, &mut [&mut cy]).await;
        assert!(!town.hubs[0].house.hub.presence().anybody(&workspace()), "late: {late}");
    }
}

#[tokio::test(start_paused = true)]
async fn pr3_a_node_that_slept_through_an_outage_declares_nobody_gone_before_the_others_can_be_back() {
    let town = Town::of(2).await;
    let mut cy = town.hubs[0].device("cy").await;
    let mut jane = town.hubs[1].agent("jane").await;
    live(5_000, &mut [&mut cy, &mut jane]).await;
    cy.flips.clear();
    town.wires.late();
    town.freeze(0, true);
    town.wires.deafen(town.hubs[1].id(), false);
    live(60_000, &mut [&mut jane]).await;
    town.freeze(0, false);
    // This node's second look is answered, and the other's lease has long ended.
    live(1_500, &mut [&mut cy, &mut jane]).await;
    town.wires.heal(town.hubs[1].id());
    live(60_000, &mut [&mut cy, &mut jane]).await;
    assert_eq!(told(&mut cy, "jane"), nothing());
}
