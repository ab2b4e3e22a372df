//! A change of the side panel: of each field nothing, a new value, or its removal.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::{Amount, BadField, Claim, Details, Object, Reading, TEXT_COUNT, TEXTS, VALUE, check_text, tidy};

/// Changes of [`Details`]. A missing field stays as it is, `null` clears it, anything else is its new value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct DetailsPatch {
    /// Of the sale.
    #[serde(skip_serializing_if = "DealPatch::is_empty", deserialize_with = "section")]
    #[ts(optional, as = "Option<DealPatch>")]
    pub deal: DealPatch,
    /// Of the visitor.
    #[serde(skip_serializing_if = "PersonPatch::is_empty", deserialize_with = "section")]
    #[ts(optional, as = "Option<PersonPatch>")]
    pub person: PersonPatch,
    /// Of whom they speak for.
    #[serde(skip_serializing_if = "OrganizationPatch::is_empty", deserialize_with = "section")]
    #[ts(optional, as = "Option<OrganizationPatch>")]
    pub organization: OrganizationPatch,
    /// Free text, at most 16 KiB.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[ts(optional = nullable, as = "Option<String>")]
    pub note: Option<Option<String>>,
}

/// Changes of a sale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct DealPatch {
    /// Its worth: finite, zero or more.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[ts(optional = nullable, as = "Option<Amount>")]
    pub value: Option<Option<Amount>>,
    /// ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[ts(optional = nullable, as = "Option<String>")]
    pub currency: Option<Option<String>>,
    /// `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[ts(optional = nullable, as = "Option<String>")]
    pub expected_close_date: Option<Option<String>>,
}

/// Changes of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct PersonPatch {
    /// What they are called.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[ts(optional = nullable, as = "Option<String>")]
    pub name: Option<Option<String>>,
    /// Where to write to.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[ts(optional = nullable, as = "Option<String>")]
    pub email: Option<Option<String>>,
    /// Where to call.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[ts(optional = nullable, as = "Option<String>")]
    pub phone: Option<Option<String>>,
}

/// Changes of an organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct OrganizationPatch {
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[ts(optional = nullable, as = "Option<String>")]
    pub name: Option<Option<String>>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[ts(optional = nullable, as = "Option<String>")]
    pub address: Option<Option<String>>,
}

/// Tells `null` from absence: serde calls this only for a field that is there.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// `null` for a section clears every field of it.
fn section<'de, D: Deserializer<'de>, T: Section + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::<Object<T>>::deserialize(deserializer).map(|section| section.map_or_else(T::cleared, |Object(given)| given))
}

/// A section of the panel, which can be cleared as a whole.
trait Section {
    /// The change that leaves nothing in it.
    fn cleared() -> Self;
}

// === impl DetailsPatch ===

impl DetailsPatch {
    /// Reads what a client sent and checks it: the error names the field, whether its type or its value is wrong.
    /// Texts come out tidied; an empty one clears its field, and `null` for a section clears all of it. Unknown
    /// fields are ignored.
    pub fn from_json(json: &Value) -> Result<Self, BadField> {
        let root = Reading::of("", json)?;
        let mut patch = Self { note: root.text("note")?, ..Self::default() };
        if let Some(deal) = root.section("deal")? {
            patch.deal = DealPatch {
                value: deal.amount("value")?,
                currency: deal.text("currency")?,
                expected_close_date: deal.text("expected_close_date")?,
            };
        }
        if let Some(person) = root.section("person")? {
            patch.person =
                PersonPatch { name: person.text("name")?, email: person.text("email")?, phone: person.text("phone")? };
        }
        if let Some(organization) = root.section("organization")? {
            patch.organization =
                OrganizationPatch { name: organization.text("name")?, address: organization.text("address")? };
        }
        patch.check()?;
        patch.tidy();
        Ok(patch)
    }

    /// The change that leaves nothing in the panel.
    pub fn cleared() -> Self {
        Self {
            deal: DealPatch::cleared(),
            person: PersonPatch::cleared(),
            organization: OrganizationPatch::cleared(),
            note: Some(None),
        }
    }

    /// Sets the one field a visitor claims something about; nothing for a field that does not exist.
    pub fn of_claim(claim: &Claim) -> Self {
        let mut patch = Self::default();
        if let Some(index) = TEXTS.iter().position(|path| *path == claim.field) {
            *patch.texts_mut()[index] = Some(tidy(TEXTS[index], &claim.value));
        }
        patch
    }

    /// What a site says of its visitor, tidied. What may not stand in its field is left out: a site's odd entry keeps
    /// nobody from a chat.
    pub fn of_person(name: Option<&str>, email: Option<&str>) -> Self {
        let fitting = |path: &str, text: Option<&str>| {
            text.and_then(|text| tidy(path, text)).filter(|text| check_text(path, text).is_ok()).map(Some)
        };
        let person =
            PersonPatch { name: fitting("person.name", name), email: fitting("person.email", email), phone: None };
        Self { person, ..Self::default() }
    }

    /// Whether every new value may stand in its field. Amounts are right by their type.
    pub fn check(&self) -> Result<(), BadField> {
        for (path, change) in TEXTS.into_iter().zip(self.texts()) {
            if let Some(text) = change.as_ref().and_then(|text| tidy(path, text.as_deref()?)) {
                check_text(path, &text)?;
            }
        }
        Ok(())
    }

    /// The part of this change that changes `details`, tidied.
    #[must_use]
    pub fn diff(&self, details: &Details) -> Self {
        let mut changes = self.clone();
        changes.tidy();
        if changes.deal.value == Some(details.deal.value) {
            changes.deal.value = None;
        }
        for (change, was) in changes.texts_mut().into_iter().zip(details.texts()) {
            if change.as_ref() == Some(was) {
                *change = None;
            }
        }
        changes
    }

    /// Adds what `sent` says again of fields that hold a visitor's claim: an agent who enters the same vouches for it,
    /// which is a change though the value is not.
    pub fn add_confirmed(&mut self, sent: &Self, details: &Details, claimed: &BTreeSet<String>) {
        for (index, (said, was)) in sent.texts().into_iter().zip(details.texts()).enumerate() {
            let path = TEXTS[index];
            let said = said.as_ref().and_then(|text| tidy(path, text.as_deref()?));
            if said.is_some() && said == *was && claimed.contains(path) {
                *self.texts_mut()[index] = Some(said);
            }
        }
    }

    /// The paths of the fields it touches.
    pub fn fields(&self) -> Vec<String> {
        let value = self.deal.value.is_some().then_some(VALUE);
        let texts = TEXTS.into_iter().zip(self.texts()).filter_map(|(path, change)| change.is_some().then_some(path));
        value.into_iter().chain(texts).map(Into::into).collect()
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.deal.is_empty() && self.person.is_empty() && self.organization.is_empty() && self.note.is_none()
    }

    fn tidy(&mut self) {
        for (path, change) in TEXTS.into_iter().zip(self.texts_mut()) {
            if let Some(text) = change {
                *text = text.as_deref().and_then(|text| tidy(path, text));
            }
        }
    }

    pub(super) fn texts(&self) -> [&Option<Option<String>>; TEXT_COUNT] {
        let Self { deal, person, organization, note } = self;
        [
            &deal.currency,
            &deal.expected_close_date,
            &person.name,
            &person.email,
            &person.phone,
            &organization.name,
            &organization.address,
            note,
        ]
    }

    pub(super) fn texts_mut(&mut self) -> [&mut Option<Option<String>>; TEXT_COUNT] {
        let Self { deal, person, organization, note } = self;
        [
            &mut deal.currency,
            &mut deal.expected_close_date,
            &mut person.name,
            &mut person.email,
            &mut person.phone,
            &mut organization.name,
            &mut organization.address,
            note,
        ]
    }
}

// === impl DealPatch ===

impl DealPatch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Section for DealPatch {
    fn cleared() -> Self {
        Self { value: Some(None), currency: Some(None), expected_close_date: Some(None) }
    }
}

// === impl PersonPatch ===

impl PersonPatch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Section for PersonPatch {
    fn cleared() -> Self {
        Self { name: Some(None), email: Some(None), phone: Some(None) }
    }
}

// === impl OrganizationPatch ===

impl OrganizationPatch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Section for OrganizationPatch {
    fn cleared() -> Self {
        Self { name: Some(None), address: Some(None) }
    }
}
