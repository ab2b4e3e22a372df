//! The agents of all workspaces, as far as they are known here.

use std::collections::{BTreeMap, BTreeSet};

use super::{Renamed, person::Person};
use crate::{
    chat::event::AgentRef,
    ids::{AgentId, Millis, NodeId, WorkspaceId},
};

/// Everybody.
#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) crews: BTreeMap<WorkspaceId, Crew>,
    /// When the leases of other nodes end, unless they are renewed; of those on which anybody was lately.
    pub(super) leases: BTreeMap<NodeId, Millis>,
    /// Stays that ended by then are over.
    pub(super) expired: Millis,
    /// Workspaces whose people on this node changed and were not told to others since.
    pub(super) moved: BTreeSet<WorkspaceId>,
    /// Who has another name or picture, and of whom that is to be told.
    pub(super) renamed: Vec<Renamed>,
    /// Counts what is taken over from the store.
    stamps: u64,
}

/// The agents of one workspace.
#[derive(Debug, Default)]
pub(super) struct Crew {
    pub(super) agents: BTreeMap<AgentId, Person>,
    /// As whom somebody here was shown those who are not kept; on a node that is alone.
    pub(super) shown: BTreeMap<AgentId, AgentRef>,
    /// Those who are present nowhere are kept as well: somebody here is shown them, and is to be told what becomes of
    /// them whoever changes it.
    pub(super) whole: bool,
}

// === impl People ===

impl People {
    /// The next moment in the order of what is taken over.
    pub(super) fn stamp(&mut self) -> u64 {
        self.stamps += 1;
        self.stamps
    }

    /// The last such moment.
    pub(super) fn last_stamp(&self) -> u64 {
        self.stamps
    }

    pub(super) fn crew(&mut self, workspace: &WorkspaceId) -> &mut Crew {
        self.crews.entry(workspace.clone()).or_default()
    }

    pub(super) fn person(&mut self, workspace: &WorkspaceId, agent: &AgentId) -> Option<&mut Person> {
        self.crews.get_mut(workspace)?.agents.get_mut(agent)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&WorkspaceId, &Person)> {
        let crews = self.crews.iter();
        crews.flat_map(|(workspace, crew)| crew.agents.values().map(move |person| (workspace, person)))
    }

    /// Forgets the leases of nodes that are gone and had nobody.
    pub(super) fn forget_leases(&mut self, now: Millis) {
        let still: BTreeSet<NodeId> = self.all().flat_map(|(_, person)| person.there.keys().cloned()).collect();
        self.leases.retain(|node, lease| *lease > now || still.contains(node));
    }

    /// Forgets whoever is present nowhere and whom nobody here is shown.
    pub(super) fn tidy(&mut self) {
        self.crews.retain(|_, crew| {
            if !crew.whole {
                crew.forget();
            }
            crew.whole || !crew.agents.is_empty()
        });
    }
}

// === impl Crew ===

impl Crew {
    /// Whether somebody was known by another name or picture.
    pub(super) fn knew_otherwise(&self, agent: &AgentRef) -> bool {
        let known = self.agents.get(&agent.id).map(|person| &person.agent);
        known.or_else(|| self.shown.get(&agent.id)).is_some_and(|known| known != agent)
    }

    fn forget(&mut self) {
        let shown = &mut self.shown;
        self.agents.retain(|id, person| {
            let stays = person.is_present();
            if !stays && let Some(shown) = shown.get_mut(id) {
                shown.clone_from(&person.agent);
            }
            stays
        });
    }
}
