//! The sweep: whatever the mesh lost is found in the store and set in motion, within seconds.
//!
//! What moved is asked for by the moment it was decided, back beyond the last look by as long as a transaction may have
//! been under way: never by "the last number seen", which skips what is committed late.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::{
    Hub,
    behind::Behind,
    error::{HubError, Result},
};
use crate::{
    ids::{ConversationId, Millis, Seq},
    mesh::Health,
    store::Head,
    wire::entry::Entry,
};

/// How often, while the mesh carries.
const EVERY: Duration = Duration::from_secs(10);
/// How often, while it does not; and how often at most when words are found missing.
const EVERY_DEAF: Duration = Duration::from_secs(1);
/// How far a look goes back beyond the one before, in milliseconds: longer than the store takes for a commit that it
/// still acknowledges.
const OVERLAP: i64 = 10_000;
/// Conversations that moved, of one read.
const PAGE: usize = 2_000;
/// Followed conversations, of one read.
const HEADS: usize = 5_000;
/// Repaired side by side.
const AT_ONCE: usize = 32;
/// Conversations whose ends are read at once, and events of each.
const ENDS: (usize, usize) = (32, 16);
/// Events looked back for what moved within the time where that is more, of one read; and reads.
const BACK: (usize, usize) = (200, 10);
/// Bytes of one such read.
const BACK_BYTES: usize = 256 * 1024;

/// How far the sweep has come.
#[derive(Debug, Default)]
pub(super) struct Swept {
    /// When the last one that came to its end began, or the node did, by the store's clock.
    began: AtomicI64,
}

/// Which part of a log may have been missed.
struct Look {
    conversation: ConversationId,
    /// The place before it, and when that was.
    after: Seq,
    after_at: Millis,
    /// The last of it.
    head: Seq,
    /// Its events, where they were read already.
    fill: Vec<Arc<Entry>>,
}

/// A conversation that is not there any more or cannot be read is passed over: it would be the same in every sweep.
fn passable<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(HubError::Refused(_) | HubError::Damaged) => Ok(None),
        Err(cause) => Err(cause),
    }
}

// === impl Hub ===

impl Hub {
    /// Sweeps until the hub ends. Never returns.
    pub(super) async fn run_sweep(self: Arc<Self>) {
        if self.mesh.is_alone() {
            return std::future::pending().await;
        }
        // What happened before was told to nobody here.
        self.among.swept.began.store(self.store.now().0, Ordering::Relaxed);
        let mut last = Instant::now();
        loop {
            let every = match self.mesh.health() {
                Health::Well => EVERY,
                Health::Deaf => EVERY_DEAF,
            };
            tokio::select! {
                biased;
                () = self.among.may_have_missed() => tokio::time::sleep_until(last + EVERY_DEAF).await,
                () = tokio::time::sleep_until(last + every) => {}
            }
            last = Instant::now();
            self.metrics.sweeps.inc();
            if let Err(cause) = self.sweep().await {
                tracing::debug!(%cause, "what was missed is looked for again");
                // Whatever rang was not answered.
                self.missed_something();
            }
        }
    }

    /// One look at everything that may have been missed.
    pub(super) async fn sweep(self: &Arc<Self>) -> Result<()> {
        let began = self.store.now();
        let since = Millis(self.among.swept.began.load(Ordering::Relaxed)).plus(-OVERLAP);
        self.sweep_moved(since).await?;
        self.sweep_followed().await?;
        self.recount().await;
        self.sweep_playbooks().await?;
        self.queue.look_again();
        self.among.swept.began.store(began.0, Ordering::Relaxed);
        self.among.ledger.forget(since.plus(-OVERLAP));
        Ok(())
    }

    /// What moved in the workspaces of this node.
    async fn sweep_moved(self: &Arc<Self>, since: Millis) -> Result<()> {
        let rooms = self.among.rooms.all();
        let (mut from, mut most) = (since, PAGE);
        while !rooms.is_empty() {
            let heads = self.store.moved_since(&rooms, from, most).await?;
            let (all, last) = (heads.len() < most, heads.last().map(|head| head.at));
            let missed: Vec<Head> = heads
                .into_iter()
                .filter(|head| !self.among.ledger.covers(&head.conversation, head.seq, since) && self.concerns(head))
                .collect();
            for some in missed.chunks(ENDS.0) {
                self.repair_all(self.looks(some, since).await?).await?;
            }
            match last {
                Some(last) if !all && last > from => from = last,
                // More of one moment than a page holds.
                Some(_) if !all => most *= 2,
                _ => break,
            }
        }
        Ok(())
    }

    /// What is followed here, whenever it moved, and whose it is: adoption is no event.
    async fn sweep_followed(self: &Arc<Self>) -> Result<()> {
        let mut followed: Vec<ConversationId> = self.board.tails().iter().map(|tail| tail.id().clone()).collect();
        followed.sort();
        for some in followed.chunks(HEADS) {
            let mut missed = Vec::new();
            for head in self.store.heads(some).await? {
                let Some(tail) = self.board.tail(&head.conversation) else { continue };
                let was = tail.with(|hot| {
                    let fold = &hot.conversation;
                    (fold.seq, fold.last_at, fold.visitor.id != head.visitor)
                });
                let Some((seq, at, other_visitor)) = was else { continue };
                if other_visitor {
                    passable(self.look_whose(&tail).await)?;
                }
                if seq < head.seq {
                    let Head { conversation, seq: head, .. } = head;
                    missed.push(Look { conversation, after: seq, after_at: at, head, fill: Vec::new() });
                }
            }
            self.repair_all(missed).await?;
        }
        Ok(())
    }

    async fn repair_all(self: &Arc<Self>, looks: Vec<Look>) -> Result<()> {
        let repairs = stream::iter(looks).map(|look| {
            let hub = self.clone();
            async move { hub.repair(look).await }
        });
        let repaired: Vec<Result<()>> = repairs.buffered(AT_ONCE).collect().await;
        repaired.into_iter().collect()
    }

    /// Sets in motion what was missed of one conversation.
    async fn repair(self: &Arc<Self>, look: Look) -> Result<()> {
        let Look { conversation, after, after_at, head, fill } = look;
        if let Some(tail) = self.board.tail(&conversation) {
            tail.hint(head);
            self.wake(tail.id(), None);
        }
        let (waited, late, gap, bells) = (true, true, true, Vec::new());
        let behind = Behind { conversation, after, after_at, head, waited, bells, fill, late, gap };
        if passable(self.catch(&behind).await)?.is_some_and(|caught| caught.events > 0) {
            self.metrics.repairs.inc();
        }
        Ok(())
    }

    /// What was decided at or after `since` in these, their ends read in one go: a node that has just come to a
    /// workspace looks at everything that moved there of late.
    async fn looks(&self, heads: &[Head], since: Millis) -> Result<Vec<Look>> {
        let names: Vec<ConversationId> = heads.iter().map(|head| head.conversation.clone()).collect();
        let mut ends: HashMap<_, _> = self.store.lately(&names, since, ENDS.1).await?.into_iter().collect();
        let mut looks = Vec::with_capacity(heads.len());
        for conversation in names {
            let Some(end) = ends.remove(&conversation) else { continue };
            let Some(head) = end.last().map(|entry| entry.event().seq) else { continue };
            let window = passable(self.window(&conversation, since, end).await)?;
            let Some((after, after_at, fill)) = window else { continue };
            looks.push(Look { conversation, after, after_at, head, fill });
        }
        Ok(looks)
    }

    /// The events of a log that were decided at or after `since`, and what lies before them; its newest are `page`.
    async fn window(
        &self,
        conversation: &ConversationId,
        since: Millis,
        mut page: Vec<Arc<Entry>>,
    ) -> Result<(Seq, Millis, Vec<Arc<Entry>>)> {
        let mut window: Vec<Arc<Entry>> = Vec::new();
        let mut before = Seq(0);
        for reads in 0..=BACK.1 {
            if reads > 0 {
                page = self.store.events_before(conversation, Some(before), BACK.0, BACK_BYTES, false).await?;
            }
            let Some(first) = page.first().map(|entry| entry.event().seq) else { break };
            before = first;
            let old = page.iter().rposition(|entry| entry.event().at < since);
            let within = page.split_off(old.map_or(0, |old| old + 1));
            window.splice(0..0, within);
            if let Some(last) = page.last().map(|entry| entry.event()) {
                return Ok((last.seq, last.at, window));
            }
            if first == Seq(1) {
                return Ok((Seq(0), Millis(i64::MIN), window));
            }
        }
        // Longer than anybody looks: what lies before is not known to be in motion.
        Ok((Seq(before.0.saturating_sub(1)), Millis(i64::MAX), window))
    }

    /// Whether anybody connected here has to do with the workspace or the conversation.
    fn concerns(&self, head: &Head) -> bool {
        self.board.tail(&head.conversation).is_some()
            || self.board.has_agents(&head.workspace)
            || self.board.has_visitor(&head.workspace, &head.visitor)
    }
}
