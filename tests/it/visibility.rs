//! Rule 13 under every race: each frame to each socket is searched for what its reader must not see.

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Agent, Hub, Visitor, http::Request, playbooks, sight::Secrets, token};

const AGENTS: usize = 6;

/// A conversation of the trial.
struct Room {
    visitor: Visitor,
    chat: String,
}

#[tokio::test]
async fn a3_no_frame_shows_an_assigned_conversation_to_anybody_but_its_owner() {
    let hub = Hub::start().await;
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut agents = Vec::new();
    for n in 0..AGENTS {
        agents.push(hub.online(&format!("agent{n}")).await);
    }
    let root = hub.admin("root").await;
    let (mut rooms, mut transcripts) = (Vec::new(), JoinSet::new());
    for _ in 0..12 {
        let visitor = hub.visitor(playbooks::PEEK).await;
        let chat = visitor.start().await;
        rooms.push(Room { visitor, chat });
    }
    for step in 0..900 {
        let room = &rooms[random.random_range(0..rooms.len())];
        let agent = &agents[random.random_range(0..AGENTS)];
        let chat = &room.chat;
        let key = format!("s{step}");
        // Not waiting for answers is what makes the races.
        match random.random_range(0..20) {
            0..7 => {
                room.visitor.post(json!({"type": "send", "conversation": chat, "key": key, "text": format!("canary-{step}-visitor")})).await;
            }
            7..10 => {
                agent.post(json!({"type": "send", "conversation": chat, "key": key, "text": format!("canary-{step}-agent")})).await;
            }
            10 => {
                room.visitor.tell(json!({"type": "typing", "conversation": chat, "on": true, "preview": format!("typing-{step}-in-{chat}")})).await;
            }
            11..14 => {
                agent.post(json!({"type": "claim", "conversation": chat})).await;
            }
            14..16 => {
                let to = format!("agent{}", random.random_range(0..AGENTS));
                agent.post(json!({"type": "assign", "conversation": chat, "to": to})).await;
            }
            16 => {
                root.post(json!({"type": "assign", "conversation": chat, "to": format!("agent{}", random.random_range(0..AGENTS))})).await;
            }
            17 => {
                pry(agent, chat, &mut random).await;
                transcripts.spawn(transcript(hub.port, agent.id().to_owned(), chat.clone()));
            }
            18 => {
                agent.post(json!({"type": "assign", "conversation": chat, "to": null})).await;
            }
            _ => {
                agent.post(json!({"type": "note", "conversation": chat, "key": key, "text": format!("canary-{step}-note")})).await;
            }
        }
        if step % 25 == 0 {
            root.ok(json!({"type": "list", "folder": "all"})).await;
        }
        if step % 100 == 99 {
            let room = &mut rooms[random.random_range(0..12)];
            root.ask(json!({"type": "close", "conversation": room.chat})).await;
            let visitor = hub.visitor(playbooks::PEEK).await;
            let chat = visitor.start().await;
            let closed = std::mem::replace(room, Room { visitor, chat });
            rooms.push(closed);
        }
    }
    for agent in &agents {
        agent.ok(json!({"type": "list", "folder": "mine"})).await;
    }
    // Who owned what when, by the logs themselves.
    let mut secrets = Secrets::default();
    for room in &rooms {
        secrets.add(&room.chat, &root.transcript(&room.chat).await);
    }
    assert!(secrets.len() > 50, "only {} texts were written in assigned conversations", secrets.len());
    let (mut inspected, mut bytes) = (0, 0);
    for agent in &agents {
        let searched = secrets.inspect(agent.id(), &agent.frames(0));
        inspected += searched.frames;
        bytes += searched.bytes;
    }
    let shown = inspect(&secrets, transcripts).await;
    println!("figure A3 secrets={} frames={inspected} bytes={bytes} transcripts={shown} leaks=0", secrets.len());
}

/// Asks for a transcript over REST; who asked, and what was shown if anything was.
pub async fn transcript(port: u16, sub: String, chat: String) -> (String, Option<String>) {
    let request = Request::new(port, "GET", &format!("/v1/conversations/{chat}/transcript"));
    let request = request.bearer(&token::agent(&sub, "agent")).header("accept", "application/json");
    let answer = request.send().await.ok().filter(|answer| answer.status == 200);
    (sub, answer.map(|answer| answer.body))
}

/// Searches transcripts as if each had come over a connection of its own; how many were shown.
pub async fn inspect(secrets: &Secrets, transcripts: JoinSet<(String, Option<String>)>) -> usize {
    let mut shown = 0;
    for (sub, body) in transcripts.join_all().await {
        shown += body.map_or(0, |body| secrets.inspect(&sub, &[body]).frames);
    }
    assert!(shown > 0, "no transcript was shown to anybody");
    shown
}

/// Asks for what may not be one's to see, by every request there is.
pub async fn pry(agent: &Agent, chat: &str, random: &mut impl Rng) {
    let requests = [
        json!({"type": "open", "conversation": chat}),
        // The newest, with whatever made them visible.
        json!({"type": "history", "conversation": chat, "before": 1_000_000, "limit": 100}),
        json!({"type": "list", "folder": "unassigned"}),
        json!({"type": "list", "folder": "unassigned", "query": "canary"}),
        json!({"type": "details", "conversation": chat, "details": {"note": "prying"}}),
        json!({"type": "open", "conversation": chat, "after": {"epoch": agent.welcome["epoch"], "seq": 1}}),
    ];
    agent.post(requests[random.random_range(0..requests.len())].clone()).await;
}

#[tokio::test]
async fn a3_fetching_what_is_not_yours_answers_as_for_an_id_that_never_was() {
    let hub = Hub::start().await;
    let (jane, max) = (hub.online("jane").await, hub.online("max").await);
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    max.open(&chat).await;
    jane.claim(&chat).await;
    max.lost(&chat).await;
    let nobodys = "c_000000000000000000000000";
    for request in [
        json!({"type": "open"}),
        json!({"type": "history", "before": 9, "limit": 9}),
        json!({"type": "send", "key": "k", "text": "x"}),
        json!({"type": "note", "key": "k", "text": "x"}),
        json!({"type": "assign", "to": "max"}),
        json!({"type": "assign", "to": null}),
        json!({"type": "close"}),
        json!({"type": "details", "details": {"note": "x"}}),
        json!({"type": "item", "kind": "lead", "title": "x", "key": "k"}),
        json!({"type": "leave"}),
        json!({"type": "typing", "on": true}),
        json!({"type": "seen", "read": 1}),
        json!({"type": "notified", "reason": "message", "outcome": "shown"}),
    ] {
        let mut replies = Vec::new();
        for id in [chat.as_str(), nobodys] {
            let mut request = request.clone();
            request["conversation"] = json!(id);
            let mut reply = max.ask(request).await;
            reply.as_object_mut().expect("an object").remove("id");
            replies.push(reply);
        }
        assert_eq!(replies[0], replies[1], "{request}");
    }
    for path in ["/v1/conversations/{}", "/v1/conversations/{}/transcript"] {
        let mut answers = Vec::new();
        for id in [chat.as_str(), nobodys] {
            let answer = hub.get(&path.replace("{}", id), "max").await;
            answers.push((answer.status, answer.body.replace(id, "ID")));
        }
        assert_eq!(answers[0], answers[1], "{path}");
        assert_eq!(answers[0].0, 404);
    }
    let items = hub.get(&format!("/v1/items?conversation={chat}"), "max").await;
    assert!(items.status == 404 || items.json()["items"] == json!([]), "{items:?}");
}

#[tokio::test]
async fn r13_nothing_of_an_assigned_conversation_reaches_another_agent_on_any_path() {
    let hub = Hub::start().await;
    let (jane, max) = (hub.online("jane").await, hub.online("max").await);
    let visitor = hub.visitor(playbooks::PEEK).await;
    let chat = visitor.start().await;
    max.row(&chat, "waiting").await;
    jane.claim(&chat).await;
    max.lost(&chat).await;
    let mark = max.mark();
    visitor.say(&chat, "k1", "canary-text").await;
    visitor.tell(json!({"type": "typing", "conversation": chat, "on": true, "preview": "canary-preview"})).await;
    visitor.ok(json!({"type": "page", "url": "https://site.example/canary-page"})).await;
    jane.push("the preview", |push| push["type"] == "typing" && push["preview"] == "canary-preview").await;
    let said = jane.say(&chat, "k2", "canary-answer").await["seq"].clone();
    visitor.ok(json!({"type": "seen", "conversation": chat, "read": said})).await;
    jane.ok(json!({"type": "note", "conversation": chat, "key": "k3", "text": "canary-note"})).await;
    jane.ok(json!({"type": "details", "conversation": chat, "details": {"person": {"name": "canary-name"}}})).await;
    jane.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "canary-deal", "key": "k4"})).await;
    jane.push("seen", |push| push["type"] == "seen").await;
    for folder in ["unassigned", "mine", "closed"] {
        max.folder(folder).await;
        max.ok(json!({"type": "list", "folder": folder, "query": "canary"})).await;
        hub.get(&format!("/v1/conversations?folder={folder}"), "max").await.ok();
    }
    let late = hub.agent("max").await;
    let items = hub.get("/v1/items", "max").await;
    // A second conversation that Max may see comes behind everything of the first.
    let other = hub.visitor(playbooks::LIVE).await;
    let second = other.start().await;
    max.row(&second, "waiting").await;
    late.row(&second, "waiting").await;
    let shown = max.frames(mark).join("\n") + &late.frames(0).join("\n") + &items.body;
    for secret in ["canary", chat.as_str()] {
        assert!(!shown.contains(secret), "Max was shown {secret}:\n{shown}");
    }
    assert_eq!(late.welcome["counts"]["mine"], 0);

    jane.finish(&chat).await;
    max.row(&chat, "closed").await;
    assert!(max.open(&chat).await["events"].to_string().contains("canary-text"), "closed is visible to all");
}

#[tokio::test]
async fn s1_visitors_are_shown_nothing_of_each_other() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let (ann, bob) = (hub.visitor(playbooks::PEEK).await, hub.visitor(playbooks::PEEK).await);
    let (one, two) = (ann.start().await, bob.start().await);
    for chat in [&one, &two] {
        jane.claim(chat).await;
    }
    ann.say(&one, "k", "canary-of-ann").await;
    jane.say(&one, "j", "canary-to-ann").await;
    jane.tell(json!({"type": "typing", "conversation": one, "on": true})).await;
    ann.push("typing", |push| push["type"] == "typing").await;
    jane.say(&two, "j", "to bob").await;
    bob.event(&two, |event| event["text"] == "to bob").await;
    let shown = bob.frames(0).concat();
    for secret in ["canary", one.as_str(), ann.id(), ann.token().as_str().expect("a token")] {
        assert!(!shown.contains(secret), "Bob was shown {secret}");
    }
    assert!(bob.has(|push| push["type"] == "typing").is_none());
}
