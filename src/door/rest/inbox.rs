//! What the inbox asks when it stands in somebody else's page.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use schemars::JsonSchema;
use serde::Serialize;

use super::Rooms;

/// What the inbox must know before anybody is signed in.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct InboxRead<'a> {
    /// Origins that may hand it tokens; no others are listened to. The page's policy names the same.
    host_origins: &'a [String],
}

/// `GET /v1/inbox`: nothing in it is a secret, since the policy of the page at `/` says as much.
pub(super) async fn read(State(rooms): State<Rooms>) -> Response {
    let mut response = axum::Json(InboxRead { host_origins: &rooms.hosts }).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
