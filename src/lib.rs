//! Usher, a live chat hub for websites. This is the map; every room is described at its own door.
//!
//! One law: **the store is the truth; everything between nodes and sockets is a hint.** A conversation is an
//! append-only log; the store orders; a wake-up carries a position. Floors point down:
//!
//! | floor | room | what it is for |
//! |---|---|---|
//! | 0 | [`ids`] | what things are called |
//! | 1 | [`chat`] | the pure domain: events, the fold, decisions, the playbook's card machine |
//! | 2 | [`wire`] | frames, codes, the bytes of an event |
//! | 3 | [`store`] | the promises of a store; SQLite |

pub mod chat;
pub mod ids;
pub mod store;
pub mod wire;
