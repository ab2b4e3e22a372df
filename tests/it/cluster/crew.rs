//! What an agent does at one hub holds at all of them: the switch, being removed, being the last to leave.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Cluster, playbooks, wait};

fn is_status(push: &Value, agent: &str, status: &str, reason: &str) -> bool {
    push["type"] == "presence"
        && push["agent"]["id"] == agent
        && push["agent"]["status"] == status
        && push["reason"] == reason
}

fn is_available(push: &Value, reason: &str) -> bool {
    push["type"] == "available" && push["reason"] == reason
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r8_the_last_agent_leaves_at_one_hub_and_who_waits_at_another_is_carried_over_at_once() {
    let cluster = Cluster::start(3).await;
    let jane = cluster.online(0, "jane").await;
    let bob = cluster.agent(2, "bob").await;
    let waiting = cluster.visitor(1, playbooks::LIVE).await;
    assert_eq!(waiting.welcome["available"], true, "{}", waiting.welcome);
    let chat = waiting.start().await;
    waiting.event_of(&chat, "waiting").await;
    let looking = cluster.visitor(2, playbooks::LIVE).await;

    jane.switch(false).await;
    let missed = waiting.event_of(&chat, "missed").await;
    assert_eq!(missed["reason"], "everyone_left");
    bob.push("bob is told why", |push| is_status(push, "jane", "offline", "toggle")).await;
    looking.push("live chat is off", |push| is_available(push, "nobody_online")).await;

    // Used at another hub, by her other device, the switch moves here too.
    let phone = cluster.agent(1, "jane").await;
    assert_eq!(phone.welcome["online"], false);
    phone.switch(true).await;
    bob.push("bob is told", |push| is_status(push, "jane", "online", "toggle")).await;
    looking.push("live chat is on", |push| is_available(push, "ok")).await;
    let root = cluster.admin(2, "root").await;
    root.ok(json!({"type": "availability", "agent": "jane", "online": false})).await;
    for agent in [&jane, &bob] {
        agent.push("everybody is told", |push| is_status(push, "jane", "offline", "admin")).await;
    }
    looking.push("live chat is off again", |push| is_available(push, "nobody_online")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b_a_removed_agents_sessions_end_within_five_seconds_at_every_hub() {
    let cluster = Cluster::start(3).await;
    let devices = [cluster.online(0, "jane").await, cluster.agent(1, "jane").await, cluster.agent(2, "jane").await];
    let bob = cluster.online(1, "bob").await;
    let visitor = cluster.visitor(2, playbooks::LIVE).await;
    let chat = visitor.start().await;
    devices[0].claim(&chat).await;
    let began = Instant::now();
    let answer = cluster.hubs[1].rest("DELETE", "/v1/agents/jane", None).await;
    assert!((200..300).contains(&answer.status), "{}", answer.status);
    for device in &devices {
        assert_eq!(device.closing().await, Some(4502));
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "her sessions ended after {took:?}");
    bob.push("bob is told why", |push| is_status(push, "jane", "offline", "admin")).await;
    // Her chat is everybody's again.
    bob.row(&chat, "unassigned").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pr3_while_redis_is_gone_presence_stands_as_it_was_known_and_is_true_again_afterwards() {
    let mut cluster = Cluster::start(2).await;
    let jane = cluster.online(0, "jane").await;
    let bob = cluster.agent(1, "bob").await;
    let visitor = cluster.visitor(1, playbooks::LIVE).await;
    assert_eq!(visitor.welcome["available"], true, "{}", visitor.welcome);
    cluster.redis.kill();
    for (n, hub) in cluster.hubs.iter().enumerate() {
        wait::until(&format!("hub {n} to say what it does without"), async || {
            let answer = hub.request("GET", "/readyz").send().await.ok()?;
            (answer.status == 200 && answer.json()["degraded"] == json!(["redis"])).then_some(())
        })
        .await;
    }
    let flap = || {
        let away = |push: &Value| push["agent"]["id"] == "jane" && push["agent"]["status"] != "online";
        bob.has(away).or_else(|| visitor.has(|push| is_available(push, "nobody_online")))
    };
    // Longer than her lease and the grace.
    wait::try_within(Duration::from_secs(33), async || flap().map(|_| ())).await;
    assert_eq!(flap(), None, "somebody was declared gone on a guess");
    let late = cluster.visitor(1, playbooks::LIVE).await;
    assert_eq!(late.welcome["available"], true, "{}", late.welcome);
    // The switch is in the store: its word goes without Redis.
    jane.switch(false).await;
    let told = |push: &Value| is_status(push, "jane", "offline", "toggle");
    bob.push("bob is told, a little later", told).await;
    jane.switch(true).await;
    bob.push("and again", |push| is_status(push, "jane", "online", "toggle")).await;

    cluster.redis.start_again().await;
    cluster.well().await;
    let phone = cluster.online(0, "kim").await;
    // She may be heard of when she has switched on already.
    let kim = |push: &Value| push["agent"]["id"] == "kim" && push["agent"]["status"] == "online";
    bob.push("who comes is seen", kim).await;
    phone.switch(false).await;
    bob.push("and who goes", |push| is_status(push, "kim", "offline", "toggle")).await;
}
