//! Floor 3: the truth. What a store promises, whatever it is made of.
//!
//! A store orders: it takes events for a conversation only behind the head the caller saw, each key once for ever,
//! and whatever hangs on an event (the conversation's row, its deadline, folder counters, items, outbox) in the same
//! transaction. An answer means it is on the disk.

use std::sync::Arc;

use async_trait::async_trait;

pub mod agents;
pub mod append;
pub mod delivery;
pub mod folder;
pub mod item;
pub mod outbox;
pub mod playbook;
pub mod sqlite;
pub mod webhook;

pub use self::{
    agents::{AgentRow, NotifySettings},
    append::{Append, Appended, Begun, FolderCount},
    delivery::{
        Backlog, Delivery, DeliveryPage, DeliveryQuery, DeliveryState, DeliveryStateName, ORDERED_TRIES, Revived,
        Settled, Take, Taken, Verdict,
    },
    folder::{Counts, Folder, FolderPage, FolderQuery, Loaded},
    item::{ItemPage, ItemQuery, ItemRow},
    outbox::Outbox,
    playbook::{PlaybookRow, Saved},
    webhook::{Disabled, MAX_WEBHOOKS, Topic, Topics, Webhook, WebhookSecret},
};
use crate::{
    chat::{command::KeyScope, conversation::Conversation, event::AgentRef, playbook::Playbook, summary::Beside},
    ids::{AgentId, ConversationId, Epoch, MessageKey, Millis, PlaybookId, Seq, VisitorId, WorkspaceId},
    wire::entry::Entry,
};

/// Why a store gave no answer. Private causes: what a client is told is `unavailable`.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was done, or (after a lost commit) it was and the same key will find it.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What was read back is not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

/// What `answer` a store gives.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A deadline that falls due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose.
    pub conversation: ConversationId,
    /// When.
    pub deadline: Millis,
}

/// A visitor waiting for an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Their conversation.
    pub conversation: ConversationId,
    /// Who.
    pub visitor: VisitorId,
    /// Since when: the order of the queue.
    pub since: Millis,
}

/// The store. Every method is one business step and one answer; none leaves half of it. What is handed on to the
/// outside is the [`Outbox`].
///
/// All of them may fail with [`StoreError::Unavailable`]; reads never block writes.
#[async_trait]
pub trait Store: Outbox + Send + Sync + 'static {
    /// This store's incarnation. Made with the store, changed when it is restored.
    fn epoch(&self) -> Epoch;

    /// The clock by which deadlines and `at` are meant. Never goes back within one process.
    fn now(&self) -> Millis;

    /// Whether it takes writes at this moment, for `/readyz`.
    async fn ready(&self) -> Result<()>;

    // --- conversations ---

    /// Opens a conversation with its first events, unless its visitor has an open one in the workspace: then that
    /// one's id and nothing is written. `row` is the fold of `entries`.
    async fn begin(&self, row: Conversation, entries: Vec<Arc<Entry>>) -> Result<Begun>;

    /// Appends events of one conversation. See [`Append`] and [`Appended`].
    async fn append(&self, append: Append) -> Result<Appended>;

    /// The first event that this key made in its scope, or None.
    async fn keyed(
        &self,
        conversation: &ConversationId,
        scope: &KeyScope,
        key: &MessageKey,
    ) -> Result<Option<Arc<Entry>>>;

    /// The conversation folded to its head, or None.
    async fn load(&self, conversation: &ConversationId) -> Result<Option<Loaded>>;

    /// Events behind `after`, oldest first, at most `limit` and about `bytes` of JSON (at least one).
    async fn events_after(
        &self,
        conversation: &ConversationId,
        after: Seq,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<Arc<Entry>>>;

    /// The newest events before `before` (None: the very newest), oldest first, at most `limit` and about `bytes`.
    /// `for_visitor` leaves out what visitors are not shown, and does not count it.
    async fn events_before(
        &self,
        conversation: &ConversationId,
        before: Option<Seq>,
        limit: usize,
        bytes: usize,
        for_visitor: bool,
    ) -> Result<Vec<Arc<Entry>>>;

    /// The visitor's open conversation, else the one that closed last if that was at or after `closed_since`.
    async fn of_visitor(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        closed_since: Millis,
    ) -> Result<Option<Loaded>>;

    /// Gives the anonymous visitor's open conversation to an identified one who has none open. Its id, if any moved.
    async fn adopt(
        &self,
        workspace: &WorkspaceId,
        from: &VisitorId,
        to: &VisitorId,
        name: Option<&str>,
    ) -> Result<Option<ConversationId>>;

    /// Deadlines at or before `until`, earliest first.
    async fn due(&self, until: Millis, limit: usize) -> Result<Vec<Due>>;

    /// Open conversations that reached no agent and whose last event was at or before `before`.
    async fn silent(&self, before: Millis, limit: usize) -> Result<Vec<ConversationId>>;

    /// Everybody who waits in a workspace, longest first.
    async fn queue(&self, workspace: &WorkspaceId) -> Result<Vec<Queued>>;

    /// A page of a folder.
    async fn folder(&self, query: &FolderQuery) -> Result<FolderPage>;

    /// How many conversations stand in each folder of this agent.
    async fn counts(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Counts>;

    /// Ids of the conversations assigned to this agent.
    async fn assigned_to(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Vec<ConversationId>>;

    /// Keeps what stands beside logs. One that is lost in a crash falls back, no more.
    async fn put_beside(&self, changed: Vec<(ConversationId, Beside)>) -> Result<()>;

    // --- agents ---

    /// Notes an agent's `hello`: name, picture and role as of the token. A new one starts switched off; one that was
    /// removed comes back.
    async fn agent_hello(&self, workspace: &WorkspaceId, agent: &AgentRef, admin: bool) -> Result<AgentRow>;

    /// One agent, if known and not removed.
    async fn agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<AgentRow>>;

    /// The agents of a workspace that were not removed, by name.
    async fn agents(&self, workspace: &WorkspaceId) -> Result<Vec<AgentRow>>;

    /// Sets an agent's switch. False when there is no such agent.
    async fn set_online(&self, workspace: &WorkspaceId, agent: &AgentId, online: bool) -> Result<bool>;

    /// Sets what an agent wants to be notified of. False when there is no such agent.
    async fn set_notify(&self, workspace: &WorkspaceId, agent: &AgentId, notify: NotifySettings) -> Result<bool>;

    /// Removes an agent; their switch goes off. Their conversations are the caller's to free. False when unknown.
    async fn remove_agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<bool>;

    // --- playbooks ---

    /// The newest version of every playbook of a workspace that was not deleted, by name.
    async fn playbooks(&self, workspace: &WorkspaceId) -> Result<Vec<PlaybookRow>>;

    /// A playbook at `version`, or its newest; deleted ones too (the row says so).
    async fn playbook(&self, id: &PlaybookId, version: Option<u32>) -> Result<Option<PlaybookRow>>;

    /// Saves a new version behind `expected` (0: a new playbook). See [`Saved`].
    async fn save_playbook(&self, workspace: &WorkspaceId, playbook: &Playbook, expected: u32) -> Result<Saved>;

    /// Hides a playbook; its versions stay and its id is not used again. False when there is none.
    async fn delete_playbook(&self, workspace: &WorkspaceId, id: &PlaybookId) -> Result<bool>;

    /// Notes that the playbook was seen on a page: sets `installed_at` once and `last_seen_at`.
    async fn playbook_seen(&self, id: &PlaybookId, at: Millis) -> Result<()>;

    // --- items ---

    /// A page of a workspace's leads, deals and activities, newest first.
    async fn items(&self, query: &ItemQuery) -> Result<ItemPage>;
}
