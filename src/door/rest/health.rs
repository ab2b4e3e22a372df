//! Whether the hub lives, whether it should get traffic, and what it counts.

use std::time::Duration;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use prometheus_client::encoding::text::encode;
use serde_json::json;

use super::{Problem, Rooms, list::private};
use crate::mesh::Health;

/// How long the store may take to prove that it takes writes.
const PATIENCE: Duration = Duration::from_secs(2);
/// What Prometheus expects.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /healthz`: the process runs and answers.
pub(super) async fn alive() -> Response {
    private(&json!({"status": "ok"}))
}

/// `GET /readyz`: 200 while it should get traffic, `degraded` naming what it does without; 503 while it drains or its
/// store takes no writes.
pub(super) async fn ready(State(rooms): State<Rooms>) -> Result<Response, Problem> {
    if rooms.shutdown.draining.is_cancelled() {
        return Err(Problem::unavailable("the hub is draining"));
    }
    match tokio::time::timeout(PATIENCE, rooms.hub.store().ready()).await {
        Ok(Ok(())) => {
            // The mesh of one node is always well.
            let degraded: &[&str] = match rooms.hub.mesh().health() {
                Health::Well => &[],
                Health::Deaf => &["redis"],
            };
            return Ok(private(&json!({"status": "ok", "degraded": degraded})));
        }
        Ok(Err(fault)) => tracing::warn!(error = %fault, "the store takes no writes"),
        Err(_) => tracing::warn!("the store did not answer in time"),
    }
    Err(Problem::unavailable("the store takes no writes"))
}

/// `GET /metrics`: OpenMetrics text.
pub(super) async fn metrics(State(rooms): State<Rooms>) -> Response {
    rooms.hub.metrics.measure(&rooms.hub);
    let mut text = String::with_capacity(4096);
    if encode(&mut text, &rooms.registry).is_err() {
        return Problem::internal().into_response();
    }
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS));
    response
}
