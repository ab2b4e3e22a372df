//! Receivers that fail, refuse, send elsewhere or want nothing any more.

use std::time::Duration;

use serde_json::{Value, json};

use super::{LEAD, deliveries, lead, metric, settings, settled};
use crate::support::{Agent, Hub, Receiver, playbooks, receiver::Manner, wait};

/// A conversation in an agent's hands.
async fn assigned(hub: &Hub) -> (Agent, String) {
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    (jane, chat)
}

async fn make(jane: &Agent, chat: &str, key: &str) -> Value {
    jane.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "A deal", "key": key})).await["item"]
        .clone()
}

async fn failed(jane: &Agent, chat: &str, words: &str) -> Value {
    let told = |event: &Value| {
        event["type"] == "item_failed" && event["message"].as_str().is_some_and(|text| text.contains(words))
    };
    jane.event(chat, told).await
}

#[tokio::test]
async fn r18_a_failure_shows_is_retried_until_it_is_dead_and_an_admin_can_have_it_tried_again() {
    let hub = settings().start().await;
    let receiver = Receiver::with(|_| Manner::status(503)).await;
    let webhook = receiver.hooked(&hub, Some(&["item.created"])).await;
    let (jane, chat) = assigned(&hub).await;
    let item = make(&jane, &chat, "k").await;
    let shown = failed(&jane, &chat, "It is tried again").await;
    assert_eq!((&shown["item"], &shown["kind"]), (&item, &json!("deal")));
    let words = shown["message"].as_str().expect("words");
    assert!(words.starts_with("127.0.0.1: it answered 503"), "{words}");
    assert!(!words.contains("canary-of-the-address"));
    // Eight tries of one message, under one name.
    let dead = wait::within(Duration::from_secs(60), "the last try", async || {
        deliveries(&hub, &webhook, "&state=dead").await.pop()
    })
    .await;
    assert_eq!((&dead["tries"], &dead["status"], &dead["next_at"]), (&json!(8), &json!(503), &Value::Null));
    assert_eq!(dead["error"], "it answered 503 Service Unavailable");
    let told = receiver.messages();
    assert_eq!((told.len(), told.iter().filter(|message| message.id == dead["id"]).count()), (8, 8));
    failed(&jane, &chat, "It is not tried again, unless an admin asks for it").await;
    wait::until("the dead in the metrics", async || (metric(&hub, "usher_outbox_dead").await == 1.0).then_some(()))
        .await;
    assert_eq!(metric(&hub, "usher_outbox_tries_total{outcome=\"failed\"}").await, 7.0);
    assert_eq!(metric(&hub, "usher_outbox_tries_total{outcome=\"dead\"}").await, 1.0);
    let view = jane.open(&chat).await["conversation"]["items"][0].clone();
    assert!(view["failed"].is_string(), "{view}");
    // Again, and this time it is taken.
    receiver.now(|_| Manner::fine());
    let path = format!("/v1/webhooks/{webhook}/deliveries/{}/retry", dead["id"].as_str().expect("an id"));
    let revived = hub.rest("POST", &path, None).await.ok();
    assert_eq!((&revived["id"], &revived["state"], &revived["tries"]), (&dead["id"], &json!("waiting"), &json!(0)));
    settled(&hub, &webhook, "delivered", 1).await;
    jane.event(&chat, |event| event["type"] == "item" && event["by"]["kind"] == "system").await;
    let view = jane.open(&chat).await["conversation"]["items"].clone();
    assert_eq!((view.as_array().map(Vec::len), &view[0]["failed"]), (Some(1), &Value::Null));
    hub.rest("POST", &path, None).await.problem(409, "conflict");
    let events = jane.transcript(&chat).await;
    let shown = events.iter().filter(|event| event["type"] == "item_failed").count();
    assert_eq!(shown, 2, "it was said twice: that it is tried again, and that it is not");
}

#[tokio::test]
async fn r18_a_refusal_is_final_and_shows_at_once() {
    let hub = settings().start().await;
    let receiver = Receiver::with(|_| Manner::Answer(422, "{\"external\":{\"id\":\"1\"}}".into())).await;
    let webhook = receiver.hooked(&hub, Some(&["item.created"])).await;
    let (jane, chat) = assigned(&hub).await;
    make(&jane, &chat, "k").await;
    failed(&jane, &chat, "it answered 422 Unprocessable Entity. It is not tried again").await;
    let dead = settled(&hub, &webhook, "dead", 1).await;
    assert_eq!((&dead[0]["tries"], receiver.messages().len()), (&json!(1), 1));
}

#[tokio::test]
async fn r18_one_who_may_not_yet_is_told_at_once_and_tried_again() {
    let hub = settings().start().await;
    let receiver = Receiver::with(|message| Manner::status(if message.before < 2 { 401 } else { 200 })).await;
    let webhook = receiver.hooked(&hub, Some(&["item.created"])).await;
    let (jane, chat) = assigned(&hub).await;
    make(&jane, &chat, "k").await;
    failed(&jane, &chat, "it answered 401 Unauthorized. It is tried again").await;
    settled(&hub, &webhook, "delivered", 1).await;
    jane.event(&chat, |event| event["type"] == "item" && event["by"]["kind"] == "system").await;
    assert_eq!(receiver.messages().len(), 3);
}

#[tokio::test]
async fn s7_a_redirect_is_no_delivery_and_is_not_followed() {
    let hub = settings().start().await;
    let canary = Receiver::start().await;
    let to = canary.url();
    let receiver = Receiver::with(move |message| match message.before {
        0..4 => Manner::Redirect(to.clone()),
        _ => Manner::fine(),
    })
    .await;
    let webhook = receiver.hooked(&hub, Some(&["item.created"])).await;
    lead(&hub.visitor(LEAD).await).await;
    settled(&hub, &webhook, "delivered", 1).await;
    assert_eq!((receiver.messages().len(), canary.messages().len()), (5, 0));
}

#[tokio::test]
async fn w2_410_switches_the_webhook_off_and_gives_up_what_waits() {
    let hub = settings().set("USHER_OUTBOX__FIRST_RETRY_MS", "5000").start().await;
    let receiver = Receiver::with(|_| Manner::status(503)).await;
    let other = Receiver::start().await;
    let webhook = receiver.hooked(&hub, None).await;
    let kept = other.hooked(&hub, None).await;
    let (jane, chat) = assigned(&hub).await;
    make(&jane, &chat, "k").await;
    // The first waits for its next try, the others for their turn.
    wait::until("the first failure", async || {
        let waiting = deliveries(&hub, &webhook, "&state=waiting").await;
        (waiting.len() == 3 && waiting[2]["tries"] == 1).then_some(())
    })
    .await;
    receiver.now(|_| Manner::status(410));
    let visitor = hub.visitor(LEAD).await;
    lead(&visitor).await;
    let all = settled(&hub, &webhook, "dead", 6).await;
    assert_eq!(receiver.messages().len(), 2, "nothing was sent any more");
    let why = |one: &Value| one["error"].as_str().expect("words").to_owned();
    assert_eq!(all.iter().filter(|one| why(one) == "it answered 410 Gone").count(), 1);
    assert_eq!(
        all.iter().filter(|one| why(one).starts_with("the webhook is switched off: it answered 410")).count(),
        5
    );
    let hooks = hub.rest("GET", "/v1/webhooks", None).await.ok();
    let of = |id: &str| {
        let hooks = hooks["webhooks"].as_array().expect("a list");
        hooks.iter().find(|hook| hook["id"] == id).expect("listed").clone()
    };
    assert_eq!(of(&webhook)["disabled"]["reason"], "it answered 410 Gone");
    assert_eq!(of(&kept)["disabled"], Value::Null);
    failed(&jane, &chat, "switched off").await;
    // Nothing new is put in for it, and nothing old is brought back.
    let count = deliveries(&hub, &webhook, "").await.len();
    lead(&visitor).await;
    settled(&hub, &kept, "delivered", 9).await;
    assert_eq!(deliveries(&hub, &webhook, "").await.len(), count);
    let path = format!("/v1/webhooks/{webhook}/deliveries/{}/retry", all[0]["id"].as_str().expect("an id"));
    hub.rest("POST", &path, None).await.problem(409, "conflict");
}
