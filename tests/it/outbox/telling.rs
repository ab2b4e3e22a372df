//! What receivers are told, in which order, and what the conversation hears back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{LEAD, lead, metric, settings, settled};
use crate::support::{
    Receiver, playbooks,
    receiver::{Manner, verify},
    wait,
};

#[test]
fn r18_the_tests_own_verifier_knows_the_vector_of_the_specification() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", b"{\"test\": 2432232314}");
    let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert!(verify(secret, id, "1614265330", body, right));
    assert!(verify(secret, id, "1614265330", body, &format!("v1,AAAA {right}")));
    assert!(!verify(secret, id, "1614265331", body, right));
    assert!(!verify(secret, id, "1614265330", b"{}", right));
    assert!(!verify(secret, "msg_other", "1614265330", body, right));
    assert!(!verify("whsec_AAAA", id, "1614265330", body, right));
}

#[tokio::test]
async fn r18_a_receiver_is_told_each_step_in_order_signed_and_with_what_a_crm_needs() {
    let hub = settings().start().await;
    let receiver = Receiver::start().await;
    let webhook = receiver.hooked(&hub, None).await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    let person = json!({"name": "Zoë", "email": "zoe@example.com"});
    jane.ok(json!({"type": "details", "conversation": chat, "details": {"person": person}})).await;
    let made = jane
        .ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "A deal", "key": "k",
            "fields": {"value": 12.5, "currency": "EUR"}}))
        .await;
    jane.finish(&chat).await;
    let told = receiver.got(4, "all of it", |_| true).await;
    let topics: Vec<&str> = told.iter().map(|message| message.topic()).collect();
    assert_eq!(topics, ["conversation.started", "conversation.assigned", "item.created", "conversation.closed"]);
    assert!(told.iter().all(|message| message.conversation() == chat && message.before == 0));
    let deal = &told[2].body["data"];
    assert_eq!(
        (&deal["item"]["id"], &deal["item"]["kind"], &deal["item"]["title"]),
        (&made["item"], &json!("deal"), &json!("A deal"))
    );
    assert_eq!(deal["item"]["fields"], json!({"value": 12.5, "currency": "EUR"}));
    assert_eq!(deal["item"]["page"], format!("{}/prices", playbooks::SITE));
    assert_eq!(deal["conversation"]["details"]["person"], person);
    assert_eq!((&deal["workspace"], &deal["event"]["by"]["id"]), (&json!("default"), &json!("jane")));
    assert_eq!(deal["event"]["seq"], made["seq"]);
    assert_eq!(told[2].id, format!("msg_{}_{}", chat.strip_prefix("c_").expect("a conversation"), made["seq"]));
    let user_agent = told[2].headers.get("user-agent").expect("a user agent");
    assert!(user_agent.starts_with("Usher/"), "{user_agent}");
    assert_eq!(settled(&hub, &webhook, "delivered", 4).await[0]["status"], 204);
    // Who said nothing of where it keeps the item has changed nothing in the chat.
    let events = jane.transcript(&chat).await;
    assert_eq!(events.iter().filter(|event| event["type"] == "item").count(), 1);
    assert!(!hub.log().contains("canary-of-the-address"), "an address in the log");
}

#[tokio::test]
async fn r18_where_the_crm_keeps_an_item_shows_in_the_conversation() {
    let hub = settings().start().await;
    let link = "https://crm.example/deals/47";
    let answer = format!(r#"{{"external":{{"id":"47","url":"{link}"}}}}"#);
    let receiver = Receiver::with(move |_| Manner::Answer(200, answer.clone())).await;
    let webhook = receiver.hooked(&hub, Some(&["item.created"])).await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    jane.ok(json!({"type": "item", "conversation": chat, "kind": "lead", "title": "A lead", "key": "k"})).await;
    let linked = jane.event(&chat, |event| event["type"] == "item" && !event["external"].is_null()).await;
    assert_eq!((&linked["external"], &linked["by"]), (&json!({"id": "47", "url": link}), &json!({"kind": "system"})));
    settled(&hub, &webhook, "delivered", 1).await;
    // It is no second item, and nobody is told of it as if it were one.
    let view = jane.open(&chat).await["conversation"]["items"].clone();
    assert_eq!((view.as_array().map(Vec::len), &view[0]["external"]["id"]), (Some(1), &json!("47")));
    assert_eq!(hub.get("/v1/items", "jane").await.ok()["items"][0]["external"]["url"], link);
    assert_eq!(receiver.messages().len(), 1);
}

#[tokio::test]
async fn r18_a_webhook_hears_only_what_it_wants_and_only_from_when_it_is_there() {
    let hub = settings().start().await;
    let visitor = hub.visitor(LEAD).await;
    lead(&visitor).await;
    let (all, items) = (Receiver::start().await, Receiver::start().await);
    let all_hook = all.hooked(&hub, None).await;
    let item_hook = items.hooked(&hub, Some(&["item.created"])).await;
    let (chat, item) = lead(&visitor).await;
    settled(&hub, &all_hook, "delivered", 3).await;
    settled(&hub, &item_hook, "delivered", 1).await;
    assert_eq!(items.acts(), [format!("item.created {item}")]);
    let mut expected: Vec<String> =
        ["conversation.closed", "conversation.started"].map(|topic| format!("{topic} {chat}")).into();
    expected.push(format!("item.created {item}"));
    assert_eq!(all.acts(), expected);
    // Once it is gone it hears nothing more.
    assert_eq!(hub.rest("DELETE", &format!("/v1/webhooks/{item_hook}"), None).await.status, 204);
    lead(&visitor).await;
    settled(&hub, &all_hook, "delivered", 6).await;
    assert_eq!(items.messages().len(), 1);
}

#[tokio::test]
async fn r18_a_receiver_that_hangs_holds_up_neither_the_chat_nor_other_receivers() {
    let hub = settings().start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    let sends = async |from: usize| {
        let mut took = Vec::new();
        for n in from..from + 100 {
            let began = Instant::now();
            visitor.say(&chat, &format!("k{n}"), "Hello").await;
            took.push(began.elapsed());
        }
        took.sort_unstable();
        (took[50], took[99])
    };
    let (usual, _) = sends(0).await;
    let (slow, quick) = (Receiver::with(|_| Manner::Hang).await, Receiver::start().await);
    let slow_hook = slow.hooked(&hub, None).await;
    let quick_hook = quick.hooked(&hub, None).await;
    let writer = hub.visitor(LEAD).await;
    for _ in 0..20 {
        lead(&writer).await;
    }
    // Four under way, and no more, to the one that hangs.
    slow.got(4, "what hangs", |_| true).await;
    settled(&hub, &quick_hook, "delivered", 20 * 3).await;
    let (meanwhile, worst) = sends(100).await;
    let began = Instant::now();
    jane.ok(json!({"type": "item", "conversation": chat, "kind": "lead", "title": "A lead", "key": "k"})).await;
    jane.finish(&chat).await;
    let asked = began.elapsed();
    settled(&hub, &quick_hook, "delivered", 20 * 3 + 2).await;
    assert_eq!(slow.messages().len(), 4);
    println!("figure r18 sends p50 without={usual:?} with={meanwhile:?} worst={worst:?}, item and close={asked:?}");
    assert!(meanwhile < usual * 4 + Duration::from_millis(20), "{usual:?} became {meanwhile:?}");
    assert!(worst < Duration::from_secs(2) && asked < Duration::from_secs(2), "somebody waited: {worst:?}, {asked:?}");
    assert_eq!(metric(&hub, "usher_outbox_under_way").await, 4.0);
    wait::until("the backlog in the metrics", async || {
        let waiting = metric(&hub, "usher_outbox_waiting").await;
        (waiting as usize == super::deliveries(&hub, &slow_hook, "&state=waiting").await.len()).then_some(())
    })
    .await;
    assert!(metric(&hub, "usher_outbox_oldest_seconds").await >= 0.0);
    assert_eq!(metric(&hub, "usher_outbox_tries_total{outcome=\"delivered\"}").await, 62.0);
}

#[tokio::test]
async fn r18_one_receivers_trouble_changes_the_order_for_nobody_else() {
    let hub = settings().start().await;
    // The very first message of each conversation fails twice, as in a restart of the receiver.
    let receiver = Receiver::with(|message| match (message.topic(), message.before) {
        ("conversation.started", 0 | 1) => Manner::Cut,
        _ => Manner::fine(),
    })
    .await;
    let webhook = receiver.hooked(&hub, None).await;
    let mut chats = Vec::new();
    for _ in 0..5 {
        chats.push(lead(&hub.visitor(LEAD).await).await.0);
    }
    settled(&hub, &webhook, "delivered", 15).await;
    let told = receiver.messages();
    for chat in &chats {
        let topics: Vec<&str> =
            told.iter().filter(|message| message.conversation() == chat).map(|message| message.topic()).collect();
        let started = "conversation.started";
        assert_eq!(topics, [started, started, started, "item.created", "conversation.closed"]);
    }
}

#[tokio::test]
async fn l4_what_is_under_way_when_the_hub_drains_is_delivered_and_the_rest_after_the_start() {
    let mut hub = settings().start().await;
    let (gate, opened) = (std::sync::Arc::new(tokio::sync::Notify::new()), std::sync::atomic::AtomicBool::new(false));
    let arrived = gate.clone();
    let receiver = Receiver::with(move |_| {
        if !opened.swap(true, std::sync::atomic::Ordering::SeqCst) {
            arrived.notify_one();
            return Manner::fine();
        }
        Manner::Hang
    })
    .await;
    let webhook = receiver.hooked(&hub, None).await;
    let visitor = hub.visitor(LEAD).await;
    let (_, item) = lead(&visitor).await;
    gate.notified().await;
    receiver.got(2, "the second hangs", |_| true).await;
    drop(visitor);
    let began = Instant::now();
    hub.terminate();
    let status = hub.exit(Duration::from_secs(20)).await;
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(8), "a receiver that hangs holds the hub: {:?}", began.elapsed());
    receiver.now(|_| Manner::fine());
    hub.restart().await;
    settled(&hub, &webhook, "delivered", 3).await;
    assert_eq!(receiver.acts().iter().filter(|act| act.ends_with(&item)).count(), 1);
    assert_eq!(receiver.messages().iter().filter(|message| message.topic() == "conversation.started").count(), 1);
}

#[tokio::test]
async fn l6_what_is_long_over_is_forgotten() {
    use usher::store::{Outbox, Settled, Take, Verdict, sqlite::Sqlite};

    let mut hub = settings().start().await;
    let receiver = Receiver::with(|_| Manner::Hang).await;
    let webhook = receiver.hooked(&hub, None).await;
    let visitor = hub.visitor(LEAD).await;
    lead(&visitor).await;
    receiver.got(1, "one is under way", |_| true).await;
    hub.kill();
    // As if it had been a week ago.
    let store = Sqlite::open(hub.folder().path().join("usher.db")).expect("the store");
    let now = usher::store::Store::now(&store);
    let take = Take { node: "n_test".into(), now, until: now.plus(1000), limit: 1, per_webhook: 9 };
    for days in [8, 6] {
        let taken = store.take_deliveries(&take).await.expect("taken").remove(0);
        let at = now.plus(-days * 24 * 60 * 60 * 1000);
        let (webhook, delivery) = (taken.webhook.id, taken.delivery.id);
        let settled =
            Settled { webhook, delivery, lease: taken.lease, at, status: Some(204), verdict: Verdict::Delivered };
        assert!(store.settle_delivery(&settled).await.expect("settled"));
    }
    drop(store);
    hub.restart().await;
    let left = wait::until("the sweep", async || {
        let left = super::deliveries(&hub, &webhook, "").await;
        (left.len() == 2).then_some(left)
    })
    .await;
    let states: Vec<&Value> = left.iter().map(|delivery| &delivery["state"]).collect();
    assert_eq!(states, [&json!("waiting"), &json!("delivered")]);
}
