//! What a visitor's session asks of the hub, beside commands.

use std::sync::Arc;

use super::{
    Hub,
    append::{Caller, Face, finds_nobody},
    boxed::boxed,
    doubt::UnderWay,
    error::{HubError, Result},
    page::{Page, Recover},
    seat::{Seated, Who},
};
use crate::{
    chat::{
        conversation::{Conversation, Sight},
        decide::{self, Policy},
        details::DetailsPatch,
        event::{self, PlaybookRef, Started, VisitorRef},
    },
    ids::{ConversationId, Millis, Seq, VisitorId, WorkspaceId},
    store::{Begun, Loaded, PlaybookRow},
    wire::{entry::Entry, push::Available},
};

/// For how long a closed conversation is still shown to its visitor, in milliseconds.
const CLOSED_SHOWN: i64 = 24 * 60 * 60 * 1000;

/// Who says hello; everything here was verified.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The playbook of the page.
    pub playbook: Arc<PlaybookRow>,
    /// Who they are: of the signed identity, else of the token, else new.
    pub visitor: VisitorId,
    /// Whether they have just been made up: then the store knows nothing of them.
    pub is_new: bool,
    /// The anonymous visitor whose open conversation is to be adopted by the identity.
    pub anonymous: Option<VisitorId>,
    /// The name the site vouches for.
    pub name: Option<String>,
    /// The e-mail address the site vouches for.
    pub email: Option<String>,
    /// Whether the site vouches for who they are.
    pub verified: bool,
    /// The page they are on.
    pub page: Option<event::Page>,
    /// Their language.
    pub locale: Option<String>,
}

/// What a visitor is met with.
#[derive(Debug)]
pub struct Greeting {
    /// Whether somebody could take a chat.
    pub available: Available,
    /// Their conversation: the open one, else the last if it closed within a day.
    pub conversation: Option<Shown>,
}

/// A conversation with a page of its events, and the place from which pushes go on.
#[derive(Debug)]
pub struct Shown {
    /// The fold, and beside it.
    pub loaded: Loaded,
    /// The visitor's place in the queue.
    pub position: Option<u32>,
    /// The page.
    pub page: Page,
}

// === impl Guest ===

impl Guest {
    /// What the site says of them, as it stands in the side panel.
    pub(super) fn vouched(&self) -> DetailsPatch {
        DetailsPatch::of_person(self.name.as_deref(), self.email.as_deref())
    }
}

// === impl Hub ===

impl Hub {
    /// Seats a visitor and finds their conversation. Writes nothing to the store, except for adopting one.
    pub async fn greet(
        self: &Arc<Self>,
        guest: &Guest,
        recover: Option<&(ConversationId, Recover)>,
    ) -> Result<(Seated, Greeting)> {
        let workspace = guest.playbook.workspace.clone();
        if let Some(anonymous) = &guest.anonymous {
            Box::pin(self.adopt(&workspace, anonymous, guest)).await?;
        }
        let who = Who::Visitor {
            workspace: workspace.clone(),
            visitor: guest.visitor.clone(),
            playbook: guest.playbook.playbook.id.clone(),
        };
        let mut seated = self.sit(who, self.settings.connections_per_visitor);
        let listening = self.listening(&workspace).await;
        let conversation = match guest.is_new {
            // There is nothing to look for.
            true => None,
            false => boxed(|| self.find_theirs(&mut seated, guest, recover, listening)).await?,
        };
        if let Some(shown) = &conversation {
            self.visitor_came(&shown.loaded.conversation.id, guest.page.clone());
        }
        let available = self.offer(seated.seat(), &guest.playbook);
        Ok((seated, Greeting { available, conversation }))
    }

    /// The conversation somebody comes back to.
    async fn find_theirs(
        self: &Arc<Self>,
        seated: &mut Seated,
        guest: &Guest,
        recover: Option<&(ConversationId, Recover)>,
        listening: bool,
    ) -> Result<Option<Shown>> {
        let workspace = &guest.playbook.workspace;
        // Heard from before it is read on, a conversation they come back to is read once.
        let held = recover.filter(|_| listening).map(|(id, _)| self.board.hold(id));
        let closed_since = self.store.now().plus(-CLOSED_SHOWN);
        let found = self.store.of_visitor(workspace, &guest.visitor, closed_since).await.map_err(HubError::from);
        match (found, recover) {
            (Err(error), Some((id, recover))) if error.is_without_answer() => {
                Ok(Some(self.remembered_of(seated, id, recover)?))
            }
            (Err(error), _) => Err(error),
            (Ok(None), _) => Ok(None),
            (Ok(Some(found)), _) => {
                let id = found.conversation.id.clone();
                let recover = recover.filter(|(of, _)| *of == id).map(|(_, recover)| recover);
                let heard = held.as_ref().is_some_and(|held| *held.conversation() == id);
                let tail = seated.follow(&id);
                tail.learn(found, heard);
                // Adoption is no event: one whose answer was lost is seen here first.
                if tail.with(|hot| hot.conversation.visitor.id != guest.visitor) == Some(true) {
                    self.look_whose(&tail).await?;
                }
                self.show(seated, &id, recover, true).await.map(Some)
            }
        }
    }

    /// Opens a conversation and runs the playbook from its first card; the open one when there is one. `paced` is asked
    /// only before a new one is made.
    pub async fn start(
        self: &Arc<Self>,
        seated: &mut Seated,
        guest: &Guest,
        paced: impl FnOnce() -> Result<()>,
    ) -> Result<Shown> {
        let workspace = guest.playbook.workspace.clone();
        let newest = self.playbook(&guest.playbook.playbook.id).await?.ok_or(HubError::NotOffered)?;
        let open = self.store.of_visitor(&workspace, &guest.visitor, Millis(i64::MAX)).await?;
        if let Some(open) = open.filter(|open| open.conversation.closed_at().is_none()) {
            let id = open.conversation.id.clone();
            seated.follow(&id).learn(open, false);
            return self.show(seated, &id, None, true).await;
        }
        if !newest.playbook.active || newest.deleted {
            return Err(HubError::NotOffered);
        }
        paced()?;
        let (mut row, mut entries) = self.begin(&workspace, guest, &newest);
        if !self.mesh.is_alone() && entries.iter().any(finds_nobody) && !self.finds_nobody(&workspace).await {
            (row, entries) = self.begin(&workspace, guest, &newest);
        }
        let id = row.id.clone();
        // Whoever is to see it follows before it exists: nothing can fall between.
        let tail = seated.follow(&id);
        let before = Face { sight: Sight::Admins, waiting: false, last_at: Millis(i64::MIN) };
        let mut under_way = UnderWay::begin(&self.doubts, &id, before, entries.clone());
        let begun = self.store.begin(row.clone(), entries).await;
        under_way.settled = begun.is_ok();
        match begun? {
            Begun::Open(open) => {
                seated.unfollow(&id);
                self.show(seated, &open, None, true).await
            }
            Begun::Done { counts } => {
                self.metrics.conversations.inc();
                tail.seed(Loaded { conversation: row, beside: Default::default() });
                self.committed(&tail, &under_way.before, &under_way.entries, &counts, None);
                self.show(seated, &id, Some(&Recover::from_start(self.store.epoch())), true).await
            }
        }
    }

    /// The conversation as it stands, with a page of events; the session follows it from the page's end on.
    pub async fn show(
        self: &Arc<Self>,
        seated: &mut Seated,
        conversation: &ConversationId,
        recover: Option<&Recover>,
        for_visitor: bool,
    ) -> Result<Shown> {
        let tail = seated.follow(conversation);
        if tail.head().is_none() && !tail.catch_up(&*self.store).await? {
            seated.unfollow(conversation);
            return Err(HubError::not_found());
        }
        let (mut loaded, page) = self.page(&tail, recover, for_visitor).await?;
        self.freshen(&mut loaded);
        self.look_for_place(&loaded.conversation);
        Ok(Shown { position: self.queue.position(conversation), loaded, page })
    }

    /// Events before `before`, for a visitor of the conversation or an agent who may see it. While the store gives no
    /// answer, those that memory holds, where it may.
    pub async fn history(
        &self,
        who: &Who,
        conversation: &ConversationId,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<Arc<Entry>>> {
        match self.stored_before(who, conversation, before, limit).await {
            Err(error) if error.is_without_answer() => {
                self.remembered_before(who, conversation, before, limit).ok_or(error)
            }
            read => read,
        }
    }

    async fn stored_before(
        &self,
        who: &Who,
        conversation: &ConversationId,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<Arc<Entry>>> {
        let head = self.sighted(who, conversation).await?.conversation.seq;
        // Nothing behind what was just found to be visible.
        let before = before.min(head.next());
        let for_visitor = who.agent().is_none();
        Ok(self.store.events_before(conversation, Some(before), limit, super::page::BYTES, for_visitor).await?)
    }

    /// The conversation by the store's row, if this one may see it. As long as the store answers, access is never decided
    /// on a cache; while it does not, see `remembered`.
    pub async fn sighted(&self, who: &Who, conversation: &ConversationId) -> Result<Loaded> {
        let loaded = self.store.load(conversation).await?.ok_or_else(HubError::not_found)?;
        let row = &loaded.conversation;
        let theirs = Caller::from(who).owns(row);
        let sees = match who {
            Who::Visitor { .. } => true,
            Who::Agent { agent, admin, .. } => row.sight().allows(&agent.id, *admin, self.settings.admins_see_assigned),
        };
        match theirs && sees {
            true => Ok(loaded),
            false => Err(HubError::not_found()),
        }
    }

    fn begin(&self, workspace: &WorkspaceId, guest: &Guest, playbook: &PlaybookRow) -> (Conversation, Vec<Arc<Entry>>) {
        let started = Started {
            visitor: VisitorRef { id: guest.visitor.clone(), name: guest.name.clone(), verified: guest.verified },
            playbook: PlaybookRef { id: playbook.playbook.id.clone(), version: playbook.version },
            page: guest.page.clone().map(Box::new),
            locale: guest.locale.clone(),
        };
        let empty = Conversation::begin(
            ConversationId::of_bits(self.dice.bits()),
            workspace.clone(),
            self.store.now(),
            &started,
        );
        let policy = Policy {
            playbook: &playbook.playbook,
            available: self.policy_available(playbook),
            admins_see_assigned: self.settings.admins_see_assigned,
        };
        let events = decide::begin(empty.clone(), started, guest.vouched(), &policy);
        let mut row = empty;
        events.iter().for_each(|event| row.apply(event));
        (row, events.into_iter().map(Entry::new).collect())
    }

    /// The visitor has a connection again, maybe on another page.
    fn visitor_came(&self, conversation: &ConversationId, page: Option<event::Page>) {
        if let Some(page) = page {
            self.moved_to(conversation, page);
        }
        if let Some(tail) = self.board.tail(conversation) {
            self.tell_visitor(&tail);
            self.row_later(conversation);
            if let Some(workspace) = tail.with(|hot| hot.conversation.workspace.clone()) {
                self.say_visiting(&workspace, conversation);
            }
        }
    }

    /// Whether the playbook's visitors let the agent see what they type.
    pub(super) fn previews_allowed(self: &Arc<Self>, at: &PlaybookRef) -> bool {
        let known = self.playbooks.version(&at.id, at.version);
        if known.is_none() {
            // Nothing was decided here on this version yet: it is read for the next time.
            let (hub, at) = (self.clone(), at.clone());
            tokio::spawn(async move { hub.playbook_at(&at).await.map(drop) });
        }
        known.is_some_and(|row| row.playbook.typing_preview)
    }
}
