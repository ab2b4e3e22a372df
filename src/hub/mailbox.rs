//! What waits for a session to be written: latest wins, so a slow reader costs what it follows and no more.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify as Bell;

use super::news::News;
use crate::{
    chat::summary::{Mark, Summary},
    ids::{AgentId, ConversationId, Millis, Seq},
    store::{Folder, FolderCount},
    wire::{
        code::CloseCode,
        push::{Available, NotifyPush, PresencePush, Side, VisitorMoved, Watching},
        shared::Shared,
    },
};

/// Rows a session may have waiting; one that lets more pile up is closed and resumes from its cursors.
const MAX_ROWS: usize = 2_000;
/// Notifications that may wait; older ones are of no use to anybody.
const MAX_NOTIFY: usize = 32;

/// A session's letter box. Anybody may put something in; only the session takes it out.
#[derive(Debug, Default)]
pub struct Mailbox {
    inner: Mutex<Inner>,
    bell: Bell,
}

#[derive(Debug, Default)]
struct Inner {
    mail: Option<Box<Mail>>,
    counted: Counted,
}

/// The version each folder's size has come to in one letter box: commits may be told out of order.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    unassigned: u64,
    mine: u64,
    closed: u64,
}

/// Everything that waits for one session.
#[derive(Debug, Default)]
pub struct Mail {
    /// Conversations with events behind the session's cursor.
    pub news: News,
    /// Conversations that became the agent's own: follow them from behind this place.
    pub follow: HashMap<ConversationId, Seq>,
    /// The conversation that became the visitor's last, in whatever tab: it takes the place of any before.
    pub begun: Option<Begun>,
    /// The inbox's rows.
    pub rows: HashMap<ConversationId, Row>,
    /// Folder sizes that changed.
    pub counts: CountsChange,
    /// Other agents.
    pub presence: HashMap<AgentId, Arc<Shared<PresencePush>>>,
    /// What to ring for.
    pub notify: VecDeque<NotifyPush>,
    /// Who types where.
    pub typing: HashMap<ConversationId, Typing>,
    /// How far the two sides have come.
    pub seen: HashMap<(ConversationId, Side), Mark>,
    /// Whether visitors are connected, and on which page.
    pub visitor: HashMap<ConversationId, VisitorMoved>,
    /// Who looks at which unassigned conversation.
    pub watching: HashMap<ConversationId, Arc<Shared<Watching>>>,
    /// Whether somebody could take a chat.
    pub available: Option<Available>,
    /// The visitor's place in the queue.
    pub queue: Option<(ConversationId, u32)>,
    /// The session is to end.
    pub leave: Option<Leave>,
}

/// A conversation that became a visitor's: it began, maybe in another tab, or was adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Which.
    pub conversation: ConversationId,
    /// When. A visitor's conversations follow each other, so that this orders them.
    pub at: Millis,
}

/// A change of the inbox.
#[derive(Clone, Debug)]
pub enum Row {
    /// The conversation as it stands.
    Upsert(Arc<Shared<Summary>>),
    /// It is out of sight.
    Remove {
        /// The place of the event that took it.
        seq: Seq,
        /// Who has it now.
        assignee: Option<crate::chat::event::AgentRef>,
        /// Since when.
        at: Millis,
    },
}

/// Folder sizes that changed for one agent; absolute, each with the version it came with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountsChange {
    /// Unassigned.
    pub unassigned: Option<(u64, u64)>,
    /// My conversations.
    pub mine: Option<(u64, u64)>,
    /// Closed.
    pub closed: Option<(u64, u64)>,
}

/// Somebody types, or stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typing {
    /// Where the sender's node stood in the log: who has not come so far drops it.
    pub seq: Seq,
    /// Whether they type.
    pub on: bool,
    /// What they have typed so far, where the playbook allows it.
    pub preview: Option<String>,
}

/// Why and how a session is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leave {
    /// The close code.
    pub code: CloseCode,
    /// When to come back, in milliseconds from now.
    pub after_ms: Option<u64>,
    /// In better words than the code's own.
    pub because: Option<&'static str>,
}

// === impl Mailbox ===

impl Mailbox {
    /// Puts something in and rings.
    pub fn put(&self, write: impl FnOnce(&mut Mail)) {
        write(self.lock().mail.get_or_insert_default());
        self.bell.notify_one();
    }

    /// The same with sizes of folders, of which older ones than were ever put in are left out.
    pub fn put_with_counts(&self, counts: CountsChange, write: impl FnOnce(&mut Mail)) {
        {
            let Inner { mail, counted } = &mut *self.lock();
            let mail = mail.get_or_insert_default();
            note(&mut mail.counts.unassigned, &mut counted.unassigned, counts.unassigned);
            note(&mut mail.counts.mine, &mut counted.mine, counts.mine);
            note(&mut mail.counts.closed, &mut counted.closed, counts.closed);
            write(mail);
        }
        self.bell.notify_one();
    }

    /// The session is told these sizes otherwise: what waits and is older is not told any more.
    pub fn counted(&self, counts: CountsChange) {
        let Inner { mail, counted } = &mut *self.lock();
        let mut told = CountsChange::default();
        note(&mut told.unassigned, &mut counted.unassigned, counts.unassigned);
        note(&mut told.mine, &mut counted.mine, counts.mine);
        note(&mut told.closed, &mut counted.closed, counts.closed);
        let Some(mail) = mail else { return };
        let waiting = &mut mail.counts;
        for (waiting, told) in [
            (&mut waiting.unassigned, told.unassigned),
            (&mut waiting.mine, told.mine),
            (&mut waiting.closed, told.closed),
        ] {
            waiting.take_if(|_| told.is_some());
        }
    }

    /// Whether anything waits.
    pub fn is_waiting(&self) -> bool {
        self.lock().mail.is_some()
    }

    /// Takes everything out. None when there is nothing.
    pub fn take(&self) -> Option<Box<Mail>> {
        self.lock().mail.take()
    }

    /// Returns once something was put in after the last `take`, or was there before.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // What is behind the lock is plain data: a panic elsewhere leaves it usable.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes one folder's size in unless a newer one was told before.
fn note(slot: &mut Option<(u64, u64)>, counted: &mut u64, change: Option<(u64, u64)>) {
    if let Some((count, version)) = change
        && version >= *counted
    {
        *counted = version;
        *slot = Some((count, version));
    }
}

// === impl Mail ===

impl Mail {
    /// Notes that a conversation began, unless one that began later is noted. What was lost or late is told late: it is
    /// over by then and must not take the place of the one that is open.
    pub fn begun(&mut self, begun: Begun) {
        if self.begun.as_ref().is_none_or(|last| last.at <= begun.at) {
            self.begun = Some(begun);
        }
    }

    /// Puts a row in unless a newer one of the same conversation waits; of equals the latest counts. With a row that
    /// goes, everything goes that still waits and was about it.
    pub fn row(&mut self, conversation: &ConversationId, row: Row) {
        if self.rows.get(conversation).is_some_and(|waiting| waiting.seq() > row.seq()) {
            return;
        }
        if matches!(row, Row::Remove { .. }) {
            self.typing.remove(conversation);
            self.visitor.remove(conversation);
            self.watching.remove(conversation);
            self.seen.retain(|(of, _), _| of != conversation);
            self.notify.retain(|push| push.conversation != *conversation);
        }
        self.rows.insert(conversation.clone(), row);
        if self.rows.len() > MAX_ROWS {
            self.rows.clear();
            self.leave.get_or_insert(Leave { code: CloseCode::TooSlow, after_ms: None, because: None });
        }
    }

    /// Puts a notification in; the oldest falls out when too many wait.
    pub fn ring(&mut self, notify: NotifyPush) {
        if self.notify.len() == MAX_NOTIFY {
            self.notify.pop_front();
        }
        self.notify.push_back(notify);
    }
}

// === impl Row ===

impl Row {
    /// The place in the log this row speaks of.
    pub fn seq(&self) -> Seq {
        match self {
            Self::Upsert(summary) => summary.value().seq,
            Self::Remove { seq, .. } => *seq,
        }
    }
}

// === impl CountsChange ===

impl CountsChange {
    /// What of these sizes an agent is told.
    pub fn of(sizes: &[FolderCount], agent: &AgentId) -> Self {
        let mut changed = Self::default();
        for size in sizes {
            let slot = match &size.folder {
                Folder::Unassigned => &mut changed.unassigned,
                Folder::Closed => &mut changed.closed,
                Folder::Mine(whose) if whose == agent => &mut changed.mine,
                Folder::Mine(_) | Folder::All { .. } => continue,
            };
            *slot = Some((size.count, size.version));
        }
        changed
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::request::NotifyReason;

    fn removed(seq: u64) -> Row {
        Row::Remove { seq: Seq(seq), assignee: None, at: Millis(0) }
    }

    #[test]
    fn p4_an_older_row_never_replaces_a_newer_one_in_the_letter_box() {
        let mut mail = Mail::default();
        let conversation = ConversationId::random();
        mail.row(&conversation, removed(7));
        mail.row(&conversation, removed(6));
        assert_eq!(mail.rows[&conversation].seq(), Seq(7));
        mail.row(&conversation, removed(8));
        assert_eq!(mail.rows[&conversation].seq(), Seq(8));
    }

    #[test]
    fn r13_a_row_that_goes_takes_along_what_still_waits_about_it() {
        let mut mail = Mail::default();
        let [lost, kept] = ["c_lost", "c_kept"].map(ConversationId::from);
        for conversation in [&lost, &kept] {
            mail.typing.insert(conversation.clone(), Typing { seq: Seq(1), on: true, preview: None });
            mail.seen.insert((conversation.clone(), Side::Visitor), Mark::default());
            mail.visitor.insert(
                conversation.clone(),
                VisitorMoved { conversation: conversation.clone(), connected: true, page: None },
            );
            let watching = Watching { conversation: conversation.clone(), agents: vec![] };
            mail.watching.insert(conversation.clone(), Arc::new(Shared::new(watching)));
            mail.ring(NotifyPush {
                conversation: conversation.clone(),
                reason: NotifyReason::Unassigned,
                title: String::new(),
                body: String::new(),
                ring: true,
            });
        }
        mail.row(&lost, removed(7));
        assert!(!mail.typing.contains_key(&lost) && mail.typing.contains_key(&kept));
        let sizes = [mail.typing.len(), mail.seen.len(), mail.visitor.len(), mail.watching.len(), mail.notify.len()];
        assert_eq!(sizes, [1; 5]);
    }

    #[test]
    fn p4_an_older_count_never_replaces_a_newer_one_nor_follows_it() {
        let mailbox = Mailbox::default();
        let put = |count, version| {
            let counts = CountsChange { mine: Some((count, version)), ..CountsChange::default() };
            mailbox.put_with_counts(counts, |_| {});
        };
        put(5, 2);
        put(9, 1);
        assert_eq!(mailbox.take().and_then(|mail| mail.counts.mine), Some((5, 2)));
        // Commits are told by whoever made them: the older one may come when the newer was written already.
        put(9, 1);
        assert_eq!(mailbox.take().and_then(|mail| mail.counts.mine), None);
        put(6, 3);
        assert_eq!(mailbox.take().and_then(|mail| mail.counts.mine), Some((6, 3)));
    }

    #[test]
    fn p4_sizes_told_otherwise_end_older_ones_that_wait_and_those_that_come_late() {
        let mailbox = Mailbox::default();
        let sizes = |mine, closed| CountsChange { mine: Some(mine), closed: Some(closed), unassigned: None };
        mailbox.put_with_counts(sizes((1, 4), (9, 9)), |_| {});
        mailbox.counted(sizes((2, 5), (8, 8)));
        let counts = mailbox.take().unwrap().counts;
        assert_eq!(counts, CountsChange { closed: Some((9, 9)), ..CountsChange::default() });
        mailbox.put_with_counts(sizes((1, 4), (9, 9)), |_| {});
        assert_eq!(mailbox.take().unwrap().counts.mine, None);
    }

    #[test]
    fn p3_of_two_conversations_that_began_the_later_one_counts_whichever_is_told_first() {
        let begun = |id: &str, at| Begun { conversation: id.into(), at: Millis(at) };
        let (old, new) = (begun("c_old", 1), begun("c_new", 2));
        for told in [[&old, &new], [&new, &old]] {
            let mut mail = Mail::default();
            told.iter().for_each(|begun| mail.begun((*begun).clone()));
            assert_eq!(mail.begun, Some(new.clone()));
        }
    }

    #[test]
    fn l1_a_reader_that_lets_rows_pile_up_is_told_to_come_back() {
        let mut mail = Mail::default();
        for _ in 0..=MAX_ROWS {
            mail.row(&ConversationId::random(), removed(1));
        }
        assert!(mail.rows.len() <= MAX_ROWS);
        assert_eq!(mail.leave.map(|leave| leave.code), Some(CloseCode::TooSlow));
    }

    #[tokio::test]
    async fn d4_a_bell_rung_before_anybody_listens_is_heard() {
        let mailbox = Mailbox::default();
        mailbox.put(|mail| mail.queue = Some((ConversationId::from("c_1"), 1)));
        mailbox.rung().await;
        assert!(mailbox.take().is_some());
        assert!(mailbox.take().is_none());
    }
}
