//! Receivers that fail, refuse, send elsewhere or want nothing any more.

use std::time::Duration;

use serde_json::{Value, json};

use super::{LEAD, deliveries, lead, metric, settings, settled};
use crate::support::{Agent, Hub, Receiver, http::Answer, playbooks, receiver::Manner, token, wait};

/// A conversation in an agent's hands.
pub async fn assigned(hub: &Hub) -> (Agent, String) {
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    (jane, chat)
}

pub async fn make(jane: &Agent, chat: &str, key: &str) -> Value {
    jane.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "A deal", "key": key})).await["item"]
        .clone()
}

pub async fn failed(jane: &Agent, chat: &str, words: &str) -> Value {
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
    failed(&jane, &chat, "It is not tried again, unless somebody asks for it").await;
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

/// Asks for an item to be handed on again.
pub async fn retry(hub: &Hub, sub: &str, chat: &str, item: &Value) -> Answer {
    let item = item.as_str().expect("an id").replace('/', "%2F");
    let request = hub.request("POST", &format!("/v1/conversations/{chat}/items/{item}/retry"));
    request.bearer(&token::agent(sub, "agent")).send().await.expect("an answer")
}

#[tokio::test]
async fn r18_an_agent_has_a_failed_item_handed_on_again_under_the_name_it_had() {
    let hub = settings().start().await;
    let receiver = Receiver::with(|_| Manner::status(422)).await;
    let other = Receiver::start().await;
    let webhook = receiver.hooked(&hub, Some(&["item.created"])).await;
    let kept = other.hooked(&hub, Some(&["item.created"])).await;
    let (jane, chat) = assigned(&hub).await;
    let _max = hub.online("max").await;
    let fine = make(&jane, &chat, "first").await;
    settled(&hub, &webhook, "dead", 1).await;
    let item = make(&jane, &chat, "a/key").await;
    let dead = settled(&hub, &webhook, "dead", 2).await.remove(0);
    settled(&hub, &kept, "delivered", 2).await;
    failed(&jane, &chat, "it answered 422").await;

    // Refused again: what is known already is not said again, and it can be asked for anew.
    assert_eq!(retry(&hub, "jane", &chat, &item).await.status, 204);
    receiver.got(3, "the third message", |message| message.topic() == "item.created").await;
    let again = settled(&hub, &webhook, "dead", 2).await.remove(0);
    assert_eq!((&again["id"], &again["tries"]), (&dead["id"], &json!(1)));

    // Whoever may not see the conversation hears of no such item; nor is there one of another conversation.
    retry(&hub, "max", &chat, &item).await.problem(404, "not_found");
    retry(&hub, "jane", &chat, &json!("i_never")).await.problem(404, "not_found");
    retry(&hub, "jane", "c_never", &item).await.problem(404, "not_found");
    let path = format!("/v1/conversations/{chat}/items/i_never/retry");
    hub.request("POST", &path).send().await.expect("an answer").problem(401, "unauthorized");
    assert_eq!(receiver.messages().len(), 3, "nothing was sent by those");

    // Mended: pressed twice it is made once, and only this one is.
    receiver.now(|_| Manner::Answer(200, "{\"external\":{\"id\":\"47\"}}".into()));
    jane.open(&chat).await;
    jane.finish(&chat).await;
    for _ in 0..2 {
        let answer = retry(&hub, "jane", &chat, &item).await;
        // The second may find that it is done.
        assert!(answer.status == 204 || answer.status == 409, "{answer:?}");
    }
    let told =
        |event: &Value| event["type"] == "item" && event["by"]["kind"] == "system" && !event["external"].is_null();
    let event = jane.event(&chat, told).await;
    assert_eq!((&event["item"], &event["external"]["id"]), (&item, &json!("47")));
    wait::until("it is delivered", async || {
        (deliveries(&hub, &webhook, "&state=delivered").await.len() == 1).then_some(())
    })
    .await;
    let names: Vec<_> = receiver.messages().iter().map(|message| message.id.clone()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names[1..].iter().all(|name| *name == dead["id"]), "{names:?}");
    assert_eq!(other.messages().len(), 2, "who has it is not told again");
    let view = jane.open(&chat).await["conversation"]["items"].clone();
    let of =
        |item: &Value| view.as_array().expect("a list").iter().find(|view| view["item"] == *item).expect("it").clone();
    assert_eq!((&of(&item)["failed"], &of(&fine)["external"]), (&Value::Null, &Value::Null));
    let nothing = retry(&hub, "jane", &chat, &item).await.problem(409, "conflict");
    assert!(nothing["detail"].as_str().is_some_and(|words| words.contains("nothing left to try")), "{nothing}");
}

#[tokio::test]
async fn r18_an_item_that_waits_for_its_next_try_is_tried_at_once_when_an_agent_asks() {
    let hub = settings().set("USHER_OUTBOX__FIRST_RETRY_MS", "5000").start().await;
    let receiver = Receiver::with(|_| Manner::status(401)).await;
    let webhook = receiver.hooked(&hub, Some(&["item.created"])).await;
    let (jane, chat) = assigned(&hub).await;
    let item = make(&jane, &chat, "k").await;
    failed(&jane, &chat, "It is tried again").await;
    let failing = wait::until("a failure", async || {
        deliveries(&hub, &webhook, "&state=waiting").await.pop().filter(|one| one["tries"] != 0)
    })
    .await;
    let asked = wait::now();
    assert!(failing["next_at"].as_i64() > Some(asked), "the next try lies ahead: {failing}");
    receiver.now(|_| Manner::fine());
    assert_eq!(retry(&hub, "jane", &chat, &item).await.status, 204);
    let done = settled(&hub, &webhook, "delivered", 1).await.remove(0);
    assert_eq!(done["tries"], 1, "with all its tries");
    assert!(done["done_at"].as_i64() < failing["next_at"].as_i64(), "before it was due: {done}");
    jane.event(&chat, |event| event["type"] == "item" && event["by"]["kind"] == "system").await;
}

#[tokio::test]
async fn w2_an_admin_switches_a_webhook_off_and_on_again() {
    let hub = settings().start().await;
    let receiver = Receiver::start().await;
    let webhook = receiver.hooked(&hub, Some(&["item.created"])).await;
    let (jane, chat) = assigned(&hub).await;
    let switch = async |how: &str| hub.rest("POST", &format!("/v1/webhooks/{webhook}/{how}"), None).await;
    let off = switch("disable").await.ok();
    assert_eq!((&off["id"], &off["disabled"]["reason"]), (&json!(webhook), &json!("an admin switched it off")));
    assert_eq!(switch("disable").await.ok(), off, "once");
    make(&jane, &chat, "unheard").await;
    let on = switch("enable").await.ok();
    assert_eq!((&on["id"], &on["disabled"]), (&json!(webhook), &Value::Null));
    assert_eq!(switch("enable").await.ok(), on);
    make(&jane, &chat, "heard").await;
    settled(&hub, &webhook, "delivered", 1).await;
    assert_eq!(receiver.messages().len(), 1);
    // An item whose receiver is switched off cannot be tried again, until it is on.
    receiver.now(|_| Manner::status(410));
    let item = make(&jane, &chat, "gone").await;
    failed(&jane, &chat, "410 Gone").await;
    settled_dead(&hub, &webhook).await;
    let problem = retry(&hub, "jane", &chat, &item).await.problem(409, "conflict");
    assert!(problem["detail"].as_str().is_some_and(|words| words.contains("switched off")), "{problem}");
    switch("enable").await.ok();
    receiver.now(|_| Manner::fine());
    assert_eq!(retry(&hub, "jane", &chat, &item).await.status, 204);
    settled(&hub, &webhook, "delivered", 2).await;
    for how in ["disable", "enable"] {
        let path = format!("/v1/webhooks/{webhook}/{how}");
        let jane = hub.request("POST", &path).bearer(&token::agent("jane", "agent")).send().await;
        jane.expect("an answer").problem(403, "forbidden");
        hub.rest("POST", &format!("/v1/webhooks/wh_never/{how}"), None).await.problem(404, "not_found");
        let mut claims = token::claims("root", "admin");
        claims["workspace"] = json!("elsewhere");
        let foreign = token::signed(token::SECRET, &claims);
        hub.request("POST", &path).bearer(&foreign).send().await.expect("an answer").problem(404, "not_found");
    }
}

/// Waits until one is given up.
async fn settled_dead(hub: &Hub, webhook: &str) {
    wait::until("one is given up", async || (!deliveries(hub, webhook, "&state=dead").await.is_empty()).then_some(()))
        .await;
}
