//! Knocking, the first frame, replies by id, and every frame a hub must refuse.

use serde_json::{Value, json};

use crate::support::{
    Agent, Client, Hub, Settings, Visitor, playbooks,
    raw::{BINARY, CONTINUATION, PING, Raw, TEXT, head},
    token,
};

async fn knock(hub: &Hub) -> Client {
    hub.agents().connect().await.expect("an upgrade")
}

#[tokio::test]
async fn p1_the_subprotocol_is_echoed_when_offered_and_never_demanded() {
    let hub = Hub::start().await;
    for (offered, chosen) in [(true, Some("usher.v1".to_owned())), (false, None)] {
        for mut dial in [hub.visitors(), hub.agents()] {
            dial.subprotocol = offered;
            assert_eq!(dial.upgrade().await.expect("an upgrade").1, chosen);
        }
    }
}

#[tokio::test]
async fn p1_anything_before_hello_closes_with_4500() {
    let hub = Hub::start().await;
    for frame in [
        r#"{"type":"list","id":1,"folder":"mine"}"#,
        r#"{"type":"pong"}"#,
        "[]",
        "no json",
        r#"{"type":"hello","id":1}"#,
    ] {
        let client = knock(&hub).await;
        client.text(frame.into()).await;
        client.dismissed(4500).await;
    }
    let visitor = hub.visitors().connect().await.expect("an upgrade");
    visitor.text(json!({"type": "start", "id": 1}).to_string()).await;
    visitor.dismissed(4500).await;
}

#[tokio::test]
async fn p1_no_hello_in_time_closes_with_4501() {
    let hub = Settings::new().limit("HELLO_TIMEOUT_MS", 300).start().await;
    for dial in [hub.visitors(), hub.agents()] {
        dial.connect().await.expect("an upgrade").dismissed(4501).await;
    }
}

#[tokio::test]
async fn p1_a_hello_that_is_too_long_closes_with_4501_and_says_so() {
    let hub = Hub::start().await;
    for dial in [hub.visitors(), hub.agents()] {
        let client = dial.connect().await.expect("an upgrade");
        client.text(json!({"type": "hello", "id": 1, "token": "x".repeat(8 * 1024)}).to_string()).await;
        let goodbye = client.dismissed(4501).await;
        assert_eq!(goodbye["reason"], "the hello is longer than 8 KiB");
    }
}

#[tokio::test]
async fn p1_a_refused_hello_is_answered_then_goodbye_then_closed() {
    let hub = Hub::start().await;
    let agent = knock(&hub).await;
    agent.refused(json!({"type": "hello", "token": "no token"}), "unauthorized").await;
    agent.dismissed(4502).await;

    let visitor = hub.visitors().connect().await.expect("an upgrade");
    let reply = visitor.ask(Visitor::greeting("pb_nobody_made")).await;
    assert_eq!(reply["ok"], false);
    visitor.dismissed(4503).await;
}

#[tokio::test]
async fn p1_a_foreign_origin_and_a_sleeping_playbook_close_with_4503() {
    let hub = Hub::start().await;
    for (playbook, origin) in [
        (playbooks::FENCED, Some("https://other.example")),
        (playbooks::FENCED, Some("http://site.example")),
        (playbooks::FENCED, Some("https://site.example:8443")),
        (playbooks::FENCED, Some("null")),
        (playbooks::ASLEEP, Some(playbooks::SITE)),
    ] {
        let mut dial = hub.visitors();
        dial.origin = origin.map(Into::into);
        // A hub may refuse a foreign origin before the upgrade only when no playbook at all allows it.
        let visitor = dial.connect().await.expect("an upgrade");
        let reply = visitor.ask(Visitor::greeting(playbook)).await;
        assert_eq!(reply["ok"], false, "{playbook} from {origin:?}");
        visitor.dismissed(4503).await;
    }
    hub.visitor(playbooks::FENCED).await;
    Visitor::hello(&hub.visitors().from(&format!("http://127.0.0.1:{}", hub.port)), playbooks::FENCED).await;
}

#[tokio::test]
async fn p1_the_id_of_a_request_comes_back_as_it_was() {
    let hub = Hub::start().await;
    let agent = hub.agent("jane").await;
    for id in [json!(0), json!(7), json!(9_007_199_254_740_991_u64), json!("a"), json!("ä ö ü"), json!("x".repeat(64))]
    {
        agent.tell(json!({"type": "list", "folder": "mine", "id": id})).await;
        let reply = agent.push("a reply", |push| push["type"] == "reply").await;
        assert_eq!((&reply["id"], &reply["ok"]), (&id, &json!(true)));
    }
    for id in [json!("x".repeat(65)), json!(1.5), json!([1]), json!({}), json!(true)] {
        agent.tell(json!({"type": "list", "folder": "mine", "id": id})).await;
        let reply = agent.push("a refusal", |push| push["type"] == "reply").await;
        assert_eq!((&reply["id"], &reply["error"]["code"]), (&Value::Null, &json!("invalid")), "{id}: {reply}");
    }
}

#[tokio::test]
async fn p1_a_request_without_id_gets_no_reply() {
    let hub = Hub::start().await;
    let agent = hub.agent("jane").await;
    let before = agent.mark();
    agent.tell(json!({"type": "list", "folder": "mine"})).await;
    agent.ok(json!({"type": "list", "folder": "closed"})).await;
    let replies = agent.frames(before).iter().filter(|frame| frame.contains(r#""type":"reply""#)).count();
    assert_eq!(replies, 1);
}

#[tokio::test]
async fn p1_unknown_fields_are_ignored_and_unknown_types_unsupported() {
    let hub = Hub::start().await;
    let agent = hub.agent("jane").await;
    agent.ok(json!({"type": "list", "folder": "mine", "colour": "blue", "deep": {"a": [1, 2]}})).await;
    agent.refused(json!({"type": "levitate"}), "unsupported").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    visitor.refused(json!({"type": "claim", "conversation": "c_x"}), "unsupported").await;
    visitor.refused(json!({"type": ""}), "unsupported").await;
    visitor.start().await;
}

#[tokio::test]
async fn p1_every_field_of_a_wrong_shape_is_invalid_by_name_and_the_connection_is_kept() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    let good = [
        json!({"type": "availability", "online": true}),
        json!({"type": "settings", "notify": {"message": true}}),
        json!({"type": "list", "folder": "mine", "limit": 10, "query": "x"}),
        json!({"type": "open", "conversation": chat}),
        json!({"type": "history", "conversation": chat, "before": 3, "limit": 10}),
        json!({"type": "claim", "conversation": chat}),
        json!({"type": "assign", "conversation": chat, "to": "jane"}),
        json!({"type": "send", "conversation": chat, "key": "k1", "text": "hello"}),
        json!({"type": "note", "conversation": chat, "key": "k2", "text": "hello"}),
        json!({"type": "typing", "conversation": chat, "on": true}),
        json!({"type": "seen", "conversation": chat, "read": 2}),
        json!({"type": "details", "conversation": chat, "details": {"note": "n"}}),
        json!({"type": "item", "conversation": chat, "kind": "lead", "title": "A lead", "key": "k3"}),
        json!({"type": "notified", "conversation": chat, "reason": "message", "outcome": "shown"}),
    ];
    for request in good {
        let fields: Vec<String> =
            request.as_object().expect("an object").keys().filter(|key| *key != "type").cloned().collect();
        for field in fields {
            // No field of these is a list of numbers; and every other one of them would be of the wrong type too.
            let mut bad = request.clone();
            bad[&field] = json!([1]);
            let error = jane.refused(bad.clone(), "invalid").await;
            assert!(error["field"].as_str().is_some_and(|named| named.starts_with(&field)), "{bad}: {error}");
            // Ten malformed frames in a row would close the connection.
            jane.ok(json!({"type": "list", "folder": "mine"})).await;
        }
        assert_eq!(jane.ask(request.clone()).await["ok"], true, "{request}");
    }
    for (request, field) in [
        (json!({"type": "answer", "conversation": chat, "card": 1, "option": "a", "key": "k"}), "card"),
        (json!({"type": "answer", "conversation": chat, "card": "email", "option": 3, "key": "k"}), "option"),
        (json!({"type": "send", "conversation": chat, "text": "x"}), "key"),
        (json!({"type": "send", "conversation": chat, "key": "k"}), "text"),
        (json!({"type": "send", "conversation": chat, "key": "", "text": "x"}), "key"),
        (json!({"type": "send", "conversation": chat, "key": "k".repeat(65), "text": "x"}), "key"),
        (json!({"type": "page", "url": 5}), "url"),
        (json!({"type": "rate", "conversation": chat, "score": "good"}), "score"),
        (json!({"type": "end"}), "conversation"),
    ] {
        let error = visitor.refused(request.clone(), "invalid").await;
        assert!(error["field"].as_str().is_some_and(|named| named.starts_with(field)), "{request}: {error}");
        visitor.ok(json!({"type": "page", "url": "https://site.example/a"})).await;
    }
}

#[tokio::test]
async fn p1_ten_malformed_frames_in_a_row_close_with_4504_and_refused_values_do_not_count() {
    let hub = Hub::start().await;
    let jane = hub.agent("jane").await;
    for _ in 0..15 {
        jane.refused(json!({"type": "details", "conversation": "c_none", "details": {"note": "x"}}), "not_found").await;
    }
    for _ in 0..9 {
        jane.text("{".into()).await;
    }
    jane.ok(json!({"type": "list", "folder": "mine"})).await;
    for _ in 0..10 {
        jane.text(r#"{"type":"list","folder":[]}"#.into()).await;
    }
    jane.dismissed(4504).await;
}

#[tokio::test]
async fn p1_no_object_no_json_and_deep_nesting_are_answered_invalid() {
    let hub = Hub::start().await;
    let deep = format!(r#"{{"type":"list","folder":"mine","x":{}{}}}"#, "[".repeat(40), "]".repeat(40));
    for frame in ["", "{", "[]", "1", "null", "\"hello\"", "{}", r#"{"type":5}"#, r#"{"type":"list""#, &deep] {
        let jane = hub.agent("jane").await;
        jane.text(frame.into()).await;
        let reply = jane.push("a refusal", |push| push["type"] == "reply").await;
        assert_eq!((&reply["id"], &reply["error"]["code"]), (&Value::Null, &json!("invalid")), "{frame}: {reply}");
        jane.ok(json!({"type": "list", "folder": "mine"})).await;
    }
}

#[tokio::test]
async fn p1_binary_bad_utf8_and_oversized_frames_close_with_their_codes() {
    let hub = Hub::start().await;
    let hello = json!({"type": "hello", "id": 1, "token": token::agent("jane", "agent")}).to_string();
    for greeted in [false, true] {
        for (opcode, payload, code) in [
            (BINARY, b"{}".to_vec(), 1003),
            (TEXT, vec![b'"', 0xff, 0xfe, b'"'], 1007),
            (TEXT, vec![b'x'; 64 * 1024 + 1], 1009),
        ] {
            let mut raw = Raw::open(&hub.agents()).await;
            if greeted {
                raw.text(&hello).await;
                raw.until(|frame| frame["ok"] == true).await;
            }
            raw.frame(true, opcode, &payload).await;
            assert_eq!(raw.closing().await, Some(code), "opcode {opcode}, greeted {greeted}");
        }
    }
}

#[tokio::test]
async fn p1_a_frame_of_64_kib_is_taken() {
    let hub = Hub::start().await;
    let jane = hub.agent("jane").await;
    let mut frame = json!({"type": "list", "folder": "mine", "id": "x", "pad": ""}).to_string();
    let pad = "p".repeat(64 * 1024 - frame.len());
    frame = frame.replace(r#""pad":"""#, &format!(r#""pad":"{pad}""#));
    assert_eq!(frame.len(), 64 * 1024);
    jane.text(frame).await;
    assert_eq!(jane.push("a reply", |push| push["id"] == "x").await["ok"], true);
}

#[tokio::test]
async fn s4_fragments_pings_and_frames_of_any_cut_are_read_as_the_standard_says() {
    let hub = Hub::start().await;
    let mut raw = Raw::open(&hub.agents()).await;
    let hello = json!({"type": "hello", "id": 1, "token": token::agent("jane", "agent")}).to_string();
    let (one, rest) = hello.as_bytes().split_at(9);
    let (two, three) = rest.split_at(40);
    raw.frame(false, TEXT, one).await;
    raw.frame(true, PING, b"in between").await;
    raw.frame(false, CONTINUATION, two).await;
    raw.frame(true, CONTINUATION, three).await;
    raw.until(|frame| frame["id"] == 1 && frame["ok"] == true).await;
    for byte in [head(true, TEXT, 2, true), vec![0, 0, 0, 0], b"[".to_vec(), b"]".to_vec()].concat() {
        raw.bytes(&[byte]).await;
    }
    raw.until(|frame| frame["error"]["code"] == "invalid").await;
}

#[tokio::test]
async fn s4_frames_against_the_standard_end_the_connection_and_nobody_elses() {
    let hub = Hub::start().await;
    let jane = hub.agent("jane").await;
    let attacks: [(Vec<u8>, u16, &str); 6] = [
        ([head(true, TEXT, 2, false), b"{}".to_vec()].concat(), 1002, "masked"),
        ([head(true, 0x3, 0, true), vec![0; 4]].concat(), 1002, "opcode"),
        ([head(true, CONTINUATION, 0, true), vec![0; 4]].concat(), 1002, "nothing to continue"),
        (vec![0xf1, 0x80, 0, 0, 0, 0], 1002, "reserved bits"),
        ([head(true, PING, 126, true), vec![0; 130]].concat(), 1002, "125 bytes"),
        ([head(true, TEXT, usize::MAX >> 1, true), vec![0; 4]].concat(), 1009, "too big"),
    ];
    let hello = json!({"type": "hello", "id": 1, "token": token::agent("jane", "agent")}).to_string();
    for (attack, code, words) in attacks {
        for greeted in [false, true] {
            let mut raw = Raw::open(&hub.agents()).await;
            if greeted {
                raw.text(&hello).await;
                raw.until(|frame| frame["ok"] == true).await;
            }
            raw.bytes(&attack).await;
            let (closed, reason) = raw.closing_words().await.expect("a close frame");
            assert!(closed == code && reason.contains(words), "{attack:?}: {closed} {reason}");
        }
    }
    jane.ok(json!({"type": "list", "folder": "mine"})).await;
}

#[tokio::test]
async fn p1_too_many_fragments_close_with_1008() {
    let hub = Hub::start().await;
    let mut raw = Raw::open(&hub.agents()).await;
    raw.frame(false, TEXT, b"{").await;
    for _ in 0..20 {
        raw.frame(false, CONTINUATION, b" ").await;
    }
    assert_eq!(raw.closing().await, Some(1008));
}

#[tokio::test]
async fn p1_requests_of_one_connection_take_effect_in_order() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    let texts =
        (0..50).map(|n| json!({"type": "send", "conversation": chat, "key": format!("k{n}"), "text": format!("{n}")}));
    let requests = std::iter::once(json!({"type": "claim", "conversation": chat}));
    let ids = jane.post_all(requests.chain(texts).chain([json!({"type": "close", "conversation": chat})])).await;
    let mut last = 0;
    for id in ids {
        let reply = jane.reply(id).await;
        let seq = reply["seq"].as_u64().unwrap_or_else(|| panic!("refused: {reply}"));
        assert!(seq > last, "{reply} behind {last}");
        last = seq;
    }
    visitor.event_of(&chat, "closed").await;
    let keys: Vec<Value> = visitor
        .events(&chat)
        .iter()
        .filter(|event| event["key"].is_string())
        .map(|event| event["text"].clone())
        .collect();
    assert_eq!(keys, (0..50).map(|n| json!(format!("{n}"))).collect::<Vec<_>>());
}

#[tokio::test]
async fn p1_ids_say_their_kind_and_cannot_be_guessed() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    let item =
        jane.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "A deal", "key": "k"})).await;
    let ids = [
        ("c_", chat.as_str()),
        ("v_", visitor.id()),
        ("s_", visitor.welcome["session"].as_str().unwrap_or_default()),
        ("s_", jane.welcome["session"].as_str().unwrap_or_default()),
        ("i_", item["item"].as_str().unwrap_or_default()),
    ];
    for (prefix, id) in ids {
        // 96 bits are 16 characters of base64, the densest alphabet an id may have.
        assert!(id.starts_with(prefix) && id.len() >= prefix.len() + 16, "{id}");
    }
    let again: Agent = hub.agent("jane").await;
    assert_ne!(again.welcome["session"], jane.welcome["session"]);
}
