//! Among other nodes: saying, hearing, joining. Costs nothing on a node that is alone.
//!
//! A session is served when its workspace is joined: subscribe, wait for the confirmation, read the head. What is said
//! is numbered by workspace, so that whoever misses a word notices with the next one; a pulse ends each burst of words.
//! Everything lost is found in the store by the sweep.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use dashmap::{DashMap, DashSet};
use tokio::{
    sync::{Notify as Bell, SetOnce},
    time::Instant,
};

use super::{
    Hub,
    active::Actives,
    behind,
    elsewhere::Elsewhere,
    glimpse::Glimpses,
    ledger::Ledger,
    rooms::{Order, Rooms},
    sweep::Swept,
};
use crate::{
    ids::{ConversationId, NodeId, WorkspaceId},
    mesh::{Health, Heard},
    wire::node::{NodeFrame, NodeWord, Nothing},
};

/// How long a session waits for its workspace to be joined; then it is served all the same and the sweep covers it.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a session waits at most for the leases of other nodes to be read anew.
pub(super) const LOOK_PATIENCE: Duration = Duration::from_millis(500);
/// How long after the last word a pulse follows.
const PULSE_AFTER: Duration = Duration::from_secs(1);
/// How often nodes whose words were lost are asked who is there, at most.
const ASK_EVERY: Duration = Duration::from_secs(5);
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
    /// Which connections asked last.
    pub(super) actives: Actives,
    /// Who is on other nodes.
    pub(super) elsewhere: Elsewhere,
    /// What of the moment waits to be shown.
    pub(super) glimpses: Glimpses,
    /// Conversations of which others were told who has them open here.
    pub(super) watched: DashSet<ConversationId>,
    /// Workspaces in which somebody asked who is here.
    pub(super) asked: DashSet<WorkspaceId>,
    /// Nodes of which words were lost, to be asked who is there.
    pub(super) unsure: DashSet<(WorkspaceId, NodeId)>,
    /// When they were asked last.
    asked_at: Mutex<Option<Instant>>,
    /// How far the sweep has come.
    pub(super) swept: Swept,
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
    /// How much is held of each kind; all zero some time after the last session has gone.
    pub fn sizes(&self) -> [(&'static str, usize); 10] {
        [
            ("rooms", self.rooms.len()),
            ("said", self.said.len()),
            ("ledger", self.ledger.len()),
            ("behind", self.behind.len()),
            ("actives", self.actives.len()),
            ("elsewhere", self.elsewhere.len()),
            ("glimpses", self.glimpses.len()),
            ("watched", self.watched.len()),
            ("asked", self.asked.len()),
            ("unsure", self.unsure.len()),
        ]
    }

    /// The nodes of which words were lost, not too often.
    fn take_unsure(&self) -> Vec<(WorkspaceId, NodeId)> {
        let mut asked_at = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        if self.unsure.is_empty() || asked_at.is_some_and(|at| at.elapsed() < ASK_EVERY) {
            return Vec::new();
        }
        *asked_at = Some(Instant::now());
        let mut unsure: Vec<_> = self.unsure.iter().map(|pair| pair.clone()).collect();
        unsure.sort();
        unsure.iter().for_each(|pair| drop(self.unsure.remove(pair)));
        unsure
    }

    /// Returns when something may have been missed.
    pub(super) async fn may_have_missed(&self) {
        self.missed.notified().await;
    }
}

// === impl Hub ===

impl Hub {
    /// Tells the other nodes that have joined the workspace. Never waits; what is lost is found later. The frame is made
    /// when its turn has come; making it says nothing itself.
    pub(super) fn say(&self, workspace: &WorkspaceId, frame: impl FnOnce() -> NodeFrame) {
        if self.mesh.is_alone() {
            return;
        }
        // Numbered and said under one lock, so that words leave in the order of their numbers.
        let mut said = self.among.said.entry(workspace.clone()).or_insert_with(|| Said {
            // Higher than a count that was forgotten: nobody says a thousand words a millisecond.
            number: self.store.now().0.unsigned_abs() * 1_000,
            at: Instant::now(),
            pulsed: true,
        });
        let frame = frame();
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
        if let Some(tell) = self.among.rooms.enter(workspace) {
            tokio::spawn(self.clone().join(workspace.clone(), tell));
        }
    }

    async fn join(self: Arc<Self>, workspace: WorkspaceId, tell: Arc<SetOnce<bool>>) {
        let sure = self.mesh.join(&workspace).await;
        if !sure {
            tracing::warn!(%workspace, "a workspace could not be joined yet: until it is, the store is looked into");
        }
        if sure {
            // Who is present there, or switched on, may have been said while nobody here listened.
            let looks = async { self.look_now().await.and(self.agents(&workspace).await) };
            let _ = tokio::time::timeout(LOOK_PATIENCE, looks).await;
        }
        // Nobody else tells it.
        let _ = tell.set(sure);
        self.ask(&workspace, None);
    }

    /// Returns when what others say to the workspace is heard, so that what is read from here on misses nothing; or
    /// when that takes too long. Whether it is heard, as far as anybody knows.
    pub(super) async fn listening(&self, workspace: &WorkspaceId) -> bool {
        let Some(joined) = self.among.rooms.joined(workspace) else { return self.mesh.is_alone() };
        match tokio::time::timeout(PATIENCE, joined.wait()).await {
            Ok(sure) => *sure && self.mesh.health() == Health::Well,
            Err(_) => {
                // What was read before it was joined may be out of date: it is looked at again.
                self.missed_something();
                false
            }
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
                Heard::Gap => {
                    self.missed_something();
                    self.among.rooms.all().iter().for_each(|workspace| self.ask(workspace, None));
                }
                Heard::Health(_) => self.missed_something(),
            }
        }
    }

    /// Housekeeping of a second: parts from workspaces nobody belongs to, and ends bursts of words with a pulse.
    pub(super) fn tend_rooms(&self) {
        if self.mesh.is_alone() {
            return;
        }
        self.among.rooms.close_empty(|workspace| {
            self.mesh.part(workspace);
            self.among.actives.part(workspace);
            self.among.elsewhere.part(workspace);
            self.presence.part(workspace);
        });
        let quiet = |said: &Said| !said.pulsed && said.at.elapsed() >= PULSE_AFTER;
        let mut due: Vec<WorkspaceId> =
            self.among.said.iter().filter(|said| quiet(said)).map(|said| said.key().clone()).collect();
        due.sort();
        for workspace in due {
            self.say(&workspace, || NodeFrame::Pulse(Nothing {}));
        }
        for (workspace, node) in self.among.take_unsure() {
            self.ask(&workspace, Some(&node));
        }
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
            Order::Skipped => {
                self.missed_something();
                self.among.unsure.insert((workspace.clone(), from.clone()));
            }
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
            NodeFrame::Active(active) => self.heard_active(workspace, from, active),
            NodeFrame::Ring(ring) if ring.node == *self.mesh.node() => {
                tokio::spawn(self.clone().heard_ring(workspace.clone(), ring));
            }
            NodeFrame::Ring(_) => {}
            NodeFrame::Adopted(adopted) => {
                self.adopted(workspace, &adopted.conversation, &adopted.from, &adopted.to);
            }
            NodeFrame::Typing(typing) => self.heard_typing(typing),
            NodeFrame::Seen(seen) => self.heard_seen(workspace, seen),
            NodeFrame::Page(moving) => self.heard_page(workspace, moving),
            NodeFrame::Visiting(visiting) => self.heard_visiting(workspace, from, &visiting),
            NodeFrame::Watching(watching) => self.heard_watching(workspace, from, &watching),
            NodeFrame::Ask(ask) => self.heard_ask(workspace, &ask),
            NodeFrame::Present(present) => self.heard_present(workspace, from, present),
            NodeFrame::Playbook(moved) => {
                tokio::spawn(self.clone().heard_playbook(workspace.clone(), moved.playbook));
            }
            NodeFrame::Agent(moved) => {
                tokio::spawn(self.clone().heard_agent(workspace.clone(), moved));
            }
            NodeFrame::Here(_) => self.look_soon(),
            NodeFrame::Pulse(_) => {}
        }
    }
}
