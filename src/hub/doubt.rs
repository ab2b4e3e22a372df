//! Appends whose outcome nobody heard: the store gave no answer in time, or whoever asked is gone. What was committed
//! after all is set in motion like anything else, a moment later.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Hub, append::Face, error::Result, mailbox::CountsChange};
use crate::{
    ids::{ConversationId, Seq, WorkspaceId},
    wire::entry::Entry,
};

/// How many are looked up later; beyond, what was committed shows with the next thing that happens there.
const MOST: usize = 2_000;

/// Appends to look up once the store answers.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    open: Mutex<VecDeque<Doubt>>,
}

#[derive(Debug)]
struct Doubt {
    conversation: ConversationId,
    before: Face,
    entries: Vec<Arc<Entry>>,
}

/// An append under way. Dropped before it is settled, it becomes a doubt.
pub(super) struct UnderWay<'a> {
    pub(super) doubts: &'a Doubts,
    pub(super) conversation: &'a ConversationId,
    pub(super) before: Face,
    pub(super) entries: Vec<Arc<Entry>>,
    pub(super) settled: bool,
}

// === impl Doubts ===

impl Doubts {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn put(&self, doubt: Doubt) {
        let mut open = self.lock();
        if open.len() < MOST {
            open.push_back(doubt);
        }
    }

    fn take(&self) -> VecDeque<Doubt> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Doubt>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl UnderWay ===

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.doubts.put(Doubt {
                conversation: self.conversation.clone(),
                before: self.before.clone(),
                entries: std::mem::take(&mut self.entries),
            });
        }
    }
}

// === impl Hub ===

impl Hub {
    /// Looks up what became of appends in doubt.
    pub(super) async fn settle_doubts(self: &Arc<Self>) {
        // A write behind all of them: once it is answered, each of them was done or never will be.
        if self.doubts.len() == 0 || self.store.ready().await.is_err() {
            return;
        }
        let mut found = HashSet::new();
        for doubt in self.doubts.take() {
            match self.settle_doubt(&doubt).await {
                Ok(workspace) => found.extend(workspace),
                Err(_) => self.doubts.put(doubt),
            }
        }
        for workspace in found {
            self.recount(&workspace).await;
        }
    }

    /// The workspace, if it was committed.
    async fn settle_doubt(self: &Arc<Self>, doubt: &Doubt) -> Result<Option<WorkspaceId>> {
        let (Some(first), Some(last)) = (doubt.entries.first(), doubt.entries.last()) else { return Ok(None) };
        let (after, head) = (Seq(first.event().seq.0 - 1), last.event().seq);
        let stored = self.store.events_after(&doubt.conversation, after, doubt.entries.len(), usize::MAX).await?;
        if stored != doubt.entries {
            return Ok(None);
        }
        if let Some(tail) = self.board.tail(&doubt.conversation) {
            tail.hint(head);
        }
        let tail = self.tail(&doubt.conversation).await?;
        self.committed(&tail, &doubt.before, &doubt.entries, &[]);
        Ok(tail.with(|hot| hot.conversation.workspace.clone()))
    }

    /// Tells every agent of a workspace the sizes of their folders anew.
    pub(super) async fn recount(&self, workspace: &WorkspaceId) {
        // Not read is not told: the next change of a folder tells its size.
        let Ok(sizes) = self.store.sizes(workspace, None).await else { return };
        self.board.agents(workspace, |seat| {
            if let Some(agent) = seat.who.agent() {
                seat.mail.put_with_counts(CountsChange::of(&sizes, agent), |_| {});
            }
        });
    }
}
