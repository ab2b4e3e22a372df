//! The hub beside what people would pick instead: the same load in turn on the same core, in rounds, told as ratios.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::crew::Stuff;
use crate::dialect::Dialect;
use crate::halt::Halt;
use crate::machine::{self, Awake, OUR_CORE, SERVER_CORE};
use crate::profile::{Fanout, Idle, Pairs, Profile, Storm};
use crate::report::{Report, Verdict};
use crate::run::Run;
use crate::server::SECRET;
use crate::spread::Spread;
use crate::stamp;

pub mod jetstream;
pub mod peers;

use self::peers::{Peer, Stand};

/// How many write at once in the second load with those who watch.
const CHORUS: usize = 4;
/// Descriptors a process needs besides its connections.
const SPARE_DESCRIPTORS: u64 = 500;

/// What is compared, and how much of it.
#[derive(Debug, Clone, Args)]
pub struct Versus {
    /// The hub's binary.
    #[arg(long)]
    pub hub: PathBuf,
    /// The folder of our peer programs.
    #[arg(long, default_value = "loadtest/peers")]
    pub programs: PathBuf,
    /// The folder npm has installed the peers' libraries into; without it those that need them are left out.
    #[arg(long)]
    pub modules: Option<PathBuf>,
    /// Only these peers; the hub is always there.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub peers: Vec<Peer>,
    /// Rounds; each measures every peer once.
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Seconds of a window.
    #[arg(long, default_value_t = 4.0)]
    pub seconds: f64,
    /// Visitors of pairs, with a tenth as many agents.
    #[arg(long, default_value_t = 1_000)]
    pub visitors: usize,
    /// Texts a second of the open loop `steady`; `calm` has a tenth of that, `brisk` twice as many, and between two nodes
    /// it is half; 0 leaves all of them out.
    #[arg(long, default_value_t = 10_000.0)]
    pub rate: f64,
    /// Agents who watch one conversation; 0 leaves it out.
    #[arg(long, default_value_t = 1_000)]
    pub watchers: usize,
    /// Visitors of a storm; 0 leaves it out. Cut to what the descriptor limit allows.
    #[arg(long, default_value_t = 10_000)]
    pub storm: usize,
    /// Idle visitors; 0 leaves it out. Cut to what the descriptor limit allows.
    #[arg(long, default_value_t = 10_000)]
    pub idle: usize,
    /// Seconds over which idle CPU is taken, once, in the first round.
    #[arg(long, default_value_t = 25.0)]
    pub idle_seconds: f64,
    /// Spin on both cores at idle priority (needs `chrt`): a halted virtual core wakes late, which shows in latencies.
    #[arg(long)]
    pub keep_awake: bool,
    /// Also write the tables, as Markdown, to this file.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// A load and which of its figures are shown, with what they are called.
struct Load {
    name: &'static str,
    profile: Profile,
    figures: &'static [(&'static str, &'static str)],
    rounds: usize,
    /// Whose figures are told as multiples of the others'.
    subject: Peer,
}

/// By load, peer and figure: what each round gave.
type Findings = BTreeMap<(usize, Peer, &'static str), Vec<f64>>;

const PAIRS: &[(&str, &str)] = &[
    ("texts_per_second", "texts per second"),
    ("cpu_per_100k", "CPU s per 100,000 texts"),
    ("delivery_p99_ms", "delivery p99, ms"),
    ("peak_mib", "peak resident memory, MiB"),
];
const STEADY: &[(&str, &str)] = &[
    ("cpu_per_100k", "CPU s per 100,000 texts"),
    ("delivery_p50_ms", "delivery p50, ms"),
    ("delivery_p99_ms", "delivery p99, ms"),
    ("reply_p99_ms", "reply p99, ms"),
    ("lag_p99_ms", "of these, the generator's own lag p99, ms"),
];
const FANOUT: &[(&str, &str)] =
    &[("fanned_per_second", "deliveries per second"), ("cpu_per_100k_fanned", "CPU s per 100,000 deliveries")];
const STORM: &[(&str, &str)] = &[
    ("joins_per_second", "joins per second"),
    ("join_p99_ms", "join p99, ms"),
    ("cpu_ms_per_join", "CPU ms per join"),
];
const IDLE: &[(&str, &str)] =
    &[("kib_per_idle", "resident KiB per connection"), ("hub_cpu_percent", "CPU, % of a core")];

// === impl Versus ===

impl Versus {
    /// Measures everything and prints the tables. The verdict is the hub's. A signal ends it, and what was started, with
    /// the tables of what there is.
    ///
    /// # Errors
    /// Something could not be started or measured, or nothing was by the time a signal came.
    pub fn perform(&self) -> Result<Verdict> {
        ensure!(self.rounds > 0 && self.visitors >= 10, "nothing to measure");
        let room = machine::raise_descriptors().saturating_sub(SPARE_DESCRIPTORS);
        let loads = self.loads(usize::try_from(room).unwrap_or(usize::MAX))?;
        let awake = if self.keep_awake { Some(Awake::start()?) } else { None };
        let halt = Halt::default();
        let stand = Stand::new(self, awake.as_ref().map(Awake::pids).unwrap_or_default(), halt.clone())?;
        let peers = stand.peers(&self.peers);
        machine::pin(OUR_CORE)?;
        let (mut findings, mut notes) = (Findings::new(), Vec::new());
        let mut verdict = Verdict::Good;
        'rounds: for round in 0..self.rounds {
            for (number, load) in loads.iter().enumerate().filter(|(_, load)| round < load.rounds) {
                for &peer in peers.iter().filter(|peer| peer.can(load.name)) {
                    eprintln!("round {} of {}: {} on {}", round + 1, self.rounds, load.name, peer.name());
                    let measured = stand.measure(peer, &load.profile);
                    if halt.is_said() {
                        // What was under way counts for nothing.
                        ensure!(!findings.is_empty(), "stopped before anything was measured");
                        notes.push(format!("Stopped in round {}, at {} on {}.", round + 1, load.name, peer.name()));
                        verdict = if verdict == Verdict::Good { Verdict::CutShort } else { verdict };
                        break 'rounds;
                    }
                    let report = measured.with_context(|| format!("{} on {}", load.name, peer.name()))?;
                    for (figure, _) in load.figures {
                        let misleads = peer.shares_memory() && matches!(*figure, "peak_mib" | "kib_per_idle");
                        if let Some(value) = report.figures.get(*figure).filter(|_| !misleads) {
                            findings.entry((number, peer, figure)).or_default().push(*value);
                        }
                    }
                    if let Some(note) = note(load, peer, &report) {
                        eprintln!("  {note}");
                        notes.push(note);
                    }
                    if peer.dialect() == Dialect::Usher && !report.faults.is_empty() {
                        verdict = Verdict::Faulty;
                    }
                }
            }
        }
        drop(awake);
        let tables = self.tables(&loads, &peers, &findings, &notes);
        println!("{tables}");
        if let Some(path) = &self.out {
            std::fs::write(path, &tables).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(verdict)
    }

    fn loads(&self, room: usize) -> Result<Vec<Load>> {
        let agents = (self.visitors / 10).max(1);
        let pairs =
            |rate| Pairs { visitors: self.visitors, agents, text_bytes: 100, rate, burst: None, answer_every: 0 };
        let mut loads = Vec::new();
        let mut add = |name, seconds, figures, rounds, change: &dyn Fn(&mut Profile)| -> Result<()> {
            let text = format!(
                "name = '{name}'\nseconds = {seconds:?}\nwarm_up = 1\nhomecoming = 30\nidle = {{ visitors = 1 }}"
            );
            let mut profile = Profile::read(&text)?;
            profile.idle = None;
            change(&mut profile);
            let subject = if name == "across" { Peer::UsherTwo } else { Peer::Usher };
            loads.push(Load { name, profile, figures, rounds, subject });
            Ok(())
        };
        add("pairs", self.seconds, PAIRS, self.rounds, &|profile| profile.pairs = Some(pairs(None)))?;
        if self.rate > 0.0 {
            // CPU is counted by hundredths of a second, which are few where there is little to do: a longer look.
            let loads = [("calm", 0.1, 4.0), ("steady", 1.0, 1.0), ("brisk", 2.0, 1.0), ("across", 0.5, 1.0)];
            for (name, times, longer) in loads {
                let rate = Some(self.rate * times);
                add(name, self.seconds * longer, STEADY, self.rounds, &|profile| profile.pairs = Some(pairs(rate)))?;
            }
        }
        if self.watchers > 0 {
            // One at a time is as much about waiting for each other as about work.
            for (name, conversations) in [("fanout", 1), ("chorus", CHORUS)] {
                let fanout = Fanout { watchers: self.watchers, conversations, rate: None, text_bytes: 100, slow: None };
                add(name, self.seconds, FANOUT, self.rounds, &|profile| profile.fanout = Some(fanout.clone()))?;
            }
        }
        if self.storm > 0 {
            let storm = Storm { visitors: self.storm.min(room), rounds: 2, at_once: 256 };
            add("storm", 60.0, STORM, self.rounds, &|profile| {
                profile.warm_up = 0.0;
                profile.storm = Some(storm.clone());
            })?;
        }
        if self.idle > 0 {
            let visitors = self.idle.min(room);
            add("idle", self.idle_seconds, IDLE, 1, &|profile| {
                profile.at_once = 256;
                profile.idle = Some(Idle { visitors });
            })?;
        }
        Ok(loads)
    }

    fn tables(&self, loads: &[Load], peers: &[Peer], findings: &Findings, notes: &[String]) -> String {
        let mut out = format!("{}{}. {}.\n", stamp::today(), stamp::revision(), machine::describe());
        // Writing to a string does not fail.
        writeln!(
            out,
            "Each server with all its processes on core {SERVER_CORE}, the generator (one thread, which does not sleep) on core {OUR_CORE}; \
             {} round(s), in turn. Medians (smallest–largest); ratios are taken per round.",
            self.rounds
        )
        .ok();
        for (number, load) in loads.iter().enumerate() {
            let peers: Vec<Peer> = peers.iter().copied().filter(|peer| peer.can(load.name)).collect();
            writeln!(out, "\n### {}\n", load.title()).ok();
            out.push('|');
            peers.iter().for_each(|peer| out.push_str(&format!(" | {}", peer.name())));
            out.push_str(" |\n|---");
            peers.iter().for_each(|_| out.push_str("|---"));
            out.push_str("|\n");
            for (figure, words) in load.figures {
                let of = |peer: Peer| findings.get(&(number, peer, *figure));
                row(&mut out, words, peers.iter().map(|peer| of(*peer).map(|all| Spread::of(all.iter().copied()))));
                let subject = load.subject;
                // The generator's lag is nobody's merit.
                if figure.starts_with("lag") {
                    continue;
                }
                let hub = of(subject);
                let ratio = |peer: &Peer| {
                    let (hub, other) = (hub?, of(*peer).filter(|_| *peer != subject)?);
                    Some(Spread::of(
                        hub.iter().zip(other).filter(|(_, other)| **other > 0.0).map(|(hub, other)| hub / other),
                    ))
                };
                let words = format!("– {} as a multiple", subject.name());
                row(&mut out, &words, peers.iter().map(ratio));
            }
        }
        out.push('\n');
        notes.iter().for_each(|note| out.push_str(&format!("{note}\n")));
        out.push_str(
            "The hub decides, orders and syncs every text to disk before it is delivered or acknowledged. Where it \
             crosses, visitor and agent are at different processes. The relays, ws and Socket.IO store nothing; ejabberd \
             archives each text and acknowledges none; JetStream hands a text on without waiting for its file, and \
             acknowledges it once it is written there, which it does not sync.\n",
        );
        out
    }
}

fn row(out: &mut String, words: &str, cells: impl Iterator<Item = Option<Spread>>) {
    write!(out, "| {words}").ok();
    for cell in cells {
        let shown = cell.filter(|spread| spread.median.is_finite()).map_or("–".into(), |spread| spread.to_string());
        write!(out, " | {shown}").ok();
    }
    out.push_str(" |\n");
}

/// What a reader of the table should know of one measurement.
fn note(load: &Load, peer: Peer, report: &Report) -> Option<String> {
    let mut words: Vec<String> =
        report.faults.iter().map(|(fault, found)| format!("{} {}", found.count, fault.word())).collect();
    let busy = report.figures.get("generator_cpu_percent").copied().unwrap_or(0.0);
    if busy > 95.0 {
        words.push(format!("the generator was at its limit ({busy:.0} % of a core)"));
    }
    let others = report.figures.get("others_cpu_percent").copied().unwrap_or(0.0);
    if others > 10.0 {
        words.push(format!("others took {others:.0} % of a core"));
    }
    (!words.is_empty()).then(|| format!("{} on {}: {}.", load.name, peer.name(), words.join(", ")))
}

// === impl Load ===

impl Load {
    fn title(&self) -> String {
        let profile = &self.profile;
        match (&profile.pairs, &profile.fanout, &profile.storm, &profile.idle) {
            (Some(pairs), ..) => match pairs.rate {
                Some(rate) => {
                    format!(
                        "{}: {rate} texts a second, {} visitors, {} agents",
                        self.name, pairs.visitors, pairs.agents
                    )
                }
                None => format!("pairs: closed loop, {} visitors, {} agents", pairs.visitors, pairs.agents),
            },
            (_, Some(Fanout { watchers, conversations: 1, .. }), ..) => {
                format!("fanout: one text at a time to {watchers} who watch")
            }
            (_, Some(Fanout { watchers, conversations, .. }), ..) => {
                format!("{}: {conversations} write at once to {watchers} who watch them all", self.name)
            }
            (_, _, Some(storm), _) => format!("storm: {} visitors at once, twice", storm.visitors),
            (.., Some(idle)) => format!("idle: {} visitors", idle.visitors),
            _ => self.name.to_owned(),
        }
    }
}

/// A run of one load against one peer.
fn run_of(
    profile: &Profile,
    peer: Peer,
    hubs: Vec<std::net::SocketAddr>,
    pids: Vec<u32>,
    idlers: Vec<u32>,
) -> Result<Run> {
    Ok(Run {
        profile: profile.clone(),
        dialect: peer.dialect(),
        sources: profile.sources(&hubs),
        hubs,
        pids,
        idlers,
        servers: Vec::new(),
        secret: SECRET.to_owned(),
        stuff: Stuff::Processes(std::env::current_exe()?),
        generators: 1,
        core: Some(OUR_CORE),
        sleepless: true,
        progress: false,
    })
}
