//! The last frame before the hub closes on its own accord.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::code::CloseCode;

/// `goodbye`: the same code follows in the close frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Goodbye {
    /// Why.
    pub code: CloseCode,
    /// What to tell the person.
    pub reason: String,
    /// Whether to come back.
    pub reconnect: bool,
    /// When, in milliseconds; the client's own backoff when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after_ms: Option<u64>,
}

// === impl Goodbye ===

impl Goodbye {
    /// The goodbye that belongs to a code.
    pub fn new(code: CloseCode, after_ms: Option<u64>) -> Self {
        Self { code, reason: code.reason().into(), reconnect: code.reconnect(), after_ms }
    }
}
