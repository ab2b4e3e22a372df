//! An inbox with many rows: how long an agent who signs in waits for it, and how long a claim takes to reach everybody
//! who has it before them.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use loadtest::machine::{self, Awake};
use loadtest::stamp::{revision, today};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::client::{Client, connect};
use crate::join;
use crate::plan::Inbox;
use crate::report::apart;
use crate::sample::quantile;
use crate::server::{Peer, Server, hub_binary};

/// Connections being opened at the same time.
const AT_ONCE: usize = 64;
/// How long everybody may take to hear of a claim.
const PATIENCE: Duration = Duration::from_secs(10);
/// Rows of one page of a folder.
const PAGE: usize = 100;

/// What the watchers heard of the claim under way.
#[derive(Default)]
struct Heard {
    conversation: RefCell<String>,
    at: RefCell<Vec<Instant>>,
}

/// Microseconds, sorted.
struct Figures {
    hello: Vec<u32>,
    rows: Vec<u32>,
    claim: Vec<u32>,
    reached: Vec<u32>,
}

/// Measures and prints a table.
pub(crate) fn run(inbox: &Inbox) -> Result<bool> {
    let plan = inbox.plan.settled();
    ensure!(inbox.rows >= inbox.times && inbox.times > 0 && inbox.watchers > 0, "nothing to measure");
    let hub = hub_binary(&plan)?;
    machine::raise_descriptors();
    let awake = if plan.keep_awake { Some(Awake::start()?) } else { None };
    machine::pin(machine::OUR_CORE)?;
    let server = Server::start(Peer::Hub, &plan, Some(&hub))?;
    let figures = apart(measure(inbox, server.addr))?;
    drop(awake);
    println!("{}{}. {}.", today(), revision(), machine::describe());
    println!(
        "{} conversations wait in Unassigned, {} agents look at it; each figure of {} times.\n",
        inbox.rows, inbox.watchers, inbox.times
    );
    println!("| ms | p50 | p99 |\n|---|---|---|");
    for (what, times) in [
        ("an agent's `hello`, with the first rows", &figures.hello),
        ("… and all the rows, by `list`", &figures.rows),
        ("a claim is answered", &figures.claim),
        ("a claim reaches each of the others", &figures.reached),
    ] {
        println!("| {what} | {:.2} | {:.2} |", quantile(times, 0.5), quantile(times, 0.99));
    }
    Ok(true)
}

async fn measure(inbox: &Inbox, addr: SocketAddr) -> Result<Figures> {
    let heard = Rc::new(Heard::default());
    let watchers: Vec<Rc<Client>> = stream::iter(0..inbox.watchers)
        .map(|number| watcher(addr, number, heard.clone()))
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .context("an agent could not sign in")?;
    let waiting: Vec<(Rc<Client>, String)> = stream::iter(0..inbox.rows)
        .map(|number| waits(addr, number))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
        .context("a visitor could not begin to wait")?;
    // What all of that set in motion is over.
    sleep(Duration::from_secs(2)).await;
    let (mut hello, mut rows) = (Vec::new(), Vec::new());
    for number in 0..inbox.times {
        let (first, all) = sign_in(addr, inbox.watchers + number, inbox.rows).await?;
        hello.push(first);
        rows.push(all);
    }
    let (mut claim, mut reached) = (Vec::new(), Vec::new());
    for (number, (_, conversation)) in waiting.iter().take(inbox.times).enumerate() {
        let by = number % watchers.len();
        heard.conversation.replace(conversation.clone());
        heard.at.borrow_mut().clear();
        let began = Instant::now();
        watchers[by].request(json!({"type": "claim", "conversation": conversation})).await?;
        claim.push(micros(began, Instant::now()));
        while heard.at.borrow().len() + 1 < watchers.len() {
            ensure!(began.elapsed() < PATIENCE, "a claim did not reach everybody");
            sleep(Duration::from_micros(200)).await;
        }
        reached.extend(heard.at.borrow().iter().map(|&at| micros(began, at)));
    }
    for figures in [&mut hello, &mut rows, &mut claim, &mut reached] {
        figures.sort_unstable();
    }
    Ok(Figures { hello, rows, claim, reached })
}

fn micros(from: Instant, to: Instant) -> u32 {
    to.saturating_duration_since(from).as_micros().min(u128::from(u32::MAX)) as u32
}

/// An agent who is online and has the inbox before them.
async fn watcher(addr: SocketAddr, number: usize, heard: Rc<Heard>) -> Result<Rc<Client>> {
    let own = format!("\"agent{number}\"");
    let hears = move |text: &str| {
        let left = text.contains("\"inbox\"") && text.contains("\"remove\"") && !text.contains(&own);
        if left && text.contains(heard.conversation.borrow().as_str()) {
            heard.at.borrow_mut().push(Instant::now());
        }
    };
    let client = connect(addr, "/v1/agent", hears).await?;
    client.request(join::agent_hello(number)).await?;
    client.request(json!({"type": "availability", "online": true})).await?;
    Ok(client)
}

/// A visitor who waits for somebody, and their conversation.
async fn waits(addr: SocketAddr, number: usize) -> Result<(Rc<Client>, String)> {
    let client = join::idler(Peer::Hub, addr, number).await?;
    let conversation = join::wait(&client).await?;
    Ok((client, conversation))
}

/// Microseconds until the first rows were there, and until all were.
async fn sign_in(addr: SocketAddr, number: usize, rows: usize) -> Result<(u32, u32)> {
    let client = connect(addr, "/v1/agent", |_| {}).await?;
    let began = Instant::now();
    let welcome = client.request(join::agent_hello(number)).await?;
    let first = micros(began, Instant::now());
    ensure!(welcome["counts"]["unassigned"] == rows, "{} rows of {rows}", welcome["counts"]["unassigned"]);
    let (mut got, mut before) = (0, Value::Null);
    loop {
        let mut list = json!({"type": "list", "folder": "unassigned", "limit": PAGE});
        if before.is_string() {
            list["before"] = before;
        }
        let page = client.request(list).await?;
        got += page["conversations"].as_array().map_or(0, Vec::len);
        before = page["next"].clone();
        if before.is_null() {
            break;
        }
    }
    ensure!(got == rows, "{got} rows of {rows} in the folder");
    Ok((first, micros(began, Instant::now())))
}
