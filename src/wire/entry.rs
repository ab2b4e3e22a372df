//! An event together with its JSON, made once and shared by the store and by every reader.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::chat::event::Event;

/// One event of a log. Visitors and agents are shown the same bytes of an event or none of it
/// ([`What::for_visitor`](crate::chat::event::What::for_visitor)), so one serialisation serves everybody.
///
/// Serialises to the JSON it holds: a frame with entries in it repeats no work.
#[derive(Debug)]
pub struct Entry {
    event: Event,
    json: OnceLock<Box<RawValue>>,
}

// === impl Entry ===

impl Entry {
    /// An event that was just decided; its JSON is made on first use.
    pub fn new(event: Event) -> Arc<Self> {
        Arc::new(Self { event, json: OnceLock::new() })
    }

    /// An event as it was stored.
    ///
    /// # Errors
    /// When the text is no event: a damaged store.
    pub fn stored(json: String) -> serde_json::Result<Arc<Self>> {
        let json = RawValue::from_string(json)?;
        let event = serde_json::from_str(json.get())?;
        Ok(Arc::new(Self { event, json: OnceLock::from(json) }))
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The event as it is stored and as it travels: one JSON object.
    pub fn json(&self) -> &str {
        self.raw().get()
    }

    /// About what it takes in memory, in bytes: its texts stand in it twice, once as JSON.
    pub fn size(&self) -> usize {
        size_of::<Self>() + 2 * self.json().len()
    }

    fn raw(&self) -> &RawValue {
        self.json.get_or_init(|| {
            // Strings, integers and trees of them: nothing in an event can fail to become JSON.
            to_raw_value(&self.event).unwrap_or_else(|_| RawValue::NULL.to_owned())
        })
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.event == other.event
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { event: Event::deserialize(deserializer)?, json: OnceLock::new() })
    }
}
