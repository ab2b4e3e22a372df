//! Playbooks, as the store keeps them.

use std::sync::Arc;

use crate::{
    chat::playbook::Playbook,
    ids::{Millis, WorkspaceId},
};

/// One version of a playbook with what is known of the whole.
#[derive(Clone, Debug)]
pub struct PlaybookRow {
    /// Whose company.
    pub workspace: WorkspaceId,
    /// What it says.
    pub playbook: Arc<Playbook>,
    /// From 1.
    pub version: u32,
    /// When it was first seen on one of its pages.
    pub installed_at: Option<Millis>,
    /// When it was seen last.
    pub last_seen_at: Option<Millis>,
    /// Whether it was deleted; its versions stay for the conversations that run on them.
    pub deleted: bool,
}

/// What became of saving a playbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is durable under this version.
    Version(u32),
    /// Somebody else saved meanwhile, or the id is taken: the version now.
    Stale(u32),
    /// There is no such playbook in this workspace.
    Unknown,
}
