//! The side panel: deal, person, organisation, note; what changes in it, and what may stand in it.
//!
//! Fields are named by their path, as `person.email`, in refusals, in `claimed` and in a visitor's claims.

mod amount;
mod check;
mod object;
mod patch;
pub mod plausible;
mod read;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::{
    amount::Amount,
    check::{BadField, MAX_NOTE, MAX_SHORT, tidy},
    patch::{DealPatch, DetailsPatch, OrganizationPatch, PersonPatch},
};
pub(crate) use self::{check::check_text, object::Object, read::Reading};
use super::playbook::Claim;

/// What is known about a visitor and their business. Every field may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct Details {
    /// The sale.
    pub deal: Deal,
    /// The visitor.
    pub person: Person,
    /// Whom they speak for.
    pub organization: Organization,
    /// Free text, at most 16 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub note: Option<String>,
}

/// A sale under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct Deal {
    /// Its worth, in `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
    /// ISO 4217, as `EUR`; missing means the workspace's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_close_date: Option<String>,
}

/// A visitor as a person. Strings hold at most 1 KiB.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct Person {
    /// What they are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where to write to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where to call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Whom a visitor speaks for. Strings hold at most 1 KiB.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct Organization {
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is; may have several lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// How many fields hold text, in the order of [`TEXTS`].
const TEXT_COUNT: usize = 8;
/// The only field that is a number.
const VALUE: &str = "deal.value";
/// The paths of the fields that hold text.
const TEXTS: [&str; TEXT_COUNT] = [
    "deal.currency",
    "deal.expected_close_date",
    "person.name",
    "person.email",
    "person.phone",
    "organization.name",
    "organization.address",
    "note",
];

// === impl Details ===

impl Details {
    /// Takes a change in. The change is trusted: it has been checked, or comes from the log.
    pub fn apply(&mut self, patch: &DetailsPatch) {
        if let Some(value) = patch.deal.value {
            self.deal.value = value;
        }
        for (mine, change) in self.texts_mut().into_iter().zip(patch.texts()) {
            if let Some(text) = change {
                mine.clone_from(text);
            }
        }
    }

    /// Whether anything stands in the field of this path.
    pub fn has(&self, path: &str) -> bool {
        match TEXTS.iter().position(|name| *name == path) {
            Some(index) => self.texts()[index].is_some(),
            None => path == VALUE && self.deal.value.is_some(),
        }
    }

    /// What the visitor is called, as far as anybody said.
    pub fn person_name(&self) -> Option<&str> {
        self.person.name.as_deref()
    }

    /// What a visitor's claim changes: nothing where an agent entered something, which is whatever stands in a field
    /// that is not `claimed`. A second claim for the note goes on a line below the first.
    pub fn claim(&self, claim: &Claim, claimed: &BTreeSet<String>) -> DetailsPatch {
        if self.has(&claim.field) && !claimed.contains(&claim.field) {
            return DetailsPatch::default();
        }
        let mut patch = DetailsPatch::of_claim(claim);
        if let (Some(before), Some(Some(now))) = (&self.note, &mut patch.note) {
            let known = before.lines().any(|line| line == now.as_str());
            let whole = format!("{before}\n{now}");
            *now = if known || whole.len() > MAX_NOTE { before.clone() } else { whole };
        }
        patch.diff(self)
    }

    /// What a site's word on its visitor changes: like a claim nothing that an agent entered, but it stands unclaimed,
    /// also where the visitor has claimed the same.
    pub fn vouch(&self, vouched: &DetailsPatch, claimed: &BTreeSet<String>) -> DetailsPatch {
        let mut patch = vouched.clone();
        for (path, change) in TEXTS.into_iter().zip(patch.texts_mut()) {
            if self.has(path) && !claimed.contains(path) {
                *change = None;
            }
        }
        patch
    }

    fn texts(&self) -> [&Option<String>; TEXT_COUNT] {
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

    fn texts_mut(&mut self) -> [&mut Option<String>; TEXT_COUNT] {
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

#[cfg(test)]
mod tests;
