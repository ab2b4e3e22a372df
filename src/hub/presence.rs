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
    /// When a connection that is gone was last heard.
    heard: Millis,
    /// When a connection last said goodbye.
    closed: Option<Millis>,
    /// When they count as gone, and why; only without a seat.
    gone_at: Option<(Millis, PresenceReason)>,
    /// How often the switch and the wishes were taken over from the store.
    settled: u64,
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

/// The row was read before somebody else took over a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overtaken;

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
            heard: Millis(0),
            closed: None,
            gone_at: None,
            settled: 1,
        });
        // The row was read before: of one who is known here, memory knows the switch at least as well.
        entry.agent = row.agent.clone();
        entry.seats += 1;
        entry.closed = None;
        entry.gone_at = None;
        let was = known.unwrap_or(AgentStatus::of(row.online, false));
        entry.flip(&row.workspace, was, PresenceReason::Connected)
    }

    /// One connection less. The agent stays present for the grace, so that a reload shows nobody a flap.
    pub fn depart(&self, workspace: &WorkspaceId, agent: &AgentId, heard: Millis, clean: bool, now: Millis) {
        let mut here = self.lock();
        let Some(entry) = here.get_mut(workspace).and_then(|agents| agents.get_mut(agent)) else { return };
        entry.seats = entry.seats.saturating_sub(1);
        entry.heard = entry.heard.max(heard);
        if clean {
            entry.closed = Some(now);
        }
        if entry.seats == 0 {
            entry.gone_at = Some(entry.end(now));
            self.poke.notify_one();
        }
    }

    /// How often an agent's switch was taken over from the store; for [`Presence::settle`].
    pub fn settled(&self, workspace: &WorkspaceId, agent: &AgentId) -> u64 {
        let here = self.lock();
        here.get(workspace).and_then(|agents| agents.get(agent)).map_or(0, |entry| entry.settled)
    }

    /// Takes over the switch and the wishes as they are stored. Two devices may set them at once: a row that was read
    /// before somebody else settled is refused, to be read again, so that the last one to be stored stands.
    ///
    /// # Errors
    /// [`Overtaken`] when somebody settled since `as_of`.
    pub fn settle(
        &self,
        before: &AgentRow,
        row: &AgentRow,
        reason: PresenceReason,
        as_of: u64,
    ) -> Result<Option<Flip>, Overtaken> {
        let mut here = self.lock();
        match here.get_mut(&row.workspace).and_then(|agents| agents.get_mut(&row.agent.id)) {
            Some(entry) if entry.settled != as_of => Err(Overtaken),
            Some(entry) => {
                let was = entry.status();
                entry.online = row.online;
                entry.notify = row.notify;
                entry.settled += 1;
                Ok(entry.flip(&row.workspace, was, reason))
            }
            None => {
                let (was, status) = (AgentStatus::of(before.online, false), AgentStatus::of(row.online, false));
                let flip = || Flip { workspace: row.workspace.clone(), agent: row.agent.clone(), status, reason };
                Ok((was != status).then(flip))
            }
        }
    }

    /// An agent was removed: switched off, and forgotten once their last session is gone.
    pub fn dismiss(&self, row: &AgentRow) -> Option<Flip> {
        let off = AgentRow { online: false, ..row.clone() };
        let mut as_of = self.settled(&row.workspace, &row.agent.id);
        loop {
            match self.settle(row, &off, PresenceReason::Admin, as_of) {
                Ok(flip) => return flip,
                Err(Overtaken) => as_of = self.settled(&row.workspace, &row.agent.id),
            }
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

    /// When an agent without a connection counts as gone: after the grace of the goodbye, if nothing was heard since,
    /// or after the silence, whichever comes first.
    fn end(&self, now: Millis) -> (Millis, PresenceReason) {
        let silent = self.heard.plus(GRACE_SILENT).max(now);
        match self.closed {
            Some(closed) if closed >= self.heard => {
                (silent.min(closed.plus(GRACE_CLOSED)).max(now), PresenceReason::Closed)
            }
            _ => (silent, PresenceReason::Lost),
        }
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
        let flip = presence.settle(&jane, &row(true), PresenceReason::Toggle, 1).unwrap();
        assert_eq!(flip.map(|flip| flip.status), Some(AgentStatus::Online));
        // A device that read the row before the switch was used brings nothing old back.
        assert_eq!(presence.arrive(&jane), None);
        assert!(presence.anybody(&jane.workspace));
        assert_eq!(presence.settle(&jane, &jane, PresenceReason::Toggle, 1), Err(Overtaken));
        presence.depart(&jane.workspace, &jane.agent.id, Millis(0), true, Millis(0));
        assert!(presence.anybody(&jane.workspace));
    }

    #[test]
    fn pr2_the_grace_counts_from_the_connection_that_was_heard_last() {
        let presence = Presence::default();
        let jane = row(true);
        let depart = |heard, clean, now| presence.depart(&jane.workspace, &jane.agent.id, heard, clean, now);
        // A tab closed at 19 s; the other device had been silent all along and is given up at 20 s.
        presence.arrive(&jane);
        presence.arrive(&jane);
        depart(Millis(19_000), true, Millis(19_000));
        depart(Millis(0), false, Millis(20_000));
        let (flips, next) = presence.expire(Millis(38_999));
        assert_eq!((flips.len(), next), (0, Some(Millis(39_000))));
        assert_eq!(presence.expire(Millis(39_000)).0[0].reason, PresenceReason::Closed);
        // A goodbye that was followed by words from another device is none of the agent's.
        presence.arrive(&jane);
        presence.arrive(&jane);
        depart(Millis(50_000), true, Millis(50_000));
        depart(Millis(60_000), false, Millis(80_000));
        assert_eq!(presence.expire(Millis(89_999)).0, []);
        assert_eq!(presence.expire(Millis(90_000)).0[0].reason, PresenceReason::Lost);
    }

    #[test]
    fn pr1_a_removed_agent_whose_session_lingers_is_forgotten_with_it_and_not_before() {
        let presence = Presence::default();
        let jane = row(true);
        presence.arrive(&jane);
        assert_eq!(presence.dismiss(&jane).map(|flip| flip.status), Some(AgentStatus::Offline));
        assert!(!presence.anybody(&jane.workspace));
        // They come back at once on another device; the old session going must not take the new one along.
        presence.arrive(&row(false));
        presence.depart(&jane.workspace, &jane.agent.id, Millis(0), false, Millis(0));
        assert!(presence.expire(Millis(100_000)).0.is_empty());
        assert_eq!(presence.len(), 1);
        presence.depart(&jane.workspace, &jane.agent.id, Millis(100_000), true, Millis(100_000));
        presence.expire(Millis(120_000));
        assert!(presence.is_empty());
    }
}
