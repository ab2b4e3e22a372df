//! The door (floor 6): listening, upgrading, tokens, REST, files, health.

mod accept;
mod addresses;
mod connection;
mod handshake;
mod listener;
mod meter;
mod metrics;
mod network;
mod peer;
mod problem;
mod socket;

pub use accept::{Door, DoorSettings, Shutdown};
pub use addresses::{Addresses, Admission};
pub use listener::listen;
pub use meter::{MeterLimits, Metered};
pub use metrics::DoorMetrics;
pub use network::Network;
pub use peer::Peer;
pub use problem::Problem;
pub use socket::{Sessions, Socket};
pub fn routes(
    _hub: std::sync::Arc<crate::hub::Hub>,
    _lobby: std::sync::Arc<crate::session::Lobby>,
    _r: std::sync::Arc<prometheus_client::registry::Registry>,
    _s: &Shutdown,
) -> axum::Router {
    axum::Router::new()
        .route("/healthz", axum::routing::get(|| async { "ok" }))
        .route("/readyz", axum::routing::get(|| async { "ok" }))
}
