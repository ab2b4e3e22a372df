//! A value that many readers are sent, made into JSON once.

use std::sync::OnceLock;

use serde::Serialize;

use super::counts::CountsChanged;
use crate::chat::summary::Summary;

/// A value with its JSON, made on first use.
#[derive(Debug)]
pub struct Shared<T> {
    value: T,
    json: OnceLock<Box<str>>,
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

// === impl Shared ===

impl<T: Serialize> Shared<T> {
    /// A value nobody has been sent yet.
    pub fn new(value: T) -> Self {
        Self { value, json: OnceLock::new() }
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Its JSON.
    pub fn json(&self) -> &str {
        self.json.get_or_init(|| serde_json::to_string(&self.value).unwrap_or_default().into_boxed_str())
    }
}
