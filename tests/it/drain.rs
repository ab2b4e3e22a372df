//! SIGTERM: everybody is asked to go, spread over time, and nothing is lost.

use std::time::Duration;

use serde_json::json;

use crate::support::{Hub, playbooks, wait};

#[tokio::test]
async fn l4_sigterm_moves_every_client_with_a_jittered_goodbye_and_exits_0() {
    let mut hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let (max, ann) = (hub.agent("max").await, hub.agent("ann").await);
    let mut visitors = Vec::new();
    for _ in 0..30 {
        visitors.push(hub.visitor(playbooks::LIVE).await);
    }
    let chat = visitors[0].start().await;
    jane.claim(&chat).await;
    let began = std::time::Instant::now();
    hub.terminate();
    let unready = wait::try_within(Duration::from_secs(20), async || {
        let answer = hub.request("GET", "/readyz").send().await;
        match answer {
            Ok(answer) => (answer.status == 503).then_some(true),
            Err(_) => Some(false),
        }
    });
    assert!(unready.await.is_some(), "a draining hub calls itself ready");
    let mut delays = Vec::new();
    let limit = Duration::from_secs(40);
    for client in visitors.iter().map(|visitor| &visitor.client).chain([&jane.client]) {
        let goodbye = client
            .within(limit, "a goodbye", |seen| seen.pushes.iter().find(|push| push["type"] == "goodbye").cloned())
            .await;
        assert_eq!((&goodbye["code"], &goodbye["reconnect"]), (&json!(4001), &json!(true)), "{goodbye}");
        delays.push(goodbye["after_ms"].as_u64().unwrap_or_else(|| panic!("no after_ms: {goodbye}")));
        let code = client.within(limit, "the close", |seen| seen.closed).await;
        assert_eq!(code, Some(4001));
    }
    let status = hub.exit(limit).await;
    assert_eq!(status.code(), Some(0));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(35), "{took:?}");
    for agent in [&jane, &max, &ann] {
        // Back before their grace of 20 s is over, the start of the next process included.
        let goodbye = agent.push("a goodbye", |push| push["type"] == "goodbye").await;
        assert!(goodbye["after_ms"].as_u64().is_some_and(|ms| ms <= 5_000), "an agent would flap: {goodbye}");
    }
    delays.sort_unstable();
    let distinct = delays.windows(2).filter(|pair| pair[0] != pair[1]).count() + 1;
    assert!(distinct >= 20, "not spread: {delays:?}");
    println!(
        "figure L4 clients={} drained_in_s={:.1} after_ms min={} max={}",
        delays.len(),
        took.as_secs_f64(),
        delays[0],
        delays[delays.len() - 1]
    );

    hub.restart().await;
    let back = hub.agent("jane").await;
    assert_eq!((&back.welcome["online"], &back.welcome["mine"][0]["id"]), (&json!(true), &json!(chat)));
}

#[tokio::test]
async fn l4_what_is_sent_during_a_drain_is_kept_or_refused_never_lost() {
    let mut hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    let mut acked = Vec::new();
    let mut ids = Vec::new();
    for n in 0..400 {
        if n == 100 {
            hub.terminate();
        }
        let key = format!("k{n}");
        ids.push((
            key.clone(),
            visitor.post(json!({"type": "send", "conversation": chat, "key": key, "text": "x"})).await,
        ));
    }
    for (key, id) in ids {
        if visitor.try_reply(id).await.is_some_and(|reply| reply["ok"] == true) {
            acked.push(key);
        }
    }
    hub.exit(Duration::from_secs(40)).await;
    hub.restart().await;
    let back = visitor.resume(&hub.visitors(), playbooks::LIVE, &chat, 0).await;
    for key in acked {
        back.event(&chat, |event| event["key"] == key.as_str()).await;
    }
}

#[tokio::test]
async fn o_a_second_sigterm_stops_at_once() {
    let mut hub = Hub::start().await;
    let mut kept = Vec::new();
    for _ in 0..20 {
        kept.push(hub.visitor(playbooks::LIVE).await);
    }
    hub.terminate();
    wait::until("the drain", async || match hub.request("GET", "/readyz").send().await {
        Ok(answer) if answer.status == 200 => None,
        _ => Some(()),
    })
    .await;
    hub.terminate();
    hub.exit(Duration::from_secs(6)).await;
}
