//! Folders by the book: which conversation stands where, at which place, and how many do.

use std::collections::HashMap;

use crate::{
    chat::conversation::{Conversation, State},
    ids::{AgentId, WorkspaceId},
    store::{Folder, FolderCount},
};

/// The sizes of folders with the version each has come to.
#[derive(Default)]
pub(super) struct Sizes(HashMap<(WorkspaceId, Folder), (u64, u64)>);

/// The folder a conversation counts in.
pub(super) fn folder_of(row: &Conversation) -> Option<Folder> {
    match &row.state {
        State::Waiting { .. } | State::Offline | State::Unassigned => row.live.then_some(Folder::Unassigned),
        State::Assigned { to, .. } => Some(Folder::Mine(to.id.clone())),
        State::Closed { .. } => row.live.then_some(Folder::Closed),
        State::Bot => None,
    }
}

/// Its rank in a folder, lowest first; None when it is not there.
pub(super) fn rank(folder: &Folder, row: &Conversation) -> Option<i64> {
    match (folder, &row.state) {
        (Folder::All { only_mine }, state) => {
            let shown = match (only_mine, state) {
                (Some(me), State::Assigned { to, .. }) => to.id == *me,
                _ => true,
            };
            shown.then_some(-row.created_at.0)
        }
        (Folder::Mine(agent), State::Assigned { to, at }) => (to.id == *agent).then_some(-at.0),
        (Folder::Closed, State::Closed { at, .. }) => row.live.then_some(-at.0),
        (Folder::Unassigned, State::Waiting { .. } | State::Offline | State::Unassigned) => {
            row.since.filter(|_| row.live).map(|since| since.0)
        }
        _ => None,
    }
}

// === impl Sizes ===

impl Sizes {
    /// One conversation moves; the folders that changed.
    pub(super) fn moved(
        &mut self,
        workspace: &WorkspaceId,
        from: Option<Folder>,
        to: Option<Folder>,
    ) -> Vec<FolderCount> {
        if from == to {
            return Vec::new();
        }
        let mut changed = Vec::new();
        for (folder, more) in from.map(|folder| (folder, false)).into_iter().chain(to.map(|folder| (folder, true))) {
            let (count, version) = self.0.entry((workspace.clone(), folder.clone())).or_default();
            *count = if more { *count + 1 } else { *count - 1 };
            *version += 1;
            changed.push(FolderCount { workspace: workspace.clone(), folder, count: *count, version: *version });
        }
        changed
    }

    /// See [`Store::sizes`](crate::store::Store::sizes).
    pub(super) fn of(&self, workspace: &WorkspaceId, agent: Option<&AgentId>) -> Vec<FolderCount> {
        let theirs = |folder: &Folder| match folder {
            Folder::Mine(whose) => agent.is_none_or(|agent| agent == whose),
            _ => true,
        };
        let size = |((of, folder), (count, version)): (&(WorkspaceId, Folder), &(u64, u64))| {
            (of == workspace && theirs(folder)).then(|| FolderCount {
                workspace: of.clone(),
                folder: folder.clone(),
                count: *count,
                version: *version,
            })
        };
        self.0.iter().filter_map(size).collect()
    }
}
