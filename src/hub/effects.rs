//! What a commit sets in motion: readers woken, rows and counts of the inbox, notifications, deadlines, the queue.
//! Nothing here is truth: whoever misses it finds the same in the store.

use std::sync::Arc;

use super::{
    Hub,
    append::{Face, moves_row},
    error::HubError,
    mailbox::{CountsChange, Row},
    seat::{Seat, Who},
    tail::Tail,
};
use crate::{
    chat::{
        command::Actor,
        conversation::Sight,
        event::{Author, What},
        summary::Summary,
    },
    ids::{AgentId, ConversationId, Millis, Seq, WorkspaceId},
    store::{Folder, FolderCount, Topic},
    wire::{entry::Entry, shared::Shared},
};

/// How often an inbox's row moves at most for texts alone, in milliseconds.
const ROW_EVERY: i64 = 1_000;

/// A conversation's row as it stands, with who may see it.
struct Stand {
    workspace: WorkspaceId,
    sight: Sight,
    summary: Arc<Shared<Summary>>,
}

// === impl Hub ===

impl Hub {
    /// After a commit: `before` is the conversation as the decision met it.
    pub(super) fn committed(
        self: &Arc<Self>,
        tail: &Tail,
        before: &Face,
        actor: &Actor,
        entries: &[Arc<Entry>],
        counts: &[FolderCount],
    ) {
        tail.offer(entries);
        // The tail of this moment may not be the board's: somebody may have begun to follow meanwhile.
        if let Some(followed) = self.board.tail(tail.id()) {
            followed.offer(entries);
        }
        self.metrics.events.inc_by(entries.len() as u64);
        self.wake(tail.id());
        match entries.iter().any(|entry| moves_row(entry.event())) {
            true => self.moved(tail, before, actor, entries, counts),
            false => self.texted(tail, entries),
        }
    }

    /// Wakes everybody who follows a conversation.
    pub(super) fn wake(&self, conversation: &ConversationId) {
        self.board.followers(conversation, |seat| {
            seat.mail.put(|mail| {
                mail.news.insert(conversation.clone());
            });
        });
    }

    fn moved(
        self: &Arc<Self>,
        tail: &Tail,
        before: &Face,
        actor: &Actor,
        entries: &[Arc<Entry>],
        counts: &[FolderCount],
    ) {
        for entry in entries {
            let event = entry.event();
            match &event.what {
                What::Assigned { to, .. } => {
                    if let Some(workspace) = tail.with(|hot| hot.conversation.workspace.clone()) {
                        self.tell_follow(&workspace, tail.id(), &to.id, event.seq);
                        tokio::spawn(self.clone().look_after(workspace, to.id.clone()));
                    }
                }
                What::Waiting { deadline, .. } => {
                    self.waiting.note(*deadline, self.store.now(), tail.id());
                    self.metrics.waits.inc();
                }
                What::Missed { .. } => {
                    self.metrics.missed.inc();
                }
                _ => {}
            }
        }
        self.ring_outbox(entries);
        self.send_row(tail, Some(before), counts);
        let waiting = tail.with(|hot| Face::of(&hot.conversation).waiting).unwrap_or(false);
        if (waiting || before.waiting)
            && let Some(workspace) = tail.with(|hot| hot.conversation.workspace.clone())
        {
            self.queue.changed(workspace);
        }
        self.notify_of(tail, actor, entries);
        if entries.iter().any(|entry| matches!(entry.event().what, What::Waiting { .. })) {
            self.look_again(tail);
        }
    }

    /// Whoever hands on what is in the outbox need not wait for their next look.
    pub(super) fn ring_outbox(&self, entries: &[Arc<Entry>]) {
        if entries.iter().any(|entry| Topic::of(&entry.event().what).is_some()) {
            self.outbox_bell.notify_one();
        }
    }

    /// The assignee's sessions get the events from `assigned` on, without asking.
    fn tell_follow(&self, workspace: &WorkspaceId, conversation: &ConversationId, to: &AgentId, seq: Seq) {
        for seat in self.board.seats_of(workspace, to) {
            seat.mail.put(|mail| {
                mail.follow.insert(conversation.clone(), Seq(seq.0 - 1));
            });
        }
    }

    /// A text: the row of those who do not follow moves at most once a second.
    fn texted(self: &Arc<Self>, tail: &Tail, entries: &[Arc<Entry>]) {
        let now = self.store.now();
        let by_visitor = entries.iter().any(|entry| entry.event().by == Author::Visitor);
        if by_visitor {
            self.notify_text(tail, entries, now);
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
        let due: Vec<ConversationId> = self.rows_due.iter().map(|id| id.clone()).collect();
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
        self.board.agents(workspace, |seat| seeing += usize::from(self.may_see(seat, sight)));
        seeing > following
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
    pub(super) fn send_row(&self, tail: &Tail, before: Option<&Face>, counts: &[FolderCount]) {
        let Some(stand) = self.stand(tail) else { return };
        let summary = stand.summary.value();
        let gone = tail.with(|hot| match &hot.conversation.state {
            crate::chat::conversation::State::Assigned { to, at } => (Some(to.clone()), *at),
            _ => (None, hot.conversation.last_at),
        });
        let (assignee, at) = gone.unwrap_or_default();
        // What only admins may see is not in their inbox's rows: it is found by looking into "all".
        let shown = stand.sight != Sight::Admins;
        self.board.agents(&stand.workspace, |seat| {
            let row = if shown && self.may_see(seat, &stand.sight) {
                Some(Row::Upsert(stand.summary.clone()))
            } else if before.is_some_and(|before| self.may_see(seat, &before.sight) && before.sight != Sight::Admins) {
                Some(Row::Remove { seq: summary.seq, assignee: assignee.clone(), at })
            } else {
                None
            };
            let mine = seat.who.agent();
            let mut changed = CountsChange::default();
            for count in counts.iter().filter(|count| count.workspace == stand.workspace) {
                let slot = match &count.folder {
                    Folder::Unassigned => &mut changed.unassigned,
                    Folder::Closed => &mut changed.closed,
                    Folder::Mine(agent) if mine == Some(agent) => &mut changed.mine,
                    Folder::Mine(_) | Folder::All { .. } => continue,
                };
                *slot = Some((count.count, count.version));
            }
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

    fn stand(&self, tail: &Tail) -> Option<Stand> {
        tail.with(|hot| {
            let conversation = &hot.conversation;
            let mut beside = hot.beside.clone();
            beside.connected = self.board.has_visitor(&conversation.workspace, &conversation.visitor.id);
            Stand {
                workspace: conversation.workspace.clone(),
                sight: conversation.sight(),
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
