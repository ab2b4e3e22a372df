//! Webhooks, and what they are told: written with the event.

use usher::{
    chat::event::{Author, ItemKind, What},
    ids::{DeliveryId, Millis, Seq},
    store::{
        Append, Backlog, Delivery, DeliveryQuery, DeliveryState, Disabled, MAX_WEBHOOKS, Revived, Settled, Store, Take,
        Taken, Topic, Topics, Verdict, Webhook, WebhookSecret,
    },
};

use super::NewGround;
use crate::store::talk::{Talk, assigned, by, closed, item, missed, waiting, workspace};

pub(crate) fn webhook(id: &str, topics: Topics) -> Webhook {
    Webhook {
        id: id.into(),
        workspace: workspace(),
        url: format!("https://hooks.example/{id}"),
        secret: WebhookSecret::new(format!("whsec_{id}")),
        topics,
        created_at: Millis(500),
        disabled: None,
    }
}

pub(super) fn some(topics: &[Topic]) -> Topics {
    Topics::Some(topics.iter().copied().collect())
}

pub(super) async fn add(store: &dyn Store, webhook: &Webhook) {
    assert!(store.add_webhook(webhook).await.expect("answered"), "there is room");
}

pub(super) fn query(webhook: &str) -> DeliveryQuery {
    DeliveryQuery { workspace: workspace(), webhook: webhook.into(), state: None, before: None, limit: 100 }
}

/// All of a webhook, oldest first.
pub(super) async fn told(store: &dyn Store, webhook: &str) -> Vec<Delivery> {
    let mut page = store.deliveries(&query(webhook)).await.expect("deliveries");
    assert_eq!(page.next, None);
    page.deliveries.reverse();
    page.deliveries
}

pub(super) fn topics(deliveries: &[Delivery]) -> Vec<Topic> {
    deliveries.iter().map(|delivery| delivery.topic).collect()
}

pub(super) fn at(now: i64) -> Take {
    Take { node: "n_one".into(), now: Millis(now), until: Millis(now + 1000), limit: 100, per_webhook: 100 }
}

pub(super) async fn take(store: &dyn Store, take: &Take) -> Vec<Taken> {
    store.take_deliveries(take).await.expect("take")
}

pub(super) fn settled(taken: &Taken, now: i64, verdict: Verdict) -> Settled {
    let Taken { delivery, webhook, lease } = taken;
    let (webhook, delivery) = (webhook.id.clone(), delivery.id.clone());
    Settled { webhook, delivery, lease: *lease, at: Millis(now), status: None, verdict }
}

pub(super) async fn settle(store: &dyn Store, taken: &Taken, now: i64, verdict: Verdict) -> bool {
    store.settle_delivery(&settled(taken, now, verdict)).await.expect("settle")
}

pub(super) fn dead() -> Verdict {
    Verdict::Dead { error: "it is gone".into() }
}

/// A conversation that began, was missed, made a lead, was assigned and closed, from 1000 on.
pub(super) async fn whole(store: &dyn Store, visitor: &str) -> Talk {
    let mut talk = Talk::begin(store, visitor, 1000, vec![waiting(61_000)]).await;
    talk.says(store, 1001, "k", "hello").await;
    talk.happens(store, Author::System, 1002, missed()).await;
    let lead = item(&format!("i_{}", talk.id()), ItemKind::Lead, "A lead");
    talk.happens(store, Author::Bot, 1003, What::Item(lead)).await;
    talk.happens(store, by("jane"), 1004, assigned("jane")).await;
    talk.happens(store, by("jane"), 1005, closed()).await;
    talk
}

pub(crate) async fn w2_what_the_outside_is_told_is_written_with_the_event(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let early = whole(&*store, "v_0").await;
    add(&*store, &webhook("wh_all", Topics::All)).await;
    add(&*store, &webhook("wh_items", some(&[Topic::ItemCreated, Topic::ConversationMissed]))).await;
    let mut foreign = webhook("wh_foreign", Topics::All);
    foreign.workspace = "other".into();
    add(&*store, &foreign).await;
    let mut talk = whole(&*store, "v_1").await;
    // Refused ones leave nothing here either, and neither does hearing of an item again.
    let mut late = talk.clone();
    let entry = late.draft(by("jane"), 1006, closed());
    let row = Some(Box::new(late.fold.clone()));
    let stale = Append { conversation: talk.id().clone(), after: Seq(1), entries: vec![entry], key: None, row };
    store.append(stale).await.expect("answered");
    let lead = item(&format!("i_{}", talk.id()), ItemKind::Lead, "A lead");
    talk.happens(&*store, Author::System, 1007, What::Item(lead)).await;
    add(&*store, &webhook("wh_late", Topics::All)).await;
    for _ in 0..2 {
        let all = told(&*store, "wh_all").await;
        use Topic::{ConversationAssigned, ConversationClosed, ConversationMissed, ConversationStarted, ItemCreated};
        let expected = [ConversationStarted, ConversationMissed, ItemCreated, ConversationAssigned, ConversationClosed];
        assert_eq!(topics(&all), expected);
        let seqs = [1, 4, 5, 6, 7].map(Seq);
        for (delivery, seq) in all.iter().zip(seqs) {
            let event = talk.log[seq.0 as usize - 1].event();
            assert_eq!((delivery.seq, delivery.at), (seq, event.at));
            assert_eq!((&delivery.conversation, &delivery.id), (talk.id(), &DeliveryId::of(talk.id(), seq)));
            assert_eq!(delivery.state, DeliveryState::Waiting { next_at: event.at }, "due from the first");
            assert_eq!((delivery.tries, delivery.status, &delivery.error), (0, None, &None));
        }
        assert_eq!(topics(&told(&*store, "wh_items").await), [ConversationMissed, ItemCreated]);
        for none in ["wh_foreign", "wh_late", "wh_never"] {
            assert!(told(&*store, none).await.is_empty(), "{none}");
        }
        assert_eq!(
            store.backlog().await.expect("backlog"),
            Backlog { waiting: 7, oldest: Some(Millis(1000)), dead: 0 }
        );
        drop(store);
        store = ground.open();
    }
    early.is_kept_by(&*store).await;
}

pub(crate) async fn w2_a_webhook_is_kept_as_it_was_made_until_it_is_deleted(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let (one, mut two) = (webhook("wh_1", Topics::All), webhook("wh_2", some(&[Topic::ItemCreated])));
    add(&*store, &one).await;
    add(&*store, &two).await;
    whole(&*store, "v_1").await;
    two.disabled = Some(Disabled { at: Millis(2000), reason: "it said so".into() });
    assert!(store.disable_webhook(&two.id, two.disabled.as_ref().expect("disabled")).await.expect("answered"));
    let later = Disabled { at: Millis(3000), reason: "again".into() };
    assert!(!store.disable_webhook(&two.id, &later).await.expect("answered"));
    assert!(!store.disable_webhook(&"wh_never".into(), &later).await.expect("answered"));
    for _ in 0..2 {
        assert_eq!(store.webhooks(&workspace()).await.expect("webhooks"), [one.clone(), two.clone()]);
        drop(store);
        store = ground.open();
    }
    let mine = take(&*store, &Take { limit: 1, ..at(5000) }).await;
    assert_eq!(mine[0].webhook, one);
    assert!(store.delete_webhook(&workspace(), &one.id).await.expect("answered"));
    assert!(!store.delete_webhook(&workspace(), &one.id).await.expect("answered"));
    assert_eq!(store.webhooks(&workspace()).await.expect("webhooks"), [two]);
    assert!(told(&*store, "wh_1").await.is_empty());
    assert!(!settle(&*store, &mine[0], 5001, Verdict::Delivered).await);
    let theirs = take(&*store, &at(90_000)).await;
    assert!(theirs.iter().all(|taken| taken.webhook.id.as_str() == "wh_2"));
    assert_eq!(store.backlog().await.expect("backlog").waiting, 1);
    let gone = store.revive_delivery(&workspace(), &one.id, &mine[0].delivery.id, Millis(1)).await;
    assert_eq!(gone.expect("answered"), Revived::Unknown);
}

pub(crate) async fn l2_a_workspace_has_no_more_webhooks_than_it_may(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    for n in 0..MAX_WEBHOOKS {
        add(&*store, &webhook(&format!("wh_{n}"), Topics::All)).await;
    }
    assert!(!store.add_webhook(&webhook("wh_more", Topics::All)).await.expect("answered"));
    let mut foreign = webhook("wh_foreign", Topics::All);
    foreign.workspace = "other".into();
    add(&*store, &foreign).await;
    assert!(store.delete_webhook(&workspace(), &"wh_3".into()).await.expect("answered"));
    add(&*store, &webhook("wh_more", Topics::All)).await;
    assert_eq!(store.webhooks(&workspace()).await.expect("webhooks").len(), MAX_WEBHOOKS);
}

pub(crate) async fn s1_webhooks_and_deliveries_of_another_workspace_are_not_there(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    add(&*store, &webhook("wh_1", Topics::All)).await;
    whole(&*store, "v_1").await;
    let other = "other".into();
    assert!(store.webhooks(&other).await.expect("webhooks").is_empty());
    assert!(!store.delete_webhook(&other, &"wh_1".into()).await.expect("answered"));
    let foreign = DeliveryQuery { workspace: other.clone(), ..query("wh_1") };
    assert!(store.deliveries(&foreign).await.expect("deliveries").deliveries.is_empty());
    let first = take(&*store, &at(2000)).await.remove(0);
    assert!(settle(&*store, &first, 2001, dead()).await);
    let revived = store.revive_delivery(&other, &first.webhook.id, &first.delivery.id, Millis(3000)).await;
    assert_eq!(revived.expect("answered"), Revived::Unknown);
    assert_eq!(told(&*store, "wh_1").await.len(), 5);
}
