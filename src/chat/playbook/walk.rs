//! The card machine: which cards show, and what comes after them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{CaptureField, Card, ItemPlan, Playbook};
use crate::{
    chat::rich::Rich,
    ids::{CardId, OptionId},
};

/// A stretch of cards that show one after the other, and what stands at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    /// The cards in order.
    pub shown: Vec<Shown>,
    /// What is next.
    pub then: Next,
}

/// A card to show.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Which one.
    pub card: CardId,
    /// What the visitor may do with it.
    pub ask: Ask,
    /// Its text without formatting.
    pub text: String,
    /// Its text as a tree.
    pub rich: Rich,
}

/// What stands at the end of a stretch.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// The last card shown waits for an answer.
    Asking(CardId),
    /// The Live Chat card is reached; it is not among those shown.
    Live(CardId),
    /// The path is over.
    Ended {
        /// The card that ended it.
        card: CardId,
        /// Whether the visitor is worth following up.
        qualified: bool,
        /// What to make of them.
        create: Vec<ItemPlan>,
    },
}

/// What a visitor may do with a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ask {
    /// Read it.
    Message,
    /// Press one of its options.
    Choice {
        /// In order.
        options: Vec<AskOption>,
    },
    /// Type something.
    Capture {
        /// What is asked for.
        field: CaptureField,
        /// The kind of input that suits it.
        input: CaptureInput,
        /// Whether an empty answer is refused.
        required: bool,
    },
    /// Read it; it is the last of its path.
    End,
}

/// An answer a visitor may press.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct AskOption {
    /// What to answer with.
    pub id: OptionId,
    /// What to show.
    pub label: String,
}

/// The kind of input element that suits a capture, by its HTML name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum CaptureInput {
    /// One line.
    Text,
    /// An e-mail address.
    Email,
    /// A phone number.
    Tel,
    /// Several lines.
    Textarea,
}

/// A visitor's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To a choice: the option.
    Option(OptionId),
    /// To a capture: what was typed.
    Value(String),
}

/// An answer taken, and the walk it leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The option chosen, of a choice.
    pub option: Option<OptionId>,
    /// What to keep of what was typed, of a capture; empty where nothing had to be typed and was not.
    pub value: Option<String>,
    /// What to show as the visitor's words: the option's label, or the value.
    pub label: String,
    /// What it says about the visitor, of a capture that was filled.
    pub claim: Option<Claim>,
    /// The cards it leads to.
    pub walk: Walk,
}

/// Something a visitor said about themselves; nobody checked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The field of the details it fills, as `person.email`.
    pub field: String,
    /// What they said.
    pub value: String,
}

/// An answer not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// Whether the card asks nothing, or is not one of the playbook's: `conflict`. Else the answer is at fault, `invalid`.
    pub stale: bool,
    /// The field of the request: `card`, `option` or `value`.
    pub field: &'static str,
    /// What to tell the visitor.
    pub message: String,
}

/// What a Live Chat card says and does.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveChat {
    /// Said when an agent is available.
    pub online_message: Rich,
    /// How long the visitor waits, in milliseconds.
    pub wait_ms: u64,
    /// Said when nobody is, or nobody came.
    pub offline_message: Rich,
}

// === impl Playbook ===

impl Playbook {
    /// The first cards.
    pub fn begin(&self) -> Walk {
        self.walk(&self.start)
    }

    /// The first cards of the offline flow of this Live Chat card.
    pub fn offline(&self, live: &CardId) -> Walk {
        match self.cards.get(live) {
            Some(Card::LiveChat { offline, .. }) => self.walk(offline),
            _ => Walk::nowhere(live),
        }
    }

    /// What this Live Chat card says; None where it is not one.
    pub fn live_chat(&self, card: &CardId) -> Option<LiveChat> {
        let Some(Card::LiveChat { online_message, wait_ms, offline_message, .. }) = self.cards.get(card) else {
            return None;
        };
        Some(LiveChat {
            online_message: Rich::parse(online_message),
            wait_ms: *wait_ms,
            offline_message: Rich::parse(offline_message),
        })
    }

    /// Takes an answer. Whether the card is the one that asks now is the caller's to know.
    pub fn answer(&self, card: &CardId, reply: &Reply) -> Result<Answered, Refused> {
        match (self.cards.get(card), reply) {
            (Some(Card::Choice { options, .. }), Reply::Option(id)) => {
                let option = options.iter().find(|option| option.id == *id);
                let option = option.ok_or_else(|| Refused::answer("option", "This question has no such answer."))?;
                Ok(Answered {
                    option: Some(option.id.clone()),
                    value: None,
                    label: option.label.trim().into(),
                    claim: None,
                    walk: self.walk(&option.next),
                })
            }
            (Some(Card::Capture { field, required, next, .. }), Reply::Value(typed)) => {
                let value = field.accept(typed, *required).map_err(|message| Refused::answer("value", message))?;
                let claim = Claim { field: field.path().into(), value: value.clone() };
                Ok(Answered {
                    option: None,
                    label: value.clone(),
                    claim: (!value.is_empty()).then_some(claim),
                    value: Some(value),
                    walk: self.walk(next),
                })
            }
            (Some(Card::Choice { .. }), _) => Err(Refused::answer("option", "Please choose one of the answers.")),
            (Some(Card::Capture { .. }), _) => Err(Refused::answer("value", "Please type an answer.")),
            _ => Err(Refused { stale: true, field: "card", message: "This card does not ask anything.".into() }),
        }
    }

    /// The cards from this one to where the visitor, an agent or nobody is next.
    fn walk(&self, from: &CardId) -> Walk {
        let mut walk = Walk::nowhere(from);
        let mut card = from;
        // A playbook without faults has no circle to run in; one with faults must not hang the hub.
        for _ in 0..=self.cards.len() {
            match self.cards.get(card) {
                None => break,
                Some(Card::LiveChat { .. }) => {
                    walk.then = Next::Live(card.clone());
                    break;
                }
                Some(Card::Message { text, next }) => {
                    walk.show(card, Ask::Message, text);
                    card = next;
                }
                Some(Card::Choice { text, options }) => {
                    let of = |option: &super::CardOption| AskOption {
                        id: option.id.clone(),
                        label: option.label.trim().into(),
                    };
                    walk.show(card, Ask::Choice { options: options.iter().map(of).collect() }, text);
                    walk.then = Next::Asking(card.clone());
                    break;
                }
                Some(Card::Capture { text, field, required, .. }) => {
                    let ask = Ask::Capture { field: *field, input: field.input(), required: *required };
                    walk.show(card, ask, text);
                    walk.then = Next::Asking(card.clone());
                    break;
                }
                Some(end @ (Card::Qualify { text, create } | Card::Disqualify { text, create })) => {
                    walk.show(card, Ask::End, text);
                    walk.then = Next::Ended {
                        card: card.clone(),
                        qualified: matches!(end, Card::Qualify { .. }),
                        create: create.iter().enumerate().map(|(i, item)| item.plan(self, card, i)).collect(),
                    };
                    break;
                }
            }
        }
        walk
    }
}

// === impl Walk ===

impl Walk {
    /// A path that ends before it begins, as it does at a card that does not exist.
    fn nowhere(card: &CardId) -> Self {
        let then = Next::Ended { card: card.clone(), qualified: false, create: Vec::new() };
        Self { shown: Vec::new(), then }
    }

    fn show(&mut self, card: &CardId, ask: Ask, text: &str) {
        let rich = Rich::parse(text);
        self.shown.push(Shown { card: card.clone(), ask, text: rich.plain(), rich });
    }
}

// === impl Refused ===

impl Refused {
    fn answer(field: &'static str, message: &str) -> Self {
        Self { stale: false, field, message: message.into() }
    }
}
