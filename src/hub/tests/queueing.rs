//! Places in the queue.

use super::{
    super::{Settings, mailbox::Row},
    house::{Clerk, House, Visitor, pass, settle},
};
use crate::ids::ConversationId;

async fn queue(house: &House, length: usize) -> Vec<(ConversationId, Visitor)> {
    let mut queue = Vec::new();
    for n in 0..length {
        let mut visitor = house.visitor(&format!("v_{n}")).await;
        queue.push((visitor.start().await, visitor));
        pass(10).await;
    }
    pass(1_100).await;
    queue
}

fn told(queue: &[(ConversationId, Visitor)]) -> Vec<Option<u32>> {
    queue.iter().map(|(_, visitor)| visitor.mail().queue.map(|(_, place)| place)).collect()
}

#[tokio::test(start_paused = true)]
async fn r9_everybody_who_waits_is_told_their_place_by_the_time_they_came() {
    let house = House::open().await;
    let _jane = house.agent("jane").await;
    let queue = queue(&house, 4).await;
    assert_eq!(told(&queue), [Some(1), Some(2), Some(3), Some(4)]);
}

#[tokio::test(start_paused = true)]
async fn r9_when_somebody_ceases_to_wait_those_behind_move_up_and_only_they_are_told() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let queue = queue(&house, 4).await;
    told(&queue);
    jane.claim(&queue[1].0).await.unwrap();
    pass(1_100).await;
    assert_eq!(told(&queue), [None, None, Some(2), Some(3)]);
    assert_eq!(house.hub.queue().position(&queue[1].0), None);
    pass(60_000).await;
    assert!(queue.iter().all(|(conversation, _)| house.hub.queue().position(conversation).is_none()));
}

#[tokio::test(start_paused = true)]
async fn p3_places_are_told_at_most_once_a_second() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let queue = queue(&house, 12).await;
    told(&queue);
    let last = &queue[11].1;
    let mut told = 0;
    for (conversation, _) in &queue[..10] {
        jane.claim(conversation).await.unwrap();
        settle().await;
        told += usize::from(last.mail().queue.is_some());
        pass(100).await;
    }
    assert!(told <= 2, "{told} times in a second");
    pass(1_100).await;
    assert_eq!(house.hub.queue().position(&queue[11].0), Some(2));
}

#[tokio::test(start_paused = true)]
async fn r9_after_a_restart_whoever_comes_back_learns_their_place() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let queue = queue(&house, 3).await;
    drop((queue, jane));
    let store = house.close().await;
    let house = House::upon(store, Settings::default()).await;
    let visitor = house.visitor("v_2").await;
    let shown = visitor.greeting.conversation.as_ref().unwrap();
    assert_eq!(shown.position, Some(3), "the hub looked who waits before anybody came");
    pass(1_100).await;
    assert_eq!(visitor.mail().queue, None);
}

#[tokio::test(start_paused = true)]
async fn r9_after_a_restart_the_inbox_shows_places_once_somebody_looked() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let queue = queue(&house, 3).await;
    let last = queue[2].0.clone();
    drop((queue, jane));
    let store = house.close().await;
    let house = House::upon(store, Settings::default()).await;
    let _jane = house.tab("jane", false).await;
    pass(1_100).await;
    assert_eq!(house.hub.queue().position(&last), Some(3));
}

/// The places an agent's rows told since the last look, by conversation.
fn rows(jane: &mut Clerk, queue: &[(ConversationId, Visitor)]) -> Vec<Option<u32>> {
    let mut mail = jane.mail();
    let place = |row: Row| match row {
        Row::Upsert(row) => row.value().position,
        Row::Remove { .. } => None,
    };
    queue.iter().map(|(conversation, _)| mail.rows.remove(conversation).and_then(place)).collect()
}

#[tokio::test(start_paused = true)]
async fn p4_the_row_that_announces_a_wait_tells_its_place_and_so_does_an_answer_at_that_moment() {
    let house = House::open().await;
    let (mut jane, bob) = (house.agent("jane").await, house.agent("bob").await);
    let mut queue = Vec::new();
    for n in 0..3 {
        let mut visitor = house.visitor(&format!("v_{n}")).await;
        let shown = visitor.try_start().await.unwrap();
        assert_eq!(shown.position, Some(n + 1));
        queue.push((shown.loaded.conversation.id, visitor));
    }
    assert_eq!(rows(&mut jane, &queue), [Some(1), Some(2), Some(3)]);
    // Whoever is taken is out of the way at once for those who come, and no row is sent of those who moved up.
    bob.claim(&queue[0].0).await.unwrap();
    bob.claim(&queue[1].0).await.unwrap();
    rows(&mut jane, &queue);
    let mut visitor = house.visitor("v_3").await;
    queue.push((visitor.start().await, visitor));
    assert_eq!(rows(&mut jane, &queue), [None, None, None, Some(2)]);
    pass(1_100).await;
    assert_eq!(told(&queue), [None, None, Some(1), Some(2)], "each visitor is told their own");
    assert_eq!(rows(&mut jane, &queue), [None; 4]);
}

#[tokio::test(start_paused = true)]
async fn p4_after_a_restart_the_row_of_a_new_wait_counts_those_who_waited_before() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let queue = queue(&house, 3).await;
    drop((queue, jane));
    let store = house.close().await;
    let house = House::upon(store, Settings::default()).await;
    let mut jane = house.tab("jane", false).await;
    let mut visitor = house.visitor("v_3").await;
    let new = [(visitor.start().await, visitor)];
    assert_eq!(rows(&mut jane, &new), [Some(4)]);
}
