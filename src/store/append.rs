//! Writing to a log.

use std::{borrow::Cow, sync::Arc};

use super::{Result, fault::refused, folder::Folder};
use crate::{
    chat::{
        command::KeyScope,
        conversation::Conversation,
        event::{Author, What},
    },
    ids::{ConversationId, MessageKey, Seq, WorkspaceId},
    wire::entry::Entry,
};

/// Events for one conversation, decided upon the log as it was at `after`.
#[derive(Clone, Debug)]
pub struct Append {
    /// Whose log.
    pub conversation: ConversationId,
    /// The head the decision was made on; the first entry's `seq` is the next.
    pub after: Seq,
    /// At least one, without holes.
    pub entries: Vec<Arc<Entry>>,
    /// The client's key, unique in its scope for ever.
    pub key: Option<(KeyScope, MessageKey)>,
    /// The fold after these events. Required when they change anything but `seq`, `last_at`, `preview`,
    /// `visitor_texts` and when an agent first wrote (state, assignee, deadline, details, items, the asking card);
    /// welcome now and then otherwise, because it shortens the next cold load.
    pub row: Option<Box<Conversation>>,
}

/// What became of an [`Append`].
#[derive(Clone, Debug)]
pub enum Appended {
    /// It is durable.
    Done {
        /// The folders it changed, with their new sizes.
        counts: Vec<FolderCount>,
    },
    /// Somebody else was first and nothing was written: read on from where you were and decide again.
    Stale {
        /// The head now.
        head: Seq,
    },
    /// The key was used before and nothing was written. Checked before `after`, so a repeat is never stale.
    Repeated {
        /// The first event that key made.
        event: Arc<Entry>,
    },
    /// There is no such conversation.
    Unknown,
}

/// What became of opening a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is durable.
    Done {
        /// The folders it changed, with their new sizes.
        counts: Vec<FolderCount>,
    },
    /// The visitor has an open one in this workspace already; nothing was written.
    Open(ConversationId),
}

/// The size of a folder right after a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderCount {
    /// Whose company.
    pub workspace: WorkspaceId,
    /// Which folder.
    pub folder: Folder,
    /// How many conversations stand in it.
    pub count: u64,
    /// Rises with every change of this folder's size: an older one is to be ignored.
    pub version: u64,
}

/// What a scope of keys is called in a store.
pub(super) fn scope_name(scope: &KeyScope) -> Cow<'static, str> {
    match scope {
        KeyScope::Items => "i".into(),
        KeyScope::Author(Author::Visitor) => "v".into(),
        scope => Cow::Owned(scope.name()),
    }
}

/// Whether nothing but the log changes with it.
pub(super) fn is_text(entry: &Entry) -> bool {
    matches!(entry.event().what, What::Message { .. } | What::Note { .. })
}

/// A log has no holes.
pub(super) fn check_order(after: Seq, entries: &[Arc<Entry>]) -> Result<()> {
    let in_order = (after.0 + 1..).zip(entries).all(|(seq, entry)| entry.event().seq == Seq(seq));
    match in_order {
        true => Ok(()),
        false => Err(refused("the events do not follow the head one by one")),
    }
}

/// A fold is of this conversation and of its last event.
pub(super) fn check_row(conversation: &ConversationId, row: &Conversation, entries: &[Arc<Entry>]) -> Result<()> {
    let last = entries.last().map(|entry| entry.event().seq);
    match row.id == *conversation && Some(row.seq) == last {
        true => Ok(()),
        false => Err(refused("the fold is not of these events")),
    }
}
