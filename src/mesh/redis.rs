//! The mesh of many nodes, upon Redis: its publish and subscribe for hints, keys that expire for leases.
//!
//! | file | noun |
//! |---|---|
//! | [`address`], `home` | where it is, as operators write it; the one server all nodes agree on |
//! | `word`, `numbers`, `order` | the form of what travels; its numbers given; its numbers looked at |
//! | `mouth`, `parcel`, `speak` | what waits to be said; what of it travels as one; who says it |
//! | `ear`, `listen` | what was heard; who hears it |
//! | `probe` | the message to oneself |
//! | `lease`, `desk` | leases; who asks for them |
//! | `link`, `backoff`, `complaint`, `counters` | a connection in use; the next attempt; what is logged and counted |
//!
//! Three connections: words out, words in, and questions. Each is made anew for ever when it breaks. Channels are
//! `PREFIX:w:WORKSPACE` and `PREFIX:n:NODE`; leases lie under `PREFIX:lease:{PREFIX}`.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    task::{JoinError, JoinSet},
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

pub mod address;
mod backoff;
mod complaint;
mod counters;
mod desk;
mod ear;
mod home;
mod lease;
mod link;
mod listen;
mod mouth;
mod numbers;
mod order;
mod parcel;
mod probe;
mod speak;
mod word;

pub use self::{address::Address, counters::Counters};
use self::{
    desk::{Desk, Question},
    ear::{Ear, Joining},
    home::Home,
    link::Link,
    mouth::Mouth,
};
use super::{Health, Heard, LEASE, Lease, Mesh, MeshError, Renewed};
use crate::ids::{NodeId, WorkspaceId};

/// How long a connection on which nothing is said goes unchecked by TCP.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Where the mesh lives and within what limits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Redis is.
    pub address: Address,
    /// What all channels and keys begin with: letters, digits, `_`, `-` and `.`.
    pub prefix: String,
    /// Times.
    pub times: Times,
    /// Words that may wait, to be said as to be heard.
    pub most_words: usize,
    /// Their bytes.
    pub most_bytes: usize,
}

/// How long things take at the most, and how often they happen.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// How often a message to oneself is sent.
    pub every: Duration,
    /// How long it may take.
    pub patience: Duration,
    /// How long connecting and a command may take.
    pub command: Duration,
    /// The longest pause between attempts to connect.
    pub backoff: Duration,
    /// How often it is checked that the connections go where they should, with Sentinel and Cluster.
    pub check: Duration,
    /// How long a lease stands.
    pub lease: Duration,
}

/// One node's mesh upon Redis.
#[derive(Debug)]
pub struct Redis {
    node: NodeId,
    names: Names,
    times: Times,
    home: Home,
    mouth: Mouth,
    ear: Ear,
    desk: Desk,
    /// What the desk is asked, until somebody answers.
    asked: Mutex<Option<mpsc::Receiver<Question>>>,
    speaks: Link,
    hears: Link,
    /// Counts connections made, for whoever waits for one.
    connections: watch::Sender<u64>,
    /// Of the lease; 0 before the first.
    term: AtomicU64,
    counters: Counters,
}

/// Channels and keys.
#[derive(Debug)]
struct Names {
    /// What the channels of workspaces begin with.
    workspaces: String,
    /// The channel of this node.
    own: String,
    /// The set of those who hold leases.
    leases: String,
}

// === impl Settings ===

impl Settings {
    /// The usual limits.
    pub fn new(address: Address, prefix: impl Into<String>) -> Self {
        let times = Times {
            every: Duration::from_secs(2),
            patience: Duration::from_secs(2),
            command: Duration::from_secs(1),
            backoff: Duration::from_secs(2),
            check: Duration::from_secs(10),
            lease: LEASE,
        };
        Self { address, prefix: prefix.into(), times, most_words: 8_192, most_bytes: 8 << 20 }
    }
}

// === impl Redis ===

impl Redis {
    /// A new incarnation. Nothing is connected before [`Redis::run`].
    pub fn new(settings: Settings) -> Arc<Self> {
        // One provider for the whole program; another part may have chosen it before.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let Settings { address, prefix, times, most_words, most_bytes } = settings;
        let node = NodeId::random();
        let names = Names {
            workspaces: format!("{prefix}:w:"),
            own: format!("{prefix}:n:{node}"),
            leases: format!("{prefix}:lease:{{{prefix}}}"),
        };
        let (desk, asked) = Desk::new(times.command);
        let counters = Counters::default();
        Arc::new(Self {
            home: Home::new(address, names.leases.clone(), times.command),
            mouth: Mouth::new(most_words, most_bytes, counters.clone()),
            ear: Ear::new(node.clone(), most_words, most_bytes, counters.clone()),
            desk,
            asked: Mutex::new(Some(asked)),
            speaks: Link::default(),
            hears: Link::default(),
            connections: watch::Sender::new(0),
            term: AtomicU64::new(0),
            node,
            names,
            times,
            counters,
        })
    }

    /// What is counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Keeps the node connected until `stop`; to be called once. An error means that one of the mesh's tasks died: the
    /// process should end.
    ///
    /// # Errors
    /// The panic of a task.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) -> Result<(), JoinError> {
        let mut tasks = JoinSet::new();
        tasks.spawn(speak::run(self.clone()));
        tasks.spawn(listen::run(self.clone()));
        tasks.spawn(probe::run(self.clone()));
        tasks.spawn(self.clone().stay_home());
        if let Some(asked) = self.asked.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tasks.spawn(desk::run(self.clone(), asked));
        }
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(()),
            Some(ended) = tasks.join_next() => ended,
        };
        tasks.shutdown().await;
        ended
    }

    /// One more connection was made.
    fn connected(&self) {
        self.connections.send_modify(|count| *count += 1);
    }

    /// Brings connections back to the server that all nodes agree on, when it is another one by now. Never returns.
    async fn stay_home(self: Arc<Self>) {
        let mut ticks = interval(self.times.check);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if !self.home.moves() {
                continue;
            }
            for link in [&self.speaks, &self.hears] {
                if let Some(place) = link.place()
                    && self.home.calls_from(&place).await
                {
                    tracing::info!("Redis has another master: the mesh moves there");
                    link.cut();
                }
            }
        }
    }
}

#[async_trait]
impl Mesh for Redis {
    fn node(&self) -> &NodeId {
        &self.node
    }

    fn is_alone(&self) -> bool {
        false
    }

    fn say(&self, workspace: &WorkspaceId, body: Bytes) {
        self.mouth.say(workspace, body);
    }

    async fn join(&self, workspace: &WorkspaceId) -> bool {
        match self.ear.join(workspace) {
            Joining::Now(heard) => heard,
            Joining::Later(mut told) => match timeout(self.times.command, &mut told).await {
                Ok(answer) => answer == Ok(true),
                Err(_) => {
                    // It may have been told in this very moment: then no gap is owed.
                    told.close();
                    told.try_recv() == Ok(true)
                }
            },
        }
    }

    fn part(&self, workspace: &WorkspaceId) {
        self.ear.part(workspace);
    }

    async fn heard(&self) -> Heard {
        self.ear.next().await
    }

    async fn renew(&self, roster: Bytes) -> Result<Renewed, MeshError> {
        let terms = (self.term.load(Ordering::SeqCst), rand::random());
        let command = lease::renew(&self.names, &self.node, terms, &roster, self.times.lease);
        if lease::kept(&self.desk.ask(command).await?)? {
            return Ok(Renewed::Kept);
        }
        self.term.store(terms.1, Ordering::SeqCst);
        Ok(Renewed::Anew)
    }

    async fn resign(&self) -> Result<(), MeshError> {
        self.desk.ask(lease::resign(&self.names, &self.node)).await?;
        Ok(())
    }

    async fn leases(&self) -> Result<Vec<Lease>, MeshError> {
        lease::found(self.desk.ask(lease::leases(&self.names)).await?, &self.node)
    }

    fn health(&self) -> Health {
        self.ear.health()
    }
}

// === impl Names ===

impl Names {
    fn workspace(&self, workspace: &WorkspaceId) -> String {
        format!("{}{workspace}", self.workspaces)
    }

    fn lease(&self, node: &NodeId) -> String {
        format!("{}:{node}", self.leases)
    }
}
