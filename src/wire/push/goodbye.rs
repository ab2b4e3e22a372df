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

/// For 4001, where the hub goes on and the agent is another than before.
pub const RENAMED: &str = "your name, picture or role has changed, connect again";
/// For 4001, where a visitor has said in another tab who they are.
pub const RECOGNISED: &str = "the site has said who you are, connect again";

/// For 4502, where an admin has erased the visitor.
pub const FORGOTTEN: &str = "what was known of you was erased";

// === impl Goodbye ===

impl Goodbye {
    /// The goodbye that belongs to a code, in its words or in better ones.
    pub fn new(code: CloseCode, after_ms: Option<u64>, because: Option<&'static str>) -> Self {
        let reason = because.unwrap_or_else(|| code.reason()).into();
        Self { code, reason, reconnect: code.reconnect(), after_ms }
    }
}
