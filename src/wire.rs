//! Floor 2: what travels. Frames in and out, codes, and the bytes of an event.

pub mod entry;
