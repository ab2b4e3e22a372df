//! The cards of a playbook.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Create;
use crate::ids::{CardId, OptionId};

/// One card. Texts are Markdown as [`Rich`](crate::chat::rich::Rich) reads it, at most 16 KiB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Card {
    /// Says something and goes on.
    Message {
        /// What it says.
        text: String,
        /// The card after it.
        next: CardId,
    },
    /// Asks a question with given answers.
    Choice {
        /// The question.
        text: String,
        /// The answers.
        options: Vec<CardOption>,
    },
    /// Asks for something to be typed, which fills the conversation's details.
    Capture {
        /// The question.
        text: String,
        /// What is asked for.
        field: CaptureField,
        /// Whether an empty answer is refused. Default: true.
        #[serde(default = "super::yes")]
        required: bool,
        /// The card after it.
        next: CardId,
    },
    /// Puts the visitor in touch with an agent, or into the offline flow.
    LiveChat {
        /// Said when an agent is available.
        online_message: String,
        /// How long the visitor waits, in milliseconds: 10 s to 60 min. Default: 60 s.
        #[serde(default = "a_minute")]
        #[ts(type = "number")]
        wait_ms: u64,
        /// Said when nobody took the chat in that time, or nobody is available.
        offline_message: String,
        /// The first card of the offline flow.
        offline: CardId,
    },
    /// Ends the path well.
    Qualify {
        /// The last words.
        text: String,
        /// What is made of the visitor.
        #[serde(default)]
        create: Vec<Create>,
    },
    /// Ends the path with nothing to sell.
    Disqualify {
        /// The last words.
        text: String,
        /// What is made of the visitor all the same.
        #[serde(default)]
        create: Vec<Create>,
    },
}

/// An answer of a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CardOption {
    /// Its id within the card.
    pub id: OptionId,
    /// What the visitor reads and presses.
    pub label: String,
    /// The card it leads to.
    pub next: CardId,
}

/// What a capture card asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum CaptureField {
    /// The visitor's name.
    Name,
    /// Their e-mail address.
    Email,
    /// Their phone number.
    Phone,
    /// The organisation they speak for.
    Organization,
    /// Anything; goes to the note.
    Text,
}

/// A way on from a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge<'a> {
    /// The field that names it, as `options[1].next`.
    pub(super) field: String,
    /// Where it leads.
    pub(super) to: &'a CardId,
}

fn a_minute() -> u64 {
    60_000
}

// === impl Card ===

impl Card {
    /// Its kind as the JSON names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Message { .. } => "message",
            Self::Choice { .. } => "choice",
            Self::Capture { .. } => "capture",
            Self::LiveChat { .. } => "live_chat",
            Self::Qualify { .. } => "qualify",
            Self::Disqualify { .. } => "disqualify",
        }
    }

    /// Every way on from it.
    pub(super) fn edges(&self) -> Vec<Edge<'_>> {
        let one = |field: &str, to| vec![Edge { field: field.into(), to }];
        match self {
            Self::Message { next, .. } | Self::Capture { next, .. } => one("next", next),
            Self::Choice { options, .. } => {
                let numbered = options.iter().enumerate();
                numbered.map(|(i, option)| Edge { field: format!("options[{i}].next"), to: &option.next }).collect()
            }
            Self::LiveChat { offline, .. } => one("offline", offline),
            Self::Qualify { .. } | Self::Disqualify { .. } => Vec::new(),
        }
    }
}
