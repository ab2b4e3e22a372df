//! What visitors and agents ask alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    DEFAULT_PAGE,
    check::{self, Check},
    fault::Fault,
};
use crate::ids::{ConversationId, MessageKey, Seq};

/// `send`, and an agent's `note`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Say {
    /// Where.
    pub conversation: ConversationId,
    /// The client's name for it, 1 to 64 characters; repeating it writes nothing twice.
    #[schemars(length(min = 1, max = 64))]
    pub key: MessageKey,
    /// Plain text, 1 byte to 16 KiB.
    pub text: String,
}

/// `typing`: not stored, shown to the other side for at most 6 s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Typing {
    /// Where.
    pub conversation: ConversationId,
    /// Whether they type now.
    pub on: bool,
    /// What stands in the field so far, at most 16 KiB; only where the playbook's `typing_preview` is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub preview: Option<String>,
}

/// `seen`: how far one has received and read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct SeenUpTo {
    /// Where.
    pub conversation: ConversationId,
    /// The highest `seq` that arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub received: Option<Seq>,
    /// The highest `seq` that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub read: Option<Seq>,
}

/// `history`: older events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct History {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The oldest `seq` one has.
    pub before: Seq,
    /// At most this many, 1 to 100; 50 when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// A request that says nothing but which conversation: `end`, `leave`, `claim`, `close`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Which {
    /// Which.
    pub conversation: ConversationId,
}

// === impl Say ===

impl Check for Say {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("conversation", self.conversation.as_str())?;
        check::key(&self.key)?;
        // How long it may be is decided after who may write at all.
        check::plain("text", &self.text)
    }
}

// === impl Typing ===

impl Check for Typing {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("conversation", self.conversation.as_str())?;
        self.preview.as_deref().map_or(Ok(()), |preview| check::text("preview", preview))
    }
}

// === impl SeenUpTo ===

impl Check for SeenUpTo {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("conversation", self.conversation.as_str())?;
        check::seq("received", self.received)?;
        check::seq("read", self.read)
    }
}

// === impl History ===

impl History {
    /// How many events, 1 to 100.
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_PAGE) as usize
    }
}

impl Check for History {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("conversation", self.conversation.as_str())?;
        check::seq("before", Some(self.before))?;
        check::page_limit(&mut self.limit)
    }
}

// === impl Which ===

impl Check for Which {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("conversation", self.conversation.as_str())
    }
}
