//! Playbooks that must be refused, and what may be in a text.

use serde_json::{Value, json};

use crate::support::{Hub, Settings, Visitor, playbooks, token};

/// A playbook with one thing wrong: (the card at fault, the playbook).
fn faulty() -> Vec<(&'static str, &'static str, Value)> {
    let message = |next: &str| json!({"kind": "message", "text": "Hello", "next": next});
    let end = || json!({"kind": "qualify", "text": "Thank you", "create": []});
    let live = |offline: &str| json!({"kind": "live_chat", "online_message": "One moment", "wait_ms": 60_000, "offline_message": "Nobody", "offline": offline});
    let ask = |next: &str| json!({"kind": "capture", "field": "text", "text": "What?", "required": true, "next": next});
    let of = |cards: Value| playbooks::of("pb_x", "a", cards);
    let live_with = |key: &str, value: Value| {
        let mut card = live("e");
        card[key] = value;
        of(json!({"a": card, "e": end()}))
    };
    let many: serde_json::Map<String, Value> = (0..201)
        .map(|n| {
            (
                if n == 0 { "a".into() } else { format!("c{n}") },
                if n == 200 { end() } else { message(&format!("c{}", n + 1)) },
            )
        })
        .collect();
    vec![
        ("a next that is not there", "a", of(json!({"a": message("nowhere")}))),
        ("an offline that is not there", "a", of(json!({"a": live("nowhere")}))),
        (
            "an option that leads nowhere",
            "a",
            of(
                json!({"a": {"kind": "choice", "text": "?", "options": [{"id": "x", "label": "X", "next": "nowhere"}]}}),
            ),
        ),
        ("a cycle without a question", "a", of(json!({"a": message("b"), "b": message("a")}))),
        ("a card to itself", "a", of(json!({"a": message("a")}))),
        ("an unreachable card", "lost", of(json!({"a": end(), "lost": end()}))),
        ("two live chats on a path", "b", of(json!({"a": live("q"), "q": ask("b"), "b": live("e"), "e": end()}))),
        ("a wait that is too short", "a", live_with("wait_ms", json!(9_999))),
        ("a wait that is too long", "a", live_with("wait_ms", json!(3_600_001))),
        ("an empty online message", "a", live_with("online_message", json!(""))),
        ("a blank offline message", "a", live_with("offline_message", json!(" \n"))),
        ("a live chat without offline", "a", live_with("offline", Value::Null)),
        ("an empty text", "a", of(json!({"a": {"kind": "qualify", "text": "", "create": []}}))),
        ("a choice without options", "a", of(json!({"a": {"kind": "choice", "text": "?", "options": []}}))),
        ("an unknown kind", "a", of(json!({"a": {"kind": "dance", "text": "x"}}))),
        (
            "an unknown field to capture",
            "a",
            of(
                json!({"a": {"kind": "capture", "field": "age", "text": "?", "required": true, "next": "e"}, "e": end()}),
            ),
        ),
        ("an item that is none", "a", of(json!({"a": {"kind": "qualify", "text": "x", "create": [{"kind": "car"}]}}))),
        (
            "a text over 16 KiB",
            "a",
            of(json!({"a": {"kind": "qualify", "text": "x".repeat(16 * 1024 + 1), "create": []}})),
        ),
        ("a start that is not there", "", playbooks::of("pb_x", "nowhere", json!({"a": end()}))),
        ("201 cards", "", of(Value::Object(many))),
        ("no cards", "", of(json!({}))),
    ]
}

#[tokio::test]
async fn b_every_fault_of_a_playbook_is_refused_naming_card_and_reason() {
    let hub = Hub::start().await;
    for (what, card, playbook) in faulty() {
        let answer = hub.rest("POST", "/v1/playbooks", Some(&playbook)).await;
        assert!(matches!(answer.status, 400 | 413 | 422), "{what} was taken: {answer:?}");
        let problem = answer.json();
        assert_eq!(problem["code"], "invalid", "{what}: {problem}");
        let words = format!("{} {} {}", problem["detail"], problem["title"], problem["field"]);
        assert!(words.contains(card), "{what}: card {card} is not named in {problem}");
        // The same on a change.
        let put =
            hub.request("PUT", "/v1/playbooks/pb_live").bearer(&token::agent("root", "admin")).header("if-match", "1");
        assert!(put.json(&playbook).send().await.expect("an answer").status >= 400, "{what}");
    }
    let found = hub.rest("GET", "/v1/playbooks/pb_live", None).await.ok();
    let version = if found["playbook"].is_object() { &found["playbook"]["version"] } else { &found["version"] };
    assert_eq!(*version, 1);
    let over = playbooks::with(playbooks::live("pb_x", 60_000), "name", json!("x".repeat(300 * 1024)));
    let answer = hub.rest("POST", "/v1/playbooks", Some(&over)).await;
    assert!(matches!(answer.status, 400 | 413 | 422), "{answer:?}");
}

#[tokio::test]
async fn b_a_cycle_with_a_question_and_two_paths_with_live_chat_are_fine() {
    let hub = Hub::start().await;
    let live = json!({"kind": "live_chat", "online_message": "One moment", "wait_ms": 10_000, "offline_message": "Nobody", "offline": "end"});
    let playbook = playbooks::of(
        "pb_x",
        "ask",
        json!({
            "ask": {"kind": "choice", "text": "Again?", "options": [
                {"id": "again", "label": "Again", "next": "back"}, {"id": "one", "label": "One", "next": "one"}, {"id": "two", "label": "Two", "next": "two"}]},
            "back": {"kind": "message", "text": "Once more.", "next": "ask"},
            "one": live, "two": live,
            "end": {"kind": "disqualify", "text": "Bye", "create": []},
        }),
    );
    let answer = hub.rest("POST", "/v1/playbooks", Some(&playbook)).await;
    assert!((200..300).contains(&answer.status), "{answer:?}");
}

#[tokio::test]
async fn r3_texts_travel_as_trees_and_what_is_not_allowed_as_text() {
    let text = "**bold** and *italic* and [a link](https://site.example/x) ![alt](https://site.example/i.png)\n\n- one\n- two\n\n\
                <script>alert(1)</script> [bad](javascript:alert(1)) ![bad](http://site.example/i.png) # no heading";
    let card = json!({"a": {"kind": "disqualify", "text": text, "create": []}});
    let hub = Settings::new().playbook(playbooks::of("pb_rich", "a", card)).start().await;
    let visitor = hub.visitor("pb_rich").await;
    let chat = visitor.start().await;
    let event = visitor.event(&chat, |event| event["card"] == "a").await;
    let rich = &event["rich"];
    assert_eq!(rich[0]["p"][0], json!({"b": ["bold"]}));
    assert_eq!(rich[0]["p"][2], json!({"i": ["italic"]}));
    assert_eq!(rich[0]["p"][4], json!({"a": "https://site.example/x", "c": ["a link"]}));
    assert_eq!(rich[0]["p"][6], json!({"img": "https://site.example/i.png", "alt": "alt"}));
    assert_eq!(rich[1], json!({"ul": [["one"], ["two"]]}));
    let mut addresses = Vec::new();
    collect(rich, &mut addresses);
    assert_eq!(addresses, ["https://site.example/x", "https://site.example/i.png"]);
    assert!(rich.to_string().contains("<script>"), "it shows as text: {rich}");
}

/// Every address a client would follow or load.
fn collect(node: &Value, found: &mut Vec<String>) {
    match node {
        Value::Array(nodes) => nodes.iter().for_each(|node| collect(node, found)),
        Value::Object(members) => {
            for key in ["a", "img"] {
                found.extend(members.get(key).and_then(Value::as_str).map(Into::into));
            }
            members.values().for_each(|node| collect(node, found));
        }
        _ => {}
    }
}

#[tokio::test]
async fn b_a_deleted_or_sleeping_playbook_closes_the_door_but_for_a_running_conversation() {
    let hub = Hub::start().await;
    let _jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    visitor.event_of(&chat, "waiting").await;
    let deleted = hub.rest("DELETE", "/v1/playbooks/pb_live", None).await;
    assert!(matches!(deleted.status, 200 | 204), "{deleted:?}");
    let stranger = hub.visitors().connect().await.expect("an upgrade");
    assert_eq!(stranger.ask(Visitor::greeting(playbooks::LIVE)).await["ok"], false);
    stranger.dismissed(4503).await;
    let back = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    assert_eq!(
        (&back.welcome["conversation"]["id"], &back.welcome["conversation"]["state"]),
        (&json!(chat), &json!("waiting"))
    );
    back.say(&chat, "k", "still here").await;
    // Nor does it close upon one whose page now says who they are.
    let mut greeting = Visitor::greeting(playbooks::LIVE);
    greeting["token"] = back.token();
    greeting["identity"] = json!(token::identity("customer-9", "Cleo"));
    let known = Visitor::hello_with(&hub.visitors(), greeting.clone()).await;
    assert_eq!(known.welcome["conversation"]["id"], json!(chat));
    assert_ne!(known.id(), back.id());
    known.say(&chat, "k2", "it is me").await;
    // Somebody else of that site has none to go on with.
    greeting["identity"] = json!(token::identity("customer-10", "Dora"));
    let other = hub.visitors().connect().await.expect("an upgrade");
    assert_eq!(other.ask(greeting).await["error"]["code"], "not_found");
    other.dismissed(4503).await;
}

#[tokio::test]
async fn b_a_faulty_seed_refuses_to_start_with_words() {
    let (_, _, playbook) = faulty().remove(0);
    let settings = Settings::new().playbook(playbook);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("playbooks")).expect("a folder");
    let seed = settings.playbooks.last().expect("one").to_string();
    std::fs::write(folder.path().join("playbooks/pb_x.json"), seed).expect("a file");
    let output =
        crate::operator::run_to_its_end(Hub::command(&settings, &folder, crate::support::hub::free_port())).await;
    assert!(!output.status.success(), "{output:?}");
    let words = crate::operator::words(&output);
    assert!(words.contains("pb_x") && words.contains("nowhere"), "{words}");
}
