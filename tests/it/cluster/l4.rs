//! A deploy: one hub after the other is asked to go and started again, while people write and agents are there.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::load::Load;
use crate::support::{Cluster, Rein, Roamer, Spread, playbooks, size};

/// Clients that only stay, beside those that write.
const IDLE: usize = 24;
/// A drain ends within its 30 s.
const LIMIT: Duration = Duration::from_secs(35);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_rolling_restarts_of_three_hubs_move_everybody_once_and_fail_no_send() {
    let rounds = size(2, 20);
    let mut cluster = Cluster::start(3).await;
    let mut load = Load::start(&cluster, 6, 2).await;
    let mut idle = Vec::new();
    for n in 0..IDLE {
        idle.push(match n % 4 {
            0 => Roamer::agent(cluster.all_agents(), n, &format!("watcher{n}")).await,
            _ => Roamer::visitor(cluster.all_visitors(), n, playbooks::LIVE).await,
        });
    }
    let rein = Rein::new();
    let mut drains = Vec::new();
    let deploy = async {
        for _ in 0..rounds {
            for n in 0..cluster.len() {
                // Everybody has settled, and writes.
                rein.more(60).await;
                let began = Instant::now();
                cluster.hubs[n].terminate();
                let status = cluster.hubs[n].exit(LIMIT).await;
                assert_eq!(status.code(), Some(0), "{}", cluster.hubs[n].log());
                drains.push(began.elapsed());
                cluster.hubs[n].restart().await;
            }
        }
        rein.more(60).await;
        rein.stop();
    };
    let stay = join_all(idle.iter_mut().map(|client| client.stay(&rein)));
    tokio::join!(deploy, load.run(&rein), stay);

    let root = cluster.admin(0, "root").await;
    let stored = load.judge(&root).await;
    let (refused, repeated) = load.setbacks();
    let everybody = || load.senders.iter().map(|sender| &sender.who).chain(&idle);
    let moves: usize = everybody().map(|client| client.dismissed).sum();
    let others: usize = everybody().map(|client| client.connections - 1 - client.dismissed).sum();
    println!(
        "figure L4 rolling_restarts={rounds} hubs=3 clients={} moves={moves} other_reconnects={others} sends={} \
         refused={refused} failed=0 repeated={repeated} drain_ms {}",
        everybody().count(),
        stored.acked,
        Spread::of_durations(drains)
    );
    assert!(moves >= rounds * 3, "nobody was moved");
    let mishaps: Vec<&String> = everybody().flat_map(|client| &client.mishaps).collect();
    assert_eq!(refused, 0, "a send was refused");
    assert!(mishaps.is_empty(), "somebody was lost without a goodbye: {mishaps:#?}");
}
