//! Rings whose receipts are still of interest: where a device was blocked, the next one rings, on whichever node.

use std::sync::Arc;

use dashmap::DashMap;

use super::{Hub, seat::Seat};
use crate::{
    ids::{AgentId, ConversationId, Millis, NodeId, SessionId, WorkspaceId},
    wire::{
        node::{self, NodeFrame},
        push::NotifyPush,
        request::{NotifyReason, Outcome},
    },
};

/// How long a receipt may move the ring to another device, in milliseconds.
const LIVES: i64 = 30_000;
/// How many rings are remembered for their receipts.
const MOST: usize = 10_000;

/// Rings that were not answered yet.
#[derive(Debug, Default)]
pub struct Rings {
    open: DashMap<(WorkspaceId, AgentId, ConversationId, NotifyReason), Ring>,
}

#[derive(Clone, Debug)]
struct Ring {
    notify: NotifyPush,
    /// The devices that rang, on all nodes.
    tried: Vec<SessionId>,
    /// Nodes with no other device left.
    spent: Vec<NodeId>,
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
    /// A device of this node rings.
    pub(super) fn ringing(&self, workspace: &WorkspaceId, agent: &AgentId, notify: NotifyPush, session: &SessionId) {
        let ring = Ring { notify, tried: vec![session.clone()], spent: Vec::new(), at: self.store.now() };
        self.remember(workspace, agent, ring);
    }

    /// A receipt: where the ring was blocked, the next device rings.
    pub fn notified(&self, seat: &Seat, conversation: &ConversationId, reason: NotifyReason, outcome: Outcome) {
        self.metrics.receipt(reason, outcome);
        let Some(agent) = seat.who.agent() else { return };
        let workspace = seat.who.workspace();
        let key = (workspace.clone(), agent.clone(), conversation.clone(), reason);
        // Only the device that rings has a say: the others were told to be silent.
        let theirs = self.rings.open.remove_if(&key, |_, ring| ring.tried.last() == Some(&seat.session));
        if let (Outcome::Blocked, Some((_, ring))) = (outcome, theirs) {
            self.ring_on(workspace, agent, ring);
        }
    }

    /// Another node has no device left that it could ring.
    pub(super) async fn heard_ring(self: Arc<Self>, workspace: WorkspaceId, ring: node::Ring) {
        let node::Ring { agent, conversation, reason, seq, tried, spent, .. } = ring;
        if let Some(tail) = self.board.tail(&conversation) {
            tail.hint(seq);
        }
        // What cannot be read now does not ring: the others were told, silently.
        let Ok(tail) = self.tail(&conversation).await else { return };
        let Some((of, notify, sight)) = self.notify_push(&tail, reason) else { return };
        if of == workspace && self.board.seats_of(&workspace, &agent).iter().any(|seat| self.may_see(seat, &sight)) {
            self.ring_on(&workspace, &agent, Ring { notify, tried, spent, at: self.store.now() });
        }
    }

    /// Forgets rings nobody sent a receipt for.
    pub(super) fn sweep_rings(&self, now: Millis) {
        self.rings.open.retain(|_, ring| now.since(ring.at) < LIVES);
    }

    /// Rings the device that asked last among those that were not tried.
    fn ring_on(&self, workspace: &WorkspaceId, agent: &AgentId, mut ring: Ring) {
        let seats = self.board.seats_of(workspace, agent);
        let here = seats.iter().filter(|seat| !ring.tried.contains(&seat.session)).max_by_key(|seat| seat.last_asked());
        let me = self.mesh.node();
        let others = self.among.actives.others(workspace, agent);
        // One whose best device was tried may have others: it comes after all that were not.
        let rank = |last: &(SessionId, u64)| (!ring.tried.contains(&last.0), last.1);
        let there = others.iter().filter(|(node, _)| !ring.spent.contains(node)).max_by_key(|(_, last)| rank(last));
        match (here, there) {
            (Some(next), there) if there.is_none_or(|(_, last)| rank(last) <= (true, next.last_asked())) => {
                ring.tried.push(next.session.clone());
                let notify = ring.notify.clone();
                next.mail.put(|mail| mail.ring(notify));
                self.remember(workspace, agent, ring);
            }
            (here, Some((node, _))) => {
                if here.is_none() && !ring.spent.contains(me) {
                    ring.spent.push(me.clone());
                }
                let seq = self.board.tail(&ring.notify.conversation).and_then(|tail| tail.head()).unwrap_or_default();
                self.say(workspace, || {
                    NodeFrame::Ring(node::Ring {
                        node: node.clone(),
                        agent: agent.clone(),
                        conversation: ring.notify.conversation.clone(),
                        reason: ring.notify.reason,
                        seq,
                        tried: ring.tried,
                        spent: ring.spent,
                    })
                });
            }
            (_, None) => {}
        }
    }

    fn remember(&self, workspace: &WorkspaceId, agent: &AgentId, ring: Ring) {
        if self.rings.open.len() < MOST {
            let key = (workspace.clone(), agent.clone(), ring.notify.conversation.clone(), ring.notify.reason);
            self.rings.open.insert(key, ring);
        }
    }
}
