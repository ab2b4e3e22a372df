//! PostgreSQL: the store of many nodes. Any node may write; the database orders.
//!
//! What is appended goes through a [`lane`]: a connection that writes, as one statement, whatever was asked since it
//! wrote last. The log's primary key is the fence between nodes. Everything else goes over a few shared connections.
//! One more holds the lock that says who may be there, and tells the time.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::{sync::oneshot, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

mod address;
mod agent;
mod backoff;
mod batch;
mod canned;
mod clock;
mod columns;
mod delivery;
mod erasure;
mod fault;
mod folder;
mod guard;
mod item;
mod job;
mod known;
mod lane;
mod load;
mod log;
mod migrate;
mod mode;
mod moved;
mod open;
mod outbox;
mod playbook;
mod pool;
mod reports;
mod roster;
mod search;
mod session;
mod settle;
mod stats;
mod tls;
mod visitor;
mod webhook;
mod writer;

pub use self::{
    address::{Address, AddressFault},
    guard::Fate,
    mode::Mode,
    open::OpenError,
};
use self::{
    clock::Clock,
    guard::Guard,
    job::Job,
    lane::Lane,
    pool::{Pool, REPLY},
};
use super::{
    AgentRow, Append, Appended, Begun, Due, FolderCount, FolderPage, FolderQuery, Head, ItemPage, ItemQuery, Loaded,
    NotifySettings, PlaybookRow, Queued, Result, RosterRow, Saved, Store, StoreError, append::scope_name,
    erasure::erases,
};
use crate::{
    chat::{command::KeyScope, conversation::Conversation, event::AgentRef, playbook::Playbook, summary::Beside},
    ids::{AgentId, ConversationId, Epoch, MessageKey, Millis, NodeId, PlaybookId, Seq, VisitorId, WorkspaceId},
    wire::entry::Entry,
};

/// A store in a PostgreSQL database. Dropping it ends its tasks and connections when all that was asked is answered.
pub struct Postgres {
    epoch: Epoch,
    clock: Arc<Clock>,
    pool: Pool,
    /// Texts wait for nobody but texts.
    texts: Lane,
    /// Whatever changes more than a log.
    changes: Lane,
    guard: Guard,
    /// The tasks of the lanes and of the search.
    tasks: TaskTracker,
    /// Tells them to end.
    stop: CancellationToken,
}

/// How long they may take: longer than the server runs a statement.
const END: Duration = Duration::from_secs(3);

/// How a store works inside; the defaults are meant to be right.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections that read; three more write and watch.
    pub readers: usize,
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4 }
    }
}

// === impl Postgres ===

impl Postgres {
    /// Opens the store in the database that this URL names, making it where it is missing.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str, mode: Mode, options: Options) -> std::result::Result<Self, OpenError> {
        Self::open_at(&Address::parse(url)?, mode, options).await
    }

    /// The same with an address that was read before.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_at(address: &Address, mode: Mode, options: Options) -> std::result::Result<Self, OpenError> {
        let opened = open::open(address, mode).await?;
        let clock = Arc::new(Clock::start(&opened.session.client).await?);
        let pool = Pool::new(opened.dialer.clone(), options.readers).map_err(OpenError::Failed)?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(search::run(pool.clone(), stop.clone()));
        Ok(Self {
            epoch: opened.epoch,
            texts: Lane::start(opened.dialer.clone(), &tasks, stop.clone()),
            changes: Lane::start(opened.dialer.clone(), &tasks, stop.clone()),
            tasks,
            stop,
            guard: Guard::start(opened.session, opened.dialer, mode, clock.clone()),
            clock,
            pool,
        })
    }

    /// Tells whether this process must end: while it could not reach the database, somebody else may have taken it.
    pub fn fate(&self) -> Fate {
        self.guard.fate()
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop.cancel();
        self.pool.close();
    }
}

/// Waits for a lane's answer, and not for ever. What was asked may still be done.
async fn answer<T>(answer: oneshot::Receiver<Result<T>>) -> Result<T> {
    match timeout(REPLY, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(StoreError::Unavailable("the store ended before it answered".into())),
        Err(_) => Err(StoreError::Unavailable("the database does not answer".into())),
    }
}

#[async_trait]
impl Store for Postgres {
    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    fn now(&self) -> Millis {
        self.clock.now()
    }

    async fn restored(&self) -> Result<Epoch> {
        let epoch = Epoch::random();
        self.pool.query("UPDATE hub SET epoch = $1", &[&epoch.as_str()]).await?;
        Ok(epoch)
    }

    async fn ready(&self) -> Result<()> {
        let (texts, changes) = (Job::probe(), Job::probe());
        self.texts.ask(texts.0)?;
        self.changes.ask(changes.0)?;
        let (texts, changes) = tokio::join!(answer(texts.1), answer(changes.1));
        texts.and(changes)
    }

    async fn begin(&self, row: Conversation, entries: Vec<Arc<Entry>>) -> Result<Begun> {
        let (job, begun) = Job::begin(row, entries)?;
        self.changes.ask(job)?;
        answer(begun).await
    }

    async fn append(&self, append: Append) -> Result<Appended> {
        if erases(&append)? {
            return self.append_erasure(&append).await;
        }
        let lane = if Job::is_text(&append) { &self.texts } else { &self.changes };
        let (job, appended) = Job::append(append);
        lane.ask(job)?;
        answer(appended).await
    }

    async fn keyed(
        &self,
        conversation: &ConversationId,
        scope: &KeyScope,
        key: &MessageKey,
    ) -> Result<Option<Arc<Entry>>> {
        self.read_keyed(conversation, &scope_name(scope), key).await
    }

    async fn load(&self, conversation: &ConversationId) -> Result<Option<Loaded>> {
        self.load_one(conversation).await
    }

    async fn events_after(
        &self,
        conversation: &ConversationId,
        after: Seq,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<Arc<Entry>>> {
        self.read_after(conversation, after, limit, bytes).await
    }

    async fn events_before(
        &self,
        conversation: &ConversationId,
        before: Option<Seq>,
        limit: usize,
        bytes: usize,
        for_visitor: bool,
    ) -> Result<Vec<Arc<Entry>>> {
        self.read_before(conversation, before, limit, bytes, for_visitor).await
    }

    async fn of_visitor(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        closed_since: Millis,
    ) -> Result<Option<Loaded>> {
        self.find_of_visitor(workspace, visitor, closed_since).await
    }

    async fn of_person(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        limit: usize,
    ) -> Result<Vec<ConversationId>> {
        self.read_of_person(workspace, visitor, limit).await
    }

    async fn adopt(
        &self,
        workspace: &WorkspaceId,
        from: &VisitorId,
        to: &VisitorId,
        name: Option<&str>,
    ) -> Result<Option<ConversationId>> {
        self.adopt_open(workspace, from, to, name).await
    }

    async fn due(&self, until: Millis, limit: usize) -> Result<Vec<Due>> {
        self.find_due(until, limit).await
    }

    async fn silent(&self, before: Millis, limit: usize) -> Result<Vec<ConversationId>> {
        self.find_silent(before, limit).await
    }

    async fn waited_in(&self) -> Result<Vec<WorkspaceId>> {
        self.find_waited_in().await
    }

    async fn queue(&self, workspace: &WorkspaceId) -> Result<Vec<Queued>> {
        self.find_queue(workspace).await
    }

    async fn folder(&self, query: &FolderQuery) -> Result<FolderPage> {
        self.read_folder(query).await
    }

    async fn sizes(&self, workspace: &WorkspaceId, agent: Option<&AgentId>) -> Result<Vec<FolderCount>> {
        self.read_sizes(workspace, agent).await
    }

    async fn heads(&self, conversations: &[ConversationId]) -> Result<Vec<Head>> {
        self.read_heads(conversations).await
    }

    async fn moved_since(&self, workspaces: &[WorkspaceId], since: Millis, limit: usize) -> Result<Vec<Head>> {
        self.read_moved(workspaces, since, limit).await
    }

    async fn lately(
        &self,
        conversations: &[ConversationId],
        since: Millis,
        most: usize,
    ) -> Result<Vec<(ConversationId, Vec<Arc<Entry>>)>> {
        self.read_lately(conversations, since, most).await
    }

    async fn assigned_to(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Vec<ConversationId>> {
        self.find_assigned_to(workspace, agent).await
    }

    async fn put_beside(&self, changed: Vec<(ConversationId, Beside)>) -> Result<()> {
        self.keep_beside(changed).await
    }

    async fn agent_hello(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentRef,
        admin: bool,
        issued_at: Option<Millis>,
    ) -> Result<Option<AgentRow>> {
        self.note_hello(workspace, agent, admin, issued_at, self.now()).await
    }

    async fn removed_at(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<Millis>> {
        self.read_removed_at(workspace, agent).await
    }

    async fn agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<AgentRow>> {
        self.read_agent(workspace, agent).await
    }

    async fn agents(&self, workspaces: &[WorkspaceId]) -> Result<Vec<AgentRow>> {
        self.read_agents(workspaces).await
    }

    async fn set_online(&self, workspace: &WorkspaceId, agent: &AgentId, online: bool) -> Result<bool> {
        self.switch(workspace, agent, online).await
    }

    async fn set_notify(&self, workspace: &WorkspaceId, agent: &AgentId, notify: NotifySettings) -> Result<bool> {
        self.keep_notify(workspace, agent, notify).await
    }

    async fn remove_agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<bool> {
        self.remove(workspace, agent, self.now()).await
    }

    async fn keep_roster(&self, node: &NodeId, roster: Bytes, until: Millis) -> Result<()> {
        self.put_roster(node, roster, until, self.now()).await
    }

    async fn rosters(&self) -> Result<Vec<RosterRow>> {
        self.read_rosters().await
    }

    async fn playbooks(&self, workspace: &WorkspaceId) -> Result<Vec<PlaybookRow>> {
        self.read_playbooks(workspace).await
    }

    async fn playbook(&self, id: &PlaybookId, version: Option<u32>) -> Result<Option<PlaybookRow>> {
        self.read_playbook(id, version).await
    }

    async fn save_playbook(&self, workspace: &WorkspaceId, playbook: &Playbook, expected: u32) -> Result<Saved> {
        self.save(workspace, playbook, expected).await
    }

    async fn delete_playbook(&self, workspace: &WorkspaceId, id: &PlaybookId) -> Result<bool> {
        self.hide(workspace, id).await
    }

    async fn playbook_seen(&self, id: &PlaybookId, at: Millis) -> Result<()> {
        self.note_seen(id, at).await
    }

    async fn items(&self, query: &ItemQuery) -> Result<ItemPage> {
        self.read_items(query).await
    }

    async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(END, self.tasks.wait()).await.is_err() {
            tracing::warn!("what the database was asked last was not answered: its connections are cut");
        }
        self.pool.close();
    }
}
