//! The task that takes what is due and sees it through, as much side by side as is good for everybody.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rand::RngExt;
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::{Instant, MissedTickBehavior, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    OutboxMetrics, Settings,
    courier::{Courier, NoCourier},
    errand::Errands,
};
use crate::{
    hub::Hub,
    ids::{Millis, NodeId},
    store::{Take, Taken},
};

/// Deliveries under way on this node at most.
const AT_ONCE: usize = 64;
/// Deliveries under way to one webhook at most, so that a slow receiver does not hold up the others.
const PER_WEBHOOK: usize = 4;
/// How long a node means to have a delivery, in milliseconds: a request's whole time and as much again.
const LEASE_MS: i64 = 20_000;
/// How often the store is asked when nothing rang, in milliseconds; jittered by a fifth.
const POLL_MS: u64 = 1_000;
/// How often the backlog is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// After how many measurements old deliveries are forgotten.
const SWEEP_AFTER: u32 = 12;
/// How long a delivery is kept when it is over, in milliseconds: seven days.
const KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Deliveries forgotten in one transaction.
const SWEEP_MOST: usize = 500;

/// Hands on what is in the outbox.
pub struct Office {
    errands: Arc<Errands>,
    node: NodeId,
}

/// What is under way.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<Option<Millis>>,
    taken: HashMap<Id, Taken>,
}

// === impl Office ===

impl Office {
    /// An office upon a hub's store. Nothing moves before [`Office::run`].
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn new(hub: Arc<Hub>, node: NodeId, settings: Settings) -> Result<Arc<Self>, NoCourier> {
        let courier = Courier::new(settings.rules)?;
        let errands = Errands { hub, courier, settings, metrics: OutboxMetrics::default() };
        Ok(Arc::new(Self { errands: Arc::new(errands), node }))
    }

    /// What it counts.
    pub fn metrics(&self) -> &OutboxMetrics {
        &self.errands.metrics
    }

    /// Hands on until `stop`; then what is under way is brought to its end, which takes no longer than a request may.
    ///
    /// # Errors
    /// The panic of one of its tasks; one of a single delivery is that delivery's failure.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) -> Result<(), JoinError> {
        let mut core = JoinSet::new();
        core.spawn(self.clone().keep());
        core.spawn(self.deliver(stop));
        let ended = core.join_next().await.unwrap_or(Ok(()));
        core.shutdown().await;
        ended
    }

    async fn deliver(self: Arc<Self>, stop: CancellationToken) {
        let hub = &self.errands.hub;
        let mut under_way = UnderWay::default();
        // When a failed delivery of ours is due again; whatever else is due the poll finds.
        let mut soonest: Option<Instant> = None;
        while !stop.is_cancelled() {
            if soonest.is_some_and(|soonest| soonest <= Instant::now()) {
                soonest = None;
            }
            self.take(&mut under_way).await;
            let poll = Instant::now() + Duration::from_millis(POLL_MS * rand::rng().random_range(90..110) / 100);
            tokio::select! {
                () = stop.cancelled() => {}
                () = hub.outbox_bell().notified() => {}
                () = sleep_until(soonest.map_or(poll, |soonest| soonest.min(poll))) => {}
                due = self.finished(&mut under_way), if !under_way.is_empty() => {
                    let now = hub.store().now();
                    let due = due.map(|due| Instant::now() + Duration::from_millis(due.since(now).max(0) as u64));
                    soonest = [soonest, due].into_iter().flatten().min();
                }
            }
        }
        while !under_way.is_empty() {
            self.finished(&mut under_way).await;
        }
    }

    /// Takes as much as there is room for.
    async fn take(&self, under_way: &mut UnderWay) {
        let store = self.errands.hub.store();
        let (room, now) = (AT_ONCE.saturating_sub(under_way.len()), store.now());
        if room == 0 {
            return;
        }
        let take =
            Take { node: self.node.clone(), now, until: now.plus(LEASE_MS), limit: room, per_webhook: PER_WEBHOOK };
        match store.take_deliveries(&take).await {
            Ok(taken) => taken.into_iter().for_each(|taken| under_way.begin(&self.errands, taken)),
            Err(cause) => tracing::warn!(error = %cause, "could not read the outbox; asking again"),
        }
        self.metrics().under_way(under_way.len());
    }

    /// Waits for the end of a delivery; the moment it is due again, if it is.
    async fn finished(&self, under_way: &mut UnderWay) -> Option<Millis> {
        let due = match under_way.tasks.join_next_with_id().await? {
            Ok((id, due)) => {
                under_way.taken.remove(&id);
                due
            }
            Err(fault) => {
                let taken = under_way.taken.remove(&fault.id())?;
                tracing::error!(delivery = %taken.delivery.id, "a delivery made the hub stumble");
                let errands = self.errands.clone();
                under_way.tasks.spawn(async move { errands.stumbled(&taken).await });
                None
            }
        };
        self.metrics().under_way(under_way.len());
        due
    }

    /// Measures the backlog and forgets what is long over, until the hub ends. Never returns.
    async fn keep(self: Arc<Self>) {
        let store = self.errands.hub.store();
        let mut tick = tokio::time::interval(MEASURE_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for turn in 0u32.. {
            tick.tick().await;
            let now = store.now();
            match store.backlog().await {
                Ok(backlog) => self.metrics().backlog(&backlog, now),
                Err(cause) => tracing::debug!(error = %cause, "could not measure the outbox"),
            }
            if turn.is_multiple_of(SWEEP_AFTER) {
                self.sweep(now.plus(-KEPT_MS)).await;
            }
        }
    }

    async fn sweep(&self, before: Millis) {
        loop {
            match self.errands.hub.store().sweep_deliveries(before, SWEEP_MOST).await {
                Ok(forgotten) if forgotten < SWEEP_MOST => return,
                Ok(_) => {}
                Err(cause) => {
                    tracing::warn!(error = %cause, "could not sweep the outbox; sweeping again later");
                    return;
                }
            }
        }
    }
}

// === impl UnderWay ===

impl UnderWay {
    fn begin(&mut self, errands: &Arc<Errands>, taken: Taken) {
        let (errands, errand) = (errands.clone(), taken.clone());
        let task = self.tasks.spawn(async move { errands.run(&errand).await });
        self.taken.insert(task.id(), taken);
    }

    fn len(&self) -> usize {
        self.tasks.len()
    }

    fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}
