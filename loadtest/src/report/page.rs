//! A report as one page of HTML that needs nothing else.

use super::plot::{Line, Plot, Scale, escape};
use super::table::table;
use super::{Report, Verdict};
use crate::meter::Point;
use crate::times::Times;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
 pre{overflow-x:auto;background:#f4f4f6;padding:1rem;border-radius:6px}figure{margin:1.5rem 0}\
 figcaption{font-weight:600}svg{width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:#555}\
 .grid{stroke:#ddd;stroke-width:1}.good{color:#2b8a3e}.bad{color:#c92a2a}.short{color:#b35c00}\
 @media(prefers-color-scheme:dark){body{color:#ddd;background:#16171a}pre{background:#222428}\
 svg text{fill:#aaa}.grid{stroke:#333}}";

/// The whole page.
pub fn page(report: &Report) -> String {
    let (class, words) = match report.verdict() {
        Verdict::Good => ("good", "No faults, within the budget"),
        Verdict::Faulty => ("bad", "The judge found faults"),
        Verdict::OverBudget => ("bad", "No faults, but over the budget"),
        Verdict::CutShort => ("short", "Cut short: no faults in what there was, and the budget was not judged"),
    };
    let name = escape(&report.profile.name);
    let mut plots = vec![distribution(report), lateness(report)];
    plots.extend(over_time(&report.points));
    let plots: String = plots.iter().map(Plot::svg).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}, {}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n\
         <h1>{name}</h1>\n<p class=\"{class}\"><strong>{words}.</strong></p>\n{plots}<pre>{}</pre>\n</body></html>\n",
        escape(&report.date),
        escape(&table(report)),
    )
}

/// The share that took longer, against how long: both on a log scale, so that the slowest thousandth is as wide as the
/// rest.
fn distribution(report: &Report) -> Plot<'_> {
    let named = report.times.named();
    let shown = named.iter().filter(|(name, times)| *name != "lateness" && times.count() > 0);
    Plot {
        title: "Latency: the share that took longer",
        x: ("milliseconds", Scale::Log),
        y: ("share", Scale::Log),
        lines: shown.map(|(name, times)| Line { name, points: longer(times) }).collect(),
    }
}

fn lateness(report: &Report) -> Plot<'_> {
    Plot {
        title: "Deadlines: the share of waits that were heard to end later",
        x: ("milliseconds after the deadline", Scale::Linear),
        y: ("share", Scale::Log),
        lines: vec![Line { name: "lateness", points: longer(&report.times.lateness) }],
    }
}

fn longer(times: &Times) -> Vec<(f64, f64)> {
    let whole = times.count().max(1) as f64;
    let mut left = times.count();
    let bars = times.bars().into_iter().map(|(micros, count)| {
        let share = left as f64 / whole;
        left -= count;
        (micros as f64 / 1000.0, share)
    });
    bars.collect()
}

fn over_time(points: &[Point]) -> [Plot<'static>; 3] {
    let rate = |of: fn(&Point) -> f64| -> Vec<(f64, f64)> {
        let pairs = points.windows(2).filter(|pair| pair[1].at > pair[0].at);
        pairs.map(|pair| (pair[1].at, (of(&pair[1]) - of(&pair[0])).max(0.0) / (pair[1].at - pair[0].at))).collect()
    };
    let plot = |title, unit, lines| Plot { title, x: ("seconds", Scale::Linear), y: (unit, Scale::Linear), lines };
    [
        plot(
            "Throughput over time",
            "per second",
            vec![
                Line { name: "texts", points: rate(|point| point.texts as f64) },
                Line { name: "deliveries to watchers", points: rate(|point| point.fanned as f64) },
            ],
        ),
        plot(
            "Memory of the hubs over time",
            "MiB",
            vec![Line {
                name: "resident",
                points: points.iter().map(|point| (point.at, point.memory / 1024.0)).collect(),
            }],
        ),
        plot(
            "CPU over time",
            "cores",
            vec![
                Line { name: "hubs", points: rate(|point| point.cpu) },
                Line { name: "generators", points: rate(|point| point.generators) },
                Line { name: "others", points: rate(|point| point.others) },
            ],
        ),
    ]
}
