//! The peers: how each is started, and what it can do.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use tempfile::TempDir;

use super::{Versus, run_of};
use crate::dialect::{DOMAIN, Dialect};
use crate::machine::SERVER_CORE;
use crate::profile::Profile;
use crate::report::Report;
use crate::server::{Ready, Recipe, Server, free_address, hub, scratch};

/// A server to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Peer {
    /// The hub.
    Usher,
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
}

/// What peers are started from.
pub(super) struct Stand {
    hub: PathBuf,
    programs: PathBuf,
    modules: Option<PathBuf>,
    folder: TempDir,
    idlers: Vec<u32>,
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
            Peer::Relay => "bare relay",
            Peer::Ws => "ws",
            Peer::SocketIo => "Socket.IO",
            Peer::SocketIoRedis => "Socket.IO × 2 + Redis",
            Peer::Ejabberd => "ejabberd + archive",
        }
    }

    /// What it speaks.
    pub fn dialect(self) -> Dialect {
        match self {
            Peer::Usher => Dialect::Usher,
            Peer::Relay | Peer::Ws => Dialect::Plain,
            Peer::SocketIo | Peer::SocketIoRedis => Dialect::SocketIo,
            Peer::Ejabberd => Dialect::Xmpp,
        }
    }

    /// ejabberd is ten times too slow for the open loop, and its rooms announce everybody to everybody.
    pub(super) fn can(self, load: &str) -> bool {
        self != Peer::Ejabberd || !matches!(load, "steady" | "fanout")
    }
}

// === impl Stand ===

impl Stand {
    /// `idlers` keep the cores awake.
    pub(super) fn new(versus: &Versus, idlers: Vec<u32>) -> Result<Stand> {
        let found = |path: &Path| std::fs::canonicalize(path).with_context(|| format!("no {}", path.display()));
        let modules = versus.modules.as_deref().map(found).transpose()?;
        let hub = found(&versus.hub)?;
        let folder = scratch(&hub)?;
        Ok(Stand { hub, programs: found(&versus.programs)?, modules, folder, idlers })
    }

    /// Those that were asked for, or all that can be run here; each that cannot is named.
    pub(super) fn peers(&self, asked: &[Peer]) -> Vec<Peer> {
        let mut peers = vec![Peer::Usher];
        for &peer in Peer::value_variants().iter().filter(|peer| **peer != Peer::Usher) {
            let missing = match peer {
                Peer::Usher | Peer::Relay => None,
                Peer::Ws | Peer::SocketIo if self.modules.is_none() => Some("--modules was not given"),
                Peer::SocketIoRedis if self.modules.is_none() => Some("--modules was not given"),
                Peer::SocketIoRedis if !is_there("redis-server") => Some("redis-server is not installed"),
                Peer::Ejabberd if !is_there("ejabberdctl") => Some("ejabberd is not installed"),
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
        let running = self.start(peer, folder.path())?;
        let hubs: Vec<SocketAddr> = running.servers.iter().take(running.doors).map(|server| server.addr).collect();
        let pids = running.servers.iter().flat_map(|server| family(server.pid())).collect();
        let run = run_of(profile, peer, hubs, pids, self.idlers.clone())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(run.perform(std::future::pending()))
    }

    fn start(&self, peer: Peer, folder: &Path) -> Result<Running> {
        let own = std::env::current_exe()?;
        let one = |recipe: Recipe, addr| {
            anyhow::Ok(Running { servers: vec![Server::start(recipe, folder, addr)?], doors: 1 })
        };
        let addr = free_address()?;
        let port = addr.port().to_string();
        match peer {
            Peer::Usher => {
                let mut recipe = hub(&self.hub, folder, addr, None);
                recipe.core = Some(SERVER_CORE);
                recipe.environment.push(("USHER_RUNTIME__WORKER_THREADS".into(), "1".into()));
                one(recipe, addr)
            }
            Peer::Relay => one(recipe(peer.name(), &own, &["relay", "--port", &port]), addr),
            Peer::Ws => one(self.node("ws.js", &[&port])?, addr),
            Peer::SocketIo => one(self.node("socket_io.js", &[&port])?, addr),
            Peer::SocketIoRedis => {
                let redis = free_address()?;
                let at = redis.port().to_string();
                let arguments = ["--port", &at, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
                let redis = Server::start(
                    recipe("Redis", Path::new("redis-server"), &arguments),
                    &folder.join("redis"),
                    redis,
                )?;
                let url = format!("redis://127.0.0.1:{at}");
                let other = free_address()?;
                let (a, b) = (
                    self.node("socket_io.js", &[&port, &url])?,
                    self.node("socket_io.js", &[&other.port().to_string(), &url])?,
                );
                let a = Server::start(a, &folder.join("a"), addr)?;
                let b = Server::start(b, &folder.join("b"), other)?;
                Ok(Running { servers: vec![a, b, redis], doors: 2 })
            }
            Peer::Ejabberd => self.ejabberd(folder, addr),
        }
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
        Ok(Running { servers: vec![Server::start(recipe, folder, addr)?], doors: 1 })
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

/// A process and all below it.
fn family(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
        all.extend(family(child));
    }
    all
}

/// Whether a program is on the path, or where Debian keeps those of administrators.
fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.any(|folder| folder.join(program).is_file())
}
