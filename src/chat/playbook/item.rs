//! What a playbook, or an agent, makes of a conversation: leads, deals, activities.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::Playbook;
use crate::{
    chat::{
        details::{Amount, BadField, Reading, check_text, tidy},
        event::ItemKind,
    },
    ids::{CardId, MessageKey},
};

/// What the end of a path makes. Beside its kind: `title` of a lead or deal, `subject` of an activity (required), and
/// the fields of the item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Create {
    /// What to make.
    pub kind: ItemKind,
    /// What to call a lead or deal; by default after the playbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub title: Option<String>,
    /// What is to be done: an activity's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub subject: Option<String>,
    /// What to set on it.
    #[serde(flatten)]
    pub fields: ItemFields,
}

/// What an item's maker sets on it beside what the conversation's details say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct ItemFields {
    /// A lead's or deal's worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
    /// ISO 4217, of that worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// When a lead or deal should be won: `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_close_date: Option<String>,
    /// When an activity is due: `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<String>,
    /// Free text, at most 16 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An item to be made, by a playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemPlan {
    /// What it is.
    pub kind: ItemKind,
    /// What to call it.
    pub title: String,
    /// `<card>-<index>`: unique in the conversation, so that it is made once.
    pub key: MessageKey,
    /// What to set on it.
    pub fields: ItemFields,
}

// === impl Create ===

impl Create {
    /// The item that the entry at `index` of an end card's `create` makes.
    pub(super) fn plan(&self, playbook: &Playbook, card: &CardId, index: usize) -> ItemPlan {
        let (given, noun) = match self.kind {
            ItemKind::Lead => (&self.title, "lead"),
            ItemKind::Deal => (&self.title, "deal"),
            ItemKind::Activity => (&self.subject, "activity"),
        };
        let title = given.as_deref().and_then(|title| tidy("title", title));
        ItemPlan {
            kind: self.kind,
            title: title.unwrap_or_else(|| format!("{} {noun}", playbook.name.trim())),
            key: format!("{card}-{index}").into(),
            fields: self.fields.tidied(),
        }
    }
}

// === impl ItemPlan ===

impl ItemPlan {
    /// The lead that a conversation becomes which nobody took and that fell silent.
    pub fn abandoned_lead() -> Self {
        Self {
            kind: ItemKind::Lead,
            title: "Abandoned chat".into(),
            key: "abandoned".into(),
            fields: ItemFields::default(),
        }
    }
}

// === impl ItemFields ===

impl ItemFields {
    /// Reads what a client sent and checks it: the error names the field (`fields.value`), whether its type or its
    /// value is wrong. Unknown fields are ignored, `null` is as good as absence.
    pub fn from_json(json: &Value) -> Result<Self, BadField> {
        let object = Reading::of("fields", json)?;
        let fields = Self {
            value: object.amount("value")?.flatten(),
            currency: object.text("currency")?.flatten(),
            expected_close_date: object.text("expected_close_date")?.flatten(),
            due_date: object.text("due_date")?.flatten(),
            note: object.text("note")?.flatten(),
        };
        fields.check()?;
        Ok(fields.tidied())
    }

    /// Whether every value may stand in its field; the error names it as `fields.currency`.
    pub fn check(&self) -> Result<(), BadField> {
        for (path, text) in self.texts() {
            if let Some(text) = text.as_deref().and_then(|text| tidy(path, text)) {
                check_text(path, &text)?;
            }
        }
        Ok(())
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn texts(&self) -> [(&'static str, &Option<String>); 4] {
        [
            ("fields.currency", &self.currency),
            ("fields.expected_close_date", &self.expected_close_date),
            ("fields.due_date", &self.due_date),
            ("fields.note", &self.note),
        ]
    }

    /// The same without stray white space and control characters, the currency in capitals.
    #[must_use]
    pub fn tidied(&self) -> Self {
        let [currency, expected_close_date, due_date, note] =
            self.texts().map(|(path, text)| text.as_deref().and_then(|text| tidy(path, text)));
        Self { value: self.value, currency, expected_close_date, due_date, note }
    }
}
