//! Many visitors who are there and do nothing: what a connection costs in memory, and in CPU while it is kept alive.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::time::sleep;

use crate::join;
use crate::plan::Plan;
use crate::sample::Idle;
use crate::server::{Peer, Server};

/// After the last connection, before memory is read: what was only needed for joining has been given back by then.
const SETTLE: Duration = Duration::from_secs(2);

/// Joins so many visitors to a fresh server and watches it.
pub(crate) async fn measure(peer: Peer, plan: &Plan, hub: Option<&Path>, connections: usize) -> Result<Idle> {
    let server = Server::start(peer, plan, hub)?;
    // The first connection pays for what is made once.
    let first = join::idler(peer, server.addr, connections).await.context("joining")?;
    sleep(Duration::from_millis(500)).await;
    let (empty, start) = (server.resident()?, Instant::now());
    let clients = join::idlers(peer, server.addr, connections).await?;
    let joins = connections as f64 / start.elapsed().as_secs_f64();
    sleep(SETTLE).await;
    let full = server.resident()?;
    let (start, cpu) = (Instant::now(), server.cpu()?);
    sleep(Duration::from_secs_f64(plan.idle_window)).await;
    let cpu = (server.cpu()? - cpu) / start.elapsed().as_secs_f64() * 100.0;
    if let Some(why) = clients.iter().chain([&first]).find_map(|client| client.ended()) {
        bail!("an idle visitor lost the connection: {why}");
    }
    Ok(Idle { connections, kib: (full - empty) / connections as f64, cpu, joins })
}
