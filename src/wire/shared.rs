//! A value that many readers are sent, made into JSON once.

use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::{
    counts::CountsChanged,
    push::{PresencePush, Watching},
};
use crate::chat::summary::Summary;

/// A value with its JSON, made on first use.
#[derive(Debug)]
pub struct Shared<T> {
    value: T,
    json: OnceLock<Box<RawValue>>,
}

/// An `inbox` push that puts a row in; the row's bytes are shared by everybody who gets it.
pub fn write_upsert(buf: &mut String, row: &Shared<Summary>, counts: CountsChanged) {
    buf.push_str(r#"{"type":"inbox","upsert":"#);
    buf.push_str(row.json());
    if !counts.is_empty() {
        buf.push_str(r#","counts":"#);
        // Three optional integers always become JSON.
        buf.push_str(&serde_json::to_string(&counts).unwrap_or_default());
    }
    buf.push('}');
}

/// A `watching` push; a thousand who look at one conversation are a long list, and everybody of them gets it.
pub fn write_watching(buf: &mut String, watching: &Shared<Watching>) {
    write_typed(buf, r#"{"type":"watching","#, watching);
}

/// A `presence` push; a thousand agents who sign in tell it to each other a million times.
pub fn write_presence(buf: &mut String, presence: &Shared<PresencePush>) {
    write_typed(buf, r#"{"type":"presence","#, presence);
}

/// A push that is `value` behind its type. It has members: what its own brace opens goes on behind the `head`.
fn write_typed<T: Serialize>(buf: &mut String, head: &str, value: &Shared<T>) {
    let members = &value.json()[1..];
    buf.reserve(head.len() + members.len());
    buf.push_str(head);
    buf.push_str(members);
}

// === impl Shared ===

impl<T> Shared<T> {
    /// A value nobody has been sent yet.
    pub fn new(value: T) -> Self {
        Self { value, json: OnceLock::new() }
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }
}

impl<T: Serialize> Shared<T> {
    /// Its JSON.
    pub fn json(&self) -> &str {
        self.raw().get()
    }

    fn raw(&self) -> &RawValue {
        self.json.get_or_init(|| to_raw_value(&self.value).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

/// Only into JSON, where it is spliced as it was made.
impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
