//! A conversation: the fold of its log.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::{
    details::Details,
    event::{
        AgentRef, Author, ClosedReason, Event, External, Item, ItemKind, MissedReason, Page, PlaybookRef, Started,
        VisitorRef, What,
    },
    playbook::Ask,
    timing::Timing,
};
use crate::ids::{AgentId, CardId, ConversationId, ItemId, Millis, Seq, WorkspaceId};

mod preview;

/// How many of the visitor's latest texts are remembered by place, for counting what is unread.
pub const UNREAD_CAP: usize = 100;

/// What a log amounts to. `fold(snapshot at s, the rest) == fold(all)`, so a store may keep any snapshot of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Which one.
    pub id: ConversationId,
    /// Whose company.
    pub workspace: WorkspaceId,
    /// The last event folded in; zero before the first.
    pub seq: Seq,
    /// When that was.
    pub last_at: Millis,
    /// Where it stands.
    pub state: State,
    /// Whose it is.
    pub visitor: VisitorRef,
    /// The playbook and version it runs on.
    pub playbook: PlaybookRef,
    /// Where it began.
    pub page: Option<Page>,
    /// The visitor's language.
    pub locale: Option<String>,
    /// When it began.
    pub created_at: Millis,
    /// The card that waits for an answer.
    pub asking: Option<CardId>,
    /// Whether it is the agents' business: its Live Chat card was reached while the playbook was active and installed,
    /// or an admin gave it to somebody.
    pub live: bool,
    /// Whether an agent ever owned it.
    pub served: bool,
    /// Whether (and why) it was missed.
    pub missed: Option<MissedReason>,
    /// When it began to wait for an agent: the order of Unassigned, which a rescue or a reassignment never changes.
    pub since: Option<Millis>,
    /// The side panel.
    pub details: Details,
    /// Which of the panel's fields the visitor claimed and nobody checked, as `person.email`.
    pub claimed: BTreeSet<String>,
    /// The items made.
    pub items: Vec<ItemView>,
    /// The last text, shortened, for the inbox's row.
    pub preview: Option<String>,
    /// Places of the visitor's latest texts, oldest first, at most [`UNREAD_CAP`].
    pub visitor_texts: VecDeque<Seq>,
    /// The visitor's verdict, the last one.
    pub rated: Option<u8>,
    /// In words.
    #[serde(default)]
    pub rated_words: Option<String>,
    /// When it reached which station.
    #[serde(default)]
    pub timing: Timing,
}

/// Where a conversation stands; each state carries only what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// The playbook talks.
    Bot,
    /// The visitor waits for an agent.
    Waiting {
        /// When the wait ends if nobody comes.
        deadline: Millis,
        /// The Live Chat card that holds the messages and the offline flow.
        card: CardId,
    },
    /// Nobody came; the offline flow, which an agent may still rescue the visitor from.
    Offline,
    /// An agent's.
    Assigned {
        /// Whose.
        to: AgentRef,
        /// Since when.
        at: Millis,
    },
    /// Given up by its owner; no new wait begins.
    Unassigned,
    /// Over.
    Closed {
        /// When.
        at: Millis,
        /// Why.
        reason: ClosedReason,
    },
}

/// An item as the side panel lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema, ts_rs::TS)]
pub struct ItemView {
    /// Its id.
    pub item: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// What people call it.
    pub title: String,
    /// When it was made.
    pub at: Millis,
    /// Where the CRM keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub external: Option<External>,
    /// Why handing it on failed, until it succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub failed: Option<String>,
}

/// Who may see a conversation at one point of its log. Visitors aside: theirs is theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// Not an agent's business yet: admins only.
    Admins,
    /// Every agent of the workspace.
    Everybody,
    /// Its owner (and admins while the setting says so).
    Owner(AgentId),
}

// === impl Conversation ===

impl Conversation {
    /// The conversation whose first event this is.
    pub fn begin(id: ConversationId, workspace: WorkspaceId, at: Millis, started: &Started) -> Self {
        Self {
            id,
            workspace,
            seq: Seq(1),
            last_at: at,
            state: State::Bot,
            visitor: started.visitor.clone(),
            playbook: started.playbook.clone(),
            page: started.page.as_deref().cloned(),
            locale: started.locale.clone(),
            created_at: at,
            asking: None,
            live: false,
            served: false,
            missed: None,
            since: None,
            details: Details::default(),
            claimed: BTreeSet::new(),
            items: Vec::new(),
            preview: None,
            visitor_texts: VecDeque::new(),
            rated: None,
            rated_words: None,
            timing: Timing::default(),
        }
    }

    /// Folds a whole log. None when it does not begin with `started`.
    pub fn fold<'a>(
        id: ConversationId,
        workspace: WorkspaceId,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Option<Self> {
        let mut events = events.into_iter();
        let first = events.next()?;
        let What::Started(started) = &first.what else { return None };
        let mut conversation = Self::begin(id, workspace, first.at, started);
        events.for_each(|event| conversation.apply(event));
        Some(conversation)
    }

    /// Takes in the next event. One that was folded in already changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if event.seq <= self.seq {
            return;
        }
        debug_assert_eq!(event.seq, self.seq.next(), "a log has no holes");
        self.seq = event.seq;
        self.last_at = event.at;
        self.timing.apply(event);
        match &event.what {
            What::Started(_) => {}
            What::Card { card, ask, text, .. } => {
                self.asking = ask.wants_answer().then(|| card.clone());
                self.preview_of(text);
            }
            What::Answer { label, .. } => {
                self.asking = None;
                self.preview_of(label);
            }
            What::Message { text, .. } => self.message(event, text),
            What::Waiting { deadline, card, .. } => {
                self.state = State::Waiting { deadline: *deadline, card: card.clone() };
                self.asking = None;
                self.reach_live(event.at);
            }
            What::Missed { reason, .. } => {
                self.state = State::Offline;
                self.missed = Some(*reason);
                self.asking = None;
                if *reason != MissedReason::NotInstalled {
                    self.reach_live(event.at);
                }
            }
            What::Assigned { to, .. } => {
                self.state = State::Assigned { to: to.clone(), at: event.at };
                self.asking = None;
                self.served = true;
                self.reach_live(event.at);
            }
            What::Unassigned { .. } => self.state = State::Unassigned,
            What::Rated { score, comment } => {
                self.rated = Some(*score);
                self.rated_words.clone_from(comment);
            }
            What::Closed { reason } => {
                self.state = State::Closed { at: event.at, reason: *reason };
                self.asking = None;
            }
            What::Qualified { .. } | What::Disqualified { .. } | What::Note { .. } => {}
            What::Details { .. } if event.erases() => self.erase(),
            What::Details { changes } => self.change(&event.by, changes),
            What::Item(item) => self.item(event.at, item),
            What::ItemFailed { item, message, .. } => {
                if let Some(view) = self.items.iter_mut().find(|view| view.item == *item) {
                    view.failed = Some(message.clone());
                }
            }
        }
    }

    /// Who may see it now.
    pub fn sight(&self) -> Sight {
        match &self.state {
            State::Assigned { to, .. } => Sight::Owner(to.id.clone()),
            State::Bot => Sight::Admins,
            State::Offline | State::Closed { .. } if !self.live => Sight::Admins,
            _ => Sight::Everybody,
        }
    }

    /// The agent it belongs to now.
    pub fn assignee(&self) -> Option<&AgentRef> {
        match &self.state {
            State::Assigned { to, .. } => Some(to),
            _ => None,
        }
    }

    /// When its wait ends, while it waits.
    pub fn deadline(&self) -> Option<Millis> {
        match self.state {
            State::Waiting { deadline, .. } => Some(deadline),
            _ => None,
        }
    }

    /// When it was closed.
    pub fn closed_at(&self) -> Option<Millis> {
        match self.state {
            State::Closed { at, .. } => Some(at),
            _ => None,
        }
    }

    /// Whether it stands in the Unassigned folder.
    pub fn is_unassigned(&self) -> bool {
        self.live && matches!(self.state, State::Waiting { .. } | State::Offline | State::Unassigned)
    }

    /// How many of the visitor's texts lie after `read`; at most [`UNREAD_CAP`].
    pub fn unread(&self, read: Seq) -> usize {
        self.visitor_texts.iter().rev().take_while(|seq| **seq > read).count()
    }

    fn message(&mut self, event: &Event, text: &str) {
        self.preview_of(text);
        if event.by == Author::Visitor {
            if self.visitor_texts.len() == UNREAD_CAP {
                self.visitor_texts.pop_front();
            }
            self.visitor_texts.push_back(event.seq);
        }
    }

    fn reach_live(&mut self, at: Millis) {
        self.live = true;
        self.since.get_or_insert(at);
    }

    fn change(&mut self, by: &Author, changes: &super::details::DetailsPatch) {
        self.details.apply(changes);
        for field in changes.fields() {
            match by {
                Author::Visitor if self.details.has(&field) => self.claimed.insert(field),
                _ => self.claimed.remove(&field),
            };
        }
    }

    fn item(&mut self, at: Millis, item: &Item) {
        match self.items.iter_mut().find(|view| view.item == item.item) {
            Some(view) => {
                view.external = item.external.clone();
                view.failed = None;
            }
            None => self.items.push(ItemView {
                item: item.item.clone(),
                kind: item.kind,
                title: item.title.clone(),
                at,
                external: item.external.clone(),
                failed: None,
            }),
        }
    }

    fn preview_of(&mut self, text: &str) {
        preview::write(self.preview.get_or_insert_default(), text);
    }
}

// === impl Ask ===

impl Ask {
    /// Whether the card waits for the visitor.
    pub fn wants_answer(&self) -> bool {
        matches!(self, Ask::Choice { .. } | Ask::Capture { .. })
    }
}

// === impl Sight ===

impl Sight {
    /// Who may see the log behind an event, given who could see what led to it.
    #[must_use]
    pub fn after(&self, event: &Event) -> Self {
        match &event.what {
            // A card that was reached while the playbook was not to be seen shows nobody anything new.
            What::Missed { reason: MissedReason::NotInstalled, .. } => self.clone(),
            What::Waiting { .. } | What::Missed { .. } | What::Unassigned { .. } => Self::Everybody,
            What::Assigned { to, .. } => Self::Owner(to.id.clone()),
            What::Closed { .. } if *self != Self::Admins => Self::Everybody,
            _ => self.clone(),
        }
    }

    /// Who could see the log before an event that gave it to somebody: only those lose sight of anything.
    pub fn before_assigned(from: Option<&AgentRef>) -> Self {
        from.map_or(Self::Everybody, |from| Self::Owner(from.id.clone()))
    }

    /// Whether this agent may see it; `admin` is the agent's role together with `admins_see_assigned` where it matters.
    pub fn allows(&self, agent: &AgentId, admin: bool, admins_see_assigned: bool) -> bool {
        match self {
            Self::Everybody => true,
            Self::Admins => admin,
            Self::Owner(owner) => owner == agent || (admin && admins_see_assigned),
        }
    }
}

#[cfg(test)]
mod tests;
