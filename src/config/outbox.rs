//! What is handed on to the outside.

use super::reader::Reader;

/// `[outbox]`.
#[derive(Debug, Clone, Copy)]
pub struct Outbox {
    /// `allow_private`: webhooks may lead to this machine and to private
    /// networks, and to this machine without TLS. Default false.
    pub allow_private: bool,
    /// `first_retry_ms`: from the first failure to the second try, in
    /// milliseconds; the other waits are multiples of it. 1 to 5,000, default
    /// 5,000: more would not fit into a day.
    pub first_retry_ms: u64,
}

// === impl Outbox ===

impl Outbox {
    pub(super) fn ask(reader: &mut Reader) -> Self {
        Self {
            allow_private: reader.flag(&["outbox", "allow_private"], false),
            first_retry_ms: reader.number(&["outbox", "first_retry_ms"], 5_000, 1..=5_000),
        }
    }
}
