//! Everybody sees one order: both sides of twenty conversations pipeline, a third looks on from another hub, and some
//! texts are refused.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::load::Load;
use crate::support::{Client, Cluster, Rein, Visitor, playbooks, size, wait};

const CHATS: usize = 20;
const PIPELINE: usize = 8;

/// Says what has to be refused, again and again, between the good texts of the same connection.
async fn spoil(client: &Client, chat: &str, rein: &Rein) -> usize {
    let mut refused = 0;
    while rein.goes_on() {
        let bad = match refused % 3 {
            0 => {
                json!({"type": "send", "conversation": chat, "key": format!("bad{refused}"), "text": "x".repeat(16_385)})
            }
            1 => json!({"type": "send", "conversation": chat, "key": "", "text": "no key"}),
            _ => json!({"type": "send", "conversation": "c_000000000000000000000000", "key": "k", "text": "nowhere"}),
        };
        let reply = client.ask(bad).await;
        assert_eq!(reply["ok"], false, "{reply}");
        refused += 1;
        wait::clock(wait::now() + 20).await;
    }
    refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_everybody_at_three_hubs_sees_the_same_order_without_holes() {
    let texts = size(4_000, 200_000) as u64;
    let cluster = Cluster::start(3).await;
    let mut load = Load::start(&cluster, CHATS, PIPELINE).await;
    // The third of each conversation: an admin at the hub of neither side, who follows it.
    let mut roots = Vec::new();
    for hub in 0..3 {
        roots.push(cluster.admin(hub, "root").await);
    }
    let chats: Vec<String> = load.senders.chunks(2).map(|pair| pair[0].chat.clone()).collect();
    for (n, chat) in chats.iter().enumerate() {
        roots[(n + 2) % 3].open(chat).await;
    }
    let mut spoilers = Vec::new();
    for (n, sender) in load.senders.iter().step_by(8).enumerate() {
        let visitor = cluster.visitors(n).connect().await.expect("an upgrade");
        let mut greeting = Visitor::greeting(playbooks::LIVE);
        greeting["token"] = sender.who.welcome["token"].clone();
        visitor.ok(greeting).await;
        spoilers.push((visitor, sender.chat.clone()));
    }
    let rein = Rein::new();
    let enough = async {
        rein.more_within(texts, Duration::from_secs(600)).await;
        rein.stop();
    };
    let spoiling = join_all(spoilers.iter().map(|(client, chat)| spoil(client, chat, &rein)));
    let ((), refused, ()) = tokio::join!(enough, spoiling, load.run(&rein));
    let stored = load.judge(&roots[0]).await;
    // The onlookers have every event since they came, and the same ones.
    let mut compared = 0;
    for (n, chat) in chats.iter().enumerate() {
        let log: Vec<Value> = roots[n % 3].transcript(chat).await;
        let onlooker = &roots[(n + 2) % 3];
        onlooker.until("the whole log", |seen| (seen.logs.head(chat) >= log.len() as u64).then_some(())).await;
        for event in onlooker.events(chat) {
            let at = event["seq"].as_u64().expect("a seq") as usize;
            assert_eq!(event, log[at - 1], "two hubs tell {chat} differently");
            compared += 1;
        }
    }
    for client in load.senders.iter().filter_map(|sender| sender.who.current()) {
        client.assert_clean();
    }
    println!(
        "figure D3 hubs=3 conversations={CHATS} pipelined={PIPELINE} texts={} events={} compared={compared} \
         refused={} reorder=0 holes=0",
        stored.acked,
        stored.events,
        refused.iter().sum::<usize>()
    );
}
