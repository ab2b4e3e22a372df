//! What is asked of a generator, and what it tells: JSON, a line each.

use std::io::Write;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;
use crate::judge::faults::Faults;
use crate::profile::Profile;
use crate::times::Times;

/// What a generator is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// This generator's share.
    pub profile: Profile,
    /// Whose protocol is spoken.
    pub dialect: Dialect,
    /// The servers; people are dealt out to them.
    pub hubs: Vec<SocketAddr>,
    /// A number of this run, in all its names and texts.
    pub run: u32,
    /// Which generator this is.
    pub worker: u32,
    /// The workspace of this run.
    pub workspace: String,
    /// The playbook visitors start.
    pub playbook: String,
    /// The secret agents' tokens are signed with.
    pub secret: String,
    /// How many of 127.0.0.1, 127.0.0.2, … to come from; 0 leaves it to the kernel.
    pub sources: u8,
    /// The core to run on; any when not given.
    pub core: Option<usize>,
    /// Not to sleep while the load runs, so that no server pays for waking it.
    #[serde(default)]
    pub sleepless: bool,
}

/// What a generator tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// Idle visitors begin to join.
    IdleBegins,
    /// They are all there, and quiet.
    IdleStands,
    /// Everybody is there.
    Ready,
    /// How far things are.
    Tick(Counts),
    /// It is over, and this is what came out.
    Done(Box<Part>),
    /// It could not be done.
    Failed(String),
}

/// What was counted so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Texts that were delivered and answered, of pairs.
    pub texts: u64,
    /// Agents' answers likewise.
    pub answers: u64,
    /// Deliveries to those who watch.
    pub fanned: u64,
    /// Connections whose `hello` was answered.
    pub joins: u64,
    /// Of these, those that came back.
    pub returns: u64,
    /// Waits that ended.
    pub waits: u64,
    /// Requests that were refused for now and repeated.
    pub repeats: u64,
}

/// What came out of one generator, or of all of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Part {
    /// Counted inside the window.
    pub window: Counts,
    /// Counted in all.
    pub total: Counts,
    /// Texts sent in all.
    pub sent: u64,
    /// Seconds the storm's joins took.
    pub storm_seconds: f64,
    /// Joins of the storm.
    pub storm_joins: u64,
    /// Durations.
    pub times: Durations,
    /// What is wrong.
    pub faults: Faults,
    /// CPU seconds of the generator from the first text to the last.
    pub cpu: f64,
    /// The part of that time in which one that does not sleep would have; of several, the sum.
    #[serde(default)]
    pub spare: f64,
    /// A person stopped it.
    pub cut_short: bool,
}

/// How long things took, each time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Durations {
    /// From when a text was due until its reader had it.
    pub delivery: Times,
    /// From when a text was due until its sender was answered.
    pub reply: Times,
    /// From when a text was due until a watcher had it.
    pub fanned: Times,
    /// From the first packet to the answered `hello`.
    pub join: Times,
    /// From a deadline until the visitor heard of it.
    pub lateness: Times,
    /// From when a text was due until the generator sent it: its own share of the above.
    pub lag: Times,
}

/// Where reports go.
pub struct Say<'a>(&'a mut dyn Write);

// === impl Say ===

impl<'a> Say<'a> {
    /// Reports in lines to here.
    pub fn new(to: &'a mut impl Write) -> Self {
        Say(to)
    }

    /// Tells one thing, at once.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn report(&mut self, report: &Report) -> Result<()> {
        let line = serde_json::to_string(report)?;
        writeln!(self.0, "{line}").and_then(|()| self.0.flush()).context("nobody listens to the generator")
    }
}

// === impl Counts ===

impl Counts {
    /// The sum of two.
    pub fn plus(self, other: Counts) -> Counts {
        Counts {
            texts: self.texts + other.texts,
            answers: self.answers + other.answers,
            fanned: self.fanned + other.fanned,
            joins: self.joins + other.joins,
            returns: self.returns + other.returns,
            waits: self.waits + other.waits,
            repeats: self.repeats + other.repeats,
        }
    }

    /// What came since an earlier count.
    pub fn since(self, earlier: Counts) -> Counts {
        Counts {
            texts: self.texts - earlier.texts,
            answers: self.answers - earlier.answers,
            fanned: self.fanned - earlier.fanned,
            joins: self.joins - earlier.joins,
            returns: self.returns - earlier.returns,
            waits: self.waits - earlier.waits,
            repeats: self.repeats - earlier.repeats,
        }
    }
}

// === impl Part ===

impl Part {
    /// Adds what another generator did at the same time.
    pub fn merge(&mut self, other: &Part) {
        self.window = self.window.plus(other.window);
        self.total = self.total.plus(other.total);
        self.sent += other.sent;
        // They stormed at the same time.
        self.storm_seconds = self.storm_seconds.max(other.storm_seconds);
        self.storm_joins += other.storm_joins;
        self.times.merge(&other.times);
        self.faults.merge(&other.faults);
        self.cpu += other.cpu;
        self.spare += other.spare;
        self.cut_short |= other.cut_short;
    }
}

// === impl Durations ===

impl Durations {
    /// Each with its name in reports.
    pub fn named(&self) -> [(&'static str, &Times); 6] {
        [
            ("delivery", &self.delivery),
            ("reply", &self.reply),
            ("fanned", &self.fanned),
            ("join", &self.join),
            ("lateness", &self.lateness),
            ("lag", &self.lag),
        ]
    }

    fn merge(&mut self, other: &Durations) {
        self.delivery.merge(&other.delivery);
        self.reply.merge(&other.reply);
        self.fanned.merge(&other.fanned);
        self.join.merge(&other.join);
        self.lateness.merge(&other.lateness);
        self.lag.merge(&other.lag);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn j1_what_several_generators_did_is_merged() {
        let mut one = Part { window: Counts { texts: 3, ..Counts::default() }, cpu: 1.0, sent: 4, ..Part::default() };
        one.times.delivery.add(Duration::from_millis(2));
        one.storm_seconds = 2.0;
        one.storm_joins = 10;
        let told = serde_json::to_string(&Report::Done(Box::new(one.clone()))).unwrap();
        let Report::Done(other) = serde_json::from_str(&told).unwrap() else { panic!("{told}") };
        one.merge(&other);
        assert_eq!((one.window.texts, one.sent, one.cpu, one.times.delivery.count()), (6, 8, 2.0, 2));
        assert_eq!((one.storm_seconds, one.storm_joins), (2.0, 20));
    }
}
