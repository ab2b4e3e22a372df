//! Among other nodes: saying, hearing, joining. Costs nothing on a node that is alone.
//!
//! A session is served when its workspace is joined: subscribe, wait for the confirmation, read the head. What is said
//! is numbered by workspace, so that whoever misses a word notices with the next one; a pulse ends each burst of words.
//! Everything lost is found in the store by the sweep.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use dashmap::DashMap;
use tokio::{sync::Notify as Bell, sync::watch, time::Instant};

use super::{
    Hub, behind,
    ledger::Ledger,
    rooms::{Order, Rooms},
};
use crate::{
    ids::{NodeId, WorkspaceId},
    mesh::Heard,
    wire::node::{NodeFrame, NodeWord, Nothing},
};

/// How long a session waits for its workspace to be joined; then it is served all the same and the sweep covers it.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long after the last word a pulse follows.
const PULSE_AFTER: Duration = Duration::from_secs(1);
/// How long the count of what was said to a workspace is kept beyond belonging to it. One that begins anew begins
/// higher.
const KEEP: Duration = Duration::from_secs(60);

/// What a node has to do with the others.
#[derive(Debug, Default)]
pub struct Among {
    /// The workspaces it listens to.
    pub(super) rooms: Rooms,
    /// What it said to each workspace lately.
    said: DashMap<WorkspaceId, Said>,
    /// What was set in motion here lately.
    pub(super) ledger: Ledger,
    /// What others moved and is to be read first.
    pub(super) behind: behind::Waiting,
    /// Rung when something was or may have been missed.
    missed: Bell,
}

#[derive(Debug)]
struct Said {
    number: u64,
    at: Instant,
    /// Whether the last word was a pulse.
    pulsed: bool,
}

// === impl Among ===

impl Among {
    /// How many workspaces are listened to, to how many something was said lately, and how many conversations are
    /// remembered for it or wait to be read.
    pub fn sizes(&self) -> [usize; 4] {
        [self.rooms.len(), self.said.len(), self.ledger.len(), self.behind.len()]
    }

    /// Returns when something may have been missed.
    pub(super) async fn may_have_missed(&self) {
        self.missed.notified().await;
    }
}

// === impl Hub ===

impl Hub {
    /// Tells the other nodes that have joined the workspace. Never waits; what is lost is found later.
    pub(super) fn say(&self, workspace: &WorkspaceId, frame: impl FnOnce() -> NodeFrame) {
        if self.mesh.is_alone() {
            return;
        }
        let frame = frame();
        // Numbered and said under one lock, so that words leave in the order of their numbers.
        let mut said = self.among.said.entry(workspace.clone()).or_insert_with(|| Said {
            // Higher than a count that was forgotten: nobody says a thousand words a millisecond.
            number: self.store.now().0.unsigned_abs() * 1_000,
            at: Instant::now(),
            pulsed: true,
        });
        said.number += 1;
        said.at = Instant::now();
        said.pulsed = matches!(frame, NodeFrame::Pulse(_));
        self.mesh.say(workspace, Bytes::from(frame.encode(said.number)));
        self.metrics.words_said.inc();
    }

    /// A session begins.
    pub(super) fn enter(self: &Arc<Self>, workspace: &WorkspaceId) {
        if self.mesh.is_alone() {
            return;
        }
        if let Some(tell) = self.among.rooms.enter(workspace, self.store.now()) {
            tokio::spawn(self.clone().join(workspace.clone(), tell));
        }
    }

    async fn join(self: Arc<Self>, workspace: WorkspaceId, tell: watch::Sender<bool>) {
        let sure = self.mesh.join(&workspace).await;
        if !sure {
            tracing::warn!(%workspace, "a workspace could not be joined yet: until it is, the store is looked into");
        }
        tell.send_replace(true);
        self.say(&workspace, || NodeFrame::Ask(Nothing {}));
    }

    /// Returns when what others say to the workspace is heard, so that what is read from here on misses nothing; or
    /// when that takes too long.
    pub(super) async fn listening(&self, workspace: &WorkspaceId) {
        let Some(mut joined) = self.among.rooms.joined(workspace) else { return };
        if tokio::time::timeout(PATIENCE, joined.wait_for(|joined| *joined)).await.is_err() {
            // What was read before it was joined may be out of date: it is looked at again.
            self.missed_something();
        }
    }

    /// Something was or may have been missed: the sweep looks now.
    pub(super) fn missed_something(&self) {
        self.among.missed.notify_one();
    }

    /// Hears the others until the hub ends. Never returns.
    pub(super) async fn run_among(self: Arc<Self>) {
        loop {
            match self.mesh.heard().await {
                Heard::Said { from, workspace, body } => self.hear(&from, &workspace, &body),
                Heard::Gap | Heard::Health(_) => self.missed_something(),
            }
        }
    }

    /// Housekeeping of a second: parts from workspaces nobody belongs to, and ends bursts of words with a pulse.
    pub(super) fn tend_rooms(&self) {
        self.among.rooms.close_empty(|workspace| self.mesh.part(workspace));
        let quiet = |said: &Said| !said.pulsed && said.at.elapsed() >= PULSE_AFTER;
        let mut due: Vec<WorkspaceId> =
            self.among.said.iter().filter(|said| quiet(said)).map(|said| said.key().clone()).collect();
        due.sort();
        for workspace in due {
            self.say(&workspace, || NodeFrame::Pulse(Nothing {}));
        }
        self.among.ledger.forget_old();
        self.among.said.retain(|workspace, said| said.at.elapsed() < KEEP || self.among.rooms.has(workspace));
    }

    fn hear(self: &Arc<Self>, from: &NodeId, workspace: &WorkspaceId, body: &[u8]) {
        let word = match NodeWord::decode(body) {
            Ok(word) => word,
            Err(fault) => {
                tracing::debug!(node = %from, %fault, "a word of another node could not be read");
                return;
            }
        };
        self.metrics.words_heard.inc();
        match self.among.rooms.hear(workspace, from, word.number) {
            Order::Again | Order::NotOurs => return,
            Order::Skipped => self.missed_something(),
            Order::Next => {}
        }
        if let Some(frame) = word.frame {
            self.heed(from, workspace, frame);
        }
    }

    /// What another node says, once, in its order.
    fn heed(self: &Arc<Self>, from: &NodeId, workspace: &WorkspaceId, frame: NodeFrame) {
        match frame {
            NodeFrame::Moved(moved) => self.heard_moved(workspace, moved),
            NodeFrame::Adopted(adopted) => {
                self.adopted(workspace, &adopted.conversation, &adopted.from, &adopted.to);
            }
            NodeFrame::Pulse(_) => {}
            other => tracing::trace!(node = %from, %workspace, kind = ?std::mem::discriminant(&other), "heard"),
        }
    }
}
