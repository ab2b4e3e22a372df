//! Conversations that others moved and whose fold is not here, or lies behind: read from the store, then set in motion.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tokio::sync::Notify as Bell;

use super::{
    Hub,
    append::moves_row,
    effects::Motion,
    error::{HubError, Result},
    tail::Tail,
};
use crate::{
    ids::{ConversationId, Millis, Seq},
    wire::{
        entry::Entry,
        node::{self, Moved},
    },
};

/// Conversations that wait to be read at most. Beyond, the sweep finds what moved.
const MOST: usize = 10_000;
/// Read side by side.
const AT_ONCE: usize = 32;
/// Events of one stretch at most; of a longer one the newest are set in motion.
const MOST_EVENTS: usize = 2_000;
/// Events of one read, and bytes.
const PAGE: (usize, usize) = (200, 128 * 1024);
/// After how long what the store could not give is asked for again.
const AGAIN: Duration = Duration::from_millis(250);

/// What waits to be read.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    queue: Mutex<BTreeMap<ConversationId, Behind>>,
    poke: Bell,
}

/// One conversation that is behind.
#[derive(Clone, Debug)]
pub(super) struct Behind {
    pub(super) conversation: ConversationId,
    /// The place before what is to be set in motion.
    pub(super) after: Seq,
    /// When that was.
    pub(super) after_at: Millis,
    /// The last of it.
    pub(super) head: Seq,
    /// Whether the visitor waited before; true where nobody knows.
    pub(super) waited: bool,
    /// Who rings.
    pub(super) bells: Vec<node::Bell>,
    /// The events, where the hint brought them all.
    pub(super) fill: Vec<Arc<Entry>>,
    /// Whether a sweep found it: who came since was told by the answer to `hello` and is not rung.
    pub(super) late: bool,
    /// Whether a hint between was lost, and with it the sizes of folders that it would have told.
    pub(super) gap: bool,
}

/// What was news.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Caught {
    /// How many events.
    pub(super) events: usize,
    /// Whether more than texts were among them.
    pub(super) rows: bool,
}

// === impl Behind ===

impl Behind {
    /// As a hint tells it.
    pub(super) fn of(moved: Moved) -> Self {
        Self {
            conversation: moved.conversation,
            after: moved.after,
            after_at: moved.after_at,
            head: moved.head,
            waited: moved.waited,
            bells: moved.rings,
            fill: moved.fill.0,
            late: false,
            gap: false,
        }
    }

    /// Takes in what came for the same conversation meanwhile.
    fn join(&mut self, other: Self) {
        self.gap |= other.gap || other.after > self.head || self.after > other.head;
        let goes_on = other.after == self.head && !self.fill.is_empty() && !other.fill.is_empty();
        match goes_on {
            true => self.fill.extend(other.fill),
            false => self.fill.clear(),
        }
        if other.after < self.after {
            (self.after, self.after_at) = (other.after, other.after_at);
        }
        self.head = self.head.max(other.head);
        self.waited |= other.waited;
        self.late |= other.late;
        self.bells.retain(|bell| other.bells.iter().all(|newer| newer.agent != bell.agent));
        self.bells.extend(other.bells);
    }
}

// === impl Waiting ===

impl Waiting {
    /// False when there is no room.
    fn put(&self, behind: Behind) -> bool {
        let mut queue = self.lock();
        if let Some(waiting) = queue.get_mut(&behind.conversation) {
            waiting.join(behind);
        } else if queue.len() < MOST {
            queue.insert(behind.conversation.clone(), behind);
        } else {
            return false;
        }
        self.poke.notify_one();
        true
    }

    fn take(&self) -> BTreeMap<ConversationId, Behind> {
        std::mem::take(&mut *self.lock())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ConversationId, Behind>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Hub ===

impl Hub {
    /// Reads a conversation from the store, soon, and sets in motion what happened there.
    pub(super) fn catch_later(&self, behind: Behind) {
        if !self.among.behind.put(behind) {
            self.missed_something();
        }
    }

    /// Reads what is behind until the hub ends. Never returns.
    pub(super) async fn run_behind(self: Arc<Self>) {
        loop {
            self.among.behind.poke.notified().await;
            let caught = stream::iter(self.among.behind.take().into_values()).map(|behind| {
                let hub = self.clone();
                async move { (hub.catch(&behind).await, behind) }
            });
            let caught: Vec<(Result<Caught>, Behind)> = caught.buffered(AT_ONCE).collect().await;
            let failed: Vec<Behind> = caught
                .into_iter()
                // Any other refusal: it is not there, and there is nothing to be told.
                .filter_map(|(caught, behind)| matches!(caught, Err(HubError::Unavailable)).then_some(behind))
                .collect();
            if !failed.is_empty() {
                tokio::time::sleep(AGAIN).await;
                failed.into_iter().for_each(|behind| self.catch_later(behind));
            }
        }
    }

    /// Reads one and sets in motion what was news here.
    pub(super) async fn catch(self: &Arc<Self>, behind: &Behind) -> Result<Caught> {
        if let Some(tail) = self.board.tail(&behind.conversation) {
            tail.hint(behind.head);
        }
        let tail = self.tail(&behind.conversation).await?;
        let entries = self.stretch(&tail, behind).await?;
        let mut caught = Caught::default();
        let after_at = if entries.len() < MOST_EVENTS { behind.after_at } else { Millis(i64::MAX) };
        for entries in self.note(&behind.conversation, after_at, &entries) {
            let Behind { waited, late, .. } = *behind;
            caught.events += entries.len();
            caught.rows |= entries.iter().any(|entry| moves_row(entry.event()));
            self.set_in_motion(&tail, Motion { entries, waited, counts: &[], bells: &behind.bells, late });
        }
        if let (true, Some(workspace)) =
            (behind.gap && caught.rows, tail.with(|hot| hot.conversation.workspace.clone()))
        {
            self.recount_later(workspace);
        }
        Ok(caught)
    }

    /// The events that are to be set in motion: as the hint brought them, from memory or from the store.
    async fn stretch(&self, tail: &Tail, behind: &Behind) -> Result<Vec<Arc<Entry>>> {
        let whole = |entries: &[Arc<Entry>]| {
            entries.first().is_some_and(|first| first.event().seq == behind.after.next())
                && entries.last().is_some_and(|last| last.event().seq == behind.head)
        };
        if whole(&behind.fill) {
            return Ok(behind.fill.clone());
        }
        if let Some(entries) = tail.between(behind.after, behind.head).filter(|entries| whole(entries)) {
            return Ok(entries);
        }
        let most = MOST_EVENTS as u64;
        let mut from = Seq(behind.after.0.max(behind.head.0.saturating_sub(most)));
        let mut entries = Vec::new();
        while from < behind.head {
            let mut page = self.store.events_after(&behind.conversation, from, PAGE.0, PAGE.1).await?;
            page.retain(|entry| entry.event().seq <= behind.head);
            let Some(last) = page.last() else { break };
            from = last.event().seq;
            entries.extend(page);
        }
        Ok(entries)
    }
}
