//! A hub with people in it: visitors and agents as their sessions would be, on a clock that stands still until told.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        Hub, Settings,
        agent::Desk,
        append::{Caller, Done},
        error::{HubError, Result},
        mailbox::Mail,
        page::Recover,
        seat::{Seat, Seated, Who},
        visitor::{Greeting, Guest, Shown},
    },
    memory::Memory,
};
use crate::{
    chat::{
        command::Command,
        conversation::Conversation,
        decide::Refusal,
        event::{AgentRef, ItemKind, Page},
        playbook::{Playbook, Reply},
    },
    ids::{AgentId, CardId, ConversationId, ItemId, Seq, VisitorId, WorkspaceId},
    mesh::{Alone, Mesh},
    store::{PlaybookRow, Saved, Store},
    wire::entry::Entry,
};

/// A hub that runs.
pub(crate) struct House {
    pub(super) store: Arc<Memory>,
    pub(crate) hub: Arc<Hub>,
    stop: CancellationToken,
    running: JoinHandle<std::result::Result<(), tokio::task::JoinError>>,
}

/// A visitor with one tab open.
pub(super) struct Visitor {
    hub: Arc<Hub>,
    pub(super) guest: Guest,
    pub(super) seated: Seated,
    pub(super) greeting: Greeting,
}

/// An agent with one tab open.
pub(super) struct Clerk {
    hub: Arc<Hub>,
    pub(super) id: AgentId,
    pub(super) who: Who,
    pub(super) seated: Seated,
    pub(super) desk: Desk,
}

pub(crate) fn workspace() -> WorkspaceId {
    "w".into()
}

/// The playbook whose first card is the Live Chat card; a minute of patience, then an address and a lead.
pub(super) fn at_once() -> Playbook {
    let json = serde_json::json!({
        "id": "pb_now", "name": "Now", "start": "live", "typing_preview": true, "abandoned_lead": true, "cards": {
            "live": {"kind": "live_chat", "online_message": "One moment", "offline_message": "Nobody", "offline": "email"},
            "email": {"kind": "capture", "field": "email", "text": "Where?", "next": "done"},
            "done": {"kind": "qualify", "text": "Thanks", "create": [{"kind": "lead"}]}
        }
    });
    Playbook::from_value(json).unwrap()
}

/// The same with more patience.
pub(super) fn patient(wait_ms: u64) -> Playbook {
    let text = serde_json::to_string(&at_once()).unwrap();
    Playbook::from_json(&text.replace("60000", &wait_ms.to_string())).unwrap()
}

/// An agent as their token names them.
pub(super) fn agent_ref(name: &str) -> AgentRef {
    AgentRef { id: name.into(), name: name.to_uppercase(), avatar: None }
}

/// The demo: a question first.
pub(super) fn demo() -> Playbook {
    Playbook::from_json(include_str!("../../../config/playbooks/demo.json")).unwrap()
}

/// Lets so many milliseconds go by; whatever falls due meanwhile happens at its time.
pub(super) async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Lets everybody finish what they can without time going by.
pub(super) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

pub(super) fn not_found<T: std::fmt::Debug>(result: Result<T>) -> bool {
    matches!(result, Err(HubError::Refused(Refusal::NotFound)))
}

// === impl House ===

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(Settings::default()).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        Self::upon(Memory::new(), settings).await
    }

    /// A hub upon a store that may have been used before.
    pub(super) async fn upon(store: Arc<Memory>, settings: Settings) -> Self {
        Self::among(store.clone(), store, Arc::new(Alone::new()), settings).await
    }

    /// A hub among others, which sees the store its own way.
    pub(super) async fn among(
        store: Arc<Memory>,
        seen: Arc<dyn Store>,
        mesh: Arc<dyn Mesh>,
        settings: Settings,
    ) -> Self {
        Self::run(store, Hub::new(seen, mesh, settings)).await
    }

    /// Lets a hub run, upon a store with playbooks in it.
    pub(super) async fn run(store: Arc<Memory>, hub: Arc<Hub>) -> Self {
        hub.recall().await.unwrap();
        hub.meet().await;
        let stop = CancellationToken::new();
        let running = tokio::spawn(hub.clone().run(stop.clone()));
        let house = Self { store, hub, stop, running };
        for playbook in [demo(), at_once()] {
            if let Saved::Version(_) = house.hub.save_playbook(&workspace(), &playbook, 0).await.unwrap() {
                let row = house.hub.playbook(&playbook.id).await.unwrap().unwrap();
                house.hub.playbook_seen(&row).await.unwrap();
            }
        }
        settle().await;
        house
    }

    /// Ends the hub as SIGKILL would: nobody is told, and nothing more is kept.
    pub(super) async fn kill(self) -> Arc<Memory> {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
        self.store
    }

    /// Ends the hub as a drain does, when everybody is gone.
    pub(super) async fn close(self) -> Arc<Memory> {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
        self.store
    }

    pub(super) async fn playbook(&self, id: &str) -> Arc<PlaybookRow> {
        self.hub.playbook(&id.into()).await.unwrap().unwrap()
    }

    /// A visitor on a page with the playbook that waits at once.
    pub(super) async fn visitor(&self, name: &str) -> Visitor {
        self.visitor_of("pb_now", name).await
    }

    pub(super) async fn visitor_of(&self, playbook: &str, name: &str) -> Visitor {
        let guest = Guest {
            playbook: self.playbook(playbook).await,
            visitor: VisitorId::from(name),
            is_new: false,
            anonymous: None,
            name: None,
            email: None,
            verified: false,
            page: Some(Page { url: "https://example.com/".into(), title: None, referrer: None }),
            locale: None,
        };
        self.greet(guest, None).await.unwrap()
    }

    pub(super) async fn greet(&self, guest: Guest, recover: Option<&(ConversationId, Recover)>) -> Result<Visitor> {
        let (seated, greeting) = self.hub.greet(&guest, recover).await?;
        Ok(Visitor { hub: self.hub.clone(), guest, seated, greeting })
    }

    /// An agent who is switched on.
    pub(super) async fn agent(&self, name: &str) -> Clerk {
        let clerk = self.tab(name, false).await;
        self.hub.set_online(&clerk.who, None, true).await.unwrap();
        clerk
    }

    pub(super) async fn admin(&self, name: &str) -> Clerk {
        let clerk = self.tab(name, true).await;
        self.hub.set_online(&clerk.who, None, true).await.unwrap();
        clerk
    }

    /// One more connection of an agent; the switch stays as it is.
    pub(super) async fn tab(&self, name: &str, admin: bool) -> Clerk {
        let agent = agent_ref(name);
        let (seated, desk) = self.hub.welcome(&workspace(), &agent, admin, None).await.unwrap();
        let who = seated.seat().who.clone();
        Clerk { hub: self.hub.clone(), id: agent.id, who, seated, desk }
    }

    /// An agent, a conversation of theirs, and a lead in it.
    pub(crate) async fn lead(&self) -> (Who, ConversationId, ItemId) {
        let jane = self.agent("jane").await;
        let conversation = self.visitor("v").await.start().await;
        jane.claim(&conversation).await.unwrap();
        let item = jane.lead(&conversation, "k").await.unwrap().item.unwrap();
        (jane.who.clone(), conversation, item)
    }

    /// The conversation as the store has it.
    pub(super) async fn row(&self, conversation: &ConversationId) -> Conversation {
        self.store.load(conversation).await.unwrap().unwrap().conversation
    }

    /// The types of its events.
    pub(super) fn types(&self, conversation: &ConversationId) -> Vec<String> {
        let kind = |entry: &Arc<Entry>| {
            let json: serde_json::Value = serde_json::from_str(entry.json()).unwrap();
            json["type"].as_str().unwrap().to_owned()
        };
        self.store.log(conversation).iter().map(kind).collect()
    }

    /// How often an event of this type happened.
    pub(super) fn count(&self, conversation: &ConversationId, kind: &str) -> usize {
        self.types(conversation).iter().filter(|name| *name == kind).count()
    }
}

// === impl Visitor ===

impl Visitor {
    /// Presses start; the conversation's id.
    pub(super) async fn start(&mut self) -> ConversationId {
        self.try_start().await.unwrap().loaded.conversation.id
    }

    pub(super) async fn try_start(&mut self) -> Result<Shown> {
        self.hub.start(&mut self.seated, &self.guest, || Ok(())).await
    }

    pub(super) async fn give(&self, conversation: &ConversationId, command: Command) -> Result<Done> {
        self.hub.command(conversation, &Caller::from(&self.seated.seat().who), &command).await
    }

    pub(super) async fn say(&self, conversation: &ConversationId, key: &str, text: &str) -> Result<Done> {
        self.give(conversation, Command::Send { key: key.into(), text: text.into() }).await
    }

    pub(super) async fn choose(&self, conversation: &ConversationId, card: &str, option: &str) -> Result<Done> {
        self.answer(conversation, card, Reply::Option(option.into())).await
    }

    pub(super) async fn type_in(&self, conversation: &ConversationId, card: &str, value: &str) -> Result<Done> {
        self.answer(conversation, card, Reply::Value(value.into())).await
    }

    async fn answer(&self, conversation: &ConversationId, card: &str, reply: Reply) -> Result<Done> {
        let key = format!("answer-{card}").into();
        self.give(conversation, Command::Answer { card: CardId::from(card), reply, key }).await
    }

    pub(super) fn seat(&self) -> &Arc<Seat> {
        self.seated.seat()
    }

    pub(super) fn mail(&self) -> Mail {
        self.seat().mail.take().map(|mail| *mail).unwrap_or_default()
    }
}

// === impl Clerk ===

impl Clerk {
    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    pub(super) async fn give(&self, conversation: &ConversationId, command: Command) -> Result<Done> {
        self.hub.command(conversation, &Caller::from(&self.who), &command).await
    }

    pub(super) async fn claim(&self, conversation: &ConversationId) -> Result<Done> {
        self.give(conversation, Command::Claim).await
    }

    pub(super) async fn say(&self, conversation: &ConversationId, key: &str, text: &str) -> Result<Done> {
        self.give(conversation, Command::Send { key: key.into(), text: text.into() }).await
    }

    pub(super) async fn lead(&self, conversation: &ConversationId, key: &str) -> Result<Done> {
        let item = Command::Item {
            item: ItemId::made_by(conversation, &key.into()),
            kind: ItemKind::Lead,
            title: "A lead".into(),
            key: key.into(),
            fields: Default::default(),
        };
        self.give(conversation, item).await
    }

    pub(super) async fn assign(&self, conversation: &ConversationId, to: Option<&str>) -> Result<Done> {
        let to = to.map(AgentId::from);
        self.hub.assign(&self.who, conversation, to.as_ref()).await
    }

    pub(super) async fn switch(&self, online: bool) {
        self.hub.set_online(&self.who, None, online).await.unwrap();
    }

    pub(super) async fn open(&mut self, conversation: &ConversationId, recover: Option<&Recover>) -> Result<Shown> {
        self.hub.open(&mut self.seated, conversation, recover).await
    }

    pub(super) async fn history(&self, conversation: &ConversationId, before: u64) -> Result<Vec<Arc<Entry>>> {
        self.hub.history(&self.who, conversation, Seq(before), 100).await
    }

    pub(super) fn seat(&self) -> &Arc<Seat> {
        self.seated.seat()
    }

    /// Takes the mail out and follows what became theirs, as a session does.
    pub(super) fn mail(&mut self) -> Mail {
        let mail = self.seat().mail.take().map(|mail| *mail).unwrap_or_default();
        for conversation in mail.follow.keys() {
            self.seated.follow(conversation);
        }
        mail
    }

    /// The last tab says goodbye, as a closed browser does.
    pub(super) fn close(mut self) {
        self.seat().heard(self.hub.store().now());
        self.seated.clean = true;
    }
}
