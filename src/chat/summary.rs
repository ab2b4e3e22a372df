//! A conversation as somebody is shown it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    conversation::{Conversation, ItemView, State},
    details::Details,
    event::{AgentRef, MissedReason, Page, PlaybookRef},
};
use crate::ids::{ConversationId, Millis, Seq, VisitorId};

/// `state` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// The playbook talks.
    Bot,
    /// The visitor waits.
    Waiting,
    /// Nobody came.
    Offline,
    /// An agent's.
    Assigned,
    /// Given up by its owner.
    Unassigned,
    /// Over.
    Closed,
}

/// How far somebody has received and read. Kept beside the log; never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Mark {
    /// The highest `seq` that arrived.
    pub received: Seq,
    /// The highest `seq` that was read.
    pub read: Seq,
}

/// How far both sides have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Seen {
    /// The visitor.
    pub visitor: Mark,
    /// The assignee.
    pub agent: Mark,
}

/// What is kept beside a log and is no part of its fold: written at most once a second, may fall back after a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// How far both sides have come.
    pub seen: Seen,
    /// The page the visitor is on now, when they moved.
    pub page: Option<Page>,
    /// Whether the visitor has a connection; never stored.
    #[serde(skip)]
    pub connected: bool,
}

/// A visitor within a [`Summary`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct VisitorView {
    /// Who.
    pub id: VisitorId,
    /// As vouched for, else as they called themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// Whether the site vouches for who they are.
    pub verified: bool,
    /// Whether they have a connection now.
    pub connected: bool,
}

/// The side panel with the marks of what nobody checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DetailsView {
    /// Its fields.
    #[serde(flatten)]
    pub details: Details,
    /// Paths of the fields the visitor claimed, as `person.email`.
    pub claimed: BTreeSet<String>,
}

/// A row of the inbox; a visitor gets it without the agents' part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Summary {
    /// Which conversation.
    pub id: ConversationId,
    /// Where it stands.
    pub state: StateName,
    /// The last event folded in: an older row changes nothing.
    pub seq: Seq,
    /// Whose it is now.
    pub assignee: Option<AgentRef>,
    /// When its wait ends.
    pub deadline: Option<Millis>,
    /// Its place among those waiting, from 1.
    pub position: Option<u32>,
    /// Why it was missed.
    pub missed: Option<MissedReason>,
    /// Whose it is.
    pub visitor: VisitorView,
    /// What it runs on.
    pub playbook: PlaybookRef,
    /// Where the visitor is, else where it began.
    pub page: Option<Page>,
    /// The visitor's language.
    pub locale: Option<String>,
    /// When it began.
    pub created_at: Millis,
    /// When it ended.
    pub closed_at: Option<Millis>,
    /// How far both sides have come.
    pub seen: Seen,
    /// Agents: since when it has waited for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub waiting_since: Option<Millis>,
    /// Agents: how many of the visitor's texts the assignee has not read, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unread: Option<u32>,
    /// Agents: the last text, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub preview: Option<String>,
    /// Agents: when the last event was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_at: Option<Millis>,
}

/// A whole conversation: its [`Summary`], and for agents the side panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ConversationView {
    /// The row.
    #[serde(flatten)]
    pub summary: Summary,
    /// Agents: the side panel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub details: Option<DetailsView>,
    /// Agents: what was made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub items: Option<Vec<ItemView>>,
}

// === impl StateName ===

impl From<&State> for StateName {
    fn from(state: &State) -> Self {
        match state {
            State::Bot => Self::Bot,
            State::Waiting { .. } => Self::Waiting,
            State::Offline => Self::Offline,
            State::Assigned { .. } => Self::Assigned,
            State::Unassigned => Self::Unassigned,
            State::Closed { .. } => Self::Closed,
        }
    }
}

// === impl Mark ===

impl Mark {
    /// Moves forward to what a client says, never past `head`, never back. True when anything moved.
    pub fn advance(&mut self, received: Option<Seq>, read: Option<Seq>, head: Seq) -> bool {
        let was = *self;
        self.read = self.read.max(read.unwrap_or_default().min(head));
        self.received = self.received.max(received.unwrap_or_default().min(head)).max(self.read);
        *self != was
    }
}

// === impl Beside ===

impl Beside {
    /// Takes in what moved: marks never go back, and a page stands until another is given.
    pub fn take_in(&mut self, moved: &Self) {
        for (mark, to) in [(&mut self.seen.visitor, moved.seen.visitor), (&mut self.seen.agent, moved.seen.agent)] {
            mark.received = mark.received.max(to.received);
            mark.read = mark.read.max(to.read);
        }
        if moved.page.is_some() {
            self.page.clone_from(&moved.page);
        }
    }
}

// === impl Conversation ===

impl Conversation {
    /// The row as an agent sees it.
    pub fn summary(&self, beside: &Beside, position: Option<u32>) -> Summary {
        let mut row = self.visitor_summary(beside, position);
        row.visitor.name = row.visitor.name.or_else(|| self.details.person_name().map(Into::into));
        Summary {
            waiting_since: self.since,
            unread: Some(u32::try_from(self.unread(beside.seen.agent.read)).unwrap_or(u32::MAX)),
            preview: self.preview.clone(),
            last_at: Some(self.last_at),
            ..row
        }
    }

    /// The row as the visitor sees it.
    pub fn visitor_summary(&self, beside: &Beside, position: Option<u32>) -> Summary {
        // What an agent wrote into the panel is not the visitor's to read.
        let said = || self.details.person_name().filter(|_| self.claimed.contains("person.name")).map(Into::into);
        let name = self.visitor.name.clone().or_else(said);
        Summary {
            id: self.id.clone(),
            state: (&self.state).into(),
            seq: self.seq,
            assignee: self.assignee().cloned(),
            deadline: self.deadline(),
            // A place that was looked up a moment ago means nothing once the wait is over.
            position: position.filter(|_| self.deadline().is_some()),
            missed: self.missed,
            visitor: VisitorView {
                id: self.visitor.id.clone(),
                name,
                verified: self.visitor.verified,
                connected: beside.connected,
            },
            playbook: self.playbook.clone(),
            page: beside.page.clone().or_else(|| self.page.clone()),
            locale: self.locale.clone(),
            created_at: self.created_at,
            closed_at: self.closed_at(),
            seen: beside.seen,
            waiting_since: None,
            unread: None,
            preview: None,
            last_at: None,
        }
    }

    /// All of it, as an agent sees it.
    pub fn view(&self, beside: &Beside, position: Option<u32>) -> ConversationView {
        ConversationView {
            summary: self.summary(beside, position),
            details: Some(DetailsView { details: self.details.clone(), claimed: self.claimed.clone() }),
            items: Some(self.items.clone()),
        }
    }

    /// What its visitor sees of it.
    pub fn visitor_view(&self, beside: &Beside, position: Option<u32>) -> ConversationView {
        ConversationView { summary: self.visitor_summary(beside, position), details: None, items: None }
    }
}
