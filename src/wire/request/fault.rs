//! What is wrong with a frame, and how to say it.

use serde::de::DeserializeOwned;

use super::{super::error::ErrorBody, RequestId};

/// The longest explanation, in characters: a reader's error may quote what it read.
const MAX_MESSAGE: usize = 200;

/// A frame that is no request. Answered with `error`, under `id` or under null.
#[derive(Clone, Debug, PartialEq)]
pub struct Malformed {
    /// The request's id, where one can be read.
    pub id: Option<RequestId>,
    /// What to answer.
    pub error: Box<ErrorBody>,
    /// Whether it is one of the ten malformed frames in a row that end a connection. A refused value and an unknown
    /// `type` are not.
    pub counts: bool,
}

/// A [`Malformed`] whose id is not known yet.
pub(super) struct Fault {
    error: Box<ErrorBody>,
    counts: bool,
}

// === impl Fault ===

impl Fault {
    /// The frame is not built as its type is.
    pub(super) fn shape(field: Option<&str>, message: String) -> Self {
        let error = ErrorBody { field: field.map(Into::into), ..ErrorBody::new(super::ErrorCode::Invalid, message) };
        Self { error: Box::new(error), counts: true }
    }

    /// The frame is well built, but says something that will not do.
    pub(super) fn value(error: ErrorBody) -> Self {
        Self { error: Box::new(error), counts: false }
    }

    /// Reads once more what could not be read, this time keeping track of where.
    pub(super) fn explain<T: DeserializeOwned>(frame: &str) -> Self {
        let mut json = serde_json::Deserializer::from_str(frame);
        let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut json) else {
            return Self::shape(None, "a frame must be one JSON object".into());
        };
        let path = match error.path().iter().len() {
            0 => String::new(),
            _ => error.path().to_string(),
        };
        let message = error.into_inner().to_string();
        // serde_json's own " at line 1 column 30" helps nobody with one line.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let counts = is_shape(message);
        let field = match member_named(message) {
            Some(member) if path.is_empty() => member.to_owned(),
            Some(member) if !path.ends_with(member) => format!("{path}.{member}"),
            _ => path,
        };
        let field = (!field.is_empty()).then_some(field);
        Self { counts, ..Self::shape(field.as_deref(), message.chars().take(MAX_MESSAGE).collect()) }
    }

    pub(super) fn of(self, id: Option<RequestId>) -> Malformed {
        Malformed { id, error: self.error, counts: self.counts }
    }

    pub(super) fn without_id(self) -> Malformed {
        self.of(None)
    }
}

/// Whether it is JSON of the wrong type, or none at all, that is the matter; serde and our own readers say it otherwise
/// when the type is right and only the value will not do.
fn is_shape(message: &str) -> bool {
    let value = ["invalid value:", "unknown variant", "an amount is"];
    !value.iter().any(|start| message.starts_with(start))
}

/// The member that is missing or doubled: the path of such an error ends at the object around it.
fn member_named(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("missing field `").or_else(|| message.strip_prefix("duplicate field `"))?;
    rest.split_once('`').map(|(member, _)| member)
}
