//! Leads, deals and activities, with the person and organisation they are about.

use axum::{extract::State, response::Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Problem, Rooms,
    ask::Asked,
    bearer::Bearer,
    list::{limit, list as listed},
};
use crate::{
    chat::{
        details::Details,
        event::{External, ItemKind},
        playbook::ItemFields,
    },
    ids::{ConversationId, ItemId, Millis, VisitorId},
    store::ItemRow,
};

/// The query of the list.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    kind: Option<ItemKind>,
    conversation: Option<ConversationId>,
    before: Option<String>,
    limit: Option<u32>,
}

/// An item as it is read.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ItemRead {
    /// Its id.
    id: ItemId,
    /// What it is.
    kind: ItemKind,
    /// What people call it.
    title: String,
    /// What its maker set beside the panel.
    fields: ItemFields,
    /// When it was made.
    at: Millis,
    /// Of which conversation.
    conversation: ConversationId,
    /// Of which visitor.
    visitor: VisitorId,
    /// The conversation's side panel as it stands now: deal, person, organisation, note.
    #[serde(flatten)]
    details: Details,
    /// The page the conversation began on.
    page: Option<String>,
    /// Where the CRM keeps it.
    external: Option<External>,
}

/// `GET /v1/items?kind=&conversation=&before=&limit=`, newest first. Items of conversations the agent may not see are
/// left out.
pub(super) async fn list(
    State(rooms): State<Rooms>,
    bearer: Bearer,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    if let Some(conversation) = &wanted.conversation {
        rooms.hub.sighted(&bearer.who, conversation).await?;
    }
    let page =
        rooms.hub.items(&bearer.who, wanted.kind, wanted.conversation, wanted.before, limit(wanted.limit)?).await?;
    let shown: Vec<_> = page.items.into_iter().map(ItemRead::from).collect();
    Ok(listed("items", &shown, page.next))
}

// === impl ItemRead ===

impl From<ItemRow> for ItemRead {
    fn from(row: ItemRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            title: row.title,
            fields: row.fields,
            at: row.at,
            conversation: row.conversation,
            visitor: row.visitor,
            details: row.details,
            page: row.page,
            external: row.external,
        }
    }
}
