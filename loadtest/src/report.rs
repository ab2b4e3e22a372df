//! What a run found: one document, shown as a table, as JSON and as a page.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::generator::order::{Counts, Durations, Part};
use crate::judge::faults::Faults;
use crate::machine;
use crate::meter::Point;
use crate::profile::{Budget, Profile};
use crate::stages::Stage;
use crate::stamp;

pub mod compare;
pub mod page;
mod plot;
pub mod table;

/// The version of the JSON.
const FORMAT: u32 = 1;

/// A finished run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The version of this document.
    pub format: u32,
    /// The day, in UTC.
    pub date: String,
    /// What git calls the program.
    pub revision: String,
    /// The machine, in a line.
    pub machine: String,
    /// What was done.
    pub profile: Profile,
    /// How many servers.
    pub hubs: usize,
    /// How many generators.
    pub generators: usize,
    /// Every figure by its name, which ends in its unit.
    pub figures: BTreeMap<String, f64>,
    /// Counted in all.
    pub counts: Counts,
    /// Durations, as microseconds and how often.
    pub times: Durations,
    /// The hubs' own stages; empty when they tell none.
    pub stages: Vec<Stage>,
    /// Over time.
    pub points: Vec<Point>,
    /// What the judge found.
    pub faults: Faults,
    /// Where the budget was not kept, in words.
    pub over_budget: Vec<String>,
    /// Somebody stopped it.
    pub cut_short: bool,
}

/// How a run ended, as an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// 0: nothing was wrong, and within the budget.
    Good,
    /// 2: the judge found faults.
    Faulty,
    /// 3: no faults, but beyond the budget.
    OverBudget,
}

/// What figures are made of.
pub struct Figures<'a> {
    /// All generators together.
    pub part: &'a Part,
    /// What was done.
    pub profile: &'a Profile,
    /// The meters when the window opened.
    pub before: Point,
    /// And when it closed.
    pub after: Point,
    /// Whether servers could be watched at all.
    pub sees_servers: bool,
    /// Their memory at its peak, in KiB.
    pub peak: f64,
    /// What the idle visitors added to it, in KiB.
    pub idle: Option<f64>,
    /// Generators were threads of this process.
    pub threads: bool,
}

/// A limit of the budget: the figure's name, its value, and whether it is the least.
type Limit = (&'static str, Option<f64>, bool);

// === impl Figures ===

impl Figures<'_> {
    /// All that can be told.
    pub fn all(&self) -> BTreeMap<String, f64> {
        let mut all = BTreeMap::new();
        let mut tell = |name: &str, value: f64| {
            if value.is_finite() {
                all.insert(name.to_owned(), value);
            }
        };
        let window = self.part.window;
        // By the meters' clock; a run that was cut short had less than its profile says.
        let seconds = (self.after.at - self.before.at).max(0.001);
        let texts = window.texts + window.answers;
        if self.profile.pairs.is_some() {
            tell("texts_per_second", window.texts as f64 / seconds);
            tell("answers_per_second", window.answers as f64 / seconds);
        }
        if self.profile.fanout.is_some() {
            tell("fanned_per_second", window.fanned as f64 / seconds);
        }
        if self.part.storm_seconds > 0.0 {
            tell("joins_per_second", self.part.storm_joins as f64 / self.part.storm_seconds);
        }
        for (name, times) in self.part.times.named() {
            for (quantile, q) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)] {
                if let Some(ms) = times.ms(q) {
                    tell(&format!("{name}_{quantile}_ms"), ms);
                }
            }
            if let Some(ms) = times.max_ms() {
                tell(&format!("{name}_max_ms"), ms);
            }
        }
        if self.sees_servers {
            let cpu = self.after.cpu - self.before.cpu;
            tell("hub_cpu_percent", cpu / seconds * 100.0);
            if texts > 0 {
                tell("cpu_per_100k", cpu * 100_000.0 / texts as f64);
            }
            if window.fanned > 0 && texts == 0 {
                tell("cpu_per_100k_fanned", cpu * 100_000.0 / window.fanned as f64);
            }
            if self.part.storm_joins > 0 && texts == 0 {
                tell("cpu_ms_per_join", cpu * 1000.0 / self.part.storm_joins as f64);
            }
            tell("peak_mib", self.peak / 1024.0);
            tell("others_cpu_percent", (self.after.others - self.before.others).max(0.0) / seconds * 100.0);
        }
        if let (Some(added), Some(idle)) = (self.idle, &self.profile.idle) {
            tell("kib_per_idle", added / idle.visitors as f64);
        }
        // Threads are told apart by what each of them used itself, homecoming excluded.
        let generators = if self.threads { self.part.cpu } else { self.after.generators - self.before.generators };
        tell("generator_cpu_percent", (generators / seconds - self.part.spare).max(0.0) * 100.0);
        all
    }
}

// === impl Report ===

impl Report {
    /// Of what was found.
    pub fn new(
        profile: Profile,
        hubs: usize,
        generators: usize,
        figures: BTreeMap<String, f64>,
        part: Part,
        stages: Vec<Stage>,
        points: Vec<Point>,
    ) -> Report {
        let over_budget = if part.cut_short { Vec::new() } else { over(&profile.budget, &figures) };
        Report {
            format: FORMAT,
            date: stamp::today(),
            revision: stamp::revision().trim_start_matches(", revision ").to_owned(),
            machine: machine::describe(),
            profile,
            hubs,
            generators,
            figures,
            counts: part.total,
            times: part.times,
            stages,
            points,
            faults: part.faults,
            over_budget,
            cut_short: part.cut_short,
        }
    }

    /// Any fault fails the run, whatever the speed.
    pub fn verdict(&self) -> Verdict {
        match (self.faults.is_empty(), self.over_budget.is_empty()) {
            (false, _) => Verdict::Faulty,
            (true, false) => Verdict::OverBudget,
            (true, true) => Verdict::Good,
        }
    }

    /// Reads one that was written with `--json`.
    ///
    /// # Errors
    /// It is not there, or none.
    pub fn read(path: &Path) -> Result<Report> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no report", path.display()))
    }
}

/// Where figures are beyond a budget. One that was not measured is no miss: there was nobody to measure.
fn over(budget: &Budget, figures: &BTreeMap<String, f64>) -> Vec<String> {
    let limits: [Limit; 11] = [
        ("delivery_p50_ms", budget.delivery_p50_ms, false),
        ("delivery_p99_ms", budget.delivery_p99_ms, false),
        ("reply_p99_ms", budget.reply_p99_ms, false),
        ("join_p99_ms", budget.join_p99_ms, false),
        ("lateness_p99_ms", budget.lateness_p99_ms, false),
        ("texts_per_second", budget.texts_per_second, true),
        ("joins_per_second", budget.joins_per_second, true),
        ("fanned_per_second", budget.fanned_per_second, true),
        ("peak_mib", budget.peak_mib, false),
        ("kib_per_idle", budget.kib_per_idle, false),
        ("cpu_per_100k", budget.cpu_per_100k, false),
    ];
    let mut over = Vec::new();
    for (name, limit, least) in limits {
        let (Some(limit), Some(&figure)) = (limit, figures.get(name)) else { continue };
        if if least { figure < limit } else { figure > limit } {
            let word = if least { "at least" } else { "at most" };
            over.push(format!("{name} is {figure:.2} and should be {word} {limit}"));
        }
    }
    over
}

#[cfg(test)]
mod tests;
