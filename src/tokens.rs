//! Who somebody is: agents' tokens, visitors' tokens, the sites' identities.
//!
//! Knows ids and nothing else of the hub.

mod claims;
mod fault;
mod first_run;
mod keyring;
mod shown;
mod visitor;

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use crate::ids::{VisitorId, WorkspaceId};
use claims::{Claims, VISITOR_AUDIENCE};
use visitor::VisitorSeal;

pub use claims::{AgentClaims, Identity, Role};
pub use fault::TokenFault;
pub use first_run::secret_file;
pub use keyring::{KeyFault, Keyring, SECRET_BYTES};
pub use visitor::VisitorClaims;

/// Every key of the hub, and the only place where a token becomes a person.
#[derive(Clone)]
pub struct Gate {
    agents: Keyring,
    audience: Option<String>,
    visitors: VisitorSeal,
    sites: HashMap<WorkspaceId, Keyring>,
}

/// An agent's token still to be signed.
#[derive(Debug, Clone, Serialize)]
pub struct Minting {
    /// The agent's id.
    pub sub: String,
    /// The name visitors see.
    pub name: String,
    /// The workspace.
    pub workspace: String,
    /// What they may do.
    pub role: Role,
    /// Their e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// How long the token lives, in seconds.
    #[serde(skip)]
    pub life_seconds: u64,
}

// === impl Gate ===

impl Gate {
    /// A gate with the agents' keys, the audience their tokens must name (if
    /// any), the secret that seals visitors' tokens, and the sites' keys.
    pub fn new(
        agents: Keyring,
        audience: Option<String>,
        visitor_secret: &[u8],
        sites: HashMap<WorkspaceId, Keyring>,
    ) -> Self {
        Self { agents, audience, visitors: VisitorSeal::new(visitor_secret), sites }
    }

    /// The agent a JWT speaks for. Ends at `expires_at`, leeway included.
    pub fn agent(&self, token: &str) -> Result<AgentClaims, TokenFault> {
        Claims::verify(token, &self.agents, self.audience.as_deref())?.try_into()
    }

    /// The visitor a token of the hub's own speaks for.
    pub fn visitor(&self, token: &str) -> Result<VisitorClaims, TokenFault> {
        self.visitors.open(token, now_seconds())
    }

    /// A token by which this visitor is known for thirty more days.
    pub fn issue_visitor(&self, workspace: &WorkspaceId, visitor: &VisitorId) -> String {
        self.visitors.issue(workspace, visitor, now_seconds())
    }

    /// The person the site of `workspace` vouches for.
    pub fn identity(&self, workspace: &WorkspaceId, token: &str) -> Result<Identity, TokenFault> {
        let keys = self.sites.get(workspace).ok_or(TokenFault::UnknownKey)?;
        Claims::verify(token, keys, Some(VISITOR_AUDIENCE))?.try_into()
    }

    /// An agent's JWT, or `None` when the hub holds only public keys.
    pub fn mint(&self, minting: &Minting) -> Option<String> {
        #[derive(Serialize)]
        struct Claims<'a> {
            #[serde(flatten)]
            minting: &'a Minting,
            #[serde(skip_serializing_if = "Option::is_none")]
            aud: Option<&'a str>,
            iat: u64,
            exp: u64,
        }
        let iat = now_seconds();
        self.agents.sign(&Claims {
            minting,
            aud: self.audience.as_deref(),
            iat,
            exp: iat.saturating_add(minting.life_seconds),
        })
    }
}

fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
