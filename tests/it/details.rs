//! The side panel, items, and the order of refusals.

use serde_json::{Value, json};

use crate::support::{Agent, Hub, Visitor, judge::paths, playbooks};

async fn chat(hub: &Hub) -> (Agent, Visitor, String) {
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    (jane, visitor, chat)
}

#[tokio::test]
async fn r15_the_panel_is_kept_field_by_field_and_null_clears() {
    let hub = Hub::start().await;
    let (jane, _visitor, chat) = chat(&hub).await;
    let change = |details: Value| json!({"type": "details", "conversation": chat, "details": details});
    jane.ok(change(json!({"deal": {"value": 1200.5, "currency": "CHF", "expected_close_date": "2027-02-28"}}))).await;
    jane.ok(change(json!({"person": {"name": "Ann", "email": "ann@site.example", "phone": "+41 44 123 45 67"}}))).await;
    jane.ok(change(json!({"organization": {"name": "Ann & Co", "address": "Road 1"}, "note": "Likes chairs."}))).await;
    let last = jane.ok(change(json!({"person": {"phone": null}, "note": "Likes chairs."}))).await;
    let page = jane.open(&chat).await;
    let kept = paths(&page["conversation"]["details"]);
    let expected = [
        ("deal.currency", json!("CHF")),
        ("deal.expected_close_date", json!("2027-02-28")),
        ("deal.value", json!(1200.5)),
        ("note", json!("Likes chairs.")),
        ("organization.address", json!("Road 1")),
        ("organization.name", json!("Ann & Co")),
        ("person.email", json!("ann@site.example")),
        ("person.name", json!("Ann")),
    ];
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), expected.map(|(path, value)| (path.to_owned(), value)));
    let event = page["events"].as_array().expect("events").last().expect("one").clone();
    assert_eq!(
        (&event["seq"], &event["changes"]),
        (&last["seq"], &json!({"person": {"phone": null}})),
        "only what changed"
    );
    let same = jane.ok(change(json!({"note": "Likes chairs."}))).await;
    assert_eq!(same["seq"], last["seq"], "no change makes no event");
}

#[tokio::test]
async fn p5_a_bad_detail_is_named_and_nothing_of_the_request_is_stored() {
    let hub = Hub::start().await;
    let (jane, _visitor, chat) = chat(&hub).await;
    let long = "x".repeat(1025);
    let bad = [
        ("deal.value", json!({"deal": {"value": -1}})),
        ("deal.value", json!({"deal": {"value": "12"}})),
        ("deal.currency", json!({"deal": {"currency": "EURO"}})),
        ("deal.currency", json!({"deal": {"currency": "X1Z"}})),
        ("deal.expected_close_date", json!({"deal": {"expected_close_date": "2027-02-29"}})),
        ("deal.expected_close_date", json!({"deal": {"expected_close_date": "tomorrow"}})),
        ("person.email", json!({"person": {"email": "no mail"}})),
        ("person.name", json!({"person": {"name": long}})),
        ("organization.address", json!({"organization": {"address": 5}})),
        ("note", json!({"note": "x".repeat(16 * 1024 + 1)})),
        ("note", json!({"note": ["x"]})),
    ];
    let before = jane.open(&chat).await["conversation"]["seq"].clone();
    for (field, mut details) in bad {
        details["organization"] = details.get("organization").cloned().unwrap_or(json!({"name": "must not be kept"}));
        let reply = jane.ask(json!({"type": "details", "conversation": chat, "details": details})).await;
        let error = &reply["error"];
        assert!(error["code"] == "invalid" || error["code"] == "too_large", "{details}: {reply}");
        assert!(error["field"].as_str().is_some_and(|named| named.ends_with(field)), "{field}: {error}");
    }
    let page = jane.open(&chat).await;
    assert_eq!((&page["conversation"]["seq"], paths(&page["conversation"]["details"]).len()), (&before, 0));
    jane.text(format!(
        r#"{{"type":"details","id":"nan","conversation":"{chat}","details":{{"deal":{{"value":1e999}}}}}}"#
    ))
    .await;
    let reply = jane.push("a refusal", |push| push["type"] == "reply").await;
    assert_eq!(reply["error"]["code"], "invalid", "{reply}");
}

#[tokio::test]
async fn p5_what_the_visitor_said_is_claimed_and_never_overwrites_what_an_agent_entered() {
    let hub = Hub::start().await;
    let jane = hub.agent("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    visitor.event(&chat, |event| event["card"] == "email").await;
    let form = hub.visitor(playbooks::FORM).await;
    let filled = form.start().await;
    for (card, value) in [
        ("name", "Ann Smith"),
        ("email", "ann@site.example"),
        ("phone", "+49 30 1234567"),
        ("organization", "Smith"),
        ("text", "A chair"),
    ] {
        form.fill(&filled, card, value).await;
    }
    let page = hub.admin("root").await.open(&filled).await;
    let details = &page["conversation"]["details"];
    let kept: Vec<(String, Value)> = paths(details).into_iter().collect();
    assert_eq!(kept[..2], [("note".into(), json!("A chair")), ("organization.name".into(), json!("Smith"))]);
    assert_eq!(kept[2].1, "ann@site.example");
    let claimed = details["claimed"].as_array().expect("a list");
    assert_eq!(claimed.len(), 5, "{details}");

    jane.ok(json!({"type": "details", "conversation": chat, "details": {"person": {"email": "agent@site.example"}}}))
        .await;
    visitor.fill(&chat, "email", "visitor@site.example").await;
    let page = jane.open(&chat).await;
    assert_eq!(page["conversation"]["details"]["person"]["email"], "agent@site.example");
    assert_eq!(page["conversation"]["details"]["claimed"], json!([]));
}

#[tokio::test]
async fn r15_items_are_shown_in_the_chat_made_once_and_close_nothing() {
    let hub = Hub::start().await;
    let (jane, _visitor, chat) = chat(&hub).await;
    let other_tab = hub.agent("jane").await;
    let make = |kind: &str, key: &str| json!({"type": "item", "conversation": chat, "kind": kind, "title": format!("A {kind}"), "key": key});
    jane.ok(
        json!({"type": "details", "conversation": chat, "details": {"person": {"name": "Ann"}, "deal": {"value": 5}}}),
    )
    .await;
    // A double click: the same key twice at once.
    let ids = jane.post_all([make("lead", "a"), make("lead", "a")]).await;
    let (one, two) = (jane.reply(ids[0]).await, jane.reply(ids[1]).await);
    assert_eq!((&one["item"], &two["duplicate"]), (&two["item"], &json!(true)));
    for (kind, key) in [("deal", "b"), ("activity", "c")] {
        jane.ok(make(kind, key)).await;
    }
    let marker = other_tab.event(&chat, |event| event["type"] == "item" && event["kind"] == "deal").await;
    assert_eq!((&marker["title"], &marker["by"]["id"]), (&json!("A deal"), &json!("jane")));
    assert!(marker["at"].is_i64());
    let page = jane.open(&chat).await;
    assert_eq!(page["conversation"]["state"], "assigned");
    assert_eq!(page["conversation"]["items"].as_array().map(Vec::len), Some(3));
    for (kind, count) in [("lead", 1), ("deal", 1), ("activity", 1)] {
        let items = hub.get(&format!("/v1/items?kind={kind}"), "jane").await.ok();
        assert_eq!(items["items"].as_array().map(Vec::len), Some(count), "{items}");
    }
    let lead = hub.get("/v1/items?kind=lead", "jane").await.ok()["items"][0].clone();
    assert!(
        lead.to_string().contains("Ann") && lead.to_string().contains("https://site.example/prices"),
        "person and page: {lead}"
    );
    for bad in [json!({"kind": "car"}), json!({"title": ""}), json!({"key": ""}), json!({"title": "x".repeat(1025)})] {
        let mut request = make("lead", "z");
        for (key, value) in bad.as_object().expect("an object") {
            request[key] = value.clone();
        }
        assert_eq!(jane.ask(request.clone()).await["ok"], false, "{bad}");
    }
}

#[tokio::test]
async fn p6_refusals_come_in_their_order() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = chat(&hub).await;
    let max = hub.agent("max").await;
    let send = json!({"type": "send", "conversation": chat, "key": "k", "text": "x"});
    // What can be judged without a look at the conversation comes first, what depends on it last.
    let panel = |value: Value| json!({"type": "details", "conversation": chat, "details": {"deal": value}});
    for (request, code) in [
        (json!({"type": "send", "conversation": chat, "key": "", "text": "x"}), "invalid"),
        (json!({"type": "send", "conversation": chat, "key": "k", "text": "\u{0}"}), "invalid"),
        (json!({"type": "history", "conversation": chat, "before": 9, "limit": 0}), "invalid"),
        (panel(json!({"value": -1})), "invalid"),
        (json!({"type": "send", "conversation": chat, "key": "k", "text": ""}), "not_found"),
        (json!({"type": "send", "conversation": chat, "key": "k", "text": "x".repeat(16 * 1024 + 1)}), "not_found"),
        (panel(json!({"currency": "EURO"})), "not_found"),
    ] {
        max.refused(request, code).await;
    }
    // Not visible before anything else; then closed before forbidden; then forbidden before conflict.
    max.refused(send.clone(), "not_found").await;
    jane.assign(&chat, None).await;
    max.refused(send.clone(), "forbidden").await;
    max.refused(json!({"type": "close", "conversation": chat}), "forbidden").await;
    jane.claim(&chat).await;
    visitor
        .refused(
            json!({"type": "answer", "conversation": chat, "card": "email", "value": "a@site.example", "key": "a"}),
            "conflict",
        )
        .await;
    jane.finish(&chat).await;
    max.refused(send, "closed").await;
    visitor
        .refused(
            json!({"type": "answer", "conversation": chat, "card": "email", "value": "a@site.example", "key": "a"}),
            "closed",
        )
        .await;
    // The one exception: a lost race for what one may no longer see.
    let (_other, second) = {
        let visitor = hub.visitor(playbooks::LIVE).await;
        let chat = visitor.start().await;
        (visitor, chat)
    };
    jane.claim(&second).await;
    max.refused(json!({"type": "claim", "conversation": second}), "conflict").await;
    max.refused(json!({"type": "claim", "conversation": "c_000000000000000000000000"}), "not_found").await;
}

#[tokio::test]
async fn p6_oversized_texts_are_too_large_everywhere() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = chat(&hub).await;
    let text = "ü".repeat(8 * 1024 + 1);
    for (client, kind) in [(&jane.client, "send"), (&jane.client, "note"), (&visitor.client, "send")] {
        client.refused(json!({"type": kind, "conversation": chat, "key": "k", "text": text}), "too_large").await;
        client.refused(json!({"type": kind, "conversation": chat, "key": "k", "text": " \n\t "}), "invalid").await;
    }
    visitor
        .refused(json!({"type": "rate", "conversation": chat, "score": 1, "comment": "x".repeat(1025)}), "too_large")
        .await;
}

#[tokio::test]
async fn s5_odd_texts_come_back_as_they_were() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = chat(&hub).await;
    let odd = [
        "<script>alert(1)</script>",
        "\u{0}\u{1}\u{7f}",
        "\u{202e}right to left",
        "👩‍👩‍👧‍👦 e\u{301}",
        "\"quotes\" and \\back\\slashes\\",
        "line\r\nline\u{2028}line",
        "'; DROP TABLE events; --",
        "{\"type\":\"closed\"}",
    ];
    for (at, text) in odd.iter().enumerate() {
        let key = format!("k{at}");
        let reply = visitor.ask(json!({"type": "send", "conversation": chat, "key": key, "text": text})).await;
        if reply["ok"] == true {
            assert_eq!(jane.event(&chat, |event| event["key"] == key.as_str()).await["text"], *text);
        } else {
            assert_eq!(
                (reply["error"]["code"].as_str(), text.contains('\u{0}')),
                (Some("invalid"), true),
                "{text:?}: {reply}"
            );
        }
    }
}
