//! One agent: what they want, and where they can be reached.

use super::{Flip, GRACE_CLOSED, here::Here};
use crate::{
    chat::event::AgentRef,
    ids::{Millis, NodeId, WorkspaceId},
    store::{AgentRow, NotifySettings},
    wire::{
        agent::{AgentStatus, PresenceReason},
        roster::Stay,
    },
};

/// An agent who is present somewhere.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) agent: AgentRef,
    /// The switch.
    pub(super) online: bool,
    pub(super) notify: NotifySettings,
    /// How often the switch and the wishes were taken over from the store.
    pub(super) settled: u64,
    /// On this node.
    pub(super) here: Option<Here>,
    /// On other nodes, and on those that are gone.
    pub(super) there: Vec<There>,
}

/// An agent's stay on another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct There {
    pub(super) node: NodeId,
    pub(super) stay: Stay,
    /// When the node's lease ends, unless it is renewed.
    pub(super) lease: Millis,
}

// === impl Person ===

impl Person {
    /// Somebody who is nowhere yet; the row is as the store has it.
    pub(super) fn new(row: &AgentRow) -> Self {
        Self {
            agent: row.agent.clone(),
            online: row.online,
            notify: row.notify,
            settled: 1,
            here: None,
            there: Vec::new(),
        }
    }

    /// Whether they are present anywhere.
    pub(super) fn is_present(&self) -> bool {
        self.here.is_some() || !self.there.is_empty()
    }

    pub(super) fn status(&self) -> AgentStatus {
        AgentStatus::of(self.online, self.is_present())
    }

    pub(super) fn is_online(&self) -> bool {
        self.status() == AgentStatus::Online
    }

    /// What others are told, if their status was another.
    pub(super) fn flip(&self, workspace: &WorkspaceId, was: AgentStatus, reason: PresenceReason) -> Option<Flip> {
        let status = self.status();
        (was != status).then(|| Flip { workspace: workspace.clone(), agent: self.agent.clone(), status, reason })
    }

    /// When the next of their stays ends, as far as that is known.
    pub(super) fn next_end(&self) -> Option<Millis> {
        let here = self.here.as_ref().and_then(Here::gone_at);
        here.into_iter().chain(self.there.iter().map(There::gone_at)).map(|(at, _)| at).min()
    }

    /// Ends the stays that are over by `now`; why the last of them ended.
    pub(super) fn expire(&mut self, now: Millis) -> Option<PresenceReason> {
        let over = |end: &(Millis, PresenceReason)| end.0 <= now;
        let here = self.here.as_ref().and_then(Here::gone_at).filter(over);
        if here.is_some() {
            self.here = None;
        }
        let ended = self.there.iter().map(There::gone_at).filter(over).chain(here);
        let last = ended.max_by_key(|(at, _)| *at).map(|(_, reason)| reason);
        self.there.retain(|there| there.gone_at().0 > now);
        last
    }
}

// === impl There ===

impl There {
    /// When this stay ends, unless the node tells more, and why.
    fn gone_at(&self) -> (Millis, PresenceReason) {
        match self.stay {
            Stay::Leaving { until, reason } => (until, reason),
            Stay::Seated => (self.lease.plus(GRACE_CLOSED), PresenceReason::NodeLost),
        }
    }
}
