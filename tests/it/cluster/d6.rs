//! Random operations at three hubs: what every agent has folded, and what every hub says, is a recount of the logs.

use crate::{
    fold::{STRIDE, World},
    support::{Cluster, size},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_folders_and_counters_of_three_hubs_equal_a_recount_after_random_operations() {
    let operations = size(450, 12_000);
    let seed = rand::random();
    println!("seed {seed}");
    let cluster = Cluster::start(3).await;
    let gates = (0..3).map(|hub| (cluster.agents(hub), cluster.visitors(hub))).collect();
    let mut world = World::new(seed, gates).await;
    for step in 0..operations {
        world.step(step).await;
        if step % (2 * STRIDE) == 2 * STRIDE - 1 {
            world.compare().await;
        }
    }
    println!(
        "figure D6 hubs=3 operations={operations} conversations={} compared={} mismatches=0",
        world.visitors.len(),
        world.compared
    );
}
