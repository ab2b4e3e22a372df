//! What a commit sets in motion: readers woken, rows and counts of the inbox, notifications, deadlines, the queue.
//! Nothing here is truth: whoever misses it finds the same in the store.

use std::sync::Arc;

use super::{
    Hub,
    append::{Face, moves_row},
    error::HubError,
    mailbox::{Begun, CountsChange, Row},
    seat::{Seat, Who},
    tail::Tail,
};
use crate::{
    chat::{
        conversation::{Sight, State},
        event::{Author, MissedReason, What},
        summary::Summary,
    },
    ids::{ConversationId, Millis, Seq, WorkspaceId},
    store::{FolderCount, Topic},
    wire::{entry::Entry, node::Bell, shared::Shared},
};

/// How often an inbox's row moves at most for texts alone, in milliseconds.
const ROW_EVERY: i64 = 1_000;

/// A conversation's row as it stands, with who may see it.
struct Stand {
    workspace: WorkspaceId,
    sight: Sight,
    /// When an admin gave it to somebody, who else would not have seen it.
    uncovered: Option<Millis>,
    summary: Arc<Shared<Summary>>,
}

/// Events to be set in motion for the connections of this node, whoever committed them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motion<'a> {
    /// The events.
    pub(super) entries: &'a [Arc<Entry>],
    /// Whether the visitor waited before; true where nobody knows.
    pub(super) waited: bool,
    /// Folders whose size changed.
    pub(super) counts: &'a [FolderCount],
    /// Which connection rings for agents who are connected to several nodes.
    pub(super) bells: &'a [Bell],
    /// Whether a sweep found them: whoever connected since was told otherwise and is not rung.
    pub(super) late: bool,
}

// === impl Hub ===

impl Hub {
    /// After a commit of this node: `before` is the conversation as the decision met it; `by` the session that is
    /// answered it, and so needs no waking.
    pub(super) fn committed(
        self: &Arc<Self>,
        tail: &Tail,
        before: &Face,
        entries: &[Arc<Entry>],
        counts: &[FolderCount],
        by: Option<&Seat>,
    ) {
        tail.offer(entries);
        // The tail of this moment may not be the board's: somebody may have begun to follow meanwhile.
        if let Some(followed) = self.board.tail(tail.id()).filter(|followed| !std::ptr::eq(tail, &**followed)) {
            followed.offer(entries);
        }
        self.count(entries);
        self.ring_outbox(entries);
        self.wake(tail.id(), by);
        let bells = self.say_moved(tail, before, entries, counts);
        let move_on = |entries| {
            let motion = Motion { entries, waited: before.waiting, counts, bells: &bells, late: false };
            self.set_in_motion(tail, motion);
        };
        match self.mesh.is_alone() {
            true => move_on(entries),
            // Where nobody knew the outcome for a while, the sweep may have found it first.
            false => self.note(tail.id(), before.last_at, entries).into_iter().for_each(move_on),
        }
        if entries.iter().any(|entry| matches!(entry.event().what, What::Waiting { .. })) {
            self.look_again(tail);
        }
        for entry in entries {
            if let What::Assigned { to, .. } = &entry.event().what
                && let Some(workspace) = tail.with(|hot| hot.conversation.workspace.clone())
            {
                tokio::spawn(self.clone().look_after(workspace, to.id.clone()));
            }
        }
    }

    /// Counts what this node committed: each event once, on however many nodes it is heard of.
    fn count(&self, entries: &[Arc<Entry>]) {
        self.metrics.events.inc_by(entries.len() as u64);
        for entry in entries {
            match &entry.event().what {
                What::Waiting { .. } => drop(self.metrics.waits.inc()),
                What::Missed { .. } => drop(self.metrics.missed.inc()),
                _ => {}
            }
        }
    }

    /// Tells everybody connected here whom these events concern.
    pub(super) fn set_in_motion(self: &Arc<Self>, tail: &Tail, motion: Motion<'_>) {
        match motion.entries.iter().any(|entry| moves_row(entry.event())) {
            true => self.moved(tail, motion),
            false => self.texted(tail, motion),
        }
    }

    /// Wakes everybody who follows a conversation, but for the one who has it written by themselves.
    pub(super) fn wake(&self, conversation: &ConversationId, but: Option<&Seat>) {
        self.board.followers(conversation, |seat| {
            if but.is_some_and(|but| std::ptr::eq(but, &**seat)) {
                return;
            }
            seat.mail.put(|mail| {
                mail.news.insert(conversation);
            });
        });
    }

    fn moved(self: &Arc<Self>, tail: &Tail, motion: Motion<'_>) {
        let Some((workspace, waits)) =
            tail.with(|hot| (hot.conversation.workspace.clone(), Face::of(&hot.conversation).waiting))
        else {
            return;
        };
        self.tell_follow(tail, &workspace, motion);
        for entry in motion.entries {
            match &entry.event().what {
                What::Assigned { .. } | What::Closed { .. } => self.among.elsewhere.unwatch(&workspace, tail.id()),
                What::Waiting { deadline, .. } => self.waiting.note(*deadline, self.store.now(), tail.id()),
                _ => {}
            }
        }
        let waited = motion.entries.iter().any(|entry| matches!(entry.event().what, What::Waiting { .. }));
        if waits || waited || motion.waited {
            // Before the row, which tells the place.
            self.queue.moved(&workspace, tail.id(), waits);
        }
        self.send_row(tail, motion);
        self.notify_of(tail, motion);
        if motion.entries.iter().any(|entry| entry.event().by == Author::Visitor) {
            self.notify_text(tail, motion);
        }
    }

    /// Whoever hands on what is in the outbox need not wait for their next look.
    fn ring_outbox(&self, entries: &[Arc<Entry>]) {
        if entries.iter().any(|entry| Topic::of(&entry.event().what).is_some()) {
            self.outbox_bell.notify_one();
        }
    }

    /// The assignee's sessions get the events from `assigned` on, without asking; the visitor's those of a conversation
    /// that has just begun.
    fn tell_follow(&self, tail: &Tail, workspace: &WorkspaceId, motion: Motion<'_>) {
        let now = tail.with(|hot| {
            let owned = match &hot.conversation.state {
                State::Assigned { to, at } => Some((to.id.clone(), *at)),
                _ => None,
            };
            (hot.conversation.visitor.id.clone(), hot.conversation.created_at, owned)
        });
        let Some((visitor, at, owned)) = now else { return };
        for event in motion.entries.iter().map(|entry| entry.event()) {
            match &event.what {
                What::Started(_) => {
                    for seat in self.board.visitor_seats(workspace, &visitor) {
                        seat.mail.put(|mail| mail.begun(Begun { conversation: tail.id().clone(), at }));
                    }
                }
                // Only the assignment that still stands: of an older one they may have seen the end already.
                What::Assigned { to, .. } if owned.as_ref() == Some(&(to.id.clone(), event.at)) => {
                    let from = Seq(event.seq.0 - 1);
                    for seat in self.board.seats_of(workspace, &to.id) {
                        seat.mail.put(|mail| {
                            mail.follow.insert(tail.id().clone(), from);
                        });
                    }
                }
                _ => {}
            }
        }
    }

    /// A text: the row of those who do not follow moves at most once a second.
    fn texted(self: &Arc<Self>, tail: &Tail, motion: Motion<'_>) {
        let now = self.store.now();
        if motion.entries.iter().any(|entry| entry.event().by == Author::Visitor) {
            self.notify_text(tail, motion);
        }
        let due = tail.with(|hot| {
            if !self.somebody_else_looks(&hot.conversation.workspace, &hot.conversation.sight(), tail.id()) {
                return false;
            }
            let due = now.since(hot.row_at) >= ROW_EVERY;
            if due {
                hot.row_at = now;
            }
            if !due {
                self.rows_due.insert(tail.id().clone());
            }
            due
        });
        if due == Some(true) {
            self.send_text_row(tail);
        }
    }

    /// Rows held back for a second.
    pub(super) async fn flush_rows(&self, now: Millis) {
        let mut due: Vec<ConversationId> = self.rows_due.iter().map(|id| id.clone()).collect();
        due.sort();
        if !due.is_empty() && !self.mesh.is_alone() {
            // What stands beside a row may be newer than the fold: it is shown as of where the store stands.
            let Ok(heads) = self.store.heads(&due).await else { return };
            for head in heads {
                if let Some(tail) = self.board.tail(&head.conversation) {
                    tail.hint(head.seq);
                }
            }
        }
        for conversation in due {
            // Followed by nobody any more, it may still be a row of somebody's inbox.
            let tail = match self.tail(&conversation).await {
                Ok(tail) => tail,
                // The row is still owed when the store is back.
                Err(HubError::Unavailable) => continue,
                Err(_) => {
                    self.rows_due.remove(&conversation);
                    continue;
                }
            };
            let is_due = tail.with(|hot| {
                let is_due = now.since(hot.row_at) >= ROW_EVERY;
                if is_due {
                    hot.row_at = now;
                }
                is_due
            });
            if is_due != Some(false) {
                self.rows_due.remove(&conversation);
                self.send_text_row(&tail);
            }
        }
    }

    /// The row changed by something that is no event (the visitor came, left or moved on): soon, not at once.
    pub(super) fn row_later(&self, conversation: &ConversationId) {
        self.rows_due.insert(conversation.clone());
    }

    /// Whether an agent's session may see the conversation without following it.
    fn somebody_else_looks(&self, workspace: &WorkspaceId, sight: &Sight, conversation: &ConversationId) -> bool {
        let (mut following, mut seeing) = (0, 0);
        // Somebody who lost sight of it may follow still, and is not to be counted for one who sees it.
        self.board.followers(conversation, |seat| following += usize::from(self.may_see(seat, sight)));
        let sees = |seat: &Arc<Seat>| seeing += usize::from(self.may_see(seat, sight));
        match sight {
            Sight::Owner(owner) => self.board.agent_and_admins(workspace, owner, sees),
            Sight::Admins | Sight::Everybody => self.board.agents(workspace, sees),
        }
        seeing > following
    }

    /// Agents who look at it see whose it is by its row, as there is no event to tell them; the others' rows follow when
    /// the visitor is there.
    pub(super) fn show_whose(&self, tail: &Tail) {
        let Some(stand) = self.stand(tail).filter(|stand| stand.sight != Sight::Admins) else { return };
        self.board.followers(tail.id(), |seat| {
            if seat.who.agent().is_some() && self.may_see(seat, &stand.sight) {
                seat.mail.put(|mail| mail.row(tail.id(), Row::Upsert(stand.summary.clone())));
            }
        });
    }

    fn send_text_row(&self, tail: &Tail) {
        let Some(stand) = self.stand(tail).filter(|stand| stand.sight != Sight::Admins) else { return };
        let mut following = Vec::new();
        self.board.followers(tail.id(), |seat| following.push(Arc::as_ptr(seat)));
        self.board.agents(&stand.workspace, |seat| {
            if self.may_see(seat, &stand.sight) && !following.contains(&Arc::as_ptr(seat)) {
                seat.mail.put(|mail| mail.row(tail.id(), Row::Upsert(stand.summary.clone())));
            }
        });
    }

    /// Sends the row to everybody who may see it, takes it from those who no longer may, and the new folder sizes to
    /// whom they concern.
    fn send_row(&self, tail: &Tail, motion: Motion<'_>) {
        let Some(stand) = self.stand(tail) else { return };
        // What only admins may see is not in their inbox's rows: it is found by looking into "all".
        let shown = stand.sight != Sight::Admins;
        self.board.agents(&stand.workspace, |seat| {
            let row = match shown && self.may_see(seat, &stand.sight) {
                true => Some(Row::Upsert(stand.summary.clone())),
                // Nobody loses what was nobody's to see.
                false => self
                    .lost(seat, motion.entries)
                    .filter(|row| !matches!(row, Row::Remove { at, .. } if Some(*at) == stand.uncovered)),
            };
            let changed = seat.who.agent().map(|agent| CountsChange::of(motion.counts, agent)).unwrap_or_default();
            if row.is_none() && changed.is_empty() {
                return;
            }
            seat.mail.put_with_counts(changed, |mail| {
                if let Some(row) = row {
                    mail.row(tail.id(), row);
                }
            });
        });
    }

    /// The row that goes, where these events took sight of the conversation from a session's agent. It tells of the
    /// event that took it and of nothing behind: whoever has it by then is not for them to know.
    pub(super) fn lost(&self, seat: &Seat, entries: &[Arc<Entry>]) -> Option<Row> {
        entries.iter().rev().find_map(|entry| {
            let event = entry.event();
            let What::Assigned { to, from } = &event.what else { return None };
            let took = self.may_see(seat, &Sight::before_assigned(from.as_deref()))
                && !self.may_see(seat, &Sight::Owner(to.id.clone()));
            took.then(|| Row::Remove { seq: event.seq, assignee: Some(to.clone()), at: event.at })
        })
    }

    /// The row as it stands. None for a fold that is known to lie behind: what stands beside it may be newer, and not
    /// for those who could see what it says; the row comes when it has caught up.
    fn stand(&self, tail: &Tail) -> Option<Stand> {
        if !tail.is_current() {
            return None;
        }
        tail.with(|hot| {
            let conversation = &hot.conversation;
            let mut beside = hot.beside.clone();
            beside.connected = self.is_visited(conversation);
            Stand {
                workspace: conversation.workspace.clone(),
                sight: conversation.sight(),
                uncovered: conversation.since.filter(|_| conversation.missed == Some(MissedReason::NotInstalled)),
                summary: Arc::new(Shared::new(conversation.summary(&beside, self.queue.position(&conversation.id)))),
            }
        })
    }

    /// Whether a session's agent may see what has this sight.
    pub fn may_see(&self, seat: &Seat, sight: &Sight) -> bool {
        match &seat.who {
            Who::Agent { agent, admin, .. } => sight.allows(&agent.id, *admin, self.settings.admins_see_assigned),
            Who::Visitor { .. } => false,
        }
    }
}
