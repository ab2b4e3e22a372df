//! What is asked, read so that a mistake gets a problem document that names it.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, Request, rejection::BytesRejection},
};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::Problem;
use crate::{
    chat::decide::Refusal,
    hub::error::HubError,
    store::StoreError,
    wire::{code::ErrorCode, error::ErrorBody},
};

/// The query string.
pub(super) struct Asked<T>(pub(super) T);

/// A body of JSON.
pub(super) struct Json(pub(super) serde_json::Value);

// === impl Asked ===

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(fault) => Err(Problem::invalid(None, fault.body_text())),
        }
    }
}

// === impl Json ===

impl<S: Send + Sync> FromRequest<S> for Json {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(|fault| match fault {
            BytesRejection::FailedToBufferBody(fault) if fault.status() == 413 => {
                Problem::too_large("the body is too long")
            }
            fault => Problem::invalid(None, fault.body_text()),
        })?;
        let json = serde_json::from_slice(&bytes);
        json.map(Self).map_err(|fault| Problem::invalid(None, format!("the body is not JSON: {fault}")))
    }
}

// === impl Problem ===

impl From<HubError> for Problem {
    fn from(error: HubError) -> Self {
        ErrorBody::from(&error).into()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        HubError::from(error).into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        ErrorBody::from(&refusal).into()
    }
}

impl From<ErrorBody> for Problem {
    fn from(error: ErrorBody) -> Self {
        match error.code {
            ErrorCode::Invalid | ErrorCode::Unsupported => Self::invalid(error.field, error.message),
            ErrorCode::Unauthorized => Self::unauthorized(error.message),
            ErrorCode::Forbidden => Self::forbidden(error.message),
            ErrorCode::NotFound => Self::not_found(error.message),
            ErrorCode::Conflict | ErrorCode::Closed => Self::conflict(error.message),
            ErrorCode::TooLarge => Self::too_large(error.message),
            ErrorCode::RateLimited => Self::rate_limited(error.retry_after_ms.unwrap_or(1_000)),
            ErrorCode::Unavailable => Self::unavailable(error.message),
        }
    }
}
