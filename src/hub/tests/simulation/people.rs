//! Who lives in the simulation: visitors and agents with their tabs, and what they have yet to say.

use std::sync::Arc;

use super::super::{
    super::{page::Recover, visitor::Guest},
    tab::Tab,
};
use crate::{
    chat::event::AgentRef,
    ids::{ConversationId, MessageKey, Seq, VisitorId},
    wire::entry::Entry,
};

/// One person.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) tabs: Vec<Open>,
    /// Texts that were not acknowledged yet, in the order written; the first is tried until the answer is yes or no.
    pub(super) unsaid: Vec<Unsaid>,
    /// What a visitor's browser remembers of the last conversation.
    pub(super) remembered: Option<(ConversationId, Vec<Arc<Entry>>)>,
    pub(super) keys: usize,
}

pub(super) enum Kind {
    Visitor {
        /// Who they are now.
        id: VisitorId,
        /// Who they were before the site vouched for them.
        was: Option<VisitorId>,
        playbook: &'static str,
    },
    Agent {
        admin: bool,
    },
}

/// A tab, and the node it is connected to.
pub(super) struct Open {
    pub(super) node: usize,
    /// Which incarnation: a tab of one that is gone is gone, too.
    pub(super) birth: u64,
    pub(super) tab: Tab,
}

#[derive(Clone, Debug)]
pub(super) struct Unsaid {
    pub(super) conversation: ConversationId,
    pub(super) key: MessageKey,
    pub(super) text: String,
}

// === impl Person ===

impl Person {
    pub(super) fn visitor(n: usize, playbook: &'static str) -> Self {
        let name = format!("v_{n}");
        let kind = Kind::Visitor { id: name.as_str().into(), was: None, playbook };
        Self::new(name, kind)
    }

    pub(super) fn agent(name: &str, admin: bool) -> Self {
        Self::new(name.into(), Kind::Agent { admin })
    }

    fn new(name: String, kind: Kind) -> Self {
        Self { name, kind, tabs: Vec::new(), unsaid: Vec::new(), remembered: None, keys: 0 }
    }

    pub(super) fn is_agent(&self) -> bool {
        matches!(self.kind, Kind::Agent { .. })
    }

    pub(super) fn is_admin(&self) -> bool {
        matches!(self.kind, Kind::Agent { admin: true })
    }

    pub(super) fn agent_ref(&self) -> AgentRef {
        AgentRef { id: self.name.as_str().into(), name: self.name.clone(), avatar: None }
    }

    /// A key and a text that nobody else uses.
    pub(super) fn words(&mut self, conversation: &ConversationId) -> Unsaid {
        self.keys += 1;
        let key = format!("{}-{}", self.name, self.keys);
        let text = format!("canary {conversation} {key}");
        Unsaid { conversation: conversation.clone(), key: key.as_str().into(), text }
    }

    /// Where a visitor's browser goes on.
    pub(super) fn recover(&self, epoch: crate::ids::Epoch) -> Option<(ConversationId, Recover)> {
        let (id, log) = self.remembered.as_ref()?;
        let seq = log.last().map_or(Seq(0), |entry| entry.event().seq);
        Some((id.clone(), Recover { epoch, seq }))
    }

    /// A visitor's tab is closed: what it was shown is remembered.
    pub(super) fn remember(&mut self, tab: &Tab) {
        if self.is_agent() {
            return;
        }
        let Some(id) = tab.follows.keys().next().cloned() else { return };
        let Some(log) = tab.logs.get(&id) else { return };
        let older = self.remembered.as_ref().is_none_or(|(of, known)| *of != id || known.len() < log.len());
        if older {
            self.remembered = Some((id, log.clone()));
        }
    }

    /// A guest of this name, once the playbook is known: as whom they say hello now, or as whom a tab said it.
    pub(super) fn guest(&self, playbook: Arc<crate::store::PlaybookRow>, said: Option<&VisitorId>) -> Guest {
        let Kind::Visitor { id, was, .. } = &self.kind else { panic!("{} is no visitor", self.name) };
        let visitor = said.unwrap_or(id).clone();
        let verified = was.is_some() && visitor == *id;
        Guest {
            playbook,
            visitor,
            is_new: false,
            anonymous: was.clone().filter(|_| verified),
            name: verified.then(|| self.name.clone()),
            email: None,
            verified,
            page: None,
            locale: None,
        }
    }
}
