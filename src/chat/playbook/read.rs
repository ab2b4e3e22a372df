//! Reading a playbook's JSON strictly: an unknown or mistyped field is a fault that names its card, and all faults
//! are told at once. (What is stored already is read by serde, which lets unknown fields pass.)

use std::fmt;

use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{Fault, Faults, Playbook};
use crate::ids::CardId;

/// What may stand in a field.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    OneOf(&'static [&'static str]),
    Flag,
    Whole,
    Number,
    /// A list of texts.
    Texts,
    /// An object of these fields.
    Object(&'static [Field]),
    /// A list of objects of these fields.
    Objects(&'static [Field]),
    /// An object of cards, which are looked at one by one.
    Cards,
    /// Something that a reply adds and a request may bring back: ignored.
    Anything,
}

/// A field: its name, its shape, and what may be missing.
type Field = (&'static str, Shape, Need);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
    /// Optional, and `null` is as good as absence.
    Nullable,
}

use Need::{Nullable, Optional, Required};

const PLAYBOOK: &[Field] = &[
    ("id", Shape::Text, Optional),
    ("name", Shape::Text, Required),
    ("workspace", Shape::Text, Nullable),
    ("active", Shape::Flag, Optional),
    ("locale", Shape::Text, Optional),
    ("origins", Shape::Texts, Optional),
    ("appearance", Shape::Object(APPEARANCE), Optional),
    ("open_after_ms", Shape::Whole, Nullable),
    ("typing_preview", Shape::Flag, Optional),
    ("abandoned_lead", Shape::Flag, Optional),
    ("start", Shape::Text, Required),
    ("cards", Shape::Cards, Required),
    ("$schema", Shape::Anything, Nullable),
    ("version", Shape::Anything, Nullable),
    ("installed_at", Shape::Anything, Nullable),
    ("last_seen_at", Shape::Anything, Nullable),
    ("live_chat", Shape::Anything, Nullable),
];
const APPEARANCE: &[Field] = &[
    ("color", Shape::Text, Optional),
    ("icon", Shape::Text, Optional),
    ("bot_name", Shape::Text, Optional),
    ("avatar", Shape::Text, Nullable),
];
const KIND: Field = ("kind", Shape::Text, Required);
const TEXT: Field = ("text", Shape::Text, Required);
const NEXT: Field = ("next", Shape::Text, Required);
const OPTION: &[Field] = &[("id", Shape::Text, Required), ("label", Shape::Text, Required), NEXT];
const CREATE: &[Field] = &[
    ("kind", Shape::OneOf(&["lead", "deal", "activity"]), Required),
    ("title", Shape::Text, Nullable),
    ("subject", Shape::Text, Nullable),
    ("value", Shape::Number, Nullable),
    ("currency", Shape::Text, Nullable),
    ("expected_close_date", Shape::Text, Nullable),
    ("due_date", Shape::Text, Nullable),
    ("note", Shape::Text, Nullable),
];
const CAPTURE_FIELDS: &[&str] = &["name", "email", "phone", "organization", "text"];
const END: &[Field] = &[KIND, TEXT, ("create", Shape::Objects(CREATE), Optional)];
/// The cards by kind.
const CARDS: &[(&str, &[Field])] = &[
    ("message", &[KIND, TEXT, NEXT]),
    ("choice", &[KIND, TEXT, ("options", Shape::Objects(OPTION), Required)]),
    (
        "capture",
        &[KIND, TEXT, ("field", Shape::OneOf(CAPTURE_FIELDS), Required), ("required", Shape::Flag, Optional), NEXT],
    ),
    (
        "live_chat",
        &[
            KIND,
            ("online_message", Shape::Text, Required),
            ("wait_ms", Shape::Whole, Optional),
            ("offline_message", Shape::Text, Required),
            ("offline", Shape::Text, Required),
        ],
    ),
    ("qualify", END),
    ("disqualify", END),
];

/// Where in a playbook a reader is.
struct Place<'a> {
    card: Option<&'a CardId>,
    /// What stands before a field's name, as `options[1].`.
    prefix: String,
}

// === impl Playbook ===

impl Playbook {
    /// Reads a playbook written by a person, and says all that keeps it from being one. What is wrong with what it
    /// says is another matter: [`Playbook::faults`].
    pub fn from_json(json: &str) -> Result<Self, Faults> {
        let value: Value =
            serde_json::from_str(json).map_err(|error| Faults(vec![whole(format!("is not JSON: {error}"))]))?;
        // The first parse kept the last of cards with the same id; nobody means that.
        let doubled = serde_json::from_str::<Outline>(json).map(|outline| outline.cards.doubled).unwrap_or_default();
        let doubled = doubled.iter().map(|card| Fault::in_card(card, "exists twice"));
        match (Self::from_value(value), doubled.collect::<Vec<_>>()) {
            (Ok(_), doubled) if !doubled.is_empty() => Err(Faults(doubled)),
            (Err(Faults(faults)), doubled) => Err(Faults(doubled.into_iter().chain(faults).collect())),
            (read, _) => read,
        }
    }

    /// As [`Playbook::from_json`], from JSON that is read already.
    pub fn from_value(json: Value) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        match &json {
            Value::Object(object) => {
                Place { card: None, prefix: String::new() }.object(object, PLAYBOOK, "a playbook", &mut faults);
            }
            _ => faults.push(whole("must be an object".into())),
        }
        if !faults.is_empty() {
            return Err(Faults(faults));
        }
        serde_json::from_value(json).map_err(|error| Faults(vec![whole(error.to_string())]))
    }
}

fn whole(message: String) -> Fault {
    Fault { card: None, field: None, message: format!("the playbook {message}") }
}

// === impl Place ===

impl Place<'_> {
    fn object(&self, object: &Map<String, Value>, fields: &[Field], what: &str, faults: &mut Vec<Fault>) {
        for name in object.keys().filter(|name| !fields.iter().any(|(known, ..)| known == name)) {
            let known: Vec<&str> =
                fields.iter().filter(|(_, shape, _)| !matches!(shape, Shape::Anything)).map(|field| field.0).collect();
            faults.push(self.fault(name, format!("is no field of {what}, which has {}", known.join(", "))));
        }
        for (name, shape, need) in fields {
            match object.get(*name) {
                None if *need == Required => faults.push(self.fault(name, "is missing")),
                None => {}
                Some(Value::Null) if *need == Nullable => {}
                Some(value) => self.value(name, value, *shape, faults),
            }
        }
    }

    fn value(&self, name: &str, value: &Value, shape: Shape, faults: &mut Vec<Fault>) {
        let fits = match shape {
            Shape::Text => value.is_string(),
            Shape::OneOf(names) => value.as_str().is_some_and(|value| names.contains(&value)),
            Shape::Flag => value.is_boolean(),
            Shape::Whole => value.is_u64(),
            Shape::Number => value.as_f64().is_some_and(|number| number >= 0.0),
            Shape::Texts => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            Shape::Object(fields) => match value {
                Value::Object(object) => {
                    let place = Place { card: self.card, prefix: format!("{}{name}.", self.prefix) };
                    place.object(object, fields, &format!("`{name}`"), faults);
                    true
                }
                _ => false,
            },
            Shape::Objects(fields) => match value {
                Value::Array(list) => {
                    self.objects(name, list, fields, faults);
                    true
                }
                _ => false,
            },
            Shape::Cards => match value {
                Value::Object(cards) => {
                    cards.iter().for_each(|(id, card)| self.card(id, card, faults));
                    true
                }
                _ => false,
            },
            Shape::Anything => true,
        };
        if !fits {
            faults.push(self.fault(name, format!("must be {shape}")));
        }
    }

    fn objects(&self, name: &str, list: &[Value], fields: &[Field], faults: &mut Vec<Fault>) {
        for (index, value) in list.iter().enumerate() {
            match value {
                Value::Object(object) => {
                    let place = Place { card: self.card, prefix: format!("{}{name}[{index}].", self.prefix) };
                    place.object(object, fields, &format!("`{name}`"), faults);
                }
                _ => faults.push(self.fault(&format!("{name}[{index}]"), "must be an object")),
            }
        }
    }

    fn card(&self, id: &str, card: &Value, faults: &mut Vec<Fault>) {
        let id = CardId::from(id);
        let place = Place { card: Some(&id), prefix: String::new() };
        let Value::Object(object) = card else {
            return faults.push(Fault::in_card(&id, "must be an object"));
        };
        let kind = object.get("kind").and_then(Value::as_str);
        match CARDS.iter().find(|(name, _)| Some(*name) == kind) {
            Some((name, fields)) => place.object(object, fields, &format!("a `{name}` card"), faults),
            None => {
                let kinds: Vec<&str> = CARDS.iter().map(|(name, _)| *name).collect();
                faults.push(place.fault("kind", format!("must be one of {}", kinds.join(", "))));
            }
        }
    }

    fn fault(&self, name: &str, message: impl Into<String>) -> Fault {
        Fault { card: self.card.cloned(), field: Some(format!("{}{name}", self.prefix)), message: message.into() }
    }
}

// === impl Shape ===

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a text",
            Self::OneOf(names) => return write!(f, "one of {}", names.join(", ")),
            Self::Flag => "true or false",
            Self::Whole => "a whole number, zero or more",
            Self::Number => "a number, zero or more",
            Self::Texts => "a list of texts",
            Self::Objects(_) => "a list of objects",
            Self::Object(_) | Self::Cards => "an object",
            Self::Anything => "anything",
        })
    }
}

/// The ids of a playbook's cards as they stand in the text.
#[derive(Deserialize)]
struct Outline {
    cards: CardIds,
}

#[derive(Default)]
struct CardIds {
    seen: std::collections::BTreeSet<CardId>,
    doubled: Vec<CardId>,
}

// === impl CardIds ===

impl<'de> Deserialize<'de> for CardIds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self::default())
    }
}

impl<'de> Visitor<'de> for CardIds {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of cards")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((id, IgnoredAny)) = map.next_entry::<CardId, _>()? {
            if !self.seen.insert(id.clone()) {
                self.doubled.push(id);
            }
        }
        Ok(self)
    }
}
