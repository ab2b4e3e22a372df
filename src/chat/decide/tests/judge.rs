//! Reads a log as it grows and holds every rule that speaks of one. It knows events and nothing of the fold.

use std::collections::{BTreeMap, BTreeSet};

use super::{super::*, world::kind};
use crate::{
    chat::{
        event::{ClosedReason, ItemKind},
        rich::Rich,
    },
    ids::{CardId, ItemId, Seq},
};

/// Where the judge believes the conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Bot,
    Waiting,
    Offline,
    Assigned,
    Unassigned,
    Closed,
}

/// What the judge remembers of a log.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) playbook: Playbook,
    pub(super) phase: Phase,
    pub(super) owner: Option<AgentId>,
    pub(super) asking: Option<CardId>,
    pub(super) deadline: Option<Millis>,
    pub(super) served: bool,
    pub(super) reached: BTreeSet<CardId>,
    /// The card was reached while the playbook was not to be seen, and nobody was given the visitor since.
    pub(super) hidden: bool,
    pub(super) items: BTreeMap<ItemId, ItemKind>,
    /// Items whose handing on has failed so far.
    failing: BTreeSet<ItemId>,
    pub(super) last_at: Millis,
    seq: Seq,
    last: Option<Event>,
    waits: usize,
    wait_ends: usize,
    ended: bool,
    /// The offline message that must be the next event.
    owed: Option<Rich>,
    entered: BTreeSet<String>,
}

/// The world at the moment of a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) now: Millis,
    pub(super) available: Result<(), MissedReason>,
    pub(super) admins_see_assigned: bool,
}

/// Which agents of the tests have the deals-admin right.
pub(super) fn is_admin(agent: &AgentId) -> bool {
    agent.as_str().starts_with("root")
}

// === impl Judge ===

impl Judge {
    pub(super) fn new(playbook: Playbook) -> Self {
        Self {
            playbook,
            phase: Phase::Bot,
            owner: None,
            asking: None,
            deadline: None,
            served: false,
            reached: BTreeSet::new(),
            hidden: false,
            items: BTreeMap::new(),
            failing: BTreeSet::new(),
            last_at: Millis(0),
            seq: Seq(0),
            last: None,
            waits: 0,
            wait_ends: 0,
            ended: false,
            owed: None,
            entered: BTreeSet::new(),
        }
    }

    /// Takes in what one command made.
    pub(super) fn watch(&mut self, events: &[Event], moment: &Moment) {
        let silent_since = self.last_at;
        for event in events {
            self.next(event, moment, silent_since);
        }
        assert_eq!(self.owed, None, "the offline message is missing");
        let waiting = usize::from(self.phase == Phase::Waiting);
        assert_eq!(self.waits, self.wait_ends + waiting, "a wait ends exactly once");
    }

    /// Whether an agent may see the conversation as it stands.
    pub(super) fn sees(&self, agent: &AgentId, admins_see_assigned: bool) -> bool {
        match self.phase {
            Phase::Bot => is_admin(agent),
            Phase::Closed | Phase::Offline => self.live() || is_admin(agent),
            Phase::Assigned => self.owner.as_ref() == Some(agent) || (is_admin(agent) && admins_see_assigned),
            Phase::Waiting | Phase::Unassigned => true,
        }
    }

    /// Whether it is the agents' business.
    pub(super) fn live(&self) -> bool {
        !self.reached.is_empty() && !self.hidden
    }

    fn next(&mut self, event: &Event, moment: &Moment, silent_since: Millis) {
        assert_eq!(event.seq, self.seq.next(), "no holes");
        assert!(event.at >= self.last_at, "`at` never falls");
        assert!(event.at >= moment.now, "nor does it lie before the clock");
        assert_eq!(
            self.seq == Seq(0),
            matches!(event.what, What::Started(_)),
            "started is the first and only the first"
        );
        if self.phase == Phase::Closed {
            let may = ["details", "note", "item", "item_failed", "rated"];
            assert!(may.contains(&kind(event).as_str()), "{} after closed", kind(event));
        }
        if let Author::Agent { id, .. } = &event.by {
            assert!(self.sees(id, moment.admins_see_assigned), "{id} acts on what they may not see: {event:?}");
        }
        assert_eq!(event.what.for_visitor(), !agents_only(event), "{}", kind(event));
        if let Some(owed) = self.owed.take() {
            let What::Message { rich, .. } = &event.what else { panic!("the offline message comes just after missed") };
            assert_eq!((rich.as_ref(), &event.by), (Some(&owed), &Author::Bot));
        }
        self.take(event, moment, silent_since);
        (self.seq, self.last_at, self.last) = (event.seq, event.at, Some(event.clone()));
        let json = serde_json::to_string(event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), *event, "an event is its JSON");
    }

    fn take(&mut self, event: &Event, moment: &Moment, silent_since: Millis) {
        match &event.what {
            What::Started(_) => {}
            What::Card { card, ask, .. } => {
                assert!(self.bot_talks() && event.by == Author::Bot, "a card while {:?}", self.phase);
                self.asking = ask.wants_answer().then(|| card.clone());
            }
            What::Answer { card, .. } => {
                assert!(self.bot_talks() && event.by == Author::Visitor, "an answer while {:?}", self.phase);
                assert_eq!(self.asking.take().as_ref(), Some(card), "only the card that asks is answered");
            }
            What::Message { key, rich, .. } => match &event.by {
                Author::Visitor => assert!(key.is_some() && rich.is_none()),
                Author::Agent { id, .. } => {
                    assert_eq!(self.owner.as_ref(), Some(id), "an agent who is not the owner writes");
                    assert!(key.is_some() && rich.is_none());
                }
                Author::Bot => assert!(key.is_none() && rich.is_some() && self.bot_talks()),
                Author::System => panic!("the hub writes no texts"),
            },
            What::Waiting { wait_ms, deadline, card } => self.wait(event, *wait_ms, *deadline, card, moment),
            What::Missed { reason, card } => self.miss(event, *reason, card, moment),
            What::Assigned { to, from } => {
                assert_ne!(self.phase, Phase::Bot, "nobody can have it while the playbook talks");
                assert_eq!(from.as_ref().map(|from| &from.id), self.owner.as_ref());
                assert_ne!(self.owner.as_ref(), Some(&to.id), "to the same agent");
                self.owner = Some(to.id.clone());
                (self.served, self.hidden) = (true, false);
                self.enter(Phase::Assigned);
            }
            What::Unassigned { from } => {
                assert_eq!(self.owner.take().as_ref(), Some(&from.id));
                self.enter(Phase::Unassigned);
            }
            What::Rated { score, .. } => assert!((1..=5).contains(score) && event.by == Author::Visitor),
            What::Closed { reason } => self.close(event, *reason, silent_since),
            What::Qualified { .. } | What::Disqualified { .. } => {
                assert!(!self.ended && self.bot_talks(), "a path ends once");
                self.ended = true;
                self.asking = None;
            }
            What::Details { changes } => {
                assert!(!changes.is_empty(), "a change of nothing");
                for field in changes.fields() {
                    match event.by {
                        Author::Visitor => {
                            assert!(
                                !self.entered.contains(&field),
                                "a capture overwrites {field}, which an agent entered"
                            );
                        }
                        _ => drop(self.entered.insert(field)),
                    }
                }
                // What an agent cleared is nobody's entry any more.
                let json = serde_json::to_value(changes).unwrap();
                self.entered.retain(|field| {
                    json.pointer(&format!("/{}", field.replace('.', "/"))) != Some(&serde_json::Value::Null)
                });
            }
            What::Item(item) => match self.items.insert(item.item.clone(), item.kind) {
                None => assert!(item.external.is_none()),
                Some(was) => {
                    let said = item.external.is_some() || self.failing.contains(&item.item);
                    assert!(was == item.kind && said, "an item is made once");
                    self.failing.remove(&item.item);
                }
            },
            What::ItemFailed { item, kind, .. } => {
                assert_eq!(self.items.get(item), Some(kind));
                self.failing.insert(item.clone());
            }
            What::Note { .. } => assert!(matches!(event.by, Author::Agent { .. })),
        }
    }

    fn wait(&mut self, event: &Event, wait_ms: u64, deadline: Millis, card: &CardId, moment: &Moment) {
        assert_eq!(self.phase, Phase::Bot, "a wait begins where the playbook talked");
        assert_eq!(moment.available, Ok(()), "nobody waits for nobody");
        assert!(self.reached.insert(card.clone()) && self.reached.len() == 1, "each Live Chat card at most once");
        let says = self.playbook.live_chat(card).unwrap();
        assert_eq!((wait_ms, deadline), (says.wait_ms, event.at.plus(says.wait_ms as i64)));
        let Some(Event { by: Author::Bot, what: What::Message { rich, .. }, .. }) = &self.last else {
            panic!("the online message comes just before waiting")
        };
        assert_eq!(rich.as_ref(), Some(&says.online_message));
        self.waits += 1;
        self.deadline = Some(deadline);
        self.enter(Phase::Waiting);
    }

    fn miss(&mut self, event: &Event, reason: MissedReason, card: &CardId, moment: &Moment) {
        assert_eq!(event.by, Author::System);
        match reason {
            MissedReason::NobodyOnline | MissedReason::NotInstalled => {
                assert_eq!(self.phase, Phase::Bot);
                assert_eq!(moment.available, Err(reason));
                assert!(
                    self.reached.insert(card.clone()) && self.reached.len() == 1,
                    "each Live Chat card at most once"
                );
                self.hidden = reason == MissedReason::NotInstalled;
            }
            MissedReason::WaitExpired => {
                assert_eq!(self.phase, Phase::Waiting);
                assert!(self.deadline.is_some_and(|deadline| event.at >= deadline), "missed before the deadline");
            }
            MissedReason::EveryoneLeft => {
                assert_eq!(self.phase, Phase::Waiting);
                assert!(moment.available.is_err(), "somebody is there");
            }
        }
        self.owed = self.playbook.live_chat(card).map(|says| says.offline_message);
        self.enter(Phase::Offline);
    }

    fn close(&mut self, event: &Event, reason: ClosedReason, silent_since: Millis) {
        match (reason, &event.by) {
            (ClosedReason::Visitor, Author::Visitor) => {}
            (ClosedReason::Agent, Author::Agent { id, .. }) => {
                assert!(self.owner.as_ref() == Some(id) || is_admin(id), "{id} closes what is not theirs");
            }
            (ClosedReason::Finished, Author::System) => assert!(self.phase == Phase::Bot && self.ended),
            (ClosedReason::Abandoned, Author::System) => {
                assert!(!self.served && self.phase != Phase::Waiting, "abandoned though it reached an agent");
                assert!(event.at.since(silent_since) >= ABANDONED_AFTER, "abandoned too early");
                let leads = self.items.values().filter(|kind| **kind == ItemKind::Lead).count();
                assert!(!self.playbook.abandoned_lead || leads > 0, "the playbook wants a lead");
            }
            (reason, by) => panic!("closed as {reason:?} by {by:?}"),
        }
        self.owner = None;
        self.enter(Phase::Closed);
    }

    fn enter(&mut self, phase: Phase) {
        if self.phase == Phase::Waiting {
            self.wait_ends += 1;
        }
        if phase != Phase::Offline || self.phase == Phase::Waiting {
            self.asking = None;
        }
        if phase != Phase::Waiting {
            self.deadline = None;
        }
        self.phase = phase;
    }

    fn bot_talks(&self) -> bool {
        matches!(self.phase, Phase::Bot | Phase::Offline)
    }
}

fn agents_only(event: &Event) -> bool {
    ["qualified", "disqualified", "details", "item", "item_failed", "note"].contains(&kind(event).as_str())
}
