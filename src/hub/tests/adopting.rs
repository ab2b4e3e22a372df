//! Adoption: an anonymous visitor's conversation becomes an identity's.

use std::sync::Arc;

use super::{
    super::{Settings, mailbox::Row, visitor::Guest},
    gates::Verb,
    house::{House, Visitor, not_found, settle},
    memory::Memory,
    station::Station,
};
use crate::{ids::VisitorId, mesh::Alone};

/// An identity whose page still has the anonymous visitor's token.
fn known(anonymous: &Visitor) -> Guest {
    let anonymous = anonymous.guest.clone();
    Guest { visitor: "v_known".into(), verified: true, anonymous: Some(anonymous.visitor.clone()), ..anonymous }
}

#[tokio::test(start_paused = true)]
async fn p1_an_identity_adopts_the_open_conversation_of_its_anonymous_token() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut anonymous = house.visitor("v_anon").await;
    let conversation = anonymous.start().await;
    let guest = Guest { name: Some("Ann".into()), ..known(&anonymous) };
    let known = house.greet(guest, None).await.unwrap();
    let shown = known.greeting.conversation.as_ref().unwrap().loaded.conversation.clone();
    assert_eq!((shown.id.clone(), shown.visitor.verified), (conversation.clone(), true));
    known.say(&conversation, "k", "It is me").await.unwrap();
    assert!(anonymous.mail().leave.is_some());
    assert!(not_found(anonymous.say(&conversation, "k", "And me").await));
    jane.claim(&conversation).await.unwrap();
    assert_eq!(house.row(&conversation).await.visitor.id, VisitorId::from("v_known"));
}

#[tokio::test(start_paused = true)]
async fn p1_an_adoption_whose_answer_was_lost_leaves_nobody_locked_out_of_a_lone_hub() {
    let store = Memory::new();
    let station = Station::new(store.clone(), 1);
    let house = House::among(store, station.clone(), Arc::new(Alone::new()), Settings::default()).await;
    let mut anonymous = house.visitor("v_anon").await;
    let conversation = anonymous.start().await;
    station.ways(|ways| ways.swallowed = 1_000);
    assert!(house.greet(known(&anonymous), None).await.is_err());
    station.ways(|ways| ways.swallowed = 0);
    let known = house.greet(known(&anonymous), None).await.unwrap();
    assert!(known.greeting.conversation.is_some());
    known.say(&conversation, "k", "It is me").await.unwrap();
    assert!(anonymous.mail().leave.is_some());
    assert!(not_found(anonymous.say(&conversation, "k", "And me").await));
}

#[tokio::test(start_paused = true)]
async fn p1_a_look_that_is_older_than_an_adoption_locks_nobody_out_of_a_lone_hub() {
    let house = House::open().await;
    let mut anonymous = house.visitor("v_anon").await;
    let conversation = anonymous.start().await;
    let adopts = known(&anonymous);
    drop(anonymous);
    settle().await;
    let (looked, found) = (house.store.gates.hold(Verb::Loaded), house.store.gates.hold(Verb::OfVisitor));
    let mut root = house.admin("root").await;
    let looks = async { root.open(&conversation, None).await.unwrap().loaded.conversation.visitor.id };
    let greets = async {
        let ((), known) = tokio::join!(
            async {
                // The look has its answer, then the conversation is adopted, then the look is taken in.
                found.reached().await;
                looked.open();
                settle().await;
                found.open();
            },
            async {
                looked.reached().await;
                house.greet(adopts, None).await.unwrap()
            }
        );
        known
    };
    let (_, known) = tokio::join!(looks, greets);
    known.say(&conversation, "k", "It is me").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn p4_those_who_look_at_a_conversation_are_shown_whose_it_became() {
    let house = House::open().await;
    let (mut jane, mut root, mut bob) =
        (house.agent("jane").await, house.admin("root").await, house.agent("bob").await);
    let mut anonymous = house.visitor("v_anon").await;
    let conversation = anonymous.start().await;
    jane.claim(&conversation).await.unwrap();
    root.open(&conversation, None).await.unwrap();
    settle().await;
    for clerk in [&mut jane, &mut root, &mut bob] {
        clerk.mail();
    }
    let _known = house.greet(known(&anonymous), None).await.unwrap();
    settle().await;
    for clerk in [&mut jane, &mut root] {
        let rows = clerk.mail().rows;
        let Some(Row::Upsert(row)) = rows.get(&conversation) else { panic!("{rows:?}") };
        let visitor = &row.value().visitor;
        assert_eq!((&visitor.id, visitor.verified), (&VisitorId::from("v_known"), true));
    }
    assert!(!bob.mail().rows.contains_key(&conversation), "it is jane's");
}
