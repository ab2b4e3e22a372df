//! What a visitor may ask.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    check::{self, Check},
    fault::Fault,
    members,
    talk::{History, Say, SeenUpTo, Typing, Which},
    unknown_type,
};
use crate::{
    chat::{event::Page, playbook::Reply},
    ids::{CardId, ConversationId, Epoch, MessageKey, OptionId, PlaybookId, Seq},
};

/// A visitor's request, by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(rename = "Visitor")]
pub enum VisitorAsk {
    /// The first frame.
    Hello(Box<VisitorHello>),
    /// Open a conversation.
    Start,
    /// Answer the card that is asking.
    Answer(Box<Answer>),
    /// Write.
    Send(Say),
    /// Types, or stopped.
    Typing(Typing),
    /// Received or read.
    Seen(SeenUpTo),
    /// Moved to another page.
    Page(Moved),
    /// Judge the conversation.
    Rate(Rate),
    /// End the conversation.
    End(Which),
    /// Older events.
    History(History),
    /// Still there.
    Pong,
}

/// A visitor's `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct VisitorHello {
    /// The playbook of the page's widget.
    pub playbook: PlaybookId,
    /// The visitor token of an earlier `hello`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub token: Option<String>,
    /// A JWT the site signed: who the visitor is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub identity: Option<String>,
    /// Where the visitor is.
    #[serde(default, deserialize_with = "check::maybe_object", skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub page: Option<Page>,
    /// The visitor's language tag, at most 64 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub locale: Option<String>,
    /// Where the client left off.
    #[serde(default, deserialize_with = "check::maybe_object", skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<VisitorAfter>,
}

/// The last event a visitor's client holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct VisitorAfter {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Of which incarnation of the store.
    pub epoch: Epoch,
    /// Its place.
    pub seq: Seq,
}

/// `answer`: with exactly one of `option` (of a choice) and `value` (of a capture).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Answer {
    /// Where.
    pub conversation: ConversationId,
    /// The card that asked.
    pub card: CardId,
    /// The option chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub option: Option<OptionId>,
    /// What was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub value: Option<String>,
    /// The client's name for it, 1 to 64 characters.
    #[schemars(length(min = 1, max = 64))]
    pub key: MessageKey,
}

/// `page`: where the visitor is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Moved {
    /// http or https, at most 2 KiB.
    pub url: String,
    /// Cut to 1 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub title: Option<String>,
}

/// `rate`: the visitor's verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Rate {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// 1 to 5.
    #[schemars(range(min = 1, max = 5))]
    pub score: u8,
    /// At most 1 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub comment: Option<String>,
}

// === impl VisitorAsk ===

impl VisitorAsk {
    pub(super) fn read(kind: &str, frame: &str) -> Result<Self, Fault> {
        match kind {
            "hello" => members(frame).map(Self::Hello),
            "start" => Ok(Self::Start),
            "answer" => members(frame).map(Self::Answer),
            "send" => members(frame).map(Self::Send),
            "typing" => members(frame).map(Self::Typing),
            "seen" => members(frame).map(Self::Seen),
            "page" => members(frame).map(Self::Page),
            "rate" => members(frame).map(Self::Rate),
            "end" => members(frame).map(Self::End),
            "history" => members(frame).map(Self::History),
            "pong" => Ok(Self::Pong),
            _ => Err(unknown_type()),
        }
    }

    /// Its `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Start => "start",
            Self::Answer(_) => "answer",
            Self::Send(_) => "send",
            Self::Typing(_) => "typing",
            Self::Seen(_) => "seen",
            Self::Page(_) => "page",
            Self::Rate(_) => "rate",
            Self::End(_) => "end",
            Self::History(_) => "history",
            Self::Pong => "pong",
        }
    }

    /// The conversation it is about.
    pub fn conversation(&self) -> Option<&ConversationId> {
        match self {
            Self::Hello(_) | Self::Start | Self::Page(_) | Self::Pong => None,
            Self::Answer(answer) => Some(&answer.conversation),
            Self::Send(say) => Some(&say.conversation),
            Self::Typing(typing) => Some(&typing.conversation),
            Self::Seen(seen) => Some(&seen.conversation),
            Self::Rate(rate) => Some(&rate.conversation),
            Self::End(which) => Some(&which.conversation),
            Self::History(history) => Some(&history.conversation),
        }
    }
}

// === impl VisitorHello ===

impl Check for Box<VisitorHello> {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("playbook", self.playbook.as_str())?;
        check::locale(self.locale.as_deref())?;
        if let Some(page) = &mut self.page {
            check::shorten(&mut page.url);
            check::url("page.url", &page.url)?;
            check::title(&mut page.title);
            // Apps and extensions call themselves what they like; where somebody came from is no reason to refuse them.
            page.referrer = page.referrer.take().filter(|referrer| check::is_web(referrer));
        }
        if let Some(after) = &self.after {
            check::plain("after.conversation", after.conversation.as_str())?;
            check::seq("after.seq", Some(after.seq))?;
        }
        Ok(())
    }
}

// === impl Answer ===

impl Answer {
    /// What the visitor answers with.
    pub fn reply(&self) -> Reply {
        match &self.option {
            Some(option) => Reply::Option(option.clone()),
            None => Reply::Value(self.value.clone().unwrap_or_default()),
        }
    }
}

impl Check for Box<Answer> {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("conversation", self.conversation.as_str())?;
        check::key(&self.key)?;
        match (&self.option, &self.value) {
            (Some(_), None) => Ok(()),
            (None, Some(value)) => check::text("value", value),
            (Some(_), Some(_)) => {
                Err(Fault::shape(Some("value"), "an answer has an option or a value, not both".into()))
            }
            (None, None) => Err(Fault::shape(Some("option"), "an answer has an option or a value".into())),
        }
    }
}

// === impl Moved ===

impl Check for Moved {
    fn check(&mut self) -> Result<(), Fault> {
        check::url("url", &self.url)?;
        check::title(&mut self.title);
        Ok(())
    }
}

// === impl Rate ===

impl Check for Rate {
    fn check(&mut self) -> Result<(), Fault> {
        check::plain("conversation", self.conversation.as_str())?;
        self.comment.as_deref().map_or(Ok(()), |comment| check::plain("comment", comment))
    }
}
