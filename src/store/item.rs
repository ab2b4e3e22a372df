//! Leads, deals and activities.

use crate::{
    chat::{
        details::Details,
        event::{External, ItemKind},
        playbook::ItemFields,
    },
    ids::{AgentId, ConversationId, ItemId, Millis, VisitorId, WorkspaceId},
};

/// An item with the person and organisation it is about, as they stand in the side panel now.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemRow {
    /// Its id.
    pub id: ItemId,
    /// Whose company.
    pub workspace: WorkspaceId,
    /// Made of which conversation.
    pub conversation: ConversationId,
    /// Of which visitor.
    pub visitor: VisitorId,
    /// What it is.
    pub kind: ItemKind,
    /// What people call it.
    pub title: String,
    /// What its maker set beside the panel.
    pub fields: ItemFields,
    /// The conversation's side panel as it stands now.
    pub details: Details,
    /// The page the conversation began on.
    pub page: Option<String>,
    /// When it was made.
    pub at: Millis,
    /// Where the CRM keeps it.
    pub external: Option<External>,
}

/// Which items.
#[derive(Clone, Debug)]
pub struct ItemQuery {
    /// Whose company.
    pub workspace: WorkspaceId,
    /// Only this kind.
    pub kind: Option<ItemKind>,
    /// Only of this conversation.
    pub conversation: Option<ConversationId>,
    /// Only of conversations this one may see; None sees all.
    pub viewer: Option<Viewer>,
    /// [`ItemPage::next`] of the page before.
    pub before: Option<String>,
    /// At most this many, 1 to 100.
    pub limit: usize,
}

/// An agent who looks: what [`Sight::allows`](crate::chat::conversation::Sight::allows) asks about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Who.
    pub agent: AgentId,
    /// Whether they have the deals-admin right.
    pub admin: bool,
    /// `[inbox] admins_see_assigned`.
    pub admins_see_assigned: bool,
}

/// A page of items.
#[derive(Clone, Debug)]
pub struct ItemPage {
    /// Newest first.
    pub items: Vec<ItemRow>,
    /// Where the next page begins; None at the end.
    pub next: Option<String>,
}
