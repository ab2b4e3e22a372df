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
//! | 3 | [`store`] | the promises of a store; SQLite, PostgreSQL |
//! | 3 | [`mesh`] | what nodes tell each other: hints and leases |
//! | 3 | [`tokens`] | who somebody is: signed tokens in, persons out |
//! | 4 | [`hub`] | append, followers, presence, waits, inbox, notifications |
//! | 5 | [`session`] | one socket |
//! | 6 | [`outbox`] | what a conversation leads to, handed on to webhooks |

pub mod chat;
pub mod cli;
pub mod config;
pub mod door;
pub mod house;
pub mod hub;
pub mod ids;
pub mod mesh;
pub mod outbox;
pub mod session;
pub mod store;
pub mod tokens;
pub mod wire;
