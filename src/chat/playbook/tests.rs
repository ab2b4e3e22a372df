use serde_json::{Value, json};

use super::*;

mod random;
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
fn b_a_next_that_does_not_exist_is_refused() {
    assert_eq!(
        faults(with("/cards/email/next", json!("nowhere"))),
        [
            "card `email`: `next` leads to `nowhere`, a card that does not exist",
            "card `done`: cannot be reached from the first card",
        ]
    );
    assert_eq!(
        faults(with("/cards/hello/options/1/next", json!("x"))),
        [
            "card `hello`: `options[1].next` leads to `x`, a card that does not exist",
            "card `bye`: cannot be reached from the first card",
        ]
    );
    assert_eq!(
        faults(with("/cards/live/offline", json!("x")))[0],
        "card `live`: `offline` leads to `x`, a card that does not exist"
    );
    let lost = faults(with("/start", json!("begin")));
    assert_eq!(lost[0], "`start` is `begin`, a card that does not exist");
    assert_eq!(lost.len(), 6, "nothing can be reached: {lost:?}");
}

#[test]
fn b_a_cycle_without_a_question_in_it_is_refused() {
    let mut json = with("/cards/email", json!({"kind": "message", "text": "a", "next": "done"}));
    json["cards"]["done"] = json!({"kind": "message", "text": "b", "next": "email"});
    assert_eq!(faults(json), ["card `done`: `next` goes in a circle without a question in it: done → email → done"]);
    let alone = with("/cards/bye", json!({"kind": "message", "text": "a", "next": "bye"}));
    assert_eq!(faults(alone), ["card `bye`: `next` goes in a circle without a question in it: bye → bye"]);
    // With a question in it a circle is a way back.
    assert_eq!(faults(with("/cards/bye", json!({"kind": "message", "text": "a", "next": "hello"}))), [""; 0]);
}

#[test]
fn b_an_unreachable_card_is_refused() {
    assert_eq!(
        faults(with("/cards/spare", json!({"kind": "disqualify", "text": "x"}))),
        ["card `spare`: cannot be reached from the first card",]
    );
}

#[test]
fn r2_two_live_chats_on_one_path_are_refused() {
    let second = json!({"kind": "live_chat", "online_message": "a", "offline_message": "b", "offline": "done"});
    assert_eq!(
        faults(with("/cards/email", second.clone())),
        ["card `live`: `offline` leads to another Live Chat card, `email`: a path holds at most one",]
    );
    let mut deep = with("/cards/email/next", json!("again"));
    deep["cards"]["again"] = second.clone();
    assert_eq!(faults(deep).len(), 1);
    let back = with("/cards/email/next", json!("hello"));
    assert!(faults(back).contains(
        &"card `live`: `offline` leads to another Live Chat card, itself: a path holds at most one".to_owned()
    ));
    // On two branches each may have its own.
    let mut apart = with("/cards/bye", second);
    apart["cards"]["bye"]["offline"] = json!("done");
    assert_eq!(faults(apart), [""; 0]);
}

#[test]
fn r3_a_wait_outside_its_bounds_is_refused() {
    for (wait, fine) in [(0, false), (9_999, false), (10_000, true), (3_600_000, true), (3_600_001, false)] {
        assert_eq!(faults(with("/cards/live/wait_ms", json!(wait))).is_empty(), fine, "{wait}");
    }
    assert_eq!(
        faults(with("/cards/live/wait_ms", json!(1))),
        ["card `live`: `wait_ms` must be 10000 to 3600000 (10 seconds to an hour)",]
    );
}

#[test]
fn b_an_empty_or_endless_text_is_refused() {
    for pointer in [
        "/cards/hello/text",
        "/cards/live/online_message",
        "/cards/live/offline_message",
        "/cards/email/text",
        "/cards/done/text",
        "/cards/bye/text",
    ] {
        let field = pointer.rsplit('/').next().unwrap();
        for empty in ["", " \n\t ", "[a]: https://a.example"] {
            let told = faults(with(pointer, json!(empty)));
            assert!(told.len() == 1 && told[0].ends_with(&format!("`{field}` must not be empty")), "{told:?}");
        }
        let told = faults(with(pointer, json!("x".repeat(MAX_TEXT + 1))));
        assert!(told.len() == 1 && told[0].ends_with(&format!("`{field}` must not be longer than 16 KiB")), "{told:?}");
        assert_eq!(faults(with(pointer, json!("x".repeat(MAX_TEXT)))), [""; 0]);
    }
    assert_eq!(faults(with("/cards/bye/text", json!("![](https://a.example/bye.png)"))), [""; 0]);
}

#[test]
fn b_a_choice_needs_answers_of_different_ids() {
    let none = faults(with("/cards/hello/options", json!([])));
    assert_eq!(none[0], "card `hello`: `options` must not be empty");
    assert_eq!(
        faults(with("/cards/hello/options/1/id", json!("talk"))),
        ["card `hello`: `options[1].id` `talk` exists twice"]
    );
    assert_eq!(
        faults(with("/cards/hello/options/1/label", json!(" "))),
        ["card `hello`: `options[1].label` must not be empty"]
    );
    assert_eq!(faults(with("/cards/hello/options/1/id", json!(""))).len(), 1);
    assert_eq!(faults(with("/cards/hello/options/1/label", json!("a\nb"))).len(), 1);
    let many: Vec<Value> = (0..51)
        .map(|n| json!({"id": format!("o{n}"), "label": "x", "next": if n == 0 {"live"} else {"bye"}}))
        .collect();
    assert_eq!(faults(with("/cards/hello/options", json!(many))), ["card `hello`: `options` must not be more than 50"]);
}

#[test]
fn b_too_many_cards_and_too_long_a_playbook_are_refused() {
    let chain = |count: usize, text: &str| {
        let mut json = demo();
        for n in 0..count {
            let next = if n + 1 == count { "done".into() } else { format!("m{}", n + 1) };
            json["cards"][format!("m{n}")] = json!({"kind": "message", "text": text, "next": next});
        }
        json["cards"]["email"]["next"] = json!("m0");
        json
    };
    assert_eq!(faults(chain(MAX_CARDS - 5, "x")), [""; 0]);
    assert_eq!(faults(chain(MAX_CARDS - 4, "x")), ["`cards` must not be more than 200"]);
    assert_eq!(
        faults(chain(17, &"x".repeat(MAX_TEXT))),
        ["`cards` are too much: the whole playbook must not be longer than 256 KiB"]
    );
    assert_eq!(faults(chain(15, &"x".repeat(MAX_TEXT))), [""; 0]);
}

#[test]
fn b_a_bad_origin_is_refused_with_the_form_a_browser_sends() {
    for good in ["https://example.com", "http://localhost:3000", "https://xn--mller-kva.de", "http://[::1]:8080"] {
        assert_eq!(faults(with("/origins", json!([good]))), [""; 0], "{good}");
    }
    for (bad, hint) in [
        ("https://example.com/", "https://example.com"),
        ("https://Example.com/shop?x", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("https://müller.de", "https://xn--mller-kva.de"),
    ] {
        assert_eq!(
            faults(with("/origins", json!([bad]))),
            [format!("`origins[0]` must be an origin like https://www.example.com; did you mean {hint}?")]
        );
    }
    for bad in ["example.com", "*", "", "https://", "file:///x", "null", "https://*.example.com:x"] {
        assert_eq!(
            faults(with("/origins", json!(["https://a.example", bad]))),
            ["`origins[1]` must be an origin like https://www.example.com"],
            "{bad}"
        );
    }
}

#[test]
fn r1_a_bad_look_name_language_or_time_is_refused() {
    for (pointer, value, fault) in [
        ("/id", json!("pb demo"), "`id` must have 1 to 64 letters, digits or any of _ - ."),
        ("/name", json!(" "), "`name` must not be empty"),
        ("/workspace", json!(""), "`workspace` must have 1 to 128 characters"),
        ("/locale", json!("english"), "`locale` must be a language tag, like en or pt-BR"),
        ("/open_after_ms", json!(86_400_001), "`open_after_ms` must not be more than a day"),
        ("/appearance/color", json!("red; }"), "`appearance.color` must be a colour like #3b5bdb"),
        ("/appearance/color", json!("#3b5bd"), "`appearance.color` must be a colour like #3b5bdb"),
        ("/appearance/icon", json!("../x"), "`appearance.icon` must be the name of an icon, like chat"),
        ("/appearance/bot_name", json!(""), "`appearance.bot_name` must not be empty"),
        ("/appearance/avatar", json!("http://a.example/a.png"), "`appearance.avatar` must be an https address"),
    ] {
        assert_eq!(faults(with(pointer, value)), [fault], "{pointer}");
    }
    for (pointer, value) in [
        ("/appearance/color", json!("#ABC")),
        ("/appearance/avatar", json!("https://a.example/a.png")),
        ("/locale", json!("pt-BR")),
        ("/workspace", json!("acme")),
        ("/open_after_ms", json!(3000)),
    ] {
        assert_eq!(faults(with(pointer, value)), [""; 0], "{pointer}");
    }
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
