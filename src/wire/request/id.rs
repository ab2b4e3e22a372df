//! What a client calls a request.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::{RawValue, to_raw_value};
use ts_rs::TS;

use super::MAX_KEY;
use crate::wire::write;

/// A request's `id`: an integer, or a string of at most 64 characters. Echoed as it was written.
#[derive(Clone, Debug, TS)]
#[ts(type = "number | string")]
pub struct RequestId(Written);

/// How it was written. Counting clients take no allocation.
#[derive(Clone, Debug)]
enum Written {
    /// An integer whose digits are its only spelling.
    Number(u64),
    /// Anything else, token by token as it came.
    Raw(Box<RawValue>),
}

struct Visitor;

// === impl RequestId ===

impl RequestId {
    /// The id in this token. None when it is neither an integer nor a string, or too long.
    pub(super) fn of_token(token: &RawValue) -> Option<Self> {
        let text = token.get();
        let fits = match text.as_bytes().first()? {
            b'"' => match serde_json::from_str::<Cow<'_, str>>(text) {
                Ok(text) => text.chars().count() <= MAX_KEY,
                // A lone surrogate is no character.
                Err(_) => false,
            },
            b'-' | b'0'..=b'9' => {
                if let Ok(number) = text.parse::<u64>() {
                    return Some(Self(Written::Number(number)));
                }
                text.len() <= MAX_KEY && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit())
            }
            _ => false,
        };
        fits.then(|| Self(Written::Raw(token.to_owned())))
    }

    /// Writes it as the client did.
    pub(crate) fn write(&self, buf: &mut String) {
        match &self.0 {
            Written::Number(number) => write::number(buf, *number),
            Written::Raw(raw) => buf.push_str(raw.get()),
        }
    }
}

impl From<u64> for RequestId {
    fn from(number: u64) -> Self {
        Self(Written::Number(number))
    }
}

impl From<&str> for RequestId {
    fn from(text: &str) -> Self {
        // A string always becomes JSON.
        Self(Written::Raw(to_raw_value(text).unwrap_or_else(|_| RawValue::NULL.to_owned())))
    }
}

impl PartialEq for RequestId {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Written::Number(one), Written::Number(two)) => one == two,
            (Written::Raw(one), Written::Raw(two)) => one.get() == two.get(),
            _ => false,
        }
    }
}

impl Eq for RequestId {}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Written::Number(number) => serializer.serialize_u64(*number),
            Written::Raw(raw) => raw.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

impl de::Visitor<'_> for Visitor {
    type Value = RequestId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer or a string")
    }

    fn visit_u64<E>(self, number: u64) -> Result<RequestId, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<RequestId, E> {
        // A number always becomes JSON.
        Ok(RequestId(Written::Raw(to_raw_value(&number).unwrap_or_else(|_| RawValue::NULL.to_owned()))))
    }

    fn visit_str<E>(self, text: &str) -> Result<RequestId, E> {
        Ok(text.into())
    }
}

impl JsonSchema for RequestId {
    fn schema_name() -> Cow<'static, str> {
        "RequestId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What a client calls a request; echoed as it was written.",
            "anyOf": [{"type": "integer"}, {"type": "string", "maxLength": MAX_KEY}],
        })
    }
}
