//! What SQLite's failures mean to whoever waits for an answer.

use rusqlite::ErrorCode;

use crate::store::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(fault: rusqlite::Error) -> Self {
        use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
        let damaged = matches!(
            fault.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation)
        ) || matches!(
            fault,
            FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..)
        );
        match damaged {
            true => Self::Damaged(fault.to_string()),
            false => Self::Unavailable(fault.to_string()),
        }
    }
}

/// Something stored that does not read as what it should be. Names the place, never the content.
pub(super) fn damaged(what: &str, place: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("{what} {place} cannot be read"))
}

/// Something given to the store that would break its promises if it were written.
pub(super) fn refused(why: &str) -> StoreError {
    StoreError::Damaged(format!("refused to write: {why}"))
}
