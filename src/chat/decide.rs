//! The rules of a conversation: a command and the state it meets, turned into events or a refusal. Pure.
//!
//! Refusals are checked in the protocol's order: not found, closed, forbidden, conflict.

mod agent;
mod flow;
mod system;
mod visitor;

use super::{
    command::{Actor, Command},
    conversation::{Conversation, State},
    details::DetailsPatch,
    event::{AgentRef, Author, Event, MissedReason, What},
    playbook::Playbook,
};
use crate::ids::{AgentId, ItemId, Millis};

/// The longest text anybody may write, in bytes.
pub const MAX_TEXT: usize = 16 * 1024;
/// The longest short string (a title, a comment), in bytes.
pub const MAX_SHORT: usize = 1024;
/// How long a conversation without an agent may be silent before it is closed as abandoned, in milliseconds.
pub const ABANDONED_AFTER: i64 = 8 * 60 * 60 * 1000;

/// What the world outside the log says at the moment of deciding.
#[derive(Clone, Debug)]
pub struct Policy<'a> {
    /// The playbook, at the version the conversation runs on.
    pub playbook: &'a Playbook,
    /// Ok when an agent is available to this playbook's visitors, else why the offline flow must begin.
    pub available: Result<(), MissedReason>,
    /// `[inbox] admins_see_assigned`.
    pub admins_see_assigned: bool,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such thing, or not visible to the one who asks.
    #[error("there is no such conversation")]
    NotFound,
    /// The conversation is over.
    #[error("the conversation is closed")]
    Closed,
    /// Visible, but not theirs to do.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Somebody was first, or the moment has passed.
    #[error("{message}")]
    Conflict {
        /// What to tell the person.
        message: String,
        /// Who has it now.
        assignee: Option<AgentRef>,
        /// Since when.
        at: Option<Millis>,
    },
    /// A value is out of range.
    #[error("{message}")]
    Invalid {
        /// Which one.
        field: String,
        /// What to tell the person.
        message: String,
    },
    /// A text is over its limit.
    #[error("{field} is longer than {limit} bytes")]
    TooLarge {
        /// Which one.
        field: &'static str,
        /// In bytes.
        limit: usize,
    },
}

/// The events a command makes: none when it was already so.
pub type Decision = Result<Vec<Event>, Refusal>;

/// Decides. `now` is the store's clock; events never go back behind the log's last one.
pub fn decide(
    conversation: &Conversation,
    actor: &Actor,
    command: &Command,
    policy: &Policy<'_>,
    now: Millis,
) -> Decision {
    let mut draft = Draft::new(conversation, actor.author(), now);
    match actor {
        Actor::Visitor => visitor::decide(&mut draft, command, policy)?,
        Actor::Agent { agent, admin } => agent::decide(&mut draft, agent, *admin, command, policy)?,
        Actor::System => system::decide(&mut draft, command, policy)?,
    }
    Ok(draft.events)
}

/// The first events of a new conversation: `started`, what the site `vouched` for, then the playbook from its first
/// card. The first is always `started`, so folding them gives the conversation.
pub fn begin(
    mut conversation: Conversation,
    started: super::event::Started,
    vouched: DetailsPatch,
    policy: &Policy<'_>,
) -> Vec<Event> {
    let at = conversation.created_at;
    conversation.seq = crate::ids::Seq(1);
    let first = Event { seq: conversation.seq, at, by: Author::Visitor, what: What::Started(started) };
    let mut draft = Draft::new(&conversation, Author::Visitor, at);
    if !vouched.is_empty() {
        draft.push_by(Author::System, What::Details { changes: Box::new(vouched) });
    }
    flow::walk(&mut draft, policy.playbook.begin(), policy);
    let mut events = vec![first];
    events.append(&mut draft.events);
    events
}

/// Events under construction.
struct Draft<'a> {
    /// Where the log stands.
    was: &'a Conversation,
    author: Author,
    at: Millis,
    events: Vec<Event>,
}

// === impl Draft ===

impl<'a> Draft<'a> {
    fn new(was: &'a Conversation, author: Author, now: Millis) -> Self {
        Self { was, author, at: now.max(was.last_at), events: Vec::new() }
    }

    /// Adds an event by whoever asks.
    fn push(&mut self, what: What) {
        self.push_by(self.author.clone(), what);
    }

    fn push_by(&mut self, by: Author, what: What) {
        let seq = crate::ids::Seq(self.was.seq.0 + 1 + self.events.len() as u64);
        if self.events.is_empty() {
            // Nearly always it is one, and it is large.
            self.events.reserve_exact(1);
        }
        self.events.push(Event { seq, at: self.at, by, what });
    }

    fn refuse_closed(&self) -> Result<(), Refusal> {
        match self.was.state {
            State::Closed { .. } => Err(Refusal::Closed),
            _ => Ok(()),
        }
    }

    /// The refusal of a race that somebody else won.
    fn taken(&self) -> Refusal {
        match &self.was.state {
            State::Assigned { to, at } => Refusal::Conflict {
                message: format!("{} has this conversation", to.name),
                assignee: Some(to.clone()),
                at: Some(*at),
            },
            _ => Refusal::conflict("the conversation has moved on"),
        }
    }

    /// Whether this item has been made.
    fn has_item(&self, item: &ItemId) -> bool {
        self.was.items.iter().any(|known| known.item == *item)
    }

    fn owned_by(&self, agent: &AgentId) -> bool {
        self.was.assignee().is_some_and(|owner| owner.id == *agent)
    }
}

// === impl Refusal ===

impl Refusal {
    /// "Somebody or something was first", nobody in particular.
    pub fn conflict(message: &str) -> Self {
        Self::Conflict { message: message.into(), assignee: None, at: None }
    }

    fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }
}

/// A text somebody wrote: not empty, not too long.
fn check_text(field: &'static str, text: &str, limit: usize) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::invalid(field, format!("{field} must not be empty")));
    }
    if text.len() > limit {
        return Err(Refusal::TooLarge { field, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
