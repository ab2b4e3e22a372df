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
    /// `waiting` + `offline` + `unassigned`, longest waiting first.
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
    /// [`FolderPage::next`] of the page before.
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
