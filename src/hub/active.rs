//! Which connection of each agent asked for something last, on whichever node: that one rings.
//!
//! A node says it when an agent connects and leaves, and, while they are connected to other nodes as well, at most once
//! a second and whenever the lead changes. Who rings is decided by the node that commits, for all of them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use dashmap::DashMap;
use tokio::time::Instant;

use super::{Hub, seat::Seat, tail::Tail};
use crate::{
    chat::event::{Author, What},
    ids::{AgentId, NodeId, SessionId, WorkspaceId},
    wire::{
        entry::Entry,
        node::{Active, Activity, Bell, NodeFrame},
    },
};

/// How often it is said at most while the lead does not change.
const EVERY: Duration = Duration::from_secs(1);
/// Agents for whom one commit decides at most; the nodes of others decide by what they know.
const MOST_BELLS: usize = 256;

/// What this node said, and what the others did, by workspace and agent. Empty on a node that is alone.
#[derive(Debug, Default)]
pub(super) struct Actives {
    agents: DashMap<WorkspaceId, BTreeMap<AgentId, Known>>,
}

/// A connection and the moment it asked last: rises with every request of a node, and begins with the store's clock.
type Last = (SessionId, u64);

#[derive(Debug, Default)]
struct Known {
    others: BTreeMap<NodeId, Last>,
    said: Option<(Last, Instant)>,
}

// === impl Actives ===

impl Actives {
    /// An agent asked for something by a connection of this node. True when that is to be said.
    fn asked(&self, workspace: &WorkspaceId, agent: &AgentId, last: &Last) -> bool {
        let mut agents = self.agents.entry(workspace.clone()).or_default();
        let known = agents.entry(agent.clone()).or_default();
        let due = match &known.said {
            None => true,
            // Connected here alone: that they are is all the others need to know.
            Some(_) if known.others.is_empty() => false,
            Some(((session, tick), at)) => {
                *session != last.0 || known.others.values().any(|(_, theirs)| theirs > tick) || at.elapsed() >= EVERY
            }
        };
        if due {
            known.said = Some((last.clone(), Instant::now()));
        }
        due
    }

    /// An agent's connection is gone; `best` is what is left here. True when that is to be said.
    fn left(&self, workspace: &WorkspaceId, agent: &AgentId, gone: &SessionId, best: Option<&Last>) -> bool {
        let Some(mut agents) = self.agents.get_mut(workspace) else { return false };
        let Some(known) = agents.get_mut(agent) else { return false };
        let due = known.said.as_ref().is_some_and(|((session, _), _)| session == gone) || best.is_none();
        if due {
            known.said = best.map(|last| (last.clone(), Instant::now()));
        }
        agents.retain(|_, known| known.said.is_some() || !known.others.is_empty());
        drop(agents);
        self.agents.remove_if(workspace, |_, agents| agents.is_empty());
        due
    }

    /// Another node says it. True when what this node said last is out of date: then it says it again.
    fn heard(&self, workspace: &WorkspaceId, from: &NodeId, activity: Activity, best: Option<&Last>) -> bool {
        let mut agents = self.agents.entry(workspace.clone()).or_default();
        let known = agents.entry(activity.agent).or_default();
        match activity.last {
            Some(last) => drop(known.others.insert(from.clone(), last)),
            None => drop(known.others.remove(from)),
        }
        let stale = best.is_some_and(|best| known.said.as_ref().is_none_or(|(said, _)| said != best));
        if stale {
            known.said = best.map(|last| (last.clone(), Instant::now()));
        }
        agents.retain(|_, known| known.said.is_some() || !known.others.is_empty());
        drop(agents);
        self.agents.remove_if(workspace, |_, agents| agents.is_empty());
        stale
    }

    /// The connections of an agent to other nodes that asked last.
    pub(super) fn others(&self, workspace: &WorkspaceId, agent: &AgentId) -> BTreeMap<NodeId, Last> {
        let agents = self.agents.get(workspace);
        agents.and_then(|agents| agents.get(agent).map(|known| known.others.clone())).unwrap_or_default()
    }

    /// Agents who are connected to other nodes.
    fn elsewhere(&self, workspace: &WorkspaceId) -> Vec<AgentId> {
        let Some(agents) = self.agents.get(workspace) else { return Vec::new() };
        agents.iter().filter(|(_, known)| !known.others.is_empty()).map(|(agent, _)| agent.clone()).collect()
    }

    /// What this node said lately, to be said again to one who asks.
    pub(super) fn said(&self, workspace: &WorkspaceId) -> Vec<Activity> {
        let Some(agents) = self.agents.get(workspace) else { return Vec::new() };
        let said = |(agent, known): (&AgentId, &Known)| {
            known.said.as_ref().map(|(last, _)| Activity { agent: agent.clone(), last: Some(last.clone()) })
        };
        agents.iter().filter_map(said).collect()
    }

    /// Forgets what a node said: it says it all again, or is no more. Of one workspace, or of all.
    pub(super) fn forget(&self, node: &NodeId, workspace: Option<&WorkspaceId>) {
        self.agents.retain(|of, agents| {
            if workspace.is_none_or(|workspace| workspace == of) {
                agents.retain(|_, known| {
                    known.others.remove(node);
                    known.said.is_some() || !known.others.is_empty()
                });
            }
            !agents.is_empty()
        });
    }

    /// Nobody here belongs to the workspace any more.
    pub(super) fn part(&self, workspace: &WorkspaceId) {
        self.agents.remove(workspace);
    }

    /// How many agents are known.
    pub(super) fn len(&self) -> usize {
        self.agents.iter().map(|agents| agents.len()).sum()
    }
}

// === impl Hub ===

impl Hub {
    /// An agent's connection asked for something.
    pub(super) fn tell_active(&self, seat: &Seat) {
        let (workspace, Some(agent)) = (seat.who.workspace(), seat.who.agent()) else { return };
        if self.mesh.is_alone() {
            return;
        }
        let last = (seat.session.clone(), seat.last_asked());
        if self.among.actives.asked(workspace, agent, &last) {
            self.say_active(workspace, agent, Some(last));
        }
    }

    /// An agent's connection is gone.
    pub(super) fn tell_inactive(&self, seat: &Seat) {
        let (workspace, Some(agent)) = (seat.who.workspace(), seat.who.agent()) else { return };
        if self.mesh.is_alone() {
            return;
        }
        let best = self.best(workspace, agent);
        if self.among.actives.left(workspace, agent, &seat.session, best.as_ref()) {
            self.say_active(workspace, agent, best);
        }
    }

    /// Another node says which connections asked last.
    pub(super) fn heard_active(&self, workspace: &WorkspaceId, from: &NodeId, active: Active) {
        for activity in active.agents {
            let agent = activity.agent.clone();
            let best = self.best(workspace, &agent);
            if self.among.actives.heard(workspace, from, activity, best.as_ref()) {
                self.say_active(workspace, &agent, best);
            }
        }
    }

    /// Which connections ring for what was just committed, for agents who are connected to several nodes.
    pub(super) fn bells(&self, workspace: &WorkspaceId, tail: &Tail, entries: &[Arc<Entry>]) -> Vec<Bell> {
        let mut agents = Vec::new();
        for entry in entries {
            let event = entry.event();
            match &event.what {
                What::Waiting { .. } | What::Unassigned { .. } => agents = self.among.actives.elsewhere(workspace),
                What::Assigned { to, .. } => agents.push(to.id.clone()),
                What::Message { .. } if event.by == Author::Visitor => {
                    let owner = tail.with(|hot| hot.conversation.assignee().map(|owner| owner.id.clone()));
                    agents.extend(owner.flatten());
                }
                _ => {}
            }
        }
        agents.sort();
        agents.dedup();
        agents.iter().filter_map(|agent| self.bell(workspace, agent)).take(MOST_BELLS).collect()
    }

    /// The connection that asked last, when there are several nodes to choose from.
    fn bell(&self, workspace: &WorkspaceId, agent: &AgentId) -> Option<Bell> {
        let mut all = self.among.actives.others(workspace, agent);
        if let Some(best) = self.best(workspace, agent) {
            all.insert(self.mesh.node().clone(), best);
        }
        if all.len() < 2 {
            return None;
        }
        let (node, (session, _)) = all.into_iter().max_by_key(|(node, (_, tick))| (*tick, node.clone()))?;
        Some(Bell { agent: agent.clone(), node, session })
    }

    fn best(&self, workspace: &WorkspaceId, agent: &AgentId) -> Option<Last> {
        let seats = self.board.seats_of(workspace, agent);
        let best = seats.iter().max_by_key(|seat| seat.last_asked())?;
        Some((best.session.clone(), best.last_asked()))
    }

    fn say_active(&self, workspace: &WorkspaceId, agent: &AgentId, last: Option<Last>) {
        let agents = vec![Activity { agent: agent.clone(), last }];
        self.say(workspace, || NodeFrame::Active(Active { agents }));
    }
}
