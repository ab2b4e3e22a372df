//! Notifications: three reasons, one ringing device.

use std::sync::Arc;

use super::{Hub, effects::Motion, seat::Seat, tail::Tail};
use crate::{
    chat::{
        conversation::Sight,
        event::{Author, Event, What},
    },
    ids::{AgentId, Millis, WorkspaceId},
    store::NotifySettings,
    wire::{entry::Entry, push::NotifyPush, request::NotifyReason},
};

/// A text rings at most once in so many milliseconds per conversation.
const TEXT_EVERY: i64 = 3_000;

/// Why somebody is notified.
#[derive(Clone, Copy)]
struct Cause<'a> {
    reason: NotifyReason,
    /// When it was decided.
    at: Millis,
    motion: Motion<'a>,
}

// === impl Hub ===

impl Hub {
    /// Rings for what a commit brought: a new conversation in Unassigned, one newly assigned.
    pub(super) fn notify_of(&self, tail: &Tail, motion: Motion<'_>) {
        for event in motion.entries.iter().map(|entry| entry.event()) {
            let cause = |reason| Cause { reason, at: event.at, motion };
            match &event.what {
                What::Waiting { .. } | What::Unassigned { .. } => {
                    self.notify_unassigned(tail, cause(NotifyReason::Unassigned));
                }
                What::Assigned { to, .. } => {
                    let themselves = matches!(&event.by, Author::Agent { id, .. } if *id == to.id);
                    if !themselves {
                        self.notify_one(tail, &to.id, cause(NotifyReason::Assigned), |wants| wants.assigned);
                    }
                }
                _ => {}
            }
        }
    }

    /// Rings the assignee for a visitor's text, not too often.
    pub(super) fn notify_text(&self, tail: &Tail, motion: Motion<'_>) {
        // By the events' own time, so that every node counts the same three seconds.
        let Some(at) = last_text(motion.entries).map(|text| text.at) else { return };
        let assignee = tail.with(|hot| {
            let assignee = hot.conversation.assignee()?.id.clone();
            (at.since(hot.rang_at) >= TEXT_EVERY).then(|| {
                hot.rang_at = at;
                assignee
            })
        });
        if let Some(Some(assignee)) = assignee {
            let cause = Cause { reason: NotifyReason::Message, at, motion };
            self.notify_one(tail, &assignee, cause, |wants| wants.message);
        }
    }

    /// A notification about a conversation as it stands, with whose it is and who may see it.
    pub(super) fn notify_push(&self, tail: &Tail, reason: NotifyReason) -> Option<(WorkspaceId, NotifyPush, Sight)> {
        tail.with(|hot| {
            let conversation = &hot.conversation;
            let name = conversation.visitor.name.clone();
            let title = name.or_else(|| conversation.details.person_name().map(Into::into));
            let notify = NotifyPush {
                conversation: tail.id().clone(),
                reason,
                title: title.unwrap_or_else(|| "Visitor".into()),
                body: conversation.preview.clone().unwrap_or_default(),
                ring: true,
            };
            (conversation.workspace.clone(), notify, conversation.sight())
        })
    }

    fn notify_unassigned(&self, tail: &Tail, cause: Cause<'_>) {
        let Some(workspace) = tail.with(|hot| hot.conversation.workspace.clone()) else { return };
        let mut agents = Vec::new();
        self.board.agents(&workspace, |seat| agents.extend(seat.who.agent().cloned()));
        agents.sort();
        agents.dedup();
        for agent in agents {
            // The switch governs this reason, and only this one.
            if self.presence.wants(&workspace, &agent).is_some_and(|(online, _)| online) {
                self.notify_one(tail, &agent, cause, |wants| wants.unassigned);
            }
        }
    }

    fn notify_one(&self, tail: &Tail, agent: &AgentId, cause: Cause<'_>, wants: impl FnOnce(&NotifySettings) -> bool) {
        let Some((workspace, notify, sight)) = self.notify_push(tail, cause.reason) else { return };
        if !self.presence.wants(&workspace, agent).is_some_and(|(_, settings)| wants(&settings)) {
            return;
        }
        let mut seats = self.board.seats_of(&workspace, agent);
        // The fold may be further than the event that rings: somebody else may have it by now. And what a sweep found
        // was told to those who came since.
        seats.retain(|seat| self.may_see(seat, &sight) && (!cause.motion.late || seat.since <= cause.at));
        let rings = self.who_rings(&workspace, agent, &seats, cause.motion);
        for seat in &seats {
            let ring = rings.as_ref().is_some_and(|rings| Arc::ptr_eq(seat, rings));
            seat.mail.put(|mail| mail.ring(NotifyPush { ring, ..notify.clone() }));
        }
        if let Some(rings) = rings {
            self.ringing(&workspace, agent, notify, &rings.session);
        }
    }

    /// Which of an agent's connections to this node rings, if any.
    fn who_rings(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentId,
        seats: &[Arc<Seat>],
        motion: Motion<'_>,
    ) -> Option<Arc<Seat>> {
        let best = seats.iter().max_by_key(|seat| seat.last_asked())?;
        let rings = match motion.bells.iter().find(|bell| bell.agent == *agent) {
            Some(bell) if bell.node != *self.mesh.node() => return None,
            // It may be gone by now: then another of this node's rings in its place.
            Some(bell) => seats.iter().find(|seat| seat.session == bell.session).unwrap_or(best),
            // Nobody decided: each node goes by what it heard.
            None => {
                let others = self.among.actives.others(workspace, agent);
                let mine = (best.last_asked(), self.mesh.node());
                let leads = others.iter().all(|(node, (_, tick))| (*tick, node) < mine);
                return leads.then(|| best.clone());
            }
        };
        Some(rings.clone())
    }
}

/// The visitor's last text that is the present owner's.
fn last_text(entries: &[Arc<Entry>]) -> Option<&Event> {
    let events = entries.iter().rev().map(|entry| entry.event());
    let theirs = |event: &&Event| !matches!(event.what, What::Assigned { .. });
    let is_text = |event: &&Event| event.by == Author::Visitor && matches!(event.what, What::Message { .. });
    events.take_while(theirs).find(is_text)
}
