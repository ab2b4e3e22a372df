//! A server that the tester starts itself: pinned to a core, watched, exchanged, ended.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::halt::Halt;
use crate::{http, machine};

/// The secret of hubs that the tester starts.
pub const SECRET: &str = "a secret of the load tester and of nobody else";

const VISITOR_SECRET: &str = "another secret, for the tokens of visitors";

/// How long a server may take to serve.
const STARTING: Duration = Duration::from_secs(60);
/// How long a hub may take to send everybody away.
const DRAINING: Duration = Duration::from_secs(60);

/// When a server counts as ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// Its port takes connections.
    Listens,
    /// `/readyz` is 200.
    SaysSo,
    /// This file of its folder has a line that begins with this word.
    Notes(&'static str, &'static str),
}

/// A program and how it is run.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// What to call it.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Settings in its environment.
    pub environment: Vec<(String, String)>,
    /// The core it is pinned to; any when not given.
    pub core: Option<usize>,
    /// When it serves.
    pub ready: Ready,
}

/// A running one, in its own folder. Ended when dropped.
pub struct Server {
    recipe: Recipe,
    folder: PathBuf,
    child: Child,
    halt: Halt,
    /// Where it listens.
    pub addr: SocketAddr,
}

/// A port that was free a moment ago.
///
/// # Errors
/// There is none.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A folder for stores beside a binary, and not in the system's temporary folder, which may be memory: syncs must be
/// real.
///
/// # Errors
/// It could not be made.
pub fn scratch(binary: &Path) -> Result<TempDir> {
    let beside = binary.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = beside.map(|folder| TempDir::with_prefix_in("loadtest-", folder));
    match made {
        Some(Ok(folder)) => Ok(folder),
        _ => TempDir::with_prefix("loadtest-").context("making a folder"),
    }
}

/// A hub with the limits lifted that exist to stop exactly what a load test does. `shared` are a store and a mesh;
/// without them it is alone and has an SQLite file of its own in `folder`.
pub fn hub(binary: &Path, folder: &Path, addr: SocketAddr, shared: Option<(&str, &str)>) -> Recipe {
    let mut environment = vec![
        ("USHER_LISTEN".to_owned(), addr.to_string()),
        ("USHER_AGENT__HS256_SECRET".to_owned(), SECRET.to_owned()),
        ("USHER_VISITOR__SECRET".to_owned(), VISITOR_SECRET.to_owned()),
        ("USHER_LOG".to_owned(), "warn".to_owned()),
    ];
    match shared {
        Some((store, mesh)) => {
            environment.push(("USHER_STORE".into(), store.into()));
            environment.push(("USHER_MESH".into(), mesh.into()));
        }
        None => {
            environment.push(("USHER_STORE".into(), format!("sqlite:{}", folder.join("usher.db").display())));
        }
    }
    let lifted = [
        "VISITOR_SENDS_PER_SECOND",
        "AGENT_REQUESTS_PER_SECOND",
        "CONNECTIONS_PER_ADDRESS",
        "UNAUTHENTICATED_PER_ADDRESS",
        "STARTS_PER_ADDRESS",
        "FRAMES_PER_SECOND",
        "BYTES_PER_SECOND",
    ];
    environment.extend(lifted.map(|limit| (format!("USHER_LIMITS__{limit}"), "0".to_owned())));
    Recipe {
        name: "hub".into(),
        program: binary.to_owned(),
        arguments: vec!["serve".into()],
        environment,
        core: None,
        ready: Ready::SaysSo,
    }
}

// === impl Server ===

impl Server {
    /// Starts it in `folder` and waits until it serves at `addr`.
    ///
    /// # Errors
    /// It ended or did not serve in time: its log is in the message.
    pub fn start(recipe: Recipe, folder: &Path, addr: SocketAddr) -> Result<Server> {
        Server::start_unless(Halt::default(), recipe, folder, addr)
    }

    /// The same, but waits no longer, now or when it is exchanged, once that was said.
    ///
    /// # Errors
    /// See [`Server::start`].
    pub fn start_unless(halt: Halt, recipe: Recipe, folder: &Path, addr: SocketAddr) -> Result<Server> {
        fs::create_dir_all(folder)?;
        let child = spawn(&recipe, folder)?;
        let mut server = Server { recipe, folder: folder.to_owned(), child, halt, addr };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to send everybody away, waits for its end, and starts it anew in its place.
    ///
    /// # Errors
    /// It did not end in time, not with 0, or does not come back.
    pub fn exchange(&mut self) -> Result<()> {
        machine::signal("TERM", self.pid())?;
        let deadline = Instant::now() + DRAINING;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            self.halt.check()?;
            ensure!(Instant::now() < deadline, "the {} was still there {DRAINING:?} after SIGTERM", self.recipe.name);
            thread::sleep(Duration::from_millis(20));
        };
        ensure!(status.success(), "the {} ended with {status} after SIGTERM:\n{}", self.recipe.name, self.log());
        self.child = spawn(&self.recipe, &self.folder)?;
        self.wait_until_ready()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + STARTING;
        loop {
            let ready = match self.recipe.ready {
                Ready::Listens => TcpStream::connect(self.addr).is_ok(),
                Ready::SaysSo => http::is_ready(self.addr),
                Ready::Notes(file, word) => fs::read_to_string(self.folder.join(file))
                    .is_ok_and(|notes| notes.lines().any(|line| line.starts_with(word))),
            };
            if ready {
                return Ok(());
            }
            let name = &self.recipe.name;
            if let Some(status) = self.child.try_wait()? {
                bail!("the {name} ended with {status}:\n{}", self.log());
            }
            self.halt.check()?;
            ensure!(Instant::now() < deadline, "the {name} is not ready after {STARTING:?}:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        log.lines().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn spawn(recipe: &Recipe, folder: &Path) -> Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("log"))?;
    let mut command = match recipe.core {
        Some(core) => {
            let mut command = Command::new("taskset");
            command.arg("-c").arg(core.to_string()).arg(&recipe.program);
            command
        }
        None => Command::new(&recipe.program),
    };
    command
        .args(&recipe.arguments)
        .envs(recipe.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log);
    // Of a group of its own: what the keyboard sends is for us.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().with_context(|| format!("starting the {}", recipe.name))
}
