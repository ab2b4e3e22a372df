//! What a visitor types into a capture card: tidied, checked, and where it goes in the details.

use super::{CaptureField, CaptureInput};
use crate::chat::details::{MAX_NOTE, MAX_SHORT, plausible, tidy};

// === impl CaptureField ===

impl CaptureField {
    /// The kind of input that suits it.
    pub fn input(self) -> CaptureInput {
        match self {
            Self::Name | Self::Organization => CaptureInput::Text,
            Self::Email => CaptureInput::Email,
            Self::Phone => CaptureInput::Tel,
            Self::Text => CaptureInput::Textarea,
        }
    }

    /// The field of the details it fills.
    pub fn path(self) -> &'static str {
        match self {
            Self::Name => "person.name",
            Self::Email => "person.email",
            Self::Phone => "person.phone",
            Self::Organization => "organization.name",
            Self::Text => "note",
        }
    }

    /// The value to keep of what was typed, empty for nothing; or what to tell the visitor.
    pub(super) fn accept(self, typed: &str, required: bool) -> Result<String, &'static str> {
        let Some(value) = tidy(self.path(), typed) else {
            return if required { Err(self.wanted()) } else { Ok(String::new()) };
        };
        let limit = if self == Self::Text { MAX_NOTE } else { MAX_SHORT };
        if value.len() > limit {
            return Err("That is too long. Please shorten it.");
        }
        match self {
            Self::Email if !plausible::email(&value) => Err("Please enter a valid e-mail address."),
            Self::Phone if !plausible::phone(&value) => Err("Please enter a valid phone number."),
            Self::Name | Self::Organization if !value.chars().any(char::is_alphanumeric) => Err(self.wanted()),
            // Domains do not care for capitals, and the person is found again by the address.
            Self::Email => match value.rsplit_once('@') {
                Some((local, domain)) => Ok(format!("{local}@{}", domain.to_lowercase())),
                None => Ok(value),
            },
            _ => Ok(value),
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Name => "Please enter your name.",
            Self::Email => "Please enter a valid e-mail address.",
            Self::Phone => "Please enter a valid phone number.",
            Self::Organization => "Please enter the name of your organisation.",
            Self::Text => "Please write something.",
        }
    }
}
