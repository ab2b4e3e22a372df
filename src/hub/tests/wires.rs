//! A mesh in memory, on the runtime's clock, that loses, delays and doubles what it is told to. Whatever it does is
//! drawn from a seed. Words of one node to another keep their order, as the mesh promises; those of different nodes
//! may overtake each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{sync::Notify, time::Instant};

use crate::{
    ids::{NodeId, WorkspaceId},
    mesh::{Health, Heard, LEASE, Lease, Mesh, MeshError, Renewed},
};

mod carrying;

/// How long it takes until a node notices that it is deaf, or hears again.
const PROBE: Duration = Duration::from_secs(2);

/// The wires between all nodes.
pub(super) struct Wires {
    inner: Mutex<Inner>,
}

/// What the wires do to words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    /// Of a thousand words so many are swallowed.
    pub(super) lost: u32,
    /// Of a thousand so many come twice, which the mesh promises not to happen.
    pub(super) doubled: u32,
    /// A word takes up to so long.
    pub(super) delay: Duration,
}

/// One node's end of the wires.
pub(super) struct Wire {
    node: NodeId,
    wires: Arc<Wires>,
    bell: Arc<Notify>,
    thawed: Arc<Notify>,
}

struct Inner {
    rng: StdRng,
    faults: Faults,
    ends: BTreeMap<NodeId, End>,
    leases: BTreeMap<NodeId, (Instant, Bytes)>,
    /// Whoever stood still before their answer came is told that there was none in time.
    late: bool,
    /// So that of words that come at one moment the one said first is heard first.
    said: u64,
}

struct End {
    joined: BTreeSet<WorkspaceId>,
    /// Asked for while nothing could be confirmed.
    wanted: BTreeSet<WorkspaceId>,
    coming: BTreeMap<(Instant, u64), Heard>,
    /// The last word of each node comes then.
    last_from: BTreeMap<NodeId, Instant>,
    deaf: bool,
    /// From then on the node knows that it is deaf.
    known_deaf: Option<Instant>,
    /// Nothing is heard until it is let go: the whole process stands still.
    frozen: bool,
    /// What it would have said meanwhile, had it not.
    held: Vec<(WorkspaceId, Bytes)>,
    bell: Arc<Notify>,
    thawed: Arc<Notify>,
}

// === impl Wires ===

impl Wires {
    /// Wires that carry everything at once.
    pub(super) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(Inner {
                rng: StdRng::seed_from_u64(seed),
                faults: Faults::default(),
                ends: BTreeMap::new(),
                leases: BTreeMap::new(),
                late: false,
                said: 0,
            }),
        })
    }

    /// One more node.
    pub(super) fn node(self: &Arc<Self>, name: &str) -> Arc<Wire> {
        let (node, bell, thawed) = (NodeId::from(name), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let end = End {
            joined: BTreeSet::new(),
            wanted: BTreeSet::new(),
            coming: BTreeMap::new(),
            last_from: BTreeMap::new(),
            deaf: false,
            known_deaf: None,
            frozen: false,
            held: Vec::new(),
            bell: bell.clone(),
            thawed: thawed.clone(),
        };
        assert!(self.lock().ends.insert(node.clone(), end).is_none(), "an incarnation's name is new");
        Arc::new(Wire { node, wires: self.clone(), bell, thawed })
    }

    /// From now on this happens to words.
    pub(super) fn faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// Nothing reaches the node any more. `noticed`: its probe fails two seconds later.
    pub(super) fn deafen(&self, node: &NodeId, noticed: bool) {
        let mut inner = self.lock();
        let at = Instant::now() + PROBE;
        let number = inner.next();
        let Some(end) = inner.ends.get_mut(node) else { return };
        end.deaf = true;
        end.coming.retain(|_, heard| !matches!(heard, Heard::Said { .. }));
        if noticed && end.known_deaf.is_none() {
            end.known_deaf = Some(at);
            end.coming.insert((at, number), Heard::Health(Health::Deaf));
            end.bell.notify_one();
        }
    }

    /// The node hears again, and knows soon if it knew that it did not.
    pub(super) fn heal(&self, node: &NodeId) {
        let mut inner = self.lock();
        let (one, two) = (inner.next(), inner.next());
        let Some(end) = inner.ends.get_mut(node) else { return };
        if !std::mem::take(&mut end.deaf) {
            return;
        }
        end.joined.append(&mut end.wanted);
        if end.known_deaf.take().is_some() {
            let at = Instant::now() + PROBE;
            end.coming.retain(|_, heard| !matches!(heard, Heard::Health(_)));
            end.coming.insert((at, one), Heard::Health(Health::Well));
            end.coming.insert((at, two), Heard::Gap);
        }
        end.bell.notify_one();
    }

    /// The process stands still, or goes on; what was said to it meanwhile lies waiting.
    pub(super) fn freeze(&self, node: &NodeId, frozen: bool) {
        let mut inner = self.lock();
        let Some(end) = inner.ends.get_mut(node) else { return };
        end.frozen = frozen;
        end.bell.notify_one();
        if !frozen {
            end.thawed.notify_waiters();
            for (workspace, body) in std::mem::take(&mut end.held) {
                inner.say(node, &workspace, &body);
            }
        }
    }

    /// From now on answers that come while somebody stands still are none any more when they go on.
    pub(super) fn late(&self) {
        self.lock().late = true;
    }

    /// The process is gone. Its lease stands until it runs out.
    pub(super) fn cut(&self, node: &NodeId) {
        self.lock().ends.remove(node);
    }

    /// Whatever was kept is lost, as when the store behind the mesh is flushed.
    pub(super) fn wipe(&self) {
        self.lock().leases.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

// === impl Inner ===

impl Inner {
    fn next(&mut self) -> u64 {
        self.said += 1;
        self.said
    }

    fn say(&mut self, from: &NodeId, workspace: &WorkspaceId, body: &Bytes) {
        // One that is cut off from the mesh is not heard either.
        if self.ends.get(from).is_none_or(|end| end.deaf) {
            return;
        }
        let listening = |(node, end): (&NodeId, &End)| {
            (node != from && !end.deaf && end.joined.contains(workspace)).then(|| node.clone())
        };
        let to: Vec<NodeId> = self.ends.iter().filter_map(listening).collect();
        for node in to {
            if self.rng.random_range(0..1_000) < self.faults.lost {
                continue;
            }
            let times = if self.rng.random_range(0..1_000) < self.faults.doubled { 2 } else { 1 };
            for _ in 0..times {
                let most = u64::try_from(self.faults.delay.as_millis()).unwrap();
                let delay = Duration::from_millis(self.rng.random_range(0..=most));
                let number = self.next();
                let Some(end) = self.ends.get_mut(&node) else { continue };
                let last = end.last_from.entry(from.clone()).or_insert_with(Instant::now);
                *last = (*last).max(Instant::now() + delay);
                let said = Heard::Said { from: from.clone(), workspace: workspace.clone(), body: body.clone() };
                end.coming.insert((*last, number), said);
                end.bell.notify_one();
            }
        }
    }
}

// === impl Wire ===

impl Wire {
    fn is_deaf(&self) -> bool {
        self.wires.lock().ends.get(&self.node).is_none_or(|end| end.deaf)
    }

    /// What can be heard now, else when something can.
    fn next(&self) -> Result<Heard, Option<Instant>> {
        let mut inner = self.wires.lock();
        let Some(end) = inner.ends.get_mut(&self.node).filter(|end| !end.frozen) else { return Err(None) };
        match end.coming.first_entry() {
            Some(first) if first.key().0 <= Instant::now() => Ok(first.remove()),
            Some(first) => Err(Some(first.key().0)),
            None => Err(None),
        }
    }

    /// Whoever stands still hears no answer.
    async fn awake(&self) -> Result<(), MeshError> {
        let mut stood = false;
        loop {
            let thawed = self.thawed.notified();
            if self.wires.lock().ends.get(&self.node).is_none_or(|end| !end.frozen) {
                let late = stood && self.wires.lock().late;
                return if late { Err(MeshError("no answer in time".into())) } else { Ok(()) };
            }
            stood = true;
            thawed.await;
        }
    }

    fn cut_off(&self) -> Result<(), MeshError> {
        match self.is_deaf() {
            true => Err(MeshError("cut off".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Mesh for Wire {
    fn node(&self) -> &NodeId {
        &self.node
    }

    fn is_alone(&self) -> bool {
        false
    }

    fn say(&self, workspace: &WorkspaceId, body: Bytes) {
        let mut inner = self.wires.lock();
        match inner.ends.get_mut(&self.node) {
            Some(end) if end.frozen => end.held.push((workspace.clone(), body)),
            _ => inner.say(&self.node, workspace, &body),
        }
    }

    async fn join(&self, workspace: &WorkspaceId) -> bool {
        let delay = {
            let mut inner = self.wires.lock();
            let most = u64::try_from(inner.faults.delay.as_millis()).unwrap();
            Duration::from_millis(inner.rng.random_range(0..=most))
        };
        tokio::time::sleep(delay).await;
        let mut inner = self.wires.lock();
        let Some(end) = inner.ends.get_mut(&self.node) else { return false };
        match end.deaf {
            true => drop(end.wanted.insert(workspace.clone())),
            false => drop(end.joined.insert(workspace.clone())),
        }
        !end.deaf
    }

    fn part(&self, workspace: &WorkspaceId) {
        if let Some(end) = self.wires.lock().ends.get_mut(&self.node) {
            end.joined.remove(workspace);
            end.wanted.remove(workspace);
        }
    }

    async fn heard(&self) -> Heard {
        loop {
            let bell = self.bell.notified();
            match self.next() {
                Ok(heard) => return heard,
                Err(None) => bell.await,
                Err(Some(at)) => drop(tokio::time::timeout_at(at, bell).await),
            }
        }
    }

    async fn renew(&self, roster: Bytes) -> Result<Renewed, MeshError> {
        self.awake().await?;
        self.cut_off()?;
        let now = Instant::now();
        let before = self.wires.lock().leases.insert(self.node.clone(), (now + LEASE, roster));
        let stood = before.is_some_and(|(until, _)| until > now);
        Ok(if stood { Renewed::Kept } else { Renewed::Anew })
    }

    async fn resign(&self) -> Result<(), MeshError> {
        self.cut_off()?;
        self.wires.lock().leases.remove(&self.node);
        Ok(())
    }

    async fn leases(&self) -> Result<Vec<Lease>, MeshError> {
        self.awake().await?;
        self.cut_off()?;
        let mut inner = self.wires.lock();
        inner.leases.retain(|_, (until, _)| *until > Instant::now());
        let others = inner.leases.iter().filter(|(node, _)| **node != self.node);
        let lease = |(node, (until, roster)): (&NodeId, &(Instant, Bytes))| Lease {
            node: node.clone(),
            left: until.duration_since(Instant::now()),
            roster: roster.clone(),
        };
        Ok(others.map(lease).collect())
    }

    fn health(&self) -> Health {
        let inner = self.wires.lock();
        let known = inner.ends.get(&self.node).and_then(|end| end.known_deaf);
        match known {
            Some(at) if at <= Instant::now() => Health::Deaf,
            _ => Health::Well,
        }
    }
}
