//! What waits and answers are measured by.

use super::{Result, Viewer, fault::damaged};
use crate::{
    chat::{event::MissedReason, timing::Timing},
    ids::{Millis, WorkspaceId},
};

/// Which conversations.
#[derive(Clone, Debug)]
pub struct StatsQuery {
    /// Whose company.
    pub workspace: WorkspaceId,
    /// Only those this one may see; None sees all.
    pub viewer: Option<Viewer>,
    /// Begun at this moment or later.
    pub from: Millis,
    /// Begun before this moment.
    pub to: Millis,
    /// At most this many.
    pub limit: usize,
}

/// The stations of one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Milestones {
    /// When it began.
    pub created_at: Millis,
    /// What it reached when, as of the last event that was no text: an answer that only a later text gave is not known
    /// before the conversation changes again.
    pub timing: Timing,
    /// Why it was missed.
    pub missed: Option<MissedReason>,
}

// === impl Milestones ===

impl Milestones {
    /// As they were stored: parts of the conversation's fold. One of an older program has no stations.
    pub(super) fn read(created_at: i64, timing: Option<&str>, missed: Option<&str>) -> Result<Self> {
        let broken = |_| damaged("the fold of a conversation begun at", created_at);
        Ok(Self {
            created_at: Millis(created_at),
            timing: timing.map(serde_json::from_str).transpose().map_err(broken)?.unwrap_or_default(),
            missed: missed
                .map(|name| serde_json::from_value(serde_json::Value::String(name.into())))
                .transpose()
                .map_err(broken)?,
        })
    }
}
