//! Many agents at three hubs claim the same conversations at once, some through a hub that dies or whose answers get
//! lost.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Cluster, Roamer, Spread,
    judge::judge,
    playbooks,
    proxy::{Cut, Fault, Way},
    size, wait,
};

/// Conversations that are claimed together.
const BATCH: usize = 20;
/// One batch in so many meets a fault.
const FAULTY: usize = 5;

/// What an agent was told at last.
struct Told {
    agent: usize,
    chat: String,
    reply: Value,
    took: Duration,
}

/// Claims all of them, each agent from another end, and asks again where there was no answer.
async fn claim(agent: &mut Roamer, number: usize, chats: &[String]) -> Vec<Told> {
    let mut told = Vec::new();
    let order = (0..chats.len()).map(|at| &chats[(at + number * 7) % chats.len()]);
    let mut posted = Vec::new();
    let client = agent.client().await;
    for chat in order {
        let asked = Instant::now();
        posted.push((chat, client.post(json!({"type": "claim", "conversation": chat})).await, asked));
    }
    let mut open = Vec::new();
    for (chat, id, asked) in posted {
        match client.reply_or_end(id, wait::PATIENCE).await {
            Some(reply) if reply["error"]["code"] != "unavailable" => {
                told.push(Told { agent: number, chat: chat.clone(), reply, took: asked.elapsed() });
            }
            _ => open.push((chat, asked)),
        }
    }
    for (chat, asked) in open {
        let reply = agent.ask(json!({"type": "claim", "conversation": chat})).await;
        told.push(Told { agent: number, chat: chat.clone(), reply, took: asked.elapsed() });
    }
    told
}

/// So many visitors who wait for an agent, at all hubs.
async fn begin(cluster: &Cluster, count: usize) -> Vec<String> {
    let start = |n: usize| async move {
        let visitor = cluster.visitor(n, playbooks::LIVE).await;
        visitor.start().await
    };
    join_all((0..count).map(start)).await
}

/// A fault at one hub, while its agents claim: it dies, or its answers go nowhere until the connections end.
async fn strike(cluster: &mut Cluster, nth: usize) {
    let (hub, gate) = (nth % 3, &cluster.gates[nth % 3]);
    if nth.is_multiple_of(2) {
        cluster.restart(&[hub]).await;
    } else {
        let before = gate.silenced();
        gate.set_way(Way::Down, Fault::Silence);
        wait::until("answers that were swallowed", async || (gate.silenced() > before).then_some(())).await;
        gate.cut_all(Cut::Reset);
        gate.heal();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_many_agents_of_three_hubs_claim_at_once_and_each_conversation_has_one_owner() {
    let (conversations, agents) = (size(200, 2_000), size(24, 200));
    let mut cluster = Cluster::start(3).await;
    let mut claimers = Vec::new();
    for n in 0..agents {
        claimers.push(Roamer::agent(cluster.all_agents(), n, &format!("agent{n}")).await);
    }
    let mut told = Vec::new();
    let mut faults = 0;
    for batch in 0..conversations / BATCH {
        let chats = begin(&cluster, BATCH).await;
        let faulty = batch % FAULTY == 0;
        let claims = join_all(claimers.iter_mut().enumerate().map(|(n, agent)| claim(agent, n, &chats)));
        let struck = async {
            if faulty {
                strike(&mut cluster, faults).await;
            }
        };
        let ((), claims) = tokio::join!(struck, claims);
        faults += usize::from(faulty);
        told.extend(claims.into_iter().flatten());
    }
    let mut winners: BTreeMap<&str, Vec<&Told>> = BTreeMap::new();
    for told in told.iter().filter(|told| told.reply["ok"] == true) {
        winners.entry(&told.chat).or_default().push(told);
    }
    assert_eq!(winners.len(), conversations, "some were won by nobody");
    let root = cluster.admin(0, "root").await;
    for (chat, won) in &winners {
        let owner = format!("agent{}", won[0].agent);
        assert_eq!(won.len(), 1, "{chat} has {} owners", won.len());
        let events = root.look_through(chat).await;
        let verdict = judge(&events);
        assert_eq!((verdict.assignments, verdict.assignee.as_deref()), (1, Some(&*owner)), "{chat}");
    }
    let mut lost = Vec::new();
    for told in told.iter().filter(|told| told.reply["ok"] != true) {
        let (won, error) = (winners[&*told.chat][0], &told.reply["error"]);
        assert_eq!(error["code"], "conflict", "{}: {error}", told.chat);
        assert_eq!(error["assignee"]["id"], format!("agent{}", won.agent), "{}: {error}", told.chat);
        assert_eq!(error["at"], won.reply["at"], "{}: {error}", told.chat);
        lost.push(told.took);
    }
    assert_eq!(lost.len(), conversations * (agents - 1));
    println!(
        "figure A1 hubs=3 conversations={conversations} agents={agents} claims={} faults={faults} double_owners=0 \
         loser_answer_ms {}",
        told.len(),
        Spread::of_durations(lost)
    );
}
