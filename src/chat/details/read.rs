//! Reading fields out of JSON so that an error names the one that is wrong.

use serde_json::{Map, Value};

use super::{Amount, BadField};

/// One object of the JSON, and the path to it.
pub(crate) struct Reading<'a> {
    path: &'a str,
    /// None where the whole section is `null`: then every field of it is.
    object: Option<&'a Map<String, Value>>,
}

// === impl Reading ===

impl<'a> Reading<'a> {
    /// The object at `path`, empty for the outermost.
    pub(crate) fn of(path: &'a str, json: &'a Value) -> Result<Self, BadField> {
        match json {
            Value::Object(object) => Ok(Self { path, object: Some(object) }),
            _ => Err(BadField::new(if path.is_empty() { "details" } else { path }, "must be an object")),
        }
    }

    /// The section `name`, if it is there.
    pub(crate) fn section(&self, name: &'a str) -> Result<Option<Self>, BadField> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(Self { path: name, object: None })),
            Some(json) => Self::of(name, json).map(Some),
        }
    }

    /// A text; None when it is missing, Some(None) when it is `null`.
    pub(crate) fn text(&self, name: &str) -> Result<Option<Option<String>>, BadField> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::String(text)) => Ok(Some(Some(text.clone()))),
            Some(_) => Err(self.wrong(name, "must be a text")),
        }
    }

    /// An amount; None when it is missing, Some(None) when it is `null`.
    pub(crate) fn amount(&self, name: &str) -> Result<Option<Option<Amount>>, BadField> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::Number(number)) => match number.as_f64().and_then(Amount::new) {
                Some(amount) => Ok(Some(Some(amount))),
                None => Err(self.wrong(name, "must be zero or more")),
            },
            Some(_) => Err(self.wrong(name, "must be a number")),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        match self.object {
            Some(object) => object.get(name),
            None => Some(&Value::Null),
        }
    }

    fn wrong(&self, name: &str, what: &str) -> BadField {
        match self.path {
            "" => BadField::new(name, what),
            path => BadField::new(&format!("{path}.{name}"), what),
        }
    }
}
