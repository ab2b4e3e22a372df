//! The tests of the whole: the real program as a process, spoken to from outside, and the house rules of its sources.
//!
//! Every test's name begins with its rule in `tests/SPEC.md`.

// The support is written like a library: `pub` says what tests may use.
#![allow(unreachable_pub)]

mod abandoned;
mod agent;
mod churn;
mod claims;
mod cluster;
mod connection;
mod details;
mod drain;
mod durability;
mod floors;
mod flow;
mod fold;
mod idle;
mod limits;
mod liveness;
mod log;
mod mesh;
mod notify;
mod operator;
mod outbox;
mod playbook;
mod postgres;
mod powercut;
mod presence;
mod proxy;
mod rest;
mod resume;
mod road;
mod spec;
mod stalled;
mod store;
mod support;
mod tester;
mod tokens;
mod visibility;
mod visitor;
mod waits;
