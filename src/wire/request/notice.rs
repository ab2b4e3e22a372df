//! Notifications: which ones an agent wants, and what became of one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    check::{self, Check},
    fault::Fault,
};
use crate::{ids::ConversationId, wire::settings::NotifySettings};

/// `settings`: what the agent wants to be notified of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct SetSettings {
    /// What is left out stays as it was.
    #[serde(deserialize_with = "check::object")]
    pub notify: NotifyPatch,
}

/// Notification switches to change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct NotifyPatch {
    /// A new conversation in Unassigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unassigned: Option<bool>,
    /// A conversation newly assigned to you.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub assigned: Option<bool>,
    /// A new message in yours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<bool>,
}

/// `notified`: what became of a `notify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Notified {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// The reason it came with.
    pub reason: NotifyReason,
    /// What became of it.
    pub outcome: Outcome,
}

/// Why an agent is notified; there is no other reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum NotifyReason {
    /// A conversation is new in Unassigned.
    Unassigned,
    /// A conversation was given to you.
    Assigned,
    /// The visitor wrote in one of yours.
    Message,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "NotifiedOutcome")]
#[schemars(rename = "NotifiedOutcome")]
pub enum Outcome {
    /// The person was shown it.
    Shown,
    /// The browser does not let it be shown; another connection should ring.
    Blocked,
    /// The person was looking at it already.
    Hidden,
}

// === impl SetSettings ===

impl Check for SetSettings {
    fn check(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

// === impl NotifyPatch ===

impl NotifyPatch {
    /// The switches after this change.
    pub fn over(self, was: NotifySettings) -> NotifySettings {
        NotifySettings {
            unassigned: self.unassigned.unwrap_or(was.unassigned),
            assigned: self.assigned.unwrap_or(was.assigned),
            message: self.message.unwrap_or(was.message),
        }
    }
}

// === impl Notified ===

impl Check for Notified {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("conversation", self.conversation.as_str())
    }
}
