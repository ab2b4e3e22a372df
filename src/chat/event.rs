//! What can happen in a conversation, as it is stored and as it travels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    details::DetailsPatch,
    playbook::{Ask, ItemFields},
    rich::Rich,
};
use crate::ids::{AgentId, CardId, ItemId, MessageKey, Millis, OptionId, PlaybookId, Seq, VisitorId};

/// One durable fact of a conversation. Its JSON is the same in the store and on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Event {
    /// Its place in the log.
    pub seq: Seq,
    /// When it was decided, by the store's clock; never falls along `seq`.
    pub at: Millis,
    /// Who caused it.
    pub by: Author,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// Who caused an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Author {
    /// The visitor of the conversation.
    Visitor,
    /// An agent of its workspace.
    Agent {
        /// The JWT's `sub`.
        id: AgentId,
        /// As of the agent's last `hello`.
        name: String,
    },
    /// The playbook.
    Bot,
    /// The hub itself: a deadline, an availability that ended, eight silent hours.
    System,
}

/// What happened. `type` on the wire. Texts are nearly all of them: what is large and rare lies elsewhere, so that they are not
/// as large.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum What {
    /// The first event of every log.
    Started(Started),
    /// The playbook shows a card.
    Card {
        /// Which card.
        card: CardId,
        /// What the visitor may do with it.
        ask: Ask,
        /// Its text without formatting.
        text: String,
        /// Its text as a tree.
        rich: Rich,
    },
    /// The visitor answered a choice or a capture.
    Answer {
        /// Which card.
        card: CardId,
        /// The option chosen, of a choice.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        option: Option<OptionId>,
        /// What was typed, of a capture, tidied.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        value: Option<String>,
        /// What to show for it.
        label: String,
        /// The key the client gave the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        key: Option<MessageKey>,
    },
    /// Somebody wrote.
    Message {
        /// The author's key; a bot's message has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        key: Option<MessageKey>,
        /// Plain text, at most 16 KiB.
        text: String,
        /// A bot's text as a tree.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        rich: Option<Rich>,
    },
    /// The visitor waits for an agent.
    Waiting {
        /// The card's wait time in milliseconds.
        #[ts(type = "number")]
        wait_ms: u64,
        /// When the wait ends if nobody comes.
        deadline: Millis,
        /// The Live Chat card that began it.
        card: CardId,
    },
    /// Nobody came: the offline flow begins.
    Missed {
        /// Why.
        reason: MissedReason,
        /// The Live Chat card whose offline flow begins.
        card: CardId,
    },
    /// The conversation became somebody's.
    Assigned {
        /// The new owner.
        to: AgentRef,
        /// The one before, on a reassignment.
        from: Option<Box<AgentRef>>,
    },
    /// The owner gave it up.
    Unassigned {
        /// The one before.
        from: AgentRef,
    },
    /// The visitor rated the conversation.
    Rated {
        /// 1 to 5.
        score: u8,
        /// At most 1 KiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        comment: Option<String>,
    },
    /// The end. Nothing but `details`, `note`, `item`, `item_failed` and `rated` may follow.
    Closed {
        /// Why.
        reason: ClosedReason,
    },
    /// A path of the playbook ended well.
    Qualified {
        /// The card that said so.
        card: CardId,
    },
    /// A path of the playbook ended with nothing to follow up.
    Disqualified {
        /// The card that said so.
        card: CardId,
    },
    /// The side panel changed. By a visitor: a claim of theirs, not verified.
    Details {
        /// Only what changed.
        changes: Box<DetailsPatch>,
    },
    /// A lead, deal or activity was made, or one made before became known to the CRM.
    Item(Item),
    /// Handing an item on failed; the message says whether it is tried again.
    ItemFailed {
        /// Which item.
        item: ItemId,
        /// What it is.
        kind: ItemKind,
        /// What to tell the agent.
        message: String,
    },
    /// A note among agents.
    Note {
        /// The author's key.
        key: MessageKey,
        /// Plain text, at most 16 KiB.
        text: String,
    },
}

/// How a conversation began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Started {
    /// Whose it is.
    pub visitor: VisitorRef,
    /// The playbook and its version; the conversation keeps this one.
    pub playbook: PlaybookRef,
    /// Where it began.
    pub page: Option<Box<Page>>,
    /// The visitor's language tag, as the browser says it.
    pub locale: Option<String>,
}

/// A visitor, as shown in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct VisitorRef {
    /// Who.
    pub id: VisitorId,
    /// Their name, when the site vouched for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// Whether the site's signed identity says who they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub verified: bool,
}

/// A playbook at one of its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct PlaybookRef {
    /// Which playbook.
    pub id: PlaybookId,
    /// From 1.
    pub version: u32,
}

/// A web page a visitor is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Page {
    /// http or https, at most 2 KiB.
    pub url: String,
    /// At most 1 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub title: Option<String>,
    /// Where they came from, at most 2 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub referrer: Option<String>,
}

/// An agent, as shown in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct AgentRef {
    /// The JWT's `sub`.
    pub id: AgentId,
    /// As of the last `hello`.
    pub name: String,
    /// An https picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub avatar: Option<String>,
}

/// Why nobody took a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum MissedReason {
    /// No agent was available when the Live Chat card was reached.
    NobodyOnline,
    /// The deadline passed.
    WaitExpired,
    /// The last available agent left during the wait.
    EveryoneLeft,
    /// The playbook has never been seen on one of its pages, or is not active.
    NotInstalled,
}

/// Why a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClosedReason {
    /// An agent closed it.
    Agent,
    /// The visitor ended it.
    Visitor,
    /// The playbook's path ended without a Live Chat card.
    Finished,
    /// Eight silent hours and no agent.
    Abandoned,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// Somebody who may become a customer.
    Lead,
    /// A sale under way.
    Deal,
    /// Something to do.
    Activity,
}

/// A lead, deal or activity, as the log tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Item {
    /// Its id. A later event with the same one only says that it was handed on: it updates `external` and ends an
    /// `item_failed`.
    pub item: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// What people call it.
    pub title: String,
    /// What its maker set beside the panel's details.
    #[serde(default, skip_serializing_if = "ItemFields::is_empty")]
    #[ts(optional, as = "Option<ItemFields>")]
    pub fields: Box<ItemFields>,
    /// Where the CRM keeps it, once handed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub external: Option<External>,
}

/// Where a CRM keeps an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct External {
    /// The CRM's own id.
    pub id: String,
    /// Where a person can look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub url: Option<String>,
}

// === impl What ===

impl What {
    /// Whether the visitor of the conversation is shown this event.
    pub fn for_visitor(&self) -> bool {
        !matches!(
            self,
            Self::Qualified { .. }
                | Self::Disqualified { .. }
                | Self::Details { .. }
                | Self::Item(_)
                | Self::ItemFailed { .. }
                | Self::Note { .. }
        )
    }
}
