//! Notifications: three reasons, one ringing device, receipts.

use std::sync::Arc;

use dashmap::DashMap;

use super::{Hub, effects::Motion, seat::Seat, tail::Tail};
use crate::{
    chat::event::{Author, What},
    ids::{AgentId, ConversationId, Millis, SessionId, WorkspaceId},
    store::NotifySettings,
    wire::{
        entry::Entry,
        node::Bell,
        push::NotifyPush,
        request::{NotifyReason, Outcome},
    },
};

/// A text rings at most once in so many milliseconds per conversation.
const TEXT_EVERY: i64 = 3_000;
/// How long a receipt may move the ring to another device, in milliseconds.
const RING_LIVES: i64 = 30_000;
/// How many rings are remembered for their receipts.
const MAX_RINGS: usize = 10_000;

/// Rings whose receipts are still of interest.
#[derive(Debug, Default)]
pub struct Rings {
    open: DashMap<(WorkspaceId, AgentId, ConversationId, NotifyReason), Ring>,
}

#[derive(Debug)]
struct Ring {
    notify: NotifyPush,
    tried: Vec<SessionId>,
    at: Millis,
}

// === impl Rings ===

impl Rings {
    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

// === impl Hub ===

impl Hub {
    /// Rings for what a commit brought: a new conversation in Unassigned, one newly assigned.
    pub(super) fn notify_of(&self, tail: &Tail, motion: Motion<'_>) {
        for entry in motion.entries.iter().filter(|entry| entry.event().at >= motion.rings_since) {
            match &entry.event().what {
                What::Waiting { .. } | What::Unassigned { .. } => self.notify_unassigned(tail, motion.bells),
                What::Assigned { to, .. } => {
                    let themselves = matches!(&entry.event().by, Author::Agent { id, .. } if *id == to.id);
                    if !themselves {
                        self.notify_one(tail, &to.id, NotifyReason::Assigned, motion.bells, |wants| wants.assigned);
                    }
                }
                _ => {}
            }
        }
    }

    /// Rings the assignee for a visitor's text, not too often.
    pub(super) fn notify_text(&self, tail: &Tail, motion: Motion<'_>) {
        let is_text = |entry: &&Arc<Entry>| {
            entry.event().by == Author::Visitor && matches!(entry.event().what, What::Message { .. })
        };
        // By the events' own time, so that every node counts the same three seconds.
        let theirs =
            motion.entries.iter().rev().take_while(|entry| !matches!(entry.event().what, What::Assigned { .. }));
        let Some(at) =
            theirs.map(|entry| (is_text(&entry), entry.event().at)).find_map(|(text, at)| text.then_some(at))
        else {
            return;
        };
        if at < motion.rings_since {
            return;
        }
        let assignee = tail.with(|hot| {
            let assignee = hot.conversation.assignee()?.id.clone();
            (at.since(hot.rang_at) >= TEXT_EVERY).then(|| {
                hot.rang_at = at;
                assignee
            })
        });
        if let Some(Some(assignee)) = assignee {
            self.notify_one(tail, &assignee, NotifyReason::Message, motion.bells, |wants| wants.message);
        }
    }

    /// A receipt: where the ring was blocked, the next device rings.
    pub fn notified(&self, seat: &Seat, conversation: &ConversationId, reason: NotifyReason, outcome: Outcome) {
        self.metrics.receipt(reason, outcome);
        let Some(agent) = seat.who.agent() else { return };
        let workspace = seat.who.workspace();
        let key = (workspace.clone(), agent.clone(), conversation.clone(), reason);
        // Only the device that rings has a say: the others were told to be silent.
        if outcome != Outcome::Blocked {
            self.rings.open.remove_if(&key, |_, ring| ring.tried.last() == Some(&seat.session));
            return;
        }
        let seats = self.board.seats_of(workspace, agent);
        let Some(mut ring) = self.rings.open.get_mut(&key) else { return };
        if ring.tried.last() != Some(&seat.session) {
            return;
        }
        let next = seats.iter().filter(|seat| !ring.tried.contains(&seat.session)).max_by_key(|seat| seat.last_asked());
        let Some(next) = next else { return };
        ring.tried.push(next.session.clone());
        let notify = ring.notify.clone();
        next.mail.put(|mail| mail.ring(notify));
    }

    /// Which connections ring for agents who are connected to several nodes.
    pub(super) fn bells(&self, _: &WorkspaceId, _: &Tail, _: &[Arc<Entry>]) -> Vec<Bell> {
        Vec::new()
    }

    /// Forgets rings nobody sent a receipt for.
    pub(super) fn sweep_rings(&self, now: Millis) {
        self.rings.open.retain(|_, ring| now.since(ring.at) < RING_LIVES);
    }

    fn notify_unassigned(&self, tail: &Tail, bells: &[Bell]) {
        let Some(workspace) = tail.with(|hot| hot.conversation.workspace.clone()) else { return };
        let mut agents = Vec::new();
        self.board.agents(&workspace, |seat| agents.extend(seat.who.agent().cloned()));
        agents.sort();
        agents.dedup();
        for agent in agents {
            // The switch governs this reason, and only this one.
            if self.presence.wants(&workspace, &agent).is_some_and(|(online, _)| online) {
                self.notify_one(tail, &agent, NotifyReason::Unassigned, bells, |wants| wants.unassigned);
            }
        }
    }

    fn notify_one(
        &self,
        tail: &Tail,
        agent: &AgentId,
        reason: NotifyReason,
        bells: &[Bell],
        wants: impl FnOnce(&NotifySettings) -> bool,
    ) {
        let told = tail.with(|hot| {
            let conversation = &hot.conversation;
            let name = conversation.visitor.name.clone();
            let title = name.or_else(|| conversation.details.person_name().map(Into::into));
            let body = conversation.preview.clone().unwrap_or_default();
            let sight = conversation.sight();
            (conversation.workspace.clone(), title.unwrap_or_else(|| "Visitor".into()), body, sight)
        });
        let Some((workspace, title, body, sight)) = told else { return };
        if !self.presence.wants(&workspace, agent).is_some_and(|(_, settings)| wants(&settings)) {
            return;
        }
        let mut seats = self.board.seats_of(&workspace, agent);
        // The fold may be further than the event that rings: somebody else may have it by now.
        seats.retain(|seat| self.may_see(seat, &sight));
        let Some(rings) = seats.iter().max_by_key(|seat| seat.last_asked()) else { return };
        let notify = NotifyPush { conversation: tail.id().clone(), reason, title, body, ring: true };
        for seat in &seats {
            let notify = NotifyPush { ring: Arc::ptr_eq(seat, rings), ..notify.clone() };
            seat.mail.put(|mail| mail.ring(notify));
        }
        if self.rings.open.len() < MAX_RINGS {
            let key = (workspace, agent.clone(), tail.id().clone(), reason);
            let ring = Ring { notify, tried: vec![rings.session.clone()], at: self.store.now() };
            self.rings.open.insert(key, ring);
        }
    }
}
