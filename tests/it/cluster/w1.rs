//! Every wait ends once and on time: in health, when a hub dies, when all do, and when the store is gone at the deadline.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::Value;

use crate::support::{Agent, Cluster, Spread, judge::judge, playbooks, size, wait};

/// When waits of each case begin, in milliseconds from the first; their deadlines lie 10 s later, the shortest wait
/// there is.
const CASES: [(Case, std::ops::Range<i64>); 4] = [
    (Case::StoreGone, 0..1_000),
    (Case::Healthy, 4_000..6_000),
    (Case::OneKilled, 6_000..8_000),
    (Case::AllKilled, 8_000..9_000),
];

/// What happens around the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    StoreGone,
    Healthy,
    OneKilled,
    AllKilled,
}

/// A wait that was begun.
struct Wait {
    case: Case,
    chat: String,
    deadline: i64,
}

/// Begins all waits, each at its time.
async fn begin(cluster: &Cluster, count: usize) -> Vec<Wait> {
    let zero = wait::now() + 500;
    let starts = (0..count).map(|n| {
        let (case, when) = CASES[n % CASES.len()].clone();
        let share = (n / CASES.len()) as i64 * (when.end - when.start) / (count / CASES.len()) as i64;
        async move {
            wait::clock(zero + when.start + share).await;
            let visitor = cluster.visitor(n, playbooks::QUICK).await;
            let chat = visitor.start().await;
            let waiting = visitor.event_of(&chat, "waiting").await;
            Wait { case, chat, deadline: waiting["deadline"].as_i64().expect("a time") }
        }
    });
    join_all(starts).await
}

/// How late each wait of a case ended, counted from its deadline or from `since`, whichever is later.
async fn late(root: &Agent, waits: &[Wait], case: Case, since: i64) -> Vec<f64> {
    let mut found = Vec::new();
    for Wait { chat, deadline, .. } in waits.iter().filter(|wait| wait.case == case) {
        let events = root.look_through(chat).await;
        let verdict = judge(&events);
        assert_eq!(verdict.missed.as_deref(), Some("wait_expired"), "{case:?}: {chat}: {verdict:?}");
        let missed: Vec<&Value> = events.iter().filter(|event| event["type"] == "missed").collect();
        assert_eq!(missed.len(), 1, "{chat} ended twice");
        let at = missed[0]["at"].as_i64().expect("a time");
        assert!(at >= *deadline, "{case:?}: {chat} ended {} ms early", deadline - at);
        found.push((at - since.max(*deadline)).max(0) as f64);
    }
    found
}

fn tell(case: Case, late: &[f64]) -> Spread {
    let spread = Spread::of(late.iter().copied());
    println!("figure W1 hubs=3 case={case:?} waits={} early=0 double=0 missed=0 lateness_ms {spread}", late.len());
    spread
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w1_waits_on_three_hubs_end_once_and_on_time_though_hubs_and_the_store_die() {
    let count = size(300, 2_000);
    let mut cluster = Cluster::start(3).await;
    // Somebody is there for as long as the waits last, at whatever hub.
    let mut there = Vec::new();
    for n in 0..3 {
        there.push(cluster.online(n, &format!("agent{n}")).await);
    }
    let began = Instant::now();
    let mut waits = begin(&cluster, count).await;
    assert!(began.elapsed().as_secs() < 10, "the waits began too slowly: {:?}", began.elapsed());
    let due = |case| {
        let deadlines = waits.iter().filter(|wait| wait.case == case).map(|wait| wait.deadline);
        (deadlines.clone().min().expect("some"), deadlines.max().expect("some"))
    };
    let (gone, healthy, one, all) =
        (due(Case::StoreGone), due(Case::Healthy), due(Case::OneKilled), due(Case::AllKilled));

    wait::clock(gone.0 - 300).await;
    cluster.postgres.kill();
    wait::clock(gone.1 + 500).await;
    cluster.postgres.start_again().await;
    let store_back = wait::now();
    assert!(store_back < healthy.0, "the store was gone for too long");

    wait::clock(one.0 - 20).await;
    cluster.hubs[1].kill();
    wait::clock(all.0 - 20).await;
    cluster.hubs[0].kill();
    cluster.hubs[2].kill();
    let dead = wait::now();
    wait::clock(all.1 + 200).await;
    cluster.restart(&[2]).await;
    let hub_back = wait::now();
    cluster.restart(&[0, 1]).await;

    for wait in &mut waits {
        // Those at the very moment have nobody left either.
        if wait.case == Case::OneKilled && wait.deadline > dead - 50 {
            wait.case = Case::AllKilled;
        }
    }
    let root = cluster.admin(2, "root").await;
    wait::until("all waits to end", async || {
        let rows = root.folder("unassigned").await;
        (rows.iter().filter(|row| row["state"] == "offline").count() == count).then_some(())
    })
    .await;
    let gone = tell(Case::StoreGone, &late(&root, &waits, Case::StoreGone, store_back).await);
    let healthy = tell(Case::Healthy, &late(&root, &waits, Case::Healthy, 0).await);
    let one = tell(Case::OneKilled, &late(&root, &waits, Case::OneKilled, 0).await);
    let all = tell(Case::AllKilled, &late(&root, &waits, Case::AllKilled, hub_back).await);
    assert!(healthy.p99 <= 100.0, "late in health: {healthy}");
    assert!(one.max <= 500.0, "late when one hub of three died: {one}");
    assert!(all.max <= 1_000.0, "late when all hubs had died: {all}");
    assert!(gone.max <= 5_000.0, "late after the store was gone: {gone}");
}
