//! Frames out that answer a request: they carry its `id`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

mod agent;
mod limits;
mod talk;
mod visitor;

pub use self::{
    agent::{AgentHelloReply, AgentReplies, ListReply, OpenReply, SettingsReply},
    limits::{Limits, MAX_FRAME},
    talk::{Done, HistoryReply, Made, Nothing},
    visitor::{PlaybookView, StartReply, VisitorHelloReply, VisitorReplies},
};
use super::{error::ErrorBody, request::RequestId};

/// A reply as it travels: done, or refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(untagged)]
pub enum Reply<T> {
    /// It was done.
    Ok(OkReply<T>),
    /// It was refused.
    Refused(ErrorReply),
}

/// The answer to a request that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct OkReply<T> {
    /// `reply`.
    #[serde(rename = "type")]
    pub kind: ReplyTag,
    /// The request's.
    pub id: Option<RequestId>,
    /// True.
    #[schemars(extend("const" = true))]
    #[ts(type = "true")]
    pub ok: bool,
    /// What the request answers.
    #[serde(flatten)]
    pub body: T,
}

/// The answer to a request that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ErrorReply {
    /// `reply`.
    #[serde(rename = "type")]
    pub kind: ReplyTag,
    /// The request's; null where none could be read.
    pub id: Option<RequestId>,
    /// False.
    #[schemars(extend("const" = false))]
    #[ts(type = "false")]
    pub ok: bool,
    /// Why.
    pub error: ErrorBody,
}

/// The `type` of every reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReplyTag {
    /// The only one.
    Reply,
}

// === impl Reply ===

impl<T> Reply<T> {
    /// It was done.
    pub fn ok(id: Option<RequestId>, body: T) -> Self {
        Self::Ok(OkReply { kind: ReplyTag::Reply, id, ok: true, body })
    }

    /// It was refused.
    pub fn refused(id: Option<RequestId>, error: ErrorBody) -> Self {
        Self::Refused(ErrorReply { kind: ReplyTag::Reply, id, ok: false, error })
    }
}
