//! What a store in memory holds, and every business step on it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    folders::{Sizes, folder_of, rank},
    outbox::Told,
};
use crate::{
    chat::{
        conversation::{Conversation, State},
        event::{AgentRef, What},
        playbook::Playbook,
        summary::Beside,
        timing::Timing,
    },
    ids::{AgentId, ConversationId, MessageKey, Millis, NodeId, PlaybookId, Seq, VisitorId, WorkspaceId},
    store::*,
    wire::entry::Entry,
};

/// Everything that is kept.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) conversations: BTreeMap<ConversationId, Log>,
    pub(super) agents: BTreeMap<(WorkspaceId, AgentId), Known>,
    pub(super) playbooks: BTreeMap<PlaybookId, Vec<PlaybookRow>>,
    pub(super) sizes: Sizes,
    pub(super) items: Vec<ItemRow>,
    pub(super) told: Told,
    pub(super) rosters: BTreeMap<NodeId, RosterRow>,
    pub(super) canned: BTreeMap<WorkspaceId, Canned>,
}

/// One agent, removed or not.
pub(super) struct Known {
    pub(super) row: AgentRow,
    pub(super) removed: bool,
    pub(super) removed_at: Option<Millis>,
}

/// One conversation.
pub(super) struct Log {
    /// Rises with every conversation.
    pub(super) number: usize,
    pub(super) row: Conversation,
    pub(super) entries: Vec<Arc<Entry>>,
    pub(super) keys: HashMap<(String, MessageKey), usize>,
    pub(super) beside: Beside,
}

// === impl Kept ===

impl Kept {
    pub(super) fn begin(&mut self, row: Conversation, entries: Vec<Arc<Entry>>) -> Begun {
        let theirs = |log: &&Log| {
            log.row.workspace == row.workspace && log.row.visitor.id == row.visitor.id && log.row.closed_at().is_none()
        };
        if let Some(open) = self.conversations.values().find(theirs) {
            return Begun::Open(open.row.id.clone());
        }
        let events = entries.iter().map(|entry| entry.event());
        let fold = Conversation::fold(row.id.clone(), row.workspace.clone(), events).expect("begins with started");
        assert_eq!(fold, row, "the row is the fold of the entries");
        let counts = self.sizes.moved(&row.workspace, None, folder_of(&row));
        let log = Log {
            number: self.conversations.len(),
            row: row.clone(),
            entries: entries.clone(),
            keys: HashMap::new(),
            beside: Beside::default(),
        };
        assert!(self.conversations.insert(row.id.clone(), log).is_none(), "ids are new");
        self.follow(&row.id, &entries);
        Begun::Done { counts }
    }

    pub(super) fn append(&mut self, append: Append) -> Appended {
        let Some(log) = self.conversations.get_mut(&append.conversation) else { return Appended::Unknown };
        let key = append.key.map(|(scope, key)| (scope.name(), key));
        if let Some(at) = key.as_ref().and_then(|key| log.keys.get(key)) {
            return Appended::Repeated { event: log.entries[*at].clone() };
        }
        if append.after != log.row.seq {
            return Appended::Stale { head: log.row.seq };
        }
        assert!(!append.entries.is_empty());
        let before = log.row.clone();
        for entry in &append.entries {
            assert_eq!(entry.event().seq, log.row.seq.next(), "no holes");
            assert_eq!(*Entry::stored(entry.json().to_owned()).unwrap(), **entry, "an event is its JSON");
            log.row.apply(entry.event());
        }
        log.check_row(&before, append.row.as_deref());
        if let Some(key) = key {
            log.keys.insert(key, log.entries.len());
        }
        if append.entries.iter().any(|entry| entry.event().erases()) {
            assert!(before.closed_at().is_some(), "only what is over is erased");
            log.entries.iter_mut().for_each(|entry| *entry = Entry::new(entry.event().erased()));
            log.beside = Beside::default();
        }
        log.entries.extend(append.entries.iter().cloned());
        let after = log.row.clone();
        let counts = self.sizes.moved(&after.workspace, folder_of(&before), folder_of(&after));
        self.follow(&append.conversation, &append.entries);
        Appended::Done { counts }
    }

    /// Goes back to where the log ended with `upto`.
    pub(super) fn lose(&mut self, conversation: &ConversationId, upto: Seq) {
        let log = self.conversations.get_mut(conversation).expect("it is there");
        log.entries.truncate(usize::try_from(upto.0).unwrap());
        let left = log.entries.len();
        log.keys.retain(|_, at| *at < left);
        let events = log.entries.iter().map(|entry| entry.event());
        log.row =
            Conversation::fold(log.row.id.clone(), log.row.workspace.clone(), events).expect("begins with started");
    }

    /// What hangs on events: items and the outbox.
    pub(super) fn follow(&mut self, conversation: &ConversationId, entries: &[Arc<Entry>]) {
        let row = &self.conversations[conversation].row;
        for event in entries.iter().map(|entry| entry.event()) {
            if let What::Item(item) = &event.what {
                if let Some(known) = self.items.iter_mut().find(|known| known.id == item.item) {
                    known.external = item.external.clone();
                    continue;
                }
                self.items.push(ItemRow {
                    id: item.item.clone(),
                    workspace: row.workspace.clone(),
                    conversation: conversation.clone(),
                    visitor: row.visitor.id.clone(),
                    kind: item.kind,
                    title: item.title.clone(),
                    fields: (*item.fields).clone(),
                    details: row.details.clone(),
                    page: row.page.as_ref().map(|page| page.url.clone()),
                    at: event.at,
                    external: None,
                });
            }
            if let Some(topic) = Topic::of(&event.what) {
                self.told.put(&row.workspace, conversation, event, topic);
            }
        }
    }

    pub(super) fn logs<'a>(&'a self, workspace: &'a WorkspaceId) -> impl Iterator<Item = &'a Log> {
        self.conversations.values().filter(move |log| log.row.workspace == *workspace)
    }

    pub(super) fn events(&self, conversation: &ConversationId) -> &[Arc<Entry>] {
        self.conversations.get(conversation).map_or(&[], |log| &log.entries)
    }

    pub(super) fn agent(&mut self, workspace: &WorkspaceId, agent: &AgentId) -> Option<&mut AgentRow> {
        let known = self.agents.get_mut(&(workspace.clone(), agent.clone()))?;
        (!known.removed).then_some(&mut known.row)
    }

    /// See [`Store::agent_hello`](crate::store::Store::agent_hello).
    pub(super) fn hello(
        &mut self,
        workspace: &WorkspaceId,
        agent: &AgentRef,
        admin: bool,
        issued_at: Option<Millis>,
        now: Millis,
    ) -> Option<AgentRow> {
        let new = || Known {
            row: AgentRow {
                workspace: workspace.clone(),
                agent: agent.clone(),
                admin,
                online: false,
                notify: NotifySettings::default(),
                last_hello_at: now,
            },
            removed: false,
            removed_at: None,
        };
        let known = self.agents.entry((workspace.clone(), agent.id.clone())).or_insert_with(new);
        if revoked(known.removed_at, issued_at) {
            return None;
        }
        known.removed = false;
        (known.row.agent, known.row.admin, known.row.last_hello_at) = (agent.clone(), admin, now);
        Some(known.row.clone())
    }

    /// See [`Store::of_visitor`](crate::store::Store::of_visitor).
    pub(super) fn of_visitor(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
        closed_since: Millis,
    ) -> Option<Loaded> {
        let theirs = || self.logs(workspace).filter(|log| log.row.visitor.id == *visitor);
        let open = theirs().find(|log| log.row.closed_at().is_none());
        let over = || {
            let late = theirs().filter(|log| log.row.closed_at().is_some_and(|at| at >= closed_since));
            late.max_by_key(|log| (log.row.closed_at(), log.number))
        };
        open.or_else(over).map(Log::loaded)
    }

    /// See [`Store::adopt`](crate::store::Store::adopt).
    pub(super) fn adopt(
        &mut self,
        workspace: &WorkspaceId,
        from: &VisitorId,
        to: &VisitorId,
        name: Option<&str>,
    ) -> Option<ConversationId> {
        let open = |log: &&Log, who: &VisitorId| log.row.visitor.id == *who && log.row.closed_at().is_none();
        if self.logs(workspace).any(|log| open(&log, to)) {
            return None;
        }
        let id = self.logs(workspace).find(|log| open(log, from)).map(|log| log.row.id.clone())?;
        let visitor = &mut self.conversations.get_mut(&id)?.row.visitor;
        visitor.id = to.clone();
        visitor.verified = true;
        visitor.name = name.map(Into::into).or_else(|| visitor.name.take());
        Some(id)
    }

    /// See [`Store::due`](crate::store::Store::due).
    pub(super) fn due(&self, until: Millis, limit: usize) -> Vec<Due> {
        let due = |log: &Log| Some(Due { conversation: log.row.id.clone(), deadline: log.row.deadline()? });
        let mut all: Vec<Due> =
            self.conversations.values().filter_map(due).filter(|due| due.deadline <= until).collect();
        all.sort_by_key(|due| due.deadline);
        all.truncate(limit);
        all
    }

    /// See [`Store::moved_since`](crate::store::Store::moved_since).
    pub(super) fn moved_since(&self, workspaces: &[WorkspaceId], since: Millis, limit: usize) -> Vec<Head> {
        let moved = |log: &&Log| workspaces.contains(&log.row.workspace) && log.row.last_at >= since;
        let mut moved: Vec<Head> = self.conversations.values().filter(moved).map(Log::head).collect();
        moved.sort_by_key(|head| head.at);
        moved.truncate(limit);
        moved
    }

    /// See [`Store::queue`](crate::store::Store::queue).
    pub(super) fn queue(&self, workspace: &WorkspaceId) -> Vec<Queued> {
        let queued = |log: &Log| Queued {
            conversation: log.row.id.clone(),
            visitor: log.row.visitor.id.clone(),
            since: log.row.since.unwrap(),
        };
        let waits = self.logs(workspace).filter(|log| matches!(log.row.state, State::Waiting { .. }));
        let mut waiting: Vec<(usize, Queued)> = waits.map(|log| (log.number, queued(log))).collect();
        waiting.sort_by_key(|(number, queued)| (queued.since, *number));
        waiting.into_iter().map(|(_, queued)| queued).collect()
    }

    /// See [`Store::folder`](crate::store::Store::folder).
    pub(super) fn folder(&self, query: &FolderQuery) -> FolderPage {
        let words = query.query.iter().flat_map(|query| query.split_whitespace());
        let words: Vec<String> = words.map(str::to_lowercase).collect();
        let holds = |log: &&Log| {
            let text = log.entries.iter().map(|entry| entry.json().to_lowercase()).collect::<String>();
            words.iter().all(|word| text.contains(word))
        };
        let in_folder = |log: &Log| Some(((rank(&query.folder, &log.row)?, log.number), log.loaded()));
        let mut all: Vec<_> = self.logs(&query.workspace).filter(holds).filter_map(in_folder).collect();
        all.sort_by_key(|(rank, _)| *rank);
        let from = query.before.as_ref().map_or(0, |before| before.parse().unwrap());
        let some: Vec<Loaded> = all.iter().skip(from).take(query.limit).map(|(_, loaded)| loaded.clone()).collect();
        let end = from + some.len();
        FolderPage { conversations: some, next: (end < all.len()).then(|| end.to_string()) }
    }

    /// See [`Store::save_playbook`](crate::store::Store::save_playbook).
    pub(super) fn save_playbook(&mut self, workspace: &WorkspaceId, playbook: &Playbook, expected: u32) -> Saved {
        let row = match self.playbooks.get(&playbook.id).and_then(|versions| versions.last()) {
            None if expected > 0 => return Saved::Unknown,
            None => PlaybookRow {
                workspace: workspace.clone(),
                playbook: Arc::new(playbook.clone()),
                version: 1,
                installed_at: None,
                last_seen_at: None,
                deleted: false,
            },
            // An id is taken for good, whosever it is and whatever became of it.
            Some(last) if expected == 0 => return Saved::Stale(last.version),
            Some(last) if last.deleted || last.workspace != *workspace => return Saved::Unknown,
            Some(last) if last.version != expected => return Saved::Stale(last.version),
            Some(last) => PlaybookRow { playbook: Arc::new(playbook.clone()), version: expected + 1, ..last.clone() },
        };
        self.playbooks.entry(playbook.id.clone()).or_default().push(row);
        Saved::Version(expected + 1)
    }

    /// See [`Store::items`](crate::store::Store::items).
    pub(super) fn items(&self, query: &ItemQuery) -> ItemPage {
        let wanted = |item: &&ItemRow| {
            item.workspace == query.workspace
                && query.kind.is_none_or(|kind| item.kind == kind)
                && query.conversation.as_ref().is_none_or(|of| item.conversation == *of)
                && query.viewer.as_ref().is_none_or(|Viewer { agent, admin, admins_see_assigned }| {
                    self.conversations[&item.conversation].row.sight().allows(agent, *admin, *admins_see_assigned)
                })
        };
        let from = query.before.as_ref().map_or(0, |before| before.parse().unwrap());
        let all: Vec<&ItemRow> = self.items.iter().rev().filter(wanted).collect();
        let now = |item: &ItemRow| ItemRow {
            details: self.conversations[&item.conversation].row.details.clone(),
            ..item.clone()
        };
        let items: Vec<ItemRow> = all.iter().skip(from).take(query.limit).map(|item| now(item)).collect();
        let end = from + items.len();
        ItemPage { items, next: (end < all.len()).then(|| end.to_string()) }
    }
}

// === impl Log ===

impl Log {
    pub(super) fn loaded(&self) -> Loaded {
        Loaded { conversation: self.row.clone(), beside: self.beside.clone() }
    }

    pub(super) fn head(&self) -> Head {
        let Conversation { id, workspace, visitor, seq, last_at, .. } = &self.row;
        Head {
            workspace: workspace.clone(),
            conversation: id.clone(),
            visitor: visitor.id.clone(),
            seq: *seq,
            at: *last_at,
        }
    }

    /// The promise of [`Append::row`], kept by the caller.
    pub(super) fn check_row(&self, before: &Conversation, row: Option<&Conversation>) {
        match row {
            Some(row) => {
                // Adoption is no event: whose it is, is the store's to say.
                let row = Conversation { visitor: self.row.visitor.clone(), ..row.clone() };
                assert_eq!(row, self.row, "the caller's fold");
            }
            None => {
                let row = Conversation {
                    seq: self.row.seq,
                    last_at: self.row.last_at,
                    preview: self.row.preview.clone(),
                    visitor_texts: self.row.visitor_texts.clone(),
                    timing: Timing { answered_at: self.row.timing.answered_at, ..before.timing },
                    ..before.clone()
                };
                assert_eq!(row, self.row, "more than texts changed and no row was given");
            }
        }
    }
}

pub(super) fn some_of(entries: &mut dyn Iterator<Item = Arc<Entry>>, limit: usize, bytes: usize) -> Vec<Arc<Entry>> {
    let mut size = 0;
    let mut some = Vec::new();
    for entry in entries.take(limit) {
        size += entry.json().len();
        if size > bytes && !some.is_empty() {
            break;
        }
        some.push(entry);
    }
    some
}
