//! The agents of a workspace.

use axum::{extract::State, response::Response};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Problem, Rooms,
    ask::Id,
    bearer::{Admin, Bearer},
    list::list as listed,
};
use crate::{
    hub::presence::shown,
    ids::{AgentId, Millis},
    wire::agent::{Agent, Role},
};

/// An agent as they are read.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AgentRead {
    /// Id, name, picture and status.
    #[serde(flatten)]
    agent: Agent,
    /// As of their last `hello`.
    role: Role,
    /// The switch.
    online: bool,
    /// When they said `hello` last.
    last_hello_at: Millis,
}

/// `GET /v1/agents`, by name.
pub(super) async fn list(State(rooms): State<Rooms>, bearer: Bearer) -> Result<Response, Problem> {
    let agents = rooms.hub.agents(bearer.workspace()).await?;
    let shown: Vec<_> = agents
        .iter()
        .map(|(row, status)| AgentRead {
            agent: shown(&row.agent, *status),
            role: if row.admin { Role::Admin } else { Role::Agent },
            online: row.online,
            last_hello_at: row.last_hello_at,
        })
        .collect();
    Ok(listed("agents", &shown, None))
}

/// `DELETE /v1/agents/{id}`: ends their sessions and frees their chats.
pub(super) async fn remove(
    State(rooms): State<Rooms>,
    Admin(bearer): Admin,
    Id(id): Id<AgentId>,
) -> Result<StatusCode, Problem> {
    match rooms.hub.remove_agent(bearer.workspace(), &id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("there is no such agent")),
    }
}
