//! What a client should know before it runs into it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    chat::decide::{MAX_SHORT, MAX_TEXT},
    wire::request::{MAX_KEY, MAX_PAGE},
};

/// The longest frame, in bytes.
pub const MAX_FRAME: usize = 64 * 1024;

/// `limits` of both `hello` replies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Limits {
    /// The longest frame, in bytes.
    pub max_frame: u32,
    /// The longest text or note, in bytes.
    pub max_text: u32,
    /// The longest title, comment or side-panel string, in bytes.
    pub max_short: u32,
    /// The longest `key`, in characters.
    pub max_key: u32,
    /// The most events or rows a request may ask for.
    pub max_page: u32,
    /// Visitors: sends a second, on average; agents: requests a second. 0 is no limit.
    pub per_second: u32,
    /// How many at once.
    pub burst: u32,
}

// === impl Limits ===

impl Limits {
    /// The contract's sizes with this connection's rate.
    pub fn with_rate(per_second: u32, burst: u32) -> Self {
        let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        Self {
            max_frame: size(MAX_FRAME),
            max_text: size(MAX_TEXT),
            max_short: size(MAX_SHORT),
            max_key: size(MAX_KEY),
            max_page: MAX_PAGE,
            per_second,
            burst,
        }
    }
}
