//! Lists: a member named after what is in it, and `next`.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Problem;

/// Rows when the request does not say how many.
const USUAL: u32 = 50;
/// Rows at most.
const MOST: u32 = 100;

/// How many rows were asked for.
///
/// # Errors
/// Outside 1 to 100.
pub(super) fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit as usize),
        _ => Err(Problem::invalid("limit must be 1 to 100").of("limit")),
    }
}

/// `{"<name>": […], "next": …}`.
pub(super) fn list(name: &str, rows: &[impl Serialize], next: Option<String>) -> Response {
    let mut members = Map::new();
    let rows = rows.iter().map(|row| serde_json::to_value(row).unwrap_or_default()).collect();
    members.insert(name.into(), Value::Array(rows));
    members.insert("next".into(), next.map_or(Value::Null, Value::String));
    private(&members)
}

/// JSON that is for this agent only.
pub(super) fn private(body: &impl Serialize) -> Response {
    let mut response = axum::Json(body).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
