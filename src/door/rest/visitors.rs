//! Visitors, who can be forgotten.

use axum::extract::State;
use http::StatusCode;

use super::{Problem, Rooms, ask::Id, bearer::Admin};
use crate::ids::VisitorId;

/// `DELETE /v1/visitors/{id}`: erases what is known of the person, in all their conversations.
pub(super) async fn erase(
    State(rooms): State<Rooms>,
    Admin(bearer): Admin,
    Id(id): Id<VisitorId>,
) -> Result<StatusCode, Problem> {
    match rooms.hub.erase_visitor(bearer.workspace(), &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("there is no such visitor")),
    }
}
