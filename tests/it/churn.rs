//! What is left behind when everybody has gone, and what no frame may do.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::support::{
    Hub, Visitor, playbooks,
    raw::{BINARY, CONTINUATION, PING, Raw, TEXT},
    token, wait,
};

/// Files the search may open later than the baseline (its journal): few beside the sockets of a churn.
const KEPT: usize = 4;

/// Open files of the hub, sockets included.
fn descriptors(hub: &Hub) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", hub.pid())).expect("a process").count()
}

#[tokio::test]
async fn l6_after_a_churn_of_connections_nothing_is_left_open() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    // The first requests of every kind open what stays open.
    for _ in 0..3 {
        hub.visitor(playbooks::LIVE).await.start().await;
        jane.ok(json!({"type": "list", "folder": "unassigned", "query": "x"})).await;
        hub.get("/v1/conversations?folder=unassigned", "jane").await.ok();
    }
    let before = wait::until("the baseline", async || {
        let now = descriptors(&hub);
        wait::try_within(std::time::Duration::from_millis(300), async || (descriptors(&hub) != now).then_some(()))
            .await
            .is_none()
            .then_some(now)
    })
    .await;
    for round in 0..10 {
        let mut visitors = Vec::new();
        for _ in 0..30 {
            visitors.push(hub.visitor(playbooks::LIVE).await);
        }
        let mut agents = Vec::new();
        for n in 0..5 {
            agents.push(hub.agent(&format!("agent{n}")).await);
        }
        let chat = visitors[0].start().await;
        agents[0].open(&chat).await;
        visitors[0].ok(json!({"type": "end", "conversation": chat})).await;
        if round % 2 == 0 {
            for visitor in &visitors {
                visitor.close().await;
            }
        }
        let half = hub.agents().connect().await.expect("an upgrade");
        drop((half, visitors, agents));
    }
    let after =
        wait::until("all sockets to be gone", async || Some(descriptors(&hub)).filter(|now| *now <= before + KEPT)).await;
    println!("figure L6 connections=360 descriptors_before={before} descriptors_after={after}");
    jane.ok(json!({"type": "list", "folder": "mine"})).await;
}

/// A good request of an agent or a visitor, to be spoilt.
fn requests(chat: &str) -> Vec<Value> {
    vec![
        json!({"type": "list", "id": 1, "folder": "mine", "limit": 10, "before": null, "query": "x"}),
        json!({"type": "open", "id": 2, "conversation": chat, "after": {"epoch": "e", "seq": 1}}),
        json!({"type": "history", "id": 3, "conversation": chat, "before": 5, "limit": 10}),
        json!({"type": "send", "id": 4, "conversation": chat, "key": "k", "text": "hello"}),
        json!({"type": "details", "id": 5, "conversation": chat, "details": {"deal": {"value": 5, "currency": "EUR"}, "person": {"email": "a@b.example"}}}),
        json!({"type": "item", "id": 6, "conversation": chat, "kind": "lead", "title": "t", "key": "k", "fields": {}}),
        json!({"type": "seen", "id": 7, "conversation": chat, "received": 1, "read": 1}),
        json!({"type": "answer", "id": 8, "conversation": chat, "card": "email", "value": "x", "key": "k"}),
        json!({"type": "page", "id": 9, "url": "https://site.example/"}),
        json!({"type": "rate", "id": 10, "conversation": chat, "score": 3, "comment": "c"}),
        json!({"type": "typing", "id": 11, "conversation": chat, "on": true, "preview": "p"}),
    ]
}

/// Bytes that were a request, changed here and there.
fn spoil(request: &Value, random: &mut StdRng) -> Vec<u8> {
    const ODD: [&str; 14] = [
        "null",
        "-1",
        "1e400",
        "18446744073709551616",
        "\"\\ud800\"",
        "[]",
        "{}",
        "true",
        "\"\u{0}\"",
        "0.1",
        "-0",
        "\"\u{202e}\"",
        "9007199254740993",
        "\"\"",
    ];
    let mut text = request.to_string();
    for _ in 0..random.random_range(1..4) {
        let at = (random.random_range(0..=text.len())..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        match random.random_range(0..5) {
            0 => text.truncate(at),
            1 => text.insert_str(at, ODD[random.random_range(0..ODD.len())]),
            2 => {
                // Another value for some member.
                if let Some(colon) = text[..at].rfind(':') {
                    let end = text[colon..].find([',', '}']).map_or(text.len(), |end| colon + end);
                    text.replace_range(colon + 1..end, ODD[random.random_range(0..ODD.len())]);
                }
            }
            3 => text = text.replacen("\"id\"", "\"type\"", 1),
            _ => text = text.replace("conversation", "conversatiоn"),
        }
    }
    let mut bytes = text.into_bytes();
    if random.random_ratio(1, 10) && !bytes.is_empty() {
        let at = random.random_range(0..bytes.len());
        bytes[at] = random.random();
    }
    bytes
}

#[tokio::test]
async fn s5_thousands_of_spoilt_frames_harm_nobody() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    let mut frames = 0;
    for round in 0..120 {
        let agent = round % 2 == 0;
        let mut raw = Raw::open(&if agent { hub.agents() } else { hub.visitors() }).await;
        let mut hello = match agent {
            true => json!({"type": "hello", "token": token::agent("jane", "agent")}),
            false => Visitor::greeting(playbooks::LIVE),
        };
        hello["id"] = json!("hello");
        if !agent {
            hello["token"] = visitor.token();
        }
        if random.random_ratio(9, 10) {
            raw.text(&hello.to_string()).await;
        } else {
            raw.frame(true, TEXT, &spoil(&hello, &mut random)).await;
        }
        for _ in 0..50 {
            let requests = requests(&chat);
            let bytes = spoil(&requests[random.random_range(0..requests.len())], &mut random);
            let opcode = match random.random_range(0..60) {
                0 => BINARY,
                1 => CONTINUATION,
                2 => PING,
                3 => random.random_range(0..16),
                _ => TEXT,
            };
            raw.frame(random.random_ratio(49, 50), opcode, &bytes).await;
            frames += 1;
        }
        raw.cut();
    }
    // Whoever was there before is served as before; the log is whole. That nothing panicked the hub's end will tell.
    visitor.say(&chat, "after", "still here").await;
    jane.event(&chat, |event| event["key"] == "after").await;
    crate::support::judge::judge(&jane.transcript(&chat).await);
    println!("figure S5 frames={frames} panics=0");
}
