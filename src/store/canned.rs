//! Canned answers: texts a workspace's agents keep at hand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text to answer with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CannedAnswer {
    /// What agents call it, 1 to 64 characters; no two are called alike.
    pub name: String,
    /// Plain text, 1 byte to 16 KiB.
    pub text: String,
}

/// The canned answers of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canned {
    /// How often they were saved; 0 when never.
    pub version: u32,
    /// In the order they were saved.
    pub answers: Vec<CannedAnswer>,
}
