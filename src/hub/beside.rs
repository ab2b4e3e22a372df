//! What is kept beside the log: how far both sides have come, where the visitor is and whether they are there, who
//! types, who looks. Stored at most once a second; may fall back after a crash.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Hub,
    glimpse::Glimpse,
    mailbox::Typing,
    seat::{Seat, Who},
    tail::Tail,
};
use crate::{
    chat::{
        conversation::{Conversation, Sight},
        event::Page,
        summary::{Beside, Mark, Seen},
    },
    ids::{ConversationId, Seq, SessionId, WorkspaceId},
    store::Loaded,
    wire::{
        node::{self, NodeFrame, Visit, Visiting},
        push::Side,
    },
};

/// What moved and has yet to be written.
#[derive(Debug, Default)]
pub struct Unwritten {
    changed: Mutex<HashMap<ConversationId, Beside>>,
}

/// What one side has seen, and nothing else.
pub(super) fn side(side: Side, mark: Mark) -> Beside {
    let seen = match side {
        Side::Visitor => Seen { visitor: mark, ..Seen::default() },
        Side::Agent => Seen { agent: mark, ..Seen::default() },
    };
    Beside { seen, ..Beside::default() }
}

// === impl Unwritten ===

impl Unwritten {
    /// How many conversations have something to be written.
    pub fn len(&self) -> usize {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether nothing has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn put(&self, conversation: &ConversationId, moved: &Beside) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.entry(conversation.clone()).or_default().take_in(moved);
    }

    fn get(&self, conversation: &ConversationId) -> Option<Beside> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).get(conversation).cloned()
    }

    fn take(&self) -> HashMap<ConversationId, Beside> {
        std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

// === impl Hub ===

impl Hub {
    /// A client says how far it has come. Only the visitor and the assignee move anything.
    pub fn seen(&self, seat: &Seat, conversation: &ConversationId, received: Option<Seq>, read: Option<Seq>) {
        let Some(tail) = self.board.tail(conversation) else { return };
        let moved = tail.with(|hot| {
            let head = hot.conversation.seq;
            let (side, theirs, mark) = match &seat.who {
                Who::Visitor { workspace, visitor, .. } => (
                    Side::Visitor,
                    hot.conversation.workspace == *workspace && hot.conversation.visitor.id == *visitor,
                    &mut hot.beside.seen.visitor,
                ),
                Who::Agent { workspace, agent, .. } => (
                    Side::Agent,
                    hot.conversation.workspace == *workspace
                        && hot.conversation.assignee().is_some_and(|owner| owner.id == agent.id),
                    &mut hot.beside.seen.agent,
                ),
            };
            let moved = theirs && mark.advance(received, read, head);
            let mark = *mark;
            moved.then(|| (side, mark, (head, hot.conversation.sight())))
        });
        let Some(Some((side, mark, at))) = moved else { return };
        self.unwritten.put(conversation, &self::side(side, mark));
        self.told_seen(&tail, side, mark, Some(&seat.session));
        self.row_later(conversation);
        let (workspace, (seq, sight)) = (seat.who.workspace(), at);
        let conversation = conversation.clone();
        self.say(workspace, || NodeFrame::Seen(node::Seen { conversation, seq, sight, by: side, mark }));
    }

    /// Tells those who follow how far a side has come; all but the session that says so.
    pub(super) fn told_seen(&self, tail: &Tail, side: Side, mark: Mark, by: Option<&SessionId>) {
        self.board.followers(tail.id(), |other| {
            if other.who.agent().is_none() && Some(&other.session) != by {
                other.mail.put(|mail| {
                    mail.seen.insert((tail.id().clone(), side), mark);
                });
            }
        });
        self.glimpse(tail, Glimpse::seen(side, by.cloned()));
    }

    /// Somebody types. Goes to the other side of an assigned conversation and to nobody else.
    pub fn typing(self: &Arc<Self>, seat: &Seat, conversation: &ConversationId, on: bool, preview: Option<String>) {
        let Some(tail) = self.board.tail(conversation) else { return };
        let Some(Some((seq, version))) = tail.with(|hot| {
            let owner = &hot.conversation.assignee()?.id;
            let theirs = match &seat.who {
                Who::Visitor { visitor, .. } => hot.conversation.visitor.id == *visitor,
                Who::Agent { agent, .. } => *owner == agent.id,
            };
            // An agent's id is unique in their workspace only.
            let theirs = theirs && hot.conversation.workspace == *seat.who.workspace();
            theirs.then(|| (hot.conversation.seq, hot.conversation.playbook.clone()))
        }) else {
            return;
        };
        let by = if seat.who.agent().is_none() { Side::Visitor } else { Side::Agent };
        let preview = preview.filter(|_| by == Side::Visitor && self.previews_allowed(&version));
        let typing = Typing { seq, on, preview };
        self.told_typing(&tail, by, &typing);
        let (workspace, conversation) = (seat.who.workspace(), conversation.clone());
        let Typing { preview, .. } = typing;
        self.say(workspace, || NodeFrame::Typing(node::Typing { conversation, seq, by, on, preview }));
    }

    /// Tells the other side, as far as it is connected here.
    pub(super) fn told_typing(&self, tail: &Tail, by: Side, typing: &Typing) {
        if by == Side::Visitor {
            return self.glimpse(tail, Glimpse::typing(typing.clone()));
        }
        self.board.followers(tail.id(), |other| {
            if other.who.agent().is_none() {
                other.mail.put(|mail| {
                    mail.typing.insert(tail.id().clone(), typing.clone());
                });
            }
        });
    }

    /// The visitor is on another page. Where they go when the conversation is over is nobody's.
    pub fn moved_to(&self, conversation: &ConversationId, page: Page) {
        let Some(tail) = self.board.tail(conversation) else { return };
        let moved = tail.with(|hot| {
            let open = hot.conversation.closed_at().is_none();
            let moved = open && hot.beside.page.as_ref() != Some(&page);
            moved.then(|| {
                hot.beside.page = Some(page.clone());
                (hot.conversation.workspace.clone(), hot.conversation.seq, hot.conversation.sight())
            })
        });
        let Some(Some((workspace, seq, sight))) = moved else { return };
        self.unwritten.put(conversation, &Beside { page: Some(page.clone()), ..Beside::default() });
        self.tell_visitor(&tail);
        self.row_later(conversation);
        let conversation = conversation.clone();
        self.say(&workspace, || NodeFrame::Page(node::Moving { conversation, seq, sight, page }));
    }

    /// The visitor of a conversation came, left or moved: the agents who follow it are told.
    pub(super) fn tell_visitor(&self, tail: &Tail) {
        self.glimpse(tail, Glimpse::visitor());
    }

    /// Whether the visitor of a conversation has a connection, to whichever node.
    pub(super) fn is_visited(&self, conversation: &Conversation) -> bool {
        self.board.has_visitor(&conversation.workspace, &conversation.visitor.id)
            || self.among.elsewhere.visits(&conversation.workspace, &conversation.id)
    }

    /// The first connection to this node of a conversation's visitor came, or the last one went.
    pub(super) fn say_visiting(&self, workspace: &WorkspaceId, conversation: &ConversationId) {
        self.say(workspace, || {
            let tail = self.board.tail(conversation);
            let at = tail.and_then(|tail| tail.with(|hot| (hot.conversation.seq, hot.conversation.sight())));
            let (seq, sight) = at.unwrap_or((Seq(0), Sight::Admins));
            let visit = Visit { conversation: conversation.clone(), seq, sight };
            // As it stands when the word is numbered: of two at once the later one is right.
            NodeFrame::Visiting(Visiting { visit, here: self.board.has_visiting(conversation) })
        });
    }

    /// Who has an unassigned conversation open on this node has changed: everybody who has it open is told.
    pub(super) fn tell_watching(&self, workspace: &WorkspaceId, conversation: &ConversationId) {
        if let Some(tail) = self.board.tail(conversation) {
            self.glimpse(&tail, Glimpse::watching());
        }
        if self.mesh.is_alone() {
            return;
        }
        let watching = || self.watching_here(conversation);
        // Nobody, said to those who never heard of anybody, says nothing.
        if watching().agents.is_empty() && !self.among.watched.contains(conversation) {
            return;
        }
        self.say(workspace, || {
            let watching = watching();
            match watching.agents.is_empty() {
                true => self.among.watched.remove(conversation).is_some(),
                false => self.among.watched.insert(conversation.clone()),
            };
            NodeFrame::Watching(watching)
        });
    }

    /// Who has a conversation open here, while it is nobody's.
    pub(super) fn watching_here(&self, conversation: &ConversationId) -> node::Watching {
        let fold = self.board.tail(conversation).and_then(|tail| {
            tail.with(|hot| {
                let shown = hot.conversation.is_unassigned() && hot.conversation.sight() == Sight::Everybody;
                (hot.conversation.seq, shown)
            })
        });
        let (seq, shown) = fold.unwrap_or_default();
        let agents = if shown { self.watchers(conversation, Vec::new()) } else { Vec::new() };
        node::Watching { conversation: conversation.clone(), seq, agents }
    }

    /// What memory knows better than the store about a conversation just read.
    pub fn freshen(&self, loaded: &mut Loaded) {
        let id = &loaded.conversation.id;
        let known = self.board.tail(id).and_then(|tail| tail.with(|hot| hot.beside.clone()));
        for beside in known.iter().chain(&self.unwritten.get(id)) {
            loaded.beside.take_in(beside);
        }
        loaded.beside.connected = self.is_visited(&loaded.conversation);
    }

    /// Writes what changed. What cannot be written now is written next time.
    pub(super) async fn flush_beside(&self) {
        let changed = self.unwritten.take();
        if changed.is_empty() {
            return;
        }
        let mut rows: Vec<_> = changed.into_iter().collect();
        rows.sort_by(|one, two| one.0.cmp(&two.0));
        if let Err(cause) = self.store.put_beside(rows.clone()).await {
            tracing::debug!(error = %cause, "what stands beside the logs is written later");
            let mut unwritten = self.unwritten.changed.lock().unwrap_or_else(PoisonError::into_inner);
            for (conversation, mut moved) in rows {
                let slot = unwritten.entry(conversation).or_default();
                // What moved meanwhile is newer.
                moved.take_in(slot);
                *slot = moved;
            }
        }
    }
}
