//! Deliveries: taken by one node at a time, in order, tried again, settled once, forgotten in the end.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use usher::{
    ids::{DeliveryId, Millis, Seq},
    store::{
        Backlog, DeliveryQuery, DeliveryState, DeliveryStateName, Disabled, ORDERED_TRIES, Revived, Settled,
        StoreError, Take, Taken, Topic, Topics, Verdict,
    },
};

use super::{
    NewGround,
    outbox::{add, at, dead, query, settle, settled, some, take, told, webhook, whole},
};
use crate::store::talk::{Talk, workspace};

fn ids(taken: &[Taken]) -> Vec<DeliveryId> {
    taken.iter().map(|taken| taken.delivery.id.clone()).collect()
}

fn again(next_at: i64) -> Verdict {
    Verdict::Again { next_at: Millis(next_at), error: "it did not answer".into() }
}

pub(crate) async fn w2_a_taken_delivery_is_one_nodes_until_its_lease_runs_out(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    add(&*store, &webhook("wh_1", some(&[Topic::ItemCreated]))).await;
    whole(&*store, "v_1").await;
    assert!(take(&*store, &at(1002)).await.is_empty(), "it has not happened yet");
    let slow = take(&*store, &at(2000)).await.remove(0);
    assert_eq!(slow.delivery.state, DeliveryState::Waiting { next_at: Millis(3000) });
    let two = Take { node: "n_two".into(), ..at(2999) };
    assert!(take(&*store, &two).await.is_empty());
    assert!(take(&*store, &at(2999)).await.is_empty(), "not even the same node again");
    let quick = take(&*store, &Take { now: Millis(3000), until: Millis(9000), ..two }).await.remove(0);
    assert_eq!(quick.delivery.id, slow.delivery.id);
    assert!(quick.lease > slow.lease);
    assert_eq!(quick.delivery.tries, 0, "a try that nobody settled does not count");
    for verdict in [Verdict::Delivered, again(3001), dead()] {
        assert!(!settle(&*store, &slow, 3500, verdict).await, "it is not theirs any more");
    }
    assert_eq!(told(&*store, "wh_1").await[0].state, DeliveryState::Waiting { next_at: Millis(9000) });
    // Late, but nobody else has taken it meanwhile.
    assert!(settle(&*store, &quick, 9500, Verdict::Delivered).await);
    assert!(!settle(&*store, &quick, 9501, dead()).await, "once");
    let done = &told(&*store, "wh_1").await[0];
    assert_eq!((done.state, done.tries), (DeliveryState::Delivered { at: Millis(9500) }, 1));
    assert!(take(&*store, &at(90_000)).await.is_empty());
    assert_eq!(store.backlog().await.expect("backlog"), Backlog::default());
}

pub(crate) async fn w2_of_many_nodes_that_take_at_once_each_delivery_falls_to_one(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    add(&*store, &webhook("wh_1", some(&[Topic::ItemCreated]))).await;
    add(&*store, &webhook("wh_2", some(&[Topic::ConversationClosed]))).await;
    for n in 0..20 {
        whole(&*store, &format!("v_{n}")).await;
    }
    let nodes = (0..8).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            let take = Take { node: format!("n_{n}").as_str().into(), limit: 3, ..at(2000) };
            for _ in 0..40 {
                for taken in store.take_deliveries(&take).await.expect("take") {
                    assert!(settle(&*store, &taken, 2001, Verdict::Delivered).await, "a lease is one node's");
                    mine.push((taken.webhook.id, taken.delivery.id));
                }
            }
            mine
        })
    });
    let all: Vec<_> = join_all(nodes).await.into_iter().flat_map(|mine| mine.expect("no panic")).collect();
    assert_eq!(all.len(), 40);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 40, "taken twice");
}

pub(crate) async fn w2_a_failed_delivery_is_due_when_it_was_said_and_counts_its_tries(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    add(&*store, &webhook("wh_1", some(&[Topic::ItemCreated]))).await;
    whole(&*store, "v_1").await;
    for tries in 0..3u32 {
        let now = 10_000 * (i64::from(tries) + 1);
        assert!(take(&*store, &at(now - 1)).await.is_empty() == (tries > 0));
        // The first look above took it: it is due from the beginning.
        let taken = take(&*store, &at(now + 1000)).await.remove(0);
        assert_eq!(taken.delivery.tries, tries);
        let failed = Settled { status: Some(503), ..settled(&taken, now + 1001, again(now + 10_000)) };
        assert!(store.settle_delivery(&failed).await.expect("settle"));
        drop(store);
        store = ground.open();
        let kept = told(&*store, "wh_1").await.remove(0);
        assert_eq!((kept.tries, kept.status, kept.error.as_deref()), (tries + 1, Some(503), Some("it did not answer")));
        assert_eq!(kept.state, DeliveryState::Waiting { next_at: Millis(now + 10_000) });
    }
    let taken = take(&*store, &at(50_000)).await.remove(0);
    let id = taken.delivery.id.clone();
    let revive = async |now| {
        let revived = store.revive_delivery(&workspace(), &"wh_1".into(), &id, Millis(now)).await;
        revived.expect("answered")
    };
    assert!(matches!(revive(50_001).await, Revived::Alive(delivery) if delivery.tries == 3));
    assert!(settle(&*store, &taken, 50_002, dead()).await);
    assert_eq!(store.backlog().await.expect("backlog"), Backlog { waiting: 0, oldest: None, dead: 1 });
    assert!(take(&*store, &at(500_000)).await.is_empty());
    let given_up = told(&*store, "wh_1").await.remove(0);
    assert_eq!((given_up.state.name(), given_up.tries), (DeliveryStateName::Dead, 4));
    assert_eq!((given_up.status, given_up.error.as_deref()), (Some(503), Some("it is gone")));
    assert!(matches!(revive(60_000).await, Revived::Done(delivery)
        if delivery.state == DeliveryState::Waiting { next_at: Millis(60_000) } && delivery.tries == 0));
    let taken = take(&*store, &at(60_000)).await.remove(0);
    assert_eq!((&taken.delivery.id, taken.delivery.tries), (&id, 0));
    assert!(settle(&*store, &taken, 60_001, Verdict::Delivered).await);
    assert!(matches!(revive(60_002).await, Revived::Alive(delivery) if delivery.error.is_none()));
    for never in ["msg_never_1", "nonsense"] {
        let revived = store.revive_delivery(&workspace(), &"wh_1".into(), &never.into(), Millis(1)).await;
        assert_eq!(revived.expect("answered"), Revived::Unknown);
    }
}

pub(crate) async fn w2_events_of_a_conversation_keep_their_order_until_one_has_failed_too_often(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    add(&*store, &webhook("wh_1", some(&[Topic::ConversationStarted, Topic::ItemCreated]))).await;
    add(&*store, &webhook("wh_2", some(&[Topic::ItemCreated]))).await;
    let (one, two) = (whole(&*store, "v_1").await, whole(&*store, "v_2").await);
    let first = |talk: &Talk| DeliveryId::of(talk.id(), Seq(1));
    let second = |talk: &Talk| DeliveryId::of(talk.id(), Seq(5));
    let of = |taken: &[Taken], webhook: &str| -> BTreeSet<DeliveryId> {
        let theirs = taken.iter().filter(|taken| taken.webhook.id.as_str() == webhook);
        theirs.map(|taken| taken.delivery.id.clone()).collect()
    };
    let taken = take(&*store, &at(2000)).await;
    assert_eq!(of(&taken, "wh_1"), [first(&one), first(&two)].into());
    assert_eq!(of(&taken, "wh_2"), [second(&one), second(&two)].into(), "each webhook has its own order");
    // Delivered: the next is due at once.
    let done = taken.iter().find(|taken| taken.delivery.id == first(&one)).expect("taken");
    assert!(settle(&*store, done, 2001, Verdict::Delivered).await);
    assert_eq!(ids(&take(&*store, &at(2002)).await), [second(&one)]);
    // Failing: the next waits, until it has waited long enough.
    let mut failing = taken.into_iter().find(|taken| taken.delivery.id == first(&two)).expect("taken");
    for tries in 1..=ORDERED_TRIES {
        let now = 10_000 * i64::from(tries);
        assert!(settle(&*store, &failing, now, again(now + 5000)).await);
        let others = take(&*store, &at(now + 1)).await;
        let passed =
            others.iter().any(|taken| taken.delivery.id == second(&two) && taken.webhook.id.as_str() == "wh_1");
        assert_eq!(passed, tries == ORDERED_TRIES, "after {tries} failures");
        let due = take(&*store, &at(now + 5000)).await;
        failing = due.into_iter().find(|taken| taken.delivery.id == first(&two)).expect("due");
    }
    // Given up is as good as done.
    let three = whole(&*store, "v_3").await;
    let due = take(&*store, &at(100_000)).await;
    let gone = due.iter().find(|taken| taken.delivery.id == first(&three)).expect("due");
    assert!(settle(&*store, gone, 100_001, dead()).await);
    assert!(ids(&take(&*store, &at(100_002)).await).contains(&second(&three)));
}

pub(crate) async fn w2_one_webhooks_backlog_leaves_room_for_the_others(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    add(&*store, &webhook("wh_slow", some(&[Topic::ItemCreated]))).await;
    for n in 0..10 {
        whole(&*store, &format!("v_{n}")).await;
    }
    add(&*store, &webhook("wh_quick", some(&[Topic::ItemCreated]))).await;
    let last = whole(&*store, "v_last").await;
    let some = Take { limit: 8, per_webhook: 4, ..at(2000) };
    let taken = take(&*store, &some).await;
    let of = |taken: &[Taken], webhook: &str| taken.iter().filter(|one| one.webhook.id.as_str() == webhook).count();
    assert_eq!((of(&taken, "wh_slow"), of(&taken, "wh_quick")), (4, 1));
    let quick = taken.iter().find(|taken| taken.webhook.id.as_str() == "wh_quick").expect("taken");
    assert_eq!(quick.delivery.conversation, *last.id());
    assert!(take(&*store, &Take { node: "n_two".into(), ..some.clone() }).await.is_empty(), "four are under way");
    assert!(settle(&*store, &taken[0], 2001, Verdict::Delivered).await);
    assert_eq!(take(&*store, &some).await.len(), 1, "there is room again");
    // Leases that have run out are not under way.
    let next = take(&*store, &Take { limit: 3, ..some.clone() }).await;
    assert!(next.is_empty());
    let later = Take { now: Millis(3500), until: Millis(9000), limit: 3, ..some };
    let taken = take(&*store, &later).await;
    assert_eq!(taken.len(), 3, "at most so many at once");
    // The longest due comes first, not the longest there.
    for (taken, next_at) in taken.iter().zip([30_000, 20_000, 25_000]) {
        assert!(settle(&*store, taken, 3600, again(next_at)).await);
    }
    while let Some(other) = take(&*store, &Take { limit: 1, ..at(12_000) }).await.pop() {
        assert!(settle(&*store, &other, 12_001, Verdict::Delivered).await);
    }
    let by_turns = [1, 2, 0].map(|n: usize| taken[n].delivery.id.clone());
    for id in by_turns {
        assert_eq!(ids(&take(&*store, &Take { limit: 1, ..at(40_000) }).await), [id]);
    }
}

pub(crate) async fn w2_a_disabled_webhook_hears_nothing_new_and_gives_up_what_waits(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    add(&*store, &webhook("wh_1", Topics::All)).await;
    whole(&*store, "v_1").await;
    let first = take(&*store, &at(2000)).await.remove(0);
    assert!(settle(&*store, &first, 2001, again(900_000)).await);
    let disabled = Disabled { at: Millis(2002), reason: "it said 410".into() };
    assert!(store.disable_webhook(&"wh_1".into(), &disabled).await.expect("answered"));
    whole(&*store, "v_2").await;
    assert_eq!(told(&*store, "wh_1").await.len(), 5, "nothing new");
    let all = take(&*store, &at(2003)).await;
    assert_eq!(all.len(), 5, "what waited for its time or its turn is due");
    assert!(all.iter().all(|taken| taken.webhook.disabled.as_ref() == Some(&disabled)));
    assert!(take(&*store, &at(2004)).await.is_empty(), "taken is taken");
    for taken in &all {
        assert!(settle(&*store, taken, 2005, dead()).await);
    }
    let revived = store.revive_delivery(&workspace(), &"wh_1".into(), &first.delivery.id, Millis(3000)).await;
    assert_eq!(revived.expect("answered"), Revived::Disabled);
    assert_eq!(store.backlog().await.expect("backlog"), Backlog { waiting: 0, oldest: None, dead: 5 });
}

pub(crate) async fn w2_a_webhook_that_is_switched_on_again_hears_of_what_happens_from_then_on(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    add(&*store, &webhook("wh_1", some(&[Topic::ItemCreated]))).await;
    whole(&*store, "v_1").await;
    let enable = async |store: &dyn usher::store::Store, workspace: &usher::ids::WorkspaceId, id: &str| {
        store.enable_webhook(workspace, &id.into()).await.expect("answered")
    };
    assert!(!enable(&*store, &workspace(), "wh_1").await, "it is on");
    let disabled = Disabled { at: Millis(2000), reason: "it said 410".into() };
    assert!(store.disable_webhook(&"wh_1".into(), &disabled).await.expect("answered"));
    let given_up = take(&*store, &at(2001)).await.remove(0);
    assert!(settle(&*store, &given_up, 2002, dead()).await);
    whole(&*store, "v_2").await;
    assert!(!enable(&*store, &"other".into(), "wh_1").await, "it is not theirs");
    assert!(!enable(&*store, &workspace(), "wh_never").await);
    assert!(enable(&*store, &workspace(), "wh_1").await);
    assert!(!enable(&*store, &workspace(), "wh_1").await, "once");
    drop(store);
    store = ground.open();
    assert_eq!(store.webhooks(&workspace()).await.expect("webhooks")[0].disabled, None);
    let later = whole(&*store, "v_3").await;
    let taken = take(&*store, &at(3000)).await;
    assert_eq!(taken.iter().map(|one| &one.delivery.conversation).collect::<Vec<_>>(), [later.id()]);
    assert_eq!(taken[0].webhook.disabled, None);
    let revived = store.revive_delivery(&workspace(), &"wh_1".into(), &given_up.delivery.id, Millis(3001)).await;
    assert!(matches!(revived.expect("answered"), Revived::Done(_)), "what was given up can be asked for");
    // Off again: the first reason of this time is told.
    let again = Disabled { at: Millis(4000), reason: "an admin".into() };
    assert!(store.disable_webhook(&"wh_1".into(), &again).await.expect("answered"));
    assert_eq!(store.webhooks(&workspace()).await.expect("webhooks")[0].disabled, Some(again));
    assert!(store.delete_webhook(&workspace(), &"wh_1".into()).await.expect("answered"));
    assert!(!enable(&*store, &workspace(), "wh_1").await, "it is gone");
}

pub(crate) async fn r18_what_failed_of_a_conversation_is_found_and_due_at_once_when_it_is_asked_for(
    new: NewGround<'_>,
) {
    let ground = new();
    let mut store = ground.open();
    let mut foreign = webhook("wh_foreign", Topics::All);
    foreign.workspace = "other".into();
    for webhook in [webhook("wh_1", Topics::All), webhook("wh_2", some(&[Topic::ItemCreated])), foreign] {
        add(&*store, &webhook).await;
    }
    let (one, two) = (whole(&*store, "v_1").await, whole(&*store, "v_2").await);
    let left = async |store: &dyn usher::store::Store, talk: &Talk, topic| -> Vec<(String, u64, DeliveryStateName)> {
        let found = store.undelivered(talk.id(), topic, 100).await.expect("undelivered");
        assert!(found.iter().all(|one| one.conversation == *talk.id() && one.topic == topic));
        found.iter().map(|one| (one.webhook.to_string(), one.seq.0, one.state.name())).collect()
    };
    use DeliveryStateName::{Dead, Waiting};
    let item = |webhook: &str, state| (webhook.to_owned(), 5, state);
    assert_eq!(left(&*store, &one, Topic::ItemCreated).await, [item("wh_1", Waiting), item("wh_2", Waiting)]);
    assert_eq!(left(&*store, &one, Topic::ConversationClosed).await, [("wh_1".to_owned(), 7, Waiting)]);
    let newest = store.undelivered(one.id(), Topic::ItemCreated, 1).await.expect("undelivered");
    assert_eq!(newest.len(), 1, "at most so many");
    assert!(store.undelivered(&"c_never".into(), Topic::ItemCreated, 100).await.expect("answered").is_empty());
    // The first one's item: given up by one, waiting for its next try at the other; the second's is delivered to one.
    let mine = |taken: &[Taken], webhook: &str, talk: &Talk| -> Taken {
        let found = taken.iter().find(|one| {
            one.webhook.id.as_str() == webhook && one.delivery.conversation == *talk.id() && one.delivery.seq == Seq(5)
        });
        found.expect("taken").clone()
    };
    let first = take(&*store, &at(2000)).await;
    assert!(settle(&*store, &mine(&first, "wh_2", &one), 2001, again(90_000)).await);
    assert!(settle(&*store, &mine(&first, "wh_2", &two), 2001, Verdict::Delivered).await);
    for taken in first.iter().filter(|taken| taken.webhook.id.as_str() == "wh_1") {
        assert!(settle(&*store, taken, 2001, Verdict::Delivered).await);
    }
    let mut second = take(&*store, &at(2100)).await;
    while second.iter().all(|taken| taken.delivery.seq != Seq(5)) {
        for taken in &second {
            assert!(settle(&*store, taken, 2101, Verdict::Delivered).await);
        }
        second = take(&*store, &at(2200)).await;
    }
    assert!(settle(&*store, &mine(&second, "wh_1", &one), 2201, dead()).await);
    assert_eq!(left(&*store, &one, Topic::ItemCreated).await, [item("wh_1", Dead), item("wh_2", Waiting)]);
    assert_eq!(left(&*store, &two, Topic::ItemCreated).await, [item("wh_1", Waiting)]);
    let id = DeliveryId::of(one.id(), Seq(5));
    for webhook in ["wh_1", "wh_2"] {
        let revive = async |now| {
            let revived = store.revive_delivery(&workspace(), &webhook.into(), &id, Millis(now)).await;
            revived.expect("answered")
        };
        assert!(matches!(revive(3000).await, Revived::Done(delivery)
            if delivery.id == id && delivery.tries == 0 && delivery.state == DeliveryState::Waiting { next_at: Millis(3000) }));
        assert!(matches!(revive(3001).await, Revived::Alive(_)), "asked twice is asked once");
    }
    drop(store);
    store = ground.open();
    let due = take(&*store, &at(3000)).await;
    for webhook in ["wh_1", "wh_2"] {
        let taken = mine(&due, webhook, &one);
        assert_eq!((&taken.delivery.id, taken.delivery.tries), (&id, 0), "due at once, under the name it had");
        assert!(settle(&*store, &taken, 3001, Verdict::Delivered).await);
    }
    assert!(left(&*store, &one, Topic::ItemCreated).await.is_empty());
    assert!(store.delete_webhook(&workspace(), &"wh_1".into()).await.expect("deleted"));
    assert!(left(&*store, &two, Topic::ItemCreated).await.is_empty(), "of a webhook that is gone nothing is left");
}

pub(crate) async fn w2_deliveries_are_paged_newest_first_and_by_their_state(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    add(&*store, &webhook("wh_1", Topics::All)).await;
    add(&*store, &webhook("wh_2", some(&[Topic::ItemCreated]))).await;
    let talk = whole(&*store, "v_1").await;
    let taken = take(&*store, &Take { per_webhook: 1, ..at(2000) }).await;
    for taken in &taken {
        let verdict = if taken.webhook.id.as_str() == "wh_1" { dead() } else { Verdict::Delivered };
        assert!(settle(&*store, taken, 2001, verdict).await);
    }
    let mut asked = DeliveryQuery { limit: 2, ..query("wh_1") };
    let mut seqs = Vec::new();
    loop {
        let page = store.deliveries(&asked).await.expect("deliveries");
        assert!(page.deliveries.iter().all(|one| one.conversation == *talk.id() && one.webhook.as_str() == "wh_1"));
        seqs.extend(page.deliveries.iter().map(|one| one.seq.0));
        let Some(next) = page.next else { break };
        assert_eq!(page.deliveries.len(), 2);
        asked.before = Some(next);
    }
    assert_eq!(seqs, [7, 6, 5, 4, 1]);
    let count = async |webhook: &str, state| {
        let query = DeliveryQuery { state: Some(state), ..query(webhook) };
        store.deliveries(&query).await.expect("deliveries").deliveries.len()
    };
    use DeliveryStateName::{Dead, Delivered, Waiting};
    let of =
        async |webhook| (count(webhook, Waiting).await, count(webhook, Delivered).await, count(webhook, Dead).await);
    assert_eq!((of("wh_1").await, of("wh_2").await), ((4, 0, 1), (0, 1, 0)));
    let nonsense = DeliveryQuery { before: Some("nonsense".into()), ..query("wh_1") };
    assert!(matches!(store.deliveries(&nonsense).await, Err(StoreError::Cursor)));
}

pub(crate) async fn l6_what_was_delivered_or_given_up_is_forgotten_after_its_time(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    add(&*store, &webhook("wh_1", some(&[Topic::ItemCreated]))).await;
    for n in 0..6 {
        whole(&*store, &format!("v_{n}")).await;
    }
    let taken = take(&*store, &at(2000)).await;
    for (n, taken) in (0..).zip(&taken[..4]) {
        let verdict = if n % 2 == 0 { Verdict::Delivered } else { dead() };
        assert!(settle(&*store, taken, 10_000 + n, verdict).await);
    }
    let sweep = async |before, limit| store.sweep_deliveries(Millis(before), limit).await.expect("swept");
    assert_eq!(sweep(10_000, 100).await, 0);
    assert_eq!(sweep(10_003, 2).await, 2, "in slices");
    assert_eq!(sweep(10_003, 2).await, 1);
    assert_eq!(told(&*store, "wh_1").await.len(), 3);
    assert_eq!(store.backlog().await.expect("backlog"), Backlog { waiting: 2, oldest: Some(Millis(1003)), dead: 1 });
    // Of a webhook that is gone nothing stays, whatever its state: the last one is given up, two wait.
    assert!(store.delete_webhook(&workspace(), &"wh_1".into()).await.expect("deleted"));
    let mut forgotten = 0;
    loop {
        let some = sweep(0, 2).await;
        forgotten += some;
        if some < 2 {
            break;
        }
    }
    assert_eq!(forgotten, 3);
    assert_eq!(sweep(i64::MAX, 100).await, 0);
}
