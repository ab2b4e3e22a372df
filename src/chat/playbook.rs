//! Playbooks: cards, what is wrong with them, and the card machine that walks a visitor through them.
//!
//! A playbook that has no [faults](Playbook::faults) never gets stuck: every walk ends at a question, at the Live Chat
//! card or at the end of a path, and every answer leads on. One that has some does not panic either.

mod capture;
mod card;
mod check;
mod fault;
mod graph;
mod item;
mod read;
mod template;
mod walk;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::{
    card::{CaptureField, Card, CardOption},
    fault::{Fault, Faults},
    item::{Create, ItemFields, ItemPlan},
    template::Template,
    walk::{Answered, Ask, AskOption, CaptureInput, Claim, LiveChat, Next, Refused, Reply, Shown, Walk},
};
use crate::ids::{CardId, PlaybookId};

/// The most cards a playbook holds.
pub const MAX_CARDS: usize = 200;
/// The longest playbook, as JSON without white space, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// The longest text of a card, in bytes.
pub const MAX_TEXT: usize = 16 * 1024;
/// The shortest and the longest wait for an agent, in milliseconds.
pub const WAIT_MS: std::ops::RangeInclusive<u64> = 10_000..=3_600_000;

/// A tree of cards and how its widget looks. As JSON it is what seeds, REST and the editor exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Playbook {
    /// `pb_…`; whoever stores a new one without an id gives it one.
    #[serde(default = "unnamed")]
    pub id: PlaybookId,
    /// What agents call it.
    pub name: String,
    /// The workspace it belongs to; read from seed files only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub workspace: Option<String>,
    /// Whether visitors are met by it. Default: true.
    #[serde(default = "yes")]
    pub active: bool,
    /// The language of its texts, as `en` or `pt-BR`.
    #[serde(default = "english")]
    pub locale: String,
    /// The sites it may be shown on, as `https://www.example.com`; none means any.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Colours and faces.
    #[serde(default)]
    pub appearance: Appearance,
    /// Opens by itself after so many milliseconds on a page; null: never.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub open_after_ms: Option<u64>,
    /// Whether the assignee sees what the visitor is typing.
    #[serde(default)]
    pub typing_preview: bool,
    /// Whether a conversation that nobody took and that fell silent becomes a lead.
    #[serde(default)]
    pub abandoned_lead: bool,
    /// The first card.
    pub start: CardId,
    /// The cards by id.
    #[schemars(with = "BTreeMap<String, Card>")]
    #[ts(type = "Record<string, Card>")]
    pub cards: BTreeMap<CardId, Card>,
}

/// How a widget looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct Appearance {
    /// `#rrggbb`.
    pub color: String,
    /// The launcher's icon, a name the widget knows.
    pub icon: String,
    /// What the bot is called.
    pub bot_name: String,
    /// The bot's picture, an https address.
    pub avatar: Option<String>,
}

// === impl Playbook ===

impl Playbook {
    /// Whether a page of this origin may show it. The hub's own is the caller's to allow.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.origins.is_empty() || self.origins.iter().any(|allowed| allowed == origin)
    }

    /// Whether any of its paths leads to an agent.
    pub fn has_live_chat(&self) -> bool {
        self.cards.values().any(|card| matches!(card, Card::LiveChat { .. }))
    }
}

fn unnamed() -> PlaybookId {
    PlaybookId::from("")
}

fn yes() -> bool {
    true
}

fn english() -> String {
    "en".into()
}

// === impl Appearance ===

impl Default for Appearance {
    fn default() -> Self {
        Self { color: "#3b5bdb".into(), icon: "chat".into(), bot_name: "Usher".into(), avatar: None }
    }
}

#[cfg(test)]
mod tests;
