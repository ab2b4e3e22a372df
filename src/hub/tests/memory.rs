//! A store in memory with all the promises of [`Store`] but the disk, on the runtime's clock, so that time can be
//! paused. Stricter than it has to be: it folds every event itself and refuses a caller whose fold differs.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use super::{
    gates::{Gates, Verb},
    kept::{Kept, Log, some_of},
};
use crate::{
    chat::{command::KeyScope, conversation::Conversation, event::AgentRef, playbook::Playbook, summary::Beside},
    ids::{AgentId, ConversationId, Epoch, MessageKey, Millis, NodeId, PlaybookId, Seq, VisitorId, WorkspaceId},
    store::*,
    wire::entry::Entry,
};

/// A store in memory.
pub(super) struct Memory {
    began: Instant,
    /// How far its clock is from the runtime's.
    drift: AtomicI64,
    epoch: Epoch,
    kept: Mutex<Kept>,
    down: AtomicBool,
    pub(super) gates: Gates,
    /// Whose log cannot be read.
    damaged: Mutex<BTreeSet<ConversationId>>,
    /// How long an append takes before it is written, in milliseconds.
    slow: Mutex<fn(&Append) -> u64>,
    /// Looks and writes so far.
    pub(super) asked: AtomicUsize,
}

/// Where the clock stands at first.
const NOON: i64 = 1_763_800_000_000;

// === impl Memory ===

impl Memory {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            drift: AtomicI64::new(NOON),
            epoch: Epoch::from("e_memory"),
            kept: Mutex::default(),
            down: AtomicBool::new(false),
            gates: Gates::default(),
            damaged: Mutex::default(),
            slow: Mutex::new(|_| 0),
            asked: AtomicUsize::new(0),
        })
    }

    /// From now on appends take a while.
    pub(super) fn slow(&self, ms: fn(&Append) -> u64) {
        *self.slow.lock().unwrap() = ms;
    }

    /// From now on nothing is answered, or again.
    pub(super) fn down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Its clock shows so much less from now on, as another process's may.
    pub(super) fn set_back(&self, ms: i64) {
        self.drift.fetch_sub(ms, Ordering::SeqCst);
    }

    /// From now on nothing of this one's log can be read.
    pub(super) fn damage(&self, conversation: &ConversationId) {
        self.damaged.lock().unwrap().insert(conversation.clone());
    }

    /// The store comes back without the newest events of this one, as after a standby took over.
    pub(super) fn lose(&self, conversation: &ConversationId, upto: Seq) {
        self.lock().lose(conversation, upto);
    }

    /// The whole log of a conversation.
    pub(super) fn log(&self, conversation: &ConversationId) -> Vec<Arc<Entry>> {
        self.lock().conversations[conversation].entries.clone()
    }

    /// Everything that is kept, folded.
    pub(super) fn rows(&self) -> Vec<Conversation> {
        self.lock().conversations.values().map(|log| log.row.clone()).collect()
    }

    /// Appends behind everybody's back, as another node would.
    pub(super) fn append_unheard(&self, append: Append) -> Appended {
        self.lock().append(append)
    }

    pub(super) fn up(&self) -> Result<MutexGuard<'_, Kept>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.down.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("it is down".into())),
            false => Ok(self.lock()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }
}

#[async_trait]
impl Store for Memory {
    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    fn now(&self) -> Millis {
        let since = i64::try_from(self.began.elapsed().as_millis()).unwrap();
        Millis(self.drift.load(Ordering::SeqCst) + since)
    }

    async fn restored(&self) -> Result<Epoch> {
        self.up().map(|_| self.epoch.clone())
    }

    async fn ready(&self) -> Result<()> {
        self.up().map(drop)
    }

    async fn begin(&self, row: Conversation, entries: Vec<Arc<Entry>>) -> Result<Begun> {
        let begun = self.up()?.begin(row, entries);
        self.gates.pass(Verb::Begun).await;
        Ok(begun)
    }

    async fn append(&self, append: Append) -> Result<Appended> {
        self.gates.pass(Verb::Append).await;
        let slow = self.slow.lock().unwrap()(&append);
        if slow > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(slow)).await;
        }
        let appended = self.up()?.append(append);
        self.gates.pass(Verb::Appended).await;
        Ok(appended)
    }

    async fn keyed(
        &self,
        conversation: &ConversationId,
        scope: &KeyScope,
        key: &MessageKey,
    ) -> Result<Option<Arc<Entry>>> {
        let kept = self.up()?;
        let Some(log) = kept.conversations.get(conversation) else { return Ok(None) };
        Ok(log.keys.get(&(scope.name(), key.clone())).map(|at| log.entries[*at].clone()))
    }

    async fn load(&self, conversation: &ConversationId) -> Result<Option<Loaded>> {
        let loaded = self.up()?.conversations.get(conversation).map(Log::loaded);
        self.gates.pass(Verb::Loaded).await;
        Ok(loaded)
    }

    async fn events_after(
        &self,
        conversation: &ConversationId,
        after: Seq,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<Arc<Entry>>> {
        self.gates.pass(Verb::EventsAsked).await;
        if self.damaged.lock().unwrap().contains(conversation) {
            return Err(StoreError::Damaged("an event is no event".into()));
        }
        let kept = self.up()?;
        let skip = usize::try_from(after.0).unwrap();
        Ok(some_of(&mut kept.events(conversation).iter().skip(skip).cloned(), limit, bytes))
    }

    async fn events_before(
        &self,
        conversation: &ConversationId,
        before: Option<Seq>,
        limit: usize,
        bytes: usize,
        for_visitor: bool,
    ) -> Result<Vec<Arc<Entry>>> {
        let kept = self.up()?;
        let mut shown = kept.events(conversation).iter().rev().filter(|entry| {
            let event = entry.event();
            before.is_none_or(|before| event.seq < before) && (!for_visitor || event.what.for_visitor())
        });
        let mut some = some_of(&mut shown.by_ref().cloned(), limit, bytes);
        some.reverse();
        Ok(some)
    }

    async fn of_visitor(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        closed_since: Millis,
    ) -> Result<Option<Loaded>> {
        let found = self.up()?.of_visitor(workspace, visitor, closed_since);
        self.gates.pass(Verb::OfVisitor).await;
        Ok(found)
    }

    async fn of_person(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        limit: usize,
    ) -> Result<Vec<ConversationId>> {
        let kept = self.up()?;
        let theirs = kept.logs(workspace).filter(|log| log.row.visitor.id == *visitor);
        Ok(theirs.map(|log| log.row.id.clone()).take(limit).collect())
    }

    async fn adopt(
        &self,
        workspace: &WorkspaceId,
        from: &VisitorId,
        to: &VisitorId,
        name: Option<&str>,
    ) -> Result<Option<ConversationId>> {
        Ok(self.up()?.adopt(workspace, from, to, name))
    }

    async fn due(&self, until: Millis, limit: usize) -> Result<Vec<Due>> {
        Ok(self.up()?.due(until, limit))
    }

    async fn silent(&self, before: Millis, limit: usize) -> Result<Vec<ConversationId>> {
        let kept = self.up()?;
        let silent = kept
            .conversations
            .values()
            .filter(|log| log.row.closed_at().is_none() && !log.row.served && log.row.last_at <= before);
        Ok(silent.map(|log| log.row.id.clone()).take(limit).collect())
    }

    async fn waited_in(&self) -> Result<Vec<WorkspaceId>> {
        let kept = self.up()?;
        let waits = kept.conversations.values().filter(|log| log.row.deadline().is_some());
        let workspaces: BTreeSet<WorkspaceId> = waits.map(|log| log.row.workspace.clone()).collect();
        Ok(workspaces.into_iter().collect())
    }

    async fn queue(&self, workspace: &WorkspaceId) -> Result<Vec<Queued>> {
        let waiting = self.up()?.queue(workspace);
        self.gates.pass(Verb::Queue).await;
        Ok(waiting)
    }

    async fn folder(&self, query: &FolderQuery) -> Result<FolderPage> {
        let page = self.up()?.folder(query);
        self.gates.pass(Verb::Folder).await;
        Ok(page)
    }

    async fn sizes(&self, workspace: &WorkspaceId, agent: Option<&AgentId>) -> Result<Vec<FolderCount>> {
        Ok(self.up()?.sizes.of(workspace, agent))
    }

    async fn heads(&self, conversations: &[ConversationId]) -> Result<Vec<Head>> {
        let kept = self.up()?;
        Ok(conversations.iter().filter_map(|id| kept.conversations.get(id)).map(Log::head).collect())
    }

    async fn moved_since(&self, workspaces: &[WorkspaceId], since: Millis, limit: usize) -> Result<Vec<Head>> {
        Ok(self.up()?.moved_since(workspaces, since, limit))
    }

    async fn assigned_to(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Vec<ConversationId>> {
        let kept = self.up()?;
        let theirs = kept.logs(workspace).filter(|log| log.row.assignee().is_some_and(|owner| owner.id == *agent));
        Ok(theirs.map(|log| log.row.id.clone()).collect())
    }

    async fn put_beside(&self, changed: Vec<(ConversationId, Beside)>) -> Result<()> {
        let mut kept = self.up()?;
        for (conversation, beside) in changed {
            if let Some(log) = kept.conversations.get_mut(&conversation) {
                log.beside.take_in(&beside);
            }
        }
        Ok(())
    }

    async fn agent_hello(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentRef,
        admin: bool,
        issued_at: Option<Millis>,
    ) -> Result<Option<AgentRow>> {
        let now = self.now();
        let row = self.up()?.hello(workspace, agent, admin, issued_at, now);
        self.gates.pass(Verb::AgentHello).await;
        Ok(row)
    }

    async fn removed_at(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<Millis>> {
        let kept = self.up()?;
        Ok(kept.agents.get(&(workspace.clone(), agent.clone())).and_then(|known| known.removed_at))
    }

    async fn agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<AgentRow>> {
        Ok(self.up()?.agent(workspace, agent).cloned())
    }

    async fn agents(&self, workspaces: &[WorkspaceId]) -> Result<Vec<AgentRow>> {
        let kept = self.up()?;
        let here = kept.agents.values().filter(|known| !known.removed && workspaces.contains(&known.row.workspace));
        let mut rows: Vec<AgentRow> = here.map(|known| known.row.clone()).collect();
        rows.sort_by(|one, two| (&one.workspace, &one.agent.name).cmp(&(&two.workspace, &two.agent.name)));
        Ok(rows)
    }

    async fn set_online(&self, workspace: &WorkspaceId, agent: &AgentId, online: bool) -> Result<bool> {
        let found = self.up()?.agent(workspace, agent).map(|row| row.online = online).is_some();
        self.gates.pass(Verb::SetOnline).await;
        Ok(found)
    }

    async fn set_notify(&self, workspace: &WorkspaceId, agent: &AgentId, notify: NotifySettings) -> Result<bool> {
        Ok(self.up()?.agent(workspace, agent).map(|row| row.notify = notify).is_some())
    }

    async fn remove_agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<bool> {
        let now = self.now();
        let mut kept = self.up()?;
        let known = kept.agents.get_mut(&(workspace.clone(), agent.clone())).filter(|known| !known.removed);
        let Some(known) = known else { return Ok(false) };
        (known.row.online, known.removed, known.removed_at) = (false, true, Some(now));
        Ok(true)
    }

    async fn keep_roster(&self, node: &NodeId, roster: Bytes, until: Millis) -> Result<()> {
        let now = self.now();
        let mut kept = self.up()?;
        kept.rosters.retain(|_, row| row.until >= now.plus(-ROSTERS_KEPT));
        kept.rosters.insert(node.clone(), RosterRow { node: node.clone(), until, roster });
        Ok(())
    }

    async fn rosters(&self) -> Result<Vec<RosterRow>> {
        Ok(self.up()?.rosters.values().cloned().collect())
    }

    async fn playbooks(&self, workspace: &WorkspaceId) -> Result<Vec<PlaybookRow>> {
        let kept = self.up()?;
        let newest = kept.playbooks.values().filter_map(|versions| versions.last());
        Ok(newest.filter(|row| row.workspace == *workspace && !row.deleted).cloned().collect())
    }

    async fn playbook(&self, id: &PlaybookId, version: Option<u32>) -> Result<Option<PlaybookRow>> {
        let row = {
            let kept = self.up()?;
            let versions = kept.playbooks.get(id).map_or(&[][..], |versions| versions);
            match version {
                None => versions.last().cloned(),
                Some(version) => versions.iter().find(|row| row.version == version).cloned(),
            }
        };
        self.gates.pass(Verb::Playbook).await;
        Ok(row)
    }

    async fn save_playbook(&self, workspace: &WorkspaceId, playbook: &Playbook, expected: u32) -> Result<Saved> {
        Ok(self.up()?.save_playbook(workspace, playbook, expected))
    }

    async fn delete_playbook(&self, workspace: &WorkspaceId, id: &PlaybookId) -> Result<bool> {
        let mut kept = self.up()?;
        let Some(versions) = kept.playbooks.get_mut(id) else { return Ok(false) };
        let there = versions.iter().any(|row| row.workspace == *workspace && !row.deleted);
        versions.iter_mut().for_each(|row| row.deleted |= there);
        Ok(there)
    }

    async fn playbook_seen(&self, id: &PlaybookId, at: Millis) -> Result<()> {
        for row in self.up()?.playbooks.get_mut(id).into_iter().flatten() {
            row.installed_at.get_or_insert(at);
            row.last_seen_at = Some(at);
        }
        Ok(())
    }

    async fn items(&self, query: &ItemQuery) -> Result<ItemPage> {
        Ok(self.up()?.items(query))
    }
}
