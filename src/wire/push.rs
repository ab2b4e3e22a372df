//! Frames out that nobody asked for: they have no `id`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

mod agent;
mod goodbye;
mod visitor;

pub use self::{
    agent::{AgentPush, InboxPush, NotifyPush, PresencePush, VisitorMoved, Watching},
    goodbye::{FORGOTTEN, Goodbye, RECOGNISED, RENAMED},
    visitor::{Available, AvailableReason, QueuePush, VisitorPush},
};
use super::entry::Entry;
use crate::{
    chat::event::Event,
    ids::{ConversationId, Seq},
};

/// `events`: what happened in a conversation, in the log's order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct EventsPush {
    /// Where.
    pub conversation: ConversationId,
    /// At least one.
    #[schemars(with = "Vec<Event>")]
    #[ts(as = "Vec<Event>")]
    pub events: Vec<Arc<Entry>>,
}

/// Whose of the two sides of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The visitor's.
    Visitor,
    /// The assignee's.
    Agent,
}

/// `typing`: the other side types, or stopped. Forgotten after 6 s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct TypingPush {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub by: Side,
    /// Whether they type now.
    pub on: bool,
    /// To the assignee: what stands in the visitor's field so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub preview: Option<String>,
}

/// `seen`: how far one side has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct SeenPush {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub by: Side,
    /// The highest `seq` that arrived.
    pub received: Seq,
    /// The highest `seq` that was read.
    pub read: Seq,
}
