//! Codes: why a request was refused, and why a connection ends.

use std::{borrow::Cow, path::PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ts_rs::TS;

/// Why a request was refused. The same words stand in the REST interface's problem documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Malformed, or a value out of range; `field` says which.
    Invalid,
    /// A `type` this hub does not know.
    Unsupported,
    /// No valid credentials.
    Unauthorized,
    /// Visible, but not yours to do.
    Forbidden,
    /// No such thing, or not visible to you.
    NotFound,
    /// Somebody was first; `assignee` and `at` say who.
    Conflict,
    /// The conversation is closed.
    Closed,
    /// A text or frame is over its limit.
    TooLarge,
    /// Slow down; `retry_after_ms` says how long.
    RateLimited,
    /// The store or a needed part is down.
    Unavailable,
}

/// Why the hub closes a connection. The range tells the client what to do: see [`CloseCode::reconnects`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// 1003: a binary frame.
    Binary,
    /// 1007: not UTF-8.
    BadUtf8,
    /// 1008: a message in too many fragments.
    Fragments,
    /// 1009: a frame over its limit.
    TooBig,
    /// 4001: the hub is draining.
    Draining,
    /// 4002: the reader is too slow.
    TooSlow,
    /// 4003: no sign of life.
    Lost,
    /// 4004: the hub cannot serve now.
    Unavailable,
    /// 4500: the first frame was not `hello`, or it was malformed.
    NotHello,
    /// 4501: no `hello` in time.
    NoHello,
    /// 4502: token missing, invalid or expired.
    Unauthorized,
    /// 4503: origin or playbook not allowed.
    NotAllowed,
    /// 4504: too many bad frames or too much traffic.
    Abuse,
    /// 4505: replaced by newer connections of the same person.
    Replaced,
}

// === impl ErrorCode ===

impl ErrorCode {
    /// Every code there is.
    pub const ALL: [Self; 10] = [
        Self::Invalid,
        Self::Unsupported,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Closed,
        Self::TooLarge,
        Self::RateLimited,
        Self::Unavailable,
    ];

    /// The code as it travels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unsupported => "unsupported",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Closed => "closed",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether the very same request may succeed later. A retryable refusal of a `send` holds back the ones behind it.
    pub fn retryable(self) -> bool {
        match self {
            Self::RateLimited | Self::Unavailable => true,
            Self::Invalid
            | Self::Unsupported
            | Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::Conflict
            | Self::Closed
            | Self::TooLarge => false,
        }
    }

    /// The HTTP status REST answers it with.
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid | Self::Unsupported => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Closed => 410,
            Self::TooLarge => 413,
            Self::RateLimited => 429,
            Self::Unavailable => 503,
        }
    }
}

// === impl CloseCode ===

impl CloseCode {
    /// Every code there is, lowest first.
    pub const ALL: [Self; 14] = [
        Self::Binary,
        Self::BadUtf8,
        Self::Fragments,
        Self::TooBig,
        Self::Draining,
        Self::TooSlow,
        Self::Lost,
        Self::Unavailable,
        Self::NotHello,
        Self::NoHello,
        Self::Unauthorized,
        Self::NotAllowed,
        Self::Abuse,
        Self::Replaced,
    ];

    /// The number in the WebSocket close frame and in `goodbye`.
    pub fn number(self) -> u16 {
        match self {
            Self::Binary => 1003,
            Self::BadUtf8 => 1007,
            Self::Fragments => 1008,
            Self::TooBig => 1009,
            Self::Draining => 4001,
            Self::TooSlow => 4002,
            Self::Lost => 4003,
            Self::Unavailable => 4004,
            Self::NotHello => 4500,
            Self::NoHello => 4501,
            Self::Unauthorized => 4502,
            Self::NotAllowed => 4503,
            Self::Abuse => 4504,
            Self::Replaced => 4505,
        }
    }

    /// The code with this number, if the hub ever closes with it.
    pub fn of(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// What to tell the person; well under the 123 bytes of a close frame.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Binary => "binary frames are not understood",
            Self::BadUtf8 => "the frame is not UTF-8",
            Self::Fragments => "the message came in too many fragments",
            Self::TooBig => "the frame is too big",
            Self::Draining => "the hub is going down, connect again",
            Self::TooSlow => "reading too slowly, resume from your cursor",
            Self::Lost => "no sign of life",
            Self::Unavailable => "the hub cannot serve now",
            Self::NotHello => "the first frame must be a well-formed hello",
            Self::NoHello => "no hello in time",
            Self::Unauthorized => "the token is missing, invalid or expired",
            Self::NotAllowed => "this page or playbook is not allowed",
            Self::Abuse => "too many bad frames or too much traffic",
            Self::Replaced => "replaced by newer connections of yours",
        }
    }

    /// Whether the client should come back.
    pub fn reconnect(self) -> bool {
        Self::reconnects(self.number())
    }

    /// What a client does on any close code, the hub's or not: 4000–4499 come back; 4500–4999 stop; below 4000 only
    /// 1003, 1007, 1008 and 1009 stop, for the same frame would be refused again.
    pub fn reconnects(number: u16) -> bool {
        !matches!(number, 1003 | 1007 | 1008 | 1009 | 4500..=4999)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.number()
    }
}

impl Serialize for CloseCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.number())
    }
}

impl<'de> Deserialize<'de> for CloseCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(u16::deserialize(deserializer)?).ok_or_else(|| de::Error::custom("the hub closes with no such code"))
    }
}

impl JsonSchema for CloseCode {
    fn schema_name() -> Cow<'static, str> {
        "CloseCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "4000 to 4499: come back. 4500 to 4999: stop. Below 4000 these stop, all others come back.",
            "type": "integer",
            "enum": Self::ALL.map(Self::number),
        })
    }
}

impl TS for CloseCode {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn docs() -> Option<String> {
        Some("/** Why the hub closes a connection. */\n".into())
    }

    fn name(_: &ts_rs::Config) -> String {
        "CloseCode".into()
    }

    fn inline(_: &ts_rs::Config) -> String {
        Self::ALL.map(|code| code.number().to_string()).join(" | ")
    }

    fn decl(cfg: &ts_rs::Config) -> String {
        format!("type CloseCode = {};", Self::inline(cfg))
    }

    fn output_path() -> Option<PathBuf> {
        Some("CloseCode.ts".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_the_range_of_a_close_code_says_come_back_or_stop() {
        for number in 4000..=4499 {
            assert!(CloseCode::reconnects(number), "{number} says come back");
        }
        for number in (4500..=4999).chain([1003, 1007, 1008, 1009]) {
            assert!(!CloseCode::reconnects(number), "{number} says stop");
        }
        for number in [1000, 1001, 1002, 1005, 1006, 1011, 1012, 1013, 3000] {
            assert!(CloseCode::reconnects(number), "{number} says come back");
        }
    }

    #[test]
    fn p1_close_codes_are_the_contracts() {
        let stop: Vec<u16> = CloseCode::ALL.into_iter().filter(|c| !c.reconnect()).map(u16::from).collect();
        let back: Vec<u16> = CloseCode::ALL.into_iter().filter(|c| c.reconnect()).map(u16::from).collect();
        assert_eq!(back, [4001, 4002, 4003, 4004]);
        assert_eq!(stop, [1003, 1007, 1008, 1009, 4500, 4501, 4502, 4503, 4504, 4505]);
        for code in CloseCode::ALL {
            assert_eq!(CloseCode::of(code.number()), Some(code));
            assert!(code.reason().len() <= 123, "a close frame holds 125 bytes");
        }
        assert_eq!(CloseCode::of(4099), None);
    }

    #[test]
    fn p6_error_codes_read_as_they_are_written() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.as_str()));
        }
    }

    #[test]
    fn p6_only_rate_limited_and_unavailable_are_worth_repeating() {
        let again: Vec<_> = ErrorCode::ALL.into_iter().filter(|code| code.retryable()).collect();
        assert_eq!(again, [ErrorCode::RateLimited, ErrorCode::Unavailable]);
    }
}
