//! The inbox's folders.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

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

/// The sizes of an agent's folders; absolute, never a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Counts {
    /// Unassigned.
    #[ts(type = "number")]
    pub unassigned: u64,
    /// My conversations.
    #[ts(type = "number")]
    pub mine: u64,
    /// Closed.
    #[ts(type = "number")]
    pub closed: u64,
}
