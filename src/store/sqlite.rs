//! SQLite: the store of one process. A file, one thread that writes it and makes every commit durable before it
//! answers, and a few that read.
//!
//! A text costs one row at the end of one table. The index by conversation and the clients' keys are filled behind, in
//! the same thread: [`behind`] says how, [`tail`] how readers see what is not indexed yet. The [`search`] is filled
//! behind by another thread, in a file of its own.

use std::{fs::File, path::Path, pin::Pin, sync::Arc, thread::JoinHandle};

use async_trait::async_trait;
use bytes::Bytes;

mod agent;
mod answers;
mod append;
mod behind;
mod canned;
mod checkpoint;
mod clock;
#[cfg(test)]
mod counted;
mod counter;
mod delivery;
mod desk;
mod erasure;
mod fault;
mod folder;
mod heads;
mod item;
mod load;
mod log;
mod mark;
mod migrate;
mod moved;
mod open;
mod options;
mod outbox;
mod playbook;
mod readers;
mod reply;
mod reports;
mod roster;
mod row;
mod search;
mod stats;
mod stretch;
mod tail;
mod unwritten;
mod watch;
mod webhook;
mod work;
mod writer;

use self::{
    clock::Clock, desk::Desk, mark::Mark, readers::Readers, search::Search, tail::Tail, watch::Watch, writer::Writer,
};
pub use self::{open::OpenError, options::Options};
use super::{
    AgentRow, Append, Appended, Begun, Due, FolderCount, FolderPage, FolderQuery, Head, ItemPage, ItemQuery, Loaded,
    NotifySettings, PlaybookRow, Queued, Result, RosterRow, Saved, Store,
};
use crate::{
    chat::{command::KeyScope, conversation::Conversation, event::AgentRef, playbook::Playbook, summary::Beside},
    ids::{AgentId, ConversationId, Epoch, MessageKey, Millis, NodeId, PlaybookId, Seq, VisitorId, WorkspaceId},
    wire::entry::Entry,
};

/// A store in a file of this machine. Dropping it ends its threads when all that was asked is written.
pub struct Sqlite {
    epoch: Epoch,
    clock: Arc<Clock>,
    writer: Writer,
    readers: Readers,
    watch: Watch,
    _search: Search,
    checkpoint: Option<JoinHandle<()>>,
    /// Held for life: a second process is refused.
    _lock: File,
}

// === impl Sqlite ===

impl Sqlite {
    /// Opens the store in this file, making it and its folder where they are missing.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> std::result::Result<Self, OpenError> {
        Self::open_with(path, Options::default())
    }

    /// Opens the store with other than the default options.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> std::result::Result<Self, OpenError> {
        let path = path.as_ref();
        let lock = open::take(path)?;
        let clock = Arc::new(Clock::default());
        let mut conn = open::writing(path)?;
        let (mut epoch, new) = migrate::migrate(&mut conn, clock.now())?;
        delivery::free(&conn, clock.now())?;
        let (mark, restored) = Mark::renew(path, &mut conn, new)?;
        if let Some(anew) = restored {
            tracing::warn!(was = %epoch, epoch = %anew, "the store was restored: clients load their conversations anew");
            epoch = anew;
        }
        let tail = Arc::new(Tail::default());
        let desk =
            Desk::new(conn, tail.clone(), options.index_at).map_err(|fault| OpenError::Damaged(fault.to_string()))?;
        let (checkpoints, thread) = checkpoint::start(path, options.checkpoint_every)?;
        let search = Search::start(path, &epoch)?;
        let writer = Writer::start(desk, options, mark, search.poke(), checkpoints)?;
        let readers = Readers::start(path, options.readers, &tail, &writer.refreshes())?;
        let watch = Watch::start(readers.at_work(), writer.pulse())?;
        Ok(Self { epoch, clock, writer, readers, watch, _search: search, checkpoint: Some(thread), _lock: lock })
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sqlite").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // The readers may ask the writer for something, the writer the checkpoints: in this order each can end.
        self.watch.stop();
        self.readers.stop();
        self.writer.stop();
        if let Some(thread) = self.checkpoint.take() {
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl Store for Sqlite {
    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    fn now(&self) -> Millis {
        self.clock.now()
    }

    async fn restored(&self) -> Result<Epoch> {
        self.writer
            .write(false, |desk| {
                let epoch = Epoch::random();
                desk.conn.execute("UPDATE hub SET epoch = ?1", [epoch.as_str()])?;
                Ok(epoch)
            })
            .await
    }

    async fn ready(&self) -> Result<()> {
        let now = self.clock.now();
        self.writer.write(true, move |desk| desk.probe(now)).await
    }

    async fn begin(&self, row: Conversation, entries: Vec<Arc<Entry>>) -> Result<Begun> {
        self.writer.write(true, move |desk| desk.begin(&row, &entries)).await
    }

    fn append<'a, 'b>(&'a self, append: Append) -> Pin<Box<dyn Future<Output = Result<Appended>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        // A single event with nothing behind it is a single statement.
        let guarded = append.row.is_some() || append.entries.len() > 1;
        // Without an `async` around it, which would be one more copy of the text's way.
        Box::pin(self.writer.write(guarded, move |desk| desk.append(&append)))
    }

    async fn keyed(
        &self,
        conversation: &ConversationId,
        scope: &KeyScope,
        key: &MessageKey,
    ) -> Result<Option<Arc<Entry>>> {
        let (name, scope, key) = (conversation.clone(), scope.clone(), key.clone());
        // Asked of the writer: it alone knows the keys that are not indexed yet.
        self.writer.write(false, move |desk| desk.keyed(&name, &scope, &key)).await
    }

    async fn load(&self, conversation: &ConversationId) -> Result<Option<Loaded>> {
        let conversation = conversation.clone();
        self.readers.read(move |view| view.load(&conversation)).await
    }

    async fn events_after(
        &self,
        conversation: &ConversationId,
        after: Seq,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<Arc<Entry>>> {
        let name = conversation.clone();
        self.readers
            .read(move |view| match view.id(name.as_str())? {
                Some(id) => view.events_after(id, after, limit, bytes),
                None => Ok(Vec::new()),
            })
            .await
    }

    async fn events_before(
        &self,
        conversation: &ConversationId,
        before: Option<Seq>,
        limit: usize,
        bytes: usize,
        for_visitor: bool,
    ) -> Result<Vec<Arc<Entry>>> {
        let name = conversation.clone();
        self.readers
            .read(move |view| match view.id(name.as_str())? {
                Some(id) => view.events_before(id, before, limit, bytes, for_visitor),
                None => Ok(Vec::new()),
            })
            .await
    }

    async fn of_visitor(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        closed_since: Millis,
    ) -> Result<Option<Loaded>> {
        let (workspace, visitor) = (workspace.clone(), visitor.clone());
        self.readers.read(move |view| view.of_visitor(&workspace, &visitor, closed_since)).await
    }

    async fn of_person(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        limit: usize,
    ) -> Result<Vec<ConversationId>> {
        let (workspace, visitor) = (workspace.clone(), visitor.clone());
        self.readers.read(move |view| erasure::of_person(view.conn, &workspace, &visitor, limit)).await
    }

    async fn adopt(
        &self,
        workspace: &WorkspaceId,
        from: &VisitorId,
        to: &VisitorId,
        name: Option<&str>,
    ) -> Result<Option<ConversationId>> {
        let (workspace, from, to) = (workspace.clone(), from.clone(), to.clone());
        let name = name.map(str::to_owned);
        self.writer.write(true, move |desk| desk.adopt(&workspace, &from, &to, name.as_deref())).await
    }

    async fn due(&self, until: Millis, limit: usize) -> Result<Vec<Due>> {
        self.readers.read(move |view| view.due(until, limit)).await
    }

    async fn silent(&self, before: Millis, limit: usize) -> Result<Vec<ConversationId>> {
        self.readers.read(move |view| view.silent(before, limit)).await
    }

    async fn waited_in(&self) -> Result<Vec<WorkspaceId>> {
        self.readers.read(move |view| view.waited_in()).await
    }

    async fn queue(&self, workspace: &WorkspaceId) -> Result<Vec<Queued>> {
        let workspace = workspace.clone();
        self.readers.read(move |view| view.queue(&workspace)).await
    }

    async fn folder(&self, query: &FolderQuery) -> Result<FolderPage> {
        let query = query.clone();
        self.readers.read(move |view| view.folder(&query)).await
    }

    async fn sizes(&self, workspace: &WorkspaceId, agent: Option<&AgentId>) -> Result<Vec<FolderCount>> {
        let (workspace, agent) = (workspace.clone(), agent.cloned());
        self.readers.read(move |view| counter::sizes(view.conn, &workspace, agent.as_ref())).await
    }

    async fn heads(&self, conversations: &[ConversationId]) -> Result<Vec<Head>> {
        let conversations = conversations.to_vec();
        self.readers.read(move |view| view.heads(&conversations)).await
    }

    async fn moved_since(&self, workspaces: &[WorkspaceId], since: Millis, limit: usize) -> Result<Vec<Head>> {
        let workspaces = workspaces.to_vec();
        self.readers.read(move |view| view.moved_since(&workspaces, since, limit)).await
    }

    async fn assigned_to(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Vec<ConversationId>> {
        let (workspace, agent) = (workspace.clone(), agent.clone());
        self.readers.read(move |view| view.assigned_to(&workspace, &agent)).await
    }

    async fn put_beside(&self, changed: Vec<(ConversationId, Beside)>) -> Result<()> {
        self.writer
            .write(true, move |desk| {
                changed.iter().try_for_each(|(name, beside)| row::put_beside(&desk.conn, name, beside))
            })
            .await
    }

    async fn agent_hello(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentRef,
        admin: bool,
        issued_at: Option<Millis>,
    ) -> Result<Option<AgentRow>> {
        let (workspace, agent, now) = (workspace.clone(), agent.clone(), self.clock.now());
        self.writer.write(true, move |desk| agent::hello(&desk.conn, &workspace, &agent, admin, issued_at, now)).await
    }

    async fn removed_at(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<Millis>> {
        let (workspace, agent) = (workspace.clone(), agent.clone());
        self.readers.read(move |view| agent::removed_at(view.conn, &workspace, &agent)).await
    }

    async fn agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<AgentRow>> {
        let (workspace, agent) = (workspace.clone(), agent.clone());
        self.readers.read(move |view| agent::one(view.conn, &workspace, &agent)).await
    }

    async fn agents(&self, workspaces: &[WorkspaceId]) -> Result<Vec<AgentRow>> {
        let workspaces = workspaces.to_vec();
        self.readers.read(move |view| agent::all(view.conn, workspaces)).await
    }

    async fn set_online(&self, workspace: &WorkspaceId, agent: &AgentId, online: bool) -> Result<bool> {
        let (workspace, agent) = (workspace.clone(), agent.clone());
        self.writer.write(true, move |desk| agent::set_online(&desk.conn, &workspace, &agent, online)).await
    }

    async fn set_notify(&self, workspace: &WorkspaceId, agent: &AgentId, notify: NotifySettings) -> Result<bool> {
        let (workspace, agent) = (workspace.clone(), agent.clone());
        self.writer.write(true, move |desk| agent::set_notify(&desk.conn, &workspace, &agent, notify)).await
    }

    async fn remove_agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<bool> {
        let (workspace, agent, now) = (workspace.clone(), agent.clone(), self.clock.now());
        self.writer.write(true, move |desk| agent::remove(&desk.conn, &workspace, &agent, now)).await
    }

    async fn keep_roster(&self, node: &NodeId, roster: Bytes, until: Millis) -> Result<()> {
        let (node, now) = (node.clone(), self.clock.now());
        self.writer.write(true, move |desk| roster::keep(&desk.conn, &node, &roster, until, now)).await
    }

    async fn rosters(&self) -> Result<Vec<RosterRow>> {
        self.readers.read(move |view| roster::all(view.conn)).await
    }

    async fn playbooks(&self, workspace: &WorkspaceId) -> Result<Vec<PlaybookRow>> {
        let workspace = workspace.clone();
        self.readers.read(move |view| playbook::all(view.conn, &workspace)).await
    }

    async fn playbook(&self, id: &PlaybookId, version: Option<u32>) -> Result<Option<PlaybookRow>> {
        let id = id.clone();
        self.readers.read(move |view| playbook::one(view.conn, &id, version)).await
    }

    async fn save_playbook(&self, workspace: &WorkspaceId, playbook: &Playbook, expected: u32) -> Result<Saved> {
        let (workspace, playbook) = (workspace.clone(), playbook.clone());
        self.writer.write(true, move |desk| playbook::save(&desk.conn, &workspace, &playbook, expected)).await
    }

    async fn delete_playbook(&self, workspace: &WorkspaceId, id: &PlaybookId) -> Result<bool> {
        let (workspace, id) = (workspace.clone(), id.clone());
        self.writer.write(true, move |desk| playbook::delete(&desk.conn, &workspace, &id)).await
    }

    async fn playbook_seen(&self, id: &PlaybookId, at: Millis) -> Result<()> {
        let id = id.clone();
        self.writer.write(true, move |desk| playbook::seen(&desk.conn, &id, at)).await
    }

    async fn items(&self, query: &ItemQuery) -> Result<ItemPage> {
        let query = query.clone();
        self.readers.read(move |view| item::page(view, &query)).await
    }
}
