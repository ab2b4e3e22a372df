//! A profile: a mix of people who do something at the same time, its bounds and its budget. Written in TOML; those that
//! come with the program are in `loadtest/profiles`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

pub mod budget;
mod check;
mod shape;
#[cfg(test)]
mod tests;

pub use self::budget::{Budget, Limit};

/// The profiles that come with the program: name and text.
pub const BUILT_IN: [(&str, &str); 11] = [
    ("smoke", include_str!("../profiles/smoke.toml")),
    ("pairs", include_str!("../profiles/pairs.toml")),
    ("steady", include_str!("../profiles/steady.toml")),
    ("burst", include_str!("../profiles/burst.toml")),
    ("storm", include_str!("../profiles/storm.toml")),
    ("idle", include_str!("../profiles/idle.toml")),
    ("fanout", include_str!("../profiles/fanout.toml")),
    ("slow_readers", include_str!("../profiles/slow_readers.toml")),
    ("waits", include_str!("../profiles/waits.toml")),
    ("soak", include_str!("../profiles/soak.toml")),
    ("deploy", include_str!("../profiles/deploy.toml")),
];

/// Connections from one address that find a port at once.
const PORTS: usize = 4000;
/// Of our addresses, at most so many.
const MOST_SOURCES: usize = 64;

/// What a run does. Every part is optional; those that are there run at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Its name in reports.
    pub name: String,
    /// What it shows, in a sentence.
    #[serde(default)]
    pub about: String,
    /// Length of the measured window.
    pub seconds: f64,
    /// Seconds before the window opens, in which caches fill.
    #[serde(default)]
    pub warm_up: f64,
    /// Seconds that what is under way at the end may take to arrive; what has not come by then is lost.
    #[serde(default = "ten")]
    pub homecoming: f64,
    /// Connections being opened, or conversations being started, at the same time, while people join.
    #[serde(default = "sixty_four")]
    pub at_once: usize,
    /// Conversations whose log is read back at the end.
    #[serde(default)]
    pub read_back: usize,
    /// How long the Live Chat card of this run waits for an agent, in milliseconds.
    #[serde(default = "one_hour")]
    pub wait_ms: u64,
    /// Visitors who talk with one agent each.
    pub pairs: Option<Pairs>,
    /// Visitors who are there and do nothing.
    pub idle: Option<Idle>,
    /// Visitors who all connect, are cut, and connect again.
    pub storm: Option<Storm>,
    /// Agents who watch an unassigned conversation.
    pub fanout: Option<Fanout>,
    /// Visitors who wait until nobody came.
    pub waits: Option<Waits>,
    /// Hubs that are exchanged while all goes on. Only with hubs that the tester started.
    pub deploy: Option<Deploy>,
    /// What the run must stay within; it fails beyond.
    #[serde(default)]
    pub budget: Budget,
}

/// Visitors and agents in conversation. Closed loop (a visitor sends when their last text has come home), unless there
/// is a `rate` or a `burst`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pairs {
    /// Visitors, one conversation each.
    pub visitors: usize,
    /// Agents; the visitors are dealt out to them evenly.
    pub agents: usize,
    /// Bytes of a text, at least 64.
    #[serde(default = "hundred")]
    pub text_bytes: usize,
    /// Texts a second of all visitors together, whatever the hub does: open loop, timed from when each was due.
    pub rate: Option<f64>,
    /// Texts that each visitor sends at once, again and again.
    pub burst: Option<Burst>,
    /// The agent answers every so many-th text; 0 never.
    #[serde(default)]
    pub answer_every: u64,
}

/// A burst.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Burst {
    /// Texts of each visitor.
    pub texts: u64,
    /// Seconds from one burst to the next.
    pub every: f64,
}

/// Idle visitors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Idle {
    /// How many.
    pub visitors: usize,
}

/// A storm of connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Storm {
    /// How many come at once.
    pub visitors: usize,
    /// How often they are cut and come again.
    pub rounds: usize,
    /// Connections being opened at the same time.
    pub at_once: usize,
}

/// Agents who watch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fanout {
    /// Agents, each of whom has all of the conversations open.
    pub watchers: usize,
    /// Unassigned conversations.
    #[serde(default = "one")]
    pub conversations: usize,
    /// Texts a second of all of them together; without it each visitor sends when all have the last one.
    pub rate: Option<f64>,
    /// Bytes of a text, at least 64.
    #[serde(default = "hundred")]
    pub text_bytes: usize,
    /// Further watchers who stop reading.
    pub slow: Option<Slow>,
}

/// Readers who stop reading, for so long, again and again. They must miss nothing in the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slow {
    /// How many.
    pub readers: usize,
    /// Seconds of not reading, and then of reading.
    pub pause: f64,
}

/// Deadlines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waits {
    /// Visitors who wait.
    pub visitors: usize,
    /// Seconds over which they come.
    pub spread: f64,
    /// Milliseconds after the deadline at which the visitor must have heard of the end.
    pub late_ms: u64,
}

/// A rolling restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deploy {
    /// How many hubs are exchanged, one after the other, from the first on and round again.
    pub restarts: usize,
    /// Seconds before each.
    pub every: f64,
}

fn one() -> usize {
    1
}

fn hundred() -> usize {
    100
}

fn sixty_four() -> usize {
    64
}

fn ten() -> f64 {
    10.0
}

fn one_hour() -> u64 {
    3_600_000
}

// === impl Profile ===

impl Profile {
    /// The profile of this name, or that of a file whose name ends in `.toml`.
    ///
    /// # Errors
    /// There is none, or it is not one; a sentence says why.
    pub fn find(name: &str) -> Result<Profile> {
        if name.ends_with(".toml") {
            let text = std::fs::read_to_string(name).with_context(|| format!("reading the profile {name}"))?;
            return Profile::read(&text).with_context(|| format!("in {name}"));
        }
        let known = || BUILT_IN.map(|(name, _)| name).join(", ");
        let found = BUILT_IN.iter().find(|(known, _)| *known == name);
        let (_, text) = found
            .with_context(|| format!("no profile is called {name}; there are {} (or name a .toml file)", known()))?;
        Profile::read(text)
    }

    /// Reads and checks one, and tells all that is wrong with it.
    ///
    /// # Errors
    /// See [`Profile::find`].
    pub fn read(text: &str) -> Result<Profile> {
        let mut table: toml::Table = toml::from_str(text)?;
        let misshapen = shape::mend(&mut table);
        let profile: Profile = table.try_into()?;
        // What was mended is not to be blamed for what stands there now.
        let blamed = |fault: &String| misshapen.iter().any(|(place, _)| fault.contains(place));
        let beyond = profile.faults().into_iter().filter(|fault| !blamed(fault));
        let faults: Vec<String> = misshapen.iter().map(|(_, words)| words.clone()).chain(beyond).collect();
        if faults.is_empty() { Ok(profile) } else { bail!("{}", faults.join("; ")) }
    }

    /// The same with a window of another length.
    ///
    /// # Errors
    /// It makes no sense with that.
    pub fn lasting(mut self, seconds: f64) -> Result<Profile> {
        self.seconds = seconds;
        let faults = self.faults();
        if faults.is_empty() { Ok(self) } else { bail!("{}", faults.join("; ")) }
    }

    /// Whether so many generators can share it so that their parts make up the whole.
    ///
    /// # Errors
    /// There are too few of something that each of them needs.
    pub fn shared_by(&self, workers: usize) -> Result<()> {
        ensure!((1..=64).contains(&workers), "from 1 to 64 generators");
        let (pairs, storm, fanout) = (self.pairs.as_ref(), self.storm.as_ref(), self.fanout.as_ref());
        let needed = [
            ("pairs.visitors", pairs.map(|pairs| pairs.visitors)),
            ("pairs.agents", pairs.map(|pairs| pairs.agents)),
            ("storm.at_once", storm.map(|storm| storm.at_once)),
            ("fanout.watchers", fanout.map(|fanout| fanout.watchers)),
            // Each generator has conversations of its own, which its own agents watch.
            ("fanout.conversations", fanout.map(|fanout| fanout.conversations)),
        ];
        let short =
            needed.into_iter().filter_map(|(name, count)| Some((name, count.filter(|count| *count < workers)?)));
        let faults: Vec<String> = short.map(|(name, count)| format!("{name} is {count}")).collect();
        ensure!(faults.is_empty(), "{workers} generators cannot share it, each needs one: {}", faults.join("; "));
        Ok(())
    }

    /// What the `worker`-th of `workers` generators does of it.
    pub fn share(&self, worker: usize, workers: usize) -> Profile {
        let part = |all: usize| all / workers + usize::from(worker < all % workers);
        let mut own = self.clone();
        own.read_back = part(self.read_back);
        if let Some(pairs) = &mut own.pairs {
            pairs.visitors = part(pairs.visitors);
            pairs.agents = part(pairs.agents);
            pairs.rate = pairs.rate.map(|rate| rate / workers as f64);
        }
        if let Some(idle) = &mut own.idle {
            idle.visitors = part(idle.visitors);
        }
        if let Some(storm) = &mut own.storm {
            storm.visitors = part(storm.visitors);
            storm.at_once = part(storm.at_once);
        }
        if let Some(fanout) = &mut own.fanout {
            fanout.watchers = part(fanout.watchers);
            fanout.conversations = part(fanout.conversations);
            fanout.rate = fanout.rate.map(|rate| rate / workers as f64);
            if let Some(slow) = &mut fanout.slow {
                slow.readers = part(slow.readers);
            }
        }
        if let Some(waits) = &mut own.waits {
            waits.visitors = part(waits.visitors);
        }
        own
    }

    /// How long everything may take from the first connection to the verdict, before the run is given up.
    pub fn patience(&self) -> Duration {
        let waiting = self.waits.as_ref().map_or(0.0, |waits| self.wait_ms as f64 / 1000.0 + waits.spread);
        let joining = 30.0 + self.connections() as f64 / 50.0;
        Duration::from_secs_f64(self.warm_up + self.seconds + self.homecoming + waiting + joining + 60.0)
    }

    /// Connections at the same time, of all parts.
    pub fn connections(&self) -> usize {
        let pairs = self.pairs.as_ref().map_or(0, |pairs| pairs.visitors + pairs.agents);
        let idle = self.idle.as_ref().map_or(0, |idle| idle.visitors);
        let storm = self.storm.as_ref().map_or(0, |storm| storm.visitors);
        let slow = |fanout: &Fanout| fanout.slow.as_ref().map_or(0, |slow| slow.readers);
        let fanout = self.fanout.as_ref().map_or(0, |fanout| fanout.watchers + fanout.conversations + slow(fanout));
        let waits = self.waits.as_ref().map_or(0, |waits| waits.visitors + 1);
        pairs + idle + storm + fanout + waits
    }

    /// How many of our own addresses to come from so that the kernel finds a port at once; 0 where one will do, or where
    /// the hubs are elsewhere. A port that was used the moment before is taken for a minute, and from some ten thousand
    /// of them on the kernel goes through thousands for each connection: in a storm that is the generator's time, which
    /// looks like the hub's.
    pub fn sources(&self, hubs: &[SocketAddr]) -> u8 {
        let local = |hub: &SocketAddr| matches!(hub.ip(), IpAddr::V4(ip) if ip.is_loopback());
        let again = self.storm.as_ref().map_or(0, |storm| storm.visitors * storm.rounds.saturating_sub(1));
        let dials = self.connections() + again;
        if dials <= PORTS || !hubs.iter().all(local) { 0 } else { dials.div_ceil(PORTS).min(MOST_SOURCES) as u8 }
    }
}
