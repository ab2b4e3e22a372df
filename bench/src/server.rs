//! A server under test: started on its core, watched through `/proc`, ended with its value.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use loadtest::machine::{OUR_CORE, SERVER_CORE, cpu_of, memory_of, pin};
use tempfile::TempDir;

use crate::plan::Plan;

/// The secret agents' tokens are signed with, known to the hub and to us.
pub(crate) const SECRET: &str = "a secret of the benchmark and of nobody else";

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The real thing: every text decided, on disk before it is delivered or acknowledged.
    Hub,
    /// The yardstick, see [`loadtest::relay`].
    Relay,
}

/// A running server and the folder it works in.
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    /// Where it listens.
    pub(crate) addr: SocketAddr,
}

/// Builds the hub when no binary was named, and tells where it is.
pub(crate) fn hub_binary(plan: &Plan) -> Result<PathBuf> {
    if let Some(path) = &plan.hub {
        return fs::canonicalize(path).with_context(|| format!("no hub at {}", path.display()));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built =
        Command::new(&cargo).args(["build", "--release", "--bin", "usher"]).status().context("running cargo")?;
    ensure!(built.success(), "the hub did not build");
    // This program was built into the same folder, by the same profile or its neighbour.
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(2).context("no target folder")?;
    fs::canonicalize(target.join("release/usher")).context("looking for the hub beside this program")
}

// === impl Peer ===

impl Peer {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Peer::Hub => "hub",
            Peer::Relay => "relay",
        }
    }
}

// === impl Server ===

impl Server {
    /// Starts a fresh one with nothing stored, pinned to its core, and waits until it serves.
    pub(crate) fn start(peer: Peer, plan: &Plan, hub: Option<&Path>) -> Result<Server> {
        // Beside the binary and not in the system's temporary folder, which may be memory: syncs must be real.
        let own = std::env::current_exe()?;
        let folder = TempDir::with_prefix_in("bench-", own.parent().context("no folder of our own")?)?;
        let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = match peer {
            Peer::Relay => {
                let mut command = Command::new(&own);
                command.args(["relay", "--port", &addr.port().to_string()]);
                command
            }
            Peer::Hub => hub_command(hub.context("no hub to run")?, &folder, addr, plan)?,
        };
        let log = File::create(folder.path().join("log"))?;
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        // A child inherits the core of the thread that starts it, and so do its threads.
        pin(SERVER_CORE)?;
        let child = command.spawn().with_context(|| format!("starting the {}", peer.name()));
        pin(OUR_CORE)?;
        let mut server = Server { child: child?, folder, addr };
        server.wait_until_ready(peer)?;
        Ok(server)
    }

    /// CPU seconds used so far.
    pub(crate) fn cpu(&self) -> Result<f64> {
        cpu_of(self.child.id())
    }

    /// Resident memory now, in KiB.
    pub(crate) fn resident(&self) -> Result<f64> {
        memory_of(self.child.id(), false)
    }

    /// The most memory that was ever resident, in KiB.
    pub(crate) fn peak_resident(&self) -> Result<f64> {
        memory_of(self.child.id(), true)
    }

    fn wait_until_ready(&mut self, peer: Peer) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(15);
        loop {
            let ready = match peer {
                Peer::Relay => TcpStream::connect(self.addr).is_ok(),
                Peer::Hub => says_ready(self.addr).unwrap_or(false),
            };
            if ready {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the {} ended with {status}:\n{}", peer.name(), self.log());
            }
            if Instant::now() > deadline {
                return Err(anyhow!("the {} is not ready after 15 s:\n{}", peer.name(), self.log()));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The hub with an empty store and with the limits lifted that exist to stop exactly what we are about to do.
fn hub_command(hub: &Path, folder: &TempDir, addr: SocketAddr, plan: &Plan) -> Result<Command> {
    let playbooks = fs::canonicalize(&plan.playbooks)
        .with_context(|| format!("no playbooks at {}; run from the project's folder", plan.playbooks.display()))?;
    let mut command = Command::new(hub);
    command
        .arg("serve")
        .current_dir(folder.path())
        .env("USHER_LISTEN", addr.to_string())
        .env("USHER_STORE", format!("sqlite:{}", folder.path().join("usher.db").display()))
        .env("USHER_AGENT__HS256_SECRET", SECRET)
        .env("USHER_PLAYBOOKS", playbooks)
        .env("USHER_LOG", "warn")
        .env("USHER_RUNTIME__WORKER_THREADS", "1");
    let lifted = [
        "VISITOR_SENDS_PER_SECOND",
        "AGENT_REQUESTS_PER_SECOND",
        "CONNECTIONS_PER_ADDRESS",
        "UNAUTHENTICATED_PER_ADDRESS",
        "STARTS_PER_ADDRESS",
        "FRAMES_PER_SECOND",
        "BYTES_PER_SECOND",
    ];
    for limit in lifted {
        command.env(format!("USHER_LIMITS__{limit}"), "0");
    }
    Ok(command)
}

fn says_ready(addr: SocketAddr) -> Result<bool> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}
