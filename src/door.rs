//! The door (floor 6): listening, upgrading, tokens, REST, files, health.

mod accept;
mod addresses;
mod assets;
mod connection;
mod handshake;
mod listener;
mod meter;
mod metrics;
mod network;
mod peer;
mod problem;
mod rest;
mod socket;

pub use accept::{Door, DoorSettings, Shutdown};
pub use addresses::{Addresses, Admission};
pub use listener::listen;
pub use meter::{MeterLimits, Metered};
pub use metrics::DoorMetrics;
pub use network::Network;
pub use peer::Peer;
pub use problem::Problem;
pub use rest::{Rooms, metrics_only, openapi, routes};
pub use socket::{Sessions, Socket, SocketLimits};
