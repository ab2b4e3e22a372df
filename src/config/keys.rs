//! Who may sign tokens: agents, visitors (the hub itself), sites.

use std::{collections::HashMap, fmt, fs, io, path::Path, path::PathBuf};

use super::{listen::Listen, reader::Reader, store::Store};
use crate::{
    ids::WorkspaceId,
    tokens::{Gate, KeyFault, Keyring, secret_file},
};

/// `[agent]`, `[visitor]` and `[identity.<workspace>]`.
#[derive(Clone)]
pub struct Keys {
    /// `agent.hs256_secret` (at least 32 bytes), `agent.public_key_file` (PEM:
    /// RSA, P-256 or Ed25519) or `agent.jwks_file`: one of them. By default, on
    /// loopback, a secret made in the data folder.
    pub agents: Option<Keyring>,
    /// `agent.audience`: what the `aud` of agents' tokens must name. No default.
    pub audience: Option<String>,
    /// `visitor.secret` (at least 32 bytes): seals visitors' tokens. By default
    /// made in the data folder; required with PostgreSQL, where there is none.
    pub visitor: Option<Vec<u8>>,
    /// `identity.<workspace>.hs256_secret`, `.public_key_file` or `.jwks_file`:
    /// with what that site signs its visitors' identities. None by default.
    pub sites: HashMap<WorkspaceId, Keyring>,
    /// Where secrets are made; None: nowhere.
    folder: Option<PathBuf>,
}

/// The keys, those of the data folder included.
pub struct Opened {
    /// What verifies every token.
    pub gate: Gate,
    /// True when the agents' key is the one in the data folder: this hub is
    /// being tried out.
    pub on_trial: bool,
}

// === impl Keys ===

impl Keys {
    pub(super) fn ask(reader: &mut Reader, listen: &Listen, store: &Store) -> Self {
        let before = reader.fault_count();
        let agents = ring(reader, &["agent"]);
        let folder = store.folder();
        if agents.is_none() && reader.fault_count() == before && folder.is_none() {
            reader.fault(
                "agent",
                "no key is configured; with PostgreSQL there is no data folder to make one in \
                 (set agent.hs256_secret, agent.public_key_file or agent.jwks_file)",
            );
        } else if agents.is_none() && reader.fault_count() == before && !listen.is_loopback() {
            reader.fault(
                "agent",
                "no key is configured; without one the hub only listens on loopback \
                 (set agent.hs256_secret, agent.public_key_file or agent.jwks_file)",
            );
        }
        let audience = reader.text(&["agent", "audience"]);
        if audience.as_deref() == Some("usher-visitor") {
            reader.fault("agent.audience", "is the audience of visitors' identities");
        }
        let visitor = reader.text(&["visitor", "secret"]);
        if visitor.is_none() && folder.is_none() {
            reader.fault("visitor.secret", "is required with PostgreSQL, and is the same for all hubs on one database");
        }
        if let Some(secret) = &visitor {
            match (Keyring::hs256(secret.as_bytes()), &agents) {
                (Err(fault), _) => reader.fault("visitor.secret", fault.to_string()),
                (Ok(ring), Some(agents)) if ring.shares_a_key_with(agents) => {
                    reader.fault("visitor.secret", SHARED);
                }
                _ => {}
            }
        }
        let mut sites = HashMap::new();
        for workspace in reader.tables("identity") {
            let path = ["identity", &workspace];
            let before = reader.fault_count();
            match (ring(reader, &path), &agents) {
                (Some(ring), Some(agents)) if ring.shares_a_key_with(agents) => {
                    reader.fault(&path.join("."), SHARED);
                }
                (Some(ring), _) => {
                    sites.insert(workspace.as_str().into(), ring);
                }
                (None, _) if reader.fault_count() == before => {
                    reader.fault(&path.join("."), "names no key");
                }
                (None, _) => {}
            }
        }
        Self { agents, audience, visitor: visitor.map(String::into_bytes), sites, folder }
    }

    /// The gate, with secrets made in the data folder where none are
    /// configured. An error names the file.
    pub fn open(&self) -> io::Result<Opened> {
        let agents = match &self.agents {
            Some(ring) => ring.clone(),
            None => Keyring::hs256(&self.secret("agent.key")?).map_err(io::Error::other)?,
        };
        let visitor = match &self.visitor {
            Some(secret) => secret.clone(),
            None => self.secret("visitor.key")?,
        };
        Ok(Opened {
            gate: Gate::new(agents, self.audience.clone(), &visitor, self.sites.clone()),
            on_trial: self.agents.is_none(),
        })
    }

    /// The secret in this file of the data folder, made where it is missing.
    fn secret(&self, name: &str) -> io::Result<Vec<u8>> {
        let folder = self.folder.as_ref().ok_or_else(|| io::Error::other("there is no data folder"))?;
        secret(&folder.join(name))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("agents", &self.agents)
            .field("audience", &self.audience)
            .field("visitor", &self.visitor.is_some())
            .field("sites", &self.sites)
            .finish_non_exhaustive()
    }
}

const SHARED: &str = "is the agents' key; whoever holds it could sign in as an agent";

/// The one key of a table, or `None` and the fault if there is one.
fn ring(reader: &mut Reader, table: &[&str]) -> Option<Keyring> {
    let key = |name| [table, &[name]].concat();
    let name = |name| key(name).join(".");
    let secret = reader.text(&key("hs256_secret"));
    let pem = reader.path(&key("public_key_file"));
    let jwks = reader.path(&key("jwks_file"));
    let given = [secret.is_some(), pem.is_some(), jwks.is_some()];
    if given.into_iter().filter(|given| *given).count() > 1 {
        let message = "hs256_secret, public_key_file and jwks_file exclude each other";
        reader.fault(&table.join("."), message);
    }
    let mut rings = Vec::new();
    let mut keep = |reader: &mut Reader, name: String, ring: Result<Keyring, String>| match ring {
        Ok(ring) => rings.push(ring),
        Err(message) => reader.fault(&name, message),
    };
    if let Some(secret) = secret {
        let ring = Keyring::hs256(secret.as_bytes()).map_err(|fault| fault.to_string());
        keep(reader, name("hs256_secret"), ring);
    }
    if let Some(path) = pem {
        keep(reader, name("public_key_file"), file(&path, Keyring::pem));
    }
    if let Some(path) = jwks {
        keep(reader, name("jwks_file"), file(&path, Keyring::jwks));
    }
    rings.into_iter().next()
}

fn file(path: &Path, read: fn(&[u8]) -> Result<Keyring, KeyFault>) -> Result<Keyring, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    read(&bytes).map_err(|fault| fault.to_string())
}

fn secret(path: &Path) -> io::Result<Vec<u8>> {
    secret_file(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
