//! The narrow road: from a page to a person and back.

use std::time::Duration;

use serde_json::json;

use crate::support::{Hub, judge::judge, playbooks};

#[tokio::test]
async fn r6_a_visitor_and_an_agent_chat_from_start_to_close() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    assert_eq!(visitor.welcome["available"], true, "{}", visitor.welcome);

    let chat = visitor.start().await;
    let waiting = visitor.event_of(&chat, "waiting").await;
    assert_eq!(waiting["wait_ms"], 60_000);
    let row = jane.row(&chat, "waiting").await;
    assert_eq!(row["deadline"], waiting["deadline"]);

    jane.claim(&chat).await;
    let joined = visitor.event_of(&chat, "assigned").await;
    assert_eq!(joined["to"]["name"], "Jane");

    jane.say(&chat, "j1", "Hi, I am Jane.").await;
    let hi = visitor.event(&chat, |event| event["key"] == "j1").await;
    assert_eq!(
        (&hi["text"], &hi["by"]),
        (&json!("Hi, I am Jane."), &json!({"kind": "agent", "id": "jane", "name": "Jane"}))
    );
    visitor.say(&chat, "v1", "Hello Jane!").await;
    jane.event(&chat, |event| event["key"] == "v1").await;

    jane.finish(&chat).await;
    assert_eq!(visitor.event_of(&chat, "closed").await["reason"], "agent");
    assert!(jane.ids("closed").await.contains(&chat));
    let verdict = judge(&jane.transcript(&chat).await);
    assert_eq!((verdict.state.as_str(), verdict.assignments), ("closed", 1));
}

#[tokio::test]
async fn r6_nobody_available_means_the_offline_flow_at_once_and_a_lead_at_its_end() {
    let hub = Hub::start().await;
    let jane = hub.agent("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    assert_eq!(visitor.welcome["available"], false);

    let chat = visitor.start().await;
    assert_eq!(visitor.event_of(&chat, "missed").await["reason"], "nobody_online");
    visitor.event(&chat, |event| event["type"] == "message" && event["text"] == "Nobody is free right now.").await;
    visitor.event(&chat, |event| event["card"] == "email" && event["ask"]["kind"] == "capture").await;
    visitor.fill(&chat, "email", "ann@site.example").await;
    visitor.event(&chat, |event| event["ask"]["kind"] == "end").await;

    // It stays where an agent may follow it up.
    assert_eq!(jane.row(&chat, "offline").await["missed"], "nobody_online");
    assert!(jane.ids("unassigned").await.contains(&chat));
    let verdict = judge(&jane.transcript(&chat).await);
    assert_eq!(verdict.missed.as_deref(), Some("nobody_online"));
    assert_eq!(verdict.details["person.email"], "ann@site.example");
    let made: Vec<&str> = verdict.items.values().map(String::as_str).collect();
    assert_eq!((made.len(), made.contains(&"lead"), made.contains(&"activity")), (2, true, true));
    let items = hub.get(&format!("/v1/items?conversation={chat}"), "jane").await.ok();
    assert_eq!(items["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn r6_what_was_said_is_still_there_after_a_restart() {
    let mut hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    visitor.say(&chat, "v1", "Remember me").await;
    let before = jane.transcript(&chat).await;

    hub.restart().await;
    let back = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    assert_eq!(back.welcome["conversation"]["id"], chat);
    assert_eq!(back.id(), visitor.id());
    let jane = hub.agent("jane").await;
    assert_eq!(jane.welcome["online"], true, "the switch survives a restart");
    assert_eq!(jane.transcript(&chat).await, before);
}

#[tokio::test]
async fn d3_two_sides_who_pipeline_a_thousand_texts_into_one_conversation_are_all_taken_in_order() {
    const EACH: usize = 1_000;
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    let send = |from: &str, n: usize| json!({"type": "send", "conversation": chat, "key": format!("{from}{n}"), "text": format!("{n}")});
    let began = std::time::Instant::now();
    let (hers, theirs) =
        tokio::join!(jane.post_all((0..EACH).map(|n| send("j", n))), visitor.post_all((0..EACH).map(|n| send("v", n))));
    for (client, ids) in [(&jane.client, hers), (&visitor.client, theirs)] {
        assert_eq!(ids.len(), EACH);
        for id in ids {
            let reply = client.within(Duration::from_secs(60), "a reply", |seen| seen.replies.remove(&id)).await;
            assert_eq!(reply["ok"], true, "{reply}");
        }
    }
    println!("figure D3 texts={} in one conversation in_s={:.1}", 2 * EACH, began.elapsed().as_secs_f64());
    let log = jane.transcript(&chat).await;
    for from in ["j", "v"] {
        let keys = log.iter().filter_map(|event| event["key"].as_str()).filter(|key| key.starts_with(from));
        assert!(keys.eq((0..EACH).map(|n| format!("{from}{n}"))), "{from} out of order");
    }
}
