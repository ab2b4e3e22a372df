//! What an agent may ask.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

use super::{
    check::{self, Check},
    fault::Fault,
    list::List,
    members,
    notice::{Notified, SetSettings},
    talk::{History, Say, SeenUpTo, Typing, Which},
    unknown_type,
};
use crate::{
    chat::{details::DetailsPatch, event::ItemKind, playbook::ItemFields},
    ids::{AgentId, ConversationId, Epoch, MessageKey, Seq},
};

/// An agent's request, by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "Agent")]
pub enum AgentAsk {
    /// The first frame; again, with a newer token, to stay.
    Hello(AgentHello),
    /// The switch.
    Availability(Availability),
    /// What to be notified of.
    Settings(SetSettings),
    /// A page of a folder.
    List(List),
    /// Follow a conversation.
    Open(Open),
    /// Stop following it.
    Leave(Which),
    /// Older events.
    History(History),
    /// "Assign to me".
    Claim(Which),
    /// Give it to somebody, or back to Unassigned.
    Assign(Assign),
    /// Write to the visitor.
    Send(Say),
    /// Write to other agents.
    Note(Say),
    /// Types, or stopped.
    Typing(Typing),
    /// Received or read.
    Seen(SeenUpTo),
    /// Change the side panel.
    Details(Box<ChangeDetails>),
    /// Make a lead, deal or activity.
    Item(Box<MakeItem>),
    /// Close for good.
    Close(Which),
    /// What became of a `notify`.
    Notified(Notified),
    /// Still there.
    Pong,
}

/// An agent's `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct AgentHello {
    /// The agent's JWT.
    pub token: String,
}

/// `availability`: the switch at the bottom left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Availability {
    /// On or off.
    pub online: bool,
    /// Whose; one's own when not said. Another's takes an admin, and off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub agent: Option<AgentId>,
}

/// `open`: follow a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Open {
    /// Which.
    pub conversation: ConversationId,
    /// Where the client left off.
    #[serde(default, deserialize_with = "check::maybe_object", skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<AgentAfter>,
}

/// The last event an agent's client holds of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct AgentAfter {
    /// Of which incarnation of the store.
    pub epoch: Epoch,
    /// Its place.
    pub seq: Seq,
}

/// `assign`: give a conversation to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Assign {
    /// Which.
    pub conversation: ConversationId,
    /// To whom; null is Unassigned. Must be said: forgetting it gives nothing away.
    #[serde(deserialize_with = "said")]
    pub to: Option<AgentId>,
}

/// `details`: change the side panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ChangeDetails {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Only what changes; null clears.
    #[serde(deserialize_with = "check::object")]
    pub details: DetailsPatch,
}

/// `item`: make a lead, deal or activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct MakeItem {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// What.
    pub kind: ItemKind,
    /// What to call it, at most 1 KiB.
    pub title: String,
    /// The client's name for it, 1 to 64 characters; the first of a conversation wins, whoever says it.
    #[schemars(length(min = 1, max = 64))]
    pub key: MessageKey,
    /// What to set beside the panel's details.
    #[serde(default, deserialize_with = "check::maybe_object", skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub fields: Option<ItemFields>,
}

/// A member that may be null but not missing: serde lets an `Option` be forgotten, except where it is told how to read.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AgentId>, D::Error> {
    Option::deserialize(deserializer)
}

// === impl AgentAsk ===

impl AgentAsk {
    pub(super) fn read(kind: &str, frame: &str) -> Result<Self, Fault> {
        match kind {
            "hello" => members(frame).map(Self::Hello),
            "availability" => members(frame).map(Self::Availability),
            "settings" => members(frame).map(Self::Settings),
            "list" => members(frame).map(Self::List),
            "open" => members(frame).map(Self::Open),
            "leave" => members(frame).map(Self::Leave),
            "history" => members(frame).map(Self::History),
            "claim" => members(frame).map(Self::Claim),
            "assign" => members(frame).map(Self::Assign),
            "send" => members(frame).map(Self::Send),
            "note" => members(frame).map(Self::Note),
            "typing" => members(frame).map(Self::Typing),
            "seen" => members(frame).map(Self::Seen),
            "details" => members(frame).map(Self::Details),
            "item" => members(frame).map(Self::Item),
            "close" => members(frame).map(Self::Close),
            "notified" => members(frame).map(Self::Notified),
            "pong" => Ok(Self::Pong),
            _ => Err(unknown_type()),
        }
    }

    /// Its `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Availability(_) => "availability",
            Self::Settings(_) => "settings",
            Self::List(_) => "list",
            Self::Open(_) => "open",
            Self::Leave(_) => "leave",
            Self::History(_) => "history",
            Self::Claim(_) => "claim",
            Self::Assign(_) => "assign",
            Self::Send(_) => "send",
            Self::Note(_) => "note",
            Self::Typing(_) => "typing",
            Self::Seen(_) => "seen",
            Self::Details(_) => "details",
            Self::Item(_) => "item",
            Self::Close(_) => "close",
            Self::Notified(_) => "notified",
            Self::Pong => "pong",
        }
    }

    /// The conversation it is about.
    pub fn conversation(&self) -> Option<&ConversationId> {
        match self {
            Self::Hello(_) | Self::Availability(_) | Self::Settings(_) | Self::List(_) | Self::Pong => None,
            Self::Open(open) => Some(&open.conversation),
            Self::Leave(which) | Self::Claim(which) | Self::Close(which) => Some(&which.conversation),
            Self::History(history) => Some(&history.conversation),
            Self::Assign(assign) => Some(&assign.conversation),
            Self::Send(say) | Self::Note(say) => Some(&say.conversation),
            Self::Typing(typing) => Some(&typing.conversation),
            Self::Seen(seen) => Some(&seen.conversation),
            Self::Details(change) => Some(&change.conversation),
            Self::Item(item) => Some(&item.conversation),
            Self::Notified(notified) => Some(&notified.conversation),
        }
    }
}

// === impl AgentHello ===

impl Check for AgentHello {
    fn check(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

// === impl Availability ===

impl Check for Availability {
    fn check(&mut self) -> Result<(), Fault> {
        self.agent.as_ref().map_or(Ok(()), |agent| check::plain("agent", agent.as_str()))
    }
}

// === impl Open ===

impl Check for Open {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("conversation", self.conversation.as_str())?;
        check::seq("after.seq", self.after.as_ref().map(|after| after.seq))
    }
}

// === impl Assign ===

impl Check for Assign {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("conversation", self.conversation.as_str())?;
        self.to.as_ref().map_or(Ok(()), |to| check::plain("to", to.as_str()))
    }
}

// === impl ChangeDetails ===

impl Check for Box<ChangeDetails> {
    fn check(&mut self) -> Result<(), Fault> {
        // The panel's own ranges are the domain's to check.
        check::plain("conversation", self.conversation.as_str())
    }
}

// === impl MakeItem ===

impl Check for Box<MakeItem> {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("conversation", self.conversation.as_str())?;
        check::key(&self.key)?;
        check::plain("title", &self.title)
    }
}
