//! Whatever happens to deliveries, in whatever order: what may be taken is what a model says.

use std::collections::BTreeSet;

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::{runtime::Handle, task::block_in_place};
use usher::{
    chat::event::{Author, ItemKind, What},
    ids::{DeliveryId, Millis, WebhookId},
    store::{
        Backlog, DeliveryQuery, DeliveryState, DeliveryStateName, Disabled, ORDERED_TRIES, Revived, Store, Take, Taken,
        Topic, Topics, Verdict,
    },
};

use super::{
    NewGround,
    outbox::{add, again, dead, settled, webhook},
};
use crate::store::{
    Ground,
    talk::{Talk, item, workspace},
};

const TALKS: usize = 3;
const WEBHOOKS: [&str; 2] = ["wh_one", "wh_two"];
/// How long a lease lasts.
const LEASE: i64 = 20;

#[derive(Clone, Debug)]
enum Step {
    /// Something happens in a conversation.
    Event(usize),
    /// A node takes all it may.
    Take,
    /// The nth of those taken is settled: delivered, to be tried in so many milliseconds, or dead.
    Deliver(usize),
    Fail(usize, i64),
    GiveUp(usize),
    /// The nth of all is asked for again.
    Revive(usize),
    Disable(usize),
    Delete(usize),
    /// Time passes.
    Later(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..TALKS).prop_map(Step::Event),
        8 => Just(Step::Take),
        4 => any::<usize>().prop_map(Step::Deliver),
        8 => (any::<usize>(), 0..15i64).prop_map(|(nth, wait)| Step::Fail(nth, wait)),
        2 => any::<usize>().prop_map(Step::GiveUp),
        3 => any::<usize>().prop_map(Step::Revive),
        1 => (0..40usize).prop_map(Step::Disable),
        1 => (0..40usize).prop_map(Step::Delete),
        4 => (1..30i64).prop_map(Step::Later),
    ]
}

/// What should be known of a delivery.
#[derive(Clone, Debug)]
struct Row {
    webhook: &'static str,
    talk: usize,
    seq: u64,
    id: DeliveryId,
    at: i64,
    tries: u32,
    next_at: i64,
    taken: bool,
    state: DeliveryStateName,
}

#[derive(Default)]
struct Model {
    now: i64,
    rows: Vec<Row>,
    disabled: BTreeSet<&'static str>,
    deleted: BTreeSet<&'static str>,
    taken: Vec<Taken>,
}

pub(crate) async fn w2_whatever_happens_what_may_be_taken_is_what_a_model_says(new: NewGround<'_>) {
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let run = |steps: Vec<Step>| {
        let ground = new();
        block_in_place(|| Handle::current().block_on(play(&*ground, steps)));
        Ok(())
    };
    block_in_place(|| runner.run(&vec(step(), 1..120), run)).unwrap_or_else(|fault| panic!("{fault}"));
}

async fn play(ground: &dyn Ground, steps: Vec<Step>) {
    let store = ground.open();
    let mut model = Model { now: 1000, ..Model::default() };
    let mut talks = Vec::new();
    for talk in 0..TALKS {
        talks.push(Talk::begin(&*store, &format!("v_{talk}"), 1000, vec![]).await);
    }
    for id in WEBHOOKS {
        add(&*store, &webhook(id, Topics::Some([Topic::ItemCreated].into()))).await;
    }
    for step in steps {
        match step {
            Step::Event(talk) => model.event(&*store, &mut talks[talk], talk).await,
            step => model.step(&*store, step).await,
        }
    }
    model.step(&*store, Step::Later(1_000_000)).await;
    model.step(&*store, Step::Take).await;
    model.agrees_with(&*store).await;
}

// === impl Model ===

impl Model {
    async fn event(&mut self, store: &dyn Store, talk: &mut Talk, nth: usize) {
        let lead = item(&format!("i_{}", self.rows.len()), ItemKind::Lead, "A lead");
        talk.happens(store, Author::Bot, self.now, What::Item(lead)).await;
        let (seq, id) = (talk.fold.seq.0, DeliveryId::of(talk.id(), talk.fold.seq));
        for webhook in WEBHOOKS {
            if !self.disabled.contains(webhook) && !self.deleted.contains(webhook) {
                self.rows.push(Row {
                    webhook,
                    talk: nth,
                    seq,
                    id: id.clone(),
                    at: self.now,
                    tries: 0,
                    next_at: self.now,
                    taken: false,
                    state: DeliveryStateName::Waiting,
                });
            }
        }
    }

    async fn step(&mut self, store: &dyn Store, step: Step) {
        match step {
            Step::Event(_) => {}
            Step::Later(ms) => self.now += ms,
            Step::Take => self.take(store).await,
            Step::Deliver(nth) => self.settle(store, nth, Verdict::Delivered).await,
            Step::Fail(nth, wait) => self.settle(store, nth, again(self.now + wait)).await,
            Step::GiveUp(nth) => self.settle(store, nth, dead()).await,
            Step::Revive(nth) if !self.rows.is_empty() => self.revive(store, nth % self.rows.len()).await,
            // Rarely: there are only two.
            Step::Disable(nth) if nth < WEBHOOKS.len() => {
                let disabled = Disabled { at: Millis(self.now), reason: "it said so".into() };
                let done = store.disable_webhook(&WEBHOOKS[nth].into(), &disabled).await.expect("answered");
                assert_eq!(done, !self.deleted.contains(WEBHOOKS[nth]) && self.disabled.insert(WEBHOOKS[nth]));
            }
            Step::Delete(nth) if nth < WEBHOOKS.len() => {
                let done = store.delete_webhook(&workspace(), &WEBHOOKS[nth].into()).await.expect("answered");
                assert_eq!(done, self.deleted.insert(WEBHOOKS[nth]));
            }
            Step::Revive(_) | Step::Disable(_) | Step::Delete(_) => {}
        }
    }

    fn is_due(&self, row: &Row) -> bool {
        if row.state != DeliveryStateName::Waiting || self.deleted.contains(row.webhook) {
            return false;
        }
        if self.disabled.contains(row.webhook) {
            return row.next_at <= self.now || !row.taken;
        }
        let holds = |other: &&Row| {
            let before = (other.webhook, other.talk) == (row.webhook, row.talk) && other.seq < row.seq;
            before && other.state == DeliveryStateName::Waiting && other.tries < ORDERED_TRIES
        };
        row.next_at <= self.now && !self.rows.iter().any(|other| holds(&other))
    }

    async fn take(&mut self, store: &dyn Store) {
        let now = Millis(self.now);
        let take = Take { node: "n_one".into(), now, until: now.plus(LEASE), limit: 1000, per_webhook: 1000 };
        let taken = store.take_deliveries(&take).await.expect("take");
        let mut found: Vec<(String, String, u32)> = taken
            .iter()
            .map(|one| (one.webhook.id.to_string(), one.delivery.id.to_string(), one.delivery.tries))
            .collect();
        found.sort();
        let due: Vec<usize> = (0..self.rows.len()).filter(|at| self.is_due(&self.rows[*at])).collect();
        let mut expected: Vec<(String, String, u32)> = Vec::new();
        for at in due {
            let row = &mut self.rows[at];
            (row.next_at, row.taken) = (self.now + LEASE, true);
            expected.push((row.webhook.into(), row.id.to_string(), row.tries));
        }
        expected.sort();
        assert_eq!(found, expected);
        self.taken.extend(taken);
    }

    async fn settle(&mut self, store: &dyn Store, nth: usize, verdict: Verdict) {
        if self.taken.is_empty() {
            return;
        }
        let taken = self.taken.remove(nth % self.taken.len());
        let newer = self.taken.iter().any(|other| {
            let same = other.webhook.id == taken.webhook.id && other.delivery.id == taken.delivery.id;
            same && other.lease > taken.lease
        });
        let is_it = |row: &&mut Row| row.webhook == taken.webhook.id.as_str() && row.id == taken.delivery.id;
        let row = self.rows.iter_mut().find(is_it).expect("it was made");
        let deleted = self.deleted.contains(row.webhook);
        let right = !deleted && !newer && row.taken && row.state == DeliveryStateName::Waiting;
        let done = store.settle_delivery(&settled(&taken, self.now, verdict.clone())).await.expect("settle");
        assert_eq!(done, right, "{row:?}");
        if !right {
            return;
        }
        (row.taken, row.tries) = (false, row.tries + 1);
        match verdict {
            Verdict::Delivered => row.state = DeliveryStateName::Delivered,
            Verdict::Dead { .. } => row.state = DeliveryStateName::Dead,
            Verdict::Again { next_at, .. } => row.next_at = next_at.0,
        }
    }

    async fn revive(&mut self, store: &dyn Store, nth: usize) {
        let row = &mut self.rows[nth];
        let webhook = WebhookId::from(row.webhook);
        let revived = store.revive_delivery(&workspace(), &webhook, &row.id, Millis(self.now)).await.expect("answered");
        if self.deleted.contains(row.webhook) {
            assert_eq!(revived, Revived::Unknown);
        } else if self.disabled.contains(row.webhook) {
            assert_eq!(revived, Revived::Disabled);
        } else if row.state == DeliveryStateName::Dead {
            assert!(matches!(revived, Revived::Done(_)), "{revived:?}");
            (row.state, row.tries, row.next_at) = (DeliveryStateName::Waiting, 0, self.now);
        } else {
            assert!(matches!(revived, Revived::Alive(_)), "{revived:?}");
        }
    }

    async fn agrees_with(&self, store: &dyn Store) {
        let there = || self.rows.iter().filter(|row| !self.deleted.contains(row.webhook));
        for webhook in WEBHOOKS {
            let query = DeliveryQuery {
                workspace: workspace(),
                webhook: webhook.into(),
                state: None,
                before: None,
                limit: 100,
            };
            let page = store.deliveries(&query).await.expect("deliveries");
            let of: Vec<&Row> = there().filter(|row| row.webhook == webhook).collect();
            for (found, row) in page.deliveries.iter().zip(of.iter().rev()) {
                assert_eq!((&found.id, found.tries, found.state.name()), (&row.id, row.tries, row.state));
                if let (DeliveryState::Waiting { next_at }, true) = (found.state, row.taken) {
                    assert_eq!(next_at.0, row.next_at);
                }
            }
            assert_eq!(page.deliveries.len(), of.len().min(100));
        }
        let waiting = || there().filter(|row| row.state == DeliveryStateName::Waiting);
        let expected = Backlog {
            waiting: waiting().count() as u64,
            oldest: waiting().map(|row| Millis(row.at)).min(),
            dead: there().filter(|row| row.state == DeliveryStateName::Dead).count() as u64,
        };
        assert_eq!(store.backlog().await.expect("backlog"), expected);
    }
}
