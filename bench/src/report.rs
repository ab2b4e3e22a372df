//! The run: rounds in turn, then a table a README can quote.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use loadtest::machine::{self, Awake};
use loadtest::spread::Spread;
use loadtest::stamp::{revision, today};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::plan::Plan;
use crate::sample::{Idle, Sample, Window, quantile};
use crate::server::{Peer, hub_binary};
use crate::{idle, round};

/// Descriptors a process needs besides its connections.
const SPARE_DESCRIPTORS: u64 = 500;

/// All that was measured: per round one sample of each server.
#[derive(Default)]
struct Findings {
    hub: Vec<Sample>,
    relay: Vec<Sample>,
    idle_hub: Option<Idle>,
    idle_relay: Option<Idle>,
    rate: f64,
}

/// One of the figures of [`Idle`].
type IdleFigure = fn(&Idle) -> f64;

/// Measures, prints, and writes the report where asked.
pub(crate) fn run(plan: &Plan) -> Result<bool> {
    let plan = plan.settled();
    ensure!(plan.rounds > 0 && plan.visitors > 0 && plan.text_bytes >= 32 && plan.window > 0.0, "nothing to measure");
    let hub = if plan.relay_only { None } else { Some(hub_binary(&plan)?) };
    let room = machine::raise_descriptors().saturating_sub(SPARE_DESCRIPTORS);
    let idlers = plan.idle.min(usize::try_from(room).unwrap_or(usize::MAX));
    let begun = Instant::now();
    let awake = if plan.keep_awake { Some(Awake::start()?) } else { None };
    machine::pin(machine::OUR_CORE)?;
    let findings = measure(&plan, hub.as_deref(), idlers, awake.as_ref())?;
    drop(awake);
    let report = write(&plan, &findings, begun.elapsed().as_secs())?;
    println!("{report}");
    if let Some(path) = &plan.out {
        std::fs::write(path, &report).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(true)
}

fn measure(plan: &Plan, hub: Option<&Path>, idlers: usize, awake: Option<&Awake>) -> Result<Findings> {
    let mut findings = Findings::default();
    let mut rate = plan.rate;
    for number in 1..=plan.rounds {
        eprintln!("round {number} of {}", plan.rounds);
        if hub.is_some() {
            let sample = apart(round::measure(Peer::Hub, plan, hub, rate, awake)).context("measuring the hub")?;
            rate = rate.or(Some((sample.closed.rate() / 2.0).max(1.0)));
            findings.hub.push(sample);
        }
        let sample = apart(round::measure(Peer::Relay, plan, hub, rate, awake)).context("measuring the relay")?;
        rate = rate.or(Some((sample.closed.rate() / 2.0).max(1.0)));
        findings.relay.push(sample);
    }
    findings.rate = rate.unwrap_or_default();
    if idlers > 0 {
        eprintln!("idle, {idlers} connections");
        if hub.is_some() {
            findings.idle_hub = Some(apart(idle::measure(Peer::Hub, plan, hub, idlers)).context("the hub, idle")?);
        }
        findings.idle_relay = Some(apart(idle::measure(Peer::Relay, plan, hub, idlers)).context("the relay, idle")?);
    }
    Ok(findings)
}

/// Runs on a runtime of its own, which takes all its connections with it when it ends.
pub(crate) fn apart<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, work)
}

fn write(plan: &Plan, findings: &Findings, seconds: u64) -> Result<String> {
    let mut out = String::new();
    let conversations = plan.visitors.div_ceil(plan.agents);
    writeln!(out, "{}{}. {}.", today(), revision(), machine::describe())?;
    writeln!(
        out,
        "Server on one core, generator (one thread) on the other; {} visitors, {} agents, {conversations} conversations \
         each, texts of {} bytes. {} round(s), hub and relay in turn, windows of {} s, {seconds} s in all{}. Medians \
         (smallest–largest); the ratio is taken per round.",
        plan.visitors,
        plan.agents,
        plan.text_bytes,
        plan.rounds,
        plan.window,
        if plan.keep_awake { ", cores kept awake" } else { "" },
    )?;
    writeln!(out, "\n| | hub | bare relay | hub / relay |\n|---|---|---|---|")?;
    let mut line = |name: &str, figure: &dyn Fn(&Sample) -> f64| row(&mut out, name, findings, figure);
    line("closed loop: texts per second", &|sample| sample.closed.rate())?;
    line("closed loop: CPU s per 100,000 texts", &|sample| sample.closed.cpu_per_100k())?;
    line("peak resident memory, MiB", &|sample| sample.peak / 1024.0)?;
    let at = format!("at {:.0} texts/s", findings.rate);
    line(&format!("{at}: CPU s per 100,000 texts"), &|sample| sample.open.cpu_per_100k())?;
    line(&format!("{at}: delivery p50, ms"), &|sample| quantile(&sample.open.delivery, 0.5))?;
    line(&format!("{at}: delivery p99, ms"), &|sample| quantile(&sample.open.delivery, 0.99))?;
    line(&format!("{at}: reply p50, ms"), &|sample| quantile(&sample.open.reply, 0.5))?;
    line(&format!("{at}: reply p99, ms"), &|sample| quantile(&sample.open.reply, 0.99))?;
    idle_rows(&mut out, findings)?;
    writeln!(
        out,
        "\nThe hub decides, orders and syncs every text to disk before it is delivered or acknowledged; the relay does \
         none of that. Every text was checked: delivered once, in order, to its agent only, and acknowledged.\n\
         Generator busy, % of its core, closed loop: {}. CPU used by others or taken by the host, % of one core: {}.",
        busy(findings, |window| window.generator),
        busy(findings, |window| window.noise),
    )?;
    Ok(out)
}

fn row(out: &mut String, name: &str, findings: &Findings, figure: &dyn Fn(&Sample) -> f64) -> Result<()> {
    let relay = Spread::of(findings.relay.iter().map(figure));
    if findings.hub.is_empty() {
        return Ok(writeln!(out, "| {name} | – | {relay} | – |")?);
    }
    let hub = Spread::of(findings.hub.iter().map(figure));
    let ratio = Spread::of(findings.hub.iter().zip(&findings.relay).map(|(hub, relay)| figure(hub) / figure(relay)));
    Ok(writeln!(out, "| {name} | {hub} | {relay} | {ratio} |")?)
}

fn idle_rows(out: &mut String, findings: &Findings) -> Result<()> {
    let Some(relay) = findings.idle_relay else { return Ok(()) };
    let figures: [(&str, IdleFigure); 3] = [
        ("resident KiB per connection", |idle| idle.kib),
        ("CPU, % of a core", |idle| idle.cpu),
        ("joins per second, while filling", |idle| idle.joins),
    ];
    for (name, figure) in figures {
        let hub = findings.idle_hub.as_ref().map(figure);
        let relay_figure = figure(&relay);
        let shown = hub.map_or("–".into(), |figure| Spread::of([figure]).to_string());
        let ratio = hub
            .filter(|_| relay_figure > 0.05)
            .map_or("–".into(), |hub| Spread::of([hub / relay_figure]).to_string());
        let relay_shown = Spread::of([relay_figure]);
        writeln!(out, "| {} idle visitors: {name} | {shown} | {relay_shown} | {ratio} |", relay.connections)?;
    }
    Ok(())
}

fn busy(findings: &Findings, figure: fn(&Window) -> f64) -> String {
    let of = |samples: &[Sample]| Spread::of(samples.iter().map(|sample| figure(&sample.closed))).to_string();
    let relay = format!("relay {}", of(&findings.relay));
    if findings.hub.is_empty() { relay } else { format!("hub {}, {relay}", of(&findings.hub)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_the_report_gives_each_figure_with_its_ratio() {
        let sample = |rate: u64| Sample {
            closed: Window { texts: rate, seconds: 1.0, cpu: 0.5, ..Window::default() },
            open: Window {
                texts: 10,
                seconds: 1.0,
                cpu: 0.1,
                delivery: vec![500],
                reply: vec![400],
                ..Window::default()
            },
            peak: 10_240.0,
        };
        let findings =
            Findings { hub: vec![sample(20_000)], relay: vec![sample(40_000)], rate: 10.0, ..Findings::default() };
        let mut out = String::new();
        row(&mut out, "texts", &findings, &|sample| sample.closed.rate()).unwrap();
        assert_eq!(out, "| texts | 20,000 | 40,000 | 0.50 |\n");
    }
}
