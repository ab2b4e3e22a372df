//! What is only about the moment, on its way to agents: who types, how far a side has come, where the visitor is, who
//! looks. Among other nodes it is shown once the store has said where the log stands and the fold is there, so that
//! nobody is shown anything of a conversation that another node has just given to somebody else.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify as Bell;

use super::{
    Hub,
    mailbox::Typing,
    seat::{Seat, Who},
    tail::Tail,
};
use crate::{
    chat::{conversation::Sight, event::AgentRef},
    ids::{ConversationId, Quick, SessionId},
    store::StoreError,
    wire::{
        push::{Side, VisitorMoved, Watching},
        shared::Shared,
    },
};

/// After how long the store is asked again when it gave no answer.
const AGAIN: Duration = Duration::from_millis(250);

/// What waits to be shown, by conversation; only such as somebody follows here.
#[derive(Debug, Default)]
pub(super) struct Glimpses {
    waiting: Mutex<BTreeMap<ConversationId, Glimpse>>,
    poke: Bell,
}

/// What of one conversation is to be shown to its agents as it is then.
#[derive(Clone, Debug, Default)]
pub(super) struct Glimpse {
    /// The visitor types, or stopped.
    pub(super) typing: Option<Typing>,
    /// How far these sides have come; all but this session are told.
    pub(super) seen: BTreeMap<Side, Option<SessionId>>,
    /// Where the visitor is, and whether.
    pub(super) visitor: bool,
    /// Who has it open.
    pub(super) watching: bool,
}

// === impl Glimpse ===

impl Glimpse {
    /// Somebody types.
    pub(super) fn typing(typing: Typing) -> Self {
        Self { typing: Some(typing), ..Self::default() }
    }

    /// A side has come further, as this session says.
    pub(super) fn seen(side: Side, by: Option<SessionId>) -> Self {
        Self { seen: BTreeMap::from([(side, by)]), ..Self::default() }
    }

    /// The visitor came, left or moved.
    pub(super) fn visitor() -> Self {
        Self { visitor: true, ..Self::default() }
    }

    /// Somebody opened it or let it go.
    pub(super) fn watching() -> Self {
        Self { watching: true, ..Self::default() }
    }

    fn join(&mut self, newer: Self) {
        self.typing = newer.typing.or(self.typing.take());
        self.seen.extend(newer.seen);
        self.visitor |= newer.visitor;
        self.watching |= newer.watching;
    }
}

// === impl Glimpses ===

impl Glimpses {
    fn put(&self, conversation: &ConversationId, glimpse: Glimpse) {
        self.lock().entry(conversation.clone()).or_default().join(glimpse);
        self.poke.notify_one();
    }

    /// Puts back what could not be shown; typing is of the moment only.
    fn put_back(&self, glimpses: BTreeMap<ConversationId, Glimpse>) {
        let mut waiting = self.lock();
        for (conversation, mut older) in glimpses {
            older.typing = None;
            let slot = waiting.entry(conversation).or_default();
            older.join(std::mem::take(slot));
            *slot = older;
        }
        self.poke.notify_one();
    }

    fn take(&self) -> BTreeMap<ConversationId, Glimpse> {
        std::mem::take(&mut *self.lock())
    }

    /// How many conversations wait.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ConversationId, Glimpse>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Hub ===

impl Hub {
    /// Shows something of the moment to the agents who follow a conversation here: at once, or when it is certain that
    /// it is still theirs to see.
    pub(super) fn glimpse(&self, tail: &Tail, glimpse: Glimpse) {
        if self.mesh.is_alone() {
            return self.show_glimpse(tail, glimpse);
        }
        let mut any = false;
        self.board.followers(tail.id(), |seat| any |= seat.who.agent().is_some());
        if any {
            self.among.glimpses.put(tail.id(), glimpse);
        }
    }

    /// Shows what waits until the hub ends. Never returns.
    pub(super) async fn run_glimpses(self: Arc<Self>) {
        loop {
            self.among.glimpses.poke.notified().await;
            let glimpses = self.among.glimpses.take();
            if let Err(glimpses) = self.show_glimpses(glimpses).await {
                tokio::time::sleep(AGAIN).await;
                self.among.glimpses.put_back(glimpses);
            }
        }
    }

    /// One question to the store for all of them. What could not be shown comes back.
    async fn show_glimpses(
        &self,
        mut glimpses: BTreeMap<ConversationId, Glimpse>,
    ) -> Result<(), BTreeMap<ConversationId, Glimpse>> {
        let ids: Vec<ConversationId> = glimpses.keys().cloned().collect();
        let Ok(heads) = self.store.heads(&ids).await else { return Err(glimpses) };
        for head in heads {
            let Some(tail) = self.board.tail(&head.conversation) else {
                glimpses.remove(&head.conversation);
                continue;
            };
            tail.hint(head.seq);
            if !tail.is_current() {
                self.wake(tail.id(), None);
                match tail.catch_up(&*self.store).await {
                    Ok(_) => {}
                    Err(StoreError::Damaged(_)) => drop(glimpses.remove(&head.conversation)),
                    Err(_) => continue,
                }
            }
            if let Some(glimpse) = glimpses.remove(&head.conversation) {
                self.show_glimpse(&tail, glimpse);
            }
        }
        // One that the store does not know is not to be shown.
        glimpses.retain(|id, _| self.board.tail(id).is_some_and(|tail| tail.head().is_some()));
        if glimpses.is_empty() { Ok(()) } else { Err(glimpses) }
    }

    fn show_glimpse(&self, tail: &Tail, glimpse: Glimpse) {
        if let Some(typing) = glimpse.typing {
            self.show_typing(tail, &typing);
        }
        for (side, by) in glimpse.seen {
            self.show_seen(tail, side, by.as_ref());
        }
        if glimpse.visitor {
            self.show_visitor(tail);
        }
        if glimpse.watching {
            self.show_watching(tail);
        }
    }

    /// To the owner and to nobody else.
    fn show_typing(&self, tail: &Tail, typing: &Typing) {
        let owner = tail.with(|hot| {
            let reached = hot.conversation.seq >= typing.seq;
            hot.conversation.assignee().filter(|_| reached).map(|owner| owner.id.clone())
        });
        let Some(Some(owner)) = owner else { return };
        self.board.followers(tail.id(), |seat| {
            if seat.who.agent() == Some(&owner) {
                seat.mail.put(|mail| {
                    mail.typing.insert(tail.id().clone(), typing.clone());
                });
            }
        });
    }

    fn show_seen(&self, tail: &Tail, side: Side, by: Option<&SessionId>) {
        let now = tail.with(|hot| {
            let seen = &hot.beside.seen;
            let mark = if side == Side::Visitor { seen.visitor } else { seen.agent };
            (mark, hot.conversation.sight())
        });
        let Some((mark, sight)) = now else { return };
        self.board.followers(tail.id(), |seat| {
            // Somebody who lost sight of it may still follow: they have yet to read that they did.
            if self.may_see(seat, &sight) && Some(&seat.session) != by {
                seat.mail.put(|mail| {
                    mail.seen.insert((tail.id().clone(), side), mark);
                });
            }
        });
    }

    fn show_visitor(&self, tail: &Tail) {
        let now = tail.with(|hot| {
            let conversation = &hot.conversation;
            let page = hot.beside.page.clone().or_else(|| conversation.page.clone());
            let moved =
                VisitorMoved { conversation: tail.id().clone(), connected: self.is_visited(conversation), page };
            (moved, conversation.sight())
        });
        let Some((now, sight)) = now else { return };
        self.board.followers(tail.id(), |seat| {
            if self.may_see(seat, &sight) {
                seat.mail.put(|mail| {
                    mail.visitor.insert(tail.id().clone(), now.clone());
                });
            }
        });
    }

    fn show_watching(&self, tail: &Tail) {
        let workspace = tail.with(|hot| {
            let shown = hot.conversation.is_unassigned() && hot.conversation.sight() == Sight::Everybody;
            shown.then(|| hot.conversation.workspace.clone())
        });
        let Some(Some(workspace)) = workspace else { return };
        let agents = self.watchers(tail.id(), self.among.elsewhere.watchers(&workspace, tail.id()));
        let watching = Arc::new(Shared::new(Watching { conversation: tail.id().clone(), agents }));
        self.board.followers(tail.id(), |seat: &Arc<Seat>| {
            if seat.who.agent().is_some() {
                seat.mail.put(|mail| {
                    mail.watching.insert(tail.id().clone(), watching.clone());
                });
            }
        });
    }

    /// The agents of this node who follow a conversation, and those from `elsewhere`, each once.
    pub(super) fn watchers(&self, conversation: &ConversationId, elsewhere: Vec<AgentRef>) -> Vec<AgentRef> {
        let mut agents: Vec<AgentRef> = Vec::new();
        self.board.followers(conversation, |seat| {
            if let Who::Agent { agent, .. } = &seat.who {
                agents.push(agent.clone());
            }
        });
        agents.extend(elsewhere);
        let mut met = HashSet::<_, Quick>::default();
        agents.retain(|agent| met.insert(agent.id.clone()));
        agents
    }
}
