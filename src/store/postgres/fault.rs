//! What PostgreSQL's failures mean: whether it said no, or nobody knows what became of what was asked.

use tokio_postgres::error::{Error, Severity, SqlState};

use crate::store::StoreError;

/// Why a statement gave no answer.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// The server refused it; nothing of it was done.
    Refused(Refusal),
    /// The connection is gone or useless; whether it was done is not known.
    Lost(String),
}

/// A refusal by the server.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// The server's; None when it was not even asked.
    code: Option<SqlState>,
    words: String,
}

/// What to do about a refusal of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Two transactions stood in each other's way: the same again may go through.
    Again,
    /// Something in the batch is wrong: each alone.
    Alone,
    /// The server cannot do such things at present.
    Later,
}

// === impl Fault ===

impl Fault {
    /// The server did not answer in time.
    pub(super) fn silent() -> Self {
        Self::Lost("the database does not answer".into())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let Some(told) = error.as_db_error() else { return Self::Lost(error.to_string()) };
        // Details quote rows; only the message is fit for a log.
        let words = format!("{} ({})", told.message(), told.code().code());
        let fatal = matches!(told.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
        // A server that has become read-only follows another one now: whom to ask is found by connecting anew.
        let useless = *told.code() == SqlState::READ_ONLY_SQL_TRANSACTION || told.code().code().starts_with("57P");
        match fatal || useless {
            true => Self::Lost(words),
            false => Self::Refused(Refusal { code: Some(told.code().clone()), words }),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(fault: StoreError) -> Self {
        match fault {
            StoreError::Unavailable(words) => Self::Lost(words),
            StoreError::Damaged(words) => Self::Refused(Refusal { code: None, words }),
            fault @ StoreError::Cursor => Self::Refused(Refusal { code: None, words: fault.to_string() }),
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(refusal) => refusal.into(),
            Fault::Lost(words) => Self::Unavailable(words),
        }
    }
}

// === impl Refusal ===

impl Refusal {
    pub(super) fn is_taken(&self) -> bool {
        self.code == Some(SqlState::UNIQUE_VIOLATION)
    }

    pub(super) fn remedy(&self) -> Remedy {
        match self.class() {
            "40" => Remedy::Again,
            // Out of something, somebody intervened (or the statement took too long), trouble with the system.
            "53" | "57" | "58" | "55" => Remedy::Later,
            _ => Remedy::Alone,
        }
    }

    fn class(&self) -> &str {
        self.code.as_ref().and_then(|code| code.code().get(..2)).unwrap_or_default()
    }
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        let damaged = matches!(refusal.class(), "" | "22" | "23" | "XX");
        match damaged {
            true => Self::Damaged(refusal.words),
            false => Self::Unavailable(refusal.words),
        }
    }
}
