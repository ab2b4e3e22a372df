//! The tests of the whole: the real program as a process, spoken to from outside, and the house rules of its sources.
//!
//! Every test's name begins with its rule in `tests/SPEC.md`.

mod floors;
mod connection;
mod limits;
mod liveness;
mod log;
mod road;
mod spec;
mod support;
mod tokens;
