//! An event together with its JSON, made once and shared by the store and by every reader.

use std::sync::{Arc, OnceLock};

use crate::chat::event::Event;

/// One event of a log. Visitors and agents are shown the same bytes of an event or none of it
/// ([`What::for_visitor`](crate::chat::event::What::for_visitor)), so one serialisation serves everybody.
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
        self.json.get_or_init(|| {
            // Strings, integers and trees of them: nothing in an event can fail to become JSON.
            serde_json::to_string(&self.event).unwrap_or_default().into_boxed_str()
        })
    }
}
