//! Looking at the leases: this node's is renewed, the others' are read, again and again and whenever somebody says that
//! there is something to see.
//!
//! Nobody is declared gone on a guess: a stay ends upon leases that were read after its end. While they cannot be read
//! the last known presence stands, and for a while after that, until every node has had the time to say again who is
//! there. A node that slept for longer than its lease has looked before it acts, and what it wrote before is passed over.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Notify as Bell, watch};

use super::{
    Hub,
    error::{HubError, Result},
    leases::lease_ms,
    presence::{GRACE_CLOSED, GRACE_SILENT},
    seat::Seat,
};
use crate::{
    ids::{Millis, NodeId, WorkspaceId},
    mesh::{Lease, MeshError, RENEW, Renewed},
    store::StoreError,
    wire::{
        node::{NodeFrame, Nothing},
        roster::{Present, Roster, Stay},
    },
};

/// For how long what was known stands when leases can be read again, in milliseconds.
const STANDS: i64 = 30_000;
/// A stay among nodes ends so much later than it would alone, in milliseconds: whoever came back to another node in the
/// last moment is in its lease by then.
const SLACK: i64 = 1_000;
/// How long what changes is gathered between two looks.
const GATHER: Duration = Duration::from_millis(50);
/// How soon it is looked again when leases could not be read.
const AGAIN: Duration = Duration::from_secs(1);
/// For how long what was known stands when an answer was slept through, in milliseconds: it may also be that the others
/// could not renew their leases, and then they do as soon as they look again.
const STANDS_BRIEFLY: i64 = 3_000;
/// How long whoever must be sure waits for a look.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was seen of other nodes' leases.
#[derive(Debug)]
pub(super) struct Lookout {
    bell: Bell,
    /// Looks that were asked for.
    asked: AtomicU64,
    /// Those that were made.
    made: watch::Sender<u64>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// When the last look began, whatever came of it.
    began: Option<Millis>,
    /// Whether one came to its end.
    looked: bool,
    /// Stays that end by then may be ended.
    known: Millis,
    /// Whether the last look failed.
    failing: bool,
    /// What was known before leases could not be read stands until then.
    stands_until: Millis,
    /// After a long sleep connections may be gone without anybody here knowing it: until then only who was heard counts.
    doubtful_until: Millis,
    nodes: BTreeMap<NodeId, (Millis, Vec<Present>)>,
}

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Mesh(MeshError),
    /// The mesh was asked so long ago that the node must have slept since: it may well have answered.
    #[error("this node slept: {0}")]
    Slept(MeshError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

// === impl Lookout ===

impl Default for Lookout {
    fn default() -> Self {
        let made = watch::channel(0).0;
        Self { bell: Bell::new(), asked: AtomicU64::new(0), made, seen: Mutex::default() }
    }
}

impl Lookout {
    /// Whether the leases of other nodes could not be read when that was tried last.
    pub(super) fn is_failing(&self) -> bool {
        self.seen().failing
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Seen ===

impl Seen {
    /// A look that began at `began` came to its end.
    fn made(&mut self, began: Millis, now: Millis) {
        if std::mem::take(&mut self.failing) {
            self.stands_until = now.plus(STANDS);
        }
        self.looked = true;
        if now >= self.stands_until {
            self.known = began.plus(-SLACK);
        }
    }

    /// Takes out the nodes whose leases have certainly ended.
    fn take_ended(&mut self) -> Vec<NodeId> {
        let known = self.known;
        self.nodes.extract_if(.., |_, (lease, _)| *lease <= known).map(|(node, _)| node).collect()
    }
}

// === impl Hub ===

impl Hub {
    /// Stays that end by then may be ended; and from when on it is worth looking, of a stay that ends at `end`.
    pub(super) fn known(&self, end: Option<Millis>) -> (Millis, Option<Millis>) {
        if self.mesh.is_alone() {
            return (self.store.now(), end);
        }
        let seen = self.lookout.seen();
        (seen.known, end.map(|end| end.plus(SLACK).max(seen.stands_until)))
    }

    /// Somebody says that there is something to see.
    pub(super) fn look_soon(&self) {
        self.lookout.bell.notify_one();
    }

    /// Returns when this node's lease was renewed and the others' were read, both after this was called.
    pub(super) async fn look_now(&self) -> Result<()> {
        if self.mesh.is_alone() {
            return Ok(());
        }
        if self.lookout.is_failing() {
            return Err(HubError::Unavailable);
        }
        let ticket = self.lookout.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let mut made = self.lookout.made.subscribe();
        self.look_soon();
        let made = tokio::time::timeout(PATIENCE, made.wait_for(|made| *made >= ticket)).await;
        made.is_ok_and(|made| made.is_ok()).then_some(()).ok_or(HubError::Unavailable)
    }

    /// Looks until the hub ends. Never returns.
    pub(super) async fn run_lookout(self: Arc<Self>) {
        if self.mesh.is_alone() {
            return std::future::pending().await;
        }
        loop {
            let well = self.look_once().await;
            tokio::time::sleep(GATHER).await;
            tokio::select! {
                biased;
                () = self.lookout.bell.notified(), if well => {}
                () = self.presence.moved(), if well => {}
                () = tokio::time::sleep(if well { RENEW } else { AGAIN }) => {}
            }
        }
    }

    /// One look; whether it came to its end.
    pub(super) async fn look_once(self: &Arc<Self>) -> bool {
        let asked = self.lookout.asked.load(Ordering::Relaxed);
        let began = self.store.now();
        let looked = self.look(began).await;
        let was_failing = self.lookout.is_failing();
        match looked {
            Ok(()) => {
                let now = self.store.now();
                let ended = {
                    let mut seen = self.lookout.seen();
                    seen.made(began, now);
                    seen.take_ended()
                };
                if now.since(began) > lease_ms() {
                    // The node slept in the middle of it.
                    self.look_soon();
                }
                if was_failing {
                    tracing::info!("the leases of other nodes can be read again");
                }
                ended.iter().for_each(|node| self.node_gone(node));
                self.lookout.made.send_replace(asked);
                true
            }
            Err(Fault::Mesh(cause)) => {
                if !was_failing {
                    tracing::warn!(error = %cause, "the leases of other nodes cannot be read: who was there stays there");
                }
                self.lookout.seen().failing = true;
                false
            }
            Err(Fault::Slept(cause)) => {
                tracing::debug!(error = %cause, "who is present elsewhere was asked before this node slept");
                let mut seen = self.lookout.seen();
                seen.stands_until = seen.stands_until.max(self.store.now().plus(STANDS_BRIEFLY));
                false
            }
            Err(Fault::Store(cause)) => {
                tracing::debug!(error = %cause, "who is present elsewhere could not be looked up");
                false
            }
        }
    }

    async fn look(self: &Arc<Self>, began: Millis) -> std::result::Result<(), Fault> {
        let (looked, doubtful) = {
            let mut seen = self.lookout.seen();
            if seen.began.replace(began).is_some_and(|last| began.since(last) > lease_ms()) {
                seen.doubtful_until = began.plus(GRACE_SILENT);
            }
            (seen.looked, began < seen.doubtful_until)
        };
        let moved = self.presence.take_moved();
        let roster = self.presence.roster(began, |present| !doubtful || self.is_certain(present, began));
        let renewed = match self.mesh.renew(roster.encode().into()).await {
            Ok(renewed) => renewed,
            Err(cause) => {
                self.presence.put_moved(moved);
                return Err(self.unanswered(began, cause));
            }
        };
        let mut moved = moved;
        if renewed == Renewed::Anew && looked {
            // To the others this node was gone, with all that it had.
            moved.extend(roster.agents.into_iter().map(|present| present.workspace));
            for workspace in self.among.rooms.all() {
                self.among.asked.insert(workspace);
            }
        }
        self.tell_moved(moved);
        let asked = self.store.now();
        let leases = self.mesh.leases().await.map_err(|cause| self.unanswered(asked, cause))?;
        self.take_in(leases).await?;
        Ok(())
    }

    /// What it means that the mesh gave no answer to what it was asked then. No answer is waited for as long as a lease.
    fn unanswered(&self, asked: Millis, cause: MeshError) -> Fault {
        match self.store.now().since(asked) > lease_ms() {
            true => Fault::Slept(cause),
            false => Fault::Mesh(cause),
        }
    }

    /// Takes over the others' rosters, those that changed.
    async fn take_in(self: &Arc<Self>, leases: Vec<Lease>) -> std::result::Result<(), Fault> {
        let now = self.store.now();
        let mut fresh = Vec::new();
        for Lease { node, left, roster } in leases {
            let end = now.plus(i64::try_from(left.as_millis()).unwrap_or(i64::MAX));
            let Some(roster) = Roster::decode(&roster) else {
                tracing::warn!(%node, "a roster that cannot be read is passed over");
                continue;
            };
            if now.since(roster.at) > lease_ms() + GRACE_CLOSED {
                tracing::debug!(%node, "a node slept and sent what it had written before; it will look and say it anew");
                continue;
            }
            let same = {
                let mut seen = self.lookout.seen();
                let known = seen.nodes.get_mut(&node).filter(|(_, known)| *known == roster.agents);
                known.map(|(lease, _)| *lease = end).is_some()
            };
            match same {
                true => self.presence.prolong(&node, end),
                false => fresh.push((node, end, roster)),
            }
        }
        let unknown = self.presence.unknown_in(fresh.iter().map(|(.., roster)| roster));
        let rows = match unknown.is_empty() {
            true => Vec::new(),
            false => self.store.agents(&unknown.into_iter().collect::<Vec<_>>()).await?,
        };
        for (node, end, roster) in fresh {
            for flip in self.presence.hear(&node, end, &roster, &rows) {
                self.flipped(Some(flip));
            }
            self.lookout.seen().nodes.insert(node, (end, roster.agents));
        }
        Ok(())
    }

    /// Tells the others of these workspaces that there is something to see.
    pub(super) fn tell_moved(&self, moved: BTreeSet<WorkspaceId>) {
        for workspace in moved {
            self.say(&workspace, || NodeFrame::Here(Nothing {}));
        }
    }

    /// Whether what this node holds of somebody needs no look at their connections.
    fn is_certain(&self, present: &Present, now: Millis) -> bool {
        let heard = |seat: &Arc<Seat>| now.since(seat.last_heard()) <= GRACE_SILENT;
        match present.stay {
            Stay::Seated => self.board.seats_of(&present.workspace, &present.agent).iter().any(heard),
            Stay::Leaving { until, .. } => until > now,
        }
    }
}
