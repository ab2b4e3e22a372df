//! A visitor who is forgotten although the store's answer got lost.

use std::{sync::Arc, time::Duration};

use super::{
    super::Settings,
    house::{House, Visitor, pass, workspace},
    memory::Memory,
    station::Station,
};
use crate::{ids::ConversationId, mesh::Alone, wire::code::CloseCode};

/// A lone hub, a visitor with a second tab, their conversation.
async fn talk() -> (House, Arc<Station>, [Visitor; 2], ConversationId) {
    let store = Memory::new();
    let station = Station::new(store.clone(), 1);
    let house = House::among(store, station.clone(), Arc::new(Alone::new()), Settings::default()).await;
    let mut visitor = house.visitor("v_ann").await;
    let conversation = visitor.start().await;
    let tab = house.visitor("v_ann").await;
    (house, station, [visitor, tab], conversation)
}

#[tokio::test(start_paused = true)]
async fn b2_an_erasure_whose_answer_was_lost_ends_the_visitors_connections_all_the_same() {
    let (house, station, tabs, conversation) = talk().await;
    let erase = async || house.hub.erase_visitor(&workspace(), &tabs[0].guest.visitor).await;
    // Closed with the answer lost; nor is it heard that somebody closed it; erased with the answer lost.
    station.ways(|ways| ways.swallowed = 1_000);
    for _ in 0..3 {
        assert!(erase().await.is_err());
        pass(1_000).await;
    }
    assert!(house.row(&conversation).await.visitor.id.is_erased());
    station.ways(|ways| ways.swallowed = 0);
    pass(1_000).await;
    for tab in &tabs {
        let leave = tab.mail().leave.expect("their end");
        assert_eq!(leave.code, CloseCode::Unauthorized);
    }
    assert_eq!(house.hub.erasures.len(), 0, "it is settled");
    assert!(!erase().await.unwrap(), "there is nobody left");
}

#[tokio::test(start_paused = true)]
async fn b2_an_erasure_that_was_not_done_ends_nobody_and_is_remembered_for_a_minute_only() {
    let (house, station, tabs, conversation) = talk().await;
    station.ways(|ways| ways.swallowed = 1_000);
    assert!(house.hub.erase_visitor(&workspace(), &tabs[0].guest.visitor).await.is_err(), "only closed");
    station.ways(|ways| ways.swallowed = 0);
    pass(2_000).await;
    assert_eq!(house.hub.erasures.len(), 1);
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(house.hub.erasures.len(), 0);
    assert!(tabs.iter().all(|tab| tab.mail().leave.is_none()));
    assert!(!house.row(&conversation).await.visitor.id.is_erased());
    assert!(house.hub.erase_visitor(&workspace(), &tabs[0].guest.visitor).await.unwrap());
    assert!(tabs.iter().all(|tab| tab.mail().leave.is_some()));
}
