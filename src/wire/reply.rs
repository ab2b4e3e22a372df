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
    Refused(Refusal),
}

/// The answer to a request that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename = "reply")]
#[ts(rename = "OkReply")]
pub struct OkReply<T> {
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
#[serde(tag = "type", rename = "reply")]
#[ts(rename = "ErrorReply")]
pub struct Refusal {
    /// The request's; null where none could be read.
    pub id: Option<RequestId>,
    /// False.
    #[schemars(extend("const" = false))]
    #[ts(type = "false")]
    pub ok: bool,
    /// Why.
    pub error: ErrorBody,
}

// === impl Reply ===

impl<T> Reply<T> {
    /// It was done.
    pub fn ok(id: Option<RequestId>, body: T) -> Self {
        Self::Ok(OkReply { id, ok: true, body })
    }

    /// It was refused.
    pub fn refused(id: Option<RequestId>, error: ErrorBody) -> Self {
        Self::Refused(Refusal { id, ok: false, error })
    }
}
