//! Whatever is killed at whatever moment, what was answered is in the store.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::load::Load;
use crate::support::{
    Cluster, Rein, Settings,
    postgres::Postgres,
    size::{is_campaign, size},
};

/// Eight senders write to each other in pairs.
const PAIRS: usize = 4;
/// How many texts a sender has under way at once.
const PIPELINE: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_kills_of_hubs_and_servers_under_8_pipelining_senders_lose_nothing_that_was_answered() {
    let kills = size(20, 3_000);
    // A killed process loses nothing of what it handed to the system; before a release it is synced all the same.
    let postgres = if is_campaign() { Postgres::with(&[]).await } else { Postgres::start().await };
    let mut cluster = Cluster::with(3, Settings::new(), postgres).await;
    let mut load = Load::start(&cluster, PAIRS, PIPELINE).await;
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let rein = Rein::new();
    let mut killed = [0; 3];
    let strikes = async {
        while killed.iter().sum::<usize>() < kills {
            rein.more(random.random_range(1..300)).await;
            match random.random_range(0..10) {
                0 => {
                    killed[2] += 1;
                    cluster.postgres.kill();
                    cluster.postgres.start_again().await;
                }
                1 => {
                    killed[1] += 1;
                    cluster.redis.kill();
                    cluster.redis.start_again().await;
                }
                // Now and then two hubs, or all, at once.
                dice => {
                    let first = random.random_range(0..3);
                    let count = [1, 1, 1, 1, 1, 1, 2, 3][dice - 2];
                    let which: Vec<usize> = (first..first + count).map(|n| n % 3).collect();
                    killed[0] += count;
                    cluster.restart(&which).await;
                }
            }
        }
        rein.more(100).await;
        rein.stop();
    };
    tokio::join!(strikes, load.run(&rein));
    cluster.well().await;
    let root = cluster.admin(1, "root").await;
    let stored = load.judge(&root).await;
    let (refused, cut) = load.setbacks();
    assert!(cut > 0, "no kill met a text under way");
    println!(
        "figure D1 hubs=3 kills={} of_hubs={} of_redis={} of_postgresql={} senders={} acked={} stored={} refused={refused} \
         cut_off={cut} lost=0",
        killed.iter().sum::<usize>(),
        killed[0],
        killed[1],
        killed[2],
        2 * PAIRS,
        stored.acked,
        stored.stored,
    );
}
