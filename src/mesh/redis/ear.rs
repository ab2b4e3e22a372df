//! What is heard, from which workspaces, and how well. One lock for all of it, held for a look only: what an old
//! connection still brings after it was given up is never heard.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, oneshot, watch},
    time::Instant,
};

use super::{
    counters::Counters,
    order::{Order, Verdict},
    word::{Kind, Word},
};
use crate::{
    ids::{NodeId, WorkspaceId},
    mesh::{Health, Heard},
};

/// The hearing of a node.
#[derive(Debug)]
pub(super) struct Ear {
    me: NodeId,
    state: Mutex<State>,
    /// Somebody listens for the next thing heard.
    heard: Notify,
    /// What is wanted has changed.
    wanted: Notify,
    /// The highest message to oneself that came back.
    echo: watch::Sender<u64>,
    most: usize,
    most_bytes: usize,
    counters: Counters,
}

#[derive(Debug, Default)]
struct State {
    /// The connection that is listened to; rises with each.
    session: u64,
    /// Whether it is known to hear.
    confirmed: bool,
    wanted: HashMap<WorkspaceId, Wanted>,
    /// No longer wanted, but still subscribed to.
    leaving: HashSet<WorkspaceId>,
    queue: VecDeque<Heard>,
    bytes: usize,
    /// Whether a gap is in the queue.
    gap: bool,
    /// None before anything is known.
    health: Option<Health>,
    deaf_since: Option<Instant>,
}

/// A workspace that was joined.
#[derive(Debug, Default)]
struct Wanted {
    subscribed: bool,
    /// Somebody was told that it is not, and is owed a gap when it is.
    owed: bool,
    /// Those who wait for that.
    joining: Vec<oneshot::Sender<bool>>,
    order: Order,
}

/// What has to be done so that what is subscribed is what is wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) subscribe: Vec<WorkspaceId>,
    pub(super) unsubscribe: Vec<WorkspaceId>,
}

/// How a wish to join was taken.
#[derive(Debug)]
pub(super) enum Joining {
    /// It is heard already, or cannot be heard now.
    Now(bool),
    /// That will be told.
    Later(oneshot::Receiver<bool>),
}

// === impl Ear ===

impl Ear {
    /// The hearing of `me`, of at most so many words and bytes that nobody listened to yet.
    pub(super) fn new(me: NodeId, most: usize, most_bytes: usize, counters: Counters) -> Self {
        Self {
            me,
            state: Mutex::default(),
            heard: Notify::new(),
            wanted: Notify::new(),
            echo: watch::Sender::new(0),
            most,
            most_bytes,
            counters,
        }
    }

    // The hub's side.

    /// From now on this is wanted.
    pub(super) fn join(&self, workspace: &WorkspaceId) -> Joining {
        let mut state = self.state();
        let still = state.leaving.remove(workspace);
        let confirmed = state.confirmed;
        let wanted = state.wanted.entry(workspace.clone()).or_default();
        wanted.subscribed |= still;
        if wanted.subscribed {
            return Joining::Now(true);
        }
        self.wanted.notify_one();
        if !confirmed {
            wanted.owed = true;
            return Joining::Now(false);
        }
        let (tell, told) = oneshot::channel();
        let waiting = wanted.joining.len();
        wanted.joining.retain(|joining| !joining.is_closed());
        wanted.owed |= wanted.joining.len() < waiting;
        wanted.joining.push(tell);
        Joining::Later(told)
    }

    /// From now on it is not.
    pub(super) fn part(&self, workspace: &WorkspaceId) {
        let mut state = self.state();
        if state.wanted.remove(workspace).is_some_and(|wanted| wanted.subscribed) {
            state.leaving.insert(workspace.clone());
            drop(state);
            self.wanted.notify_one();
        }
    }

    /// The next thing heard.
    pub(super) async fn next(&self) -> Heard {
        loop {
            if let Some(heard) = self.state().pop() {
                return heard;
            }
            self.heard.notified().await;
        }
    }

    /// Whether everybody heard in this workspace reads words that travel as one.
    pub(super) fn all_read_runs(&self, workspace: &WorkspaceId) -> bool {
        self.state().wanted.get(workspace).is_some_and(|wanted| wanted.order.all_read_runs())
    }

    /// How well it is known to be.
    pub(super) fn health(&self) -> Health {
        self.state().health.unwrap_or(Health::Deaf)
    }

    // The connection's side.

    /// A new connection is made. What others bring is not heard any more, and nothing is subscribed.
    pub(super) fn begin(&self) -> u64 {
        let mut state = self.state();
        state.session += 1;
        state.confirmed = false;
        state.leaving.clear();
        for wanted in state.wanted.values_mut() {
            wanted.subscribed = false;
            for joining in mem::take(&mut wanted.joining) {
                wanted.owed = true;
                // Whoever has stopped waiting needs no answer.
                let _ = joining.send(false);
            }
        }
        state.session
    }

    /// What to subscribe to and what to leave. What is to be left counts as left.
    pub(super) fn change(&self) -> Change {
        let mut state = self.state();
        let waits = |(workspace, wanted): (&WorkspaceId, &Wanted)| (!wanted.subscribed).then(|| workspace.clone());
        let subscribe = state.wanted.iter().filter_map(waits).collect();
        Change { subscribe, unsubscribe: mem::take(&mut state.leaving).into_iter().collect() }
    }

    /// Waits until what is wanted may have changed.
    pub(super) async fn changed(&self) {
        self.wanted.notified().await;
    }

    /// The server has confirmed these subscriptions of the connection.
    pub(super) fn subscribed(&self, session: u64, workspaces: &[WorkspaceId]) {
        let mut state = self.state();
        if state.session != session {
            return;
        }
        let mut owed = false;
        for workspace in workspaces {
            let Some(wanted) = state.wanted.get_mut(workspace) else {
                // Not wanted any more before it was confirmed.
                state.leaving.insert(workspace.clone());
                self.wanted.notify_one();
                continue;
            };
            wanted.subscribed = true;
            wanted.order.broken();
            // Whoever has stopped waiting took that for a no.
            let told = |joining: oneshot::Sender<bool>| joining.send(true).is_ok();
            let all = mem::take(&mut wanted.joining).into_iter().map(told).fold(true, |all, told| all & told);
            owed |= mem::take(&mut wanted.owed) || !all;
        }
        if owed {
            self.gap(&mut state);
        }
    }

    /// All that was wanted is subscribed: from now on everything is heard, but some was not.
    pub(super) fn confirmed(&self, session: u64) {
        let mut state = self.state();
        if state.session == session {
            state.confirmed = true;
            self.gap(&mut state);
        }
    }

    /// A connection has heard something on the channel of a workspace, or (None) on this node's own.
    pub(super) fn hear(&self, session: u64, channel: Option<&str>, bytes: Bytes) {
        let Some(word) = Word::decode(bytes) else { return };
        let mut state = self.state();
        if state.session != session {
            return;
        }
        let Some(channel) = channel else {
            if word.kind == Kind::Probe && word.from() == self.me.as_str() {
                self.echo.send_if_modified(|echo| {
                    let news = word.number > *echo;
                    *echo = word.number.max(*echo);
                    news
                });
            }
            return;
        };
        if word.from() == self.me.as_str() || word.kind == Kind::Probe {
            return;
        }
        let Some((workspace, _)) = state.wanted.get_key_value(channel) else { return };
        let workspace = workspace.clone();
        for word in word.each() {
            self.hear_one(&mut state, &workspace, word);
        }
    }

    fn hear_one(&self, state: &mut State, workspace: &WorkspaceId, word: Word) {
        let Some(wanted) = state.wanted.get_mut(workspace) else { return };
        let from = match wanted.order.hear(&word, Instant::now()) {
            Verdict::Old => return,
            Verdict::Lost => return self.gap(state),
            Verdict::Missing(from) => {
                self.gap(state);
                from
            }
            Verdict::Next(from) => from,
        };
        self.counters.heard.inc();
        let fits = state.queue.len() < self.most && state.bytes + word.body.len() <= self.most_bytes;
        if !fits {
            self.counters.overheard.inc();
            return self.gap(state);
        }
        state.bytes += word.body.len();
        self.put(state, Heard::Said { from, workspace: workspace.clone(), body: word.body });
    }

    // The probe's side.

    /// Looks at what messages to oneself came back.
    pub(super) fn echo(&self) -> watch::Receiver<u64> {
        self.echo.subscribe()
    }

    /// How it is now. Tells it when that is new, and after deafness that words may have been missed.
    pub(super) fn set_health(&self, health: Health) {
        let mut state = self.state();
        let now = Instant::now();
        if let Some(since) = state.deaf_since.take() {
            self.counters.deaf.inc_by(now.duration_since(since).as_secs_f64());
        }
        if health == Health::Deaf {
            state.deaf_since = Some(now);
        }
        if state.health != Some(health) {
            state.health = Some(health);
            // Of what nobody has heard yet only the latest matters.
            state.queue.retain(|heard| !matches!(heard, Heard::Health(_)));
            self.put(&mut state, Heard::Health(health));
            if health == Health::Well {
                self.gap(&mut state);
            }
        }
    }

    /// Forgets what nobody needs any more.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        self.state().wanted.values_mut().for_each(|wanted| wanted.order.sweep(now));
    }

    /// Words may have been missed. One gap that waits to be heard is enough: whoever hears it looks at what is then.
    fn gap(&self, state: &mut State) {
        if !mem::replace(&mut state.gap, true) {
            self.counters.gaps.inc();
            self.put(state, Heard::Gap);
        }
    }

    fn put(&self, state: &mut State, heard: Heard) {
        state.queue.push_back(heard);
        self.heard.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    fn pop(&mut self) -> Option<Heard> {
        let heard = self.queue.pop_front()?;
        match &heard {
            Heard::Said { body, .. } => self.bytes -= body.len(),
            Heard::Gap => self.gap = false,
            Heard::Health(_) => {}
        }
        Some(heard)
    }
}
