//! REST: what programs and pages ask for over plain HTTP. Every route stands in one table, [`routes`], and in
//! [`openapi`], which a test holds against it.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use prometheus_client::registry::Registry;
use tower_http::catch_panic::CatchPanicLayer;

mod accept;
mod agents;
mod ask;
mod bearer;
mod canned;
mod conversations;
mod csv;
mod health;
mod inbox;
mod items;
mod labels;
mod list;
mod openapi;
mod playbooks;
mod stats;
mod transcript;
mod visitors;
mod webhooks;
mod why;
mod widget;

pub use self::openapi::openapi;
use super::{Problem, Shutdown, assets};
use crate::{hub::Hub, outbox::Rules, session::Lobby};

/// The longest body: a playbook of 256 KiB with white space around it.
const MAX_BODY: usize = 512 * 1024;

/// What every handler may use.
#[derive(Clone)]
pub struct Rooms {
    /// The hub.
    pub hub: Arc<Hub>,
    /// What sessions share: keys and rates.
    pub lobby: Arc<Lobby>,
    /// What `/metrics` shows.
    pub registry: Arc<Registry>,
    /// Whether the hub is draining.
    pub shutdown: Shutdown,
    /// Where webhooks may lead.
    pub outbox: Rules,
    /// Origins that may show the inbox and hand it tokens, as browsers write them.
    pub hosts: Arc<[String]>,
}

/// Everything that is not a socket. With `metrics` false, `/metrics` has a listener of its own.
pub fn routes(rooms: Rooms, metrics: bool) -> Router {
    let api = Router::new()
        .route("/v1/widget/{playbook}", get(widget::settings))
        .route("/v1/playbooks", get(playbooks::list).post(playbooks::create))
        .route("/v1/playbooks/templates", get(playbooks::templates))
        .route("/v1/playbooks/{id}", get(playbooks::read).put(playbooks::save).delete(playbooks::delete))
        .route("/v1/conversations", get(conversations::list))
        .route("/v1/conversations/{id}", get(conversations::read))
        .route("/v1/conversations/{id}/transcript", get(transcript::read))
        .route("/v1/conversations/{id}/items/{item}/retry", post(items::retry))
        .route("/v1/visitors/{id}", delete(visitors::erase))
        .route("/v1/items", get(items::list))
        .route("/v1/agents", get(agents::list))
        .route("/v1/agents/{id}", delete(agents::remove))
        .route("/v1/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/v1/webhooks/{id}", delete(webhooks::remove))
        .route("/v1/webhooks/{id}/disable", post(webhooks::disable))
        .route("/v1/webhooks/{id}/enable", post(webhooks::enable))
        .route("/v1/webhooks/{id}/deliveries", get(webhooks::deliveries))
        .route("/v1/webhooks/{id}/deliveries/{delivery}/retry", post(webhooks::retry))
        .route("/v1/inbox", get(inbox::read))
        .route("/v1/canned", get(canned::read).put(canned::save))
        .route("/v1/stats", get(stats::read))
        .route("/v1/why", get(why::why))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(openapi::document))
        .route("/schema.json", get(openapi::frames))
        .route("/docs", get(openapi::page));
    let api = if metrics { api.merge(metrics_route()) } else { api };
    api.fallback(assets::serve)
        .method_not_allowed_fallback(|| async { Problem::method() })
        .layer(middleware::from_fn(unsniffed))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CatchPanicLayer::custom(|_panic: Box<dyn std::any::Any + Send>| Problem::internal().into_response()))
        .with_state(rooms)
}

/// `/metrics` alone, for a listener of its own.
pub fn metrics_only(rooms: Rooms) -> Router {
    metrics_route().fallback(|| async { Problem::not_found("there is only /metrics here") }).with_state(rooms)
}

fn metrics_route() -> Router<Rooms> {
    Router::new().route("/metrics", get(health::metrics))
}

/// No answer is to be taken for something else than it says, and none tells other sites where it was asked from.
async fn unsniffed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(http::header::X_CONTENT_TYPE_OPTIONS, http::HeaderValue::from_static("nosniff"));
    headers.insert(http::header::REFERRER_POLICY, http::HeaderValue::from_static("no-referrer"));
    response
}
