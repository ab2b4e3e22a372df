//! What all sessions of a node share.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::rates::{Rate, Rates};
use crate::{hub::Hub, tokens::Gate};

/// The hub, the keys and the rates.
pub struct Lobby {
    /// The hub behind.
    pub hub: Arc<Hub>,
    /// Who somebody is.
    pub gate: Gate,
    /// What an operator may set.
    pub settings: Settings,
    /// How often somebody may ask.
    pub rates: Rates,
}

/// What an operator may set about sessions.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// From the upgrade to `hello`.
    pub hello_timeout: Duration,
    /// The heartbeat of visitors.
    pub visitor_heartbeat: Duration,
    /// The heartbeat of agents.
    pub agent_heartbeat: Duration,
    /// How often one visitor may write.
    pub visitor_rate: Rate,
    /// How often one agent may ask.
    pub agent_rate: Rate,
    /// Conversations started per address and minute.
    pub starts_per_minute: u32,
}

/// How somebody came in.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// The page's `Origin`, if one was sent.
    pub origin: Option<Box<str>>,
    /// Whether that is the hub's own.
    pub own_origin: bool,
    /// The address that counts.
    pub address: IpAddr,
}

// === impl Lobby ===

impl Lobby {
    /// A lobby before this hub.
    pub fn new(hub: Arc<Hub>, gate: Gate, settings: Settings) -> Arc<Self> {
        let rates = Rates::new(settings.visitor_rate, settings.agent_rate, settings.starts_per_minute);
        Arc::new(Self { hub, gate, settings, rates })
    }
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            hello_timeout: Duration::from_secs(10),
            visitor_heartbeat: Duration::from_secs(20),
            agent_heartbeat: Duration::from_secs(10),
            visitor_rate: Rate { per_second: 1, burst: 10 },
            agent_rate: Rate { per_second: 10, burst: 50 },
            starts_per_minute: 60,
        }
    }
}
