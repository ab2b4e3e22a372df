//! Leads, deals and activities.

use serde::{Deserialize, Serialize};

use super::{Result, fault::damaged};
use crate::{
    chat::{
        details::Details,
        event::{External, ItemKind, Page},
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

/// An item's columns as they were stored, with those of its conversation.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) fields: String,
    pub(super) external: Option<String>,
    pub(super) at: i64,
    pub(super) conversation: String,
    pub(super) visitor: String,
    /// The conversation's stored fold. Whatever changes the panel writes it, so it has the panel as it stands now.
    pub(super) snapshot: String,
}

/// What a fold says that an item shows.
#[derive(Deserialize)]
struct Fold {
    details: Details,
    page: Option<Page>,
}

// === impl Stored ===

impl Stored {
    pub(super) fn read(self, workspace: &WorkspaceId) -> Result<ItemRow> {
        let name = self.name;
        let broken = |_| damaged("item", &name);
        let fold: Fold = serde_json::from_str(&self.snapshot).map_err(broken)?;
        Ok(ItemRow {
            workspace: workspace.clone(),
            conversation: self.conversation.into(),
            visitor: self.visitor.into(),
            kind: kind(&self.kind).ok_or_else(|| damaged("item", &name))?,
            title: self.title,
            fields: serde_json::from_str(&self.fields).map_err(broken)?,
            details: fold.details,
            page: fold.page.map(|page| page.url),
            at: Millis(self.at),
            external: self.external.map(|text| serde_json::from_str(&text)).transpose().map_err(broken)?,
            id: name.into(),
        })
    }
}

/// A part of an item as it is stored.
pub(super) fn item_json(value: &impl Serialize, id: &ItemId) -> Result<String> {
    serde_json::to_string(value).map_err(|_| damaged("item", id))
}

/// What a kind is called in a store.
pub(super) fn kind_name(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Lead => "lead",
        ItemKind::Deal => "deal",
        ItemKind::Activity => "activity",
    }
}

fn kind(name: &str) -> Option<ItemKind> {
    Some(match name {
        "lead" => ItemKind::Lead,
        "deal" => ItemKind::Deal,
        "activity" => ItemKind::Activity,
        _ => return None,
    })
}
