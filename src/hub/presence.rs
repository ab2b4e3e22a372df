//! Who could take a chat: the switch (stored intent) and being reachable (connections, with a grace), every change
//! of the two with its reason.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify as Bell;

use crate::{
    chat::event::AgentRef,
    ids::{AgentId, Millis, WorkspaceId},
    store::{AgentRow, NotifySettings},
    wire::agent::{Agent, AgentStatus, PresenceReason},
};

/// How long an agent stays present after their last connection closed, in milliseconds.
pub const GRACE_CLOSED: i64 = 20_000;
/// How long an agent stays present after they were last heard, in milliseconds.
pub const GRACE_SILENT: i64 = 30_000;

/// The agents who are or recently were connected to this node.
#[derive(Debug, Default)]
pub struct Presence {
    here: Mutex<HashMap<WorkspaceId, HashMap<AgentId, Here>>>,
    poke: Bell,
}

#[derive(Debug)]
struct Here {
    agent: AgentRef,
    online: bool,
    notify: NotifySettings,
    seats: usize,
    /// When they count as gone, and why; only without a seat.
    gone_at: Option<(Millis, PresenceReason)>,
}

/// An agent's status changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// Whose company.
    pub workspace: WorkspaceId,
    /// Who.
    pub agent: AgentRef,
    /// What they are now.
    pub status: AgentStatus,
    /// Why.
    pub reason: PresenceReason,
}

/// An agent as others are shown them.
pub fn shown(agent: &AgentRef, status: AgentStatus) -> Agent {
    Agent { id: agent.id.clone(), name: agent.name.clone(), avatar: agent.avatar.clone(), status }
}

// === impl Presence ===

impl Presence {
    /// One more connection of an agent; the row is as the store has it.
    pub fn arrive(&self, row: &AgentRow) -> Option<Flip> {
        let mut here = self.lock();
        let agents = here.entry(row.workspace.clone()).or_default();
        let known = agents.get(&row.agent.id).map(Here::status);
        let entry = agents.entry(row.agent.id.clone()).or_insert_with(|| Here {
            agent: row.agent.clone(),
            online: row.online,
            notify: row.notify,
            seats: 0,
            gone_at: None,
        });
        entry.agent = row.agent.clone();
        entry.online = row.online;
        entry.notify = row.notify;
        entry.seats += 1;
        entry.gone_at = None;
        let was = known.unwrap_or(AgentStatus::of(row.online, false));
        entry.flip(&row.workspace, was, PresenceReason::Connected)
    }

    /// One connection less. The agent stays present for the grace, so that a reload shows nobody a flap.
    pub fn depart(&self, workspace: &WorkspaceId, agent: &AgentId, heard: Millis, clean: bool, now: Millis) {
        let mut here = self.lock();
        let Some(entry) = here.get_mut(workspace).and_then(|agents| agents.get_mut(agent)) else { return };
        entry.seats = entry.seats.saturating_sub(1);
        if entry.seats == 0 {
            let silent = heard.plus(GRACE_SILENT);
            entry.gone_at = Some(match clean {
                true => (silent.min(now.plus(GRACE_CLOSED)), PresenceReason::Closed),
                false => (silent.max(now), PresenceReason::Lost),
            });
            self.poke.notify_one();
        }
    }

    /// The switch was set, by the agent or by an admin.
    pub fn toggle(
        &self,
        workspace: &WorkspaceId,
        row: &AgentRow,
        online: bool,
        reason: PresenceReason,
    ) -> Option<Flip> {
        let mut here = self.lock();
        match here.get_mut(workspace).and_then(|agents| agents.get_mut(&row.agent.id)) {
            Some(entry) => {
                let was = entry.status();
                entry.online = online;
                entry.flip(workspace, was, reason)
            }
            None => {
                let (was, status) = (AgentStatus::of(row.online, false), AgentStatus::of(online, false));
                (was != status).then(|| Flip { workspace: workspace.clone(), agent: row.agent.clone(), status, reason })
            }
        }
    }

    /// What an agent wants to be notified of has changed.
    pub fn set_notify(&self, workspace: &WorkspaceId, agent: &AgentId, notify: NotifySettings) {
        if let Some(entry) = self.lock().get_mut(workspace).and_then(|agents| agents.get_mut(agent)) {
            entry.notify = notify;
        }
    }

    /// Forgets an agent who was removed.
    pub fn forget(&self, workspace: &WorkspaceId, agent: &AgentId) {
        if let Some(agents) = self.lock().get_mut(workspace) {
            agents.remove(agent);
        }
    }

    /// Those whose grace is over by `now`, and when to look again.
    pub fn expire(&self, now: Millis) -> (Vec<Flip>, Option<Millis>) {
        let mut here = self.lock();
        let (mut flips, mut next) = (Vec::new(), None::<Millis>);
        for (workspace, agents) in here.iter_mut() {
            agents.retain(|_, entry| match entry.gone_at {
                Some((at, reason)) if at <= now => {
                    let was = entry.status();
                    entry.gone_at = None;
                    flips.extend(entry.flip(workspace, was, reason));
                    false
                }
                Some((at, _)) => {
                    next = Some(next.map_or(at, |next| next.min(at)));
                    true
                }
                None => true,
            });
        }
        here.retain(|_, agents| !agents.is_empty());
        (flips, next)
    }

    /// An agent's status, given their stored switch.
    pub fn status(&self, row: &AgentRow) -> AgentStatus {
        let here = self.lock();
        match here.get(&row.workspace).and_then(|agents| agents.get(&row.agent.id)) {
            Some(entry) => entry.status(),
            None => AgentStatus::of(row.online, false),
        }
    }

    /// Whether anybody of the workspace could take a chat.
    pub fn anybody(&self, workspace: &WorkspaceId) -> bool {
        self.lock().get(workspace).is_some_and(|agents| agents.values().any(|entry| entry.is_online()))
    }

    /// How many could take a chat, and how many are connected or within their grace.
    pub fn counts(&self, workspace: &WorkspaceId) -> (usize, usize) {
        let here = self.lock();
        here.get(workspace)
            .map_or((0, 0), |agents| (agents.values().filter(|entry| entry.is_online()).count(), agents.len()))
    }

    /// Whether an agent is switched on, and what they want to be notified of. None for one who is not here.
    pub fn wants(&self, workspace: &WorkspaceId, agent: &AgentId) -> Option<(bool, NotifySettings)> {
        let here = self.lock();
        here.get(workspace)?.get(agent).map(|entry| (entry.online, entry.notify))
    }

    /// How many agents are held in memory; zero once everybody's grace is over.
    pub fn len(&self) -> usize {
        self.lock().values().map(HashMap::len).sum()
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns when somebody's grace began.
    pub async fn poked(&self) {
        self.poke.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WorkspaceId, HashMap<AgentId, Here>>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Here ===

impl Here {
    fn status(&self) -> AgentStatus {
        AgentStatus::of(self.online, self.seats > 0 || self.gone_at.is_some())
    }

    fn is_online(&self) -> bool {
        self.status() == AgentStatus::Online
    }

    fn flip(&self, workspace: &WorkspaceId, was: AgentStatus, reason: PresenceReason) -> Option<Flip> {
        let status = self.status();
        (was != status).then(|| Flip { workspace: workspace.clone(), agent: self.agent.clone(), status, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(online: bool) -> AgentRow {
        AgentRow {
            workspace: "w".into(),
            agent: AgentRef { id: "jane".into(), name: "Jane".into(), avatar: None },
            admin: false,
            online,
            notify: NotifySettings::default(),
            last_hello_at: Millis(0),
        }
    }

    #[test]
    fn r10_closing_the_last_tab_ends_presence_after_the_grace_and_not_before() {
        let presence = Presence::default();
        let jane = row(true);
        assert_eq!(presence.arrive(&jane).map(|flip| flip.status), Some(AgentStatus::Online));
        presence.depart(&jane.workspace, &jane.agent.id, Millis(1_000), true, Millis(1_000));
        let (flips, next) = presence.expire(Millis(20_999));
        assert!(flips.is_empty());
        assert_eq!(next, Some(Millis(21_000)));
        let (flips, next) = presence.expire(Millis(21_000));
        assert_eq!(flips.len(), 1);
        assert_eq!((flips[0].status, flips[0].reason), (AgentStatus::Away, PresenceReason::Closed));
        assert_eq!(next, None);
        assert!(presence.is_empty());
    }

    #[test]
    fn pr2_a_reconnect_within_the_grace_shows_no_flap() {
        let presence = Presence::default();
        let jane = row(true);
        presence.arrive(&jane);
        presence.depart(&jane.workspace, &jane.agent.id, Millis(0), false, Millis(5_000));
        assert!(presence.anybody(&jane.workspace));
        assert_eq!(presence.arrive(&jane), None);
        assert!(presence.expire(Millis(100_000)).0.is_empty());
        assert!(presence.anybody(&jane.workspace));
    }

    #[test]
    fn pr1_a_connection_that_died_without_a_word_counts_as_gone_thirty_seconds_after_it_was_heard() {
        let presence = Presence::default();
        let jane = row(true);
        presence.arrive(&jane);
        presence.depart(&jane.workspace, &jane.agent.id, Millis(0), false, Millis(20_000));
        assert!(presence.expire(Millis(29_999)).0.is_empty());
        let (flips, _) = presence.expire(Millis(30_000));
        assert_eq!(flips[0].reason, PresenceReason::Lost);
    }

    #[test]
    fn r10_the_switch_is_intent_and_a_second_device_never_moves_it() {
        let presence = Presence::default();
        let jane = row(false);
        assert_eq!(presence.arrive(&jane), None);
        assert_eq!(presence.arrive(&jane), None);
        assert!(!presence.anybody(&jane.workspace));
        let flip = presence.toggle(&jane.workspace, &jane, true, PresenceReason::Toggle);
        assert_eq!(flip.map(|flip| flip.status), Some(AgentStatus::Online));
        presence.depart(&jane.workspace, &jane.agent.id, Millis(0), true, Millis(0));
        assert!(presence.anybody(&jane.workspace));
    }
}
