//! The inbox's folders.

use super::append::FolderCount;
pub use crate::wire::counts::Counts;
use crate::{
    chat::{conversation::Conversation, summary::Beside},
    ids::{AgentId, WorkspaceId},
};

/// A folder and, for Mine, whose.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Folder {
    /// `waiting` + `offline` + `unassigned` of those that are the agents' business, longest waiting first.
    Unassigned,
    /// Assigned to this agent, newest assignment first.
    Mine(AgentId),
    /// Closed after having reached the Live Chat card, newest closing first.
    Closed,
    /// Everything of the workspace, newest first: admins. With an agent, conversations assigned to anybody else are
    /// left out (`admins_see_assigned = false`).
    All {
        /// The only owner whose conversations are shown; None shows everybody's.
        only_mine: Option<AgentId>,
    },
}

/// Which page of a folder.
#[derive(Clone, Debug)]
pub struct FolderQuery {
    /// Whose company.
    pub workspace: WorkspaceId,
    /// Which folder.
    pub folder: Folder,
    /// [`FolderPage::next`] of the page before; anything else is [`StoreError::Cursor`](super::StoreError::Cursor).
    pub before: Option<String>,
    /// At most this many, 1 to 100.
    pub limit: usize,
    /// Words to find in texts, names, e-mail addresses and pages.
    pub query: Option<String>,
}

/// A page of a folder.
#[derive(Clone, Debug)]
pub struct FolderPage {
    /// In the folder's order.
    pub conversations: Vec<Loaded>,
    /// Where the next page begins; None at the end.
    pub next: Option<String>,
}

/// A conversation folded to its head, with what is kept beside its log.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The fold.
    pub conversation: Conversation,
    /// Beside it; `connected` is not the store's to know.
    pub beside: Beside,
}

// === impl Counts ===

impl Counts {
    /// The sizes of an agent's folders among those of a workspace.
    pub fn of(sizes: &[FolderCount], agent: &AgentId) -> Self {
        let size = |folder: Folder| sizes.iter().find(|size| size.folder == folder).map_or(0, |size| size.count);
        Self {
            unassigned: size(Folder::Unassigned),
            mine: size(Folder::Mine(agent.clone())),
            closed: size(Folder::Closed),
        }
    }
}

// === impl Folder ===

impl Folder {
    /// What a folder's size is kept under: its name, and whose.
    pub(super) fn column(&self) -> (&'static str, &str) {
        match self {
            Self::Unassigned => ("unassigned", ""),
            Self::Mine(agent) => ("mine", agent.as_str()),
            Self::Closed => ("closed", ""),
            // Has no counter; no row ever counts in it.
            Self::All { .. } => ("all", ""),
        }
    }

    /// The folder whose size is kept under this.
    pub(super) fn of_column(name: &str, agent: &str) -> Option<Self> {
        match name {
            "unassigned" => Some(Self::Unassigned),
            "mine" => Some(Self::Mine(agent.into())),
            "closed" => Some(Self::Closed),
            _ => None,
        }
    }

    /// The agent a page of it is about.
    pub(super) fn agent(&self) -> Option<&str> {
        match self {
            Self::Mine(agent) | Self::All { only_mine: Some(agent) } => Some(agent.as_str()),
            _ => None,
        }
    }
}
