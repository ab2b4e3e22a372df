//! NATS with JetStream: a server with one stream, which keeps every text.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::task::LocalSet;

use super::peers::program;
use crate::client::{Dial, connect};
use crate::dialect::{Dialect, nats};
use crate::server::{Ready, Recipe, Server, free_address};

/// Whoever makes the stream: none of the generators, which count from 0.
const MAKER: u32 = u32::MAX;

/// Starts one and makes the stream. Not to be called from within a runtime.
///
/// # Errors
/// It is not installed, did not start or would not make the stream.
pub fn start(programs: &Path, folder: &Path, core: Option<usize>) -> Result<Server> {
    let server = start_bare(programs, folder, core)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, make_stream(server.addr)).context("making a stream")?;
    Ok(server)
}

/// Starts one with a store of its own in `folder`, by the template in `programs`. Without a stream it hands texts on, and
/// neither stores nor acknowledges any.
///
/// # Errors
/// It is not installed or did not start.
pub fn start_bare(programs: &Path, folder: &Path, core: Option<usize>) -> Result<Server> {
    let template = std::fs::read_to_string(programs.join("nats.conf")).context("reading nats.conf")?;
    let addr = free_address()?;
    let store = folder.join("store");
    let config = template.replace("PORT", &addr.port().to_string()).replace("FOLDER", &store.to_string_lossy());
    std::fs::create_dir_all(folder)?;
    let path = folder.join("nats.conf");
    std::fs::write(&path, config)?;
    let recipe = Recipe {
        name: "NATS".to_owned(),
        program: program("nats-server").context("nats-server is not installed")?,
        arguments: vec!["-c".to_owned(), path.to_string_lossy().into_owned()],
        environment: Vec::new(),
        core,
        ready: Ready::Listens,
    };
    Server::start(recipe, folder, addr)
}

async fn make_stream(addr: SocketAddr) -> Result<()> {
    let cut = Dialect::Nats.cut();
    let dial = Dial { to: addr, from: None, path: "/", protocol: None, unread: None, cut };
    let client = connect(dial, |_, _| {}).await?;
    let inbox = nats::inbox(MAKER, 0);
    client.push(&nats::hello(&inbox, &[]));
    client.expect("PONG").await?;
    client.push(&nats::make_stream(&inbox));
    nats::made_stream(&client.expect("stream_create_response").await?)
}
