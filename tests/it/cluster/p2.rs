//! Hubs go and die while agents are at them, and whoever comes back within the grace was never away for anybody: the
//! tabs are in the background, where a browser lets a timer run late.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use crate::support::{Agent, Cluster, Visitor, client::Seen, playbooks, size, wait};

/// Agents.
const AGENTS: usize = 12;
/// How late a tab in the background comes back, in milliseconds. The grace is 20 s.
const LATE: i64 = 12_000;
/// A drain ends within its 30 s.
const DRAIN: Duration = Duration::from_secs(35);
/// By then whoever is gone is gone for everybody.
const GONE: Duration = Duration::from_secs(35);

/// Whoever looks on at one hub, and would be told of every flap.
struct Watch {
    agent: Agent,
    visitor: Visitor,
}

/// An agent and where they are.
struct Seated {
    hub: usize,
    name: String,
    agent: Agent,
}

// === impl Watch ===

impl Watch {
    /// Whoever comes finds everybody there.
    async fn at(cluster: &Cluster, hub: usize) -> Self {
        let agent = cluster.agent(hub, &format!("watcher{hub}")).await;
        let visitor = cluster.visitor(hub, playbooks::LIVE).await;
        assert_eq!(visitor.welcome["available"], true, "hub {hub}: {}", visitor.welcome);
        let agents = agent.welcome["agents"].as_array().expect("agents");
        let online = agents.iter().filter(|agent| agent["status"] == "online").count();
        assert_eq!(online, AGENTS, "hub {hub}: {}", agent.welcome["agents"]);
        Self { agent, visitor }
    }

    /// What was told that never happened: everybody came back in time, and nobody used a switch.
    fn flaps(&self) -> Vec<Value> {
        let wrong = |push: &&Value| match push["type"].as_str() {
            Some("presence") => {
                push["agent"]["id"].as_str().is_some_and(|id| id.starts_with("desk"))
                    && push["agent"]["status"] != "online"
            }
            Some("available") => push["available"] == false,
            _ => false,
        };
        let told = |seen: &Seen| seen.pushes.iter().filter(wrong).cloned().collect::<Vec<_>>();
        [told(&self.agent.seen()), told(&self.visitor.seen())].concat()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pr2_hubs_that_go_or_die_show_nobody_a_flap_of_agents_whose_tabs_come_back_late() {
    let ends = size(2, 12);
    let mut cluster = Cluster::start(3).await;
    let mut desks = Vec::new();
    for n in 0..AGENTS {
        let name = format!("desk{n}");
        desks.push(Seated { hub: n % 3, agent: cluster.online(n % 3, &name).await, name });
    }
    let mut watches = Vec::new();
    for hub in 0..3 {
        watches.push(Watch::at(&cluster, hub).await);
    }
    let (mut flaps, mut moves) = (Vec::new(), 0);
    for n in 0..ends {
        let hub = n % 3;
        let left = wait::now();
        match n % 2 {
            0 => {
                cluster.hubs[hub].terminate();
                let status = cluster.hubs[hub].exit(DRAIN).await;
                assert_eq!(status.code(), Some(0), "{}", cluster.hubs[hub].log());
            }
            _ => cluster.hubs[hub].kill(),
        }
        cluster.hubs[hub].restart().await;
        // The new one knows of everybody, also of those who sat at the old one.
        let fresh = Watch::at(&cluster, hub).await;
        flaps.extend(std::mem::replace(&mut watches[hub], fresh).flaps());
        wait::clock(left + LATE).await;
        let to = (hub + 1) % 3;
        let moved = desks.iter_mut().filter(|desk| desk.hub == hub);
        moves += join_all(moved.map(async |desk| {
            desk.agent = cluster.agent(to, &desk.name).await;
            assert_eq!(desk.agent.welcome["online"], true, "the switch of {} moved", desk.name);
            desk.hub = to;
        }))
        .await
        .len();
    }
    let all = || watches.iter().flat_map(Watch::flaps).collect::<Vec<_>>();
    wait::try_within(GONE, async || (!all().is_empty()).then_some(())).await;
    flaps.extend(all());
    println!("figure P2 hubs=3 ends={ends} reconnects={moves} late_ms={LATE} false_offline={}", flaps.len());
    assert!(flaps.is_empty(), "{flaps:#?}");
}
