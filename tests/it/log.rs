//! The log on the wire: replies in place of events, keys, pages, cursors.

use serde_json::{Value, json};

use crate::support::{Agent, Hub, Visitor, playbooks};

/// A conversation that Jane has taken, followed by both.
async fn chat(hub: &Hub) -> (Agent, Visitor, String) {
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.open(&chat).await;
    jane.claim(&chat).await;
    visitor.event_of(&chat, "assigned").await;
    (jane, visitor, chat)
}

#[tokio::test]
async fn p2_the_reply_to_a_send_stands_in_for_the_event_on_the_senders_connection() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = chat(&hub).await;
    let other_tab = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    let other_device = hub.agent("jane").await;
    let (mark, marked) = (visitor.mark(), jane.mark());
    visitor.say(&chat, "v1", "canary-one").await;
    jane.say(&chat, "j1", "canary-two").await;
    for reader in [&other_tab.client, &other_device.client] {
        reader.event(&chat, |event| event["key"] == "v1").await;
        reader.event(&chat, |event| event["key"] == "j1").await;
    }
    jane.event(&chat, |event| event["key"] == "v1").await;
    visitor.event(&chat, |event| event["key"] == "j1").await;
    assert!(!visitor.frames(mark).concat().contains("canary-one"), "the sender was written to twice");
    let own: Vec<String> =
        jane.frames(marked).into_iter().filter(|frame| frame.contains(r#""type":"events""#)).collect();
    assert!(!own.concat().contains("canary-two"), "the sender was written to twice");
}

#[tokio::test]
async fn p2_a_send_without_id_comes_back_as_an_event() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = chat(&hub).await;
    visitor.tell(json!({"type": "send", "conversation": chat, "key": "v1", "text": "hello"})).await;
    let event = visitor.event(&chat, |event| event["key"] == "v1").await;
    assert_eq!(event["by"]["kind"], "visitor");
    jane.event(&chat, |event| event["key"] == "v1").await;
}

#[tokio::test]
async fn p2_a_repeated_key_is_answered_with_the_first_seq_as_a_duplicate() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = chat(&hub).await;
    // An answer brings several events, some of them for agents only; its reply tells of the last.
    let asked = hub.visitor(playbooks::TALK).await;
    let asking = asked.start().await;
    for (card, said) in [("hello", json!({"option": "write"})), ("name", json!({"value": "Ann Smith"}))] {
        let mut answer = json!({"type": "answer", "conversation": asking, "card": card, "key": card});
        answer.as_object_mut().expect("an object").extend(said.as_object().expect("an object").clone());
        let first = asked.ok(answer.clone()).await;
        let again = asked.ok(answer).await;
        assert_eq!((&again["seq"], &again["at"], &again["duplicate"]), (&first["seq"], &first["at"], &json!(true)));
    }
    for (client, request) in [
        (&visitor.client, json!({"type": "send", "conversation": chat, "key": "k", "text": "hello"})),
        (&jane.client, json!({"type": "send", "conversation": chat, "key": "k", "text": "hi"})),
        (&jane.client, json!({"type": "note", "conversation": chat, "key": "n", "text": "a note"})),
    ] {
        let first = client.ok(request.clone()).await;
        assert_ne!(first["duplicate"], true);
        let again = client.ok(request.clone()).await;
        assert_eq!((&again["seq"], &again["at"], &again["duplicate"]), (&first["seq"], &first["at"], &json!(true)));
        let mut other = request.clone();
        other["text"] = json!("something else");
        let error = client.refused(other, "invalid").await;
        assert_eq!(error["field"], "key");
    }
    // One author's key is unique across verbs.
    let error = jane.refused(json!({"type": "note", "conversation": chat, "key": "k", "text": "hi"}), "invalid").await;
    assert_eq!(error["field"], "key");
    let events = jane.transcript(&chat).await;
    assert_eq!(events.iter().filter(|event| event["key"] == "k").count(), 2, "one of each author");
}

#[tokio::test]
async fn p2_an_items_key_is_the_conversations_and_the_first_wins() {
    let hub = Hub::start().await;
    let (jane, _visitor, chat) = chat(&hub).await;
    let root = hub.admin("root").await;
    let make = |kind: &str, title: &str| json!({"type": "item", "conversation": chat, "kind": kind, "title": title, "key": "one"});
    let first = jane.ok(make("lead", "Ann")).await;
    let second = root.ok(make("lead", "Ann, again")).await;
    assert_eq!((&second["item"], &second["duplicate"]), (&first["item"], &json!(true)));
    let items = hub.get(&format!("/v1/items?conversation={chat}"), "jane").await.ok();
    assert_eq!(items["items"].as_array().map(Vec::len), Some(1), "{items}");
}

#[tokio::test]
async fn p2_a_refused_request_consumes_no_key() {
    let hub = Hub::start().await;
    let (_jane, visitor, chat) = chat(&hub).await;
    visitor.refused(json!({"type": "send", "conversation": chat, "key": "k", "text": ""}), "invalid").await;
    visitor
        .refused(
            json!({"type": "send", "conversation": chat, "key": "k", "text": "x".repeat(16 * 1024 + 1)}),
            "too_large",
        )
        .await;
    let taken = visitor.say(&chat, "k", &"x".repeat(16 * 1024)).await;
    assert_ne!(taken["duplicate"], true);
}

#[tokio::test]
async fn p2_other_requests_push_their_events_before_the_reply() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.open(&chat).await;
    for request in [
        json!({"type": "claim", "conversation": chat}),
        json!({"type": "details", "conversation": chat, "details": {"note": "n"}}),
        json!({"type": "item", "conversation": chat, "kind": "lead", "title": "t", "key": "k"}),
        json!({"type": "close", "conversation": chat}),
    ] {
        let mark = jane.mark();
        let reply = jane.ok(request).await;
        let frames = jane.frames(mark);
        let place = |wanted: &dyn Fn(&Value) -> bool| {
            frames.iter().position(|frame| wanted(&serde_json::from_str(frame).expect("JSON")))
        };
        let last = |frame: &Value| {
            frame["events"].as_array().is_some_and(|events| events.iter().any(|event| event["seq"] == reply["seq"]))
        };
        let (event, answer) = (place(&last), place(&|frame| frame["id"] == reply["id"]));
        assert!(event.is_some() && event < answer, "{frames:#?}");
    }
}

#[tokio::test]
async fn p2_a_reply_brings_one_page_and_history_the_older_ones() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = chat(&hub).await;
    let ids = visitor
        .post_all(
            (0..450)
                .map(|n| json!({"type": "send", "conversation": chat, "key": format!("k{n}"), "text": format!("{n}")})),
        )
        .await;
    for id in ids {
        assert_eq!(visitor.reply(id).await["ok"], true);
    }
    let page = hub.admin("root").await.open(&chat).await;
    let events = page["events"].as_array().expect("events");
    assert!((1..=200).contains(&events.len()), "{} events", events.len());
    assert_eq!(events.last().expect("one")["seq"], page["conversation"]["seq"], "the newest page");
    let all = jane.transcript(&chat).await;
    assert_eq!(all.len() as u64, page["conversation"]["seq"].as_u64().expect("a seq"));
    assert_eq!(all.iter().enumerate().find(|(at, event)| event["seq"] != *at as u64 + 1), None);

    let again = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    let mut seen = again.events(&chat);
    assert!(seen.len() <= 200, "{}", seen.len());
    while let Some(before) = seen.first().map(|event| event["seq"].clone()).filter(|seq| *seq != 1) {
        let older = again.ok(json!({"type": "history", "conversation": chat, "before": before, "limit": 100})).await;
        let older = older["events"].as_array().expect("events").clone();
        assert!((1..=100).contains(&older.len()), "{} events before {before}", older.len());
        seen.splice(0..0, older);
    }
    assert_eq!(seen.iter().filter(|event| event["key"].is_string()).count(), 450);
    let none = again.ok(json!({"type": "history", "conversation": chat, "before": 1, "limit": 100})).await;
    assert_eq!(none["events"], json!([]));
}

#[tokio::test]
async fn p2_a_page_holds_at_most_128_kib() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = chat(&hub).await;
    let text = "x".repeat(16_000);
    for n in 0..30 {
        visitor.say(&chat, &format!("k{n}"), &text).await;
    }
    let page = hub.admin("root").await.open(&chat).await;
    let size = page["events"].to_string().len();
    assert!((16_000..=132 * 1024).contains(&size), "{size} bytes");
    // With a cursor the rest follows by itself.
    let back = visitor.resume(&hub.visitors(), playbooks::LIVE, &chat, 2).await;
    assert_eq!(back.welcome["recovered"], true);
    back.event(&chat, |event| event["key"] == "k29").await;
    assert_eq!(back.events(&chat).iter().filter(|event| event["key"].is_string()).count(), 30);
    assert_eq!(jane.transcript(&chat).await.iter().filter(|event| event["key"].is_string()).count(), 30);
}

#[tokio::test]
async fn p2_a_cursor_of_another_epoch_or_beyond_the_head_gives_a_fresh_page() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = chat(&hub).await;
    visitor.say(&chat, "k", "hello").await;
    let epoch = visitor.welcome["epoch"].clone();
    for (epoch, seq) in [(epoch.clone(), 1_000_000), (json!("another"), 2)] {
        let mut greeting = Visitor::greeting(playbooks::LIVE);
        greeting["token"] = visitor.token();
        greeting["after"] = json!({"conversation": chat, "epoch": epoch, "seq": seq});
        let back = Visitor::hello_with(&hub.visitors(), greeting).await;
        assert_eq!(back.welcome["recovered"], false, "{}", back.welcome);
        assert_eq!(back.events(&chat)[0]["seq"], 1);
        let page = jane.ok(json!({"type": "open", "conversation": chat, "after": {"epoch": epoch, "seq": seq}})).await;
        assert_eq!(page["recovered"], false, "{page}");
        assert_eq!(page["events"][0]["seq"], 1);
    }
    let at_head = jane.seen().logs.head(&chat);
    let page = jane.ok(json!({"type": "open", "conversation": chat, "after": {"epoch": epoch, "seq": at_head}})).await;
    assert_eq!((&page["recovered"], &page["events"]), (&json!(true), &json!([])));
}

#[tokio::test]
async fn p2_visitors_are_not_shown_what_is_for_agents() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = chat(&hub).await;
    jane.ok(json!({"type": "note", "conversation": chat, "key": "n", "text": "canary-note"})).await;
    jane.ok(json!({"type": "details", "conversation": chat, "details": {"person": {"name": "canary-name"}}})).await;
    jane.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "canary-deal", "key": "i"})).await;
    let said = jane.say(&chat, "k", "visible").await;
    let event = visitor.event(&chat, |event| event["key"] == "k").await;
    assert_eq!(event["seq"], said["seq"]);
    let again = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    let before = json!({"type": "history", "conversation": chat, "before": said["seq"], "limit": 100});
    again.ok(before).await;
    for frames in [visitor.frames(0), again.frames(0)] {
        let raw = frames.concat();
        for word in ["canary", r#""details""#, r#""items""#, r#""unread""#, r#""preview""#] {
            assert!(!raw.contains(word), "a visitor was shown {word}");
        }
    }
}

#[tokio::test]
async fn p2_an_answer_that_ends_in_a_lead_tells_the_visitor_nothing_of_it() {
    let hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::TALK).await;
    let chat = visitor.start().await;
    visitor.choose(&chat, "hello", "write").await;
    visitor.fill(&chat, "name", "Ann Smith").await;
    visitor.event_of(&chat, "closed").await;
    let raw = visitor.frames(0).concat();
    assert!(!raw.contains(r#""item""#) && !raw.contains(r#""i_"#), "a visitor was shown an item: {raw}");
}

#[tokio::test]
async fn p2_a_conversation_in_a_reply_has_all_its_members() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = chat(&hub).await;
    let members = [
        "id",
        "state",
        "seq",
        "assignee",
        "deadline",
        "position",
        "missed",
        "visitor",
        "playbook",
        "page",
        "locale",
        "created_at",
        "closed_at",
        "seen",
    ];
    let page = jane.open(&chat).await;
    let again = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    let row = jane.folder("mine").await.remove(0);
    for (whose, conversation) in
        [("agent", &page["conversation"]), ("visitor", &again.welcome["conversation"]), ("row", &row)]
    {
        for member in members {
            assert!(conversation.get(member).is_some(), "{whose}: no {member} in {conversation}");
        }
    }
    for member in ["details", "items", "unread", "preview", "last_at"] {
        assert!(page["conversation"].get(member).is_some(), "no {member} in {}", page["conversation"]);
        assert_eq!(row.get(member).is_some(), !matches!(member, "details" | "items"), "{member} in {row}");
    }
    assert_eq!(row["page"]["url"], "https://site.example/prices");
    assert_eq!((&row["visitor"]["connected"], &row["assignee"]["id"]), (&json!(true), &json!("jane")));
}

#[tokio::test]
async fn d5_over_2000_missing_events_give_a_fresh_page() {
    let hub = Hub::start().await;
    let (_jane, visitor, chat) = chat(&hub).await;
    let ids = visitor
        .post_all(
            (0..2_050).map(|n| json!({"type": "send", "conversation": chat, "key": format!("k{n}"), "text": "x"})),
        )
        .await;
    for id in ids {
        assert_eq!(visitor.reply(id).await["ok"], true);
    }
    let back = visitor.resume(&hub.visitors(), playbooks::LIVE, &chat, 3).await;
    assert_eq!(back.welcome["recovered"], false);
    let events = back.events(&chat);
    assert_eq!(events.last().expect("a page")["key"], "k2049");
    let near = visitor.resume(&hub.visitors(), playbooks::LIVE, &chat, 500).await;
    assert_eq!(near.welcome["recovered"], true);
    near.event(&chat, |event| event["key"] == "k2049").await;
    let seqs: Vec<u64> = near.events(&chat).iter().filter_map(|event| event["seq"].as_u64()).collect();
    assert_eq!(seqs, (501..=*seqs.last().expect("some")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_what_a_new_owner_writes_first_does_not_overtake_what_made_them_the_owner() {
    const ROUNDS: usize = 300;
    let hub = Hub::start().await;
    let agents = [hub.online("jane").await, hub.online("bob").await];
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    agents[0].claim(&chat).await;
    let mut refused = 0;
    for round in 0..ROUNDS {
        let (owner, next) = (&agents[round % 2], &agents[(round + 1) % 2]);
        let given = owner.post(json!({"type": "assign", "conversation": chat, "to": next.id()})).await;
        // The other one writes on and on: the first that is taken follows the assignment at once.
        for n in 0.. {
            let key = format!("k{round}-{n}");
            let send = json!({"type": "send", "conversation": chat, "key": key, "text": "mine"});
            if next.ask(send).await["ok"] == true {
                break;
            }
            refused += 1;
        }
        owner.reply(given).await;
    }
    println!("rounds={ROUNDS} refused={refused}");
    agents.iter().for_each(|agent| agent.assert_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_what_is_taken_and_given_back_at_once_leaves_no_hole_before_what_its_owner_writes() {
    const ROUNDS: usize = 150;
    let hub = Hub::start().await;
    let root = hub.admin("root").await;
    let (jane, bob) = (hub.online("jane").await, hub.online("bob").await);
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    let assign = |to: &Agent| json!({"type": "assign", "conversation": chat, "to": to.id()});
    let (mut taken, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let moves = root.post_all([assign(&bob), assign(&jane)]).await;
        let sends = (0..12).map(|n| {
            let key = format!("k{round}-{n}");
            json!({"type": "send", "conversation": chat, "key": key, "text": "mine"})
        });
        for id in jane.post_all(sends).await {
            match jane.reply(id).await["ok"] == true {
                true => taken += 1,
                false => refused += 1,
            }
        }
        for id in moves {
            root.reply(id).await;
        }
    }
    println!("rounds={ROUNDS} taken={taken} refused={refused}");
    assert!(taken >= ROUNDS / 10, "she hardly ever had it");
    jane.assert_clean();
    bob.assert_clean();
}
