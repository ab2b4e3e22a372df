//! Playbooks in memory: every version that runs, and the newest of each.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use dashmap::DashMap;
use tokio::time::Instant;

use super::{
    Hub,
    seat::{Seat, Who},
};
use crate::{
    chat::event::{MissedReason, PlaybookRef},
    ids::{Millis, PlaybookId, Quick, WorkspaceId},
    store::{PlaybookRow, Result, Saved, StoreError},
    wire::{
        node::{NodeFrame, PlaybookMoved},
        push::{Available, AvailableReason},
    },
};

/// How often a playbook's `last_seen_at` moves at most, in milliseconds.
const SEEN_EVERY: i64 = 60_000;

/// Among other nodes, after how long the newest version is read again: a hint about it may have been lost.
const READ_EVERY: Duration = Duration::from_secs(10);
/// A sweep leaves out what was read so lately.
const SWEPT_AFTER: Duration = Duration::from_secs(1);
/// Versions in memory beside the newest ones; then they are forgotten, and read again by who needs them.
const MOST_VERSIONS: usize = 1024;

/// What was read of the store's playbooks.
#[derive(Debug, Default)]
pub struct Playbooks {
    /// Older ones that conversations still run on. A version never changes, so it never goes stale.
    versions: DashMap<(PlaybookId, u32), Arc<PlaybookRow>, Quick>,
    newest: DashMap<PlaybookId, Newest, Quick>,
}

#[derive(Debug)]
struct Newest {
    row: Arc<PlaybookRow>,
    read_at: Instant,
}

// === impl Playbooks ===

impl Playbooks {
    /// A version that was read before.
    pub(super) fn version(&self, id: &PlaybookId, version: u32) -> Option<Arc<PlaybookRow>> {
        let known = self.versions.get(&(id.clone(), version)).map(|row| row.clone());
        known.or_else(|| self.newest(id).filter(|newest| newest.version == version))
    }

    pub(super) fn newest(&self, id: &PlaybookId) -> Option<Arc<PlaybookRow>> {
        self.newest.get(id).map(|newest| newest.row.clone())
    }

    fn keep(&self, at: &PlaybookRef, row: Arc<PlaybookRow>) {
        if self.versions.len() >= MOST_VERSIONS {
            self.versions.clear();
        }
        self.versions.insert((at.id.clone(), at.version), row);
    }

    /// Whether it is time to read a playbook again; the one who is told so does it, and nobody else meanwhile.
    fn is_due(&self, id: &PlaybookId, after: Duration) -> bool {
        self.newest.get_mut(id).is_some_and(|mut newest| {
            let due = newest.read_at.elapsed() >= after;
            if due {
                newest.read_at = Instant::now();
            }
            due
        })
    }

    /// Those in memory, by name.
    fn ids(&self) -> Vec<(PlaybookId, WorkspaceId)> {
        let mut ids: Vec<_> =
            self.newest.iter().map(|newest| (newest.key().clone(), newest.row.workspace.clone())).collect();
        ids.sort();
        ids
    }
}

// === impl Hub ===

impl Hub {
    /// The newest version of a playbook. None when there never was one.
    pub async fn playbook(&self, id: &PlaybookId) -> Result<Option<Arc<PlaybookRow>>> {
        let Some(known) = self.playbooks.newest(id) else { return self.read_playbook(id).await };
        if self.mesh.is_alone() || !self.playbooks.is_due(id, READ_EVERY) {
            return Ok(Some(known));
        }
        // Another node may have saved it. What cannot be read now stays as it was known.
        Ok(self.read_playbook(id).await.unwrap_or(Some(known)))
    }

    async fn read_playbook(&self, id: &PlaybookId) -> Result<Option<Arc<PlaybookRow>>> {
        let Some(row) = self.store.playbook(id, None).await? else { return Ok(None) };
        let row = Arc::new(row);
        let new = || Newest { row: row.clone(), read_at: Instant::now() };
        let mut newest = self.playbooks.newest.entry(id.clone()).or_insert_with(new);
        // Somebody who read later may have been quicker.
        if age(&newest.row) < age(&row) {
            newest.row = row;
        }
        newest.read_at = Instant::now();
        Ok(Some(newest.row.clone()))
    }

    /// The version a conversation runs on.
    pub(super) async fn playbook_at(&self, at: &PlaybookRef) -> Result<Arc<PlaybookRow>> {
        if let Some(row) = self.playbooks.version(&at.id, at.version) {
            return Ok(row);
        }
        let row = self.store.playbook(&at.id, Some(at.version)).await?;
        let row = Arc::new(row.ok_or_else(|| StoreError::Damaged(format!("no version {} of {}", at.version, at.id)))?);
        self.playbooks.keep(at, row.clone());
        Ok(row)
    }

    /// Saves a playbook behind `expected` and tells its visitors when that changes what they can have.
    pub async fn save_playbook(
        &self,
        workspace: &WorkspaceId,
        playbook: &crate::chat::playbook::Playbook,
        expected: u32,
    ) -> Result<Saved> {
        let saved = self.store.save_playbook(workspace, playbook, expected).await?;
        self.say_playbook(workspace, &playbook.id);
        self.playbook_changed(workspace, &playbook.id).await?;
        Ok(saved)
    }

    /// Hides a playbook. False when there is none.
    pub async fn delete_playbook(&self, workspace: &WorkspaceId, id: &PlaybookId) -> Result<bool> {
        let deleted = self.store.delete_playbook(workspace, id).await?;
        self.say_playbook(workspace, id);
        self.playbook_changed(workspace, id).await?;
        Ok(deleted)
    }

    /// A playbook's widget was seen on one of its pages: from now on it is installed. One that is, is met all the same
    /// while the store gives no answer: when it was seen last is told by the next page.
    pub async fn playbook_seen(&self, row: &PlaybookRow) -> Result<()> {
        let now = self.store.now();
        if row.last_seen_at.is_some_and(|at| now.since(at) < SEEN_EVERY) {
            return Ok(());
        }
        match self.store.playbook_seen(&row.playbook.id, now).await {
            Err(cause) if row.installed_at.is_some() => {
                tracing::debug!(playbook = %row.playbook.id, %cause, "that a playbook was seen is noted later");
                return Ok(());
            }
            noted => noted?,
        }
        if row.installed_at.is_none() {
            self.say_playbook(&row.workspace, &row.playbook.id);
        }
        self.playbook_changed(&row.workspace, &row.playbook.id).await
    }

    /// Whether, and why not, this playbook's visitors are offered live chat now.
    pub fn available(&self, row: &PlaybookRow) -> Available {
        let reason = if !row.playbook.active || row.deleted {
            AvailableReason::Inactive
        } else if row.installed_at.is_none() {
            AvailableReason::NotInstalled
        } else if !self.presence.anybody(&row.workspace) {
            AvailableReason::NobodyOnline
        } else {
            AvailableReason::Ok
        };
        reason.into()
    }

    /// The same for a decision: why the offline flow must begin.
    pub(super) fn policy_available(&self, newest: &PlaybookRow) -> std::result::Result<(), MissedReason> {
        self.available(newest).reason.missed()
    }

    /// Another node saved, hid or saw a playbook: one that is known here is read again.
    pub(super) async fn heard_playbook(self: Arc<Self>, workspace: WorkspaceId, id: PlaybookId) {
        // What could not be read is read by whoever asks next.
        if self.playbooks.newest(&id).is_some()
            && let Err(cause) = self.playbook_changed(&workspace, &id).await
        {
            tracing::debug!(playbook = %id, %cause, "a playbook that changed elsewhere could not be read yet");
        }
    }

    /// Reads again the playbooks whose visitors are here, those that were not read for a while.
    pub(super) async fn sweep_playbooks(&self) -> Result<()> {
        for (id, workspace) in self.playbooks.ids() {
            if self.among.rooms.has(&workspace) && self.playbooks.is_due(&id, SWEPT_AFTER) {
                self.playbook_changed(&workspace, &id).await?;
            }
        }
        Ok(())
    }

    fn say_playbook(&self, workspace: &WorkspaceId, id: &PlaybookId) {
        self.say(workspace, || NodeFrame::Playbook(PlaybookMoved { playbook: id.clone() }));
    }

    /// After a change: reads it anew.
    async fn playbook_changed(&self, workspace: &WorkspaceId, id: &PlaybookId) -> Result<()> {
        let before = self.playbooks.newest(id).map(|row| self.available(&row));
        let read = self.read_playbook(id).await.inspect_err(|_| {
            // What is known is out of date: whoever asks next reads it.
            self.playbooks.newest.remove(id);
        });
        let Some(row) = read? else { return Ok(()) };
        // As in a turn: of two that tell at once the later one has the last word.
        let _told = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        if before != Some(self.available(&row)) {
            self.tell_available(workspace);
        }
        Ok(())
    }

    /// An agent's status changed: where that is the first to come or the last to leave, visitors are told, and those
    /// who wait for nobody are carried on.
    pub(super) fn turned(self: &Arc<Self>, workspace: WorkspaceId) {
        let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked at and told under one lock, so that of two turns at once the later one has the last word.
        let anybody = self.presence.anybody(&workspace);
        let was = if anybody { !offered.insert(workspace.clone()) } else { offered.remove(&workspace) };
        if was == anybody {
            return;
        }
        self.tell_available(&workspace);
        drop(offered);
        if !anybody {
            tokio::spawn(self.clone().everyone_left(workspace));
        }
    }

    /// What a visitor's session is met with. What was to be told to it before is out of date.
    pub(super) fn offer(&self, seat: &Seat, row: &PlaybookRow) -> Available {
        let _told = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        seat.mail.put(|mail| mail.available = None);
        self.available(row)
    }

    /// Tells every visitor of a workspace whether somebody could take a chat.
    fn tell_available(&self, workspace: &WorkspaceId) {
        self.board.visitors(workspace, |seat| {
            let Who::Visitor { playbook, .. } = &seat.who else { return };
            let Some(row) = self.playbooks.newest(playbook) else { return };
            let available = self.available(&row);
            seat.mail.put(|mail| mail.available = Some(available));
        });
    }
}

/// Of two rows of one playbook the higher was read later: all of these only ever rise.
fn age(row: &PlaybookRow) -> (u32, bool, Option<Millis>, Option<Millis>) {
    (row.version, row.deleted, row.installed_at, row.last_seen_at)
}
