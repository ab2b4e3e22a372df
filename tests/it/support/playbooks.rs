//! The playbooks the hubs under test start with.

use serde_json::{Value, json};

/// Straight to the Live Chat card; the wait is a minute, then an e-mail and a lead.
pub const LIVE: &str = "pb_live";
/// The same with the shortest wait there is.
pub const QUICK: &str = "pb_quick";
/// First a choice: talk, look, or write.
pub const TALK: &str = "pb_talk";
/// All kinds of capture, no Live Chat card.
pub const FORM: &str = "pb_form";
/// For one site only.
pub const FENCED: &str = "pb_fenced";
/// Not active.
pub const ASLEEP: &str = "pb_asleep";
/// Shows the assignee what the visitor is typing.
pub const PEEK: &str = "pb_peek";
/// The page every visitor of the tests is on.
pub const SITE: &str = "https://site.example";

/// All of them.
pub fn all() -> Vec<Value> {
    vec![
        live(LIVE, 60_000),
        live(QUICK, 10_000),
        with(live(PEEK, 60_000), "typing_preview", json!(true)),
        with(live(FENCED, 60_000), "origins", json!([SITE])),
        with(live(ASLEEP, 60_000), "active", json!(false)),
        talk(),
        form(),
    ]
}

/// A playbook of these cards.
pub fn of(id: &str, start: &str, cards: Value) -> Value {
    json!({
        "id": id, "name": id, "active": true, "locale": "en", "origins": [],
        "appearance": {"color": "#3b5bdb", "icon": "chat", "bot_name": "Usher", "avatar": null},
        "open_after_ms": null, "typing_preview": false, "abandoned_lead": true,
        "start": start, "cards": cards,
    })
}

/// A playbook whose first card is the Live Chat card.
pub fn live(id: &str, wait_ms: u64) -> Value {
    of(
        id,
        "live",
        json!({
            "live": {"kind": "live_chat", "online_message": "**One moment**, please.", "wait_ms": wait_ms,
                     "offline_message": "Nobody is free right now.", "offline": "email"},
            "email": {"kind": "capture", "field": "email", "text": "Where can we write to you?", "required": true, "next": "done"},
            "done": {"kind": "qualify", "text": "Thank you!",
                     "create": [{"kind": "lead"}, {"kind": "activity", "subject": "Write back"}]},
        }),
    )
}

/// `playbook` with another value.
pub fn with(mut playbook: Value, key: &str, value: Value) -> Value {
    playbook[key] = value;
    playbook
}

fn talk() -> Value {
    of(
        TALK,
        "hello",
        json!({
            "hello": {"kind": "choice", "text": "Hi! What brings you here?", "options": [
                {"id": "talk", "label": "Talk to someone", "next": "live"},
                {"id": "write", "label": "Write to us", "next": "name"},
                {"id": "look", "label": "Just looking", "next": "bye"}]},
            "live": {"kind": "live_chat", "online_message": "**One moment**, please.", "wait_ms": 60_000,
                     "offline_message": "Nobody is free right now.", "offline": "email"},
            "email": {"kind": "capture", "field": "email", "text": "Where can we write to you?", "required": true, "next": "done"},
            "done": {"kind": "qualify", "text": "Thank you!", "create": [{"kind": "lead"}]},
            "name": {"kind": "capture", "field": "name", "text": "Who are you?", "required": true, "next": "sent"},
            "sent": {"kind": "qualify", "text": "We will write.", "create": [{"kind": "deal"}]},
            "bye": {"kind": "disqualify", "text": "Enjoy your visit.", "create": []},
        }),
    )
}

fn form() -> Value {
    let capture = |field: &str, required: bool, next: &str| json!({"kind": "capture", "field": field, "text": format!("Your {field}?"), "required": required, "next": next});
    of(
        FORM,
        "intro",
        json!({
            "intro": {"kind": "message", "text": "A *few* questions with a [link](https://site.example/why).", "next": "name"},
            "name": capture("name", true, "email"),
            "email": capture("email", true, "phone"),
            "phone": capture("phone", false, "organization"),
            "organization": capture("organization", false, "text"),
            "text": capture("text", false, "end"),
            "end": {"kind": "qualify", "text": "Thank you!", "create": [{"kind": "lead"}]},
        }),
    )
}
