//! Conversations: the folders and one whole, with the same visibility as on the socket.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::{
    Problem, Rooms,
    ask::{Asked, Id},
    bearer::Bearer,
    list::{limit, list as listed, private},
};
use crate::{
    ids::ConversationId,
    wire::{audience, request::FolderName},
};

/// The query of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    folder: Option<FolderName>,
    query: Option<String>,
    before: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/conversations?folder=&query=&before=&limit=`; Unassigned when no folder is named.
pub(super) async fn list(
    State(rooms): State<Rooms>,
    bearer: Bearer,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let folder = wanted.folder.unwrap_or(FolderName::Unassigned);
    let query = wanted.query.filter(|query| !query.trim().is_empty());
    let page = rooms.hub.list(&bearer.who, folder, wanted.before, limit(wanted.limit)?, query).await?;
    let rows: Vec<_> = page
        .conversations
        .iter()
        .map(|loaded| {
            let position = rooms.hub.queue().position(&loaded.conversation.id);
            loaded.conversation.summary(&loaded.beside, position)
        })
        .collect();
    Ok(listed("conversations", &rows, page.next))
}

/// `GET /v1/conversations/{id}`: all of it, and the newest page of its events.
pub(super) async fn read(
    State(rooms): State<Rooms>,
    bearer: Bearer,
    Id(id): Id<ConversationId>,
) -> Result<Response, Problem> {
    let mut loaded = rooms.hub.sighted(&bearer.who, &id).await?;
    rooms.hub.freshen(&mut loaded);
    let before = Some(loaded.conversation.seq.next());
    let store = rooms.hub.store();
    let events = store.events_before(&id, before, audience::PAGE_EVENTS, audience::PAGE_BYTES, false).await?;
    let view = loaded.conversation.view(&loaded.beside, rooms.hub.queue().position(&id));
    let events: Vec<_> = events.iter().map(|entry| entry.event()).collect();
    Ok(private(&json!({"conversation": view, "events": events})))
}
