//! Who is on other nodes, as they say it: visitors with connections, agents who have an unassigned conversation open.
//! Ends with the node; corrected when it is asked. Empty on a node that is alone.

use std::collections::{BTreeMap, BTreeSet};

use dashmap::DashMap;

use crate::{
    chat::{conversation::Sight, event::AgentRef},
    ids::{ConversationId, NodeId, WorkspaceId},
    wire::node::{Present, Visit, Watching},
};

/// Conversations of one workspace that are remembered at most; of others nobody knows that their visitor is there.
const MOST: usize = 200_000;

/// What other nodes have, by workspace.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    rooms: DashMap<WorkspaceId, Others>,
}

#[derive(Debug, Default)]
struct Others {
    visits: BTreeMap<ConversationId, Visits>,
    watching: BTreeMap<ConversationId, BTreeMap<NodeId, Vec<AgentRef>>>,
    /// What a node tells afresh, until it has told all of it.
    coming: BTreeMap<NodeId, Present>,
}

#[derive(Debug)]
struct Visits {
    nodes: BTreeSet<NodeId>,
    /// As of the last word about it: who may be told, roughly.
    sight: Sight,
}

/// A conversation of which something changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) workspace: WorkspaceId,
    pub(super) conversation: ConversationId,
    /// Who could see it when it was spoken of.
    pub(super) sight: Sight,
}

// === impl Elsewhere ===

impl Elsewhere {
    /// A node says whether a conversation's visitor is there. True when that makes a difference.
    pub(super) fn visit(&self, workspace: &WorkspaceId, node: &NodeId, visit: &Visit, here: bool) -> bool {
        self.rooms.entry(workspace.clone()).or_default().visit(node, visit, here)
    }

    /// Whether a conversation's visitor has a connection to another node.
    pub(super) fn visits(&self, workspace: &WorkspaceId, conversation: &ConversationId) -> bool {
        self.rooms.get(workspace).is_some_and(|others| others.visits.contains_key(conversation))
    }

    /// A node says who has a conversation open. True when that makes a difference.
    pub(super) fn watch(&self, workspace: &WorkspaceId, node: &NodeId, watching: &Watching) -> bool {
        self.rooms.entry(workspace.clone()).or_default().watch(node, watching)
    }

    /// Who has a conversation open on other nodes.
    pub(super) fn watchers(&self, workspace: &WorkspaceId, conversation: &ConversationId) -> Vec<AgentRef> {
        let Some(others) = self.rooms.get(workspace) else { return Vec::new() };
        others.watching.get(conversation).into_iter().flat_map(|nodes| nodes.values().flatten()).cloned().collect()
    }

    /// A conversation is nobody's to look at together any more.
    pub(super) fn unwatch(&self, workspace: &WorkspaceId, conversation: &ConversationId) {
        if let Some(mut others) = self.rooms.get_mut(workspace) {
            others.watching.remove(conversation);
        }
    }

    /// A part of everything a node has. With the last one it stands in the place of what the node had said before;
    /// answers what changed.
    pub(super) fn tell(&self, workspace: &WorkspaceId, node: &NodeId, part: Present) -> Vec<Changed> {
        let mut others = self.rooms.entry(workspace.clone()).or_default();
        let whole = match others.coming.remove(node) {
            _ if part.part == 0 => part,
            Some(mut whole) if whole.part + 1 == part.part && whole.visits.len() < MOST => {
                whole.visits.extend(part.visits);
                whole.watching.extend(part.watching);
                Present { part: part.part, last: part.last, ..whole }
            }
            // The beginning was lost: it is asked for again.
            _ => return Vec::new(),
        };
        if !whole.last {
            others.coming.insert(node.clone(), whole);
            return Vec::new();
        }
        others.replace(workspace, node, &whole)
    }

    /// A node is no more; answers what changed.
    pub(super) fn forget(&self, node: &NodeId) -> Vec<Changed> {
        let nothing = Present { part: 0, last: true, visits: Vec::new(), watching: Vec::new(), agents: Vec::new() };
        let mut changed = Vec::new();
        for mut others in self.rooms.iter_mut() {
            let workspace = others.key().clone();
            others.coming.remove(node);
            changed.extend(others.replace(&workspace, node, &nothing));
        }
        changed
    }

    /// Nobody here belongs to the workspace any more.
    pub(super) fn part(&self, workspace: &WorkspaceId) {
        self.rooms.remove(workspace);
    }

    /// How many conversations are remembered.
    pub(super) fn len(&self) -> usize {
        self.rooms.iter().map(|others| others.visits.len() + others.watching.len() + others.coming.len()).sum()
    }
}

// === impl Others ===

impl Others {
    fn visit(&mut self, node: &NodeId, visit: &Visit, here: bool) -> bool {
        if !here {
            let Some(visits) = self.visits.get_mut(&visit.conversation) else { return false };
            visits.nodes.remove(node);
            return visits.nodes.is_empty() && self.visits.remove(&visit.conversation).is_some();
        }
        if self.visits.len() >= MOST && !self.visits.contains_key(&visit.conversation) {
            return false;
        }
        let new = || Visits { nodes: BTreeSet::new(), sight: visit.sight.clone() };
        let visits = self.visits.entry(visit.conversation.clone()).or_insert_with(new);
        visits.sight = visit.sight.clone();
        let first = visits.nodes.is_empty();
        visits.nodes.insert(node.clone());
        first
    }

    fn watch(&mut self, node: &NodeId, watching: &Watching) -> bool {
        let Watching { conversation, agents, .. } = watching;
        let nodes = self.watching.entry(conversation.clone()).or_default();
        let was = match agents.is_empty() {
            true => nodes.remove(node),
            false => nodes.insert(node.clone(), agents.clone()),
        };
        if nodes.is_empty() {
            self.watching.remove(conversation);
        }
        was.unwrap_or_default() != *agents
    }

    fn replace(&mut self, workspace: &WorkspaceId, node: &NodeId, whole: &Present) -> Vec<Changed> {
        let mut changed = Vec::new();
        let mut note = |conversation: &ConversationId, sight: &Sight| {
            let (workspace, conversation, sight) = (workspace.clone(), conversation.clone(), sight.clone());
            changed.push(Changed { workspace, conversation, sight });
        };
        let here: BTreeSet<&ConversationId> = whole.visits.iter().map(|visit| &visit.conversation).collect();
        self.visits.retain(|conversation, visits| {
            if !here.contains(conversation) && visits.nodes.remove(node) && visits.nodes.is_empty() {
                note(conversation, &visits.sight);
            }
            !visits.nodes.is_empty()
        });
        for visit in &whole.visits {
            if self.visit(node, visit, true) {
                note(&visit.conversation, &visit.sight);
            }
        }
        let watched: BTreeSet<&ConversationId> = whole.watching.iter().map(|watching| &watching.conversation).collect();
        self.watching.retain(|conversation, nodes| {
            if !watched.contains(conversation) && nodes.remove(node).is_some() {
                note(conversation, &Sight::Everybody);
            }
            !nodes.is_empty()
        });
        for watching in &whole.watching {
            if self.watch(node, watching) {
                note(&watching.conversation, &Sight::Everybody);
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Seq;

    fn visit(conversation: &str) -> Visit {
        Visit { conversation: conversation.into(), seq: Seq(1), sight: Sight::Everybody }
    }

    fn part(part: u32, last: bool, visits: &[&str]) -> Present {
        let visits = visits.iter().map(|conversation| visit(conversation)).collect();
        Present { part, last, visits, watching: Vec::new(), agents: Vec::new() }
    }

    fn names(changed: &[Changed]) -> Vec<&str> {
        changed.iter().map(|changed| changed.conversation.as_str()).collect()
    }

    #[test]
    fn p4_a_visitor_is_connected_while_any_node_has_them() {
        let (elsewhere, workspace) = (Elsewhere::default(), WorkspaceId::from("w"));
        let [one, two] = ["n_1", "n_2"].map(NodeId::from);
        let says = |node: &NodeId, here| elsewhere.visit(&workspace, node, &visit("c_1"), here);
        assert!(says(&one, true));
        assert!(!says(&two, true) && !says(&one, false));
        assert!(elsewhere.visits(&workspace, &"c_1".into()));
        assert_eq!(names(&elsewhere.forget(&two)), ["c_1"]);
        assert!(!elsewhere.visits(&workspace, &"c_1".into()));
        assert_eq!(elsewhere.len(), 0);
    }

    #[test]
    fn p4_what_a_node_tells_afresh_stands_in_the_place_of_what_it_said_once_it_is_whole() {
        let (elsewhere, workspace) = (Elsewhere::default(), WorkspaceId::from("w"));
        let (one, two) = (NodeId::from("n_1"), NodeId::from("n_2"));
        for conversation in ["c_gone", "c_stays"] {
            elsewhere.visit(&workspace, &one, &visit(conversation), true);
        }
        elsewhere.visit(&workspace, &two, &visit("c_gone_too"), true);
        let tell = |part| elsewhere.tell(&workspace, &one, part);
        assert_eq!(tell(part(1, true, &["c_lost"])), [], "its beginning was lost");
        assert_eq!(tell(part(0, false, &["c_stays"])), []);
        assert_eq!(tell(part(2, true, &["c_new"])), [], "the part between was lost");
        assert_eq!(tell(part(0, false, &["c_stays"])), []);
        assert_eq!(names(&tell(part(1, true, &["c_new"]))), ["c_gone", "c_new"]);
        let there = ["c_gone", "c_stays", "c_new", "c_gone_too"].map(|id| elsewhere.visits(&workspace, &id.into()));
        assert_eq!(there, [false, true, true, true]);
        elsewhere.part(&workspace);
        assert_eq!(elsewhere.len(), 0);
    }

    #[test]
    fn p4_watchers_are_those_of_all_nodes() {
        let (elsewhere, workspace) = (Elsewhere::default(), WorkspaceId::from("w"));
        let agent = |id: &str| AgentRef { id: id.into(), name: id.into(), avatar: None };
        let says = |node: &str, agents: &[&str]| {
            let agents = agents.iter().map(|id| agent(id)).collect();
            elsewhere.watch(&workspace, &node.into(), &Watching { conversation: "c_1".into(), seq: Seq(1), agents })
        };
        assert!(says("n_1", &["jane"]) && says("n_2", &["bob", "cy"]) && !says("n_2", &["bob", "cy"]));
        let all = || elsewhere.watchers(&workspace, &"c_1".into()).into_iter().map(|one| one.id.to_string()).collect();
        let names: Vec<String> = all();
        assert_eq!(names, ["jane", "bob", "cy"]);
        assert!(says("n_1", &[]));
        elsewhere.unwatch(&workspace, &"c_1".into());
        assert_eq!(elsewhere.len(), 0);
    }
}
