//! A conversation under test with the world around it: its playbook, its log, a clock one can set, an availability.

use super::super::*;
use crate::{
    chat::{
        event::{PlaybookRef, Started, VisitorRef},
        playbook::Reply,
    },
    ids::{CardId, ConversationId, MessageKey},
};

/// The clock when a world begins.
pub(super) const NOON: Millis = Millis(1_763_800_000_000);

/// One conversation and everything that decides about it.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) playbook: Playbook,
    pub(super) conversation: Conversation,
    pub(super) log: Vec<Event>,
    pub(super) now: Millis,
    pub(super) available: Result<(), MissedReason>,
    pub(super) admins_see_assigned: bool,
    keys: u32,
}

/// The demo of playbook.md, word for word: a question, then Live Chat for a minute or the end.
pub(super) fn demo() -> Playbook {
    Playbook::from_json(include_str!("../../../../config/playbooks/demo.json")).unwrap()
}

/// A playbook from its cards, as JSON.
pub(super) fn playbook(start: &str, cards: serde_json::Value) -> Playbook {
    let json =
        serde_json::json!({"id": "pb_test", "name": "Test", "abandoned_lead": true, "start": start, "cards": cards});
    let playbook = Playbook::from_value(json).unwrap();
    assert_eq!(playbook.faults(), []);
    playbook
}

pub(super) fn agent(name: &str) -> Actor {
    Actor::Agent { agent: agent_ref(name), admin: false }
}

pub(super) fn admin(name: &str) -> Actor {
    Actor::Agent { agent: agent_ref(name), admin: true }
}

pub(super) fn agent_ref(name: &str) -> AgentRef {
    AgentRef { id: name.into(), name: name.into(), avatar: None }
}

// === impl World ===

impl World {
    /// A visitor presses start; `available` says whether somebody could take a chat.
    pub(super) fn begin(playbook: Playbook, available: Result<(), MissedReason>) -> Self {
        let started = Started {
            visitor: VisitorRef { id: "v_1".into(), name: None, verified: false },
            playbook: PlaybookRef { id: playbook.id.clone(), version: 1 },
            page: None,
            locale: None,
        };
        let empty = Conversation::begin(ConversationId::from("c_1"), "w".into(), NOON, &started);
        let policy = Policy { playbook: &playbook, available, admins_see_assigned: true };
        let log = begin(empty.clone(), started, Default::default(), &policy);
        let conversation = Conversation::fold("c_1".into(), "w".into(), &log).unwrap();
        Self { playbook, conversation, log, now: NOON, available, admins_see_assigned: true, keys: 0 }
    }

    /// The demo at its question, with somebody available.
    pub(super) fn asked() -> Self {
        Self::begin(demo(), Ok(()))
    }

    /// The demo at its Live Chat card, with somebody available.
    pub(super) fn waiting() -> Self {
        let mut world = Self::asked();
        world.choose("hello", "talk").unwrap();
        world
    }

    /// The demo in its offline flow, where nobody was online.
    pub(super) fn offline() -> Self {
        let mut world = Self::begin(demo(), Err(MissedReason::NobodyOnline));
        world.choose("hello", "talk").unwrap();
        world
    }

    /// The demo, claimed by this agent.
    pub(super) fn assigned(name: &str) -> Self {
        let mut world = Self::waiting();
        world.give(&agent(name), &Command::Claim).unwrap();
        world
    }

    /// The demo, closed by the agent who had it.
    pub(super) fn closed() -> Self {
        let mut world = Self::assigned("jane");
        world.give(&agent("jane"), &Command::Close).unwrap();
        world
    }

    pub(super) fn policy(&self) -> Policy<'_> {
        Policy { playbook: &self.playbook, available: self.available, admins_see_assigned: self.admins_see_assigned }
    }

    /// Decides without appending anything.
    pub(super) fn ask(&self, actor: &Actor, command: &Command) -> Decision {
        decide(&self.conversation, actor, command, &self.policy(), self.now)
    }

    /// Decides and appends; the events it made.
    pub(super) fn give(&mut self, actor: &Actor, command: &Command) -> Decision {
        let events = self.ask(actor, command)?;
        for event in &events {
            self.conversation.apply(event);
            self.log.push(event.clone());
        }
        Ok(events)
    }

    pub(super) fn choose(&mut self, card: &str, option: &str) -> Decision {
        self.answer(card, Reply::Option(option.into()))
    }

    pub(super) fn type_in(&mut self, card: &str, value: &str) -> Decision {
        self.answer(card, Reply::Value(value.into()))
    }

    fn answer(&mut self, card: &str, reply: Reply) -> Decision {
        let key = self.key();
        self.give(&Actor::Visitor, &Command::Answer { card: CardId::from(card), reply, key })
    }

    /// Writes a text under a key of its own.
    pub(super) fn say(&mut self, actor: &Actor, text: &str) -> Decision {
        let key = self.key();
        self.give(actor, &Command::Send { key, text: text.into() })
    }

    pub(super) fn key(&mut self) -> MessageKey {
        self.keys += 1;
        format!("k{}", self.keys).into()
    }

    pub(super) fn later(&mut self, ms: i64) {
        self.now = self.now.plus(ms);
    }
}

/// The types of events, as one reads them in a log.
pub(super) fn types(events: &[Event]) -> Vec<String> {
    events.iter().map(kind).collect()
}

/// An event's `type` on the wire.
pub(super) fn kind(event: &Event) -> String {
    serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned()
}
