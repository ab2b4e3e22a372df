//! What one client may cost the others.

use serde_json::{Value, json};

use crate::support::{Hub, Settings, Visitor, playbooks, token, wait};

#[tokio::test]
async fn l2_a_visitors_flood_is_refused_with_a_time_and_what_follows_never_overtakes() {
    let hub = Settings::new().limit("VISITOR_SENDS_PER_SECOND", 5).limit("VISITOR_SEND_BURST", 10).start().await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    let send = |n: usize| json!({"type": "send", "conversation": chat, "key": format!("k{n}"), "text": format!("{n}")});
    let ids = visitor.post_all((0..14).map(send)).await;
    let mut refused = Vec::new();
    for (n, id) in ids.into_iter().enumerate() {
        let reply = visitor.reply(id).await;
        if reply["ok"] == true {
            assert!(refused.is_empty(), "{n} overtook {refused:?}");
            continue;
        }
        assert_eq!(reply["error"]["code"], "rate_limited", "{reply}");
        assert!(reply["error"]["retry_after_ms"].as_u64().is_some_and(|ms| (1..=10_000).contains(&ms)), "{reply}");
        refused.push(n);
    }
    assert!(!refused.is_empty() && refused.len() <= 4, "{refused:?}");
    // Whatever comes later waits for the first that was refused, however much time has passed.
    let (first, last) = (refused[0], refused.len() - 1);
    wait::until("the first that was refused, in vain the last", async || {
        // What has to wait takes no turn, however often it is tried.
        for _ in 0..20 {
            let blocked = visitor.ask(send(refused[last] + 1)).await;
            assert_eq!(blocked["error"]["code"], "rate_limited", "it overtook: {blocked}");
        }
        (visitor.ask(send(first)).await["ok"] == true).then_some(())
    })
    .await;
    for n in refused[1..].iter().copied().chain([refused[last] + 1]) {
        wait::until("its turn", async || (visitor.ask(send(n)).await["ok"] == true).then_some(())).await;
    }
    let texts: Vec<Value> = visitor
        .events(&chat)
        .iter()
        .filter(|event| event["key"].is_string())
        .map(|event| event["text"].clone())
        .collect();
    assert_eq!(texts, (0..15).map(|n| json!(format!("{n}"))).collect::<Vec<_>>());
}

#[tokio::test]
async fn l2_a_refused_text_that_another_tab_has_sent_holds_up_nothing_more() {
    let hub = Settings::new().limit("VISITOR_SENDS_PER_SECOND", 10).limit("VISITOR_SEND_BURST", 3).start().await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    let other = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    let send = |n: usize| json!({"type": "send", "conversation": chat, "key": format!("k{n}"), "text": format!("{n}")});
    let ids = visitor.post_all((0..10).map(send)).await;
    let mut refused = None;
    for (n, id) in ids.into_iter().enumerate() {
        if visitor.reply(id).await["ok"] != true && refused.is_none() {
            refused = Some(n);
        }
    }
    let refused = refused.expect("one too many");
    wait::until("the other tab's turn", async || (other.ask(send(refused)).await["ok"] == true).then_some(())).await;
    visitor.event(&chat, |event| event["key"] == format!("k{refused}")).await;
    // It is there: whoever sees it does not send it again, and goes on.
    wait::until("the next one", async || (visitor.ask(send(99)).await["ok"] == true).then_some(())).await;
}

#[tokio::test]
async fn l2_a_flood_into_conversations_somebody_makes_up_is_not_kept() {
    let hub = Settings::new().limit("VISITOR_SENDS_PER_SECOND", 5).limit("VISITOR_SEND_BURST", 1).start().await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let send = |n: usize| json!({"type": "send", "conversation": "c_nowhere", "key": format!("k{n}"), "text": "hello"});
    for id in visitor.post_all((0..5).map(send)).await {
        assert_eq!(visitor.reply(id).await["ok"], false);
    }
    // Nothing there waits for a key to come again: there is nothing to overtake.
    wait::until("the plain truth", async || (visitor.ask(send(9)).await["error"]["code"] == "not_found").then_some(()))
        .await;
}

#[tokio::test]
async fn l2_a_visitors_looks_are_metered_and_cost_them_no_text() {
    let hub = Settings::new().limit("VISITOR_SENDS_PER_SECOND", 1).limit("VISITOR_SEND_BURST", 5).start().await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    let looks = [json!({"type": "history", "conversation": chat, "before": 9}), json!({"type": "start"})];
    let mut limited = 0;
    for id in visitor.post_all((0..60).map(|n| looks[n % 2].clone())).await {
        let reply = visitor.reply(id).await;
        if reply["ok"] != true {
            assert_eq!(reply["error"]["code"], "rate_limited", "{reply}");
            assert!(reply["error"]["retry_after_ms"].as_u64().is_some_and(|ms| (1..=1_000).contains(&ms)), "{reply}");
            limited += 1;
        }
    }
    assert!((40..=56).contains(&limited), "{limited} of 60 were refused");
    visitor.say(&chat, "k1", "a text").await;
}

#[tokio::test]
async fn l2_an_agents_flood_is_refused_with_a_time_and_nobody_else_is() {
    let hub = Settings::new().limit("AGENT_REQUESTS_PER_SECOND", 10).limit("AGENT_REQUEST_BURST", 20).start().await;
    let jane = hub.agent("jane").await;
    let max = hub.agent("max").await;
    let ids = jane.post_all((0..60).map(|_| json!({"type": "list", "folder": "mine"}))).await;
    let mut limited = 0;
    for id in ids {
        let reply = jane.reply(id).await;
        if reply["ok"] != true {
            assert_eq!(reply["error"]["code"], "rate_limited", "{reply}");
            assert!(reply["error"]["retry_after_ms"].as_u64().is_some(), "{reply}");
            limited += 1;
        }
    }
    assert!((1..=45).contains(&limited), "{limited} of 60 were refused");
    max.ok(json!({"type": "list", "folder": "mine"})).await;
}

#[tokio::test]
async fn l2_the_oldest_connection_of_a_person_gives_way_with_4505() {
    let hub = Settings::new().limit("CONNECTIONS_PER_AGENT", 2).limit("CONNECTIONS_PER_VISITOR", 2).start().await;
    let first = hub.agent("jane").await;
    let second = hub.agent("jane").await;
    let third = hub.agent("jane").await;
    first.dismissed(4505).await;
    second.ok(json!({"type": "list", "folder": "mine"})).await;
    third.ok(json!({"type": "list", "folder": "mine"})).await;

    let first = hub.visitor(playbooks::LIVE).await;
    let second = first.again(&hub.visitors(), playbooks::LIVE).await;
    let third = first.again(&hub.visitors(), playbooks::LIVE).await;
    first.dismissed(4505).await;
    second.start().await;
    third.start().await;
}

#[tokio::test]
async fn l2_too_many_connections_of_an_address_are_answered_503() {
    let hub = Settings::new().limit("CONNECTIONS_PER_ADDRESS", 3).start().await;
    let kept = [hub.agent("jane").await, hub.agent("max").await, hub.agent("ann").await];
    assert_eq!(hub.agents().connect().await.err(), Some(503));
    let [one, ..] = &kept;
    one.close().await;
    wait::until("a free place", async || hub.agents().connect().await.ok()).await;
}

#[tokio::test]
async fn l2_too_many_sockets_without_a_hello_are_answered_503() {
    let hub = Settings::new().limit("UNAUTHENTICATED_PER_ADDRESS", 3).start().await;
    let jane = hub.agent("jane").await;
    let mut strangers = Vec::new();
    for _ in 0..3 {
        strangers.push(hub.visitors().connect().await.expect("an upgrade"));
    }
    assert_eq!(hub.visitors().connect().await.err(), Some(503));
    jane.ok(json!({"type": "list", "folder": "mine"})).await;
    strangers[0].ok(Visitor::greeting(playbooks::LIVE)).await;
    wait::until("a free place", async || hub.visitors().connect().await.ok()).await;
}

#[tokio::test]
async fn l2_conversations_started_from_an_address_are_limited() {
    let hub = Settings::new().limit("STARTS_PER_ADDRESS", 3).start().await;
    let mut limited = 0;
    for _ in 0..5 {
        let visitor = hub.visitor(playbooks::LIVE).await;
        let reply = visitor.ask(json!({"type": "start"})).await;
        if reply["ok"] != true {
            assert_eq!(reply["error"]["code"], "rate_limited", "{reply}");
            assert!(reply["error"]["retry_after_ms"].as_u64().is_some(), "{reply}");
            limited += 1;
        }
    }
    assert_eq!(limited, 2);
}

#[tokio::test]
async fn l2_raw_frames_over_their_rate_are_read_slowly_and_nobody_else_waits() {
    let hub = Settings::new().limit("FRAMES_PER_SECOND", 100).limit("FRAME_BURST", 100).start().await;
    let jane = hub.agent("jane").await;
    let max = hub.agent("max").await;
    let began = std::time::Instant::now();
    let ids = jane.post_all((0..400).map(|_| json!({"type": "list", "folder": "mine"}))).await;
    for _ in 0..20 {
        max.ok(json!({"type": "list", "folder": "mine"})).await;
    }
    let others = began.elapsed();
    jane.reply(*ids.last().expect("one")).await;
    let own = began.elapsed();
    // Three hundred frames above the burst at a hundred a second; what one read brings in is paid for afterwards.
    assert!(own.as_millis() > 1_000, "all were read in {own:?}");
    assert!(others < own, "others waited {others:?} of {own:?}");
}

#[tokio::test]
async fn l2_an_unending_flood_is_closed_with_4504() {
    let hub = Settings::new().limit("FRAMES_PER_SECOND", 2).limit("FRAME_BURST", 2).start().await;
    let jane = hub.agent("jane").await;
    jane.post_all((0..400).map(|_| json!({"type": "pong"}))).await;
    let limit = std::time::Duration::from_secs(50);
    let code = jane.within(limit, "the end of the flood", |seen| seen.closed).await;
    assert_eq!(code, Some(4504));
}

#[tokio::test]
async fn l2_half_a_request_and_an_endless_head_are_cut_and_nobody_waits() {
    let hub = Hub::start().await;
    let dial = hub.agents();
    let (mut half, mut endless) = (dial.tcp().await.expect("a connection"), dial.tcp().await.expect("a connection"));
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    half.write_all(b"GET /v1/agent HTTP/1.1\r\nhost: x\r\n").await.expect("a write");
    endless
        .write_all(format!("GET /v1/agent HTTP/1.1\r\nx: {}\r\n", "y".repeat(20_000)).as_bytes())
        .await
        .expect("a write");
    hub.agent("jane").await;
    for stream in [&mut endless, &mut half] {
        let mut answer = Vec::new();
        let end = tokio::time::timeout(wait::PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(end.is_ok(), "it is still open");
        assert!(!answer.starts_with(b"HTTP/1.1 2") && !answer.starts_with(b"HTTP/1.1 101"));
    }
}

#[tokio::test]
async fn l1_a_reader_who_stops_is_closed_with_a_code_to_come_back_and_loses_nothing() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    let mut slow = hub.agents();
    slow.receive_buffer = Some(4096);
    let slow = crate::support::Agent::hello(&slow, &token::agent("jane", "agent")).await;
    slow.open(&chat).await;
    slow.hold(true);
    let before = resident(&hub);
    let text = "x".repeat(16_000);
    for n in 0..700 {
        let began = std::time::Instant::now();
        visitor.say(&chat, &format!("k{n}"), &text).await;
        assert!(began.elapsed().as_secs() < 3, "a stalled reader holds up a sender");
    }
    let grown = resident(&hub).saturating_sub(before);
    let limit = std::time::Duration::from_secs(25);
    jane.within(limit, "all texts at a reader who reads", |seen| {
        seen.logs.events(&chat).iter().any(|event| event["key"] == "k699").then_some(())
    })
    .await;
    // A write without progress ends after ten seconds; the hub counts its connections.
    wait::within(limit, "the end of the stalled connection", async || (!has_two_agents(&hub).await).then_some(()))
        .await;
    slow.hold(false);
    let code = slow.within(limit, "the end", |seen| seen.closed).await;
    assert!(matches!(code, Some(4002) | None), "{code:?}");
    let head = slow.seen().logs.head(&chat);
    slow.assert_clean();
    println!("figure L1 stalled=1 texts=700 code={code:?} resident_growth_with_the_tail_kib={grown}");

    let back = hub.agent("jane").await;
    let reply = back
        .ok(json!({"type": "open", "conversation": chat, "after": {"epoch": back.welcome["epoch"], "seq": head}}))
        .await;
    assert_eq!(reply["recovered"], true);
    back.event(&chat, |event| event["key"] == "k699").await;
    let count = back.events(&chat).len() as u64;
    let last = back.seen().logs.head(&chat);
    assert_eq!(count, last - head, "exactly what was missing");
}

/// KiB the hub has in memory.
fn resident(hub: &Hub) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", hub.pid())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

/// Whether more than one agent's socket is established on the hub's side, as the kernel sees it.
async fn has_two_agents(hub: &Hub) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let port = format!(":{:04X}", hub.port);
    let established = |line: &&str| {
        let mut fields = line.split_whitespace();
        fields.nth(1).is_some_and(|local| local.ends_with(&port)) && fields.nth(1) == Some("01")
    };
    table.lines().filter(established).count() > 2
}
