//! What is wrong with a playbook, in words for the person who wrote it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::CardId;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Fault {
    /// In which card; null where it is not about one.
    pub card: Option<CardId>,
    /// In which field of the card (or of the playbook), as `options[1].next`.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// Everything that is wrong, never nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

// === impl Fault ===

impl Fault {
    /// About the playbook itself.
    pub(super) fn of(field: &str, message: impl Into<String>) -> Self {
        Self { card: None, field: Some(field.into()), message: message.into() }
    }

    /// About a card as a whole.
    pub(super) fn in_card(card: &CardId, message: impl Into<String>) -> Self {
        Self { card: Some(card.clone()), field: None, message: message.into() }
    }

    /// About a field of a card.
    pub(super) fn at(card: &CardId, field: &str, message: impl Into<String>) -> Self {
        Self { card: Some(card.clone()), field: Some(field.into()), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(card) = &self.card {
            write!(f, "card `{card}`: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "`{field}` ")?;
        }
        f.write_str(&self.message)
    }
}

// === impl Faults ===

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
