//! What goes wrong: wires, nodes and the way to the store.

use std::time::Duration;

use rand::RngExt;

use super::{
    super::{station::Ways, wires::Faults},
    world::World,
};
use crate::mesh::Mesh;

// === impl World ===

impl World {
    /// Now and then something breaks, or is mended.
    pub(super) async fn go_wrong(&mut self) {
        if self.rng.random_bool(0.75) {
            return;
        }
        let Some(at) = self.some_node() else { return self.come_back().await };
        match self.rng.random_range(0..16) {
            0..4 => {
                let lost = [0, 50, 300, 1_000][self.rng.random_range(0..4)];
                let doubled = [0, 0, 100][self.rng.random_range(0..3)];
                let delay = Duration::from_millis([0, 5, 250][self.rng.random_range(0..3)]);
                self.trace.line(format_args!("wires lose {lost}, double {doubled}, take {delay:?}"));
                self.wires.faults(Faults { lost, doubled, delay });
            }
            4..7 => {
                let node = self.nodes[at].as_mut().expect("alive");
                node.deaf = !node.deaf;
                let noticed = self.rng.random_bool(0.7);
                self.trace.line(format_args!("{} is deaf: {}", node.wire.node(), node.deaf));
                match node.deaf {
                    true => self.wires.deafen(node.wire.node(), noticed),
                    false => self.wires.heal(node.wire.node()),
                }
            }
            7..10 => {
                let frozen = !self.nodes[at].as_ref().expect("alive").frozen;
                self.freeze(at, frozen);
            }
            10..13 => {
                let ways = Ways {
                    down: self.rng.random_bool(0.3),
                    refused: [0, 100, 400][self.rng.random_range(0..3)],
                    swallowed: [0, 200][self.rng.random_range(0..2)],
                    delay: Duration::from_millis([0, 3, 60][self.rng.random_range(0..3)]),
                    dead: false,
                };
                let node = self.nodes[at].as_ref().expect("alive");
                self.trace.line(format_args!("{}'s store is {ways:?}", node.wire.node()));
                node.station.ways(|now| *now = ways);
            }
            13 => self.kill(at).await,
            _ => self.come_back().await,
        }
    }

    /// Everything carries again, and at least one node lives.
    pub(super) async fn heal(&mut self) {
        self.wires.faults(Faults::default());
        for at in 0..self.nodes.len() {
            if let Some(node) = &mut self.nodes[at] {
                node.station.ways(|ways| *ways = Ways::default());
                if std::mem::take(&mut node.deaf) {
                    self.wires.heal(node.wire.node());
                }
                self.freeze(at, false);
            }
        }
        if self.nodes.iter().all(Option::is_none) {
            self.come_back().await;
        }
    }

    /// The process stands still, or goes on and finds out who has gone meanwhile.
    fn freeze(&mut self, at: usize, frozen: bool) {
        let Some(node) = self.nodes[at].as_mut().filter(|node| node.frozen != frozen) else { return };
        node.frozen = frozen;
        self.trace.line(format_args!("{} stands still: {frozen}", node.wire.node()));
        node.station.freeze(frozen);
        self.wires.freeze(node.wire.node(), frozen);
        if !frozen {
            node.given_up.clear();
        }
    }

    async fn kill(&mut self, at: usize) {
        let Some(node) = self.nodes[at].take() else { return };
        self.trace.line(format_args!("{} is killed", node.wire.node()));
        node.station.ways(|ways| ways.dead = true);
        self.wires.cut(node.wire.node());
        for person in &mut self.people {
            for open in std::mem::take(&mut person.tabs) {
                match open.birth == node.birth {
                    true => person.remember(&open.tab),
                    false => person.tabs.push(open),
                }
            }
        }
        node.house.kill().await;
    }

    /// A node that was killed starts again.
    async fn come_back(&mut self) {
        let Some(at) = self.nodes.iter().position(Option::is_none) else { return };
        let node = self.born().await;
        self.trace.line(format_args!("{} starts", node.wire.node()));
        self.nodes[at] = Some(node);
    }
}
