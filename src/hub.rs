//! Floor 4: what happens between the store and the sessions. Knows neither JSON nor sockets.
//!
//! | file | noun |
//! |---|---|
//! | [`among`], [`rooms`] | what nodes tell each other, and in which workspaces |
//! | `hints`, `behind`, `ledger` | what others committed, set in motion here once |
//! | `sweep` | what the mesh lost, found in the store |
//! | [`append`], `doubt` | the one road by which anything is written; what nobody heard the outcome of |
//! | [`tail`], [`budget`] | a followed conversation in memory; what all of them may hold |
//! | [`board`], [`seat`], [`mailbox`], [`follow`] | who is connected, what they follow, what waits for them |
//! | [`effects`] | what a commit sets in motion |
//! | [`waiting`], [`queue`] | deadlines; places in the queue |
//! | [`presence`], `switch`, [`playbooks`] | who could take a chat, here and elsewhere; whether one is offered |
//! | `leases`, `lookout` | who is present where, kept and told while a node lives; the others' looked at |
//! | [`notify`], [`rings`], `active` | notifications, and which device rings |
//! | [`beside`], `glimpse` | what is kept beside the log; what is only about the moment |
//! | `elsewhere`, `overheard` | who is on other nodes, and what those say of the moment |
//! | [`visitor`], [`agent`], [`page`], `adopting`, `removal` | what sessions ask |
//! | [`metrics`], `stages` | what is counted, and what is timed |
//! | `remembered` | what memory answers while the store does not |
//! | [`dice`], `boxed` | where chance comes from; futures with a room of their own |

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use dashmap::DashSet;
use tokio::{sync::Notify as Bell, task::JoinSet};
use tokio_util::sync::CancellationToken;

mod active;
mod adopting;
pub mod agent;
pub mod among;
pub mod append;
mod behind;
pub mod beside;
pub mod board;
pub(crate) mod boxed;
pub mod budget;
pub mod dice;
mod doubt;
pub mod effects;
mod elsewhere;
mod erasing;
pub mod error;
pub mod follow;
mod glimpse;
mod handing;
mod hints;
mod leases;
mod ledger;
mod lookout;
pub mod mailbox;
pub mod metrics;
pub mod news;
pub mod notify;
mod overheard;
pub mod page;
pub mod playbooks;
pub mod presence;
pub mod queue;
mod remembered;
mod removal;
pub mod rings;
pub mod rooms;
pub mod seat;
mod stages;
mod sweep;
mod switch;
pub mod tail;
pub mod visitor;
pub mod waiting;

use self::{
    among::Among, append::Caller, beside::Unwritten, board::Board, dice::Dice, doubt::Doubts, erasing::Erasures,
    lookout::Lookout, mailbox::Leave, metrics::Metrics, playbooks::Playbooks, presence::Presence, queue::Queue,
    rings::Rings, seat::Seat, waiting::Waiting,
};
use crate::{
    chat::{command::Command, decide::ABANDONED_AFTER},
    ids::{ConversationId, Quick, WorkspaceId},
    mesh::{Health, Mesh},
    store::Store,
    wire::code::CloseCode,
};

/// How often held-back rows and what stands beside logs are flushed.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// How often silent conversations are looked for.
const ABANDON_EVERY: Duration = Duration::from_secs(60);
/// After so long, to twice as long, without an event a conversation holds only its last ones in memory.
const AGE_EVERY: Duration = Duration::from_secs(5 * 60);
/// Silent conversations closed in one look.
const ABANDON_MOST: usize = 1_000;

/// By how much each client lengthens the time over which all are told to come back when the hub drains, in milliseconds:
/// so that twenty come back in a second.
const BACK_EVERY_MS: u64 = 50;
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
    /// Bytes of recent events held in memory, of all followed conversations together.
    pub tail_bytes: usize,
    /// Over what time clients are told to come back at most when the hub drains, in milliseconds; few are told to come
    /// sooner.
    pub drain_spread_ms: u64,
}

/// One node's hub.
pub struct Hub {
    store: Arc<dyn Store>,
    mesh: Arc<dyn Mesh>,
    settings: Settings,
    dice: Dice,
    board: Board,
    presence: Presence,
    lookout: Lookout,
    playbooks: Playbooks,
    waiting: Waiting,
    queue: Queue,
    rings: Rings,
    unwritten: Unwritten,
    doubts: Doubts,
    erasures: Erasures,
    among: Among,
    /// Conversations whose row waits for its second to pass.
    rows_due: DashSet<ConversationId, Quick>,
    /// Workspaces whose folders are to be counted anew.
    recounts_due: DashSet<WorkspaceId>,
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
            tail_bytes: 4 * 1024 * 1024,
            drain_spread_ms: 20_000,
        }
    }
}

// === impl Hub ===

impl Hub {
    /// A hub upon a store, among the other nodes of the mesh. Nothing moves before [`Hub::run`].
    pub fn new(store: Arc<dyn Store>, mesh: Arc<dyn Mesh>, settings: Settings) -> Arc<Self> {
        Self::with_dice(store, mesh, settings, Dice::fair())
    }

    /// The same with its chance from elsewhere.
    pub fn with_dice(store: Arc<dyn Store>, mesh: Arc<dyn Mesh>, settings: Settings, dice: Dice) -> Arc<Self> {
        Arc::new(Self {
            store,
            mesh,
            settings,
            dice,
            board: Board::new(settings.tail_bytes),
            presence: Presence::default(),
            lookout: Lookout::default(),
            playbooks: Playbooks::default(),
            waiting: Waiting::default(),
            queue: Queue::default(),
            rings: Rings::default(),
            unwritten: Unwritten::default(),
            doubts: Doubts::default(),
            erasures: Erasures::default(),
            among: Among::default(),
            rows_due: DashSet::default(),
            recounts_due: DashSet::new(),
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
        core.spawn(self.clone().run_among());
        core.spawn(self.clone().run_behind());
        core.spawn(self.clone().run_sweep());
        core.spawn(self.clone().run_glimpses());
        core.spawn(self.clone().run_waiting());
        core.spawn(self.clone().run_queue());
        core.spawn(self.clone().run_presence());
        core.spawn(self.clone().run_roster());
        core.spawn(self.clone().run_lookout());
        core.spawn(self.clone().run_agents());
        core.spawn(self.clone().run_left());
        core.spawn(self.clone().run_flush());
        core.spawn(self.clone().run_abandon());
        core.spawn(self.clone().run_age());
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => Ok(()),
            Some(ended) = core.join_next() => ended,
        };
        core.shutdown().await;
        self.flush_beside().await;
        self.farewell().await;
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

    /// What this node has to do with the others.
    pub fn among(&self) -> &Among {
        &self.among
    }

    /// Notes a request of a session.
    pub fn asked(&self, seat: &Seat) {
        // Comparable with other nodes' by the store's clock, and still rising where two fall into one millisecond.
        let now = self.store.now().0.unsigned_abs() << 10;
        let next = |tick: u64| Some(now.max(tick + 1));
        let tick = self.ticks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default();
        seat.asked(now.max(tick + 1));
        self.tell_active(seat);
    }

    /// Whether other nodes cannot be heard, or their leases not be read: everything goes on through the store, slower,
    /// and whoever was last known to be there stays.
    pub fn is_degraded(&self) -> bool {
        !self.mesh.is_alone() && (self.mesh.health() == Health::Deaf || self.lookout.is_failing())
    }

    /// Whether clients are being sent away.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Tells every session to come back elsewhere, each after its own share of a spread that follows their number. Requests under way are
    /// answered; presence is left to its grace.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        let (visitors, agents, _) = self.board.sizes();
        let all = u64::try_from(visitors + agents).unwrap_or(u64::MAX);
        let spread = all.saturating_mul(BACK_EVERY_MS).min(self.settings.drain_spread_ms);
        tracing::info!(visitors, agents, spread_ms = spread, "draining: every client is told to come back");
        self.board.everybody(|seat| {
            // An agent must be back before their grace is over, or they would flap: see `presence`.
            let spread = if seat.who.agent().is_some() { spread.min(AGENTS_BACK_MS) } else { spread };
            let after_ms = self.dice.within(0..=spread);
            seat.mail.put(|mail| {
                mail.leave = Some(Leave { code: CloseCode::Draining, after_ms: Some(after_ms), because: None })
            });
        });
    }

    /// Flushes what may wait for a second until the hub ends. Never returns.
    async fn run_flush(self: Arc<Self>) {
        let mut tick = tokio::time::interval(FLUSH_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let now = self.store.now();
            self.settle_doubts().await;
            self.settle_erasures().await;
            self.recount().await;
            self.flush_rows(now).await;
            self.flush_beside().await;
            self.sweep_rings(now);
            self.tend_rooms();
            self.answer_asks();
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

    /// Lets go of what silent conversations hold in memory, until the hub ends. Never returns.
    async fn run_age(self: Arc<Self>) {
        let mut tick = tokio::time::interval(AGE_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.board.tails().iter().for_each(|tail| tail.age());
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
pub(crate) mod tests;
