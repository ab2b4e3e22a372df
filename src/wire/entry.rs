//! An event together with its JSON, made once and shared by the store and by every reader.

mod made;

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};
use serde_json::value::RawValue;

use crate::chat::event::Event;

/// One event of a log. Visitors and agents are shown the same bytes of an event or none of it
/// ([`What::for_visitor`](crate::chat::event::What::for_visitor)), so one serialisation serves everybody.
///
/// Serialises to the JSON it holds.
#[derive(Debug)]
pub struct Entry {
    event: Event,
    json: OnceLock<Box<str>>,
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
        let event = serde_json::from_str(&json)?;
        Ok(Arc::new(Self { event, json: OnceLock::from(json.into_boxed_str()) }))
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The event as it is stored and as it travels: one JSON object.
    pub fn json(&self) -> &str {
        self.json.get_or_init(|| made::json(&self.event).into_boxed_str())
    }

    /// About what it takes in memory, in bytes: its texts stand in it twice, once as JSON.
    pub fn size(&self) -> usize {
        size_of::<Self>() + 2 * self.json().len()
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.event == other.event
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // To look through JSON for its end costs a fraction of making it.
        let raw: &RawValue = serde_json::from_str(self.json()).map_err(ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { event: Event::deserialize(deserializer)?, json: OnceLock::new() })
    }
}
