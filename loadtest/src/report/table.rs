//! A report as text.

use std::fmt::Write as _;

use super::{Report, Verdict};
use crate::spread::short;

/// The whole report, for a terminal.
pub fn table(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    write(report, &mut out).ok();
    out
}

/// A revision, where git was there.
pub(super) fn known(revision: &str) -> &str {
    if revision.is_empty() { "of an unknown revision" } else { revision }
}

fn write(report: &Report, out: &mut String) -> std::fmt::Result {
    let profile = &report.profile;
    writeln!(out, "{}: {}", profile.name, profile.about)?;
    let hub = report.hub_version.as_ref().map_or(String::new(), |version| format!(" of version {version}"));
    writeln!(out, "{}, tester {}. {}.", report.date, known(&report.revision), report.machine)?;
    writeln!(
        out,
        "{} hub(s){hub}, {} generator(s), window of {} s{}",
        report.hubs,
        report.generators,
        profile.seconds,
        if report.cut_short { ", CUT SHORT" } else { "" }
    )?;
    if profile.fanout.is_some() && report.generators > 1 {
        writeln!(out, "Each generator's conversations are watched by its own share of the agents only.")?;
    }
    writeln!(out)?;
    writeln!(out, "{:<12}{:>12}{:>10}{:>10}{:>10}{:>10}{:>10}", "ms", "count", "p50", "p90", "p99", "p99.9", "max")?;
    for (name, times) in report.times.named().iter().filter(|(_, times)| times.count() > 0) {
        write!(out, "{name:<12}{:>12}", times.count())?;
        for ms in [times.ms(0.5), times.ms(0.9), times.ms(0.99), times.ms(0.999), times.max_ms()] {
            write!(out, "{:>10}", ms.map_or("–".into(), short))?;
        }
        writeln!(out)?;
    }
    writeln!(out)?;
    for (name, figure) in report.figures.iter().filter(|(name, _)| !name.ends_with("_ms")) {
        writeln!(out, "{name:<26}{:>14}", short(*figure))?;
    }
    let counts = report.counts;
    writeln!(
        out,
        "\nIn all: {} texts, {} answers, {} deliveries to watchers, {} joins ({} of them returns), {} waits, {} repeats.",
        counts.texts, counts.answers, counts.fanned, counts.joins, counts.returns, counts.waits, counts.repeats
    )?;
    match report.stages.is_empty() {
        true => writeln!(out, "The hubs' /metrics tell no stages (received, stored, fanned out).")?,
        false => writeln!(out, "Stages, by the hubs' own timing:")?,
    }
    for stage in &report.stages {
        let p99 = stage.p99_below_ms.map_or("beyond".into(), short);
        writeln!(
            out,
            "  {:<14}{:>10} times, mean {} ms, 99 % below {p99} ms",
            stage.name,
            stage.count,
            short(stage.mean_ms)
        )?;
    }
    writeln!(out)?;
    for (fault, found) in report.faults.iter() {
        writeln!(out, "FAULT {}: {}", fault.word(), found.count)?;
        found.examples.iter().try_for_each(|example| writeln!(out, "  {example}"))?;
    }
    report.over_budget.iter().try_for_each(|over| writeln!(out, "OVER BUDGET {over}"))?;
    if !report.unjudged.is_empty() {
        writeln!(out, "Not judged, as the hubs cannot be watched from here: {}.", report.unjudged.join(", "))?;
    }
    writeln!(
        out,
        "{}",
        match report.verdict() {
            Verdict::Good => "The judge found nothing, and the budget was kept.",
            Verdict::Faulty => "The judge found faults: the run has failed.",
            Verdict::OverBudget => "The judge found nothing, but the budget was not kept.",
            Verdict::CutShort => "Cut short: the judge found nothing in what there was; the budget was not judged.",
        }
    )
}
