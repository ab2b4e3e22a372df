//! Playbooks: any agent of the workspace reads them, admins write them.

use axum::{extract::State, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Problem, Rooms,
    ask::{Id, Text, if_match},
    bearer::{Admin, Bearer},
    list::{list as listed, private},
};
use crate::{
    chat::playbook::{Faults, Playbook, Template},
    ids::{Millis, PlaybookId},
    store::{PlaybookRow, Saved},
};

/// A playbook as it is read: what was saved, and what is known of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PlaybookRead<'a> {
    /// What was saved.
    #[serde(flatten)]
    playbook: &'a Playbook,
    /// From 1; for `If-Match`.
    version: u32,
    /// When its widget was first seen on a page.
    installed_at: Option<Millis>,
    /// When it was seen last.
    last_seen_at: Option<Millis>,
    /// What its Live Chat card does now.
    live_chat: LiveChatStatus,
}

/// What a playbook's Live Chat card does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LiveChatStatus {
    /// There is none.
    None,
    /// The playbook was never seen on one of its pages (or is not active): visitors get the offline flow.
    OfflineOnly,
    /// It puts visitors in touch with agents.
    Live,
}

/// `GET /v1/playbooks`
pub(super) async fn list(State(rooms): State<Rooms>, bearer: Bearer) -> Result<Response, Problem> {
    let rows = rooms.hub.store().playbooks(bearer.workspace()).await?;
    let shown: Vec<_> = rows.iter().map(PlaybookRead::of).collect();
    Ok(listed("playbooks", &shown, None))
}

/// `GET /v1/playbooks/templates`
pub(super) async fn templates(_bearer: Bearer) -> Response {
    listed("templates", &Template::all(), None)
}

/// `GET /v1/playbooks/{id}`
pub(super) async fn read(
    State(rooms): State<Rooms>,
    bearer: Bearer,
    Id(id): Id<PlaybookId>,
) -> Result<Response, Problem> {
    let row = find(&rooms, &bearer, &id).await?;
    Ok(shown(&row, StatusCode::OK))
}

/// `POST /v1/playbooks`: the hub makes the id.
pub(super) async fn create(
    State(rooms): State<Rooms>,
    Admin(bearer): Admin,
    Text(body): Text,
) -> Result<Response, Problem> {
    let mut playbook = Playbook::from_json(&body).map_err(Problem::faulty)?;
    playbook.id = PlaybookId::random();
    let id = playbook.id.clone();
    save_behind(&rooms, &bearer, playbook, 0).await?;
    let row = find(&rooms, &bearer, &id).await?;
    let mut response = shown(&row, StatusCode::CREATED);
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/playbooks/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `PUT /v1/playbooks/{id}` with `If-Match`: a new version behind the one that was read.
pub(super) async fn save(
    State(rooms): State<Rooms>,
    Admin(bearer): Admin,
    Id(id): Id<PlaybookId>,
    headers: HeaderMap,
    Text(body): Text,
) -> Result<Response, Problem> {
    let found = find(&rooms, &bearer, &id).await?;
    let expected = if_match(&headers)?;
    // Whoever edits an old version should hear of that before they mend its faults.
    if expected != found.version {
        return Err(Problem::stale(found.version));
    }
    let mut playbook = Playbook::from_json(&body).map_err(Problem::faulty)?;
    if !playbook.id.as_str().is_empty() && playbook.id != id {
        return Err(Problem::invalid("the id is another playbook's than the address names").of("id"));
    }
    playbook.id = id.clone();
    save_behind(&rooms, &bearer, playbook, expected).await?;
    let row = find(&rooms, &bearer, &id).await?;
    Ok(shown(&row, StatusCode::OK))
}

/// `DELETE /v1/playbooks/{id}`: hides it; its versions stay for the conversations that run on them.
pub(super) async fn delete(
    State(rooms): State<Rooms>,
    Admin(bearer): Admin,
    Id(id): Id<PlaybookId>,
) -> Result<StatusCode, Problem> {
    match rooms.hub.delete_playbook(bearer.workspace(), &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown()),
    }
}

async fn find(rooms: &Rooms, bearer: &Bearer, id: &PlaybookId) -> Result<PlaybookRow, Problem> {
    let row = rooms.hub.store().playbook(id, None).await?;
    row.filter(|row| row.workspace == *bearer.workspace() && !row.deleted).ok_or_else(unknown)
}

async fn save_behind(rooms: &Rooms, bearer: &Bearer, mut playbook: Playbook, expected: u32) -> Result<(), Problem> {
    // Only seed files say whose a playbook is; here the token does.
    playbook.workspace = None;
    let faults = playbook.faults();
    if !faults.is_empty() {
        return Err(Problem::faulty(Faults(faults)));
    }
    match rooms.hub.save_playbook(bearer.workspace(), &playbook, expected).await? {
        Saved::Version(_) => Ok(()),
        Saved::Stale(version) => Err(Problem::stale(version)),
        Saved::Unknown => Err(unknown()),
    }
}

fn unknown() -> Problem {
    Problem::not_found("there is no such playbook")
}

fn shown(row: &PlaybookRow, status: StatusCode) -> Response {
    let mut response = private(&PlaybookRead::of(row));
    *response.status_mut() = status;
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", row.version)) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

// === impl PlaybookRead ===

impl<'a> PlaybookRead<'a> {
    fn of(row: &'a PlaybookRow) -> Self {
        let live_chat = match (row.playbook.has_live_chat(), row.installed_at) {
            (false, _) => LiveChatStatus::None,
            (true, Some(_)) if row.playbook.active => LiveChatStatus::Live,
            (true, _) => LiveChatStatus::OfflineOnly,
        };
        Self {
            playbook: &row.playbook,
            version: row.version,
            installed_at: row.installed_at,
            last_seen_at: row.last_seen_at,
            live_chat,
        }
    }
}
