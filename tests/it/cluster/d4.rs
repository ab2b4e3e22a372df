//! Hints get lost between Redis and one hub, and whoever is connected there is behind for a moment, never for long.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Agent, Cluster, Spread, Visitor, playbooks, proxy::Fault, size, wait};

/// The hub that hears badly; the agents are there, the visitors elsewhere.
const BAD: usize = 1;
const CHATS: usize = 20;
/// Longer than anything may take, so that what does is told and not waited for in vain.
const LIMIT: Duration = Duration::from_secs(30);

/// A visitor and the agent who reads.
struct Pair {
    visitor: Visitor,
    chat: String,
}

/// Everybody writes one text; how long after its answer each was seen at the hub that hears badly.
async fn round(pairs: &[Pair], agent: &Agent, key: &str, spread_over: i64) -> Vec<Duration> {
    let from = wait::now();
    let writes = pairs.iter().enumerate().map(|(n, Pair { visitor, chat })| async move {
        wait::clock(from + spread_over * n as i64 / CHATS as i64).await;
        visitor.say(chat, key, "canary").await;
        let answered = Instant::now();
        let seen = |event: &Value| event["key"] == key;
        let look = |seen_so_far: &mut crate::support::client::Seen| {
            seen_so_far.logs.events(chat).iter().rev().any(seen).then_some(())
        };
        agent.within(LIMIT, "a text whose hint may be lost", look).await;
        answered.elapsed()
    });
    join_all(writes).await
}

fn tell(case: &str, texts: usize, swallowed: u64, late: Vec<Duration>) -> Spread {
    let spread = Spread::of_durations(late);
    println!("figure D4 hubs=3 swallowed={case} texts={texts} hints_swallowed={swallowed} staleness_ms {spread}");
    spread
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d4_whoever_is_connected_is_behind_for_no_longer_than_promised_when_hints_are_swallowed() {
    let cluster = Cluster::start(3).await;
    let agent = cluster.agent(BAD, "jane").await;
    let mut pairs = Vec::new();
    for n in 0..CHATS {
        let visitor = cluster.visitor(2 * (n % 2), playbooks::LIVE).await;
        let chat = visitor.start().await;
        agent.claim(&chat).await;
        pairs.push(Pair { visitor, chat });
    }
    let mesh = &cluster.meshes[BAD];
    // A part of all that is published: most probes come back, so all looks well.
    for (percent, rounds) in [(1, size(12, 100)), (10, size(3, 30))] {
        mesh.set(Fault::SwallowPushes { percent });
        let before = mesh.swallowed();
        let mut late = Vec::new();
        // What is committed at once is told at once: these come one by one. Where chance swallowed none of few, there are more.
        let mut n = 0;
        while n < rounds || (mesh.swallowed() == before && n < 10 * rounds) {
            late.extend(round(&pairs, &agent, &format!("some{percent}-{n}"), 400).await);
            n += 1;
        }
        let spread = tell(&format!("{percent}%"), late.len(), mesh.swallowed() - before, late);
        assert!(mesh.swallowed() > before, "nothing was swallowed");
        assert!(spread.max <= 10_500.0, "{percent} %: {spread}");
    }
    // All hints, and no probe: Redis looks well and is deaf.
    mesh.set(Fault::SwallowOn { channel: ":w:", percent: 100 });
    let before = mesh.swallowed();
    let mut late = Vec::new();
    for n in 0..size(1, 10) {
        late.extend(round(&pairs, &agent, &format!("deaf{n}"), 9_000).await);
    }
    let deaf = tell("100%_but_the_probe_is_heard", late.len(), mesh.swallowed() - before, late);
    let ready = cluster.hubs[BAD].request("GET", "/readyz").send().await.expect("an answer").json();
    assert_eq!(ready["degraded"], json!([]), "it should look well");
    assert!(deaf.max <= 10_500.0, "healthy but deaf: {deaf}");
    assert!(deaf.max > 1_000.0, "no hint was lost: {deaf}");

    mesh.set(Fault::SwallowPushes { percent: 100 });
    wait::until("the probe to fail", async || {
        let ready = cluster.hubs[BAD].request("GET", "/readyz").send().await.ok()?.json();
        (ready["degraded"] == json!(["redis"])).then_some(())
    })
    .await;
    let before = mesh.swallowed();
    let mut late = Vec::new();
    for n in 0..size(4, 30) {
        late.extend(round(&pairs, &agent, &format!("failed{n}"), 900).await);
    }
    let failed = tell("100%", late.len(), mesh.swallowed() - before, late);
    assert!(failed.max <= 1_500.0, "the probe fails: {failed}");
    mesh.heal();
    cluster.well().await;
    let well = Spread::of_durations(round(&pairs, &agent, "well", 0).await);
    println!("figure D4 hubs=3 swallowed=0% texts={CHATS} hints_swallowed=0 staleness_ms {well}");
    assert!(well.max < 1_000.0, "healed: {well}");
}
