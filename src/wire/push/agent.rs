//! What an agent is told without asking.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{EventsPush, Goodbye, SeenPush, TypingPush};
use crate::{
    chat::{
        event::{AgentRef, Page},
        summary::Summary,
    },
    ids::{ConversationId, Millis, Seq},
    wire::{
        agent::{Agent, PresenceReason},
        counts::CountsChanged,
        error::AgentName,
        request::NotifyReason,
    },
};

/// A push to an agent, by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentPush {
    /// What happened.
    Events(EventsPush),
    /// A row of the inbox changed, came or went.
    Inbox(Box<InboxPush>),
    /// An agent's status changed.
    Presence(PresencePush),
    /// Something the person may want to know at once.
    Notify(NotifyPush),
    /// The visitor (or the assignee) types.
    Typing(TypingPush),
    /// How far a side has come.
    Seen(SeenPush),
    /// The visitor came, left or moved to another page.
    Visitor(VisitorMoved),
    /// Who has an unassigned conversation open.
    Watching(Watching),
    /// A sign of life; a `pong` is welcome, any frame will do.
    Ping,
    /// The connection ends.
    Goodbye(Goodbye),
}

/// `inbox`: one row to put in (`upsert`) or to take out (`remove`), and the folders whose size changed. Either may come
/// without the other. `seq` orders: an older one than the row's changes nothing, of equal ones the latest counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct InboxPush {
    /// The row as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub upsert: Option<Summary>,
    /// The conversation that is none of this agent's business any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub remove: Option<ConversationId>,
    /// With `remove`: the event it went with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seq: Option<Seq>,
    /// With `remove`: who has it now, if anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub assignee: Option<AgentName>,
    /// With `remove`: since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub at: Option<Millis>,
    /// The folders whose size changed for this agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub counts: Option<CountsChanged>,
}

/// `presence`: an agent's status changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct PresencePush {
    /// Who, and what they are now.
    pub agent: Agent,
    /// Why.
    pub reason: PresenceReason,
}

/// `notify`: answered with `notified`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct NotifyPush {
    /// Why.
    pub reason: NotifyReason,
    /// About which conversation.
    pub conversation: ConversationId,
    /// The notification's first line.
    pub title: String,
    /// The notification's text.
    pub body: String,
    /// Whether this connection is the one to show it.
    pub ring: bool,
}

/// `visitor`: the visitor of a followed conversation came, left or moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct VisitorMoved {
    /// Whose visitor.
    pub conversation: ConversationId,
    /// Whether they have a connection now.
    pub connected: bool,
    /// Where they are.
    pub page: Option<Page>,
}

/// `watching`: who has an unassigned conversation open; the whole list each time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Watching {
    /// Which.
    pub conversation: ConversationId,
    /// Everybody, oneself included, by name.
    pub agents: Vec<AgentRef>,
}

// === impl InboxPush ===

impl InboxPush {
    /// A row as it is now.
    pub fn upsert(row: Summary) -> Self {
        Self { upsert: Some(row), ..Self::default() }
    }

    /// A row that is gone with event `seq`.
    pub fn remove(conversation: ConversationId, seq: Seq, assignee: Option<AgentName>, at: Millis) -> Self {
        Self { remove: Some(conversation), seq: Some(seq), assignee, at: Some(at), ..Self::default() }
    }

    /// The same with the folders whose size changed.
    #[must_use]
    pub fn with_counts(self, counts: CountsChanged) -> Self {
        Self { counts: (!counts.is_empty()).then_some(counts), ..self }
    }
}
