//! What other nodes and the store say of agents.

use std::collections::{BTreeMap, BTreeSet};

use super::{Flip, Overtaken, Presence, person::Person};
use crate::{
    ids::{AgentId, Millis, NodeId, WorkspaceId},
    store::AgentRow,
    wire::{
        agent::PresenceReason,
        roster::{Present, Roster, Stay},
    },
};

/// What came of looking at all agents of a workspace.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    /// Whose status is another.
    pub(crate) flips: Vec<Flip>,
    /// Who is known here and was not among the rows: removed, or very new.
    pub(crate) missing: Vec<AgentId>,
}

// === impl Presence ===

impl Presence {
    /// Takes over who is present on another node, in the place of what it said before; its lease ends at `lease`. Rows
    /// are of agents who may not be known yet; whoever has none and is not known was removed, and is left out.
    pub fn hear(&self, node: &NodeId, lease: Millis, roster: &Roster, rows: &[AgentRow]) -> Vec<Flip> {
        let mut people = self.lock();
        people.leases.insert(node.clone(), lease);
        let mut now: BTreeMap<(&WorkspaceId, &AgentId), Stay> = BTreeMap::new();
        for Present { workspace, agent, stay } in &roster.agents {
            // What is over here is not begun again by a node that has not noticed yet.
            if matches!(stay, Stay::Leaving { until, .. } if *until <= people.expired) {
                continue;
            }
            now.insert((workspace, agent), *stay);
            if people.person(workspace, agent).is_none()
                && let Some(row) = rows.iter().find(|row| row.workspace == *workspace && row.agent.id == *agent)
            {
                let person = Person::new(row, people.stamp());
                people.crew(workspace).agents.insert(agent.clone(), person);
            }
        }
        let mut flips = Vec::new();
        for (workspace, crew) in &mut people.crews {
            for (agent, person) in &mut crew.agents {
                let (was, now) = (person.status(), now.get(&(workspace, agent)));
                let stayed = match now {
                    Some(stay) => person.there.insert(node.clone(), *stay),
                    None => person.there.remove(node),
                };
                let reason = match (now, stayed) {
                    (None, Some(Stay::Leaving { reason, .. })) => reason,
                    // How they went was said while nobody here heard it.
                    (None, Some(Stay::Seated)) => PresenceReason::Lost,
                    _ => PresenceReason::Connected,
                };
                flips.extend(person.flip(workspace, was, reason));
            }
        }
        people.tidy();
        self.ending.notify_one();
        flips
    }

    /// A node says what it said before; its lease ends at `lease`.
    pub fn prolong(&self, node: &NodeId, lease: Millis) {
        if let Some(known) = self.lock().leases.get_mut(node) {
            *known = lease;
        }
    }

    /// The workspaces of which rows are needed to take over these rosters.
    pub fn unknown_in<'a>(&self, rosters: impl Iterator<Item = &'a Roster>) -> BTreeSet<WorkspaceId> {
        let mut people = self.lock();
        let unknown = rosters
            .flat_map(|roster| &roster.agents)
            .filter(|present| people.person(&present.workspace, &present.agent).is_none());
        unknown.map(|present| present.workspace.clone()).collect()
    }

    /// Whether somebody would be taken for away who switched on elsewhere a moment ago, where their node's lease was not
    /// read since: nobody can switch on without being there.
    pub(crate) fn seems_away<'a>(&self, rows: impl IntoIterator<Item = &'a AgentRow>) -> bool {
        let people = self.lock();
        rows.into_iter().filter(|row| row.online).any(|row| {
            let crew = people.crews.get(&row.workspace);
            match crew.and_then(|crew| crew.agents.get(&row.agent.id)) {
                Some(person) => !person.online && !person.is_present(),
                None => crew.is_some_and(|crew| crew.whole),
            }
        })
    }

    /// Takes over all agents of a workspace as they are stored, read after `as_of`. `whole` when somebody here is shown
    /// them all.
    pub(crate) fn learn(&self, workspace: &WorkspaceId, rows: &[&AgentRow], as_of: u64, whole: bool) -> Learned {
        let mut people = self.lock();
        let stamp = people.stamp();
        let crew = people.crew(workspace);
        let (mut learned, mut renamed) = (Learned::default(), Vec::new());
        for row in rows {
            match crew.agents.get_mut(&row.agent.id) {
                Some(person) => {
                    let settled = person.settle(row, PresenceReason::Toggle, as_of, stamp);
                    let (flip, other) = settled.unwrap_or_default();
                    learned.flips.extend(flip);
                    renamed.extend(other);
                }
                None if whole => {
                    let person = Person::new(row, stamp);
                    // Whoever was shown all the others has never heard of this one.
                    let new = crew.whole.then(|| person.told(workspace, PresenceReason::Connected));
                    learned.flips.extend(new);
                    crew.agents.insert(row.agent.id.clone(), person);
                }
                None => {}
            }
        }
        let there: BTreeSet<&AgentId> = rows.iter().map(|row| &row.agent.id).collect();
        let missing = crew.agents.iter().filter(|(id, person)| !there.contains(id) && person.settled <= as_of);
        learned.missing = missing.map(|(id, _)| id.clone()).collect();
        crew.whole = whole;
        people.renamed.append(&mut renamed);
        people.tidy();
        learned
    }

    /// Takes over one agent's row that another node changed, read after `as_of`.
    ///
    /// # Errors
    /// [`Overtaken`] when somebody settled since.
    pub fn learn_one(&self, row: &AgentRow, reason: PresenceReason, as_of: u64) -> Result<Option<Flip>, Overtaken> {
        let mut people = self.lock();
        let stamp = people.stamp();
        let crew = people.crew(&row.workspace);
        let learned = match crew.agents.get_mut(&row.agent.id) {
            Some(person) => person.settle(row, reason, as_of, stamp).map(|(flip, renamed)| {
                people.renamed.extend(renamed);
                flip
            }),
            None if crew.whole => {
                let person = Person::new(row, stamp);
                let flip = person.told(&row.workspace, PresenceReason::Connected);
                crew.agents.insert(row.agent.id.clone(), person);
                Ok(Some(flip))
            }
            None => Ok(None),
        };
        people.tidy();
        learned
    }

    /// Nobody here is shown the workspace's agents any more.
    pub fn part(&self, workspace: &WorkspaceId) {
        let mut people = self.lock();
        if let Some(crew) = people.crews.get_mut(workspace) {
            crew.whole = false;
        }
        people.tidy();
    }

    /// The workspaces of which anybody is known here.
    pub fn workspaces(&self) -> BTreeSet<WorkspaceId> {
        self.lock().crews.keys().cloned().collect()
    }
}
