//! L1: what visitors cost who are there and do nothing.

use serde_json::json;

use crate::support::{Hub, Settings, playbooks, raw::Raw, wait};

/// Those who come before anything is measured: what is made once, they pay for.
const FIRST: usize = 100;
/// Fewer than the descriptors that a process may have everywhere.
const MANY: usize = 800;
/// Most bytes of the hub's resident memory for each of them, everything counted.
const MOST: u64 = 6 * 1024;

/// Visitors who said hello and nothing else.
async fn joined(hub: &Hub, count: usize) -> Vec<Raw> {
    let mut all = Vec::new();
    for _ in 0..count {
        let mut raw = Raw::open(&hub.visitors()).await;
        let page = json!({"url": "https://shop.example/basket?item=4711", "title": "Your basket"});
        let hello = json!({"type": "hello", "id": 1, "playbook": playbooks::LIVE, "locale": "en", "page": page});
        raw.text(&hello.to_string()).await;
        raw.until(|frame| frame["id"] == 1 && frame["ok"] == true).await;
        all.push(raw);
    }
    all
}

/// Bytes the hub has in memory.
fn resident(hub: &Hub) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", hub.pid())).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its size");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") * 1024
}

#[tokio::test]
async fn l1_a_visitor_who_does_nothing_costs_at_most_6_kib() {
    let hub = Settings::new().start().await;
    let _first = joined(&hub, FIRST).await;
    let before = resident(&hub);
    let visitors = joined(&hub, MANY).await;
    let cost = || resident(&hub).saturating_sub(before) / MANY as u64;
    // What was needed to come in is given back a moment later.
    wait::until("little memory for each", async || (cost() <= MOST).then_some(())).await;
    println!("figure L1 idle_visitors={MANY} resident_bytes_each={}", cost());
    drop(visitors);
}
