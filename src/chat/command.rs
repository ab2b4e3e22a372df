//! What somebody wants of a conversation.

use super::{
    details::DetailsPatch,
    event::{AgentRef, Author, Event, External, ItemKind, What},
    playbook::{ItemFields, Reply},
};
use crate::ids::{CardId, ItemId, MessageKey};

/// Who asks. Comes from the session's identity, never from a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The visitor whose conversation it is; the session has checked that.
    Visitor,
    /// An agent of its workspace.
    Agent {
        /// Who.
        agent: AgentRef,
        /// Whether they have the deals-admin right.
        admin: bool,
    },
    /// The hub: its clock, its presence, its outbox.
    System,
}

/// A wish; [`decide`](super::decide::decide) turns it into events or a refusal.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Visitor: answer the card that is asking.
    Answer {
        /// Which card.
        card: CardId,
        /// With what.
        reply: Reply,
        /// The client's key.
        key: MessageKey,
    },
    /// Either side: write.
    Send {
        /// The client's key.
        key: MessageKey,
        /// Plain text.
        text: String,
    },
    /// Agent: write to other agents.
    Note {
        /// The client's key.
        key: MessageKey,
        /// Plain text.
        text: String,
    },
    /// Visitor: judge.
    Rate {
        /// 1 to 5.
        score: u8,
        /// In words.
        comment: Option<String>,
    },
    /// Visitor: end it.
    End,
    /// Agent: "Assign to me".
    Claim,
    /// Owner or admin: give it to somebody, or back to Unassigned.
    Assign {
        /// The new owner; None is Unassigned.
        to: Option<AgentRef>,
    },
    /// The same, to somebody who is no agent of the workspace: told so when nothing else is wrong.
    AssignToNobody,
    /// Agent: change the side panel.
    Details(Box<DetailsPatch>),
    /// Agent: make a lead, deal or activity.
    Item {
        /// The id it will have; see [`ItemId::made_by`].
        item: ItemId,
        /// What to make.
        kind: ItemKind,
        /// What to call it.
        title: String,
        /// The client's key; the first in the conversation wins.
        key: MessageKey,
        /// What to set beside the panel's details.
        fields: Box<ItemFields>,
    },
    /// Owner or admin: close for good.
    Close,
    /// System: the deadline may have passed.
    Expire,
    /// System: the last available agent left.
    EveryoneLeft,
    /// System: eight silent hours may have passed.
    Abandon,
    /// System: a site has said who its visitor is.
    Vouched(Box<DetailsPatch>),
    /// System: forget the visitor. Closes what is open; then, given again, erases.
    Erase,
    /// System: a CRM has taken an item.
    Handed {
        /// Which item.
        item: ItemId,
        /// Where it is kept now; None when the receiver did not say.
        external: Option<External>,
        /// What is to be told of others who were to have it as well and failed: a failure that is shown stands for them.
        failing: Vec<String>,
    },
    /// System: handing an item on failed.
    HandFailed {
        /// Which item.
        item: ItemId,
        /// What to tell the agent.
        message: String,
    },
}

/// Where a key must be unique, within one conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// Among all that one author asked.
    Author(Author),
    /// Among all items of the conversation.
    Items,
}

// === impl Actor ===

impl Actor {
    /// How the log names them.
    pub fn author(&self) -> Author {
        match self {
            Self::Visitor => Author::Visitor,
            Self::Agent { agent, .. } => Author::Agent { id: agent.id.clone(), name: agent.name.clone() },
            Self::System => Author::System,
        }
    }
}

// === impl Command ===

impl Command {
    /// The client's key, if this kind of command has one.
    pub fn key(&self) -> Option<&MessageKey> {
        match self {
            Self::Answer { key, .. } | Self::Send { key, .. } | Self::Note { key, .. } | Self::Item { key, .. } => {
                Some(key)
            }
            _ => None,
        }
    }

    /// Where that key must be unique.
    pub fn scope(&self, actor: &Actor) -> KeyScope {
        match self {
            Self::Item { .. } => KeyScope::Items,
            _ => KeyScope::Author(actor.author()),
        }
    }

    /// Whether `event`, the first that an earlier command of the same key made, is what this command would make.
    /// An item's key names the item whatever else was said.
    pub fn made(&self, event: &Event) -> bool {
        match (self, &event.what) {
            (Self::Send { text, .. }, What::Message { text: was, .. }) => text == was,
            (Self::Note { text, .. }, What::Note { text: was, .. }) => text == was,
            (Self::Answer { card, reply, .. }, What::Answer { card: was, option, value, .. }) => {
                card == was
                    && match reply {
                        Reply::Option(chosen) => option.as_ref() == Some(chosen),
                        // What was stored is tidied; only the wording counts.
                        Reply::Value(typed) => value.as_deref().is_some_and(|value| same_words(typed, value)),
                    }
            }
            (Self::Item { .. }, What::Item(_)) => true,
            _ => false,
        }
    }
}

// === impl KeyScope ===

impl KeyScope {
    /// A short name a store can index: `v`, `i`, `a:<agent>`.
    pub fn name(&self) -> String {
        match self {
            Self::Items => "i".into(),
            Self::Author(Author::Visitor) => "v".into(),
            Self::Author(Author::Agent { id, .. }) => format!("a:{id}"),
            Self::Author(Author::Bot | Author::System) => "s".into(),
        }
    }
}

/// The last event that the answer `first` brought, which `then` follows in the log: what one command makes has one
/// moment and stands together. No other command makes more than one event under a key.
pub fn last_brought<'a>(first: &'a Event, then: impl IntoIterator<Item = &'a Event>) -> &'a Event {
    let mut last = first;
    for event in then {
        let over = matches!(last.what, What::Waiting { .. } | What::Closed { .. });
        if over || event.at != first.at || !is_brought_by_an_answer(event) {
            break;
        }
        last = event;
    }
    last
}

/// Behind an answer come the details it fills in, and what the playbook then says and makes.
fn is_brought_by_an_answer(event: &Event) -> bool {
    match (&event.by, &event.what) {
        (Author::Visitor, What::Details { .. }) => true,
        // What a CRM says of an item comes when it comes, and so does what a site says of its visitor.
        (_, What::ItemFailed { .. }) | (Author::System, What::Details { .. }) => false,
        (_, What::Item(item)) => item.external.is_none(),
        (Author::Bot | Author::System, _) => true,
        _ => false,
    }
}

fn same_words(typed: &str, stored: &str) -> bool {
    let squash =
        |text: &str| text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect::<String>();
    squash(typed) == squash(stored)
}
