use serde_json::{Value, json};

use super::*;

mod random;
mod refused;
mod walking;

/// The demo of playbook.md, word for word.
fn demo() -> Value {
    json!({
        "id": "pb_demo", "name": "Demo", "active": true, "locale": "en", "origins": [],
        "appearance": {"color": "#3b5bdb", "icon": "chat", "bot_name": "Usher", "avatar": null},
        "open_after_ms": null, "typing_preview": false, "abandoned_lead": true, "start": "hello",
        "cards": {
            "hello": {"kind": "choice", "text": "Hi! What brings you here?", "options": [
                {"id": "talk", "label": "Talk to someone", "next": "live"},
                {"id": "look", "label": "Just looking", "next": "bye"}]},
            "live": {"kind": "live_chat", "online_message": "**One moment**, we are finding somebody for you.",
                     "wait_ms": 60000, "offline_message": "Nobody is free right now.", "offline": "email"},
            "email": {"kind": "capture", "field": "email", "text": "Where can we write to you?", "required": true, "next": "done"},
            "done": {"kind": "qualify", "text": "Thank you!", "create": [{"kind": "lead"}, {"kind": "activity", "subject": "Write back"}]},
            "bye": {"kind": "disqualify", "text": "Enjoy your visit.", "create": []}
        }
    })
}

/// The demo after a change at a JSON pointer; `null` removes.
fn with(pointer: &str, value: Value) -> Value {
    let mut json = demo();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap() {
        Value::Object(object) if value.is_null() => drop(object.remove(name)),
        Value::Object(object) => drop(object.insert(name.into(), value)),
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer} is no field"),
    }
    json
}

fn playbook(json: Value) -> Playbook {
    Playbook::from_value(json).unwrap()
}

/// The faults of a playbook as one reads them.
fn faults(json: Value) -> Vec<String> {
    playbook(json).faults().iter().map(ToString::to_string).collect()
}

/// What keeps a text from being a playbook.
fn unread(json: &Value) -> Vec<String> {
    Playbook::from_value(json.clone()).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn b_the_demo_is_read_written_and_free_of_faults() {
    let read = playbook(demo());
    assert_eq!(serde_json::to_value(&read).unwrap(), demo());
    assert_eq!(read.faults(), []);
    let shipped = Playbook::from_json(include_str!("../../../config/playbooks/demo.json")).unwrap();
    assert_eq!(shipped, read);
    assert!(read.has_live_chat());
}

#[test]
fn b_what_is_left_out_has_its_default() {
    let short = playbook(json!({
        "name": "Short", "start": "a",
        "cards": {
            "a": {"kind": "capture", "field": "name", "text": "Who?", "next": "b"},
            "b": {"kind": "live_chat", "online_message": "Wait", "offline_message": "Sorry", "offline": "c"},
            "c": {"kind": "qualify", "text": "Bye"}
        }
    }));
    assert!(short.active && !short.abandoned_lead && short.locale == "en" && short.open_after_ms.is_none());
    assert_eq!(short.appearance, Appearance::default());
    assert!(matches!(short.cards["a"], Card::Capture { required: true, .. }));
    assert!(matches!(short.cards["b"], Card::LiveChat { wait_ms: 60_000, .. }));
    assert_eq!(short.faults(), [Fault::of("id", "must have 1 to 64 letters, digits or any of _ - .")]);
}

#[test]
fn b_what_a_reply_adds_may_come_back() {
    let mut json = demo();
    for (name, value) in
        [("version", json!(3)), ("installed_at", json!(1)), ("last_seen_at", Value::Null), ("live_chat", json!("live"))]
    {
        json.as_object_mut().unwrap().insert(name.into(), value);
    }
    assert_eq!(playbook(json), playbook(demo()));
}

#[test]
fn b_a_mistyped_or_unknown_field_is_named_with_its_card() {
    for (pointer, value, fault) in [
        (
            "/cards/email/nxt",
            json!("done"),
            "card `email`: `nxt` is no field of a `capture` card, which has kind, text, field, required, next",
        ),
        ("/cards/email/next", Value::Null, "card `email`: `next` is missing"),
        ("/cards/email/text", json!(3), "card `email`: `text` must be a text"),
        (
            "/cards/email/field",
            json!("shoe"),
            "card `email`: `field` must be one of name, email, phone, organization, text",
        ),
        ("/cards/email/required", json!("yes"), "card `email`: `required` must be true or false"),
        ("/cards/live/wait_ms", json!(-1), "card `live`: `wait_ms` must be a whole number, zero or more"),
        ("/cards/live/offline", Value::Null, "card `live`: `offline` is missing"),
        ("/cards/hello/options/1/label", Value::Null, "card `hello`: `options[1].label` is missing"),
        ("/cards/hello/options/1", json!("look"), "card `hello`: `options[1]` must be an object"),
        ("/cards/hello/options", json!({}), "card `hello`: `options` must be a list of objects"),
        (
            "/cards/done/create/0/kind",
            json!("task"),
            "card `done`: `create[0].kind` must be one of lead, deal, activity",
        ),
        ("/cards/done/create/0/value", json!("12"), "card `done`: `create[0].value` must be a number, zero or more"),
        (
            "/cards/bye/kind",
            json!("goodbye"),
            "card `bye`: `kind` must be one of message, choice, capture, live_chat, qualify, disqualify",
        ),
        (
            "/cards/bye/kind",
            Value::Null,
            "card `bye`: `kind` must be one of message, choice, capture, live_chat, qualify, disqualify",
        ),
        ("/cards/bye", json!([]), "card `bye`: must be an object"),
        ("/cards", Value::Null, "`cards` is missing"),
        ("/origins", json!([3]), "`origins` must be a list of texts"),
        (
            "/appearance/colour",
            json!("#fff"),
            "`appearance.colour` is no field of `appearance`, which has color, icon, bot_name, avatar",
        ),
        (
            "/activ",
            json!(true),
            "`activ` is no field of a playbook, which has id, name, workspace, active, locale, origins, appearance, open_after_ms, typing_preview, abandoned_lead, start, cards",
        ),
    ] {
        assert_eq!(unread(&with(pointer, value)), [fault], "{pointer}");
    }
    assert_eq!(unread(&json!(3)), ["the playbook must be an object"]);
}

#[test]
fn b_all_that_keeps_it_from_being_read_is_told_at_once() {
    let mut json = with("/cards/email/next", Value::Null);
    json["cards"]["bye"]["txt"] = json!("x");
    json["open_after_ms"] = json!("soon");
    assert_eq!(unread(&json).len(), 3);
    let error = Playbook::from_json("{\"a\": ").unwrap_err().to_string();
    assert!(error.starts_with("the playbook is not JSON"), "{error}");
    let twice = demo().to_string().replacen("\"bye\":{", "\"email\":{", 1);
    assert!(Playbook::from_json(&twice).unwrap_err().to_string().starts_with("card `email`: exists twice"));
}

#[test]
fn b_items_are_made_of_the_fields_of_their_kind() {
    for (item, fault) in [
        (json!({"kind": "activity"}), "`create[0].subject` is missing"),
        (json!({"kind": "activity", "subject": " "}), "`create[0].subject` must not be empty"),
        (
            json!({"kind": "activity", "subject": "x", "title": "y"}),
            "`create[0].title` is for leads and deals; an activity has a subject",
        ),
        (json!({"kind": "activity", "subject": "x", "value": 3}), "`create[0].value` is for leads and deals"),
        (
            json!({"kind": "activity", "subject": "x", "due_date": "2026-02-30"}),
            "`create[0].due_date` must be a real date, like 2026-03-31",
        ),
        (json!({"kind": "lead", "subject": "x"}), "`create[0].subject` is for activities; a lead or deal has a title"),
        (json!({"kind": "lead", "due_date": "2026-02-20"}), "`create[0].due_date` is for activities"),
        (json!({"kind": "deal", "currency": "EURO"}), "`create[0].currency` must be an ISO 4217 code, like EUR"),
        (json!({"kind": "deal", "title": ""}), "`create[0].title` must not be empty"),
        (json!({"kind": "deal", "title": "x".repeat(1025)}), "`create[0].title` must not be longer than 1 KiB"),
        (
            json!({"kind": "deal", "note": "x".repeat(16 * 1024 + 1)}),
            "`create[0].note` must not be longer than 16384 bytes",
        ),
    ] {
        assert_eq!(faults(with("/cards/done/create", json!([item]))), [format!("card `done`: {fault}")], "{item}");
    }
    let fine = json!([{"kind": "deal", "title": "Big", "value": 1200, "currency": "eur", "note": "n"}, {"kind": "activity", "subject": "Call", "due_date": "2026-12-01"}]);
    assert_eq!(faults(with("/cards/bye/create", fine)), [""; 0]);
    assert_eq!(
        faults(with("/cards/bye/create", json!(vec![json!({"kind": "lead"}); 11]))),
        ["card `bye`: `create` must not hold more than 10"]
    );
}

#[test]
fn b_a_card_id_leaves_room_for_the_key_of_its_items() {
    let named = |id: &str| {
        let mut json = with("/cards/hello/options/1/next", json!(id));
        json["cards"][id] = json["cards"]["bye"].take();
        json["cards"].as_object_mut().unwrap().remove("bye");
        faults(json)
    };
    assert_eq!(named(&"x".repeat(60)), [""; 0]);
    assert_eq!(named(&"x".repeat(61)).len(), 1);
    assert_eq!(named("a b"), ["card `a b`: has a bad id: it must have 1 to 60 letters, digits or any of _ - ."]);
}

#[test]
fn b_every_fault_is_told_not_the_first() {
    let mut json = with("/cards/live/wait_ms", json!(1));
    json["cards"]["bye"]["text"] = json!("");
    json["cards"]["email"]["next"] = json!("x");
    json["appearance"]["color"] = json!("x");
    assert_eq!(
        faults(json),
        [
            "`appearance.color` must be a colour like #3b5bdb",
            "card `bye`: `text` must not be empty",
            "card `live`: `wait_ms` must be 10000 to 3600000 (10 seconds to an hour)",
            "card `email`: `next` leads to `x`, a card that does not exist",
            "card `done`: cannot be reached from the first card",
        ]
    );
}

#[test]
fn b_the_templates_are_free_of_faults_and_read_back() {
    let all = Template::all();
    assert_eq!(
        all.iter().map(|template| template.id.as_str()).collect::<Vec<_>>(),
        ["live_chat", "qualify_lead", "collect_email"]
    );
    for template in all {
        assert_eq!(template.playbook.faults(), [], "{}", template.id);
        assert_eq!(playbook(serde_json::to_value(&template.playbook).unwrap()), template.playbook);
        assert_eq!(template.playbook.has_live_chat(), template.id != "collect_email");
        assert_eq!(Template::named(&template.id), Some(template));
    }
    assert_eq!(Template::named("x"), None);
}

#[test]
fn b_items_fields_of_an_agent_are_read_and_checked_by_name() {
    let read = |json: Value| ItemFields::from_json(&json);
    assert_eq!(read(json!({"value": "1"})).unwrap_err().field, "fields.value");
    assert_eq!(read(json!({"value": -1})).unwrap_err().field, "fields.value");
    assert_eq!(read(json!({"currency": "x"})).unwrap_err().field, "fields.currency");
    assert_eq!(read(json!({"due_date": "tomorrow"})).unwrap_err().field, "fields.due_date");
    assert_eq!(read(json!([])).unwrap_err().field, "fields");
    let fields = read(json!({"value": 10, "currency": " usd ", "note": null, "colour": "red"})).unwrap();
    assert_eq!(serde_json::to_value(&fields).unwrap(), json!({"value": 10, "currency": "USD"}));
    assert!(!fields.is_empty() && read(json!({})).unwrap().is_empty());
}

#[test]
fn b_an_origin_must_match_exactly_unless_none_is_named() {
    let open = playbook(demo());
    assert!(open.allows_origin("https://anything.example"));
    let bound = playbook(with("/origins", json!(["https://a.example"])));
    assert!(bound.allows_origin("https://a.example"));
    for other in
        ["http://a.example", "https://a.example:8443", "https://a.example.evil", "https://sub.a.example", "null"]
    {
        assert!(!bound.allows_origin(other), "{other}");
    }
}
