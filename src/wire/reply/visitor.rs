//! What a visitor is answered.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Done, HistoryReply, Limits, Nothing};
use crate::{
    chat::{event::Event, playbook::Appearance, summary::ConversationView},
    ids::{Epoch, Millis, PlaybookId, SessionId, VisitorId},
    wire::{entry::Entry, push::AvailableReason, shared::Shared},
};

/// What each of a visitor's requests answers, by its `type`. A map of types: nobody makes one.
#[derive(Clone, Debug, Serialize, JsonSchema, TS)]
pub struct VisitorReplies {
    /// See there.
    pub hello: VisitorHelloReply,
    /// See there.
    pub start: StartReply,
    /// The last event the answer led to.
    pub answer: Done,
    /// Stands in for the event.
    pub send: Done,
    /// Nothing more.
    pub typing: Nothing,
    /// Nothing more.
    pub seen: Nothing,
    /// Nothing more.
    pub page: Nothing,
    /// Its event.
    pub rate: Done,
    /// Its event.
    pub end: Done,
    /// See there.
    pub history: HistoryReply,
    /// Nothing more.
    pub pong: Nothing,
}

/// The reply to a visitor's `hello`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct VisitorHelloReply {
    /// This connection.
    pub session: SessionId,
    /// Who the visitor is.
    pub visitor: VisitorId,
    /// To be shown at the next `hello`. Opaque.
    pub token: String,
    /// The store's incarnation.
    pub epoch: Epoch,
    /// After how much silence the hub pings, in milliseconds.
    pub heartbeat_ms: u64,
    /// The store's clock.
    pub server_time: Millis,
    /// What to stay within.
    pub limits: Limits,
    /// What the widget shows.
    #[schemars(with = "PlaybookView")]
    #[ts(as = "PlaybookView")]
    pub playbook: Arc<Shared<PlaybookView>>,
    /// Whether live chat is offered now.
    pub available: bool,
    /// Why (not).
    pub reason: AvailableReason,
    /// The open one, else the last if it closed within 24 hours.
    pub conversation: Option<ConversationView>,
    /// Whether `events` goes on from `after`, without a hole. False without `after`.
    pub recovered: bool,
    /// One page.
    #[schemars(with = "Vec<Event>")]
    #[ts(as = "Vec<Event>")]
    pub events: Vec<Arc<Entry>>,
}

/// A playbook, as its widget needs to know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct PlaybookView {
    /// Which.
    pub id: PlaybookId,
    /// What its makers call it.
    pub name: String,
    /// Colours, icon, the bot's name and picture.
    pub appearance: Appearance,
    /// Its language.
    pub locale: String,
    /// When to open by itself, in milliseconds.
    pub open_after_ms: Option<u64>,
    /// Whether agents see what visitors type before it is sent.
    pub typing_preview: bool,
}

/// The reply to `start`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct StartReply {
    /// The new one, or the one that was open already.
    pub conversation: ConversationView,
    /// From its beginning; of one that was open, the newest page.
    #[schemars(with = "Vec<Event>")]
    #[ts(as = "Vec<Event>")]
    pub events: Vec<Arc<Entry>>,
}
