//! Frames into a buffer that is used again and again.
//!
//! Every writer appends exactly one frame. What is hot is pieced together by hand from bytes that exist already; a
//! test holds that the result is what serde makes of the typed frame.

use std::sync::Arc;

use serde::Serialize;

use super::{entry::Entry, error::ErrorBody, quoted::quoted, request::RequestId};
use crate::ids::{ConversationId, Millis, Seq};

/// `{"type":"ping"}`, for both roles.
pub const PING: &str = r#"{"type":"ping"}"#;

/// The hot reply: `send` is durable at `seq`.
pub fn write_ok_seq(buf: &mut String, id: &RequestId, seq: Seq, at: Millis, duplicate: bool) {
    begin_reply(buf, Some(id), true);
    buf.push_str(r#","seq":"#);
    number(buf, seq.0);
    buf.push_str(r#","at":"#);
    signed(buf, at.0);
    buf.push_str(if duplicate { r#","duplicate":true}"# } else { "}" });
}

/// A reply with this body, which must be a struct (any of [`reply`](super::reply)'s).
pub fn write_ok<T: Serialize>(buf: &mut String, id: &RequestId, body: &T) {
    begin_reply(buf, Some(id), true);
    let members = buf.len();
    json(buf, body);
    // What follows the envelope's members are the body's: its opening brace becomes their comma.
    if buf[members..] == *"{}" {
        buf.truncate(members);
        buf.push('}');
    } else {
        buf.replace_range(members..=members, ",");
    }
}

/// A refusal; `id` is None where none could be read.
pub fn write_error(buf: &mut String, id: Option<&RequestId>, error: &ErrorBody) {
    begin_reply(buf, id, false);
    buf.push_str(r#","error":"#);
    json(buf, error);
    buf.push('}');
}

/// A push with these entries, which the caller has cut to a page and to the reader's audience.
pub fn write_events<'a>(
    buf: &mut String,
    conversation: &ConversationId,
    entries: impl IntoIterator<Item = &'a Arc<Entry>>,
) {
    buf.push_str(r#"{"type":"events","conversation":"#);
    quoted(buf, conversation.as_str());
    buf.push_str(r#","events":"#);
    let mut before = '[';
    for entry in entries {
        buf.push(before);
        buf.push_str(entry.json());
        before = ',';
    }
    buf.push_str(if before == '[' { "[]}" } else { "]}" });
}

/// Any other push: [`VisitorPush`](super::push::VisitorPush) or [`AgentPush`](super::push::AgentPush).
pub fn write_push<T: Serialize>(buf: &mut String, push: &T) {
    json(buf, push);
}

fn begin_reply(buf: &mut String, id: Option<&RequestId>, ok: bool) {
    buf.push_str(r#"{"type":"reply","id":"#);
    match id {
        Some(id) => id.write(buf),
        None => buf.push_str("null"),
    }
    buf.push_str(if ok { r#","ok":true"# } else { r#","ok":false"# });
}

/// Appends a number's digits.
pub(super) fn number(buf: &mut String, number: u64) {
    buf.push_str(itoa::Buffer::new().format(number));
}

/// Appends a number that may be negative.
pub(super) fn signed(buf: &mut String, value: i64) {
    buf.push_str(itoa::Buffer::new().format(value));
}

fn json<T: Serialize + ?Sized>(buf: &mut String, value: &T) {
    let was = buf.len();
    // As bytes: serde_json writes in many small pieces, each of which a string would have to look through.
    let mut bytes = std::mem::take(buf).into_bytes();
    if serde_json::to_writer(&mut bytes, value).is_err() {
        // Frames are structs of strings and numbers, which always become JSON; should one ever not, half of it
        // must not travel.
        bytes.truncate(was);
        bytes.extend_from_slice(b"null");
    }
    // JSON is text.
    *buf = String::from_utf8(bytes).unwrap_or_default();
}

#[cfg(test)]
mod tests;
