//! The peers: how each is started, and what it can do.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use tempfile::TempDir;

use super::{Versus, jetstream, run_of};
use crate::dialect::{DOMAIN, Dialect};
use crate::halt::Halt;
use crate::machine::SERVER_CORE;
use crate::profile::Profile;
use crate::report::Report;
use crate::server::{Ready, Recipe, Server, free_address, hub, scratch};
use crate::signals::Signals;

/// A server to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Peer {
    /// The hub, alone, on its embedded store.
    Usher,
    /// The hub, alone, and PostgreSQL, both on the one core.
    UsherPostgres,
    /// Two hubs, PostgreSQL and Redis, all on the one core; every text crosses.
    UsherTwo,
    /// Our bare tokio-tungstenite relay: the limit of the stack.
    Relay,
    /// A bare relay on ws, for Node.
    Ws,
    /// Socket.IO, one process.
    SocketIo,
    /// Two processes of Socket.IO with its Redis adapter, and Redis, all on the one core; every text crosses.
    SocketIoRedis,
    /// ejabberd with its archive.
    Ejabberd,
    /// NATS, whose JetStream stores each text and acknowledges it.
    #[value(name = "jetstream")]
    JetStream,
}

/// What peers are started from.
pub(super) struct Stand {
    hub: PathBuf,
    programs: PathBuf,
    modules: Option<PathBuf>,
    folder: TempDir,
    idlers: Vec<u32>,
    signals: Signals,
    halt: Halt,
}

/// Running servers of one peer. The first ones are what clients connect to.
struct Running {
    servers: Vec<Server>,
    doors: usize,
}

// === impl Peer ===

impl Peer {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Peer::Usher => "hub",
            Peer::UsherPostgres => "hub on PostgreSQL",
            Peer::UsherTwo => "hub × 2 + PostgreSQL + Redis",
            Peer::Relay => "bare relay",
            Peer::Ws => "ws",
            Peer::SocketIo => "Socket.IO",
            Peer::SocketIoRedis => "Socket.IO × 2 + Redis",
            Peer::Ejabberd => "ejabberd + archive",
            Peer::JetStream => "NATS JetStream + ack",
        }
    }

    /// What it speaks.
    pub fn dialect(self) -> Dialect {
        match self {
            Peer::Usher | Peer::UsherPostgres | Peer::UsherTwo => Dialect::Usher,
            Peer::Relay | Peer::Ws => Dialect::Plain,
            Peer::SocketIo | Peer::SocketIoRedis => Dialect::SocketIo,
            Peer::Ejabberd => Dialect::Xmpp,
            Peer::JetStream => Dialect::Nats,
        }
    }

    /// Whoever comes to their end below a rate in the closed loop is not asked for it: ejabberd above `calm`, two nodes of
    /// Socket.IO and the hub on PostgreSQL above `steady`. ejabberd's rooms announce everybody to everybody, which is
    /// another load than `fanout`. `across` is for those who have something to cross, and for what that is held against.
    pub(super) fn can(self, load: &str) -> bool {
        match self {
            Peer::Ejabberd => matches!(load, "pairs" | "calm" | "storm" | "idle"),
            Peer::UsherTwo => matches!(load, "pairs" | "across"),
            Peer::UsherPostgres => matches!(load, "pairs" | "calm" | "steady" | "across"),
            Peer::Usher => true,
            Peer::Relay | Peer::Ws | Peer::SocketIo | Peer::JetStream => load != "across",
            Peer::SocketIoRedis => load != "brisk",
        }
    }

    /// Whether its processes share memory, so that adding up theirs says nothing.
    pub(super) fn shares_memory(self) -> bool {
        matches!(self, Peer::UsherPostgres | Peer::UsherTwo)
    }
}

// === impl Stand ===

impl Stand {
    /// `idlers` keep the cores awake; a signal ends what is under way and says `halt`.
    pub(super) fn new(versus: &Versus, idlers: Vec<u32>, halt: Halt) -> Result<Stand> {
        let found = |path: &Path| std::fs::canonicalize(path).with_context(|| format!("no {}", path.display()));
        let modules = versus.modules.as_deref().map(found).transpose()?;
        let hub = found(&versus.hub)?;
        let folder = scratch(&hub)?;
        pass(folder.path())?;
        let signals = Signals::listen_beside(halt.clone())?;
        Ok(Stand { hub, programs: found(&versus.programs)?, modules, folder, idlers, signals, halt })
    }

    /// Those that were asked for, or all that can be run here; each that cannot is named.
    pub(super) fn peers(&self, asked: &[Peer]) -> Vec<Peer> {
        let mut peers = vec![Peer::Usher];
        for &peer in Peer::value_variants().iter().filter(|peer| **peer != Peer::Usher) {
            let missing = match peer {
                Peer::Usher | Peer::Relay => None,
                Peer::UsherPostgres | Peer::UsherTwo if !has_postgres() => Some("PostgreSQL is not installed"),
                Peer::UsherTwo if !is_there("redis-server") => Some("redis-server is not installed"),
                Peer::Ws | Peer::SocketIo if self.modules.is_none() => Some("--modules was not given"),
                Peer::SocketIoRedis if self.modules.is_none() => Some("--modules was not given"),
                Peer::SocketIoRedis if !is_there("redis-server") => Some("redis-server is not installed"),
                Peer::Ejabberd if !is_there("ejabberdctl") => Some("ejabberd is not installed"),
                Peer::JetStream if !is_there("nats-server") => Some("nats-server is not installed"),
                _ => None,
            };
            match missing {
                _ if !asked.is_empty() && !asked.contains(&peer) => {}
                Some(why) => eprintln!("{} is left out: {why}", peer.name()),
                None => peers.push(peer),
            }
        }
        peers
    }

    /// One load on a fresh server of this peer.
    pub(super) fn measure(&self, peer: Peer, profile: &Profile) -> Result<Report> {
        let folder = tempfile::TempDir::new_in(self.folder.path())?;
        pass(folder.path())?;
        let running = self.start(peer, folder.path())?;
        let hubs: Vec<SocketAddr> = running.servers.iter().take(running.doors).map(|server| server.addr).collect();
        let pids = running.servers.iter().map(Server::pid).collect();
        let run = run_of(profile, peer, hubs, pids, self.idlers.clone())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            tokio::select! {
                report = run.perform(self.signals.came(1)) => report,
                () = self.signals.came(2) => bail!("stopped twice"),
            }
        })
    }

    fn start(&self, peer: Peer, folder: &Path) -> Result<Running> {
        let own = std::env::current_exe()?;
        let one =
            |recipe: Recipe, addr| anyhow::Ok(Running { servers: vec![self.serve(recipe, folder, addr)?], doors: 1 });
        let addr = free_address()?;
        let port = addr.port().to_string();
        match peer {
            Peer::Usher => one(self.hub(folder, addr, None), addr),
            Peer::UsherPostgres => {
                let (postgres, url) = self.postgres(folder)?;
                let hub = self.serve(self.hub(folder, addr, Some((&url, "alone"))), folder, addr)?;
                Ok(Running { servers: vec![hub, postgres], doors: 1 })
            }
            Peer::UsherTwo => {
                let (postgres, store) = self.postgres(folder)?;
                let (redis, mesh) = self.redis(folder)?;
                let other = free_address()?;
                let recipe = |addr| self.hub(folder, addr, Some((&store, &mesh)));
                let a = self.serve(recipe(addr), &folder.join("a"), addr)?;
                let b = self.serve(recipe(other), &folder.join("b"), other)?;
                Ok(Running { servers: vec![a, b, redis, postgres], doors: 2 })
            }
            Peer::Relay => one(recipe(peer.name(), &own, &["relay", "--port", &port]), addr),
            Peer::Ws => one(self.node("ws.js", &[&port])?, addr),
            Peer::SocketIo => one(self.node("socket_io.js", &[&port])?, addr),
            Peer::SocketIoRedis => {
                let (redis, url) = self.redis(folder)?;
                let other = free_address()?;
                let (a, b) = (
                    self.node("socket_io.js", &[&port, &url])?,
                    self.node("socket_io.js", &[&other.port().to_string(), &url])?,
                );
                let a = self.serve(a, &folder.join("a"), addr)?;
                let b = self.serve(b, &folder.join("b"), other)?;
                Ok(Running { servers: vec![a, b, redis], doors: 2 })
            }
            Peer::Ejabberd => self.ejabberd(folder, addr),
            Peer::JetStream => {
                let server = jetstream::start(&self.programs, folder, Some(SERVER_CORE))?;
                Ok(Running { servers: vec![server], doors: 1 })
            }
        }
    }

    fn serve(&self, recipe: Recipe, folder: &Path, addr: SocketAddr) -> Result<Server> {
        Server::start_unless(self.halt.clone(), recipe, folder, addr)
    }

    fn hub(&self, folder: &Path, addr: SocketAddr, shared: Option<(&str, &str)>) -> Recipe {
        let mut recipe = hub(&self.hub, folder, addr, shared);
        recipe.core = Some(SERVER_CORE);
        recipe.environment.push(("USHER_RUNTIME__WORKER_THREADS".into(), "1".into()));
        recipe
    }

    /// A PostgreSQL of its own with nothing in it, and its address for a hub.
    fn postgres(&self, folder: &Path) -> Result<(Server, String)> {
        let addr = free_address()?;
        let folder = folder.join("postgres");
        let mut recipe = recipe("PostgreSQL", &self.programs.join("postgres"), &[]);
        recipe.arguments = vec![folder.to_string_lossy().into_owned(), addr.port().to_string()];
        recipe.ready = Ready::Notes("data/postmaster.pid", "ready");
        let server = self.serve(recipe, &folder, addr)?;
        Ok((server, format!("postgres://usher@127.0.0.1:{}/postgres", addr.port())))
    }

    /// A Redis of its own that keeps nothing on disk, and its address.
    fn redis(&self, folder: &Path) -> Result<(Server, String)> {
        let addr = free_address()?;
        let port = addr.port().to_string();
        let arguments = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let recipe = recipe("Redis", Path::new("redis-server"), &arguments);
        Ok((self.serve(recipe, &folder.join("redis"), addr)?, format!("redis://127.0.0.1:{port}")))
    }

    fn node(&self, program: &str, arguments: &[&str]) -> Result<Recipe> {
        let modules = self.modules.as_deref().context("no --modules")?;
        let program = self.programs.join(program);
        ensure!(program.is_file(), "no {}", program.display());
        let mut recipe = recipe(program.to_string_lossy().as_ref(), Path::new("node"), &[]);
        recipe.arguments.push(program.to_string_lossy().into_owned());
        recipe.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        recipe.environment.push(("NODE_PATH".into(), modules.to_string_lossy().into_owned()));
        recipe.environment.push(("NODE_ENV".into(), "production".into()));
        Ok(recipe)
    }

    /// With a database of its own in `folder`; whoever signs in is let in.
    fn ejabberd(&self, folder: &Path, addr: SocketAddr) -> Result<Running> {
        let template = std::fs::read_to_string(self.programs.join("ejabberd.yml")).context("reading ejabberd.yml")?;
        let config = template.replace("PORT", &addr.port().to_string()).replace("DOMAIN", DOMAIN);
        std::fs::create_dir_all(folder)?;
        let path = folder.join("ejabberd.yml");
        std::fs::write(&path, config)?;
        let program = self.programs.join("ejabberd");
        let mut recipe = recipe("ejabberd", &program, &[]);
        recipe.arguments = vec![folder.to_string_lossy().into_owned()];
        Ok(Running { servers: vec![self.serve(recipe, folder, addr)?], doors: 1 })
    }
}

fn recipe(name: &str, program: &Path, arguments: &[&str]) -> Recipe {
    Recipe {
        name: name.to_owned(),
        program: program.to_owned(),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        environment: Vec::new(),
        core: Some(SERVER_CORE),
        ready: Ready::Listens,
    }
}

/// Lets others walk through a folder: a database that root starts runs as somebody else.
fn pass(folder: &Path) -> Result<()> {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).context("opening the folder")
}

/// Whether Debian's PostgreSQL is here, which it keeps out of the path.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.into_iter().any(|version| version.path().join("bin/postgres").is_file())
}

fn is_there(name: &str) -> bool {
    program(name).is_some()
}

/// Where a program is on the path, or where Debian keeps those of administrators.
pub(super) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}
