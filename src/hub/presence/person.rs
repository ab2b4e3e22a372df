//! One agent: what they want, and where they can be reached.

use std::collections::BTreeMap;

use super::{Flip, GRACE_CLOSED, Overtaken, Renamed, here::Here};
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
    /// When the switch and the wishes were taken over from the store, in the order of such moments.
    pub(super) settled: u64,
    /// On this node.
    pub(super) here: Option<Here>,
    /// On other nodes, and on those that are gone.
    pub(super) there: BTreeMap<NodeId, Stay>,
}

/// When the leases of nodes end, unless they are renewed.
pub(super) type Leases = BTreeMap<NodeId, Millis>;

// === impl Person ===

impl Person {
    /// Somebody who is nowhere yet; the row is as the store has it.
    pub(super) fn new(row: &AgentRow, stamp: u64) -> Self {
        Self {
            agent: row.agent.clone(),
            online: row.online,
            notify: row.notify,
            settled: stamp,
            here: None,
            there: BTreeMap::new(),
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

    /// Takes over the switch, the wishes and the name as they are stored, unless somebody took over a newer row since
    /// `as_of`.
    pub(super) fn settle(
        &mut self,
        row: &AgentRow,
        reason: PresenceReason,
        as_of: u64,
        stamp: u64,
    ) -> Result<(Option<Flip>, Option<Renamed>), Overtaken> {
        if self.settled > as_of {
            return Err(Overtaken);
        }
        let (was, is_renamed) = (self.status(), self.agent != row.agent);
        self.agent = row.agent.clone();
        (self.online, self.notify, self.settled) = (row.online, row.notify, stamp);
        let renamed = is_renamed.then(|| self.renamed(&row.workspace, false));
        Ok((self.flip(&row.workspace, was, reason), renamed))
    }

    /// What others are told of their name and picture.
    pub(super) fn renamed(&self, workspace: &WorkspaceId, here: bool) -> Renamed {
        Renamed { now: self.told(workspace, PresenceReason::Connected), here }
    }

    /// What others are told of them.
    pub(super) fn told(&self, workspace: &WorkspaceId, reason: PresenceReason) -> Flip {
        Flip { workspace: workspace.clone(), agent: self.agent.clone(), status: self.status(), reason }
    }

    /// What others are told, if their status was another.
    pub(super) fn flip(&self, workspace: &WorkspaceId, was: AgentStatus, reason: PresenceReason) -> Option<Flip> {
        (was != self.status()).then(|| self.told(workspace, reason))
    }

    /// When the next of their stays ends, as far as that is known.
    pub(super) fn next_end(&self, leases: &Leases) -> Option<Millis> {
        self.ends(leases).map(|(at, _)| at).min()
    }

    /// Ends the stays that are over by `now`; why the last of them ended.
    pub(super) fn expire(&mut self, now: Millis, leases: &Leases) -> Option<PresenceReason> {
        let last = self.ends(leases).filter(|(at, _)| *at <= now).max_by_key(|(at, _)| *at).map(|(_, reason)| reason);
        if last.is_some() {
            self.here.take_if(|here| here.gone_at().is_some_and(|(at, _)| at <= now));
            self.there.retain(|node, stay| end(node, *stay, leases).0 > now);
        }
        last
    }

    fn ends(&self, leases: &Leases) -> impl Iterator<Item = (Millis, PresenceReason)> {
        let here = self.here.as_ref().and_then(Here::gone_at);
        here.into_iter().chain(self.there.iter().map(|(node, stay)| end(node, *stay, leases)))
    }
}

/// When a stay on another node ends, unless that tells more, and why.
fn end(node: &NodeId, stay: Stay, leases: &Leases) -> (Millis, PresenceReason) {
    match stay {
        Stay::Leaving { until, reason } => (until, reason),
        Stay::Seated => {
            let lease = leases.get(node).copied().unwrap_or_default();
            (lease.plus(GRACE_CLOSED), PresenceReason::NodeLost)
        }
    }
}
