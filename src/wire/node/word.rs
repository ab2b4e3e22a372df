//! A word between nodes, read place by place.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{NodeFrame, VERSION};

/// A word between nodes as it was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeWord {
    /// Counts what one node says to one workspace, so that what is lost or doubled is noticed. Rises by one; begins
    /// anywhere, and may jump forward.
    pub number: u64,
    /// What was said. None for a kind this node does not know.
    pub frame: Option<NodeFrame>,
}

/// Why a word cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NodeFault {
    /// It is of another version.
    #[error("a word of version {0}")]
    Version(u32),
    /// It is none.
    #[error(transparent)]
    Malformed(#[from] serde_json::Error),
}

// === impl NodeWord ===

impl NodeWord {
    /// Reads a word.
    ///
    /// # Errors
    /// [`NodeFault`]: of another version, or no word at all.
    pub fn decode(bytes: &[u8]) -> Result<Self, NodeFault> {
        let text = std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?;
        // One of another version may have more or fewer places; the first is the version for ever.
        serde_json::from_str(text).map_err(|fault| of_another_version(text).map_or(fault.into(), NodeFault::Version))
    }
}

/// Place by place, so that a body, which may hold events, is gone through once.
impl<'de> Deserialize<'de> for NodeWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(4, Places)
    }
}

struct Places;

impl<'de> Visitor<'de> for Places {
    type Value = NodeWord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word in four places")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut places: A) -> Result<NodeWord, A::Error> {
        let missing = |place| A::Error::invalid_length(place, &self);
        let version: u32 = places.next_element()?.ok_or_else(|| missing(0))?;
        if version != VERSION {
            return Err(A::Error::custom("another version"));
        }
        let number = places.next_element()?.ok_or_else(|| missing(1))?;
        let kind: Cow<'de, str> = places.next_element()?.ok_or_else(|| missing(2))?;
        let frame = NodeFrame::read(&kind, &mut places)?.ok_or_else(|| missing(3))?;
        Ok(NodeWord { number, frame })
    }
}

fn of_another_version(text: &str) -> Option<u32> {
    let places: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let version = serde_json::from_str(places.first()?.get()).ok()?;
    (version != VERSION).then_some(version)
}
