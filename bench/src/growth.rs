//! What a text costs when the store holds ten times the conversations, or when ten times the visitors are connected:
//! the same load on one server that grows between measurements.

use anyhow::{Context, Result, bail, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use loadtest::machine::{self, Awake};
use loadtest::spread::Spread;
use loadtest::stamp::{revision, today};
use serde_json::json;

use crate::join;
use crate::plan::{Growth, Plan};
use crate::report::apart;
use crate::round;
use crate::sample::{Window, quantile};
use crate::server::{Peer, Server, hub_binary};

/// Visitors who begin conversations and end them, one after the other.
const FILLERS: usize = 500;

/// One size, and what was measured at it: the two loops of each round.
struct Step {
    what: String,
    closed: Vec<Window>,
    open: Vec<Window>,
    /// MiB resident after the first round.
    resident: f64,
}

/// Measures at each size, the smallest first, and prints a table.
pub(crate) fn run(growth: &Growth) -> Result<bool> {
    let plan = growth.plan.settled();
    ensure!(growth.conversations.is_sorted() && growth.connections.is_sorted(), "sizes come the smallest first");
    let hub = hub_binary(&plan)?;
    machine::raise_descriptors();
    let awake = if plan.keep_awake { Some(Awake::start()?) } else { None };
    machine::pin(machine::OUR_CORE)?;
    let server = Server::start(Peer::Hub, &plan, Some(&hub))?;
    let rate = plan.rate.unwrap_or(5_000.0);
    let mut grown = Vec::new();
    let mut held = 0;
    for &size in &growth.conversations {
        apart(fill(&server, size.saturating_sub(held))).context("filling the store")?;
        held = held.max(size);
        let mut step = Step::new(format!("{held} conversations"));
        for _ in 0..plan.rounds {
            step.measure(&server, &plan, rate, awake.as_ref(), 0)?;
        }
        grown.push(step);
    }
    // In turn: a machine that drifts from minute to minute is then the same for all sizes.
    let mut idle: Vec<Step> =
        growth.connections.iter().map(|size| Step::new(format!("… and {size} idle visitors"))).collect();
    for _ in 0..plan.rounds {
        for (step, &size) in idle.iter_mut().zip(&growth.connections) {
            step.measure(&server, &plan, rate, awake.as_ref(), size)?;
        }
    }
    print(&plan, rate, &[grown, idle]);
    Ok(true)
}

// === impl Step ===

impl Step {
    fn new(what: String) -> Self {
        Self { what, closed: Vec::new(), open: Vec::new(), resident: 0.0 }
    }

    /// One round more, beside so many idle visitors.
    fn measure(&mut self, server: &Server, plan: &Plan, rate: f64, awake: Option<&Awake>, idlers: usize) -> Result<()> {
        eprintln!("{}", self.what);
        let (closed, open, resident) = apart(measure(server, plan, rate, awake, idlers)).context("measuring")?;
        self.closed.push(closed);
        self.open.push(open);
        if self.closed.len() == 1 {
            // In later rounds what greater sizes have left in the allocator's hands would count.
            self.resident = resident / 1024.0;
        }
        Ok(())
    }
}

async fn measure(
    server: &Server,
    plan: &Plan,
    rate: f64,
    awake: Option<&Awake>,
    idlers: usize,
) -> Result<(Window, Window, f64)> {
    let idle = join::idlers(Peer::Hub, server.addr, idlers).await?;
    let (closed, open) = round::load(Peer::Hub, server, plan, Some(rate), awake).await?;
    if let Some(why) = idle.iter().find_map(|client| client.ended()) {
        bail!("an idle visitor lost the connection: {why}");
    }
    Ok((closed, open, server.resident()?))
}

/// So many conversations more, each begun by a visitor and ended by them.
async fn fill(server: &Server, conversations: usize) -> Result<()> {
    let fillers = FILLERS.min(conversations);
    let work = |number: usize| async move {
        let client = join::idler(Peer::Hub, server.addr, number).await?;
        for _ in (number..conversations).step_by(fillers) {
            let started = client.request(json!({"type": "start"})).await?;
            client.request(json!({"type": "end", "conversation": started["conversation"]["id"]})).await?;
        }
        anyhow::Ok(())
    };
    stream::iter(0..fillers).map(work).buffer_unordered(fillers.max(1)).try_collect::<()>().await
}

/// Multiples are of the first of each series.
fn print(plan: &Plan, rate: f64, series: &[Vec<Step>]) {
    println!("{}{}. {}.", today(), revision(), machine::describe());
    println!(
        "One hub on one core, its generator on the other; {} visitors, {} agents, texts of {} bytes; {} round(s) of {} s \
         at each size. Medians (smallest–largest); multiples, round by round, are of the smallest number of conversations, \
         and of idle visitors.\n",
        plan.visitors, plan.agents, plan.text_bytes, plan.rounds, plan.window
    );
    println!(
        "| in the store | texts per second | CPU s per 100,000, closed loop | as a multiple | at {rate:.0}/s | as a \
         multiple | delivery p99, ms | resident MiB |\n|---|---|---|---|---|---|---|---|"
    );
    let middle = |windows: &[Window]| Spread::of(windows.iter().map(Window::cpu_per_100k));
    let multiple = |now: &[Window], first: &[Window]| {
        Spread::of(now.iter().zip(first).map(|(now, first)| now.cpu_per_100k() / first.cpu_per_100k()))
    };
    for steps in series {
        for Step { what, closed, open, resident } in steps {
            let first = &steps[0];
            println!(
                "| {what} | {} | {} | {} | {} | {} | {} | {resident:.0} |",
                Spread::of(closed.iter().map(Window::rate)),
                middle(closed),
                multiple(closed, &first.closed),
                middle(open),
                multiple(open, &first.open),
                Spread::of(open.iter().map(|window| quantile(&window.delivery, 0.99))),
            );
        }
    }
}
