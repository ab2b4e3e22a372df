//! A session's place in the hub.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use super::{
    Hub,
    mailbox::{Leave, Mailbox},
    tail::Tail,
};
use crate::{
    chat::{command::Actor, event::AgentRef},
    ids::{AgentId, ConversationId, Millis, PlaybookId, SessionId, VisitorId, WorkspaceId},
    wire::code::CloseCode,
};

/// One connected session, as the rest of the hub sees it.
#[derive(Debug)]
pub struct Seat {
    /// Its id.
    pub session: SessionId,
    /// Whose it is.
    pub who: Who,
    /// Since when it sits.
    pub since: Millis,
    /// What waits for it.
    pub mail: Mailbox,
    /// When it last sent a request; decides which device rings.
    asked_at: AtomicU64,
    /// When it was last heard, in milliseconds by the store's clock.
    heard_at: AtomicI64,
}

/// Whose a session is. Comes from a verified credential, never from a later frame.
#[derive(Clone, Debug)]
pub enum Who {
    /// A visitor.
    Visitor {
        /// Whose website.
        workspace: WorkspaceId,
        /// Who.
        visitor: VisitorId,
        /// The playbook of the page they are on.
        playbook: PlaybookId,
    },
    /// An agent.
    Agent {
        /// Whose employee.
        workspace: WorkspaceId,
        /// Who.
        agent: AgentRef,
        /// Whether they have the deals-admin right.
        admin: bool,
    },
}

/// Holds a seat and what it follows; dropping it leaves.
pub struct Seated {
    hub: Arc<Hub>,
    seat: Arc<Seat>,
    follows: Vec<ConversationId>,
    /// Whether presence counts this session as one of the agent's.
    pub(super) present: bool,
    /// Whether the peer said goodbye, which shortens an agent's grace.
    pub clean: bool,
}

// === impl Seat ===

impl Seat {
    pub(super) fn new(session: SessionId, who: Who, now: Millis) -> Arc<Self> {
        Arc::new(Self {
            session,
            who,
            since: now,
            mail: Mailbox::default(),
            asked_at: AtomicU64::new(0),
            heard_at: AtomicI64::new(now.0),
        })
    }

    /// Notes a request; `tick` rises with every request of the hub, so the latest of several seats is well defined.
    pub fn asked(&self, tick: u64) {
        self.asked_at.store(tick, Ordering::Relaxed);
    }

    /// The tick of its last request.
    pub fn last_asked(&self) -> u64 {
        self.asked_at.load(Ordering::Relaxed)
    }

    /// Notes a sign of life.
    pub fn heard(&self, now: Millis) {
        self.heard_at.store(now.0, Ordering::Relaxed);
    }

    /// The last sign of life.
    pub fn last_heard(&self) -> Millis {
        Millis(self.heard_at.load(Ordering::Relaxed))
    }
}

// === impl Who ===

impl Who {
    /// Whose company the session belongs to.
    pub fn workspace(&self) -> &WorkspaceId {
        match self {
            Self::Visitor { workspace, .. } | Self::Agent { workspace, .. } => workspace,
        }
    }

    /// The agent, if it is one.
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Agent { agent, .. } => Some(&agent.id),
            Self::Visitor { .. } => None,
        }
    }

    /// Whether it is an agent with the deals-admin right.
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Agent { admin: true, .. })
    }

    /// The author of this session's commands.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Visitor { .. } => Actor::Visitor,
            Self::Agent { agent, admin, .. } => Actor::Agent { agent: agent.clone(), admin: *admin },
        }
    }
}

// === impl Seated ===

impl Seated {
    pub(super) fn new(hub: Arc<Hub>, seat: Arc<Seat>) -> Self {
        Self { hub, seat, follows: Vec::new(), present: false, clean: false }
    }

    /// The seat itself.
    pub fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }

    /// What it follows.
    pub fn follows(&self) -> &[ConversationId] {
        &self.follows
    }

    /// From now on the session is woken for this conversation.
    pub fn follow(&mut self, conversation: &ConversationId) -> Arc<Tail> {
        if !self.follows.contains(conversation) {
            self.follows.push(conversation.clone());
        }
        self.hub.follow(conversation, &self.seat)
    }

    /// And no longer.
    pub fn unfollow(&mut self, conversation: &ConversationId) {
        self.follows.retain(|other| other != conversation);
        self.hub.unfollow(conversation, &self.seat);
    }
}

// === impl Hub ===

impl Hub {
    /// Gives a session its place. A person's oldest session over the limit is sent away.
    pub(super) fn sit(self: &Arc<Self>, who: Who, most: usize) -> Seated {
        self.enter(who.workspace());
        let seat = Seat::new(SessionId::of_bits(self.dice.bits()), who, self.store.now());
        if let Some(oldest) = self.board.sit(&seat, most) {
            oldest
                .mail
                .put(|mail| mail.leave = Some(Leave { code: CloseCode::Replaced, after_ms: None, because: None }));
        }
        self.asked(&seat);
        if self.is_draining() {
            seat.mail.put(|mail| {
                mail.leave = Some(Leave { code: CloseCode::Draining, after_ms: Some(1_000), because: None })
            });
        }
        Seated::new(self.clone(), seat)
    }

    fn follow(&self, conversation: &ConversationId, seat: &Arc<Seat>) -> Arc<Tail> {
        let first = seat.who.agent().is_none() && !self.board.has_visiting(conversation);
        let tail = self.board.follow(conversation, seat);
        if first {
            self.say_visiting(seat.who.workspace(), conversation);
        }
        tail
    }

    fn unfollow(&self, conversation: &ConversationId, seat: &Arc<Seat>) {
        self.board.unfollow(conversation, seat);
        match seat.who.agent() {
            Some(_) => self.tell_watching(seat.who.workspace(), conversation),
            None if !self.board.has_visiting(conversation) => self.say_visiting(seat.who.workspace(), conversation),
            None => {}
        }
    }

    /// A session is over.
    fn leave(&self, seat: &Arc<Seat>, follows: &[ConversationId], present: bool, clean: bool) {
        self.board.rise(seat);
        self.tell_inactive(seat);
        for conversation in follows {
            self.unfollow(conversation, seat);
            if seat.who.agent().is_none() {
                self.row_later(conversation);
                if let Some(tail) = self.board.tail(conversation) {
                    self.tell_visitor(&tail);
                }
            }
        }
        self.among.rooms.leave(seat.who.workspace());
        if let (Some(agent), true) = (seat.who.agent(), present) {
            self.presence.depart(seat.who.workspace(), agent, seat.last_heard(), clean, self.store.now());
        }
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.hub.leave(&self.seat, &self.follows, self.present, self.clean);
    }
}
