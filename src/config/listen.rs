//! Where the hub listens, and whom it believes about addresses.

use std::net::SocketAddr;

use super::reader::Reader;
use crate::door::Network;

const DEFAULT: &str = "127.0.0.1:8080";

/// `listen` and `[door]`.
#[derive(Debug, Clone)]
pub struct Listen {
    /// `listen`: address and port of HTTP and WebSocket. Default
    /// `127.0.0.1:8080`.
    pub address: SocketAddr,
    /// `door.metrics_listen`: address and port of `/metrics` alone; when it is
    /// set, the main listener has no `/metrics`. No default.
    pub metrics: Option<SocketAddr>,
    /// `door.trusted_proxies`: addresses or networks whose `X-Forwarded-For` is
    /// believed. Default none.
    pub trusted_proxies: Vec<Network>,
}

// === impl Listen ===

impl Listen {
    pub(super) fn ask(reader: &mut Reader) -> Self {
        let text = reader.text_or(&["listen"], DEFAULT);
        let address =
            address(reader, "listen", &text).unwrap_or_else(|| DEFAULT.parse().expect("the default is an address"));
        let metrics = reader
            .text(&["door", "metrics_listen"])
            .and_then(|text| self::address(reader, "door.metrics_listen", &text));
        let mut trusted_proxies = Vec::new();
        for text in reader.list(&["door", "trusted_proxies"]) {
            match text.parse() {
                Ok(network) => trusted_proxies.push(network),
                Err(()) => {
                    let message = format!("{text} is no address and no network like 10.0.0.0/8");
                    reader.fault("door.trusted_proxies", message);
                }
            }
        }
        Self { address, metrics, trusted_proxies }
    }

    /// True when only this machine can reach the hub.
    pub fn is_loopback(&self) -> bool {
        self.address.ip().is_loopback()
    }
}

fn address(reader: &mut Reader, key: &str, text: &str) -> Option<SocketAddr> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    let address = numeric.parse().ok();
    if address.is_none() {
        reader.fault(key, "must be an address and a port, like 127.0.0.1:8080");
    }
    address
}
