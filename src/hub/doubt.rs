//! Appends whose outcome nobody heard: the store gave no answer in time, or whoever asked is gone. What was committed
//! after all is set in motion like anything else, a moment later.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dashmap::DashMap;

use super::{
    Hub,
    append::{Face, moves_row},
    error::Result,
    mailbox::CountsChange,
};
use crate::{
    chat::{conversation::Sight, event::What},
    ids::{AgentId, ConversationId, Seq, WorkspaceId},
    store::Folder,
    wire::entry::Entry,
};

/// How many are looked up later; beyond, what was committed shows with the next thing that happens there.
const MOST: usize = 2_000;

/// Appends to look up once the store answers.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    open: Mutex<VecDeque<Arc<Doubt>>>,
    /// How many appends are under way that change who may see a conversation.
    moving: DashMap<ConversationId, usize>,
}

#[derive(Debug)]
struct Doubt {
    conversation: ConversationId,
    before: Face,
    entries: Vec<Arc<Entry>>,
}

/// An append under way. Dropped before it is settled, it becomes a doubt.
pub(super) struct UnderWay<'a> {
    doubts: &'a Doubts,
    conversation: &'a ConversationId,
    pub(super) before: Face,
    pub(super) entries: Vec<Arc<Entry>>,
    pub(super) settled: bool,
    moves: bool,
}

// === impl Doubts ===

impl Doubts {
    /// How many there are, those included that are under way.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len() + self.moving.len()
    }

    /// Whether a commit of this node that nobody heard of may have changed who may see the conversation.
    pub(super) fn may_move(&self, conversation: &ConversationId) -> bool {
        let open = self.lock();
        // With no room for more, any may be missing.
        open.len() >= MOST
            || open.iter().any(|doubt| doubt.conversation == *conversation)
            || self.moving.contains_key(conversation)
    }

    fn put(&self, doubt: Doubt) {
        let mut open = self.lock();
        if open.len() < MOST {
            open.push_back(Arc::new(doubt));
        }
    }

    fn all(&self) -> Vec<Arc<Doubt>> {
        self.lock().iter().cloned().collect()
    }

    fn remove(&self, doubt: &Arc<Doubt>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, doubt));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Doubt>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl UnderWay ===

impl<'a> UnderWay<'a> {
    /// Begins: `entries` are about to be appended behind what `before` tells.
    pub(super) fn begin(
        doubts: &'a Doubts,
        conversation: &'a ConversationId,
        before: Face,
        entries: Vec<Arc<Entry>>,
    ) -> Self {
        let mut moving = entries.iter().map(|entry| entry.event()).filter(|event| moves_row(event));
        let moves = moving.any(|event| before.sight.after(event) != before.sight);
        if moves {
            *doubts.moving.entry(conversation.clone()).or_default() += 1;
        }
        Self { doubts, conversation, before, entries, settled: false, moves }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.doubts.put(Doubt {
                conversation: self.conversation.clone(),
                before: self.before.clone(),
                entries: std::mem::take(&mut self.entries),
            });
        }
        // A doubt by now, if it is one: at no moment neither of the two.
        if self.moves {
            self.doubts.moving.alter(self.conversation, |_, many| many - 1);
            self.doubts.moving.remove_if(self.conversation, |_, many| *many == 0);
        }
    }
}

/// The folders whose size events may have changed.
fn touched(before: &Face, entries: &[Arc<Entry>]) -> Vec<Folder> {
    let mine = |agent: &AgentId| Folder::Mine(agent.clone());
    let mut folders = vec![Folder::Unassigned, Folder::Closed];
    if let Sight::Owner(owner) = &before.sight {
        folders.push(mine(owner));
    }
    for entry in entries {
        match &entry.event().what {
            What::Assigned { to, from } => {
                folders.extend([Some(to), from.as_deref()].into_iter().flatten().map(|who| mine(&who.id)))
            }
            What::Unassigned { from } => folders.push(mine(&from.id)),
            _ => {}
        }
    }
    folders
}

// === impl Hub ===

impl Hub {
    /// Looks up what became of appends in doubt.
    pub(super) async fn settle_doubts(self: &Arc<Self>) {
        // A write behind all of them: once it is answered, each of them was done or never will be.
        let open = self.doubts.all();
        if open.is_empty() || self.store.ready().await.is_err() {
            return;
        }
        for doubt in open {
            if self.settle_doubt(&doubt).await.is_ok() {
                self.doubts.remove(&doubt);
            }
        }
    }

    async fn settle_doubt(self: &Arc<Self>, doubt: &Doubt) -> Result<()> {
        let (Some(first), Some(last)) = (doubt.entries.first(), doubt.entries.last()) else { return Ok(()) };
        let (after, head) = (Seq(first.event().seq.0 - 1), last.event().seq);
        let stored = self.store.events_after(&doubt.conversation, after, doubt.entries.len(), usize::MAX).await?;
        if stored != doubt.entries {
            return Ok(());
        }
        if let Some(tail) = self.board.tail(&doubt.conversation) {
            tail.hint(head);
        }
        let tail = self.tail(&doubt.conversation).await?;
        let Some(workspace) = tail.with(|hot| hot.conversation.workspace.clone()) else { return Ok(()) };
        // What the commit would have answered, as it is by now.
        let mut sizes = self.store.sizes(&workspace, None).await?;
        let touched = touched(&doubt.before, &doubt.entries);
        sizes.retain(|size| touched.contains(&size.folder));
        self.committed(&tail, &doubt.before, &doubt.entries, &sizes, None);
        Ok(())
    }

    /// The sizes of a workspace's folders may have changed unheard: its agents are told them anew, as soon as they can be
    /// read.
    pub(super) fn recount_later(&self, workspace: WorkspaceId) {
        self.recounts_due.insert(workspace);
    }

    /// Reads and tells what [`recount_later`](Self::recount_later) was asked for.
    pub(super) async fn recount(&self) {
        let mut due: Vec<WorkspaceId> = self.recounts_due.iter().map(|workspace| workspace.clone()).collect();
        due.sort();
        for workspace in due {
            self.recounts_due.remove(&workspace);
            let Ok(sizes) = self.store.sizes(&workspace, None).await else {
                self.recount_later(workspace);
                continue;
            };
            self.board.agents(&workspace, |seat| {
                if let Some(agent) = seat.who.agent() {
                    seat.mail.put_with_counts(CountsChange::of(&sizes, agent), |_| {});
                }
            });
        }
    }
}
