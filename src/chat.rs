//! Floor 1: the pure domain. No clock, no I/O, no frames: a log of [`event`]s, the [`conversation`] it folds to, the
//! [`command`]s people give and how they are [`decide`]d.

pub mod command;
pub mod conversation;
pub mod decide;
pub mod details;
pub mod erasure;
pub mod event;
pub mod playbook;
pub mod rich;
pub mod summary;
pub mod timing;
