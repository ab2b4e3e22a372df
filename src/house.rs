//! Floor 7: the rooms put together. One house is one node.

use std::{io, sync::Arc, time::Duration};

use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    chat::playbook::Playbook,
    config::Config,
    door::{self, Door, DoorMetrics, DoorSettings, MeterLimits, Peer, Sessions, Shutdown, Socket, SocketLimits},
    hub::{self, Hub},
    ids::WorkspaceId,
    session::{self, Entrance, Lobby, rates::Rate},
    store::{
        Saved, Store, StoreError,
        sqlite::{OpenError, Sqlite},
    },
};

/// How long sessions have to end when the hub drains.
const DRAIN: Duration = Duration::from_secs(30);
/// How often rates of those who have not been here lately are forgotten.
const SWEEP: Duration = Duration::from_secs(60);
/// The playbook of a hub nobody has given any.
const DEMO: &str = include_str!("../config/playbooks/demo.json");

/// A node, ready to let people in.
pub struct House {
    hub: Arc<Hub>,
    lobby: Arc<Lobby>,
    door: Arc<Door<Rooms>>,
    /// `/metrics` for a listener of its own.
    metrics: axum::Router,
    shutdown: Shutdown,
    on_trial: bool,
}

/// Why a house could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// The database.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// A secret in the data folder.
    #[error("{0}")]
    Keys(io::Error),
    /// A playbook that was to fill an empty store.
    #[error("{0}")]
    Playbook(String),
    /// The store gave no answer.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
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
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&config.store.path)?);
        let keys = config.keys.open().map_err(OpenFault::Keys)?;
        seed(&*store, config).await?;
        let hub = Hub::new(store, hub_settings(config));
        let lobby = Lobby::new(hub.clone(), keys.gate, session_settings(config));
        let mut registry = Registry::default();
        hub.metrics.register(&mut registry);
        let metrics = DoorMetrics::register(&mut registry);
        let shutdown = Shutdown::default();
        let registry = Arc::new(registry);
        let apart = config.listen.metrics.is_some();
        let routes = door::routes(hub.clone(), lobby.clone(), registry.clone(), &shutdown, !apart);
        let metrics_routes = door::metrics_only(hub.clone(), lobby.clone(), registry, &shutdown);
        let door = Door::new(door_settings(config), Rooms { lobby: lobby.clone() }, routes, metrics, shutdown.clone());
        Ok(Self { hub, lobby, door, metrics: metrics_routes, shutdown, on_trial: keys.on_trial })
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
    ) -> Result<(), tokio::task::JoinError> {
        let ended = CancellationToken::new();
        let mut core = tokio::spawn(self.hub.clone().run(ended.clone()));
        let door = tokio::spawn(self.door.clone().serve(listener));
        let sweep = tokio::spawn(sweep(self.lobby.clone()));
        let died = tokio::select! {
            () = stop => None,
            core = &mut core => Some(core),
        };
        if let Some(core) = died {
            tracing::error!("one of the hub's own tasks died: half a hub is worse than none");
            return core.and_then(|core| core);
        }
        self.shutdown.draining.cancel();
        self.hub.drain();
        tokio::select! {
            () = self.door.drained() => {}
            () = tokio::time::sleep(DRAIN) => tracing::warn!("some sessions did not end in time"),
            () = at_once => tracing::warn!("stopping at once"),
        }
        self.shutdown.closed.cancel();
        ended.cancel();
        let core = core.await.and_then(|core| core);
        let _ = door.await;
        sweep.abort();
        core
    }
}

async fn sweep(lobby: Arc<Lobby>) {
    let mut tick = tokio::time::interval(SWEEP);
    loop {
        tick.tick().await;
        lobby.rates.sweep();
    }
}

/// Fills a store that has no playbooks at all.
async fn seed(store: &dyn Store, config: &Config) -> Result<(), OpenFault> {
    for (name, text) in seeds(config)? {
        let fault = |what: String| OpenFault::Playbook(format!("{name}: {what}"));
        let playbook = Playbook::from_json(&text).map_err(|faults| fault(faults.to_string()))?;
        let faults = playbook.faults();
        if !faults.is_empty() {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            return Err(fault(faults.join("; ")));
        }
        if store.playbook(&playbook.id, None).await?.is_some() {
            continue;
        }
        let workspace = WorkspaceId::from(playbook.workspace.as_deref().unwrap_or("default"));
        if let Saved::Version(version) = store.save_playbook(&workspace, &playbook, 0).await? {
            tracing::info!(playbook = %playbook.id, version, "a playbook was added from the seeds");
        }
    }
    Ok(())
}

/// The seed files by name; the demo where there is no folder.
fn seeds(config: &Config) -> Result<Vec<(String, String)>, OpenFault> {
    let Some(folder) = &config.playbooks.folder else { return Ok(vec![("the demo playbook".into(), DEMO.into())]) };
    let fault = |cause: io::Error| OpenFault::Playbook(format!("{}: {cause}", folder.display()));
    let mut paths = Vec::new();
    for file in std::fs::read_dir(folder).map_err(fault)? {
        let path = file.map_err(fault)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path)
            .map_err(|cause| OpenFault::Playbook(format!("{}: {cause}", path.display())))?;
        Ok((path.display().to_string(), text))
    };
    paths.into_iter().map(read).collect()
}

fn hub_settings(config: &Config) -> hub::Settings {
    hub::Settings {
        admins_see_assigned: config.inbox.admins_see_assigned,
        connections_per_visitor: config.limits.connections_per_visitor as usize,
        connections_per_agent: config.limits.connections_per_agent as usize,
        ..hub::Settings::default()
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
        let lobby = self.lobby.clone();
        async move {
            let Peer { origin, own_origin, admission } = peer;
            let entrance = Entrance { origin, own_origin, address: admission.address() };
            session::visitor::run(socket, entrance, || admission.authenticated(), lobby).await;
        }
    }

    fn agent(&self, socket: Socket, peer: Peer) -> impl Future<Output = ()> + Send + 'static {
        let lobby = self.lobby.clone();
        async move {
            let Peer { admission, .. } = peer;
            session::agent::run(socket, || admission.authenticated(), lobby).await;
        }
    }
}
