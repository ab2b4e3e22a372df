//! One node's way to the store they share: it may be slow, broken or cut, it may lose the answer to what was done, and
//! a node that stands still or is gone hears nothing from it any more.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::sync::Notify;

use super::memory::Memory;
use crate::{
    chat::{command::KeyScope, conversation::Conversation, event::AgentRef, playbook::Playbook, summary::Beside},
    ids::{AgentId, ConversationId, Epoch, MessageKey, Millis, NodeId, PlaybookId, Seq, VisitorId, WorkspaceId},
    store::*,
    wire::entry::Entry,
};

/// A node's way to the store.
pub(super) struct Station {
    store: Arc<Memory>,
    rng: Mutex<StdRng>,
    ways: Mutex<Ways>,
    /// Whether the process stands still.
    frozen: AtomicBool,
    thawed: Notify,
    /// Calls so far.
    asked: AtomicUsize,
}

/// What the way to the store does to calls.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ways {
    /// Nothing is answered.
    pub(super) down: bool,
    /// Of a thousand calls so many are refused before anything is done.
    pub(super) refused: u32,
    /// Of a thousand writes so many are done and the answer is lost.
    pub(super) swallowed: u32,
    /// A call takes up to so long.
    pub(super) delay: Duration,
    /// The process is gone: nothing it asks is ever answered.
    pub(super) dead: bool,
}

// === impl Station ===

impl Station {
    pub(super) fn new(store: Arc<Memory>, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            store,
            rng: Mutex::new(StdRng::seed_from_u64(seed)),
            ways: Mutex::default(),
            frozen: AtomicBool::new(false),
            thawed: Notify::new(),
            asked: AtomicUsize::new(0),
        })
    }

    /// From now on this happens to calls.
    pub(super) fn ways(&self, change: impl FnOnce(&mut Ways)) {
        change(&mut self.lock());
    }

    /// The process stands still, or goes on.
    pub(super) fn freeze(&self, frozen: bool) {
        self.frozen.store(frozen, Ordering::SeqCst);
        if !frozen {
            self.thawed.notify_waiters();
        }
    }

    /// How many calls there were.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, Ways> {
        self.ways.lock().unwrap()
    }

    async fn on_the_way(&self) -> Result<()> {
        let ways = *self.lock();
        let drawn = |of: u32| of > 0 && self.rng.lock().unwrap().random_range(0..1_000) < of;
        if !ways.delay.is_zero() {
            let most = u64::try_from(ways.delay.as_millis()).unwrap();
            let delay = self.rng.lock().unwrap().random_range(0..=most);
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        // Whoever stands still hears nothing; whoever is gone never will.
        self.alive().await;
        match ways.down || drawn(ways.refused) {
            true => Err(StoreError::Unavailable("on the way there".into())),
            false => Ok(()),
        }
    }

    async fn alive(&self) {
        while self.frozen.load(Ordering::SeqCst) {
            self.thawed.notified().await;
        }
        if self.lock().dead {
            std::future::pending::<()>().await;
        }
    }

    pub(super) async fn there(&self) -> Result<&Arc<Memory>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.on_the_way().await?;
        Ok(&self.store)
    }

    /// Brings the answer of something that was written.
    async fn back<T>(&self, answer: Result<T>) -> Result<T> {
        let swallowed = self.lock().swallowed;
        if answer.is_ok() && swallowed > 0 && self.rng.lock().unwrap().random_range(0..1_000) < swallowed {
            return Err(StoreError::Unavailable("on the way back".into()));
        }
        self.alive().await;
        answer
    }
}

#[async_trait]
impl Store for Station {
    fn epoch(&self) -> Epoch {
        self.store.epoch()
    }

    fn now(&self) -> Millis {
        self.store.now()
    }

    async fn restored(&self) -> Result<Epoch> {
        self.there().await?.restored().await
    }

    async fn ready(&self) -> Result<()> {
        self.there().await?.ready().await
    }

    async fn begin(&self, row: Conversation, entries: Vec<Arc<Entry>>) -> Result<Begun> {
        let begun = self.there().await?.begin(row, entries).await;
        self.back(begun).await
    }

    async fn append(&self, append: Append) -> Result<Appended> {
        let appended = self.there().await?.append(append).await;
        self.back(appended).await
    }

    async fn keyed(
        &self,
        conversation: &ConversationId,
        scope: &KeyScope,
        key: &MessageKey,
    ) -> Result<Option<Arc<Entry>>> {
        self.there().await?.keyed(conversation, scope, key).await
    }

    async fn load(&self, conversation: &ConversationId) -> Result<Option<Loaded>> {
        self.there().await?.load(conversation).await
    }

    async fn events_after(
        &self,
        conversation: &ConversationId,
        after: Seq,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<Arc<Entry>>> {
        self.there().await?.events_after(conversation, after, limit, bytes).await
    }

    async fn events_before(
        &self,
        conversation: &ConversationId,
        before: Option<Seq>,
        limit: usize,
        bytes: usize,
        for_visitor: bool,
    ) -> Result<Vec<Arc<Entry>>> {
        self.there().await?.events_before(conversation, before, limit, bytes, for_visitor).await
    }

    async fn of_visitor(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        closed_since: Millis,
    ) -> Result<Option<Loaded>> {
        self.there().await?.of_visitor(workspace, visitor, closed_since).await
    }

    async fn of_person(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        limit: usize,
    ) -> Result<Vec<ConversationId>> {
        self.there().await?.of_person(workspace, visitor, limit).await
    }

    async fn adopt(
        &self,
        workspace: &WorkspaceId,
        from: &VisitorId,
        to: &VisitorId,
        name: Option<&str>,
    ) -> Result<Option<ConversationId>> {
        let adopted = self.there().await?.adopt(workspace, from, to, name).await;
        self.back(adopted).await
    }

    async fn due(&self, until: Millis, limit: usize) -> Result<Vec<Due>> {
        self.there().await?.due(until, limit).await
    }

    async fn silent(&self, before: Millis, limit: usize) -> Result<Vec<ConversationId>> {
        self.there().await?.silent(before, limit).await
    }

    async fn waited_in(&self) -> Result<Vec<WorkspaceId>> {
        self.there().await?.waited_in().await
    }

    async fn queue(&self, workspace: &WorkspaceId) -> Result<Vec<Queued>> {
        self.there().await?.queue(workspace).await
    }

    async fn folder(&self, query: &FolderQuery) -> Result<FolderPage> {
        self.there().await?.folder(query).await
    }

    async fn sizes(&self, workspace: &WorkspaceId, agent: Option<&AgentId>) -> Result<Vec<FolderCount>> {
        self.there().await?.sizes(workspace, agent).await
    }

    async fn heads(&self, conversations: &[ConversationId]) -> Result<Vec<Head>> {
        self.there().await?.heads(conversations).await
    }

    async fn moved_since(&self, workspaces: &[WorkspaceId], since: Millis, limit: usize) -> Result<Vec<Head>> {
        self.there().await?.moved_since(workspaces, since, limit).await
    }

    async fn lately(
        &self,
        conversations: &[ConversationId],
        since: Millis,
        most: usize,
    ) -> Result<Vec<(ConversationId, Vec<Arc<Entry>>)>> {
        self.there().await?.lately(conversations, since, most).await
    }

    async fn assigned_to(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Vec<ConversationId>> {
        self.there().await?.assigned_to(workspace, agent).await
    }

    async fn put_beside(&self, changed: Vec<(ConversationId, Beside)>) -> Result<()> {
        let put = self.there().await?.put_beside(changed).await;
        self.back(put).await
    }

    async fn agent_hello(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentRef,
        admin: bool,
        issued_at: Option<Millis>,
    ) -> Result<Option<AgentRow>> {
        let row = self.there().await?.agent_hello(workspace, agent, admin, issued_at).await;
        self.back(row).await
    }

    async fn removed_at(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<Millis>> {
        self.there().await?.removed_at(workspace, agent).await
    }

    async fn keep_roster(&self, node: &NodeId, roster: Bytes, until: Millis) -> Result<()> {
        let kept = self.there().await?.keep_roster(node, roster, until).await;
        self.back(kept).await
    }

    async fn rosters(&self) -> Result<Vec<RosterRow>> {
        self.there().await?.rosters().await
    }

    async fn agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<AgentRow>> {
        self.there().await?.agent(workspace, agent).await
    }

    async fn agents(&self, workspaces: &[WorkspaceId]) -> Result<Vec<AgentRow>> {
        self.there().await?.agents(workspaces).await
    }

    async fn set_online(&self, workspace: &WorkspaceId, agent: &AgentId, online: bool) -> Result<bool> {
        let set = self.there().await?.set_online(workspace, agent, online).await;
        self.back(set).await
    }

    async fn set_notify(&self, workspace: &WorkspaceId, agent: &AgentId, notify: NotifySettings) -> Result<bool> {
        let set = self.there().await?.set_notify(workspace, agent, notify).await;
        self.back(set).await
    }

    async fn remove_agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<bool> {
        let removed = self.there().await?.remove_agent(workspace, agent).await;
        self.back(removed).await
    }

    async fn playbooks(&self, workspace: &WorkspaceId) -> Result<Vec<PlaybookRow>> {
        self.there().await?.playbooks(workspace).await
    }

    async fn playbook(&self, id: &PlaybookId, version: Option<u32>) -> Result<Option<PlaybookRow>> {
        self.there().await?.playbook(id, version).await
    }

    async fn save_playbook(&self, workspace: &WorkspaceId, playbook: &Playbook, expected: u32) -> Result<Saved> {
        let saved = self.there().await?.save_playbook(workspace, playbook, expected).await;
        self.back(saved).await
    }

    async fn delete_playbook(&self, workspace: &WorkspaceId, id: &PlaybookId) -> Result<bool> {
        let deleted = self.there().await?.delete_playbook(workspace, id).await;
        self.back(deleted).await
    }

    async fn playbook_seen(&self, id: &PlaybookId, at: Millis) -> Result<()> {
        let seen = self.there().await?.playbook_seen(id, at).await;
        self.back(seen).await
    }

    async fn items(&self, query: &ItemQuery) -> Result<ItemPage> {
        self.there().await?.items(query).await
    }
}

#[async_trait]
impl Reports for Station {
    async fn canned(&self, workspace: &WorkspaceId) -> Result<Canned> {
        self.there().await?.canned(workspace).await
    }

    async fn save_canned(&self, workspace: &WorkspaceId, answers: &[CannedAnswer], expected: u32) -> Result<Saved> {
        let saved = self.there().await?.save_canned(workspace, answers, expected).await;
        self.back(saved).await
    }

    async fn milestones(&self, query: &StatsQuery) -> Result<Vec<Milestones>> {
        self.there().await?.milestones(query).await
    }
}
