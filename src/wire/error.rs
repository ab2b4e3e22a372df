//! What a client is told when something is refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::code::ErrorCode;
use crate::{
    chat::{decide::Refusal, event::AgentRef},
    ids::{AgentId, Millis},
};

/// `error` of a reply. Public: holds nothing a client may not see, and no private cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ErrorBody {
    /// What kind of refusal, for programs.
    pub code: ErrorCode,
    /// What to tell the person.
    pub message: String,
    /// Which member of the request, as a path: `text`, `details.deal.value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
    /// Who has the conversation now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub assignee: Option<AgentName>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub at: Option<Millis>,
    /// How long to wait before repeating it, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub retry_after_ms: Option<u64>,
}

/// An agent by id and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct AgentName {
    /// The JWT's `sub`.
    pub id: AgentId,
    /// As of the last `hello`.
    pub name: String,
}

// === impl ErrorBody ===

impl ErrorBody {
    /// A refusal of this kind with this explanation.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, assignee: None, at: None, retry_after_ms: None }
    }

    /// A value that will not do.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(ErrorCode::Invalid, message) }
    }

    /// Slow down for `ms` milliseconds.
    pub fn rate_limited(ms: u64) -> Self {
        let message = "too many requests, please wait a moment";
        Self { retry_after_ms: Some(ms), ..Self::new(ErrorCode::RateLimited, message) }
    }

    /// The store, or another part that is needed, gave no answer.
    pub fn unavailable() -> Self {
        Self::new(ErrorCode::Unavailable, "the hub cannot do this right now, please try again")
    }
}

impl From<&Refusal> for ErrorBody {
    fn from(refusal: &Refusal) -> Self {
        let code = match refusal {
            Refusal::NotFound => ErrorCode::NotFound,
            Refusal::Closed => ErrorCode::Closed,
            Refusal::Forbidden(_) => ErrorCode::Forbidden,
            Refusal::Conflict { .. } => ErrorCode::Conflict,
            Refusal::Invalid { .. } => ErrorCode::Invalid,
            Refusal::TooLarge { .. } => ErrorCode::TooLarge,
        };
        let body = Self::new(code, refusal.to_string());
        match refusal {
            Refusal::NotFound | Refusal::Closed | Refusal::Forbidden(_) => body,
            Refusal::Conflict { assignee, at, .. } => {
                Self { assignee: assignee.as_ref().map(AgentName::from), at: *at, ..body }
            }
            Refusal::Invalid { field, .. } => Self { field: Some(field.clone()), ..body },
            Refusal::TooLarge { field, .. } => Self { field: Some((*field).to_owned()), ..body },
        }
    }
}

impl From<Refusal> for ErrorBody {
    fn from(refusal: Refusal) -> Self {
        Self::from(&refusal)
    }
}

// === impl AgentName ===

impl From<&AgentRef> for AgentName {
    fn from(agent: &AgentRef) -> Self {
        Self { id: agent.id.clone(), name: agent.name.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_a_lost_race_names_the_winner_and_the_time() {
        let jane = AgentRef { id: "jane".into(), name: "Jane".into(), avatar: Some("https://x/y.png".into()) };
        let refusal = Refusal::Conflict {
            message: "Jane has this conversation".into(),
            assignee: Some(jane),
            at: Some(Millis(17)),
        };
        assert_eq!(
            serde_json::to_value(ErrorBody::from(&refusal)).unwrap(),
            serde_json::json!({
                "code": "conflict", "message": "Jane has this conversation",
                "assignee": {"id": "jane", "name": "Jane"}, "at": 17,
            })
        );
    }

    #[test]
    fn p6_a_refused_value_names_its_field_and_nothing_else() {
        let refusal = Refusal::TooLarge { field: "text", limit: 16384 };
        assert_eq!(
            serde_json::to_value(ErrorBody::from(&refusal)).unwrap(),
            serde_json::json!({"code": "too_large", "message": "text is longer than 16384 bytes", "field": "text"})
        );
        let body = serde_json::to_value(ErrorBody::from(&Refusal::NotFound)).unwrap();
        assert_eq!(body, serde_json::json!({"code": "not_found", "message": "there is no such conversation"}));
    }
}
