//! Several receivers of one item, some of which have it and some of which do not.

use serde_json::{Value, json};

use super::{
    deliveries,
    failing::{assigned, failed, make, retry},
    settings, settled,
};
use crate::support::{Agent, Receiver, receiver::Manner, wait};

/// How often two receivers answer at the same moment.
const ITEMS: usize = 12;

/// An agent's view of the items of a conversation, once it is as wanted.
async fn items(jane: &Agent, chat: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    wait::until(what, async || {
        let items = jane.open(chat).await["conversation"]["items"].as_array().expect("a list").clone();
        items.iter().all(&wanted).then_some(items)
    })
    .await
}

fn refused(item: &Value) -> bool {
    item["failed"].as_str().is_some_and(|words| words.contains("it answered 422"))
}

#[tokio::test]
async fn r18_what_one_webhook_took_hides_no_refusal_of_another_whoever_is_quicker() {
    let hub = settings().start().await;
    let refusing = Receiver::with(|_| Manner::status(422)).await;
    let taking = Receiver::with(|_| Manner::Answer(200, "{\"external\":{\"id\":\"47\"}}".into())).await;
    let refuses = refusing.hooked(&hub, Some(&["item.created"])).await;
    let takes = taking.hooked(&hub, Some(&["item.created"])).await;
    let (jane, chat) = assigned(&hub).await;
    for n in 0..ITEMS {
        make(&jane, &chat, &format!("k{n}")).await;
    }
    settled(&hub, &refuses, "dead", ITEMS).await;
    settled(&hub, &takes, "delivered", ITEMS).await;
    let both = |item: &Value| refused(item) && item["external"]["id"] == "47";
    let items = items(&jane, &chat, "every refusal is shown beside the link", both).await;
    assert_eq!(items.len(), ITEMS);
}

#[tokio::test]
async fn r18_a_failure_ends_when_whoever_failed_has_the_item_or_is_deleted() {
    let hub = settings().start().await;
    let refusing = Receiver::with(|_| Manner::status(422)).await;
    let mending = Receiver::with(|_| Manner::Cut).await;
    let refuses = refusing.hooked(&hub, Some(&["item.created"])).await;
    let mends = mending.hooked(&hub, Some(&["item.created"])).await;
    let (jane, chat) = assigned(&hub).await;
    let item = make(&jane, &chat, "k").await;
    failed(&jane, &chat, "the connection broke").await;
    // The one whose failure is shown has it now: what the other one refused is shown in its place.
    mending.now(|_| Manner::fine());
    settled(&hub, &mends, "delivered", 1).await;
    items(&jane, &chat, "the refusal is shown", refused).await;
    // Asked for again, and refused again; then taken.
    assert_eq!(retry(&hub, "jane", &chat, &item).await.status, 204);
    wait::until("a second refusal", async || (refusing.messages().len() == 2).then_some(())).await;
    settled(&hub, &refuses, "dead", 1).await;
    items(&jane, &chat, "the refusal is shown still", refused).await;
    refusing.now(|_| Manner::fine());
    assert_eq!(retry(&hub, "jane", &chat, &item).await.status, 204);
    items(&jane, &chat, "no failure is shown", |item| item["failed"].is_null()).await;
    // Another item is refused, by a webhook that is deleted.
    refusing.now(|_| Manner::status(422));
    let item = make(&jane, &chat, "another").await;
    settled(&hub, &refuses, "dead", 1).await;
    settled(&hub, &mends, "delivered", 2).await;
    items(&jane, &chat, "the second is refused", |one| one["item"] != item || refused(one)).await;
    assert_eq!(hub.rest("DELETE", &format!("/v1/webhooks/{refuses}"), None).await.status, 204);
    retry(&hub, "jane", &chat, &item).await.problem(409, "conflict");
    items(&jane, &chat, "no failure is shown", |item| item["failed"].is_null()).await;
    assert_eq!(deliveries(&hub, &mends, "").await.len(), 2);
    assert_eq!(jane.open(&chat).await["conversation"]["items"][1]["external"], json!(null));
}
