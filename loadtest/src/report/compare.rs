//! Two reports beside each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::Report;
use super::table::known;
use crate::spread::short;

/// Every figure of both, and B as a multiple of A; before that, whatever makes the two no fair pair.
pub fn compare(a: &Report, b: &Report) -> String {
    let mut out = String::new();
    let name = |report: &Report| {
        let hub = report.hub_version.as_ref().map_or(String::new(), |version| format!(", hub {version}"));
        format!("{} {}, tester {}{hub}", report.profile.name, report.date, known(&report.revision))
    };
    // Writing to a string does not fail.
    writeln!(out, "A: {}\nB: {}\n", name(a), name(b)).ok();
    let minds = minds(a, b);
    for mind in &minds {
        writeln!(out, "Mind: {mind}.").ok();
    }
    if !minds.is_empty() {
        writeln!(out).ok();
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
    for (name, report) in [("A", a), ("B", b)] {
        report.over_budget.iter().try_for_each(|over| writeln!(out, "Over budget in {name}: {over}.")).ok();
    }
    out
}

/// Everything but the hub that is not the same.
fn minds(a: &Report, b: &Report) -> Vec<String> {
    let mut minds = Vec::new();
    for (name, report) in [("A", a), ("B", b)] {
        if report.cut_short {
            minds.push(format!("{name} was cut short"));
        }
    }
    let (one, two) = (circumstances(a), circumstances(b));
    let names: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
    for name in names {
        let shown = |found: &BTreeMap<String, Value>| found.get(name).map_or("nothing".to_owned(), Value::to_string);
        if one.get(name) != two.get(name) {
            minds.push(format!("{name} is {} in A and {} in B", shown(&one), shown(&two)));
        }
    }
    minds
}

/// The whole profile, member by member, and where it ran. What it says of itself and its budget change no figure.
fn circumstances(report: &Report) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    flatten("", &serde_json::to_value(&report.profile).unwrap_or_default(), &mut found);
    found.retain(|name, _| name != "about" && !name.starts_with("budget."));
    let others = [
        ("machine", report.machine.clone().into()),
        ("hubs", report.hubs.into()),
        ("generators", report.generators.into()),
    ];
    found.extend(others.map(|(name, value): (&str, Value)| (name.to_owned(), value)));
    found
}

fn flatten(place: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            let dot = if place.is_empty() { "" } else { "." };
            members.iter().for_each(|(name, value)| flatten(&format!("{place}{dot}{name}"), value, into));
        }
        Value::Null => {}
        other => drop(into.insert(place.to_owned(), other.clone())),
    }
}
