//! Who could take a chat: the switch (stored intent) and being reachable (connections here and elsewhere, with a
//! grace), every change of the two with its reason.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify as Bell;

mod here;
mod person;

use self::{
    here::Here,
    person::{Person, There},
};
use crate::{
    chat::event::AgentRef,
    ids::{AgentId, Millis, NodeId, WorkspaceId},
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

type People = HashMap<WorkspaceId, HashMap<AgentId, Person>>;

/// The agents who are or recently were connected to some node.
#[derive(Debug, Default)]
pub struct Presence {
    people: Mutex<People>,
    /// Somebody's stay has got an end.
    ending: Bell,
    /// The roster of this node changed.
    changed: Bell,
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
        let mut people = self.lock();
        let agents = people.entry(row.workspace.clone()).or_default();
        let known = agents.get(&row.agent.id).map(Person::status);
        let person = agents.entry(row.agent.id.clone()).or_insert_with(|| Person::new(row));
        // The row was read before: of one who is known here, memory knows the switch at least as well.
        person.agent = row.agent.clone();
        let stayed = person.here.as_ref().map(Here::stay);
        person.here.get_or_insert_default().arrive();
        let was = known.unwrap_or(AgentStatus::of(row.online, false));
        if stayed != Some(Stay::Seated) {
            self.changed.notify_one();
        }
        person.flip(&row.workspace, was, PresenceReason::Connected)
    }

    /// One connection less. The agent stays present for the grace.
    pub fn depart(&self, workspace: &WorkspaceId, agent: &AgentId, heard: Millis, clean: bool, now: Millis) {
        let mut people = self.lock();
        let person = people.get_mut(workspace).and_then(|agents| agents.get_mut(agent));
        let Some(here) = person.and_then(|person| person.here.as_mut()) else { return };
        here.depart(heard, clean, now);
        if here.gone_at().is_some() {
            self.ending.notify_one();
            self.changed.notify_one();
        }
    }

    /// How often an agent's switch was taken over from the store; for [`Presence::settle`].
    pub fn settled(&self, workspace: &WorkspaceId, agent: &AgentId) -> u64 {
        let people = self.lock();
        people.get(workspace).and_then(|agents| agents.get(agent)).map_or(0, |person| person.settled)
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
        let mut people = self.lock();
        match people.get_mut(&row.workspace).and_then(|agents| agents.get_mut(&row.agent.id)) {
            Some(person) if person.settled != as_of => Err(Overtaken),
            Some(person) => {
                let was = person.status();
                person.online = row.online;
                person.notify = row.notify;
                person.settled += 1;
                Ok(person.flip(&row.workspace, was, reason))
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

    /// Who is present on this node.
    pub fn roster(&self) -> Roster {
        let people = self.lock();
        let here = |workspace: &WorkspaceId, person: &Person| {
            let stay = person.here.as_ref()?.stay();
            Some(Present { workspace: workspace.clone(), agent: person.agent.id.clone(), stay })
        };
        let agents = people
            .iter()
            .flat_map(|(workspace, agents)| agents.values().filter_map(move |person| here(workspace, person)));
        Roster { agents: agents.collect() }
    }

    /// Takes over who was present on another node, whose lease ends at `lease`. Rows are of agents who may not be
    /// known yet; whoever has none and is not known was removed, and is left out.
    pub fn hear(&self, node: &NodeId, lease: Millis, roster: &Roster, rows: &[AgentRow]) {
        let mut people = self.lock();
        for present in &roster.agents {
            let agents = people.entry(present.workspace.clone()).or_default();
            let row = || rows.iter().find(|row| row.workspace == present.workspace && row.agent.id == present.agent);
            if !agents.contains_key(&present.agent)
                && let Some(row) = row()
            {
                agents.insert(present.agent.clone(), Person::new(row));
            }
            let Some(person) = agents.get_mut(&present.agent) else { continue };
            person.there.retain(|there| there.node != *node);
            person.there.push(There { node: node.clone(), stay: present.stay, lease });
        }
        people.retain(|_, agents| !agents.is_empty());
        self.ending.notify_one();
    }

    /// Those whose last stay is over by `now`, and when to look again.
    pub fn expire(&self, now: Millis) -> (Vec<Flip>, Option<Millis>) {
        let mut people = self.lock();
        let (mut flips, mut next) = (Vec::new(), None::<Millis>);
        for (workspace, agents) in people.iter_mut() {
            agents.retain(|_, person| {
                let (was, was_here) = (person.status(), person.here.is_some());
                if let Some(reason) = person.expire(now) {
                    flips.extend(person.flip(workspace, was, reason));
                }
                if was_here && person.here.is_none() {
                    self.changed.notify_one();
                }
                next = next.into_iter().chain(person.next_end()).min();
                person.is_present()
            });
        }
        people.retain(|_, agents| !agents.is_empty());
        (flips, next)
    }

    /// An agent's status, given their stored switch.
    pub fn status(&self, row: &AgentRow) -> AgentStatus {
        let people = self.lock();
        match people.get(&row.workspace).and_then(|agents| agents.get(&row.agent.id)) {
            Some(person) => person.status(),
            None => AgentStatus::of(row.online, false),
        }
    }

    /// Whether anybody of the workspace could take a chat.
    pub fn anybody(&self, workspace: &WorkspaceId) -> bool {
        self.lock().get(workspace).is_some_and(|agents| agents.values().any(Person::is_online))
    }

    /// The workspaces in which somebody could.
    pub fn offered(&self) -> Vec<WorkspaceId> {
        let people = self.lock();
        let offered = people.iter().filter(|(_, agents)| agents.values().any(Person::is_online));
        offered.map(|(workspace, _)| workspace.clone()).collect()
    }

    /// Whether an agent is switched on, and what they want to be notified of. None for one who is not present.
    pub fn wants(&self, workspace: &WorkspaceId, agent: &AgentId) -> Option<(bool, NotifySettings)> {
        let people = self.lock();
        people.get(workspace)?.get(agent).map(|person| (person.online, person.notify))
    }

    /// How many agents are held in memory; zero once everybody's grace is over.
    pub fn len(&self) -> usize {
        self.lock().values().map(HashMap::len).sum()
    }

    /// Whether nobody is present.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns when somebody's stay has got an end.
    pub async fn ending(&self) {
        self.ending.notified().await;
    }

    /// Returns when the roster of this node changed.
    pub async fn changed(&self) {
        self.changed.notified().await;
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
