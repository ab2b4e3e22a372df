//! A visitor with many tabs at three hubs, who all start at once, has one conversation.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Cluster, playbooks, size};

const TABS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_50_parallel_starts_of_a_visitor_at_three_hubs_open_one_conversation() {
    let visitors = size(6, 200);
    let cluster = Cluster::start(3).await;
    let mut second = 0;
    for n in 0..visitors {
        let first = cluster.visitor(n, playbooks::LIVE).await;
        let dials: Vec<_> = (0..TABS).map(|tab| cluster.visitors(tab)).collect();
        let tabs = join_all(dials.iter().map(|dial| first.again(dial, playbooks::LIVE))).await;
        let starts = join_all(tabs.iter().map(|tab| tab.ask(json!({"type": "start"})))).await;
        let chats: Vec<&Value> = starts.iter().map(|reply| &reply["conversation"]["id"]).collect();
        assert!(chats[0].is_string(), "{}", starts[0]);
        second += chats.iter().filter(|chat| **chat != chats[0]).count();
        // Each tab has it from its first event on, once.
        let chat = chats[0].as_str().expect("an id");
        for tab in &tabs {
            tab.event(chat, |event| event["type"] == "missed" || event["type"] == "waiting").await;
            assert_eq!(tab.events(chat)[0]["type"], "started", "{:?}", tab.events(chat));
        }
    }
    assert_eq!(cluster.admin(2, "root").await.folder("all").await.len(), visitors);
    println!("figure A5 hubs=3 visitors={visitors} starts={} second_conversations={second}", visitors * TABS);
    assert_eq!(second, 0);
}
