//! What HTTP answers instead of what was asked for: RFC 9457 problem documents with the codes of the protocol.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    chat::playbook::{Fault, Faults},
    hub::error::HubError,
    store::StoreError,
    wire::{code::ErrorCode, error::ErrorBody},
};

/// A refusal over HTTP. `code` and what it means are those of the protocol's section 6.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Problem {
    /// Always `about:blank`: the code says more than a page would.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What the status means.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// The protocol's code.
    code: ErrorCode,
    /// A sentence about this very case.
    detail: String,
    /// Boxed, so that the good answer pays nothing for it.
    #[serde(flatten)]
    rare: Option<Box<Rare>>,
}

/// What few problems have.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Rare {
    /// The part of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// When the same request may be tried again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// Of a playbook: everything that is wrong, each with its card and field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Fault>,
    #[serde(skip)]
    header: Option<(HeaderName, HeaderValue)>,
}

// === impl Problem ===

impl Problem {
    fn new(status: StatusCode, code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            rare: None,
        }
    }

    /// 400: malformed, or a value out of range.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::Invalid, detail)
    }

    /// 400: a playbook that cannot be saved, and all that is wrong with it. `field` is the first one's, as
    /// `cards.<card>.<field>`.
    pub fn faulty(faults: Faults) -> Self {
        let first = faults.0.first().map(|fault| {
            let card = fault.card.as_ref().map(|card| format!("cards.{card}"));
            [card, fault.field.clone()].into_iter().flatten().collect::<Vec<_>>().join(".")
        });
        let mut problem = Self::invalid(faults.to_string());
        let rare = problem.rare();
        rare.field = first.filter(|field| !field.is_empty());
        rare.faults = faults.0;
        problem
    }

    /// 401: no valid token.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized, detail)
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: not yours to do.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, detail)
    }

    /// 404: no such thing, or not visible to you.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, detail)
    }

    /// 405: there is such a thing, but not this method. Whoever knows which ones there are adds `Allow`.
    pub fn method() -> Self {
        let detail = "not with this method: see the Allow header";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported, detail)
    }

    /// 406: none of the kinds of answers there are is wanted.
    pub fn unacceptable(offered: &[&str]) -> Self {
        let detail = format!("there is only {}: see the Accept header", offered.join(", "));
        Self::new(StatusCode::NOT_ACCEPTABLE, ErrorCode::Unsupported, detail).of("Accept")
    }

    /// 409: the moment has passed, or there is no room.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, ErrorCode::Conflict, detail)
    }

    /// 412: somebody else saved meanwhile; the version is now this.
    pub fn stale(version: u32) -> Self {
        let detail = format!("somebody else saved meanwhile: the version is {version} now");
        let etag = HeaderValue::from_str(&format!("\"{version}\"")).expect("digits in quotes");
        Self::new(StatusCode::PRECONDITION_FAILED, ErrorCode::Conflict, detail).with(header::ETAG, etag)
    }

    /// 413: over the limit.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, detail)
    }

    /// 426: only for WebSockets.
    pub fn upgrade(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UPGRADE_REQUIRED, ErrorCode::Unsupported, detail)
            .with(header::UPGRADE, HeaderValue::from_static("websocket"))
    }

    /// 426: a WebSocket, but not of the version there is.
    pub fn version() -> Self {
        let detail = "only version 13 of WebSocket is served";
        Self::new(StatusCode::UPGRADE_REQUIRED, ErrorCode::Unsupported, detail)
            .with(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
    }

    /// 428: `If-Match` is missing.
    pub fn precondition() -> Self {
        let detail = "send If-Match with the version you read, so that nobody's changes are lost";
        Self::new(StatusCode::PRECONDITION_REQUIRED, ErrorCode::Invalid, detail).of("If-Match")
    }

    /// 429: slow down, in milliseconds.
    pub fn rate_limited(retry_after_ms: u64) -> Self {
        let seconds = HeaderValue::from(retry_after_ms.div_ceil(1000));
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, "slow down");
        problem.rare().retry_after_ms = Some(retry_after_ms);
        problem.with(header::RETRY_AFTER, seconds)
    }

    /// 503: nothing was done; try again.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, detail)
            .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 500: a fault of the hub's own, already logged.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Unavailable, "the hub made a mistake")
    }

    /// Names the part of the request that is wrong.
    pub fn of(mut self, field: impl Into<String>) -> Self {
        self.rare().field = Some(field.into());
        self
    }

    /// Adds the header that goes with the status.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.rare().header = Some((name, value));
        self
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

impl From<ErrorBody> for Problem {
    fn from(error: ErrorBody) -> Self {
        let mut problem = match error.code {
            ErrorCode::RateLimited => return Self::rate_limited(error.retry_after_ms.unwrap_or(1_000)),
            ErrorCode::Unavailable => Self::unavailable(error.message),
            code => {
                Self::new(StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST), code, error.message)
            }
        };
        if let Some(field) = error.field {
            problem = problem.of(field);
        }
        problem
    }
}

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

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some((name, value)) = self.rare.and_then(|rare| rare.header) {
            headers.insert(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    use super::*;

    async fn document(problem: Problem) -> (http::response::Parts, Value) {
        let (parts, body) = problem.into_response().into_parts();
        let bytes = body.collect().await.expect("whole").to_bytes();
        (parts, serde_json::from_slice(&bytes).expect("JSON"))
    }

    #[tokio::test]
    async fn b_a_problem_has_the_code_of_the_socket() {
        let (parts, body) = document(Problem::invalid("too short").of("wait_ms")).await;
        assert_eq!(parts.status, StatusCode::BAD_REQUEST);
        assert_eq!(parts.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(
            body,
            json!({"type": "about:blank", "title": "Bad Request", "status": 400, "code": "invalid",
                "detail": "too short", "field": "wait_ms"})
        );
    }

    #[tokio::test]
    async fn b_problems_carry_the_header_their_status_asks_for() {
        let (parts, _) = document(Problem::unauthorized("no token")).await;
        assert_eq!(parts.headers[header::WWW_AUTHENTICATE], "Bearer");
        let (parts, body) = document(Problem::rate_limited(1500)).await;
        assert_eq!(parts.headers[header::RETRY_AFTER], "2");
        assert_eq!(body["retry_after_ms"], 1500);
        let (parts, _) = document(Problem::stale(7)).await;
        assert_eq!(parts.headers[header::ETAG], "\"7\"");
    }
}
