//! Forgetting a person, whatever the store is made of.

use std::sync::Arc;

use super::{
    Append, Result,
    fault::{damaged, refused},
};
use crate::wire::entry::Entry;

/// What an item is called of whose person nothing is left.
pub(super) const ITEM_TITLE: &str = "[erased]";

/// What is left of a stored event.
pub(super) fn left_of(body: String) -> Result<Arc<Entry>> {
    let entry = Entry::stored(body).map_err(|_| damaged("event", "that is to be erased"))?;
    Ok(Entry::new(entry.event().erased()))
}

/// Whether an append erases what came before it.
///
/// # Errors
/// It does, but may not: only what is over is erased, or the visitor could write on.
pub(super) fn erases(append: &Append) -> Result<bool> {
    let erases = append.entries.iter().any(|entry| entry.event().erases());
    let over = || append.row.as_ref().is_some_and(|row| row.closed_at().is_some());
    match erases && !over() {
        true => Err(refused("only a closed conversation is erased")),
        false => Ok(erases),
    }
}
