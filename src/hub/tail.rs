//! A conversation in memory: its fold at the head and the recent part of its log, from which readers are served.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::budget::{Budget, Holding};
use crate::{
    chat::{conversation::Conversation, summary::Beside},
    ids::{ConversationId, Millis, Seq},
    store::{Loaded, Result, Store},
    wire::entry::Entry,
};

/// Events a tail keeps at most; a reader further behind is served by the store.
const MAX_ENTRIES: usize = 256;
/// Bytes a tail keeps at most, and keeps whatever the others do; the newest event always stays.
const MAX_BYTES: usize = 256 * 1024;
const MIN_BYTES: usize = 2 * 1024;
/// Events of one read.
const PAGE: usize = 200;
/// Bytes of one read.
const PAGE_BYTES: usize = 64 * 1024;

/// One conversation's tail. Shared by everybody who follows it on this node; the store stays the truth.
#[derive(Debug)]
pub struct Tail {
    id: ConversationId,
    inner: Mutex<Inner>,
    budget: Arc<Budget>,
    /// Held while reading from the store, so that one reader loads and the others wait.
    loading: tokio::sync::Mutex<()>,
    /// Whoever lost a race queues here, and while somebody does, so do all others: see [`Tail::turn`].
    turns: tokio::sync::Mutex<()>,
    /// How many have the turn or wait for it.
    queueing: AtomicUsize,
}

/// Somebody's turn to append; the next one's when it is dropped.
pub struct Turn<'a> {
    queueing: &'a AtomicUsize,
    _held: Option<tokio::sync::MutexGuard<'a, ()>>,
}

#[derive(Debug, Default)]
struct Inner {
    hot: Option<Box<Hot>>,
    /// The highest head anybody spoke of: the tail is behind while it is above the fold's.
    hint: Seq,
    /// Whether the store may have more than anybody spoke of.
    suspect: bool,
}

/// What a tail holds once it was loaded.
#[derive(Debug)]
pub struct Hot {
    /// The fold at the head.
    pub conversation: Conversation,
    /// Beside the log.
    pub beside: Beside,
    /// When the inbox's row was last sent for a text alone.
    pub row_at: Millis,
    /// When the assignee was last rung for a text.
    pub rang_at: Millis,
    entries: VecDeque<Arc<Entry>>,
    held: Holding,
    /// Whether something happened since the last [`Tail::age`].
    fresh: bool,
}

// === impl Tail ===

impl Tail {
    /// An empty tail: nothing is known yet. What it holds of the log is taken from `budget`.
    pub fn new(id: ConversationId, budget: Arc<Budget>) -> Arc<Self> {
        Arc::new(Self {
            id,
            inner: Mutex::default(),
            budget,
            loading: tokio::sync::Mutex::default(),
            turns: tokio::sync::Mutex::default(),
            queueing: AtomicUsize::new(0),
        })
    }

    /// Whose it is.
    pub fn id(&self) -> &ConversationId {
        &self.id
    }

    /// Takes over what somebody has just read from the store, unless the tail knows as much already.
    pub fn seed(&self, loaded: Loaded) {
        let mut inner = self.lock();
        match &mut inner.hot {
            None => inner.hot = Some(Box::new(Hot::new(loaded, self.budget.clone()))),
            Some(hot) if hot.conversation.seq < loaded.conversation.seq => {
                // The fold jumps forward; the events in between are the store's to tell.
                hot.forget();
                hot.conversation = loaded.conversation;
            }
            Some(_) => {}
        }
    }

    /// Makes sure that the fold has reached every head anybody spoke of. False when there is no such conversation.
    pub async fn catch_up(&self, store: &dyn Store) -> Result<bool> {
        match self.is_current() {
            true => Ok(true),
            false => Box::pin(self.load(store)).await,
        }
    }

    /// Reads the fold, where there is none yet, and what is behind it.
    async fn load(&self, store: &dyn Store) -> Result<bool> {
        let _one = self.loading.lock().await;
        if self.head().is_none() {
            match store.load(&self.id).await? {
                Some(loaded) => self.seed(loaded),
                None => return Ok(false),
            }
        }
        while let Some((head, hint)) = self.behind() {
            let entries = store.events_after(&self.id, head, PAGE, PAGE_BYTES).await?;
            if entries.is_empty() {
                self.end_at(head, hint);
                break;
            }
            self.offer(&entries);
        }
        Ok(true)
    }

    /// Takes in committed events. What lies behind a gap is only remembered as a head to catch up to.
    pub fn offer(&self, entries: &[Arc<Entry>]) {
        let mut inner = self.lock();
        if let Some(last) = entries.last() {
            inner.hint = inner.hint.max(last.event().seq);
        }
        let Some(hot) = &mut inner.hot else { return };
        for entry in entries {
            if entry.event().seq == hot.conversation.seq.next() {
                hot.push(entry);
            }
        }
    }

    /// Waits for one's turn to append, first come, first served. Only who lost a race has to ask: as long as nobody did,
    /// appends race, and that costs nothing.
    pub async fn turn(&self) -> Turn<'_> {
        self.queueing.fetch_add(1, Ordering::Relaxed);
        // Counted from here on, also if the wait is given up.
        let mut turn = Turn { queueing: &self.queueing, _held: None };
        turn._held = Some(self.turns.lock().await);
        turn
    }

    /// Whether somebody who lost a race has the turn, or waits for it.
    pub fn is_queued_for(&self) -> bool {
        self.queueing.load(Ordering::Relaxed) > 0
    }

    /// Lets go of a fold that the store does not bear out, and of all hints: whoever looks next reads it anew.
    pub(super) fn begin_anew(&self) {
        *self.lock() = Inner::default();
    }

    /// Hears of a head.
    pub fn hint(&self, head: Seq) {
        let mut inner = self.lock();
        inner.hint = inner.hint.max(head);
    }

    /// Looks at (or changes) what is held. None while nothing was loaded.
    pub fn with<T>(&self, look: impl FnOnce(&mut Hot) -> T) -> Option<T> {
        self.lock().hot.as_deref_mut().map(look)
    }

    /// The last event folded in.
    pub fn head(&self) -> Option<Seq> {
        self.with(|hot| hot.conversation.seq)
    }

    /// When the conversation began. None while nothing was loaded.
    pub fn began(&self) -> Option<Millis> {
        self.with(|hot| hot.conversation.created_at)
    }

    /// One page of events behind `cursor`: from memory, else from the store. Empty at the head.
    pub async fn read(&self, store: &dyn Store, cursor: Seq) -> Result<Vec<Arc<Entry>>> {
        self.catch_up(store).await?;
        match self.with(|hot| hot.after(cursor)).flatten() {
            Some(entries) => Ok(entries),
            None => store.events_after(&self.id, cursor, PAGE, PAGE_BYTES).await,
        }
    }

    /// Whether the fold has reached every head anybody spoke of.
    pub(super) fn is_current(&self) -> bool {
        let inner = self.lock();
        inner.hot.as_ref().is_some_and(|hot| hot.conversation.seq >= inner.hint && !inner.suspect)
    }

    /// Takes over what was read. Where nobody `heard` of commits before it was, the next look asks the store whether there
    /// is more. A tail that knows something already only hears of the head.
    pub(super) fn learn(&self, loaded: Loaded, heard: bool) {
        let mut inner = self.lock();
        match &inner.hot {
            Some(_) => inner.hint = inner.hint.max(loaded.conversation.seq),
            None => {
                inner.hot = Some(Box::new(Hot::new(loaded, self.budget.clone())));
                inner.suspect = !heard;
            }
        }
    }

    /// Whether the store may have more than anybody spoke of.
    pub(super) fn is_suspect(&self) -> bool {
        self.lock().suspect
    }

    /// Takes in events that were read from the store while somebody listened; `whole` says that there were no more.
    pub(super) fn look(&self, entries: &[Arc<Entry>], whole: bool) {
        self.offer(entries);
        let mut inner = self.lock();
        let last = entries.last().map(|entry| entry.event().seq);
        let reached = inner.hot.as_ref().is_some_and(|hot| last.is_none_or(|last| hot.conversation.seq >= last));
        inner.suspect &= !(whole && reached);
    }

    /// Events behind `after` up to `head`. None when memory does not reach so far.
    pub(super) fn between(&self, after: Seq, head: Seq) -> Option<Vec<Arc<Entry>>> {
        self.with(|hot| {
            if after == head {
                return Some(Vec::new());
            }
            let first = hot.entries.front()?.event().seq;
            (first <= after.next() && hot.conversation.seq >= head).then(|| {
                let inside = |entry: &&Arc<Entry>| entry.event().seq > after && entry.event().seq <= head;
                hot.entries.iter().filter(inside).cloned().collect()
            })
        })
        .flatten()
    }

    /// The newest events before `before`, oldest first, as far as memory reaches without a gap.
    pub(super) fn before(&self, before: Seq, limit: usize, bytes: usize, for_visitor: bool) -> Vec<Arc<Entry>> {
        let read = self.with(|hot| {
            let older = hot.entries.iter().rev().filter(|entry| {
                let event = entry.event();
                event.seq < before && (!for_visitor || event.what.for_visitor())
            });
            older.take(limit).take_while(within(bytes)).cloned().collect::<Vec<_>>()
        });
        let mut read = read.unwrap_or_default();
        read.reverse();
        read
    }

    /// Takes in a whole stretch of the log that ends where memory begins.
    pub(super) fn reach_back(&self, entries: &[Arc<Entry>]) {
        self.with(|hot| {
            // It may have been read before its visitor was erased.
            if hot.conversation.visitor.id.is_erased() {
                return;
            }
            for entry in entries.iter().rev() {
                let first = hot.entries.front().map_or(hot.conversation.seq.next(), |first| first.event().seq);
                let size = entry.size();
                let room = hot.entries.len() < MAX_ENTRIES && hot.held.bytes() + size <= hot.most();
                if entry.event().seq >= first {
                    continue;
                }
                if entry.event().seq.next() != first || !room {
                    break;
                }
                hot.held.add(size);
                hot.entries.push_front(entry.clone());
            }
        });
    }

    /// Called now and then: a conversation in which nothing happened since the last time keeps only its last events.
    pub(super) fn age(&self) {
        self.with(|hot| {
            if !std::mem::take(&mut hot.fresh) {
                hot.keep(MIN_BYTES);
                hot.entries.shrink_to_fit();
            }
        });
    }

    /// The fold's head and the highest one spoken of, while the first may not be the last.
    fn behind(&self) -> Option<(Seq, Seq)> {
        let inner = self.lock();
        let head = inner.hot.as_ref()?.conversation.seq;
        (inner.suspect || head < inner.hint).then_some((head, inner.hint))
    }

    /// The store has nothing behind `head`. A hint that spoke of more was no more than a hint; one that came meanwhile
    /// is.
    fn end_at(&self, head: Seq, hint: Seq) {
        let mut inner = self.lock();
        inner.suspect = false;
        if inner.hint == hint {
            inner.hint = head;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic between two folds cannot happen half-way: `apply` does not panic. The data stays usable.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Turn ===

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.queueing.fetch_sub(1, Ordering::Relaxed);
    }
}

// === impl Hot ===

impl Hot {
    fn new(loaded: Loaded, budget: Arc<Budget>) -> Self {
        Self {
            conversation: loaded.conversation,
            beside: loaded.beside,
            row_at: Millis(0),
            rang_at: Millis(0),
            entries: VecDeque::new(),
            held: Holding::new(budget),
            fresh: true,
        }
    }

    /// What it may hold now, in bytes.
    fn most(&self) -> usize {
        self.held.share().clamp(MIN_BYTES, MAX_BYTES)
    }

    fn push(&mut self, entry: &Arc<Entry>) {
        self.conversation.apply(entry.event());
        if entry.event().erases() {
            // What is held was taken out of the store: whoever asks for it finds there what is left.
            self.forget();
            self.beside.page = None;
        }
        self.held.add(entry.size());
        self.entries.push_back(entry.clone());
        self.fresh = true;
        self.keep(self.most());
    }

    /// Lets go of the oldest events, until this many bytes or one event is left.
    fn keep(&mut self, most: usize) {
        while self.entries.len() > MAX_ENTRIES || (self.entries.len() > 1 && self.held.bytes() > most) {
            let Some(old) = self.entries.pop_front() else { break };
            self.held.give_back(old.size());
        }
    }

    /// Lets go of all events.
    fn forget(&mut self) {
        self.entries.clear();
        self.held.give_back(self.held.bytes());
    }

    /// A page behind `cursor`; None when memory does not reach back so far.
    fn after(&self, cursor: Seq) -> Option<Vec<Arc<Entry>>> {
        if cursor >= self.conversation.seq {
            return Some(Vec::new());
        }
        let first = self.entries.front()?.event().seq;
        if cursor.next() < first {
            return None;
        }
        let skip = usize::try_from(cursor.next().0 - first.0).ok()?;
        Some(self.entries.iter().skip(skip).take(PAGE).take_while(within(PAGE_BYTES)).cloned().collect())
    }
}

/// As many as begin within this many bytes of JSON; the first always does.
fn within(mut room: usize) -> impl FnMut(&&Arc<Entry>) -> bool {
    move |entry| {
        let had = room;
        room = room.saturating_sub(entry.json().len());
        had > 0
    }
}
