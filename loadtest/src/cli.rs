//! The command line.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};

use crate::crew::Stuff;
use crate::dialect::Dialect;
use crate::halt::Halt;
use crate::machine;
use crate::profile::Profile;
use crate::run::Run;
use crate::server::{SECRET, Server, free_address, hub, scratch};
use crate::versus::Versus;

/// Runs a profile of load against hubs and judges what they do. Exit codes: 0 all is well, 1 it could not be run, 2 the
/// judge found faults, 3 beyond the budget, 4 cut short and so not held against the budget.
#[derive(Debug, Parser)]
#[command(name = "loadtest", version, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Cli {
    /// Something else than a run.
    #[command(subcommand)]
    pub job: Option<Job>,
    /// A run.
    #[command(flatten)]
    pub go: Option<Go>,
}

/// Something else than a run.
#[derive(Debug, Subcommand)]
pub enum Job {
    /// Shows two reports that were written with --json, side by side.
    Compare {
        /// The first.
        a: PathBuf,
        /// The second, told as a multiple of the first.
        b: PathBuf,
    },
    /// Lists the profiles that come with the program.
    Profiles,
    /// Runs pairs, idle, storm and fanout against hub and peers in turn; see loadtest/compare.
    Versus(Versus),
    /// A generator: orders on standard input, reports on standard output.
    #[command(hide = true)]
    Generator,
    /// The bare relay, on 127.0.0.1; ends when its standard input does.
    #[command(hide = true)]
    Relay {
        /// Where it listens.
        #[arg(long)]
        port: u16,
    },
    /// Keeps a core awake at idle priority; ends when its standard input does.
    #[command(hide = true)]
    Spin,
}

/// A run.
#[derive(Debug, Clone, Args)]
pub struct Go {
    /// A profile by name (see `loadtest profiles`), or a .toml file.
    pub profile: String,
    /// A running hub, like http://127.0.0.1:8080; several times for several.
    #[arg(long, required_unless_present = "start")]
    pub hub: Vec<String>,
    /// Start hubs of this binary instead, with a store of their own and the limits on clients lifted.
    #[arg(long, conflicts_with = "hub")]
    pub start: Option<PathBuf>,
    /// How many to start, one by default; more than one need --store and --mesh.
    #[arg(long, conflicts_with = "hub")]
    pub hubs: Option<usize>,
    /// The store they share, like postgres://…; its content is added to.
    #[arg(long, requires = "mesh", conflicts_with = "hub")]
    pub store: Option<String>,
    /// The mesh they share, like redis://….
    #[arg(long, requires = "store", conflicts_with = "hub")]
    pub mesh: Option<String>,
    /// The HS256 secret running hubs are configured with; by default USHER_AGENT__HS256_SECRET from the environment.
    #[arg(long, conflicts_with = "start")]
    pub secret: Option<String>,
    /// Generator processes, which share the profile.
    #[arg(long, default_value_t = 1)]
    pub processes: usize,
    /// Come from so many of 127.0.0.1, 127.0.0.2, …; by default as many as leave the kernel ports to choose from, when the
    /// hubs are on this machine. 0 leaves the address to the kernel.
    #[arg(long)]
    pub sources: Option<u8>,
    /// Seconds of the window, instead of the profile's.
    #[arg(long)]
    pub seconds: Option<f64>,
    /// Write the report to this file as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Write the report to this file as a page of HTML.
    #[arg(long)]
    pub html: Option<PathBuf>,
}

/// Hubs the tester has started, and what must outlive them.
struct Started {
    servers: Vec<Server>,
    _folder: tempfile::TempDir,
}

// === impl Go ===

impl Go {
    /// The run this asks for, and what must live as long.
    ///
    /// # Errors
    /// Something asked for is not there or makes no sense, or it was halted.
    pub fn prepare(&self, halt: &Halt) -> Result<(Run, Option<tempfile::TempDir>)> {
        let mut profile = Profile::find(&self.profile)?;
        if let Some(seconds) = self.seconds {
            profile = profile.lasting(seconds).context("with --seconds")?;
        }
        profile.shared_by(self.processes).context("with --processes")?;
        ensure!(profile.deploy.is_none() || self.start.is_some(), "only hubs of --start can be exchanged");
        let room = machine::raise_descriptors();
        let needed = profile.connections() as u64 / self.processes.max(1) as u64 + 200;
        ensure!(
            needed <= room,
            "{needed} descriptors are needed and {room} allowed; raise `ulimit -n`, or more --processes"
        );
        let (hubs, pids, servers, folder, secret) = match &self.start {
            Some(binary) => {
                let started = self.start_hubs(binary, halt)?;
                let hubs = started.servers.iter().map(|server| server.addr).collect();
                let pids = started.servers.iter().map(Server::pid).collect();
                (hubs, pids, started.servers, Some(started._folder), SECRET.to_owned())
            }
            None => {
                let hubs = self.hub.iter().map(|url| address(url)).collect::<Result<Vec<_>>>()?;
                let local = hubs.iter().filter(|hub| hub.ip().is_loopback());
                let pids = local.filter_map(|hub| machine::listener(hub.port())).collect();
                let configured = std::env::var("USHER_AGENT__HS256_SECRET").ok();
                let secret = self.secret.clone().or(configured);
                let secret = secret.context("name the hub's secret with --secret or USHER_AGENT__HS256_SECRET")?;
                (hubs, pids, Vec::new(), None, secret)
            }
        };
        let sources = self.sources.unwrap_or_else(|| profile.sources(&hubs));
        let run = Run {
            profile,
            dialect: Dialect::Usher,
            hubs,
            pids,
            idlers: Vec::new(),
            servers,
            secret,
            stuff: Stuff::Processes(std::env::current_exe()?),
            generators: self.processes,
            core: None,
            sleepless: false,
            sources,
            progress: true,
        };
        Ok((run, folder))
    }

    fn start_hubs(&self, binary: &PathBuf, halt: &Halt) -> Result<Started> {
        let hubs = self.hubs.unwrap_or(1);
        ensure!((1..=16).contains(&hubs), "--hubs must be from 1 to 16");
        ensure!(hubs == 1 || self.store.is_some(), "several hubs need --store and --mesh");
        let binary = std::fs::canonicalize(binary).with_context(|| format!("no hub at {}", binary.display()))?;
        let folder = scratch(&binary)?;
        let shared = self.store.as_deref().zip(self.mesh.as_deref());
        let mut servers = Vec::new();
        for number in 0..hubs {
            let (own, addr) = (folder.path().join(number.to_string()), free_address()?);
            servers.push(Server::start_unless(halt.clone(), hub(&binary, &own, addr, shared), &own, addr)?);
        }
        Ok(Started { servers, _folder: folder })
    }
}

/// Host and port of a URL.
fn address(url: &str) -> Result<SocketAddr> {
    let host = url.strip_prefix("http://").or(url.strip_prefix("ws://"));
    let host = host.with_context(|| format!("{url} is no http:// address; TLS is not spoken here"))?;
    let host = host.split('/').next().unwrap_or_default();
    let with_port =
        if host.rsplit(']').next().unwrap_or(host).contains(':') { host.to_owned() } else { format!("{host}:80") };
    let found = with_port.to_socket_addrs().with_context(|| format!("{url} cannot be resolved"))?.next();
    found.with_context(|| format!("{url} has no address"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn j1_the_command_line_is_read() {
        Cli::command().debug_assert();
        let cli = Cli::parse_from(["loadtest", "smoke", "--hub", "http://127.0.0.1:8080", "--processes", "3"]);
        let go = cli.go.unwrap();
        assert_eq!((go.profile.as_str(), go.processes, cli.job.is_none()), ("smoke", 3, true));
        let cli = Cli::parse_from(["loadtest", "compare", "a.json", "b.json"]);
        assert!(matches!(cli.job, Some(Job::Compare { .. })));
        assert!(Cli::try_parse_from(["loadtest", "smoke"]).is_err(), "a run needs a hub");
    }

    #[test]
    fn j1_an_option_that_would_have_no_effect_is_refused() {
        let read = |words: &str| Cli::try_parse_from(words.split(' '));
        for options in ["--hubs 2", "--store a --mesh b"] {
            assert!(read(&format!("loadtest smoke --hub http://127.0.0.1 {options}")).is_err(), "{options}");
            assert!(read(&format!("loadtest smoke --start usher {options}")).is_ok(), "{options}");
        }
        assert!(read("loadtest smoke --start usher --secret s").is_err());
        assert!(read("loadtest smoke --hub http://127.0.0.1 --secret s").is_ok());
    }

    #[test]
    fn j1_addresses_are_read_from_urls() {
        assert_eq!(address("http://127.0.0.1:8080/x").unwrap().port(), 8080);
        assert_eq!(address("ws://127.0.0.1").unwrap().port(), 80);
        assert!(address("https://127.0.0.1").unwrap_err().to_string().contains("TLS"));
    }
}
