//! Leads, deals and activities, with the person and organisation they are about.

use axum::{body::Body, extract::State, response::Response};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Problem, Rooms,
    accept::{Accept, CSV, JSON},
    ask::{Asked, Ids},
    bearer::Bearer,
    csv::row,
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

/// The columns of a table of items.
const COLUMNS: [&str; 19] = [
    "id",
    "kind",
    "title",
    "at",
    "conversation",
    "visitor",
    "person_name",
    "person_email",
    "person_phone",
    "organization_name",
    "organization_address",
    "deal_value",
    "deal_currency",
    "deal_expected_close_date",
    "fields",
    "note",
    "page",
    "external_id",
    "external_url",
];

/// `GET /v1/items?kind=&conversation=&before=&limit=`, newest first, as JSON or as a table. Items of conversations the agent may not see are
/// left out.
pub(super) async fn list(
    State(rooms): State<Rooms>,
    bearer: Bearer,
    Asked(wanted): Asked<Wanted>,
    accept: Accept,
) -> Result<Response, Problem> {
    let kind = accept.choose(&[JSON, CSV])?;
    if let Some(conversation) = &wanted.conversation {
        rooms.hub.sighted(&bearer.who, conversation).await?;
    }
    let page =
        rooms.hub.items(&bearer.who, wanted.kind, wanted.conversation, wanted.before, limit(wanted.limit)?).await?;
    let shown: Vec<_> = page.items.into_iter().map(ItemRead::from).collect();
    match kind {
        CSV => Ok(table(&shown, page.next.as_deref())),
        _ => Ok(listed("items", &shown, page.next)),
    }
}

/// `POST /v1/conversations/{id}/items/{item}/retry`: what of it did not reach its receivers is tried again at once.
pub(super) async fn retry(
    State(rooms): State<Rooms>,
    bearer: Bearer,
    Ids(conversation, item): Ids<ConversationId, ItemId>,
) -> Result<StatusCode, Problem> {
    rooms.hub.hand_on_again(&bearer.who, &conversation, &item).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A page as a table. Where the next one begins says `usher-next`, for `before=`.
fn table(items: &[ItemRead], next: Option<&str>) -> Response {
    let mut text = String::new();
    row(&mut text, COLUMNS);
    for item in items {
        let cells = item.cells();
        row(&mut text, cells.iter().map(String::as_str));
    }
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"items.csv\""));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    if let Some(Ok(next)) = next.map(HeaderValue::from_str) {
        headers.insert("usher-next", next);
    }
    response
}

// === impl ItemRead ===

impl ItemRead {
    /// What stands in each of the [`COLUMNS`].
    fn cells(&self) -> [String; COLUMNS.len()] {
        let Details { deal, person, organization, note } = &self.details;
        let some = |text: &Option<String>| text.clone().unwrap_or_default();
        let at = Timestamp::from_millisecond(self.at.0).unwrap_or(Timestamp::MAX).to_string();
        let fields = if self.fields.is_empty() { String::new() } else { json(&self.fields) };
        let external = self.external.as_ref();
        [
            self.id.to_string(),
            json(&self.kind).trim_matches('"').to_owned(),
            self.title.clone(),
            at,
            self.conversation.to_string(),
            self.visitor.to_string(),
            some(&person.name),
            some(&person.email),
            some(&person.phone),
            some(&organization.name),
            some(&organization.address),
            deal.value.as_ref().map(json).unwrap_or_default(),
            some(&deal.currency),
            some(&deal.expected_close_date),
            fields,
            some(note),
            some(&self.page),
            external.map(|external| external.id.clone()).unwrap_or_default(),
            external.and_then(|external| external.url.clone()).unwrap_or_default(),
        ]
    }
}

/// Strings, numbers and trees of them: nothing in it can fail to become JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

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
