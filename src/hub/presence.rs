//! Who could take a chat: the switch (stored intent) and being reachable (connections here and elsewhere, with a
//! grace), every change of the two with its reason.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify as Bell;

mod crew;
mod here;
mod others;
mod person;

use self::{crew::People, here::Here, person::Person};
use crate::{
    chat::event::AgentRef,
    ids::{AgentId, Millis, WorkspaceId},
    store::{AgentRow, NotifySettings},
    wire::{
        agent::{Agent, AgentStatus, PresenceReason},
        roster::{Present, Roster, Stay},
    },
};

/// How long an agent stays present after their last connection closed, or their node's lease ended, in milliseconds.
pub const GRACE_CLOSED: i64 = 20_000;
/// How long an agent stays present after they were last heard, in milliseconds.
pub const GRACE_SILENT: i64 = 30_000;

/// The agents who are or recently were connected to some node; among other nodes also those who are not, of workspaces
/// whose agents are here.
#[derive(Debug, Default)]
pub struct Presence {
    people: Mutex<People>,
    /// Somebody's stay has got an end.
    ending: Bell,
    /// The roster of this node changed: for the store.
    changed: Bell,
    /// And for the mesh.
    moved: Bell,
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

/// An agent has another name or picture than was known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// As others are told; the status is what it was.
    pub now: Flip,
    /// Whether they said so on this node: the others have not heard of it.
    pub here: bool,
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
        let mut people = self.lock();
        let stamp = people.stamp();
        let crew = people.crew(&row.workspace);
        let is_renamed = crew.knew_otherwise(&row.agent);
        let agents = &mut crew.agents;
        let known = agents.get(&row.agent.id).map(Person::status);
        let person = agents.entry(row.agent.id.clone()).or_insert_with(|| Person::new(row, stamp));
        // The row was read before: of one who is known here, memory knows the switch at least as well.
        person.agent = row.agent.clone();
        let stayed = person.here.as_ref().map(Here::stay);
        person.here.get_or_insert_default().arrive();
        let was = known.unwrap_or(AgentStatus::of(row.online, false));
        let flip = person.flip(&row.workspace, was, PresenceReason::Connected);
        let renamed = is_renamed.then(|| person.renamed(&row.workspace, true));
        people.renamed.extend(renamed);
        if stayed != Some(Stay::Seated) {
            people.moved.insert(row.workspace.clone());
            self.ring();
        }
        flip
    }

    /// One connection less. The agent stays present for the grace.
    pub fn depart(&self, workspace: &WorkspaceId, agent: &AgentId, heard: Millis, clean: bool, now: Millis) {
        let mut people = self.lock();
        let Some(here) = people.person(workspace, agent).and_then(|person| person.here.as_mut()) else { return };
        here.depart(heard, clean, now);
        if here.gone_at().is_some() {
            people.moved.insert(workspace.clone());
            self.ending.notify_one();
            self.ring();
        }
    }

    /// A moment in the order of what is taken over from the store; for [`Presence::settle`] and its like.
    pub fn as_of(&self) -> u64 {
        self.lock().last_stamp()
    }

    /// Takes over the switch and the wishes as they are stored. Several may set them at once, on this node and on
    /// others: a row that was read before somebody else settled is refused, to be read again, so that the last one to be
    /// stored stands. `before` says what an agent was who is not known here.
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
        let mut people = self.lock();
        let stamp = people.stamp();
        match people.person(&row.workspace, &row.agent.id) {
            Some(person) => {
                let (flip, renamed) = person.settle(row, reason, as_of, stamp)?;
                people.renamed.extend(renamed);
                Ok(flip)
            }
            None => {
                let (was, status) = (AgentStatus::of(before.online, false), AgentStatus::of(row.online, false));
                let flip = || Flip { workspace: row.workspace.clone(), agent: row.agent.clone(), status, reason };
                Ok((was != status).then(flip))
            }
        }
    }

    /// Who got another name or picture since this was asked last.
    pub fn take_renamed(&self) -> Vec<Renamed> {
        std::mem::take(&mut self.lock().renamed)
    }

    /// Somebody here is shown the agents of a workspace, on a node that is alone: those who are not kept may come under
    /// another name.
    pub fn show(&self, workspace: &WorkspaceId, rows: &[&AgentRow]) {
        if let Some(crew) = self.lock().crews.get_mut(workspace) {
            crew.shown = rows.iter().map(|row| (row.agent.id.clone(), row.agent.clone())).collect();
        }
    }

    /// An agent was removed: switched off, and forgotten once their last session is gone. `before` says what an agent
    /// was who is not known here.
    pub fn dismiss(&self, workspace: &WorkspaceId, agent: &AgentId, before: Option<&AgentRow>) -> Option<Flip> {
        let mut people = self.lock();
        let stamp = people.stamp();
        let Some(person) = people.person(workspace, agent) else {
            let gone = Person::new(&AgentRow { online: false, ..before?.clone() }, stamp);
            return gone.flip(workspace, AgentStatus::of(before?.online, false), PresenceReason::Admin);
        };
        let was = person.status();
        (person.online, person.settled) = (false, stamp);
        let flip = person.flip(workspace, was, PresenceReason::Admin);
        if !person.is_present() {
            people.crew(workspace).agents.remove(agent);
        }
        people.tidy();
        flip
    }

    /// Who is present on this node at this moment, as far as it `is_so`: after a long sleep they may be gone without
    /// this node knowing it yet.
    pub fn roster(&self, at: Millis, is_so: impl Fn(&Present) -> bool) -> Roster {
        let people = self.lock();
        let here = people.all().filter_map(|(workspace, person)| {
            let stay = person.here.as_ref()?.stay();
            Some(Present { workspace: workspace.clone(), agent: person.agent.id.clone(), stay })
        });
        Roster { at, agents: here.filter(is_so).collect() }
    }

    /// The workspaces whose people on this node changed since this was asked last.
    pub fn take_moved(&self) -> BTreeSet<WorkspaceId> {
        std::mem::take(&mut self.lock().moved)
    }

    /// They could not be told yet; or they are to be told again.
    pub fn put_moved(&self, moved: impl IntoIterator<Item = WorkspaceId>) {
        self.lock().moved.extend(moved);
    }

    /// Those whose last stay is over by `now`, and when to look again.
    pub fn expire(&self, now: Millis) -> (Vec<Flip>, Option<Millis>) {
        let mut people = self.lock();
        let (mut flips, mut next, mut went) = (Vec::new(), None::<Millis>, false);
        let People { crews, leases, expired, .. } = &mut *people;
        *expired = now.max(*expired);
        for (workspace, crew) in crews {
            for person in crew.agents.values_mut() {
                let (was, was_here) = (person.status(), person.here.is_some());
                if let Some(reason) = person.expire(now, leases) {
                    flips.extend(person.flip(workspace, was, reason));
                }
                went |= was_here && person.here.is_none();
                next = next.into_iter().chain(person.next_end(leases)).min();
            }
        }
        if went {
            // The others know by themselves when a stay ends.
            self.changed.notify_one();
        }
        people.forget_leases(now);
        people.tidy();
        (flips, next)
    }

    /// An agent's status, given their stored switch.
    pub fn status(&self, row: &AgentRow) -> AgentStatus {
        match self.lock().person(&row.workspace, &row.agent.id) {
            Some(person) => person.status(),
            None => AgentStatus::of(row.online, false),
        }
    }

    /// Whether anybody of the workspace could take a chat.
    pub fn anybody(&self, workspace: &WorkspaceId) -> bool {
        self.lock().crews.get(workspace).is_some_and(|crew| crew.agents.values().any(Person::is_online))
    }

    /// The workspaces in which somebody could.
    pub fn offered(&self) -> Vec<WorkspaceId> {
        let people = self.lock();
        let offered = people.crews.iter().filter(|(_, crew)| crew.agents.values().any(Person::is_online));
        offered.map(|(workspace, _)| workspace.clone()).collect()
    }

    /// Whether an agent is switched on, and what they want to be notified of. None for one who is not known here.
    pub fn wants(&self, workspace: &WorkspaceId, agent: &AgentId) -> Option<(bool, NotifySettings)> {
        self.lock().person(workspace, agent).map(|person| (person.online, person.notify))
    }

    /// How many agents are held in memory; zero once everybody's grace is over and nobody looks at them any more.
    pub fn len(&self) -> usize {
        self.lock().all().count()
    }

    /// Whether nobody is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns when somebody's stay has got an end.
    pub async fn ending(&self) {
        self.ending.notified().await;
    }

    /// Returns when the roster of this node changed; for whoever keeps it.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The same for whoever tells the others.
    pub async fn moved(&self) {
        self.moved.notified().await;
    }

    fn ring(&self) {
        self.changed.notify_one();
        self.moved.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
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
        let flip = presence.settle(&jane, &row(true), PresenceReason::Toggle, presence.as_of()).unwrap();
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
        assert_eq!(
            presence.dismiss(&jane.workspace, &jane.agent.id, None).map(|flip| flip.status),
            Some(AgentStatus::Offline)
        );
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
