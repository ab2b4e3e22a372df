//! What is asked, read so that a mistake gets a problem document that names it.

use std::error::Error;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::{HeaderMap, StatusCode, header, request::Parts};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::Problem;
use crate::chat::details::Object;

/// The query string.
pub(super) struct Asked<T>(pub(super) T);

/// The one name in the path.
pub(super) struct Id<T>(pub(super) T);

/// The two names in the path.
pub(super) struct Ids<T, U>(pub(super) T, pub(super) U);

/// The body, whatever it says.
pub(super) struct Text(pub(super) String);

/// The version in `If-Match`, as `"3"` or `3`.
///
/// # Errors
/// None, or none that is a version.
pub(super) fn if_match(headers: &HeaderMap) -> Result<u32, Problem> {
    let given = headers.get(header::IF_MATCH).ok_or_else(Problem::precondition)?;
    let text = given.to_str().unwrap_or_default().trim().trim_start_matches("W/").trim_matches('"');
    text.parse().map_err(|_| Problem::invalid("must be the version that was read").of("If-Match"))
}

/// What a body says, which is one JSON object: of a list serde would take the members in their order, and an empty one
/// would pass for an object that says nothing.
///
/// # Errors
/// It is no `what`.
pub(super) fn object<T: DeserializeOwned>(body: &str, what: &str) -> Result<T, Problem> {
    match serde_json::from_str(body) {
        Ok(Object(said)) => Ok(said),
        Err(fault) => Err(Problem::invalid(format!("no {what}: {fault}"))),
    }
}

// === impl Asked ===

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(fault) => {
                let problem = Problem::invalid(fault.body_text());
                Err(match wrong(&fault) {
                    Some(field) => problem.of(field),
                    None => problem,
                })
            }
        }
    }
}

/// Which part of the query is wrong, or missing.
fn wrong(fault: &(dyn Error + 'static)) -> Option<String> {
    let mut causes = std::iter::successors(Some(fault), |fault| (*fault).source());
    let cause = causes.find_map(|cause| cause.downcast_ref::<serde_path_to_error::Error<serde::de::value::Error>>())?;
    if let Some(Segment::Map { key }) = cause.path().iter().next() {
        return Some(key.clone());
    }
    let text = cause.inner().to_string();
    Some(text.strip_prefix("missing field `")?.split_once('`')?.0.to_owned())
}

// === impl Id ===

impl<T: From<String>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(T::from(name))),
            // It is no name of anything.
            Err(_) => Err(Problem::not_found("there is nothing at this address")),
        }
    }
}

// === impl Ids ===

impl<T: From<String>, U: From<String>, S: Send + Sync> FromRequestParts<S> for Ids<T, U> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<(String, String)>::from_request_parts(parts, state).await {
            Ok(Path((one, two))) => Ok(Self(T::from(one), U::from(two))),
            // They are no names of anything.
            Err(_) => Err(Problem::not_found("there is nothing at this address")),
        }
    }
}

// === impl Text ===

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match String::from_request(request, state).await {
            Ok(text) => Ok(Self(text)),
            Err(fault) if fault.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::too_large("the body is too long"))
            }
            Err(fault) => Err(Problem::invalid(fault.body_text())),
        }
    }
}
