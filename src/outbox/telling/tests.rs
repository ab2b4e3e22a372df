//! Several receivers of one item, who answer when they like.

use http::StatusCode;

use super::*;
use crate::{
    hub::{
        seat::Who,
        tests::house::{self, House},
    },
    ids::{ConversationId, Millis, Seq, WebhookId},
    outbox::{
        OutboxMetrics, Settings,
        courier::{Courier, Reply, Silence},
        errand::Tried,
    },
    store::{Revived, Settled, Take, Topics, Verdict, Webhook, WebhookSecret},
};

/// An item and its receivers.
struct Desk {
    house: House,
    jane: Who,
    errands: Errands,
    conversation: ConversationId,
    item: ItemId,
}

const A: &str = "wh_a";
const B: &str = "wh_b";

fn answer(status: u16, body: &str) -> Tried {
    Tried::Asked(Ok(Reply { status: StatusCode::from_u16(status).unwrap(), body: body.into() }))
}

fn refusal() -> Tried {
    answer(422, "")
}

fn fine() -> Tried {
    answer(204, "")
}

fn linked() -> Tried {
    answer(200, r#"{"external":{"id":"47"}}"#)
}

fn silence() -> Tried {
    Tried::Asked(Err(Silence::TimedOut))
}

// === impl Desk ===

impl Desk {
    /// Two receivers, `a.example` and `b.example`, and an item for them.
    async fn open() -> Self {
        let house = House::open().await;
        for id in [A, B] {
            let webhook = Webhook {
                id: id.into(),
                workspace: house::workspace(),
                url: format!("https://{}.example/hook", id.replace("wh_", "")),
                secret: WebhookSecret::new("whsec_c2VjcmV0"),
                topics: Topics::Some([Topic::ItemCreated].into()),
                created_at: Millis(0),
                disabled: None,
            };
            assert!(house.hub.store().add_webhook(&webhook).await.unwrap());
        }
        let (jane, conversation, item) = house.lead().await;
        let settings = Settings::default();
        let courier = Courier::new(settings.rules).unwrap();
        let errands = Errands { hub: house.hub.clone(), courier, settings, metrics: OutboxMetrics::default() };
        Self { house, jane, errands, conversation, item }
    }

    /// Takes what is due for these receivers, in their order.
    async fn take<const N: usize>(&self, of: [&str; N]) -> [Taken; N] {
        let store = self.house.hub.store();
        let now = store.now();
        let take = Take { node: "n".into(), now, until: now.plus(20_000), limit: 10, per_webhook: 4 };
        let mut taken = store.take_deliveries(&take).await.unwrap();
        of.map(|id| taken.remove(taken.iter().position(|one| one.webhook.id.as_str() == id).expect("due")))
    }

    async fn conclude(&self, taken: &Taken, tried: Tried) {
        self.errands.conclude(taken, Some(&self.item), tried).await.unwrap();
    }

    /// Gives one up in the store, as the end of [`Errands::conclude`] does.
    async fn give_up(&self, taken: &Taken) {
        let verdict = Verdict::Dead { error: "it answered 422 Unprocessable Entity".into() };
        self.settle(taken, verdict).await;
    }

    async fn settle(&self, taken: &Taken, verdict: Verdict) {
        let (webhook, delivery) = (taken.webhook.id.clone(), taken.delivery.id.clone());
        let at = self.house.hub.store().now();
        let settled = Settled { webhook, delivery, lease: taken.lease, at, status: Some(422), verdict };
        assert!(self.house.hub.store().settle_delivery(&settled).await.unwrap());
    }

    async fn revive(&self, webhook: &str, of: &Taken) {
        let (store, workspace) = (self.house.hub.store(), house::workspace());
        let revived = store.revive_delivery(&workspace, &WebhookId::from(webhook), &of.delivery.id, store.now()).await;
        assert!(matches!(revived.unwrap(), Revived::Done(_)));
    }

    async fn view(&self) -> ItemView {
        let loaded = self.house.hub.store().load(&self.conversation).await.unwrap().unwrap();
        loaded.conversation.items.into_iter().find(|view| view.item == self.item).unwrap()
    }

    /// How far its conversation has come.
    async fn seq(&self) -> Seq {
        self.house.hub.store().load(&self.conversation).await.unwrap().unwrap().conversation.seq
    }

    /// Whose failure is shown.
    async fn failing(&self) -> Option<String> {
        self.view().await.failed.map(|words| words.split_once(": ").unwrap().0.to_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn r18_a_receiver_that_takes_an_item_hides_no_failure_of_another() {
    for (taking, is_linked) in [(fine as fn() -> Tried, false), (linked, true)] {
        for refusal_first in [true, false] {
            let desk = Desk::open().await;
            let [a, b] = desk.take([A, B]).await;
            if refusal_first {
                desk.conclude(&a, refusal()).await;
                let told = desk.seq().await;
                desk.conclude(&b, taking()).await;
                // A link is news, and the failure is said again behind it.
                assert_eq!(desk.seq().await.0 - told.0, if is_linked { 2 } else { 0 });
            } else {
                desk.conclude(&b, taking()).await;
                desk.conclude(&a, refusal()).await;
            }
            assert_eq!(desk.failing().await.as_deref(), Some("a.example"));
            desk.revive(A, &a).await;
            let [a] = desk.take([A]).await;
            desk.conclude(&a, fine()).await;
            let view = desk.view().await;
            assert_eq!((view.failed, view.external.is_some()), (None, is_linked));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn r18_of_two_who_failed_the_one_that_is_left_is_shown() {
    let desk = Desk::open().await;
    let [a, b] = desk.take([A, B]).await;
    desk.conclude(&a, refusal()).await;
    desk.conclude(&b, refusal()).await;
    assert_eq!(desk.failing().await.as_deref(), Some("b.example"));
    desk.revive(A, &a).await;
    desk.revive(B, &b).await;
    // An agent has both tried again: what failed before and is not through yet stands, though it has no try yet.
    let [a, b] = desk.take([A, B]).await;
    desk.conclude(&b, fine()).await;
    assert_eq!(desk.failing().await.as_deref(), Some("a.example"));
    assert!(desk.view().await.failed.unwrap().ends_with("It is tried again."));
    desk.conclude(&a, silence()).await;
    assert_eq!(desk.failing().await.as_deref(), Some("a.example"));
}

#[tokio::test(start_paused = true)]
async fn r18_a_failure_that_is_told_while_another_receiver_answers_is_not_lost() {
    let told = News::Failed("it answered 422 Unprocessable Entity. It is not tried again.".into());
    // Told, and not settled yet, when the other is told and settled.
    let desk = Desk::open().await;
    let [a, b] = desk.take([A, B]).await;
    desk.errands.tell(&a, &desk.item, &told).await.unwrap();
    desk.conclude(&b, linked()).await;
    desk.give_up(&a).await;
    desk.errands.agree(&a, &desk.item, &told).await.unwrap();
    assert_eq!(desk.failing().await.as_deref(), Some("a.example"));
    // The other looked before it was settled, and is told of after.
    let desk = Desk::open().await;
    let [a, b] = desk.take([A, B]).await;
    desk.conclude(&a, refusal()).await;
    let unseen = Command::Handed { item: desk.item.clone(), external: None, failing: Vec::new() };
    desk.errands.give(&b, &unseen).await.unwrap();
    desk.settle(&b, Verdict::Delivered).await;
    desk.errands.agree(&b, &desk.item, &News::Handed(None)).await.unwrap();
    assert_eq!(desk.failing().await.as_deref(), Some("a.example"));
}

#[tokio::test(start_paused = true)]
async fn r18_a_failure_that_is_told_too_late_is_taken_back() {
    // The webhook is deleted while it is asked.
    let desk = Desk::open().await;
    let [a, b] = desk.take([A, B]).await;
    assert!(desk.house.hub.store().delete_webhook(&house::workspace(), &A.into()).await.unwrap());
    desk.conclude(&a, refusal()).await;
    assert_eq!(desk.failing().await, None);
    // Where another one failed, that is shown.
    desk.conclude(&b, refusal()).await;
    assert_eq!(desk.failing().await.as_deref(), Some("b.example"));
}

#[tokio::test(start_paused = true)]
async fn r18_a_webhook_that_is_deleted_fails_no_more() {
    let desk = Desk::open().await;
    let [a, b] = desk.take([A, B]).await;
    desk.conclude(&b, fine()).await;
    desk.conclude(&a, refusal()).await;
    assert!(desk.house.hub.store().delete_webhook(&house::workspace(), &A.into()).await.unwrap());
    let nothing = desk.house.hub.hand_on_again(&desk.jane, &desk.conversation, &desk.item).await;
    assert!(matches!(nothing, Err(HubError::Refused(_))));
    assert_eq!(desk.failing().await, None);
}
