//! Three notifications, one ringing device, receipts.

use serde_json::{Value, json};

use crate::support::{Agent, Client, Hub, Visitor, playbooks};

async fn waiting(hub: &Hub) -> (Visitor, String) {
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    (visitor, chat)
}

async fn bell(client: &Client, chat: &str, reason: &str) -> Value {
    client
        .push(&format!("notify {reason}"), |push| {
            push["type"] == "notify" && push["conversation"] == chat && push["reason"] == reason
        })
        .await
}

fn silent(client: &Client) {
    assert_eq!(client.has(|push| push["type"] == "notify"), None);
}

#[tokio::test]
async fn r17_a_new_unassigned_conversation_rings_one_device_of_everybody_who_is_on() {
    let hub = Hub::start().await;
    let (desk, off) = (hub.online("jane").await, hub.agent("max").await);
    let phone = hub.agent("jane").await;
    // The phone sent the last request, so it rings.
    phone.ok(json!({"type": "list", "folder": "mine"})).await;
    let (_visitor, chat) = waiting(&hub).await;
    let (loud, still) = (bell(&phone, &chat, "unassigned").await, bell(&desk, &chat, "unassigned").await);
    assert_eq!((&loud["ring"], &still["ring"]), (&json!(true), &json!(false)));
    assert!(loud["title"].is_string() && loud["body"].is_string());
    off.row(&chat, "waiting").await;
    silent(&off);

    // What one device could not show, the next one shall.
    phone.ok(json!({"type": "notified", "conversation": chat, "reason": "unassigned", "outcome": "blocked"})).await;
    let next = bell(&desk, &chat, "unassigned").await;
    assert_eq!(next["ring"], true);
    desk.ok(json!({"type": "notified", "conversation": chat, "reason": "unassigned", "outcome": "shown"})).await;
    desk.ok(json!({"type": "list", "folder": "mine"})).await;
    silent(&desk);
    silent(&phone);
}

#[tokio::test]
async fn r17_an_assignment_rings_for_the_new_owner_unless_they_did_it() {
    let hub = Hub::start().await;
    let (jane, max) = (hub.online("jane").await, hub.agent("max").await);
    let (_visitor, chat) = waiting(&hub).await;
    bell(&jane, &chat, "unassigned").await;
    jane.claim(&chat).await;
    silent(&jane);
    jane.assign(&chat, Some("max")).await;
    // Being switched off governs `unassigned` only.
    assert_eq!(bell(&max, &chat, "assigned").await["ring"], true);
    max.assign(&chat, None).await;
    bell(&jane, &chat, "unassigned").await;
    max.row(&chat, "unassigned").await;
    silent(&max);
}

#[tokio::test]
async fn r17_a_visitors_text_rings_for_its_owner_at_most_once_in_three_seconds() {
    let hub = Hub::start().await;
    let (jane, max) = (hub.online("jane").await, hub.online("max").await);
    let (visitor, chat) = waiting(&hub).await;
    for agent in [&jane, &max] {
        bell(agent, &chat, "unassigned").await;
    }
    visitor.say(&chat, "early", "before anybody took it").await;
    jane.claim(&chat).await;
    max.lost(&chat).await;
    for n in 0..5 {
        visitor.say(&chat, &format!("k{n}"), &format!("text {n}")).await;
    }
    let text = bell(&jane, &chat, "message").await;
    assert!(text["body"].as_str().is_some_and(|body| body.contains("text")), "{text}");
    jane.event(&chat, |event| event["key"] == "k4").await;
    jane.say(&chat, "j", "one's own texts ring for nobody").await;
    silent(&jane);
    silent(&max);
    assert!(!max.frames(0).concat().contains("text 0"));
}

#[tokio::test]
async fn r17_each_of_the_three_can_be_switched_off() {
    let hub = Hub::start().await;
    let (jane, max) = (hub.online("jane").await, hub.online("max").await);
    jane.ok(json!({"type": "settings", "notify": {"unassigned": false, "assigned": false, "message": false}})).await;
    let (visitor, chat) = waiting(&hub).await;
    bell(&max, &chat, "unassigned").await;
    max.claim(&chat).await;
    max.assign(&chat, Some("jane")).await;
    visitor.say(&chat, "k", "hello").await;
    jane.event(&chat, |event| event["key"] == "k").await;
    jane.ok(json!({"type": "list", "folder": "mine"})).await;
    silent(&jane);
}

#[tokio::test]
async fn r17_nothing_else_notifies() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let root = hub.admin("root").await;
    let (visitor, chat) = waiting(&hub).await;
    bell(&jane, &chat, "unassigned").await;
    jane.claim(&chat).await;
    visitor.tell(json!({"type": "typing", "conversation": chat, "on": true})).await;
    visitor.ok(json!({"type": "page", "url": "https://site.example/b"})).await;
    root.ok(json!({"type": "note", "conversation": chat, "key": "n", "text": "a note"})).await;
    visitor.ok(json!({"type": "rate", "conversation": chat, "score": 3})).await;
    visitor.ok(json!({"type": "end", "conversation": chat})).await;
    jane.event_of(&chat, "closed").await;
    // A missed one does not ring either: it waited before, or nobody was there.
    jane.switch(false).await;
    let (missed, lost) = waiting(&hub).await;
    missed.event_of(&lost, "missed").await;
    jane.row(&lost, "offline").await;
    silent(&jane);
    silent(&root);
}

#[tokio::test]
async fn r13_a_notification_never_goes_to_somebody_who_may_not_see_it() {
    let hub = Hub::start().await;
    let others: Vec<Agent> = vec![hub.online("max").await, hub.online("ann").await];
    let jane = hub.online("jane").await;
    let (visitor, chat) = waiting(&hub).await;
    for other in &others {
        bell(other, &chat, "unassigned").await;
    }
    jane.claim(&chat).await;
    for other in &others {
        other.lost(&chat).await;
    }
    visitor.say(&chat, "k", "canary-for-jane-only").await;
    bell(&jane, &chat, "message").await;
    for other in &others {
        other.ok(json!({"type": "list", "folder": "unassigned"})).await;
        silent(other);
        assert!(!other.frames(0).concat().contains("canary"));
    }
}
