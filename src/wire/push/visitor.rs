//! What a visitor is told without asking.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{EventsPush, Goodbye, SeenPush, TypingPush};
use crate::{chat::event::MissedReason, ids::ConversationId};

/// A push to a visitor, by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum VisitorPush {
    /// What happened.
    Events(EventsPush),
    /// The assignee types.
    Typing(TypingPush),
    /// How far the assignee (or another tab of one's own) has come.
    Seen(SeenPush),
    /// Whether live chat is offered now.
    Available(Available),
    /// One's place in the queue.
    Queue(QueuePush),
    /// A sign of life; a `pong` is welcome, any frame will do.
    Ping,
    /// The connection ends.
    Goodbye(Goodbye),
}

/// `available`: pushed the moment it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Available {
    /// Whether an agent can be reached by this playbook's Live Chat card.
    pub available: bool,
    /// Why (not).
    pub reason: AvailableReason,
}

/// Why live chat is, or is not, offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum AvailableReason {
    /// It is.
    Ok,
    /// No agent is switched on and present.
    NobodyOnline,
    /// The playbook is not active.
    Inactive,
    /// The playbook was never seen on one of its pages.
    NotInstalled,
}

/// `queue`: at most once a second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct QueuePush {
    /// Whose place.
    pub conversation: ConversationId,
    /// From 1.
    #[schemars(range(min = 1))]
    pub position: u32,
}

// === impl Available ===

impl From<AvailableReason> for Available {
    fn from(reason: AvailableReason) -> Self {
        Self { available: reason == AvailableReason::Ok, reason }
    }
}

// === impl AvailableReason ===

impl AvailableReason {
    /// Why a Live Chat card reached now goes offline at once; Ok when it does not.
    ///
    /// # Errors
    /// The reason its `missed` event will have.
    pub fn missed(self) -> Result<(), MissedReason> {
        match self {
            Self::Ok => Ok(()),
            Self::NobodyOnline => Err(MissedReason::NobodyOnline),
            Self::Inactive | Self::NotInstalled => Err(MissedReason::NotInstalled),
        }
    }
}
