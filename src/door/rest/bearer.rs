//! Who asks over REST: an agent with the same token as on the socket.

use axum::extract::FromRequestParts;
use http::{header, request::Parts};

use super::{Problem, Rooms};
use crate::{chat::event::AgentRef, hub::seat::Who, ids::WorkspaceId, tokens::Role};

/// A verified agent.
pub(super) struct Bearer {
    /// As the hub knows them.
    pub(super) who: Who,
}

/// A verified admin.
pub(super) struct Admin(pub(super) Bearer);

// === impl Bearer ===

impl Bearer {
    pub(super) fn workspace(&self) -> &WorkspaceId {
        self.who.workspace()
    }
}

impl FromRequestParts<Rooms> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, rooms: &Rooms) -> Result<Self, Problem> {
        let wrong = || Problem::unauthorized("a valid agent token is needed: Authorization: Bearer …");
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = header.and_then(|header| header.split_once(' ')).ok_or_else(wrong)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(wrong());
        }
        let claims = rooms.lobby.gate.agent(token.trim()).map_err(|fault| {
            tracing::debug!(%fault, "an agent's token was refused over REST");
            wrong()
        })?;
        rooms.lobby.rates.agent(claims.workspace.as_str(), claims.agent.as_str()).map_err(Problem::rate_limited)?;
        rooms.hub.vouch(&claims.workspace, &claims.agent, claims.issued_at).await?;
        let agent = AgentRef { id: claims.agent, name: claims.name, avatar: claims.avatar };
        Ok(Self { who: Who::Agent { workspace: claims.workspace, agent, admin: claims.role == Role::Admin } })
    }
}

// === impl Admin ===

impl FromRequestParts<Rooms> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, rooms: &Rooms) -> Result<Self, Problem> {
        let bearer = Bearer::from_request_parts(parts, rooms).await?;
        match bearer.who.is_admin() {
            true => Ok(Self(bearer)),
            false => Err(Problem::forbidden("this takes an admin")),
        }
    }
}
