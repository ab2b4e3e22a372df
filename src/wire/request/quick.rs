//! The short way for what is asked most: a `send` that begins as every client of ours writes it is read in one pass.
//! What is not quite as it should be goes the long way, which says what is wrong with it.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{check::Check, head, id::RequestId, talk::Say};
use crate::ids::{ConversationId, MessageKey};

/// How such a frame begins.
const BEGINNING: &str = r#"{"type":"send","#;

/// All its members; one that comes twice is an error.
#[derive(Deserialize)]
struct Send<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    id: &'a RawValue,
    conversation: ConversationId,
    key: MessageKey,
    text: String,
}

/// The request in this frame, where nothing speaks against it.
pub(super) fn send(frame: &str) -> Option<(RequestId, Say)> {
    if !frame.starts_with(BEGINNING) {
        return None;
    }
    let Send { kind, id, conversation, key, text } = serde_json::from_str(frame).ok()?;
    let mut say = Say { conversation, key, text };
    head::check_depth(frame).ok()?;
    say.check().ok()?;
    Some((RequestId::of_token(id)?, say)).filter(|_| kind == "send")
}
