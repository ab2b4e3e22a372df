//! What a run found: one document, shown as a table, as JSON and as a page.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::generator::order::{Counts, Durations, Part};
use crate::judge::faults::Faults;
use crate::machine;
use crate::meter::Point;
use crate::profile::{Limit, Profile};
use crate::stages::Stage;
use crate::stamp;

pub mod compare;
pub mod draft;
pub mod page;
mod plot;
pub mod table;

/// The version of the JSON.
const FORMAT: u32 = 1;

/// A finished run. What another version of the tester does not tell is read as nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The version of this document.
    pub format: u32,
    /// The day, in UTC.
    #[serde(default)]
    pub date: String,
    /// What git called the tester's sources when it was built.
    #[serde(default)]
    pub revision: String,
    /// The machine, in a line.
    #[serde(default)]
    pub machine: String,
    /// What was done.
    pub profile: Profile,
    /// The version the servers tell, where they do.
    #[serde(default)]
    pub hub_version: Option<String>,
    /// How many servers.
    #[serde(default)]
    pub hubs: usize,
    /// How many generators.
    #[serde(default)]
    pub generators: usize,
    /// Every figure by its name, which ends in its unit.
    pub figures: BTreeMap<String, f64>,
    /// Counted in all.
    #[serde(default)]
    pub counts: Counts,
    /// Durations, as microseconds and how often.
    #[serde(default)]
    pub times: Durations,
    /// The hubs' own stages; empty when they tell none.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// Over time.
    #[serde(default)]
    pub points: Vec<Point>,
    /// What the judge found.
    #[serde(default)]
    pub faults: Faults,
    /// Where the budget was not kept, in words.
    #[serde(default)]
    pub over_budget: Vec<String>,
    /// Limits that nothing could be held against, since the hubs are on another machine.
    #[serde(default)]
    pub unjudged: Vec<String>,
    /// Somebody stopped it.
    #[serde(default)]
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
    /// 4: no faults in what there was; somebody stopped it, so the budget was not judged.
    CutShort,
}

/// What a run was made of, beside its profile.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// How many servers.
    pub hubs: usize,
    /// The version they tell, where they do.
    pub hub_version: Option<String>,
    /// How many generators.
    pub generators: usize,
    /// Whether servers could be watched at all.
    pub sees_servers: bool,
}

/// What figures are made of.
pub struct Figures<'a> {
    /// All generators together.
    pub part: &'a Part,
    /// What was done.
    pub profile: &'a Profile,
    /// The meters when the window opened and when it closed; none when it never opened.
    pub ends: Option<(Point, Point)>,
    /// Whether servers could be watched at all.
    pub sees_servers: bool,
    /// Their memory at its peak, in KiB.
    pub peak: f64,
    /// What the idle visitors added to it, in KiB.
    pub idle: Option<f64>,
    /// Generators were threads of this process.
    pub threads: bool,
    /// Hubs that were exchanged, in a rolling restart.
    pub restarts: Option<usize>,
}

// === impl Figures ===

impl Figures<'_> {
    /// All that can be told.
    pub fn all(&self) -> BTreeMap<String, f64> {
        let mut all = BTreeMap::new();
        self.tell(&mut |name: &str, value: f64| {
            if value.is_finite() {
                all.insert(name.to_owned(), value);
            }
        });
        all
    }

    fn tell(&self, tell: &mut impl FnMut(&str, f64)) {
        if let Some((before, after)) = self.ends {
            self.tell_window(tell, before, after);
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
            tell("peak_mib", self.peak / 1024.0);
        }
        if let (Some(added), Some(idle)) = (self.idle, &self.profile.idle) {
            tell("kib_per_idle", added / idle.visitors as f64);
        }
        if let Some(restarts) = self.restarts {
            tell("restarts", restarts as f64);
        }
    }

    /// What there is of a window only.
    fn tell_window(&self, tell: &mut impl FnMut(&str, f64), before: Point, after: Point) {
        let window = self.part.window;
        // By the meters' clock; a run that was cut short had less than its profile says.
        let seconds = (after.at - before.at).max(0.001);
        let texts = window.texts + window.answers;
        if self.profile.pairs.is_some() {
            tell("texts_per_second", window.texts as f64 / seconds);
            tell("answers_per_second", window.answers as f64 / seconds);
        }
        if self.profile.fanout.is_some() {
            tell("fanned_per_second", window.fanned as f64 / seconds);
        }
        if self.sees_servers {
            let cpu = after.cpu - before.cpu;
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
            tell("others_cpu_percent", (after.others - before.others).max(0.0) / seconds * 100.0);
        }
        // Threads are told apart by what each of them used itself, homecoming excluded.
        let generators = if self.threads { self.part.cpu } else { after.generators - before.generators };
        tell("generator_cpu_percent", (generators / seconds - self.part.spare).max(0.0) * 100.0);
    }
}

// === impl Report ===

impl Report {
    /// Of what was found.
    pub fn new(
        profile: Profile,
        setting: Setting,
        figures: BTreeMap<String, f64>,
        part: Part,
        stages: Vec<Stage>,
        points: Vec<Point>,
    ) -> Report {
        let judged = if part.cut_short { Judged::default() } else { judged(&profile, &figures, setting.sees_servers) };
        Report {
            format: FORMAT,
            date: stamp::today(),
            revision: stamp::BUILT_FROM.to_owned(),
            hub_version: setting.hub_version,
            machine: machine::describe(),
            profile,
            hubs: setting.hubs,
            generators: setting.generators,
            figures,
            counts: part.total,
            times: part.times,
            stages,
            points,
            faults: part.faults,
            over_budget: judged.over,
            unjudged: judged.unjudged,
            cut_short: part.cut_short,
        }
    }

    /// Any fault fails the run, whatever the speed.
    pub fn verdict(&self) -> Verdict {
        match (self.faults.is_empty(), self.cut_short, self.over_budget.is_empty()) {
            (false, _, _) => Verdict::Faulty,
            (true, true, _) => Verdict::CutShort,
            (true, false, false) => Verdict::OverBudget,
            (true, false, true) => Verdict::Good,
        }
    }

    /// Reads one that was written with `--json`.
    ///
    /// # Errors
    /// It is not there, none, or of another format.
    pub fn read(path: &Path) -> Result<Report> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        Report::parse(&text).with_context(|| format!("{} is no report", path.display()))
    }

    fn parse(text: &str) -> Result<Report> {
        let found: Format = serde_json::from_str(text)?;
        let format = found.format;
        ensure!(
            format == FORMAT,
            "it was written by another version of the tester, in format {format} and not {FORMAT}"
        );
        Ok(serde_json::from_str(text)?)
    }
}

/// What every version of a report says.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Figures held against a budget.
#[derive(Default)]
struct Judged {
    over: Vec<String>,
    unjudged: Vec<String>,
}

/// Holds figures against a budget. One that is missing is a miss, unless it could only be had on the hubs' machine.
fn judged(profile: &Profile, figures: &BTreeMap<String, f64>, sees_servers: bool) -> Judged {
    let mut judged = Judged::default();
    let restarts = profile.deploy.as_ref().map(|deploy| deploy.restarts as f64);
    let asked = Limit { name: "restarts", value: restarts, least: true, local: false };
    for limit in profile.budget.limits().chain([asked]) {
        let Limit { name, least, local, .. } = limit;
        let Some(value) = limit.value else { continue };
        let should = format!("should be {} {value}", if least { "at least" } else { "at most" });
        match figures.get(name) {
            None if local && !sees_servers => judged.unjudged.push(name.to_owned()),
            None => judged.over.push(format!("{name} was not measured and {should}")),
            Some(figure) if if least { *figure < value } else { *figure > value } => {
                judged.over.push(format!("{name} is {figure:.2} and {should}"));
            }
            Some(_) => {}
        }
    }
    judged
}

// === impl Verdict ===

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> ExitCode {
        match verdict {
            Verdict::Good => ExitCode::SUCCESS,
            Verdict::Faulty => ExitCode::from(2),
            Verdict::OverBudget => ExitCode::from(3),
            Verdict::CutShort => ExitCode::from(4),
        }
    }
}

#[cfg(test)]
mod tests;
