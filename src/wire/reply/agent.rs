//! What an agent is answered.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Done, HistoryReply, Limits, Made, Nothing};
use crate::{
    chat::{
        event::Event,
        summary::{ConversationView, Summary},
    },
    ids::{Epoch, Millis, SessionId},
    wire::{
        agent::{Agent, Me},
        counts::Counts,
        entry::Entry,
        settings::Settings,
    },
};

/// What each of an agent's requests answers, by its `type`. A map of types: nobody makes one.
#[derive(Clone, Debug, Serialize, JsonSchema, TS)]
pub struct AgentReplies {
    /// See there.
    pub hello: AgentHelloReply,
    /// Nothing more.
    pub availability: Nothing,
    /// See there.
    pub settings: SettingsReply,
    /// See there.
    pub list: ListReply,
    /// See there.
    pub open: OpenReply,
    /// Nothing more.
    pub leave: Nothing,
    /// See there.
    pub history: HistoryReply,
    /// Its event.
    pub claim: Done,
    /// Its event.
    pub assign: Done,
    /// Stands in for the event.
    pub send: Done,
    /// Stands in for the event.
    pub note: Done,
    /// Nothing more.
    pub typing: Nothing,
    /// Nothing more.
    pub seen: Nothing,
    /// Its event.
    pub details: Done,
    /// See there.
    pub item: Made,
    /// Its event.
    pub close: Done,
    /// Nothing more.
    pub notified: Nothing,
    /// Nothing more.
    pub pong: Nothing,
}

/// The reply to an agent's `hello`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct AgentHelloReply {
    /// This connection.
    pub session: SessionId,
    /// Oneself.
    pub agent: Me,
    /// The store's incarnation.
    pub epoch: Epoch,
    /// After how much silence the hub pings, in milliseconds.
    pub heartbeat_ms: u64,
    /// The store's clock.
    pub server_time: Millis,
    /// What to stay within.
    pub limits: Limits,
    /// The switch.
    pub online: bool,
    /// What one has set.
    pub settings: Settings,
    /// Everybody in the workspace, by name.
    pub agents: Vec<Agent>,
    /// The folders' sizes.
    pub counts: Counts,
    /// The first 50 of Unassigned.
    pub unassigned: Vec<Summary>,
    /// The first 50 of one's own; their events are pushed from each row's `seq` on.
    pub mine: Vec<Summary>,
}

/// The reply to `settings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct SettingsReply {
    /// As they are stored now.
    pub settings: Settings,
}

/// The reply to `list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ListReply {
    /// In the folder's order.
    pub conversations: Vec<Summary>,
    /// For `before` of the next page; null at the end. Opaque.
    pub next: Option<String>,
}

/// The reply to `open`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct OpenReply {
    /// All of it.
    pub conversation: ConversationView,
    /// Whether `events` goes on from `after`, without a hole. False without `after`.
    pub recovered: bool,
    /// One page.
    #[schemars(with = "Vec<Event>")]
    #[ts(as = "Vec<Event>")]
    pub events: Vec<Arc<Entry>>,
}
