//! Why the hub did not do what somebody asked.

use crate::{chat::decide::Refusal, store::StoreError};

/// Refused for a reason the person can be told, or not possible now.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HubError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store gave no answer; the cause is for the log, and was logged where this was made.
    #[error("the hub cannot reach its store")]
    Unavailable,
    /// What is stored of this cannot be read, today or tomorrow; logged as above.
    #[error("what is stored of this cannot be read")]
    Damaged,
    /// "No such agent."
    #[error("there is no such agent")]
    NoAgent,
    /// The agent was removed after their token was issued.
    #[error("the token is missing, invalid or has expired")]
    Revoked,
    /// The playbook cannot be used from this page.
    #[error("this playbook is not offered here")]
    NotOffered,
    /// Too many of these; come again after so many milliseconds.
    #[error("too many conversations from this address")]
    RateLimited {
        /// In milliseconds.
        retry_after_ms: u64,
    },
}

/// What the hub answers.
pub type Result<T> = std::result::Result<T, HubError>;

impl From<StoreError> for HubError {
    fn from(cause: StoreError) -> Self {
        if matches!(cause, StoreError::Cursor) {
            return Self::invalid("before", "this is no place in this list: begin anew, without it");
        }
        // Every store failure on its way to a client passes here once.
        tracing::warn!(error = %cause, "the store gave no answer");
        match cause {
            StoreError::Damaged(_) => Self::Damaged,
            _ => Self::Unavailable,
        }
    }
}

impl HubError {
    /// Whether the store said nothing of use: what memory holds may stand in for it.
    pub(super) fn is_without_answer(&self) -> bool {
        matches!(self, Self::Unavailable | Self::Damaged)
    }

    /// "No such thing, or not visible to you."
    pub fn not_found() -> Self {
        Self::Refused(Refusal::NotFound)
    }

    /// A value is out of range.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Refused(Refusal::Invalid { field: field.into(), message: message.into() })
    }

    /// Visible, but not theirs to do.
    pub fn forbidden(message: &'static str) -> Self {
        Self::Refused(Refusal::Forbidden(message))
    }
}
