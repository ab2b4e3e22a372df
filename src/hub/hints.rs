//! Hints: what a commit tells other nodes, and what they do with it for their own connections.
//!
//! A hint is a position. The events it may carry go into a tail where they fit exactly behind its fold; a node whose
//! fold is behind reads the store. Who may see anything is decided on the fold reached, never on the hint: by it a node
//! only finds out that nobody here is concerned.

use std::sync::Arc;

use super::{
    Hub,
    append::{Face, moves_row},
    behind::Behind,
    effects::Motion,
    ledger::Stretch,
    tail::Tail,
};
use crate::{
    chat::{conversation::Sight, event::What},
    ids::{ConversationId, Millis, Seq, WorkspaceId},
    store::{Folder, FolderCount},
    wire::{
        entry::Entry,
        node::{Bell, Fill, FolderKey, FolderSize, Moved, NodeFrame},
    },
};

// === impl Hub ===

impl Hub {
    /// Notes that events are in motion here from now on; answers those of them that were not.
    pub(super) fn note<'a>(
        &self,
        conversation: &ConversationId,
        after_at: Millis,
        entries: &'a [Arc<Entry>],
    ) -> Vec<&'a [Arc<Entry>]> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Vec::new() };
        let (after, head) = (Seq(first.event().seq.0 - 1), last.event().seq);
        let parts = self.among.ledger.note(conversation, Stretch { after, after_at, head }, self.store.now());
        let at = |seq: Seq| usize::try_from(seq.0 - after.0).unwrap_or(entries.len());
        parts.into_iter().map(|(from, to)| &entries[at(from)..at(to)]).collect()
    }

    /// Tells other nodes of a commit; answers which connections ring for agents who are connected to several nodes.
    pub(super) fn say_moved(
        &self,
        tail: &Tail,
        before: &Face,
        entries: &[Arc<Entry>],
        counts: &[FolderCount],
    ) -> Vec<Bell> {
        if self.mesh.is_alone() {
            return Vec::new();
        }
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Vec::new() };
        let Some(workspace) = tail.with(|hot| hot.conversation.workspace.clone()) else { return Vec::new() };
        let bells = self.bells(&workspace, tail, entries);
        self.say(&workspace, || {
            NodeFrame::Moved(Moved {
                conversation: tail.id().clone(),
                after: Seq(first.event().seq.0 - 1),
                after_at: before.last_at,
                head: last.event().seq,
                at: last.event().at,
                sight: entries.iter().fold(before.sight.clone(), |sight, entry| sight.after(entry.event())),
                waited: before.waiting,
                row: entries.iter().any(|entry| moves_row(entry.event())),
                counts: counts.iter().filter_map(size).collect(),
                rings: bells.clone(),
                fill: Fill::of(entries),
            })
        });
        bells
    }

    /// Another node committed something.
    pub(super) fn heard_moved(self: &Arc<Self>, workspace: &WorkspaceId, moved: Moved) {
        self.metrics.heard_after(self.store.now().since(moved.at));
        let counts: Vec<FolderCount> = moved.counts.iter().map(|size| count(workspace, size)).collect();
        self.tell_counts(workspace, &counts);
        let id = &moved.conversation;
        let followed = self.board.tail(id);
        if let Some(tail) = &followed {
            tail.hint(moved.head);
            tail.offer(&moved.fill.0);
            self.wake(id, None);
        }
        for entry in &moved.fill.0 {
            if let What::Waiting { deadline, .. } = entry.event().what {
                self.waiting.note(deadline, self.store.now(), id);
            }
        }
        if moved.row && moved.sight != Sight::Everybody {
            self.among.elsewhere.unwatch(workspace, id);
        }
        if moved.row && (moved.waited || waits(&moved)) {
            self.queue.changed(workspace.clone());
        }
        if followed.is_none() && !self.concerns_anybody(workspace, &moved) {
            let stretch = Stretch { after: moved.after, after_at: moved.after_at, head: moved.head };
            self.among.ledger.note(id, stretch, self.store.now());
            return;
        }
        match followed.filter(|tail| tail.is_current() && !moved.fill.is_empty()) {
            Some(tail) => {
                for entries in self.note(id, moved.after_at, &moved.fill.0) {
                    let (waited, late) = (moved.waited, false);
                    self.set_in_motion(&tail, Motion { entries, waited, counts: &[], bells: &moved.rings, late });
                }
            }
            None => self.catch_later(Behind::of(moved)),
        }
    }

    /// Tells agents the sizes of folders that changed elsewhere.
    fn tell_counts(&self, workspace: &WorkspaceId, counts: &[FolderCount]) {
        if counts.is_empty() {
            return;
        }
        self.board.agents(workspace, |seat| {
            let changed = seat.who.agent().map(|agent| super::mailbox::CountsChange::of(counts, agent));
            if let Some(changed) = changed.filter(|changed| !changed.is_empty()) {
                seat.mail.put_with_counts(changed, |_| {});
            }
        });
    }

    /// Whether anybody connected here has to do with a conversation that nobody here follows. By the hint alone: who
    /// is told what is decided later, on the fold.
    fn concerns_anybody(&self, workspace: &WorkspaceId, moved: &Moved) -> bool {
        let mut any = false;
        if !moved.row {
            // A new owner may be about to follow. Others are shown the row, at most once a second.
            if let Sight::Owner(owner) = &moved.sight {
                any = !self.board.seats_of(workspace, owner).is_empty();
            }
            if !any && moved.sight != Sight::Admins {
                let mut seen = false;
                self.board.agents(workspace, |seat| seen |= self.may_see(seat, &moved.sight));
                if seen {
                    self.row_later(&moved.conversation);
                }
            }
            return any;
        }
        let unread = moved.fill.is_empty();
        self.board.agents(workspace, |seat| {
            any |= unread
                || (moved.sight != Sight::Admins && self.may_see(seat, &moved.sight))
                || self.lost(seat, &moved.fill.0).is_some();
        });
        if !any && moved.after == Seq(0) {
            match moved.fill.0.first().map(|entry| &entry.event().what) {
                Some(What::Started(started)) => any = self.board.has_visitor(workspace, &started.visitor.id),
                _ => self.board.visitors(workspace, |_| any = true),
            }
        }
        any
    }
}

/// Whether somebody may wait since.
fn waits(moved: &Moved) -> bool {
    moved.fill.is_empty() || moved.fill.0.iter().any(|entry| matches!(entry.event().what, What::Waiting { .. }))
}

fn size(count: &FolderCount) -> Option<FolderSize> {
    let folder = match &count.folder {
        Folder::Unassigned => FolderKey::Unassigned,
        Folder::Mine(agent) => FolderKey::Mine(agent.clone()),
        Folder::Closed => FolderKey::Closed,
        Folder::All { .. } => return None,
    };
    Some(FolderSize { folder, count: count.count, version: count.version })
}

fn count(workspace: &WorkspaceId, size: &FolderSize) -> FolderCount {
    let folder = match &size.folder {
        FolderKey::Unassigned => Folder::Unassigned,
        FolderKey::Mine(agent) => Folder::Mine(agent.clone()),
        FolderKey::Closed => Folder::Closed,
    };
    FolderCount { workspace: workspace.clone(), folder, count: size.count, version: size.version }
}
