//! A hub dies with many sockets: all of them go on at the others, soon, and without asking the store for much.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::RngExt;
use serde_json::Value;

use crate::support::{Cluster, Spread, Visitor, dial::Dial, playbooks, size, wait};

/// The base and the cap of a client's backoff, in milliseconds.
const BACKOFF: (i64, i64) = (500, 30_000);
/// How long a balancer that looks every 2 s, twice, sends people to a dead hub.
const TAKEN_OUT: Duration = Duration::from_secs(4);
/// Connections being made at once while filling.
const AT_ONCE: usize = 50;
/// Statements a client may cost, those of the hubs' own life not counted.
const READS: f64 = 2.0;

/// Somebody with a conversation.
struct Guest {
    visitor: Visitor,
    chat: String,
    seq: u64,
}

async fn come(dial: Dial) -> Guest {
    let visitor = Visitor::hello(&dial, playbooks::TALK).await;
    let chat = visitor.start().await;
    let seq = visitor.seen().logs.head(&chat);
    Guest { visitor, chat, seq }
}

/// Comes back as a client does: after a random while, which grows with every attempt, at whatever hub the balancer knows;
/// the first is the one that died.
async fn back(guest: &Guest, dials: &[Dial]) -> (Visitor, Duration) {
    let began = Instant::now();
    let mut most = BACKOFF.0;
    loop {
        let pause = rand::rng().random_range(0..most);
        wait::clock(wait::now() + pause).await;
        most = (2 * most).min(BACKOFF.1);
        let known = usize::from(began.elapsed() > TAKEN_OUT);
        let dial = &dials[rand::rng().random_range(known..dials.len())];
        if dial.tcp().await.is_ok() {
            let visitor = guest.visitor.resume(dial, playbooks::TALK, &guest.chat, guest.seq).await;
            return (visitor, began.elapsed());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l3_all_sockets_of_a_hub_that_died_are_resumed_at_the_others_with_at_most_two_reads_each() {
    let sockets = size(500, 5_000);
    let mut cluster = Cluster::start(3).await;
    let dials: Vec<Dial> = cluster.hubs.iter().map(|hub| Dial::visitor(hub.port)).collect();
    let mut guests = Vec::new();
    while guests.len() < sockets {
        guests.extend(join_all((0..AT_ONCE.min(sockets - guests.len())).map(|_| come(dials[0].clone()))).await);
    }
    let statements = |cluster: &Cluster| cluster.stores[1].statements() + cluster.stores[2].statements();
    // What the hubs do anyway, a second.
    let life = async |cluster: &Cluster| {
        let (quiet, since) = (statements(cluster), Instant::now());
        wait::clock(wait::now() + 2_000).await;
        (statements(cluster) - quiet) as f64 / since.elapsed().as_secs_f64()
    };
    let before_it = life(&cluster).await;

    let (before, began) = (statements(&cluster), Instant::now());
    cluster.hubs[0].kill();
    let resumed = join_all(guests.iter().map(|guest| back(guest, &dials))).await;
    let all = began.elapsed();
    let during = (statements(&cluster) - before) as f64;
    // Two of three look around more often than three of three do.
    let asked = during - life(&cluster).await.max(before_it) * all.as_secs_f64();
    for ((visitor, _), guest) in resumed.iter().zip(&guests) {
        let welcome: &Value = &visitor.welcome;
        assert_eq!((&welcome["recovered"], welcome["conversation"]["id"].as_str()), (&true.into(), Some(&*guest.chat)));
        assert_eq!(welcome["events"], serde_json::json!([]), "nothing was missing");
    }
    let reads = asked.max(0.0) / sockets as f64;
    let spread = Spread::of_durations(resumed.iter().map(|(_, took)| *took));
    println!(
        "figure L3 hubs=3 sockets={sockets} resumed={} statements={asked:.0} statements_per_client={reads:.2} \
         time_to_resume_ms {spread} all_s={:.1}",
        resumed.len(),
        all.as_secs_f64()
    );
    assert!(all < Duration::from_secs(30), "resumed after {all:?}");
    assert!(reads <= READS, "{reads:.2} statements per client");
}
