//! The three notifications, one ringing device, receipts.

use super::house::{Clerk, House, Visitor, pass, settle};
use crate::{
    chat::command::Command,
    ids::ConversationId,
    store::NotifySettings,
    wire::{
        push::NotifyPush,
        request::{NotifyReason, Outcome},
    },
};

async fn waiting(house: &House) -> (Visitor, ConversationId) {
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    (visitor, conversation)
}

fn rung(clerk: &mut Clerk) -> Vec<NotifyPush> {
    clerk.mail().notify.into()
}

fn reasons(clerk: &mut Clerk) -> Vec<NotifyReason> {
    rung(clerk).iter().map(|push| push.reason).collect()
}

#[tokio::test(start_paused = true)]
async fn r17_a_new_conversation_in_unassigned_rings_for_those_switched_on() {
    let house = House::open().await;
    let (mut jane, mut bob) = (house.agent("jane").await, house.agent("bob").await);
    let mut off = house.tab("off", false).await;
    bob.switch(false).await;
    let (_visitor, conversation) = waiting(&house).await;
    let [push] = &rung(&mut jane)[..] else { panic!("one ring") };
    assert_eq!((push.reason, &push.conversation, push.ring), (NotifyReason::Unassigned, &conversation, true));
    assert_eq!((reasons(&mut bob), reasons(&mut off)), (vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn r17_one_that_nobody_was_there_for_rings_for_nobody() {
    let house = House::open().await;
    let mut jane = house.tab("jane", false).await;
    waiting(&house).await;
    pass(5_000).await;
    assert_eq!(reasons(&mut jane), []);
}

#[tokio::test(start_paused = true)]
async fn r17_one_newly_assigned_rings_for_the_new_owner_unless_they_took_it_themselves() {
    let house = House::open().await;
    let (mut jane, mut bob) = (house.agent("jane").await, house.agent("bob").await);
    let (_visitor, conversation) = waiting(&house).await;
    jane.mail();
    bob.mail();
    jane.claim(&conversation).await.unwrap();
    assert_eq!(reasons(&mut jane), []);
    bob.switch(false).await;
    jane.assign(&conversation, Some("bob")).await.unwrap();
    assert_eq!(reasons(&mut jane), []);
    assert_eq!(reasons(&mut bob), [NotifyReason::Assigned], "the switch governs the first reason only");
}

#[tokio::test(start_paused = true)]
async fn r17_a_text_in_yours_rings_at_most_once_in_three_seconds() {
    let house = House::open().await;
    let (mut jane, mut bob) = (house.agent("jane").await, house.agent("bob").await);
    let (visitor, conversation) = waiting(&house).await;
    visitor.say(&conversation, "early", "Anybody?").await.unwrap();
    jane.claim(&conversation).await.unwrap();
    jane.mail();
    bob.mail();
    let mut rings = 0;
    for n in 0..10 {
        visitor.say(&conversation, &format!("k{n}"), &format!("Text {n}")).await.unwrap();
        rings += reasons(&mut jane).len();
        pass(1_000).await;
    }
    assert_eq!(rings, 4);
    jane.say(&conversation, "mine", "Hi").await.unwrap();
    jane.give(&conversation, Command::Note { key: "n".into(), text: "Hm".into() }).await.unwrap();
    assert_eq!(reasons(&mut jane), [], "one's own words do not ring");
    assert_eq!(reasons(&mut bob), []);
}

#[tokio::test(start_paused = true)]
async fn r17_each_reason_can_be_switched_off_and_stays_off() {
    let house = House::open().await;
    let mut jane = house.agent("jane").await;
    let none = NotifySettings { unassigned: false, assigned: false, message: false };
    house.hub.set_notify(&jane.who, none).await.unwrap();
    let (visitor, conversation) = waiting(&house).await;
    let root = house.admin("root").await;
    root.assign(&conversation, Some("jane")).await.unwrap();
    visitor.say(&conversation, "k", "Hello").await.unwrap();
    assert_eq!(reasons(&mut jane), []);
    drop(jane);
    let jane = house.tab("jane", false).await;
    assert_eq!(jane.desk.row.notify, none);
}

#[tokio::test(start_paused = true)]
async fn r17_of_several_devices_the_one_used_last_rings() {
    let house = House::open().await;
    let mut phone = house.agent("jane").await;
    let mut laptop = house.tab("jane", false).await;
    house.hub.asked(phone.seat());
    waiting(&house).await;
    assert_eq!(rung(&mut phone).iter().map(|push| push.ring).collect::<Vec<_>>(), [true]);
    assert_eq!(rung(&mut laptop).iter().map(|push| push.ring).collect::<Vec<_>>(), [false]);
}

#[tokio::test(start_paused = true)]
async fn p4_after_a_blocked_receipt_the_next_device_rings_and_each_only_once() {
    let house = House::open().await;
    let mut tabs = [house.agent("jane").await, house.tab("jane", false).await, house.tab("jane", false).await];
    let (_visitor, conversation) = waiting(&house).await;
    let mut order = Vec::new();
    for _ in 0..4 {
        for (at, tab) in tabs.iter_mut().enumerate() {
            if rung(tab).iter().any(|push| push.ring) {
                order.push(at);
            }
        }
        if let Some(last) = order.last() {
            house.hub.notified(tabs[*last].seat(), &conversation, NotifyReason::Unassigned, Outcome::Blocked);
        }
    }
    assert_eq!(order, [2, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn p4_only_the_device_that_rings_has_a_say_about_the_next() {
    let house = House::open().await;
    let mut silent = house.agent("jane").await;
    let mut loud = house.tab("jane", false).await;
    let (_visitor, conversation) = waiting(&house).await;
    silent.mail();
    loud.mail();
    for outcome in [Outcome::Hidden, Outcome::Blocked, Outcome::Shown] {
        house.hub.notified(silent.seat(), &conversation, NotifyReason::Unassigned, outcome);
    }
    assert_eq!((rung(&mut silent), rung(&mut loud)), (vec![], vec![]));
    house.hub.notified(loud.seat(), &conversation, NotifyReason::Unassigned, Outcome::Blocked);
    assert!(rung(&mut silent).iter().any(|push| push.ring));
}

#[tokio::test(start_paused = true)]
async fn l6_rings_without_a_receipt_are_forgotten() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let (_visitor, conversation) = waiting(&house).await;
    assert_eq!(house.hub.rings.len(), 1);
    house.hub.notified(jane.seat(), &conversation, NotifyReason::Unassigned, Outcome::Shown);
    assert_eq!(house.hub.rings.len(), 0);
    let _second = house.visitor("v_2").await.start().await;
    assert_eq!(house.hub.rings.len(), 1);
    pass(32_000).await;
    assert_eq!(house.hub.rings.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a3_a_ring_for_what_has_become_somebody_elses_holds_nothing_of_it() {
    let house = House::open().await;
    let (jane, bob) = (house.agent("jane").await, house.agent("bob").await);
    let mut cy = house.agent("cy").await;
    let (visitor, conversation) = waiting(&house).await;
    jane.claim(&conversation).await.unwrap();
    cy.mail();
    // Jane gives it up; before anybody is told, Bob has it and the visitor has written.
    let gate = house.store.gates.hold(super::gates::Verb::Appended);
    let id = conversation.clone();
    let give_up = tokio::spawn(async move { (jane.assign(&id, None).await, jane) });
    gate.reached().await;
    let tail = house.hub.board().tail(&conversation).unwrap();
    tail.hint(house.row(&conversation).await.seq);
    bob.claim(&conversation).await.unwrap();
    visitor.say(&conversation, "k", "canary").await.unwrap();
    gate.open();
    give_up.await.unwrap().0.unwrap();
    settle().await;
    let mail = cy.mail();
    assert!(!format!("{mail:?}").contains("canary"), "{mail:?}");
    assert!(mail.notify.is_empty());
}
