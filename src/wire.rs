//! Floor 2: what travels. Frames in and out, codes, and the bytes of an event.
//!
//! [`request`] reads what clients ask, [`reply`] and [`push`] are what they are sent, [`write`] puts that into a
//! buffer, [`audience`] says who is shown what of it.

pub mod agent;
pub mod audience;
pub mod code;
pub mod counts;
pub mod entry;
pub mod error;
pub mod node;
pub mod push;
mod quoted;
pub mod reply;
pub mod request;
pub mod roster;
pub mod scan;
pub mod schema;
pub mod settings;
pub mod shared;
pub mod typescript;
pub mod write;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod samples;
