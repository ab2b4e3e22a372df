//! How a hub under test is set up: generous limits unless the test is about them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Hub, playbooks, token};

/// Environment and seed of a hub that is about to start.
#[derive(Clone)]
pub struct Settings {
    /// `USHER_…` by name.
    pub environment: BTreeMap<String, String>,
    /// The files of `USHER_PLAYBOOKS`.
    pub playbooks: Vec<Value>,
}

/// Rates and counts that only their own tests want to meet.
const LIFTED: [&str; 9] = [
    "VISITOR_SENDS_PER_SECOND",
    "AGENT_REQUESTS_PER_SECOND",
    "CONNECTIONS_PER_ADDRESS",
    "UNAUTHENTICATED_PER_ADDRESS",
    "CONNECTIONS_PER_VISITOR",
    "CONNECTIONS_PER_AGENT",
    "STARTS_PER_ADDRESS",
    "FRAMES_PER_SECOND",
    "BYTES_PER_SECOND",
];

// === impl Settings ===

impl Settings {
    /// What most tests want.
    pub fn new() -> Self {
        let mut settings = Self { environment: BTreeMap::new(), playbooks: playbooks::all() };
        for limit in LIFTED {
            settings = settings.limit(limit, 0);
        }
        settings
            .set("USHER_AGENT__HS256_SECRET", token::SECRET)
            .set("USHER_IDENTITY__DEFAULT__HS256_SECRET", token::SITE_SECRET)
            .set("USHER_LOG", "info")
            .set("USHER_RUNTIME__WORKER_THREADS", "1")
    }

    /// Sets a variable of the environment.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Keeps conversations in this PostgreSQL database.
    pub fn postgres(self, url: &str) -> Self {
        self.set("USHER_STORE", url).set("USHER_VISITOR__SECRET", "a secret that seals the tests' visitors")
    }

    /// Sets one of `[limits]`.
    pub fn limit(self, name: &str, value: u64) -> Self {
        self.set(&format!("USHER_LIMITS__{name}"), &value.to_string())
    }

    /// Adds a playbook to the seed.
    pub fn playbook(mut self, playbook: Value) -> Self {
        self.playbooks.push(playbook);
        self
    }

    /// Starts a hub of it.
    pub async fn start(self) -> Hub {
        Hub::with(self).await
    }
}
