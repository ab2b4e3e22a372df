//! A conversation's row, whatever the store is made of: its fold, and the columns by which it is found.

use super::{Folder, Result, fault::damaged};
use crate::{
    chat::{
        conversation::{Conversation, State},
        event::VisitorRef,
        summary::Beside,
    },
    ids::{AgentId, ConversationId},
};

/// A stored fold that lies further behind its log than this is worth writing anew.
pub(super) const STALE: u64 = 64;

/// What a row says beside its conversation's id, workspace and visitor.
#[derive(Clone, Debug)]
pub(super) struct Columns<'a> {
    pub(super) state: &'static str,
    pub(super) live: bool,
    pub(super) served: bool,
    pub(super) assignee: Option<&'a str>,
    pub(super) assigned_at: Option<i64>,
    pub(super) deadline: Option<i64>,
    pub(super) since: i64,
    pub(super) last_at: i64,
    pub(super) closed_at: Option<i64>,
    pub(super) seq: i64,
    pub(super) snapshot: String,
}

// === impl Columns ===

impl<'a> Columns<'a> {
    /// Of this fold.
    pub(super) fn of(row: &'a Conversation) -> Result<Self> {
        Ok(Self {
            state: state(&row.state),
            live: row.live,
            served: row.served,
            assignee: row.assignee().map(|agent| agent.id.as_str()),
            assigned_at: match &row.state {
                State::Assigned { at, .. } => Some(at.0),
                _ => None,
            },
            deadline: row.deadline().map(|at| at.0),
            since: row.since.unwrap_or(row.created_at).0,
            last_at: row.last_at.0,
            closed_at: row.closed_at().map(|at| at.0),
            seq: row.seq.0.cast_signed(),
            snapshot: snapshot(row)?,
        })
    }
}

/// The fold as it is stored.
pub(super) fn snapshot(row: &Conversation) -> Result<String> {
    serde_json::to_string(row).map_err(|_| damaged("the fold of", &row.id))
}

/// The fold as it was stored. Adoption is no event, so the row's visitor stands above the fold's.
pub(super) fn conversation(name: &str, snapshot: &str, visitor: VisitorRef) -> Result<Conversation> {
    let mut conversation: Conversation = serde_json::from_str(snapshot).map_err(|_| damaged("conversation", name))?;
    conversation.visitor = visitor;
    Ok(conversation)
}

/// What stands beside the log, as it was stored.
pub(super) fn beside(name: &str, body: Option<&str>) -> Result<Beside> {
    match body {
        Some(body) => serde_json::from_str(body).map_err(|_| damaged("what stands beside", name)),
        None => Ok(Beside::default()),
    }
}

/// What stands beside a log, as it is stored.
pub(super) fn beside_json(name: &ConversationId, beside: &Beside) -> Result<String> {
    serde_json::to_string(beside).map_err(|_| damaged("what stands beside", name))
}

/// Which folder's size a conversation counts in.
pub(super) fn folder(row: &Conversation) -> Option<Folder> {
    match &row.state {
        State::Assigned { to, .. } => Some(Folder::Mine(to.id.clone())),
        State::Waiting { .. } | State::Offline | State::Unassigned if row.live => Some(Folder::Unassigned),
        State::Closed { .. } if row.live => Some(Folder::Closed),
        _ => None,
    }
}

/// The folder that a row with these columns counts in.
pub(super) fn folder_of(state: &str, assignee: Option<String>, live: bool) -> Option<Folder> {
    match (state, assignee) {
        ("assigned", Some(agent)) => Some(Folder::Mine(AgentId::from(agent))),
        ("waiting" | "offline" | "unassigned", _) if live => Some(Folder::Unassigned),
        ("closed", _) if live => Some(Folder::Closed),
        _ => None,
    }
}

fn state(state: &State) -> &'static str {
    match state {
        State::Bot => "bot",
        State::Waiting { .. } => "waiting",
        State::Offline => "offline",
        State::Assigned { .. } => "assigned",
        State::Unassigned => "unassigned",
        State::Closed { .. } => "closed",
    }
}
