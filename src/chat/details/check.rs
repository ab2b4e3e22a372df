//! What may stand in a field.

use super::plausible;

/// The longest short text, in bytes.
pub const MAX_SHORT: usize = 1024;
/// The longest note, in bytes.
pub const MAX_NOTE: usize = 16 * 1024;

/// A value that may not stand in its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadField {
    /// Which one, as `person.email`.
    pub field: String,
    /// What to tell the person; names the field.
    pub message: String,
}

/// The text without control characters and without white space at its ends, on one line where the field at `path`
/// has only one; None when nothing is left. Tidying twice changes nothing more.
pub fn tidy(path: &str, text: &str) -> Option<String> {
    let tidied = match path {
        "note" | "fields.note" | "organization.address" => {
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            let shown: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
            shown.trim().to_owned()
        }
        _ => {
            let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
            words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }
    };
    let tidied = if path.ends_with("currency") { tidied.to_uppercase() } else { tidied };
    (!tidied.is_empty()).then_some(tidied)
}

/// Whether a tidied text may stand in the field at `path`, known by its last name.
pub(crate) fn check_text(path: &str, text: &str) -> Result<(), BadField> {
    let name = path.rsplit('.').next().unwrap_or(path);
    let limit = if name == "note" { MAX_NOTE } else { MAX_SHORT };
    if text.len() > limit {
        return Err(BadField::new(path, &format!("must not be longer than {limit} bytes")));
    }
    let (fine, what) = match name {
        "currency" => (plausible::currency(text), "must be an ISO 4217 code, like EUR"),
        "expected_close_date" | "due_date" => (plausible::date(text), "must be a real date, like 2026-03-31"),
        "email" => (plausible::email(text), "must be a valid e-mail address"),
        "phone" => (plausible::phone(text), "must be a valid phone number"),
        _ => (true, ""),
    };
    if fine { Ok(()) } else { Err(BadField::new(path, what)) }
}

// === impl BadField ===

impl BadField {
    /// `what` goes on where the field's name ends: "must be …".
    pub(crate) fn new(field: &str, what: &str) -> Self {
        Self { field: field.into(), message: format!("{field} {what}") }
    }
}
