//! Frames in: what a client asks. One reading, two passes: the first borrows `type` and `id` and skips the rest, the
//! second reads exactly the members that type has. No tree of values is ever built. A sound `send` takes one pass:
//! see `quick`.
//!
//! What is not even built as its type is (a string where a number belongs, a missing member) is *malformed* and counts
//! for the ten in a row that end a connection; what is, but says something that will not do (an empty key, a limit of
//! 1,000, a folder that does not exist), is a *refused value* and does not.

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use ts_rs::TS;

mod agent;
mod check;
mod fault;
mod head;
mod id;
mod list;
mod notice;
mod quick;
mod talk;
mod visitor;

pub use self::{
    agent::{AgentAfter, AgentAsk, AgentHello, Assign, Availability, ChangeDetails, MakeItem, Open},
    fault::Malformed,
    id::RequestId,
    list::{FolderName, List},
    notice::{Notified, NotifyPatch, NotifyReason, Outcome, SetSettings},
    talk::{History, Say, SeenUpTo, Typing, Which},
    visitor::{Answer, Moved, Rate, VisitorAfter, VisitorAsk, VisitorHello},
};
use self::{check::Check, fault::Fault, head::Head};
use super::{code::ErrorCode, error::ErrorBody};

/// How deep a frame may nest.
pub const MAX_DEPTH: usize = 16;
/// The longest `key` and the longest string `id`, in characters.
pub const MAX_KEY: usize = 64;
/// The most events or rows a request may ask for.
pub const MAX_PAGE: u32 = 100;
/// How many it gets when it does not say.
pub const DEFAULT_PAGE: u32 = 50;
/// The longest web address, in bytes.
pub const MAX_URL: usize = 2 * 1024;
/// The highest `seq` a client may name: the last integer every JSON reader tells from its neighbours.
pub const MAX_SEQ: u64 = (1 << 53) - 1;

/// A request as it travels: what is asked, and the `id` to answer it by.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema, TS)]
#[schemars(rename = "{A}Request")]
pub struct Request<A> {
    /// Echoed in the reply. Without it there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub id: Option<RequestId>,
    /// What is asked.
    #[serde(flatten)]
    pub ask: A,
}

/// Reads a visitor's frame.
///
/// # Errors
/// When it is no request of a visitor: see [`Malformed`].
pub fn parse_visitor(frame: &str) -> Result<Request<VisitorAsk>, Malformed> {
    parse(frame, VisitorAsk::Send, VisitorAsk::read)
}

/// Reads an agent's frame.
///
/// # Errors
/// When it is no request of an agent: see [`Malformed`].
pub fn parse_agent(frame: &str) -> Result<Request<AgentAsk>, Malformed> {
    parse(frame, AgentAsk::Send, AgentAsk::read)
}

fn parse<A>(
    frame: &str,
    send: fn(Say) -> A,
    read: fn(&str, &str) -> Result<A, Fault>,
) -> Result<Request<A>, Malformed> {
    match quick::send(frame) {
        Some((id, say)) => Ok(Request { id: Some(id), ask: send(say) }),
        None => parse_any(frame, read),
    }
}

fn parse_any<A>(frame: &str, read: fn(&str, &str) -> Result<A, Fault>) -> Result<Request<A>, Malformed> {
    let head = Head::read(frame).map_err(|fault| fault.without_id())?;
    let id = match head.id() {
        Ok(id) => id,
        Err(fault) => return Err(fault.without_id()),
    };
    let asked = head.kind().and_then(|kind| {
        head::check_depth(frame)?;
        read(&kind, frame)
    });
    match asked {
        Ok(ask) => Ok(Request { id, ask }),
        Err(fault) => Err(fault.of(id)),
    }
}

/// The second pass: the members of one type, then their ranges.
fn members<T: DeserializeOwned + Check>(frame: &str) -> Result<T, Fault> {
    let mut members: T = serde_json::from_str(frame).map_err(|_| Fault::explain::<T>(frame))?;
    members.check()?;
    Ok(members)
}

fn unknown_type() -> Fault {
    Fault::value(ErrorBody::new(ErrorCode::Unsupported, "this hub knows no request of that type"))
}

// === impl Request ===

impl<A: Serialize> Request<A> {
    /// The frame a client sends for it.
    pub fn to_frame(&self) -> String {
        // Strings and numbers all the way down: nothing in a request can fail to become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
