//! Getting everybody in: agents sign in, visitors say hello, walk through the playbook to its Live Chat card, and each
//! is claimed by their agent. From then on a text of a visitor goes to one agent.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use loadtest::token::Bearer;
use serde_json::{Value, json};

use crate::client::{Client, connect};
use crate::pairs::Traffic;
use crate::plan::Plan;
use crate::server::{Peer, SECRET};

/// Connections being opened, or conversations being started, at the same time.
const AT_ONCE: usize = 64;
/// The same of visitors who do no more than join.
const IDLERS_AT_ONCE: usize = 256;

/// Connects all agents and visitors of the plan and leaves each visitor in conversation with their agent. The agents'
/// connections come back; the visitors' are in the traffic.
pub(crate) async fn everybody(
    peer: Peer,
    addr: SocketAddr,
    plan: &Plan,
    traffic: &Rc<Traffic>,
) -> Result<Vec<Rc<Client>>> {
    let agents: Vec<Rc<Client>> = stream::iter(0..plan.agents)
        .map(|number| agent(peer, addr, plan, number, traffic.clone()))
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .context("an agent could not sign in")?;
    stream::iter(0..plan.visitors)
        .map(|number| visitor(peer, addr, number, traffic.clone(), agents[number % plan.agents].clone()))
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await
        .context("a visitor could not be brought together with an agent")?;
    Ok(agents)
}

/// Joins as a visitor who has done nothing yet: `hello` was answered, no conversation exists.
pub(crate) async fn idler(peer: Peer, addr: SocketAddr, number: usize) -> Result<Rc<Client>> {
    let client = connect(addr, "/v1/visitor", |_| {}).await?;
    client.request(first_frame(peer, addr, number)).await?;
    Ok(client)
}

/// So many of them, joined side by side.
pub(crate) async fn idlers(peer: Peer, addr: SocketAddr, count: usize) -> Result<Vec<Rc<Client>>> {
    let joining = stream::iter(0..count).map(|number| idler(peer, addr, number)).buffer_unordered(IDLERS_AT_ONCE);
    joining.try_collect().await.context("joining")
}

/// The first frame of an agent.
pub(crate) fn agent_hello(number: usize) -> Value {
    let (sub, name) = (format!("agent{number}"), format!("Agent {number}"));
    let bearer = Bearer { sub: &sub, name: &name, workspace: None, admin: false };
    json!({"type": "hello", "token": bearer.token(SECRET, Duration::from_secs(3600))})
}

/// A visitor who said hello begins to wait for an agent. Their conversation.
pub(crate) async fn wait(client: &Rc<Client>) -> Result<String> {
    let started = client.request(json!({"type": "start"})).await?;
    let conversation = started["conversation"]["id"].as_str().context("`start` named no conversation")?.to_owned();
    let talk =
        json!({"type": "answer", "conversation": conversation, "card": "hello", "option": "talk", "key": "talk"});
    client.request(talk).await?;
    Ok(conversation)
}

fn first_frame(peer: Peer, addr: SocketAddr, number: usize) -> Value {
    match peer {
        Peer::Hub => {
            json!({"type": "hello", "playbook": "pb_demo", "locale": "en", "page": {"url": format!("http://{addr}/demo")}})
        }
        Peer::Relay => json!({"type": "join", "visitor": number}),
    }
}

async fn agent(peer: Peer, addr: SocketAddr, plan: &Plan, number: usize, traffic: Rc<Traffic>) -> Result<Rc<Client>> {
    let (every, all) = (plan.agents, plan.visitors);
    let client = connect(addr, "/v1/agent", move |text| traffic.agent_heard(number, every, text)).await?;
    match peer {
        Peer::Hub => {
            client.request(agent_hello(number)).await?;
            client.request(json!({"type": "availability", "online": true})).await?;
        }
        Peer::Relay => {
            let serves: Vec<usize> = (number..all).step_by(every).collect();
            client.request(json!({"type": "join", "serves": serves})).await?;
        }
    }
    Ok(client)
}

async fn visitor(peer: Peer, addr: SocketAddr, number: usize, traffic: Rc<Traffic>, agent: Rc<Client>) -> Result<()> {
    let heard = traffic.clone();
    let client = connect(addr, "/v1/visitor", move |text| heard.visitor_heard(number, text)).await?;
    let hello = client.request(first_frame(peer, addr, number)).await?;
    let conversation = match peer {
        Peer::Relay => format!("c_{number:022}"),
        Peer::Hub => {
            ensure!(hello["available"] == true, "live chat is not on offer: {}", hello["reason"]);
            let conversation = wait(&client).await?;
            agent.request(json!({"type": "claim", "conversation": conversation})).await?;
            conversation
        }
    };
    traffic.joined(number, client, &conversation);
    Ok(())
}
