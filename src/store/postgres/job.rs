//! What a lane is asked to write, and to whom it answers.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{
    chat::conversation::Conversation,
    ids::{ConversationId, MessageKey, Seq},
    store::{
        Append, Appended, Begun, Result, StoreError,
        append::{check_order, check_row, is_text, scope_name},
    },
    wire::entry::Entry,
};

/// The longest something may wait before it is not begun any more.
const MAX_WAIT: Duration = Duration::from_millis(2500);
/// How often something is tried that others keep from being done.
const TRIES: u32 = 16;

/// Something to write.
#[derive(Debug)]
pub(super) enum Job {
    Append(Box<AppendJob>),
    Begin(Box<BeginJob>),
    /// Answered when everything asked before it is done or never will be, and writing works.
    Probe(Asked<()>),
}

/// Events for one conversation.
#[derive(Debug)]
pub(super) struct AppendJob {
    pub(super) append: Append,
    pub(super) key: Option<(Cow<'static, str>, MessageKey)>,
    /// It must not be written, whatever else becomes of it.
    pub(super) bad: Option<StoreError>,
    pub(super) asked: Asked<Appended>,
}

/// A conversation.
#[derive(Debug)]
pub(super) struct BeginJob {
    pub(super) row: Conversation,
    pub(super) entries: Vec<Arc<Entry>>,
    pub(super) asked: Asked<Begun>,
}

/// Somebody who waits.
#[derive(Debug)]
pub(super) struct Asked<T> {
    reply: Option<oneshot::Sender<Result<T>>>,
    at: Instant,
    /// How often it was tried in vain.
    tries: u32,
    /// It must be tried in a batch of its own.
    pub(super) alone: bool,
}

// === impl Job ===

impl Job {
    /// An append and where its answer will come.
    pub(super) fn append(append: Append) -> (Self, oneshot::Receiver<Result<Appended>>) {
        let (asked, answer) = Asked::new();
        let order = check_order(append.after, &append.entries);
        let row = append.row.as_ref().map_or(Ok(()), |row| check_row(&append.conversation, row, &append.entries));
        let key = append.key.as_ref().map(|(scope, key)| (scope_name(scope), key.clone()));
        (Self::Append(Box::new(AppendJob { bad: order.and(row).err(), append, key, asked })), answer)
    }

    /// A beginning and where its answer will come.
    pub(super) fn begin(
        row: Conversation,
        entries: Vec<Arc<Entry>>,
    ) -> Result<(Self, oneshot::Receiver<Result<Begun>>)> {
        check_order(Seq(0), &entries)?;
        check_row(&row.id, &row, &entries)?;
        let (asked, answer) = Asked::new();
        Ok((Self::Begin(Box::new(BeginJob { row, entries, asked })), answer))
    }

    /// A probe and where its answer will come.
    pub(super) fn probe() -> (Self, oneshot::Receiver<Result<()>>) {
        let (asked, answer) = Asked::new();
        (Self::Probe(asked), answer)
    }

    /// Whether it writes nothing but one row of the log.
    pub(super) fn is_text(append: &Append) -> bool {
        append.row.is_none() && append.entries.len() == 1 && is_text(&append.entries[0])
    }

    /// What only one job of a batch may be about.
    pub(super) fn conversation(&self) -> Option<&ConversationId> {
        match self {
            Self::Append(job) => Some(&job.append.conversation),
            Self::Begin(job) => Some(&job.row.id),
            Self::Probe(_) => None,
        }
    }

    pub(super) fn is_alone(&self) -> bool {
        match self {
            Self::Append(job) => job.asked.alone,
            Self::Begin(job) => job.asked.alone,
            Self::Probe(_) => true,
        }
    }

    /// Whether it has waited too long to be begun.
    pub(super) fn is_late(&self) -> bool {
        let at = match self {
            Self::Append(job) => job.asked.at,
            Self::Begin(job) => job.asked.at,
            Self::Probe(asked) => asked.at,
        };
        at.elapsed() > MAX_WAIT
    }

    /// Whether nobody waits for the answer any more.
    pub(super) fn is_forgotten(&self) -> bool {
        match self {
            Self::Append(job) => job.asked.is_forgotten(),
            Self::Begin(job) => job.asked.is_forgotten(),
            Self::Probe(asked) => asked.is_forgotten(),
        }
    }

    /// Notes that it was tried in vain, and whether in company it would be again. False when it was tried too often.
    pub(super) fn again(&mut self, alone: bool) -> bool {
        match self {
            Self::Append(job) => job.asked.again(alone),
            Self::Begin(job) => job.asked.again(alone),
            Self::Probe(asked) => asked.again(alone),
        }
    }

    /// It will not be done.
    pub(super) fn refuse(self, fault: StoreError) {
        match self {
            Self::Append(job) => job.asked.answer(Err(fault)),
            Self::Begin(job) => job.asked.answer(Err(fault)),
            Self::Probe(asked) => asked.answer(Err(fault)),
        }
    }
}

// === impl AppendJob ===

impl AppendJob {
    /// The key as it is kept.
    pub(super) fn key(&self) -> (Option<&str>, Option<&str>) {
        match &self.key {
            Some((scope, key)) => (Some(scope), Some(key.as_str())),
            None => (None, None),
        }
    }

    pub(super) fn after(&self) -> i64 {
        self.append.after.0.cast_signed()
    }
}

// === impl Asked ===

impl<T> Asked<T> {
    fn new() -> (Self, oneshot::Receiver<Result<T>>) {
        let (reply, answer) = oneshot::channel();
        (Self { reply: Some(reply), at: Instant::now(), tries: 0, alone: false }, answer)
    }

    pub(super) fn answer(mut self, answer: Result<T>) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(answer);
        }
    }

    fn is_forgotten(&self) -> bool {
        self.reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn again(&mut self, alone: bool) -> bool {
        self.tries += 1;
        self.alone |= alone;
        self.tries < TRIES
    }
}
