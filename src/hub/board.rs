//! Who is connected, and who follows what. Guards never leave this file.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use dashmap::DashMap;

use super::{
    budget::Budget,
    seat::{Seat, Who},
    tail::Tail,
};
use crate::ids::{AgentId, ConversationId, Quick, VisitorId, WorkspaceId};

/// Every session of this node.
#[derive(Debug)]
pub struct Board {
    budget: Arc<Budget>,
    visitors: DashMap<(WorkspaceId, VisitorId), Vec<Arc<Seat>>, Quick>,
    agents: DashMap<WorkspaceId, Agents, Quick>,
    follows: DashMap<ConversationId, Follow, Quick>,
}

/// One workspace's agents.
#[derive(Debug, Default)]
struct Agents {
    seats: HashMap<AgentId, Vec<Arc<Seat>>, Quick>,
    /// Those of the seats that are admins'.
    admins: Vec<Arc<Seat>>,
}

#[derive(Debug)]
struct Follow {
    tail: Arc<Tail>,
    seats: Vec<Arc<Seat>>,
    /// How many hold it for somebody who may follow soon.
    holds: u32,
}

/// Holds a tail on the board, so that it hears what is committed, before it is known who may follow it.
pub(super) struct Held<'a> {
    board: &'a Board,
    conversation: ConversationId,
}

// === impl Held ===

impl Held<'_> {
    /// Whose tail it is.
    pub(super) fn conversation(&self) -> &ConversationId {
        &self.conversation
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(mut follow) = self.board.follows.get_mut(&self.conversation) {
            follow.holds -= 1;
        }
        self.board.drop_unfollowed(&self.conversation);
    }
}

// === impl Board ===

impl Board {
    /// Nobody yet. All tails together hold about `tail_bytes` of their logs at most.
    pub fn new(tail_bytes: usize) -> Self {
        Self {
            budget: Budget::new(tail_bytes),
            visitors: DashMap::default(),
            agents: DashMap::default(),
            follows: DashMap::default(),
        }
    }

    /// What all tails may hold of their logs, and hold.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Adds a session. With more than `most` of the same person, the oldest is returned and is to leave.
    pub fn sit(&self, seat: &Arc<Seat>, most: usize) -> Option<Arc<Seat>> {
        let oldest = |seats: &mut Vec<Arc<Seat>>| {
            seats.push(seat.clone());
            (most > 0 && seats.len() > most).then(|| seats.remove(0))
        };
        match &seat.who {
            Who::Visitor { workspace, visitor, .. } => {
                oldest(&mut self.visitors.entry((workspace.clone(), visitor.clone())).or_default())
            }
            Who::Agent { workspace, agent, .. } => {
                let mut agents = self.agents.entry(workspace.clone()).or_default();
                let oldest = oldest(agents.seats.entry(agent.id.clone()).or_default());
                if seat.who.is_admin() {
                    agents.admins.push(seat.clone());
                }
                agents.admins.retain(|other| !oldest.as_ref().is_some_and(|oldest| Arc::ptr_eq(other, oldest)));
                oldest
            }
        }
    }

    /// Takes a session off. What it followed is let go of separately.
    pub fn rise(&self, seat: &Arc<Seat>) {
        let others = |seats: &mut Vec<Arc<Seat>>| seats.retain(|other| !Arc::ptr_eq(other, seat));
        match &seat.who {
            Who::Visitor { workspace, visitor, .. } => {
                let key = (workspace.clone(), visitor.clone());
                if let Some(mut seats) = self.visitors.get_mut(&key) {
                    others(&mut seats);
                }
                self.visitors.remove_if(&key, |_, seats| seats.is_empty());
            }
            Who::Agent { workspace, agent, .. } => {
                if let Some(mut agents) = self.agents.get_mut(workspace) {
                    if let Some(seats) = agents.seats.get_mut(&agent.id) {
                        others(seats);
                    }
                    agents.seats.retain(|_, seats| !seats.is_empty());
                    others(&mut agents.admins);
                }
                self.agents.remove_if(workspace, |_, agents| agents.seats.is_empty());
            }
        }
    }

    /// From now on the session is woken for this conversation. The tail may know nothing yet: read it after this, so
    /// that nothing falls between looking and listening.
    pub fn follow(&self, conversation: &ConversationId, seat: &Arc<Seat>) -> Arc<Tail> {
        let mut follow = self.follows.entry(conversation.clone()).or_insert_with(|| self.nobody_yet(conversation));
        if !follow.seats.iter().any(|other| Arc::ptr_eq(other, seat)) {
            follow.seats.push(seat.clone());
        }
        follow.tail.clone()
    }

    /// The session is woken no more. When it was the last one, the tail falls out of the board and is returned.
    pub fn unfollow(&self, conversation: &ConversationId, seat: &Arc<Seat>) -> Option<Arc<Tail>> {
        if let Some(mut follow) = self.follows.get_mut(conversation) {
            follow.seats.retain(|other| !Arc::ptr_eq(other, seat));
        }
        self.drop_unfollowed(conversation)
    }

    /// The tail hears what is committed from now on, though nobody is woken for it.
    pub(super) fn hold(&self, conversation: &ConversationId) -> Held<'_> {
        self.follows.entry(conversation.clone()).or_insert_with(|| self.nobody_yet(conversation)).holds += 1;
        Held { board: self, conversation: conversation.clone() }
    }

    fn nobody_yet(&self, conversation: &ConversationId) -> Follow {
        let tail = Tail::new(conversation.clone(), self.budget.clone());
        Follow { tail, seats: Vec::with_capacity(2), holds: 0 }
    }

    fn drop_unfollowed(&self, conversation: &ConversationId) -> Option<Arc<Tail>> {
        let unfollowed = |_: &ConversationId, follow: &Follow| follow.seats.is_empty() && follow.holds == 0;
        self.follows.remove_if(conversation, unfollowed).map(|(_, follow)| follow.tail)
    }

    /// The tail of a conversation somebody follows.
    pub fn tail(&self, conversation: &ConversationId) -> Option<Arc<Tail>> {
        self.follows.get(conversation).map(|follow| follow.tail.clone())
    }

    /// The tails of all conversations somebody follows.
    pub fn tails(&self) -> Vec<Arc<Tail>> {
        self.follows.iter().map(|follow| follow.tail.clone()).collect()
    }

    /// Calls `visit` with every session that follows the conversation.
    pub fn followers(&self, conversation: &ConversationId, mut visit: impl FnMut(&Arc<Seat>)) {
        if let Some(follow) = self.follows.get(conversation) {
            follow.seats.iter().for_each(&mut visit);
        }
    }

    /// Calls `visit` with every agent's session of a workspace.
    pub fn agents(&self, workspace: &WorkspaceId, mut visit: impl FnMut(&Arc<Seat>)) {
        if let Some(agents) = self.agents.get(workspace) {
            agents.seats.values().flatten().for_each(&mut visit);
        }
    }

    /// Calls `visit` with every session of one agent and of those who are admins: nobody else may see what is one
    /// agent's own.
    pub fn agent_and_admins(&self, workspace: &WorkspaceId, agent: &AgentId, mut visit: impl FnMut(&Arc<Seat>)) {
        let Some(agents) = self.agents.get(workspace) else { return };
        agents.seats.get(agent).into_iter().flatten().for_each(&mut visit);
        agents.admins.iter().filter(|seat| seat.who.agent() != Some(agent)).for_each(visit);
    }

    /// Whether a visitor's session follows the conversation.
    pub fn has_visiting(&self, conversation: &ConversationId) -> bool {
        self.follows.get(conversation).is_some_and(|follow| follow.seats.iter().any(|seat| seat.who.agent().is_none()))
    }

    /// The conversations that a visitor's session follows, and those that an agent's does.
    pub fn visited_and_watched(&self) -> (Vec<ConversationId>, Vec<ConversationId>) {
        let (mut visited, mut watched) = (Vec::new(), Vec::new());
        for follow in &self.follows {
            if follow.seats.iter().any(|seat| seat.who.agent().is_none()) {
                visited.push(follow.key().clone());
            }
            if follow.seats.iter().any(|seat| seat.who.agent().is_some()) {
                watched.push(follow.key().clone());
            }
        }
        visited.sort();
        watched.sort();
        (visited, watched)
    }

    /// Whether any agent of the workspace has a connection.
    pub fn has_agents(&self, workspace: &WorkspaceId) -> bool {
        self.agents.contains_key(workspace)
    }

    /// The workspaces of which any agent has a connection.
    pub fn workspaces_of_agents(&self) -> BTreeSet<WorkspaceId> {
        self.agents.iter().map(|agents| agents.key().clone()).collect()
    }

    /// The sessions of one agent, oldest first.
    pub fn seats_of(&self, workspace: &WorkspaceId, agent: &AgentId) -> Vec<Arc<Seat>> {
        self.agents.get(workspace).and_then(|agents| agents.seats.get(agent).cloned()).unwrap_or_default()
    }

    /// The sessions of one visitor, oldest first.
    pub fn visitor_seats(&self, workspace: &WorkspaceId, visitor: &VisitorId) -> Vec<Arc<Seat>> {
        let key = (workspace.clone(), visitor.clone());
        self.visitors.get(&key).map(|seats| seats.clone()).unwrap_or_default()
    }

    /// Whether a visitor has a connection.
    pub fn has_visitor(&self, workspace: &WorkspaceId, visitor: &VisitorId) -> bool {
        self.visitors.contains_key(&(workspace.clone(), visitor.clone()))
    }

    /// Calls `visit` with every visitor's session of a workspace.
    pub fn visitors(&self, workspace: &WorkspaceId, mut visit: impl FnMut(&Arc<Seat>)) {
        for seats in &self.visitors {
            if seats.key().0 == *workspace {
                seats.iter().for_each(&mut visit);
            }
        }
    }

    /// Calls `visit` with every session of the node.
    pub fn everybody(&self, mut visit: impl FnMut(&Arc<Seat>)) {
        for seats in &self.visitors {
            seats.iter().for_each(&mut visit);
        }
        for agents in &self.agents {
            agents.seats.values().flatten().for_each(&mut visit);
        }
    }

    /// How many visitors' sessions, agents' sessions and followed conversations there are.
    pub fn sizes(&self) -> (usize, usize, usize) {
        let visitors = self.visitors.iter().map(|seats| seats.len()).sum();
        let agents = self.agents.iter().map(|agents| agents.seats.values().map(Vec::len).sum::<usize>()).sum();
        (visitors, agents, self.follows.len())
    }
}
