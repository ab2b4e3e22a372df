//! A conversation under test: what its log should be, and what it should fold to.

use std::sync::Arc;

use serde_json::json;
use usher::{
    chat::{
        command::KeyScope,
        conversation::Conversation,
        event::{
            AgentRef, Author, ClosedReason, Event, Item, ItemKind, MissedReason, Page, PlaybookRef, Started,
            VisitorRef, What,
        },
    },
    ids::{AgentId, ConversationId, ItemId, MessageKey, Millis, Seq, VisitorId, WorkspaceId},
    store::{Append, Appended, Begun, FolderCount, Store},
    wire::entry::Entry,
};

/// The log and its fold, as the test believes them to be.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    pub(crate) fold: Conversation,
    pub(crate) log: Vec<Arc<Entry>>,
}

pub(crate) fn workspace() -> WorkspaceId {
    "default".into()
}

pub(crate) fn agent(id: &str) -> AgentRef {
    AgentRef { id: id.into(), name: format!("{id} of Usher"), avatar: None }
}

pub(crate) fn by(id: &str) -> Author {
    Author::Agent { id: id.into(), name: format!("{id} of Usher") }
}

pub(crate) fn text(key: &str, text: &str) -> What {
    What::Message { key: Some(key.into()), text: text.into(), rich: None }
}

pub(crate) fn note(key: &str, text: &str) -> What {
    What::Note { key: key.into(), text: text.into() }
}

pub(crate) fn waiting(deadline: i64) -> What {
    What::Waiting { wait_ms: 60_000, deadline: Millis(deadline), card: "live".into() }
}

pub(crate) fn missed() -> What {
    What::Missed { reason: MissedReason::WaitExpired, card: "live".into() }
}

/// The Live Chat card, reached while the playbook was not to be seen.
pub(crate) fn not_installed() -> What {
    What::Missed { reason: MissedReason::NotInstalled, card: "live".into() }
}

pub(crate) fn assigned(to: &str) -> What {
    What::Assigned { to: agent(to), from: None }
}

pub(crate) fn unassigned(from: &str) -> What {
    What::Unassigned { from: agent(from) }
}

pub(crate) fn closed() -> What {
    What::Closed { reason: ClosedReason::Agent }
}

pub(crate) fn details(changes: serde_json::Value) -> What {
    What::Details { changes: serde_json::from_value(changes).expect("details") }
}

pub(crate) fn email(address: &str) -> What {
    details(json!({"person": {"email": address}}))
}

pub(crate) fn item(id: &str, kind: ItemKind, title: &str) -> Item {
    Item { item: ItemId::from(id), kind, title: title.into(), fields: Default::default(), external: None }
}

/// The key of a visitor's text.
pub(crate) fn visitors(key: &str) -> Option<(KeyScope, MessageKey)> {
    Some((KeyScope::Author(Author::Visitor), key.into()))
}

impl Talk {
    /// Begins in the store; the first events are `started` and these.
    pub(crate) async fn begin(store: &dyn Store, visitor: &str, at: i64, then: Vec<What>) -> Self {
        let talk = Self::new("default", visitor, at, then);
        let done = store.begin(talk.fold.clone(), talk.log.clone()).await.expect("begin");
        assert!(matches!(done, Begun::Done { .. }), "{visitor} has an open one: {done:?}");
        talk
    }

    /// Not in any store yet.
    pub(crate) fn new(workspace: &str, visitor: &str, at: i64, then: Vec<What>) -> Self {
        Self::upon("pb_demo", workspace, visitor, at, then)
    }

    /// The same upon the first version of another playbook.
    pub(crate) fn upon(playbook: &str, workspace: &str, visitor: &str, at: i64, then: Vec<What>) -> Self {
        let started = Started {
            visitor: VisitorRef { id: VisitorId::from(visitor), name: None, verified: false },
            playbook: PlaybookRef { id: playbook.into(), version: 1 },
            page: Some(Box::new(Page { url: "https://shop.example/pricing".into(), title: None, referrer: None })),
            locale: Some("en".into()),
        };
        let fold = Conversation::begin(ConversationId::random(), workspace.into(), Millis(at), &started);
        let first = Event { seq: Seq(1), at: Millis(at), by: Author::Visitor, what: What::Started(started) };
        let mut talk = Self { fold, log: vec![Entry::new(first)] };
        for what in then {
            talk.draft(Author::Bot, at, what);
        }
        talk
    }

    pub(crate) fn id(&self) -> &ConversationId {
        &self.fold.id
    }

    /// Adds an event to what the test believes.
    pub(crate) fn draft(&mut self, by: Author, at: i64, what: What) -> Arc<Entry> {
        let entry = Entry::new(Event { seq: self.fold.seq.next(), at: Millis(at), by, what });
        self.fold.apply(entry.event());
        self.log.push(entry.clone());
        entry
    }

    /// Appends an event that is more than a text, with its row.
    pub(crate) async fn happens(&mut self, store: &dyn Store, by: Author, at: i64, what: What) -> Vec<FolderCount> {
        let after = self.fold.seq;
        let entry = self.draft(by, at, what);
        let row = Some(Box::new(self.fold.clone()));
        let append = Append { conversation: self.id().clone(), after, entries: vec![entry], key: None, row };
        match store.append(append).await.expect("append") {
            Appended::Done { counts } => counts,
            other => panic!("not appended: {other:?}"),
        }
    }

    /// The visitor writes a text.
    pub(crate) async fn says(&mut self, store: &dyn Store, at: i64, key: &str, words: &str) {
        let append = self.saying(at, key, words);
        let done = store.append(append).await.expect("append");
        assert!(matches!(done, Appended::Done { ref counts } if counts.is_empty()), "{done:?}");
    }

    /// What [`Talk::says`] appends.
    pub(crate) fn saying(&mut self, at: i64, key: &str, words: &str) -> Append {
        let after = self.fold.seq;
        let entry = self.draft(Author::Visitor, at, text(key, words));
        Append { conversation: self.id().clone(), after, entries: vec![entry], key: visitors(key), row: None }
    }

    /// An agent writes a note, which visitors are not shown.
    pub(crate) async fn notes(&mut self, store: &dyn Store, at: i64, who: &str, key: &str) {
        let after = self.fold.seq;
        let entry = self.draft(by(who), at, note(key, "between us"));
        let key = Some((KeyScope::Author(by(who)), key.into()));
        let append = Append { conversation: self.id().clone(), after, entries: vec![entry], key, row: None };
        assert!(matches!(store.append(append).await.expect("append"), Appended::Done { .. }));
    }

    /// The store holds exactly what the test believes.
    pub(crate) async fn is_kept_by(&self, store: &dyn Store) {
        let loaded = store.load(self.id()).await.expect("load").expect("it is there");
        assert_eq!(loaded.conversation, self.fold);
        let log = store.events_after(self.id(), Seq(0), usize::MAX, usize::MAX).await.expect("events");
        assert_eq!(json(&log), json(&self.log));
    }
}

/// Events as their bytes.
pub(crate) fn json(entries: &[Arc<Entry>]) -> Vec<&str> {
    entries.iter().map(|entry| entry.json()).collect()
}

/// Places of events.
pub(crate) fn seqs(entries: &[Arc<Entry>]) -> Vec<u64> {
    entries.iter().map(|entry| entry.event().seq.0).collect()
}

pub(crate) fn id_of(agent: &str) -> AgentId {
    agent.into()
}
