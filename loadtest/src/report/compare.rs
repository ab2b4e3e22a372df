//! Two reports beside each other.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Report;
use crate::spread::short;

/// Every figure of both, and B as a multiple of A.
pub fn compare(a: &Report, b: &Report) -> String {
    let mut out = String::new();
    let name = |report: &Report| format!("{} {} {}", report.profile.name, report.date, report.revision);
    // Writing to a string does not fail.
    writeln!(out, "A: {}\nB: {}\n", name(a), name(b)).ok();
    if a.profile.name != b.profile.name || a.machine != b.machine {
        writeln!(out, "Mind: these are not the same profile on the same machine.\n").ok();
    }
    writeln!(out, "{:<26}{:>14}{:>14}{:>10}", "", "A", "B", "B / A").ok();
    let names: BTreeSet<&String> = a.figures.keys().chain(b.figures.keys()).collect();
    for name in names {
        let (one, two) = (a.figures.get(name), b.figures.get(name));
        let shown = |figure: Option<&f64>| figure.map_or("–".into(), |figure| short(*figure));
        let ratio = match (one, two) {
            (Some(one), Some(two)) if *one > 0.0 => short(two / one),
            _ => "–".into(),
        };
        writeln!(out, "{name:<26}{:>14}{:>14}{ratio:>10}", shown(one), shown(two)).ok();
    }
    let words = |report: &Report| {
        let found: Vec<String> =
            report.faults.iter().map(|(fault, found)| format!("{} {}", found.count, fault.word())).collect();
        if found.is_empty() { "none".to_owned() } else { found.join(", ") }
    };
    writeln!(out, "\nFaults of A: {}. Faults of B: {}.", words(a), words(b)).ok();
    out
}
