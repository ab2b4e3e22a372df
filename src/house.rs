//! Floor 7: the rooms put together. One house is one node.

use std::{
    collections::{BTreeMap, HashSet},
    io,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    chat::playbook::Playbook,
    config::{self, Config},
    door::{
        self, Admission, Door, DoorMetrics, DoorSettings, MeterLimits, Peer, Sessions, Shutdown, Socket, SocketLimits,
    },
    hub::{self, Hub},
    ids::{Epoch, NodeId, WorkspaceId},
    mesh::{Alone, Mesh, Redis},
    outbox::{self, Office, Rules, courier::NoCourier},
    session::{self, Entrance, Lobby, rates::Rate},
    store::{
        Saved, Store, StoreError,
        postgres::{self, Fate, Postgres},
        sqlite::{self, Sqlite},
    },
};

pub mod journal;

/// How long sessions have to end when the hub drains.
const DRAIN: Duration = Duration::from_secs(30);
/// How long deliveries under way may take after that.
const LAST_DELIVERIES: Duration = Duration::from_secs(2);
/// How often rates of those who have not been here lately are forgotten.
const SWEEP: Duration = Duration::from_secs(60);

/// A node, ready to let people in.
pub struct House {
    hub: Arc<Hub>,
    /// What has to be kept going, with more than one node.
    mesh: Option<Arc<Redis>>,
    lobby: Arc<Lobby>,
    door: Arc<Door<Rooms>>,
    office: Arc<Office>,
    /// `/metrics` for a listener of its own.
    metrics: axum::Router,
    shutdown: Shutdown,
    on_trial: bool,
    fate: Fate,
}

/// Why a house could not be opened.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::large_enum_variant, reason = "there is one of it, at the end of a process")]
pub enum OpenFault {
    /// The database.
    #[error("cannot open the store {path}: {cause}", path = path.display())]
    Sqlite {
        /// Where it lies.
        path: PathBuf,
        /// Why not.
        cause: sqlite::OpenError,
    },
    /// The database of a server.
    #[error("cannot open the store {address}: {cause}")]
    Postgres {
        /// Where it is.
        address: postgres::Address,
        /// Why not.
        cause: postgres::OpenError,
    },
    /// A secret in the data folder.
    #[error("cannot use the keys: {0}")]
    Keys(io::Error),
    /// The way to the outside.
    #[error("cannot hand on to webhooks: {0}")]
    Outbox(#[from] NoCourier),
    /// The store gave no answer.
    #[error("cannot fill the store: {0}")]
    Unavailable(#[from] StoreError),
}

/// How a house was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Everybody was sent away kindly and went.
    Empty,
    /// Some were still there: the time was over, or it had to be at once.
    Hurried,
    /// Nobody was sent away: another process has taken the database, and says so.
    Evicted(&'static str),
}

/// What the door hands sockets to.
struct Rooms {
    lobby: Arc<Lobby>,
}

// === impl House ===

impl House {
    /// Opens the store, fills an empty one, and sets up everything behind the listener.
    ///
    /// # Errors
    /// See [`OpenFault`]; each says what to mend.
    pub async fn open(config: &Config) -> Result<Self, OpenFault> {
        let (store, fate) = open_store(config, mode(config)).await?;
        let keys = config.keys.open().map_err(OpenFault::Keys)?;
        seed(&*store, &config.playbooks.seeds).await?;
        let mut registry = Registry::default();
        let (ways, mesh) = mesh(config, &mut registry);
        let hub = Hub::new(store, ways, hub_settings(config));
        let office = Office::new(hub.clone(), NodeId::from(config.node.as_str()), outbox_settings(config))?;
        hub.recall().await?;
        let lobby = Lobby::new(hub.clone(), keys.gate, session_settings(config));
        hub.metrics.register(&mut registry);
        office.metrics().register(&mut registry);
        let metrics = DoorMetrics::register(&mut registry);
        let shutdown = Shutdown::default();
        let apart = config.listen.metrics.is_some();
        let rooms = door::Rooms {
            hub: hub.clone(),
            lobby: lobby.clone(),
            registry: Arc::new(registry),
            shutdown: shutdown.clone(),
            outbox: outbox_settings(config).rules,
            hosts: config.inbox.host_origins.as_slice().into(),
        };
        let (routes, metrics_routes) = (door::routes(rooms.clone(), !apart), door::metrics_only(rooms));
        let door = Door::new(door_settings(config), Rooms { lobby: lobby.clone() }, routes, metrics, shutdown.clone());
        let on_trial = keys.on_trial;
        Ok(Self { hub, mesh, lobby, door, office, metrics: metrics_routes, shutdown, on_trial, fate })
    }

    /// `/metrics` and nothing else, for a listener of its own.
    pub fn metrics(&self) -> axum::Router {
        self.metrics.clone()
    }

    /// True when no agents' key was configured: the hub made one, and is being tried out.
    pub fn on_trial(&self) -> bool {
        self.on_trial
    }

    /// What sessions share; the keys are in it.
    pub fn lobby(&self) -> &Arc<Lobby> {
        &self.lobby
    }

    /// Lets people in until `stop`, then sends everybody away kindly, at most for half a minute or until `at_once`.
    ///
    /// # Errors
    /// The panic of one of the hub's own tasks.
    pub async fn run(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
        at_once: impl Future<Output = ()>,
    ) -> Result<Left, tokio::task::JoinError> {
        let (ended, apart) = (CancellationToken::new(), CancellationToken::new());
        let mut outbox = tokio::spawn(self.office.clone().run(self.shutdown.draining.clone()));
        let mut mesh = tokio::spawn(keep(self.mesh.clone(), apart.clone()));
        self.hub.meet().await;
        let mut core = tokio::spawn(self.hub.clone().run(ended.clone()));
        let door = tokio::spawn(self.door.clone().serve(listener));
        let sweep = tokio::spawn(sweep(self.lobby.clone()));
        let mut fate = self.fate;
        let died = tokio::select! {
            () = stop => None,
            ended = &mut core => Some(ended),
            ended = &mut outbox => Some(ended),
            ended = &mut mesh => Some(ended),
            words = fate.sealed() => return Ok(Left::Evicted(words)),
        };
        if let Some(ended) = died {
            tracing::error!("one of the hub's own tasks died: half a hub is worse than none");
            ended??;
            return Ok(Left::Hurried);
        }
        self.shutdown.draining.cancel();
        self.hub.drain();
        let left = tokio::select! {
            () = self.door.drained() => Left::Empty,
            () = tokio::time::sleep(DRAIN) => Left::Hurried,
            () = at_once => Left::Hurried,
        };
        if left == Left::Hurried {
            tracing::warn!("stopping although some sessions have not ended: they come back by themselves");
        }
        self.shutdown.closed.cancel();
        // What is cut off here is delivered by the next to take it, under the same name.
        let _ = tokio::time::timeout(LAST_DELIVERIES, &mut outbox).await;
        outbox.abort();
        ended.cancel();
        core.await??;
        // The hub's last words are said.
        apart.cancel();
        mesh.await??;
        let _ = door.await;
        sweep.abort();
        self.hub.store().close().await;
        Ok(left)
    }
}

/// Whether others may have the store open as well.
fn mode(config: &Config) -> postgres::Mode {
    match config.mesh {
        // No other node would hear of what this one does.
        config::Mesh::Alone => postgres::Mode::Alone,
        config::Mesh::Redis(_) => postgres::Mode::Shared,
    }
}

/// Opens the store of the kind that is configured.
async fn open_store(config: &Config, mode: postgres::Mode) -> Result<(Arc<dyn Store>, Fate), OpenFault> {
    match &config.store {
        config::Store::Sqlite { path } => match Sqlite::open(path) {
            Ok(store) => Ok((Arc::new(store), Fate::default())),
            Err(cause) => Err(OpenFault::Sqlite { path: path.clone(), cause }),
        },
        config::Store::Postgres { address, readers } => {
            let options = postgres::Options { readers: *readers };
            match Postgres::open_at(address, mode, options).await {
                Ok(store) => {
                    let fate = store.fate();
                    Ok((Arc::new(store), fate))
                }
                Err(cause) => Err(OpenFault::Postgres { address: address.clone(), cause }),
            }
        }
    }
}

/// The ways to other nodes, and what keeps them going when there are any. One that leads to a Redis out of reach is a
/// way all the same: the hub begins degraded.
fn mesh(config: &Config, registry: &mut Registry) -> (Arc<dyn Mesh>, Option<Arc<Redis>>) {
    match &config.mesh {
        config::Mesh::Alone => (Arc::new(Alone::new()), None),
        config::Mesh::Redis(settings) => {
            let redis = Redis::new((**settings).clone());
            redis.counters().register(registry);
            (redis.clone(), Some(redis))
        }
    }
}

/// Keeps a mesh going until `stop`.
async fn keep(mesh: Option<Arc<Redis>>, stop: CancellationToken) -> Result<(), tokio::task::JoinError> {
    match mesh {
        Some(mesh) => mesh.run(stop).await,
        None => {
            stop.cancelled().await;
            Ok(())
        }
    }
}

/// Tells the store that it was restored, and answers its new epoch. No hub may be running on it.
///
/// # Errors
/// See [`OpenFault`].
pub async fn restored(config: &Config) -> Result<Epoch, OpenFault> {
    // Of PostgreSQL, too, nobody else may have it open.
    let (store, _fate) = open_store(config, postgres::Mode::Alone).await?;
    Ok(store.restored().await?)
}

async fn sweep(lobby: Arc<Lobby>) {
    let mut tick = tokio::time::interval(SWEEP);
    loop {
        tick.tick().await;
        lobby.rates.sweep();
    }
}

/// Fills a store without playbooks, workspace by workspace. One where all is as the seeds made it, and nobody has seen
/// any of it, may have been left halfway: what is missing is added.
async fn seed(store: &dyn Store, seeds: &[Playbook]) -> Result<(), StoreError> {
    let mut workspaces: BTreeMap<&str, Vec<&Playbook>> = BTreeMap::new();
    for playbook in seeds {
        workspaces.entry(playbook.workspace.as_deref().unwrap_or("default")).or_default().push(playbook);
    }
    for (workspace, seeds) in workspaces {
        let workspace = WorkspaceId::from(workspace);
        let ours: HashSet<_> = seeds.iter().map(|playbook| &playbook.id).collect();
        let rows = store.playbooks(&workspace).await?;
        if rows.iter().any(|row| row.version > 1 || row.installed_at.is_some() || !ours.contains(&row.playbook.id)) {
            continue;
        }
        for playbook in seeds {
            // An id that is taken stays what it is.
            if let Saved::Version(_) = store.save_playbook(&workspace, playbook, 0).await? {
                tracing::info!(%workspace, playbook = %playbook.id, "a playbook was added from the seeds");
            }
        }
    }
    Ok(())
}

fn hub_settings(config: &Config) -> hub::Settings {
    hub::Settings {
        admins_see_assigned: config.inbox.admins_see_assigned,
        connections_per_visitor: config.limits.connections_per_visitor as usize,
        connections_per_agent: config.limits.connections_per_agent as usize,
        tail_bytes: config.limits.tail_bytes,
        ..hub::Settings::default()
    }
}

fn outbox_settings(config: &Config) -> outbox::Settings {
    outbox::Settings {
        rules: Rules { allow_private: config.outbox.allow_private },
        first_retry: Duration::from_millis(config.outbox.first_retry_ms),
    }
}

fn session_settings(config: &Config) -> session::Settings {
    let limits = &config.limits;
    session::Settings {
        hello_timeout: Duration::from_millis(limits.hello_timeout_ms),
        visitor_heartbeat: Duration::from_millis(limits.visitor_heartbeat_ms),
        agent_heartbeat: Duration::from_millis(limits.agent_heartbeat_ms),
        visitor_rate: Rate { per_second: limits.visitor_sends_per_second, burst: limits.visitor_send_burst },
        agent_rate: Rate { per_second: limits.agent_requests_per_second, burst: limits.agent_request_burst },
        starts_per_minute: limits.starts_per_address,
    }
}

fn door_settings(config: &Config) -> DoorSettings {
    let limits = &config.limits;
    DoorSettings {
        connections_per_address: limits.connections_per_address,
        unauthenticated_per_address: limits.unauthenticated_per_address,
        trusted_proxies: config.listen.trusted_proxies.clone(),
        socket: SocketLimits {
            meter: MeterLimits {
                frames_per_second: limits.frames_per_second,
                frame_burst: limits.frame_burst,
                bytes_per_second: limits.bytes_per_second,
                byte_burst: limits.byte_burst,
            },
            outbound_bytes: limits.outbound_bytes,
        },
    }
}

// === impl Rooms ===

impl Sessions for Rooms {
    fn visitor(&self, socket: Socket, peer: Peer) -> impl Future<Output = ()> + Send + 'static {
        let Peer { origin, own_origin, admission } = peer;
        let entrance = Entrance { origin, own_origin, address: admission.address() };
        session::visitor::run(socket, entrance, admit(admission), self.lobby.clone())
    }

    fn agent(&self, socket: Socket, peer: Peer) -> impl Future<Output = ()> + Send + 'static {
        session::agent::run(socket, admit(peer.admission), self.lobby.clone())
    }
}

/// Counts as known whoever said who they are, and holds their place until they leave.
fn admit(admission: Admission) -> impl FnOnce() -> Admission + Send + 'static {
    move || {
        admission.authenticated();
        admission
    }
}
