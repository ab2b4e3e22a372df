//! Waiting, missing, rescuing: the road of a visitor nobody has taken yet.

use serde_json::{Value, json};

use crate::support::{Hub, Visitor, judge::judge, playbooks, token};

#[tokio::test]
async fn r6_the_online_message_comes_just_before_the_wait_as_a_tree() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::TALK).await;
    let chat = visitor.start().await;
    visitor.choose(&chat, "hello", "talk").await;
    let waiting = visitor.event_of(&chat, "waiting").await;
    let events = visitor.events(&chat);
    let message = &events[events.iter().position(|event| *event == waiting).expect("it") - 1];
    assert_eq!((&message["type"], &message["by"]["kind"]), (&json!("message"), &json!("bot")));
    assert_eq!(message["rich"], json!([{"p": [{"b": ["One moment"]}, ", please."]}]));
    assert!(message.get("key").is_none());
    assert_eq!(waiting["deadline"].as_i64().expect("a time") - waiting["at"].as_i64().expect("a time"), 60_000);
    assert_eq!(jane.row(&chat, "waiting").await["deadline"], waiting["deadline"]);
}

#[tokio::test]
async fn r5_until_it_was_seen_on_a_page_the_live_chat_card_is_offline_only() {
    let hub = Hub::start().await;
    let _jane = hub.online("jane").await;
    let status = async || {
        let found = hub.rest("GET", &format!("/v1/playbooks/{}", playbooks::LIVE), None).await.ok();
        if found["live_chat"].is_null() { found["playbook"]["live_chat"].clone() } else { found["live_chat"].clone() }
    };
    assert_eq!(status().await, "offline_only");
    let mut greeting = Visitor::greeting(playbooks::LIVE);
    greeting.as_object_mut().expect("an object").remove("page");
    let visitor = Visitor::hello_with(&hub.visitors(), greeting).await;
    assert_eq!((&visitor.welcome["available"], &visitor.welcome["reason"]), (&json!(false), &json!("not_installed")));
    let chat = visitor.start().await;
    assert_eq!(visitor.event_of(&chat, "missed").await["reason"], "not_installed");

    // Seen for the first time: the page counts before `available` is computed, and who is there is told.
    let second = hub.visitor(playbooks::LIVE).await;
    assert_eq!(second.welcome["available"], true);
    assert_eq!(status().await, "live");
    let push = visitor.push("availability", |push| push["type"] == "available").await;
    assert_eq!((&push["available"], &push["reason"]), (&json!(true), &json!("ok")));
}

#[tokio::test]
async fn r5_a_card_reached_while_the_playbook_is_switched_off_appears_in_no_inbox_and_a_running_wait_goes_on() {
    let hub = Hub::start().await;
    let (jane, root) = (hub.online("jane").await, hub.admin("root").await);
    let (waits, asks) = (hub.visitor(playbooks::TALK).await, hub.visitor(playbooks::TALK).await);
    let (waiting, hidden) = (waits.start().await, asks.start().await);
    waits.choose(&waiting, "hello", "talk").await;
    jane.row(&waiting, "waiting").await;
    let path = format!("/v1/playbooks/{}", playbooks::TALK);
    let mut playbook = hub.rest("GET", &path, None).await.ok();
    playbook["active"] = json!(false);
    let off = hub.request("PUT", &path).bearer(&token::agent("root", "admin")).header("if-match", "1").json(&playbook);
    off.send().await.expect("an answer").ok();
    waits.push("availability", |push| push["reason"] == "inactive").await;

    asks.choose(&hidden, "hello", "talk").await;
    assert_eq!(asks.event_of(&hidden, "missed").await["reason"], "not_installed");
    asks.fill(&hidden, "email", "zoe@example.com").await;
    // The wait goes on, and is the only row there is.
    assert!(!waits.events(&waiting).iter().any(|event| event["type"] == "missed"));
    for agent in [&jane, &root] {
        assert_eq!(agent.ids("unassigned").await, [waiting.as_str()]);
        assert_eq!(agent.has(|push| push.to_string().contains(&hidden)), None);
    }
    let again = hub.agent("jane").await;
    assert_eq!(again.welcome["counts"]["unassigned"], 1);
    jane.refused(json!({"type": "open", "conversation": hidden}), "not_found").await;
    jane.refused(json!({"type": "claim", "conversation": hidden}), "not_found").await;
    let all = root.ids("all").await;
    assert!(all.contains(&hidden) && all.contains(&waiting));
    jane.claim(&waiting).await;
}

#[tokio::test]
async fn r5_the_widgets_settings_asked_from_a_page_install_it_too() {
    let hub = Hub::start().await;
    let _jane = hub.online("jane").await;
    let path = format!("/v1/widget/{}", playbooks::LIVE);
    hub.request("GET", &path).header("origin", playbooks::SITE).send().await.expect("an answer").ok();
    let mut greeting = Visitor::greeting(playbooks::LIVE);
    greeting.as_object_mut().expect("an object").remove("page");
    assert_eq!(Visitor::hello_with(&hub.visitors(), greeting).await.welcome["available"], true);
}

#[tokio::test]
async fn r8_when_the_last_available_agent_switches_off_the_wait_ends_then() {
    let hub = Hub::start().await;
    let (jane, max) = (hub.online("jane").await, hub.online("max").await);
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    max.switch(false).await;
    assert!(visitor.has(|push| push["type"] == "available").is_none(), "Jane is still there");
    jane.switch(false).await;
    let missed = visitor.event_of(&chat, "missed").await;
    assert_eq!((&missed["reason"], &missed["by"]["kind"]), (&json!("everyone_left"), &json!("system")));
    visitor.event(&chat, |event| event["type"] == "message" && event["text"] == "Nobody is free right now.").await;
    visitor.event(&chat, |event| event["card"] == "email").await;
    let push = visitor.push("availability", |push| push["type"] == "available" && push["available"] == false).await;
    assert_eq!(push["reason"], "nobody_online");
    assert_eq!(jane.row(&chat, "offline").await["missed"], "everyone_left");
    judge(&jane.transcript(&chat).await);
}

#[tokio::test]
async fn r9_an_agent_who_comes_back_rescues_a_visitor_from_the_offline_flow() {
    let hub = Hub::start().await;
    let jane = hub.agent("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    visitor.event_of(&chat, "missed").await;
    assert_eq!(jane.ids("unassigned").await, [chat.as_str()], "a missed conversation stays in Unassigned");
    jane.switch(true).await;
    jane.claim(&chat).await;
    visitor.event_of(&chat, "assigned").await;
    visitor
        .refused(
            json!({"type": "answer", "conversation": chat, "card": "email", "value": "a@site.example", "key": "a"}),
            "conflict",
        )
        .await;
    jane.say(&chat, "j", "I am back.").await;
    visitor.event(&chat, |event| event["key"] == "j").await;
    judge(&jane.transcript(&chat).await);
}

#[tokio::test]
async fn r7_a_wait_nobody_answers_ends_at_its_deadline_and_a_claim_wins_against_it_whole() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let (left, taken) = (hub.visitor(playbooks::QUICK).await, hub.visitor(playbooks::QUICK).await);
    let (missed, claimed) = (left.start().await, taken.start().await);
    jane.claim(&claimed).await;
    let event = left.event_of(&missed, "missed").await;
    let deadline = left.event_of(&missed, "waiting").await["deadline"].as_i64().expect("a time");
    let late = event["at"].as_i64().expect("a time") - deadline;
    assert_eq!((&event["reason"], &event["by"]["kind"]), (&json!("wait_expired"), &json!("system")));
    assert!((0..2_000).contains(&late), "{late} ms late");
    // Whatever came for the other one would have come by now: its deadline was earlier or the same.
    let verdict = judge(&jane.transcript(&claimed).await);
    assert_eq!((verdict.state.as_str(), verdict.missed), ("assigned", None));
    assert_eq!(jane.row(&missed, "offline").await["missed"], "wait_expired");
}

#[tokio::test]
async fn r12_the_visitor_is_told_who_joined_and_who_took_over() {
    let hub = Hub::start().await;
    let (jane, _max) = (hub.online("jane").await, hub.online("max").await);
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    jane.assign(&chat, Some("max")).await;
    let second = visitor.event(&chat, |event| event["type"] == "assigned" && event["to"]["id"] == "max").await;
    assert_eq!((&second["to"]["name"], &second["from"]["name"]), (&json!("Max"), &json!("Jane")));
    let again = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    assert_eq!(again.welcome["conversation"]["assignee"]["name"], "Max");
}

#[tokio::test]
async fn r4_a_running_conversation_keeps_the_version_it_started_with() {
    let hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::TALK).await;
    let chat = visitor.start().await;
    let path = format!("/v1/playbooks/{}", playbooks::TALK);
    let answer = hub.rest("GET", &path, None).await.ok();
    let mut playbook = if answer["playbook"].is_object() { answer["playbook"].clone() } else { answer };
    let version = playbook["version"].as_u64().expect("a version");
    playbook["cards"]["bye"]["text"] = json!("Another goodbye.");
    let put = hub
        .request("PUT", &path)
        .bearer(&crate::support::token::agent("root", "admin"))
        .header("if-match", &version.to_string());
    let saved = put.json(&playbook).send().await.expect("an answer");
    assert!((200..300).contains(&saved.status), "{saved:?}");
    visitor.choose(&chat, "hello", "look").await;
    assert_eq!(visitor.event(&chat, |event| event["card"] == "bye").await["text"], "Enjoy your visit.");
    let next = hub.visitor(playbooks::TALK).await;
    let newer = next.start().await;
    assert_eq!(next.event_of(&newer, "started").await["playbook"]["version"], version + 1);
    next.choose(&newer, "hello", "look").await;
    assert_eq!(next.event(&newer, |event| event["card"] == "bye").await["text"], "Another goodbye.");
}

#[tokio::test]
async fn r18_the_items_of_a_flow_are_made_once_with_what_the_visitor_said() {
    let mut hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::TALK).await;
    let chat = visitor.start().await;
    visitor.choose(&chat, "hello", "write").await;
    visitor.fill(&chat, "name", "Ann Smith").await;
    visitor.event_of(&chat, "closed").await;
    // It never reached the Live Chat card, so it is the admins' alone.
    let path = format!("/v1/items?conversation={chat}");
    let items = async |hub: &Hub| hub.rest("GET", &path, None).await.ok()["items"].clone();
    let before = items(&hub).await;
    assert_eq!((before.as_array().map(Vec::len), &before[0]["kind"]), (Some(1), &json!("deal")));
    assert!(before.to_string().contains("Ann Smith"), "{before}");
    hub.restart().await;
    assert_eq!(items(&hub).await, before);
    let back: Value = visitor.again(&hub.visitors(), playbooks::TALK).await.welcome["conversation"]["state"].clone();
    assert_eq!(back, "closed");
}
