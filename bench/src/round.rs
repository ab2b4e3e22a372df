//! One server, start to end: everybody joins, the closed loop, the open loop, the verdict.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use loadtest::machine::{Awake, Busy, cpu_of};

use crate::join;
use crate::pairs::Traffic;
use crate::plan::Plan;
use crate::sample::{Sample, Window};
use crate::server::{Peer, Server};

/// Measures one server. The open loop runs at `rate`, or at half of what the closed loop reached.
pub(crate) async fn measure(
    peer: Peer,
    plan: &Plan,
    hub: Option<&Path>,
    rate: Option<f64>,
    awake: Option<&Awake>,
) -> Result<Sample> {
    let server = Server::start(peer, plan, hub)?;
    let (closed, open) = load(peer, &server, plan, rate, awake).await?;
    Ok(Sample { closed, open, peak: server.peak_resident()? })
}

/// Everybody joins a server that runs; then the two loops.
pub(crate) async fn load(
    peer: Peer,
    server: &Server,
    plan: &Plan,
    rate: Option<f64>,
    awake: Option<&Awake>,
) -> Result<(Window, Window)> {
    let traffic = Traffic::new(plan.visitors, plan.text_bytes);
    let agents = join::everybody(peer, server.addr, plan, &traffic).await?;
    let meter = || read_meter(server, awake);
    let closed = traffic.closed_loop(plan.warm_up(), plan.window(), meter).await.context("closed loop")?;
    let rate = rate.unwrap_or_else(|| (closed.rate() / 2.0).max(1.0));
    let open = traffic.open_loop(rate, plan.warm_up(), plan.window(), meter).await.context("open loop")?;
    if let Some(why) = agents.iter().find_map(|agent| agent.ended()) {
        anyhow::bail!("an agent lost the connection: {why}");
    }
    eprintln!(
        "  {:5} {:>7.0} texts/s, {:.2} CPU s per 100k; {} texts in all, each delivered once, in order, and acknowledged",
        peer.name(),
        closed.rate(),
        closed.cpu_per_100k(),
        traffic.sent()
    );
    Ok((closed, open))
}

/// The meters' readings so far, in a window that has not begun: CPU of the server, ours, and everybody's.
fn read_meter(server: &Server, awake: Option<&Awake>) -> Result<Window> {
    let (cpu, ours, all) = (server.cpu()?, cpu_of(std::process::id())?, Busy::now()?);
    let others = all.seconds() - cpu - ours - awake.map_or(0.0, Awake::cpu);
    Ok(Window { cpu, generator: ours, noise: others, ..Window::default() })
}

// === impl Window ===

impl Window {
    /// What the meters moved since an earlier reading.
    pub(crate) fn since(&self, before: &Window, length: Duration) -> Window {
        let seconds = length.as_secs_f64();
        let percent = |now: f64, then: f64| ((now - then) / seconds * 100.0).max(0.0);
        Window {
            seconds,
            cpu: self.cpu - before.cpu,
            generator: percent(self.generator, before.generator),
            noise: percent(self.noise, before.noise),
            ..Window::default()
        }
    }
}
