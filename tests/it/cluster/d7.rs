//! Redis is killed, flushed, paused and cut while people write and agents claim.

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;

use super::load::Load;
use crate::support::{
    Cluster, Rein, Roamer, Spread, playbooks,
    proxy::{Cut, Fault, Way},
    size, wait,
};

const PAIRS: usize = 6;
/// Texts that must be answered during each fault, before it ends.
const TEXTS: u64 = 40;
/// A fault lasts this long at least, so that whatever waits for Redis would be seen waiting; in milliseconds.
const LASTS: std::ops::Range<i64> = 50..500;

/// What happens to Redis.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    Killed,
    Flushed,
    Paused,
    /// One hub's connections are reset, and so is every new one.
    OneCut,
    /// One hub hears nothing, and is heard.
    OneDeaf,
    /// One hub's bytes go nowhere, either way.
    OneSilent,
    /// All connections are reset, once.
    AllCut,
    /// A part of what is published never arrives.
    Swallowed,
}

const TROUBLES: [Trouble; 8] = [
    Trouble::Killed,
    Trouble::Flushed,
    Trouble::Paused,
    Trouble::OneCut,
    Trouble::OneDeaf,
    Trouble::OneSilent,
    Trouble::AllCut,
    Trouble::Swallowed,
];

async fn begin(cluster: &mut Cluster, trouble: Trouble, hub: usize) {
    match trouble {
        Trouble::Killed => cluster.redis.kill(),
        Trouble::Flushed => cluster.redis.ask("FLUSHALL").await,
        Trouble::Paused => cluster.redis.pause(),
        Trouble::OneCut => cluster.meshes[hub].set(Fault::Cut(Cut::Reset)),
        Trouble::OneDeaf => cluster.meshes[hub].set_way(Way::Down, Fault::Silence),
        Trouble::OneSilent => cluster.meshes[hub].set(Fault::Silence),
        Trouble::AllCut => cluster.meshes.iter().for_each(|mesh| mesh.cut_all(Cut::Reset)),
        Trouble::Swallowed => {
            cluster.meshes.iter().for_each(|mesh| mesh.set(Fault::SwallowPushes { percent: 50 }));
        }
    }
}

async fn end(cluster: &mut Cluster, trouble: Trouble) {
    match trouble {
        Trouble::Killed => cluster.redis.start_again().await,
        Trouble::Paused => cluster.redis.resume(),
        _ => cluster.meshes.iter().for_each(|mesh| mesh.heal()),
    }
}

/// A visitor begins at one hub and an agent claims at another; how long the claim took.
async fn claim(visitor: &mut Roamer, agent: &mut Roamer) -> Duration {
    let started = visitor.ok(json!({"type": "start"})).await;
    let chat = started["conversation"]["id"].as_str().expect("an id").to_owned();
    let asked = Instant::now();
    agent.ok(json!({"type": "claim", "conversation": chat})).await;
    let took = asked.elapsed();
    agent.ok(json!({"type": "close", "conversation": chat})).await;
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d7_faults_of_redis_lose_double_and_reorder_nothing_and_sends_and_claims_go_on() {
    let faults = size(30, 500);
    let mut cluster = Cluster::start(3).await;
    let mut load = Load::start(&cluster, PAIRS, 1).await;
    let mut visitor = Roamer::visitor(cluster.all_visitors(), 0, playbooks::LIVE).await;
    let mut agent = Roamer::agent(cluster.all_agents(), 1, "claimer").await;
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let rein = Rein::new();
    let (mut during, mut claims) = (Vec::new(), Vec::new());
    let troubles = async {
        for n in 0..faults {
            let (trouble, hub) = (TROUBLES[n % TROUBLES.len()], random.random_range(0..3));
            let began = Instant::now();
            begin(&mut cluster, trouble, hub).await;
            claims.push(claim(&mut visitor, &mut agent).await);
            rein.more(TEXTS).await;
            wait::clock(wait::now() + random.random_range(LASTS)).await;
            during.push((trouble, began, Instant::now()));
            end(&mut cluster, trouble).await;
            rein.more(TEXTS / 4).await;
        }
        rein.stop();
    };
    tokio::join!(troubles, load.run(&rein));
    let cuts: u64 = cluster.meshes.iter().map(|mesh| mesh.cut() + mesh.silenced() + mesh.swallowed()).sum();
    assert!(cuts > faults as u64 / 4, "the faults of the proxies did not happen");
    cluster.well().await;
    let root = cluster.admin(2, "root").await;
    let stored = load.judge(&root).await;
    let (refused, cut) = load.setbacks();
    assert_eq!((refused, cut), (0, 0), "a fault of Redis refused a text or ended a connection");
    let times = |which: Option<Trouble>| {
        let within = |at: &Instant| {
            let of_kind = |trouble: &Trouble| which.is_none_or(|which| which == *trouble);
            during.iter().any(|(trouble, began, ended)| of_kind(trouble) && (began..=ended).contains(&at))
        };
        let times = load.senders.iter().flat_map(|sender| &sender.times);
        Spread::of_durations(times.filter(|(at, _)| within(at)).map(|(_, took)| *took))
    };
    for trouble in TROUBLES {
        println!("figure D7 fault={trouble:?} send_ms {}", times(Some(trouble)));
    }
    let times = times(None);
    let claims = Spread::of_durations(claims);
    println!(
        "figure D7 faults={faults} texts={} stored={} lost=0 doubled=0 reordered=0 send_ms {times} claim_ms {claims}",
        stored.acked, stored.stored
    );
    assert!(times.max < 5_000.0 && claims.max < 5_000.0, "a text or a claim waited for Redis");
}
