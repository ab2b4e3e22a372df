//! A cluster of three masters on loopback.

use std::collections::HashMap;

use super::Redis;
use crate::support::{hub::free_port, wait};

/// The slots there are.
const SLOTS: usize = 16_384;

/// The servers of a cluster.
pub struct Cluster {
    /// Three masters, and behind them replicas of the first ones, if any.
    pub nodes: Vec<Redis>,
}

// === impl Cluster ===

impl Cluster {
    /// Three masters with a third of the slots each, and so many replicas of the master of `tag`'s slot, which is put
    /// first.
    pub async fn start(tag: &str, replicas: usize) -> Self {
        let mut nodes = Vec::new();
        let mut bus = HashMap::new();
        for _ in 0..3 + replicas {
            let port = free_port();
            let talk = free_port();
            bus.insert(port, talk);
            let mut node = Redis::prepare(
                port,
                &[
                    "--cluster-enabled",
                    "yes",
                    "--cluster-port",
                    &talk.to_string(),
                    "--cluster-node-timeout",
                    "1000",
                    "--cluster-require-full-coverage",
                    "no",
                    "--cluster-replica-validity-factor",
                    "0",
                ],
            );
            node.start_again().await;
            nodes.push(node);
        }
        let share = SLOTS.div_ceil(3);
        for (n, node) in nodes.iter().take(3).enumerate() {
            let (first, last) = (n * share, ((n + 1) * share).min(SLOTS) - 1);
            node.ask::<()>(&format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await;
        }
        for node in &nodes[1..] {
            nodes[0].ask::<()>(&format!("CLUSTER MEET 127.0.0.1 {} {}", node.port, bus[&node.port])).await;
        }
        let cluster = Self { nodes };
        cluster.agrees(3 + replicas).await;
        let slot: usize = cluster.nodes[0].ask(&format!("CLUSTER KEYSLOT {tag}")).await;
        let mut cluster = cluster;
        cluster.nodes.swap(0, slot / share);
        let home: String = cluster.nodes[0].ask("CLUSTER MYID").await;
        for replica in &cluster.nodes[3..] {
            replica.ask::<()>(&format!("CLUSTER REPLICATE {home}")).await;
            wait::until("the replica follows", async || {
                let info: String = replica.ask("INFO replication").await;
                info.contains("master_link_status:up").then_some(())
            })
            .await;
        }
        cluster.agrees(3 + replicas).await;
        cluster
    }

    /// As a hub is told where it is: two of the masters.
    pub fn url(&self) -> String {
        format!("redis+cluster://127.0.0.1:{},127.0.0.1:{}", self.nodes[0].port, self.nodes[1].port)
    }

    /// Waits until every node knows so many and serves.
    async fn agrees(&self, count: usize) {
        for node in &self.nodes {
            wait::until("the cluster agrees", async || {
                let info: String = node.ask("CLUSTER INFO").await;
                let known = format!("cluster_known_nodes:{count}\r\n");
                (info.contains("cluster_state:ok") && info.contains(&known)).then_some(())
            })
            .await;
        }
    }
}
