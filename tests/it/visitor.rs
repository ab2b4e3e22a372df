//! What a visitor may ask and is told.

use serde_json::{Value, json};

use crate::support::{Hub, Visitor, playbooks};

#[tokio::test]
async fn p3_hello_answers_all_its_members_and_writes_nothing() {
    let hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::TALK).await;
    for member in [
        "session",
        "visitor",
        "token",
        "epoch",
        "heartbeat_ms",
        "server_time",
        "limits",
        "playbook",
        "available",
        "conversation",
        "recovered",
        "events",
    ] {
        assert!(visitor.welcome.get(member).is_some(), "no {member} in {}", visitor.welcome);
    }
    assert_eq!(visitor.welcome["conversation"], Value::Null);
    assert_eq!(visitor.welcome["heartbeat_ms"], 20_000);
    let playbook = &visitor.welcome["playbook"];
    for member in ["id", "name", "appearance", "locale", "open_after_ms", "typing_preview"] {
        assert!(playbook.get(member).is_some(), "no {member} in {playbook}");
    }
    assert_eq!(playbook["appearance"]["bot_name"], "Usher");
    assert!((visitor.welcome["server_time"].as_i64().expect("a time") - crate::support::wait::now()).abs() < 5_000);
    assert!(hub.admin("root").await.folder("all").await.is_empty(), "hello made a conversation");
}

#[tokio::test]
async fn p3_start_runs_the_playbook_and_a_second_start_finds_the_first() {
    let hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::TALK).await;
    let tab = visitor.again(&hub.visitors(), playbooks::TALK).await;
    let reply = visitor.ok(json!({"type": "start"})).await;
    let chat = reply["conversation"]["id"].as_str().expect("an id");
    let kinds: Vec<&Value> = reply["events"].as_array().expect("events").iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["started", "card"]);
    let started = &reply["events"][0];
    assert_eq!(
        (&started["visitor"]["id"], &started["playbook"]["id"]),
        (&json!(visitor.id()), &json!(playbooks::TALK))
    );
    assert_eq!((&started["page"]["url"], &started["locale"]), (&json!("https://site.example/prices"), &json!("en")));
    let card = &reply["events"][1];
    assert_eq!(
        (&card["card"], &card["ask"]["kind"], &card["by"]["kind"]),
        (&json!("hello"), &json!("choice"), &json!("bot"))
    );
    assert_eq!(card["ask"]["options"][0], json!({"id": "talk", "label": "Talk to someone"}));

    // Another tab gets it from the very beginning, and a start there, of another playbook even, finds it.
    assert_eq!(tab.event_of(chat, "started").await["seq"], 1);
    let elsewhere = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    assert_eq!(elsewhere.start().await, chat);
    assert_eq!(tab.start().await, chat);
}

#[tokio::test]
async fn p3_answers_move_the_playbook_and_stale_or_bad_ones_do_not() {
    let hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::FORM).await;
    let chat = visitor.start().await;
    let answer = |card: &str, value: &str, key: &str| json!({"type": "answer", "conversation": chat, "card": card, "value": value, "key": key});
    visitor.event(&chat, |event| event["card"] == "name").await;
    visitor.refused(answer("email", "ann@site.example", "k0"), "conflict").await;
    visitor.refused(answer("nowhere", "x", "k0"), "conflict").await;
    visitor.refused(answer("name", "", "k0"), "invalid").await;
    let first = visitor.ok(answer("name", "Ann Smith", "k1")).await;
    let again = visitor.ok(answer("name", "Ann Smith", "k1")).await;
    assert_eq!((&again["seq"], &again["at"], &again["duplicate"]), (&first["seq"], &first["at"], &json!(true)));
    visitor.refused(answer("name", "Other", "k1b"), "conflict").await;
    for bad in ["", "no mail", "a@", "@b.example"] {
        let error = visitor.refused(answer("email", bad, "k2"), "invalid").await;
        assert!(error["message"].as_str().is_some_and(|text| text.len() > 10), "{error}");
    }
    visitor.ok(answer("email", "ann@site.example", "k2")).await;
    visitor.refused(answer("phone", "call me", "k3"), "invalid").await;
    visitor.ok(answer("phone", "+49 30 123456", "k3")).await;
    visitor.ok(answer("organization", "Smith & Sons", "k4")).await;
    visitor.ok(answer("text", "I need a chair.", "k5")).await;
    assert_eq!(visitor.event_of(&chat, "closed").await["reason"], "finished");
    let kinds: Vec<Value> = visitor.events(&chat).iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "answer").count(), 5);
    assert_eq!(kinds.iter().filter(|kind| *kind == "card").count(), 7, "intro, five questions and the end: {kinds:?}");
}

#[tokio::test]
async fn p3_a_choice_takes_its_options_only() {
    let hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::TALK).await;
    let chat = visitor.start().await;
    let reply = visitor
        .ask(json!({"type": "answer", "conversation": chat, "card": "hello", "option": "dance", "key": "k"}))
        .await;
    assert_eq!(reply["ok"], false, "{reply}");
    visitor.choose(&chat, "hello", "look").await;
    let answer = visitor.event_of(&chat, "answer").await;
    assert_eq!(
        (&answer["option"], &answer["label"], &answer["by"]["kind"]),
        (&json!("look"), &json!("Just looking"), &json!("visitor"))
    );
    assert_eq!(visitor.event(&chat, |event| event["card"] == "bye").await["ask"]["kind"], "end");
    assert_eq!(visitor.event_of(&chat, "closed").await["reason"], "finished");
}

#[tokio::test]
async fn p3_visitors_may_write_in_every_open_state_and_it_moves_no_card() {
    let hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::TALK).await;
    let chat = visitor.start().await;
    visitor.say(&chat, "k1", "while the bot talks").await;
    let jane = hub.online("jane").await;
    visitor.choose(&chat, "hello", "talk").await;
    visitor.event_of(&chat, "waiting").await;
    visitor.say(&chat, "k2", "while waiting").await;
    jane.claim(&chat).await;
    visitor.say(&chat, "k3", "to Jane").await;
    jane.assign(&chat, None).await;
    visitor.say(&chat, "k4", "to nobody").await;
    let error = visitor
        .refused(
            json!({"type": "answer", "conversation": chat, "card": "hello", "option": "look", "key": "k"}),
            "conflict",
        )
        .await;
    assert!(error["message"].is_string());
    visitor.ok(json!({"type": "end", "conversation": chat})).await;
    visitor.refused(json!({"type": "send", "conversation": chat, "key": "k5", "text": "too late"}), "closed").await;
}

#[tokio::test]
async fn p3_a_visitor_sees_only_their_own_conversations() {
    let hub = Hub::start().await;
    let ann = hub.visitor(playbooks::LIVE).await;
    let chat = ann.start().await;
    let bob = hub.visitor(playbooks::LIVE).await;
    for request in [
        json!({"type": "send", "key": "k", "text": "x"}),
        json!({"type": "answer", "card": "email", "value": "x@site.example", "key": "k"}),
        json!({"type": "history", "before": 10, "limit": 10}),
        json!({"type": "end"}),
        json!({"type": "rate", "score": 5}),
    ] {
        let mut theirs = request.clone();
        theirs["conversation"] = json!(chat);
        let mut nobodys = request.clone();
        nobodys["conversation"] = json!("c_000000000000000000000000");
        let (theirs, nobodys) = (bob.refused(theirs, "not_found").await, bob.refused(nobodys, "not_found").await);
        assert_eq!(theirs, nobodys, "{request}: a foreign conversation and none look different");
    }
    for request in [
        json!({"type": "typing", "conversation": chat, "on": true}),
        json!({"type": "seen", "conversation": chat, "read": 1}),
    ] {
        bob.tell(request).await;
    }
    let mut greeting = Visitor::greeting(playbooks::LIVE);
    greeting["after"] = json!({"conversation": chat, "epoch": bob.welcome["epoch"], "seq": 1});
    let thief = Visitor::hello_with(&hub.visitors(), greeting).await;
    assert_eq!((&thief.welcome["conversation"], &thief.welcome["events"]), (&Value::Null, &json!([])));
    assert!(!bob.frames(0).concat().contains("started"));
}

#[tokio::test]
async fn p3_end_rate_and_what_is_left_of_a_closed_conversation() {
    let hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    for score in [json!(0), json!(6), json!(-1), json!(2.5)] {
        visitor.refused(json!({"type": "rate", "conversation": chat, "score": score}), "invalid").await;
    }
    visitor.ok(json!({"type": "end", "conversation": chat})).await;
    assert_eq!(visitor.event_of(&chat, "closed").await["reason"], "visitor");
    visitor.ok(json!({"type": "rate", "conversation": chat, "score": 5, "comment": "Kind."})).await;
    let rated = visitor.event_of(&chat, "rated").await;
    assert_eq!((&rated["score"], &rated["comment"]), (&json!(5), &json!("Kind.")));
    visitor.refused(json!({"type": "end", "conversation": chat}), "closed").await;
    // The one closed last is still shown, and a new start opens another.
    let back = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    assert_eq!(
        (&back.welcome["conversation"]["id"], &back.welcome["conversation"]["state"]),
        (&json!(chat), &json!("closed"))
    );
    assert_ne!(back.start().await, chat);
}

#[tokio::test]
async fn p3_typing_reaches_the_assignee_and_its_preview_only_where_allowed() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    for (playbook, preview) in [(playbooks::PEEK, true), (playbooks::LIVE, false)] {
        let visitor = hub.visitor(playbook).await;
        let chat = visitor.start().await;
        jane.claim(&chat).await;
        visitor.tell(json!({"type": "typing", "conversation": chat, "on": true, "preview": "canary-half a sen"})).await;
        let typing = jane
            .push("typing", |push| push["type"] == "typing" && push["conversation"] == *chat && push["on"] == true)
            .await;
        assert_eq!(typing["preview"].is_string(), preview, "{typing}");
        visitor.tell(json!({"type": "typing", "conversation": chat, "on": false})).await;
        jane.push("no more typing", |push| {
            push["type"] == "typing" && push["conversation"] == *chat && push["on"] == false
        })
        .await;
        jane.tell(json!({"type": "typing", "conversation": chat, "on": true})).await;
        let typing = visitor.push("typing", |push| push["type"] == "typing" && push["on"] == true).await;
        assert_eq!(typing["preview"], Value::Null);
    }
}

#[tokio::test]
async fn p3_seen_never_goes_back_and_comes_to_the_other_side() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    let said = jane.say(&chat, "j", "Hello?").await["seq"].as_u64().expect("a seq");
    visitor.event(&chat, |event| event["key"] == "j").await;
    visitor.ok(json!({"type": "seen", "conversation": chat, "received": said, "read": said})).await;
    let seen = jane.push("seen", |push| push["type"] == "seen" && push["read"] == said).await;
    assert_eq!((&seen["conversation"], &seen["received"]), (&json!(chat), &json!(said)));
    visitor.ok(json!({"type": "seen", "conversation": chat, "read": 1})).await;
    visitor.ok(json!({"type": "seen", "conversation": chat, "read": 1_000_000})).await;
    let page = jane.open(&chat).await;
    let read = page["conversation"]["seen"]["visitor"]["read"].as_u64().expect("a seq");
    assert!(read >= said && read <= page["conversation"]["seq"].as_u64().expect("a seq"), "{page}");

    let hello = visitor.say(&chat, "v", "Yes!").await["seq"].clone();
    jane.event(&chat, |event| event["key"] == "v").await;
    jane.ok(json!({"type": "seen", "conversation": chat, "read": hello})).await;
    visitor.push("seen", |push| push["type"] == "seen" && push["read"] == hello).await;
    let again = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    assert_eq!(again.welcome["conversation"]["seen"]["agent"]["read"], hello);
}

#[tokio::test]
async fn p3_the_assignee_sees_where_the_visitor_is_and_whether_they_are_there() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    visitor.ok(json!({"type": "page", "url": "https://site.example/cart", "title": "Cart"})).await;
    let moved = jane
        .push("the new page", |push| push["type"] == "visitor" && push["page"]["url"] == "https://site.example/cart")
        .await;
    assert_eq!((&moved["conversation"], &moved["connected"]), (&json!(chat), &json!(true)));
    for url in [
        "javascript:alert(1)",
        "ftp://site.example/",
        "",
        "nowhere",
        &format!("https://site.example/{}", "x".repeat(2048)),
    ] {
        let reply = visitor.ask(json!({"type": "page", "url": url})).await;
        assert_eq!(reply["ok"], false, "{url} was taken");
    }
    drop(visitor);
    jane.push("the visitor's leaving", |push| push["type"] == "visitor" && push["connected"] == false).await;
}

#[tokio::test]
async fn p3_where_the_visitor_goes_after_the_close_is_nobodys() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    jane.finish(&chat).await;
    let page = jane.open(&chat).await["conversation"]["page"].clone();
    visitor.ok(json!({"type": "page", "url": "https://site.example/elsewhere"})).await;
    let again = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    again.ok(json!({"type": "page", "url": "https://site.example/elsewhere"})).await;
    assert_eq!(jane.open(&chat).await["conversation"]["page"], page);
    assert!(jane.has(|frame| frame.to_string().contains("elsewhere")).is_none());
}

#[tokio::test]
async fn r9_the_visitor_sees_their_place_in_the_queue_and_the_countdown() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let mut waiting = Vec::new();
    for place in 1..=3 {
        let visitor = hub.visitor(playbooks::LIVE).await;
        let reply = visitor.ok(json!({"type": "start"})).await;
        let chat = reply["conversation"]["id"].as_str().expect("an id").to_owned();
        let left = reply["conversation"]["deadline"].as_i64().expect("a deadline")
            - visitor.welcome["server_time"].as_i64().expect("a time");
        assert!((55_000..65_000).contains(&left), "{left} ms left");
        if reply["conversation"]["position"] != place {
            visitor.push("the place in the queue", |push| push["type"] == "queue" && push["position"] == place).await;
        }
        waiting.push((visitor, chat));
    }
    jane.claim(&waiting[0].1).await;
    for (at, place) in [(1, 1), (2, 2)] {
        let push =
            waiting[at].0.push("a better place", |push| push["type"] == "queue" && push["position"] == place).await;
        assert_eq!(push["conversation"], *waiting[at].1);
    }
}
