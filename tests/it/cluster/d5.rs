//! Cut at any byte, back at another hub behind one's cursor: exactly what was missing.

use crate::{
    resume::{Trial, disconnects},
    support::{Cluster, size},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d5_disconnects_at_random_bytes_with_reconnects_to_other_hubs_miss_nothing_and_double_nothing() {
    let count = size(400, 100_000);
    let cluster = Cluster::start(3).await;
    let ports: Vec<u16> = cluster.hubs.iter().map(|hub| hub.port).collect();
    let Trial { sent, resets } = disconnects(&ports, count).await;
    println!("figure D5 hubs=3 disconnects={count} texts={sent} mismatches=0 needless_resets={resets}");
    assert_eq!(resets, 0);
}
