//! What is kept beside the log: how far both sides have come, where the visitor is and whether they are there, who
//! types, who looks. Stored at most once a second; may fall back after a crash.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::{
    Hub,
    mailbox::Typing,
    seat::{Seat, Who},
    tail::Tail,
};
use crate::{
    chat::{
        conversation::Sight,
        event::Page,
        summary::{Beside, Mark, Seen},
    },
    ids::{ConversationId, Seq},
    store::Loaded,
    wire::push::{Side, VisitorMoved, Watching},
};

/// What moved and has yet to be written.
#[derive(Debug, Default)]
pub struct Unwritten {
    changed: Mutex<HashMap<ConversationId, Beside>>,
}

/// What one side has seen, and nothing of the other.
fn seen_of(side: Side, mark: Mark) -> Seen {
    match side {
        Side::Visitor => Seen { visitor: mark, ..Seen::default() },
        Side::Agent => Seen { agent: mark, ..Seen::default() },
    }
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
            moved.then(|| (side, mark, hot.conversation.sight()))
        });
        let Some(Some((side, mark, sight))) = moved else { return };
        self.unwritten.put(conversation, &Beside { seen: seen_of(side, mark), ..Beside::default() });
        self.board.followers(conversation, |other| {
            // Somebody who lost sight of it may still follow: they have yet to read that they did.
            let shown = other.who.agent().is_none() || self.may_see(other, &sight);
            if shown && other.session != seat.session {
                other.mail.put(|mail| {
                    mail.seen.insert((conversation.clone(), side), mark);
                });
            }
        });
        self.row_later(conversation);
    }

    /// Somebody types. Goes to the other side of an assigned conversation and to nobody else.
    pub fn typing(&self, seat: &Seat, conversation: &ConversationId, on: bool, preview: Option<String>) {
        let Some(tail) = self.board.tail(conversation) else { return };
        let Some(Some((seq, owner, version))) = tail.with(|hot| {
            let owner = hot.conversation.assignee()?.id.clone();
            let theirs = match &seat.who {
                Who::Visitor { visitor, .. } => hot.conversation.visitor.id == *visitor,
                Who::Agent { agent, .. } => owner == agent.id,
            };
            // An agent's id is unique in their workspace only.
            let theirs = theirs && hot.conversation.workspace == *seat.who.workspace();
            theirs.then(|| (hot.conversation.seq, owner, hot.conversation.playbook.clone()))
        }) else {
            return;
        };
        let by_visitor = seat.who.agent().is_none();
        let preview = preview.filter(|_| by_visitor && self.previews_allowed(&version));
        self.board.followers(conversation, |other| {
            let other_side = match other.who.agent() {
                Some(agent) => by_visitor && *agent == owner,
                None => !by_visitor,
            };
            if other_side {
                let typing = Typing { seq, on, preview: preview.clone() };
                other.mail.put(|mail| {
                    mail.typing.insert(conversation.clone(), typing);
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
            if moved {
                hot.beside.page = Some(page.clone());
            }
            moved
        });
        if moved == Some(true) {
            self.unwritten.put(conversation, &Beside { page: Some(page), ..Beside::default() });
            self.tell_visitor(&tail);
            self.row_later(conversation);
        }
    }

    /// The visitor of a conversation came, left or moved: the agents who follow it are told.
    pub(super) fn tell_visitor(&self, tail: &Tail) {
        let Some((now, sight)) = tail.with(|hot| {
            let conversation = &hot.conversation;
            let connected = self.board.has_visitor(&conversation.workspace, &conversation.visitor.id);
            let page = hot.beside.page.clone().or_else(|| conversation.page.clone());
            (VisitorMoved { conversation: tail.id().clone(), connected, page }, conversation.sight())
        }) else {
            return;
        };
        self.board.followers(tail.id(), |seat| {
            if self.may_see(seat, &sight) {
                seat.mail.put(|mail| {
                    mail.visitor.insert(tail.id().clone(), now.clone());
                });
            }
        });
    }

    /// Who has an unassigned conversation open has changed: everybody who has it open is told.
    pub(super) fn tell_watching(&self, tail: &Tail) {
        let shown = tail.with(|hot| hot.conversation.is_unassigned() && hot.conversation.sight() == Sight::Everybody);
        if shown != Some(true) {
            return;
        }
        let mut agents = Vec::new();
        self.board.followers(tail.id(), |seat| {
            if let Who::Agent { agent, .. } = &seat.who
                && !agents.contains(agent)
            {
                agents.push(agent.clone());
            }
        });
        let watching = Watching { conversation: tail.id().clone(), agents };
        self.board.followers(tail.id(), |seat| {
            if seat.who.agent().is_some() {
                seat.mail.put(|mail| {
                    mail.watching.insert(tail.id().clone(), watching.clone());
                });
            }
        });
    }

    /// What memory knows better than the store about a conversation just read.
    pub fn freshen(&self, loaded: &mut Loaded) {
        let id = &loaded.conversation.id;
        let known = self.board.tail(id).and_then(|tail| tail.with(|hot| hot.beside.clone()));
        for beside in known.iter().chain(&self.unwritten.get(id)) {
            loaded.beside.take_in(beside);
        }
        let (workspace, visitor) = (&loaded.conversation.workspace, &loaded.conversation.visitor.id);
        loaded.beside.connected = self.board.has_visitor(workspace, visitor);
    }

    /// Writes what changed. What cannot be written now is written next time.
    pub(super) async fn flush_beside(&self) {
        let changed = self.unwritten.take();
        if changed.is_empty() {
            return;
        }
        let rows: Vec<_> = changed.into_iter().collect();
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
