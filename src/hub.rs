//! Floor 4: what happens between the store and the sessions. Knows neither JSON nor sockets.
//!
//! | file | noun |
//! |---|---|
//! | [`append`], `doubt` | the one road by which anything is written; what nobody heard the outcome of |
//! | [`tail`] | a followed conversation in memory |
//! | [`board`], [`seat`], [`mailbox`] | who is connected, what they follow, what waits for them |
//! | [`effects`] | what a commit sets in motion |
//! | [`waiting`], [`queue`] | deadlines; places in the queue |
//! | [`presence`], [`playbooks`] | who could take a chat; whether one is offered |
//! | [`notify`], [`beside`] | notifications; what is kept beside the log |
//! | [`visitor`], [`agent`], [`page`] | what sessions ask |

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use dashmap::DashSet;
use rand::RngExt;
use tokio::{sync::Notify as Bell, task::JoinSet};
use tokio_util::sync::CancellationToken;

pub mod agent;
pub mod append;
pub mod beside;
pub mod board;
mod doubt;
pub mod effects;
pub mod error;
pub mod mailbox;
pub mod metrics;
pub mod notify;
pub mod page;
pub mod playbooks;
pub mod presence;
pub mod queue;
pub mod seat;
pub mod tail;
pub mod visitor;
pub mod waiting;

use self::{
    append::Caller,
    beside::Unwritten,
    board::Board,
    doubt::Doubts,
    mailbox::Leave,
    metrics::Metrics,
    notify::Rings,
    playbooks::Playbooks,
    presence::Presence,
    queue::Queue,
    seat::{Seat, Seated, Who},
    tail::Tail,
    waiting::Waiting,
};
use crate::{
    chat::{command::Command, decide::ABANDONED_AFTER},
    ids::{ConversationId, WorkspaceId},
    mesh::Mesh,
    store::Store,
    wire::code::CloseCode,
};

/// How often held-back rows and what stands beside logs are flushed.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// How often silent conversations are looked for.
const ABANDON_EVERY: Duration = Duration::from_secs(60);
/// Silent conversations closed in one look.
const ABANDON_MOST: usize = 1_000;

/// Within what time agents are told to come back when the hub drains, in milliseconds.
const AGENTS_BACK_MS: u64 = 5_000;

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether admins see conversations assigned to others.
    pub admins_see_assigned: bool,
    /// Sessions of one visitor at most; 0 lifts it.
    pub connections_per_visitor: usize,
    /// Sessions of one agent at most; 0 lifts it.
    pub connections_per_agent: usize,
    /// Over what time clients are told to come back when the hub drains, in milliseconds.
    pub drain_spread_ms: u64,
}

/// One node's hub.
pub struct Hub {
    store: Arc<dyn Store>,
    mesh: Arc<dyn Mesh>,
    settings: Settings,
    board: Board,
    presence: Presence,
    playbooks: Playbooks,
    waiting: Waiting,
    queue: Queue,
    rings: Rings,
    unwritten: Unwritten,
    doubts: Doubts,
    /// Conversations whose row waits for its second to pass.
    rows_due: DashSet<ConversationId>,
    /// Workspaces in which somebody could take a chat, as visitors were last told.
    offered: Mutex<HashSet<WorkspaceId>>,
    /// Rises with every request, so that the latest of several seats is well defined.
    ticks: AtomicU64,
    draining: AtomicBool,
    /// Rings when the outbox may have got something.
    outbox_bell: Bell,
    /// What the hub counts.
    pub metrics: Metrics,
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            admins_see_assigned: true,
            connections_per_visitor: 5,
            connections_per_agent: 10,
            drain_spread_ms: 20_000,
        }
    }
}

// === impl Hub ===

impl Hub {
    /// A hub upon a store, among the other nodes of the mesh. Nothing moves before [`Hub::run`].
    pub fn new(store: Arc<dyn Store>, mesh: Arc<dyn Mesh>, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            store,
            mesh,
            settings,
            board: Board::default(),
            presence: Presence::default(),
            playbooks: Playbooks::default(),
            waiting: Waiting::default(),
            queue: Queue::default(),
            rings: Rings::default(),
            unwritten: Unwritten::default(),
            doubts: Doubts::default(),
            rows_due: DashSet::new(),
            offered: Mutex::default(),
            ticks: AtomicU64::new(0),
            draining: AtomicBool::new(false),
            outbox_bell: Bell::new(),
            metrics: Metrics::default(),
        })
    }

    /// Runs the hub's own tasks until `stop`. An error means that one of them died, and with it half of the hub: the
    /// process should end.
    ///
    /// # Errors
    /// The panic of a core task.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) -> Result<(), tokio::task::JoinError> {
        let mut core = JoinSet::new();
        core.spawn(self.clone().run_waiting());
        core.spawn(self.clone().run_queue());
        core.spawn(self.clone().run_presence());
        core.spawn(self.clone().run_flush());
        core.spawn(self.clone().run_abandon());
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(()),
            Some(ended) = core.join_next() => ended,
        };
        core.shutdown().await;
        self.flush_beside().await;
        ended
    }

    /// The store beneath.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The ways to other nodes.
    pub fn mesh(&self) -> &Arc<dyn Mesh> {
        &self.mesh
    }

    /// What the operator set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Who is connected.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Who could take a chat.
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Places in the queue.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// The deadlines held in memory.
    pub fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// Rings when this node has put something into the outbox, or made it due. Other nodes' is found by asking.
    pub fn outbox_bell(&self) -> &Bell {
        &self.outbox_bell
    }

    /// Notes a request of a session.
    pub fn asked(&self, seat: &Seat) {
        seat.asked(self.ticks.fetch_add(1, Ordering::Relaxed) + 1);
    }

    /// Whether clients are being sent away.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Tells every session to come back elsewhere, each after its own share of the spread. Requests under way are
    /// answered; presence is left to its grace.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        let spread = self.settings.drain_spread_ms;
        let (visitors, agents, _) = self.board.sizes();
        tracing::info!(visitors, agents, "draining: every client is told to come back");
        self.board.everybody(|seat| {
            // An agent must be back before their grace is over, or they would flap: see `presence`.
            let spread = if seat.who.agent().is_some() { spread.min(AGENTS_BACK_MS) } else { spread };
            let after_ms = rand::rng().random_range(0..=spread);
            seat.mail.put(|mail| mail.leave = Some(Leave { code: CloseCode::Draining, after_ms: Some(after_ms) }));
        });
    }

    /// Gives a session its place. A person's oldest session over the limit is sent away.
    fn sit(self: &Arc<Self>, who: Who, most: usize) -> Seated {
        let seat = Seat::new(who, self.store.now());
        if let Some(oldest) = self.board.sit(&seat, most) {
            oldest.mail.put(|mail| mail.leave = Some(Leave { code: CloseCode::Replaced, after_ms: None }));
        }
        self.asked(&seat);
        if self.is_draining() {
            seat.mail.put(|mail| mail.leave = Some(Leave { code: CloseCode::Draining, after_ms: Some(1_000) }));
        }
        Seated::new(self.clone(), seat)
    }

    fn follow(&self, conversation: &ConversationId, seat: &Arc<Seat>) -> Arc<Tail> {
        self.board.follow(conversation, seat)
    }

    fn unfollow(&self, conversation: &ConversationId, seat: &Arc<Seat>) {
        let left = self.board.unfollow(conversation, seat);
        if left.is_none()
            && let Some(tail) = self.board.tail(conversation)
            && seat.who.agent().is_some()
        {
            self.tell_watching(&tail);
        }
    }

    /// A session is over.
    fn leave(&self, seat: &Arc<Seat>, follows: &[ConversationId], present: bool, clean: bool) {
        self.board.rise(seat);
        for conversation in follows {
            self.unfollow(conversation, seat);
            if seat.who.agent().is_none() {
                self.row_later(conversation);
                if let Some(tail) = self.board.tail(conversation) {
                    self.tell_visitor(&tail);
                }
            }
        }
        if let (Some(agent), true) = (seat.who.agent(), present) {
            self.presence.depart(seat.who.workspace(), agent, seat.last_heard(), clean, self.store.now());
        }
    }

    /// Ends graces until the hub ends. Never returns.
    async fn run_presence(self: Arc<Self>) {
        loop {
            let now = self.store.now();
            let (flips, next) = self.presence.expire(now);
            for flip in flips {
                self.flipped(Some(flip));
            }
            match next {
                Some(next) => {
                    let wait = Duration::from_millis(next.since(now).max(0) as u64 + 1);
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.presence.poked() => {}
                    }
                }
                None => self.presence.poked().await,
            }
        }
    }

    /// Flushes what may wait for a second until the hub ends. Never returns.
    async fn run_flush(self: Arc<Self>) {
        let mut tick = tokio::time::interval(FLUSH_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let now = self.store.now();
            self.settle_doubts().await;
            self.flush_rows(now).await;
            self.flush_beside().await;
            self.sweep_rings(now);
        }
    }

    /// Closes conversations that reached no agent and fell silent, until the hub ends. Never returns.
    async fn run_abandon(self: Arc<Self>) {
        let mut tick = tokio::time::interval(ABANDON_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.abandon().await;
        }
    }

    /// One look for silent conversations.
    pub async fn abandon(self: &Arc<Self>) {
        match self.store.silent(self.store.now().plus(-ABANDONED_AFTER), ABANDON_MOST).await {
            Ok(silent) => {
                for conversation in silent {
                    if let Err(cause) = self.command(&conversation, &Caller::System, &Command::Abandon).await {
                        tracing::debug!(%conversation, %cause, "a silent conversation is looked at again later");
                    }
                }
            }
            Err(cause) => tracing::warn!(error = %cause, "could not look for silent conversations"),
        }
    }
}

#[cfg(test)]
mod tests;
