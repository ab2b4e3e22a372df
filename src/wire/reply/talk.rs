//! What visitors and agents are answered alike.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    chat::event::Event,
    ids::{ItemId, Millis, Seq},
    wire::entry::Entry,
};

/// It is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Done {
    /// The last event it made; the log's last one when it made none.
    pub seq: Seq,
    /// When that was.
    pub at: Millis,
    /// Whether an earlier request of the same key did it; such a reply has no place in the order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub duplicate: bool,
}

/// An item was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Made {
    /// Its id.
    pub item: ItemId,
    /// Its event's place.
    pub seq: Seq,
    /// When that was.
    pub at: Millis,
    /// Whether an earlier request of the same key made it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub duplicate: bool,
}

/// Older events, oldest first; none at the beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct HistoryReply {
    /// May be fewer than were asked for.
    #[schemars(with = "Vec<Event>")]
    #[ts(as = "Vec<Event>")]
    pub events: Vec<Arc<Entry>>,
}

/// It was done, and that is all there is to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Nothing {}
