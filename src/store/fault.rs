//! Faults that every kind of store can have.

use super::StoreError;

/// Something stored that does not read as what it should be. Names the place, never the content.
pub(super) fn damaged(what: &str, place: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("{what} {place} cannot be read"))
}

/// Something given to the store that would break its promises if it were written.
pub(super) fn refused(why: &str) -> StoreError {
    StoreError::Damaged(format!("refused to write: {why}"))
}
