//! Agents go in every way there is, at three hubs, and are gone for everybody in time; nobody stays for ever.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Agent, Cluster, Spread,
    dial::Dial,
    playbooks,
    proxy::{Fault, Proxy},
    raw::Raw,
    size, token, wait,
};

/// How long anybody may count as present after their last sign of life.
const GONE: f64 = 35_000.0;

/// How somebody goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// With a close frame.
    Clean,
    /// Their program is killed: a reset.
    Killed,
    /// Their line goes dead: nothing passes, nobody is told.
    Cut,
    /// Their hub is killed and does not come back before they are gone.
    HubKilled,
    /// Their hub sleeps for longer than its lease, and they leave meanwhile.
    HubAsleep,
}

const EXITS: [Exit; 5] = [Exit::Clean, Exit::Killed, Exit::Cut, Exit::HubKilled, Exit::HubAsleep];
/// The hub that dies.
const DIES: usize = 1;
/// The one that sleeps; the others stay.
const SLEEPS: usize = 2;

/// Signs in by hand, switched on.
async fn arrive(dial: Dial, sub: String) -> Raw {
    let mut raw = Raw::open(&dial).await;
    raw.text(&json!({"type": "hello", "id": 1, "token": token::agent(&sub, "agent")}).to_string()).await;
    raw.until(|frame| frame["id"] == 1 && frame["ok"] == true).await;
    raw.text(&json!({"type": "availability", "id": 2, "online": true}).to_string()).await;
    raw.until(|frame| frame["id"] == 2 && frame["ok"] == true).await;
    raw
}

/// When the watcher was last told this status of somebody, and why.
async fn told(watcher: &Agent, sub: &str, status: &str, limit: Duration) -> (Instant, String) {
    watcher
        .within(limit, &format!("{sub} as {status}"), |seen| {
            let of = |raw: &String| {
                let wanted = raw.contains(r#""type":"presence""#) && raw.contains(&format!(r#""id":"{sub}""#));
                wanted.then(|| serde_json::from_str::<Value>(raw).expect("JSON"))
            };
            let (at, push) = seen.raw.iter().enumerate().rev().find_map(|(at, raw)| Some((at, of(raw)?)))?;
            let reason = push["reason"].as_str().unwrap_or_default().to_owned();
            (push["agent"]["status"] == status).then(|| (seen.times[at], reason))
        })
        .await
}

/// One round: everybody comes, goes, and is gone. Gives how long each took.
async fn round(cluster: &mut Cluster, watcher: &Agent, round: usize, together: usize) -> Vec<(Exit, f64)> {
    let line = Proxy::start(([127, 0, 0, 1], cluster.hubs[0].port).into()).await;
    let place = |n: usize| match EXITS[n % EXITS.len()] {
        Exit::HubKilled => cluster.agents(DIES),
        Exit::HubAsleep => cluster.agents(SLEEPS),
        Exit::Cut => Dial::agent(line.addr().port()),
        Exit::Clean | Exit::Killed => cluster.agents(0),
    };
    let sub = |n: usize| format!("agent{round}-{n}");
    let arrivals = join_all((0..together).map(|n| arrive(place(n), sub(n)))).await;
    for n in 0..together {
        told(watcher, &sub(n), "online", Duration::from_secs(10)).await;
    }
    let mut stalled = Vec::new();
    let left = Instant::now();
    cluster.hubs[DIES].kill();
    cluster.hubs[SLEEPS].pause();
    line.set(Fault::Silence);
    for (n, mut raw) in arrivals.into_iter().enumerate() {
        match EXITS[n % EXITS.len()] {
            Exit::Clean => raw.frame(true, 8, &1000u16.to_be_bytes()).await,
            Exit::Cut => stalled.push(raw),
            _ => drop(raw.cut()),
        }
    }
    let mut times = Vec::new();
    for n in 0..together {
        let (at, reason) = told(watcher, &sub(n), "away", Duration::from_secs(60)).await;
        let (exit, took) = (EXITS[n % EXITS.len()], at.duration_since(left).as_secs_f64() * 1e3);
        assert!(took <= GONE, "{} ({exit:?}, {reason}) was gone after {took:.0} ms", sub(n));
        assert!(took >= 15_000.0, "{} ({exit:?}, {reason}) was gone within the grace: {took:.0} ms", sub(n));
        times.push((exit, took));
    }
    cluster.hubs[SLEEPS].resume();
    cluster.restart(&[DIES]).await;
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pr1_agents_of_three_hubs_who_go_in_whatever_way_are_gone_in_time_and_leave_no_ghost() {
    let (rounds, together) = (size(1, 5), size(50, 200));
    let mut cluster = Cluster::start(3).await;
    let watcher = cluster.agent(0, "watcher").await;
    let mut times = Vec::new();
    for n in 0..rounds {
        times.extend(round(&mut cluster, &watcher, n, together).await);
    }
    cluster.well().await;
    // The set is empty, at every hub, the one that woke and the one that was born again included.
    let mut ghosts = 0;
    for hub in 0..3 {
        // One that slept finds out when it has looked.
        wait::within(Duration::from_secs(5), &format!("no ghost at hub {hub}"), async || {
            let visitor = cluster.visitor(hub, playbooks::LIVE).await;
            (visitor.welcome["available"] == false).then_some(())
        })
        .await;
        let agents = cluster.hubs[hub].get("/v1/agents", "watcher").await.ok();
        ghosts +=
            agents["agents"].as_array().expect("a list").iter().filter(|agent| agent["status"] == "online").count();
    }
    // And nobody came back with the one that woke, not for a moment.
    for n in 0..rounds * together {
        let of = format!(r#""id":"agent{}-{}""#, n / together, n % together);
        let online = |raw: &&String| {
            raw.contains(r#""type":"presence""#) && raw.contains(&of) && raw.contains(r#""status":"online""#)
        };
        let times = watcher.seen().raw.iter().filter(online).count();
        assert_eq!(times, 1, "{of} came online more than once");
    }
    for exit in EXITS {
        let spread = Spread::of(times.iter().filter(|(how, _)| *how == exit).map(|(_, took)| *took));
        println!("figure P1 hubs=3 exit={exit:?} cycles={} time_to_away_ms {spread}", times.len() / EXITS.len());
    }
    let all = Spread::of(times.iter().map(|(_, took)| *took));
    println!("figure P1 hubs=3 cycles={} ghosts={ghosts} time_to_away_ms {all}", times.len());
    assert_eq!(ghosts, 0);
}
