//! Floor 3: the truth. What a store promises, whatever it is made of.
//!
//! A store orders: it takes events for a conversation only behind the head the caller saw, each key once for ever,
//! and whatever hangs on an event (the conversation's row, its deadline, folder counters, items, outbox) in the same
//! transaction. An answer means it is on the disk.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

pub mod agents;
pub mod append;
pub mod canned;
mod cursor;
pub mod delivery;
mod erasure;
mod fault;
pub mod folder;
pub mod item;
pub mod outbox;
mod pace;
pub mod playbook;
pub mod postgres;
mod recent;
pub mod reports;
mod row;
pub mod sqlite;
pub mod stats;
pub mod webhook;
mod words;

pub use self::{
    agents::{AgentRow, NotifySettings, ROSTERS_KEPT, RosterRow, revoked},
    append::{Append, Appended, Begun, FolderCount},
    canned::{Canned, CannedAnswer},
    delivery::{
        Backlog, Delivery, DeliveryPage, DeliveryQuery, DeliveryState, DeliveryStateName, ORDERED_TRIES, Revived,
        Settled, Take, Taken, Verdict,
    },
    folder::{Counts, Folder, FolderPage, FolderQuery, Loaded},
    item::{ItemPage, ItemQuery, ItemRow, Viewer},
    outbox::Outbox,
    playbook::{PlaybookRow, Saved},
    reports::Reports,
    stats::{Milestones, StatsQuery},
    webhook::{Disabled, MAX_WEBHOOKS, Topic, Topics, Webhook, WebhookSecret},
};
use crate::{
    chat::{command::KeyScope, conversation::Conversation, event::AgentRef, playbook::Playbook, summary::Beside},
    ids::{AgentId, ConversationId, Epoch, MessageKey, Millis, NodeId, PlaybookId, Seq, VisitorId, WorkspaceId},
    wire::entry::Entry,
};

/// Why a store gave no answer. Private causes: what a client is told is `unavailable`, but for the last.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was done, or (after a lost commit) it was and the same key will find it.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What was read back is not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The caller's mistake: a page was asked for behind a place that is none of this list.
    #[error("the cursor is none of this list")]
    Cursor,
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

/// Where a conversation has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose company.
    pub workspace: WorkspaceId,
    /// Which one.
    pub conversation: ConversationId,
    /// Whose it is now: adoption is no event.
    pub visitor: VisitorId,
    /// Its last event.
    pub seq: Seq,
    /// When that was decided.
    pub at: Millis,
}

/// The store. Every method is one business step and one answer; none leaves half of it. What is handed on to the
/// outside is the [`Outbox`], what agents keep at hand and look back on the [`Reports`].
///
/// All of them may fail with [`StoreError::Unavailable`]; reads never block writes.
#[async_trait]
pub trait Store: Outbox + Reports + Send + Sync + 'static {
    /// This store's incarnation. Made with the store, changed when it is restored.
    fn epoch(&self) -> Epoch;

    /// Gives the store a new epoch, which whoever opens it from now on finds: it was restored, and what clients
    /// remember of it may not be in it.
    async fn restored(&self) -> Result<Epoch>;

    /// The clock by which deadlines and `at` are meant. Never goes back within one process.
    fn now(&self) -> Millis;

    /// Whether it takes writes at this moment, for `/readyz`.
    async fn ready(&self) -> Result<()>;

    // --- conversations ---

    /// Opens a conversation with its first events, unless its visitor has an open one in the workspace: then that
    /// one's id and nothing is written. `row` is the fold of `entries`.
    async fn begin(&self, row: Conversation, entries: Vec<Arc<Entry>>) -> Result<Begun>;

    /// Appends events of one conversation. See [`Append`] and [`Appended`]. With an
    /// [erasure](crate::chat::event::Event::erases), which only a closed conversation may have, all that lies before it
    /// becomes what [`erased`](crate::chat::event::Event::erased) leaves of it, in the log, among the items and beside
    /// it; the conversation is nobody's then, and a few seconds later nothing of it is found by words.
    ///
    /// To be awaited at once: it may be under way before, and goes on when nobody waits any more.
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

    /// The conversations of a visitor, the open one first, at most `limit`. One that was erased is nobody's any more.
    async fn of_person(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        limit: usize,
    ) -> Result<Vec<ConversationId>>;

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

    /// The workspaces in which somebody waits.
    async fn waited_in(&self) -> Result<Vec<WorkspaceId>>;

    /// Everybody who waits in a workspace, longest first.
    async fn queue(&self, workspace: &WorkspaceId) -> Result<Vec<Queued>>;

    /// A page of a folder.
    async fn folder(&self, query: &FolderQuery) -> Result<FolderPage>;

    /// The sizes of a workspace's folders, as the last commit that changed each left them: Unassigned, Closed and this
    /// agent's, or everybody's. One that never held anything may be left out.
    async fn sizes(&self, workspace: &WorkspaceId, agent: Option<&AgentId>) -> Result<Vec<FolderCount>>;

    /// How many conversations stand in each folder of this agent.
    async fn counts(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Counts> {
        Ok(Counts::of(&self.sizes(workspace, Some(agent)).await?, agent))
    }

    /// Where these conversations have come to, in no order; one that never was is left out. However many there are,
    /// one statement.
    async fn heads(&self, conversations: &[ConversationId]) -> Result<Vec<Head>>;

    /// The conversations of these workspaces whose last event was decided at or after `since`, those that moved longest
    /// ago first, at most `limit`. By `at`, never by the order of commits: a transaction still under way is found
    /// afterwards by whoever asks again from a little before.
    async fn moved_since(&self, workspaces: &[WorkspaceId], since: Millis, limit: usize) -> Result<Vec<Head>>;

    /// The ends of these conversations' logs, in no order: of each the events decided at or after `since` and the one
    /// before them, oldest first; the newest `most` of them where there are more. One that never was is left out. A
    /// store beneath several nodes reads them with one statement, however many there are, and leaves out what is damaged.
    async fn lately(
        &self,
        conversations: &[ConversationId],
        since: Millis,
        most: usize,
    ) -> Result<Vec<(ConversationId, Vec<Arc<Entry>>)>> {
        let mut ends = Vec::with_capacity(conversations.len());
        for conversation in conversations {
            let mut end = self.events_before(conversation, None, most, usize::MAX, false).await?;
            let old = end.iter().rposition(|entry| entry.event().at < since);
            let end = end.split_off(old.unwrap_or(0));
            if !end.is_empty() {
                ends.push((conversation.clone(), end));
            }
        }
        Ok(ends)
    }

    /// Ids of the conversations assigned to this agent.
    async fn assigned_to(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Vec<ConversationId>>;

    /// Keeps what moved beside logs, whichever node tells it: of two marks the higher stands, and a page where one is
    /// given. One that is lost in a crash falls back, no more.
    async fn put_beside(&self, changed: Vec<(ConversationId, Beside)>) -> Result<()>;

    // --- agents ---

    /// Notes an agent's `hello`: name, picture and role as of the token. A new one starts switched off; one that was
    /// removed comes back with a token issued after that. None when the token is [`revoked`]: nothing was noted.
    async fn agent_hello(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentRef,
        admin: bool,
        issued_at: Option<Millis>,
    ) -> Result<Option<AgentRow>>;

    /// When an agent was removed last, whether or not they are back; None when never.
    async fn removed_at(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<Millis>>;

    /// One agent, if known and not removed.
    async fn agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<AgentRow>>;

    /// The agents of these workspaces that were not removed, by workspace and name.
    async fn agents(&self, workspaces: &[WorkspaceId]) -> Result<Vec<AgentRow>>;

    /// Sets an agent's switch. False when there is no such agent.
    async fn set_online(&self, workspace: &WorkspaceId, agent: &AgentId, online: bool) -> Result<bool>;

    /// Sets what an agent wants to be notified of. False when there is no such agent.
    async fn set_notify(&self, workspace: &WorkspaceId, agent: &AgentId, notify: NotifySettings) -> Result<bool>;

    /// Removes an agent; their switch goes off and every token they have loses its worth. Their conversations are the
    /// caller's to free. False when unknown.
    async fn remove_agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<bool>;

    /// Keeps what a node (an incarnation of it) says of the agents who are present with it; it stands until `until`.
    /// What the node said before is replaced, and what ended more than [`ROSTERS_KEPT`] ago is forgotten.
    async fn keep_roster(&self, node: &NodeId, roster: Bytes, until: Millis) -> Result<()>;

    /// What every node said last, by node; those that ended a while ago may still be among them.
    async fn rosters(&self) -> Result<Vec<RosterRow>>;

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

    // --- the end ---

    /// Ends what it runs beside, before the process does: what was begun is brought to its end, for a few seconds at
    /// most. Nothing is to be asked after it.
    async fn close(&self) {}
}
