//! Floor 6: what a conversation leads to is handed on to the outside, out of the store's outbox. Knows no sockets.
//!
//! | file | noun |
//! |---|---|
//! | [`office`] | the task that takes what is due and sees it through, on every node; no leader |
//! | [`errand`] | one delivery: what to say, what the answer means |
//! | `telling` | what the conversation of an item is told of its deliveries |
//! | [`message`], [`signature`] | the body; how a receiver knows that it is ours (Standard Webhooks) |
//! | [`courier`] | one HTTP request under its limits |
//! | [`target`], [`guard`] | which addresses may be named; which may be connected to |
//! | [`answer`], [`schedule`] | what a status means; when the next try is |
//! | [`metrics`] | what it counts |
//!
//! A receiver may get one event more than once, since it may act and still not be heard: `webhook-id` is the same each
//! time, and whoever honours it acts once. Nothing here is awaited by a conversation.

use std::time::Duration;

pub mod answer;
pub mod courier;
pub mod errand;
pub mod guard;
pub mod message;
pub mod metrics;
pub mod office;
pub mod schedule;
pub mod signature;
pub mod target;
mod telling;

pub use self::{
    guard::Rules,
    metrics::OutboxMetrics,
    office::Office,
    target::{Target, Unfit},
};

/// What an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Which addresses may be connected to.
    pub rules: Rules,
    /// From the first failure to the second try; the other waits are multiples of it.
    pub first_retry: Duration,
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self { rules: Rules::default(), first_retry: Duration::from_secs(5) }
    }
}
