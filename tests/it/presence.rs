//! Who is there: intent times reachability, with a grace and with reasons.

use std::time::Instant;

use serde_json::json;

use crate::support::{Agent, Hub, Visitor, playbooks, raw::Raw, token};

/// How somebody goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Exit {
    /// With a close frame.
    Clean,
    /// The connection is reset.
    Reset,
    /// The connection stands and nobody answers any more.
    Silent,
}

/// Signs in by hand, switched on, and reads on until the hub has answered.
async fn arrive(hub: &Hub, sub: &str) -> Raw {
    let mut raw = Raw::open(&hub.agents()).await;
    raw.text(&json!({"type": "hello", "id": 1, "token": token::agent(sub, "agent")}).to_string()).await;
    raw.until(|frame| frame["id"] == 1 && frame["ok"] == true).await;
    raw.text(&json!({"type": "availability", "id": 2, "online": true}).to_string()).await;
    raw.until(|frame| frame["id"] == 2 && frame["ok"] == true).await;
    raw
}

/// The moment the watcher is told of a status.
async fn told(watcher: &Agent, sub: &str, status: &str) -> (Instant, String) {
    let limit = std::time::Duration::from_secs(60);
    watcher
        .within(limit, &format!("{sub} as {status}"), |seen| {
            let wanted = |push: &serde_json::Value| {
                push["type"] == "presence" && push["agent"]["id"] == sub && push["agent"]["status"] == status
            };
            let push = seen.pushes.iter().find(|push| wanted(push))?;
            let reason = push["reason"].as_str().unwrap_or_default().to_owned();
            let at = seen
                .raw
                .iter()
                .position(|raw| serde_json::from_str(raw).is_ok_and(|frame: serde_json::Value| wanted(&frame)))?;
            Some((seen.times[at], reason))
        })
        .await
}

#[tokio::test]
async fn pr1_agents_who_die_without_a_word_are_gone_within_35_s_and_nobody_stays_for_ever() {
    let hub = Hub::start().await;
    let watcher = hub.agent("watcher").await;
    let exits = [Exit::Clean, Exit::Reset, Exit::Silent];
    let mut gone = Vec::new();
    let mut stalled = Vec::new();
    for n in 0..50 {
        let (sub, exit) = (format!("agent{n}"), exits[n % 3]);
        let mut raw = arrive(&hub, &sub).await;
        told(&watcher, &sub, "online").await;
        let left = Instant::now();
        match exit {
            Exit::Clean => {
                raw.frame(true, 8, &1000u16.to_be_bytes()).await;
                raw.closing().await;
            }
            Exit::Reset => drop(raw.cut()),
            Exit::Silent => stalled.push(raw),
        }
        gone.push((sub, exit, left));
    }
    let mut times = Vec::new();
    for (sub, exit, left) in gone {
        let (at, reason) = told(&watcher, &sub, "away").await;
        let took = at.duration_since(left).as_secs_f64();
        assert!((19.0..=35.0).contains(&took), "{sub} ({exit:?}, {reason}) was gone after {took:.1} s");
        assert!(matches!(reason.as_str(), "closed" | "lost"), "{sub} ({exit:?}): {reason}");
        if exit == Exit::Clean {
            assert!(took < 25.0, "{sub} closed cleanly and was gone after {took:.1} s");
        }
        times.push(took);
    }
    times.sort_by(f64::total_cmp);
    // The set is empty: nobody is available, and a visitor is told so.
    let visitor = hub.visitor(playbooks::LIVE).await;
    assert_eq!(visitor.welcome["available"], false, "a ghost");
    let agents = hub.get("/v1/agents", "watcher").await.ok();
    let ghosts =
        agents["agents"].as_array().expect("a list").iter().filter(|agent| agent["status"] == "online").count();
    assert_eq!(ghosts, 0, "{agents}");
    let (p50, p99, max) = (times[times.len() / 2], times[times.len() * 99 / 100], times[times.len() - 1]);
    println!("figure P1 cycles={} ghosts=0 time_to_away_s p50={p50:.1} p99={p99:.1} max={max:.1}", times.len());
}

#[tokio::test]
async fn pr2_a_reconnect_within_the_grace_shows_no_flap() {
    let hub = Hub::start().await;
    let watcher = hub.agent("watcher").await;
    let mut agents = Vec::new();
    for n in 0..10 {
        agents.push((format!("agent{n}"), arrive(&hub, &format!("agent{n}")).await));
    }
    for (sub, _) in &agents {
        told(&watcher, sub, "online").await;
    }
    let visitor = hub.visitor(playbooks::LIVE).await;
    watcher.clear();
    let mut flaps = 0;
    for round in 0..5 {
        for (sub, raw) in &mut agents {
            let old = std::mem::replace(raw, Raw::open(&hub.agents()).await);
            if round % 2 == 0 {
                old.cut();
            } else {
                drop(old);
            }
            raw.text(&json!({"type": "hello", "id": 1, "token": token::agent(sub, "agent")}).to_string()).await;
            let hello = raw.until(|frame| frame["id"] == 1).await;
            assert_eq!(hello["online"], true);
        }
    }
    watcher.ok(json!({"type": "list", "folder": "mine"})).await;
    flaps += watcher.seen().pushes.iter().filter(|push| push["type"] == "presence").count();
    flaps += visitor.seen().pushes.iter().filter(|push| push["type"] == "available").count();
    println!("figure P2 reconnects=50 flaps={flaps}");
    assert_eq!(flaps, 0);
}

#[tokio::test]
async fn pr1_after_the_hub_died_nobody_stays_online_and_who_comes_back_never_flaps() {
    let mut hub = Hub::start().await;
    let mut ghost = arrive(&hub, "ghost").await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    visitor.event_of(&chat, "waiting").await;
    hub.restart().await;
    let born = Instant::now();
    ghost.closing().await;
    drop(jane);
    // Nobody has come back yet: whoever was there counts as present, and a stranger's wait begins.
    let stranger = hub.visitor(playbooks::LIVE).await;
    assert_eq!(stranger.welcome["available"], true, "a visitor in the moment of a restart gets the offline flow");
    let hope = stranger.start().await;
    stranger.event_of(&hope, "waiting").await;
    let jane = hub.agent("jane").await;
    assert_eq!(jane.welcome["online"], true);
    let visitor = Visitor::again(&visitor, &hub.visitors(), playbooks::LIVE).await;
    assert_eq!(visitor.welcome["conversation"]["state"], "waiting", "a restart is no leaving");
    let (at, reason) = told(&jane, "ghost", "away").await;
    assert_eq!(reason, "node_lost");
    let took = at.duration_since(born).as_secs_f64();
    assert!((19.0..=31.0).contains(&took), "the ghost was gone after {took:.1} s");
    println!("figure P1 ghost of a dead incarnation gone_after_s={took:.1}");
    assert_eq!(
        jane.has(|push| push["type"] == "presence"
            && push["agent"]["id"] == "jane"
            && push["agent"]["status"] != "online"),
        None
    );
    assert!(visitor.events(&chat).iter().all(|event| event["type"] != "missed"));
    assert!(stranger.events(&hope).iter().all(|event| event["type"] != "missed"));
    assert_eq!(stranger.has(|push| push["type"] == "available"), None, "a flap");
}

#[tokio::test]
async fn r8_when_nobody_comes_back_after_a_crash_the_wait_ends_with_the_last_lease_and_its_grace() {
    let mut hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    visitor.event_of(&chat, "waiting").await;
    hub.restart().await;
    let born = Instant::now();
    drop(jane);
    let visitor = Visitor::again(&visitor, &hub.visitors(), playbooks::LIVE).await;
    assert_eq!(visitor.welcome["conversation"]["state"], "waiting");
    let limit = std::time::Duration::from_secs(45);
    let missed = visitor
        .within(limit, "the early offline", |seen| {
            seen.logs.events(&chat).iter().find(|event| event["type"] == "missed").cloned()
        })
        .await;
    assert_eq!(missed["reason"], "everyone_left");
    let took = born.elapsed().as_secs_f64();
    assert!((19.0..=31.0).contains(&took), "carried over after {took:.1} s");
}

#[tokio::test]
async fn r10_a_second_device_keeps_an_agent_there() {
    let hub = Hub::start().await;
    let watcher = hub.agent("watcher").await;
    let desk = hub.online("jane").await;
    let phone = hub.agent("jane").await;
    told(&watcher, "jane", "online").await;
    let other = arrive(&hub, "max").await;
    other.cut();
    desk.close().await;
    // When Max, who left at the same time, is found gone, Jane is still there by her phone.
    told(&watcher, "max", "away").await;
    assert_eq!(
        watcher.has(|push| push["type"] == "presence"
            && push["agent"]["id"] == "jane"
            && push["agent"]["status"] == "away"),
        None
    );
    phone.ok(json!({"type": "list", "folder": "mine"})).await;
}

#[tokio::test]
async fn r8_when_the_last_agent_is_found_gone_the_wait_ends_then() {
    let hub = Hub::start().await;
    let jane = arrive(&hub, "jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    let mut raw = jane;
    raw.frame(true, 8, &1000u16.to_be_bytes()).await;
    raw.closing().await;
    drop(raw);
    let limit = std::time::Duration::from_secs(40);
    let missed = visitor
        .within(limit, "the early offline", |seen| {
            seen.logs.events(&chat).iter().find(|event| event["type"] == "missed").cloned()
        })
        .await;
    assert_eq!(missed["reason"], "everyone_left");
    assert!(visitor.seen().pushes.iter().any(|push| push["type"] == "available" && push["available"] == false));
}
