//! Opening and continuing a log. Everything is checked before anything is written, so a refusal leaves no trace.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};

use super::{
    counter, delivery,
    desk::Desk,
    erasure,
    heads::{Head, Keys, Standing},
    item, row,
};
use crate::{
    chat::{
        command::KeyScope,
        conversation::Conversation,
        event::{VisitorRef, What},
    },
    ids::{ConversationId, MessageKey, Seq, VisitorId, WorkspaceId},
    store::{
        Append, Appended, Begun, FolderCount, Result, Topic,
        append::{check_order, check_row, is_text},
        erasure::erases,
        row::folder,
    },
    wire::entry::Entry,
};

// === impl Desk ===

impl Desk {
    /// See [`Store::begin`](crate::store::Store::begin).
    pub(super) fn begin(&mut self, row: &Conversation, entries: &[Arc<Entry>]) -> Result<Begun> {
        check_order(Seq(0), entries)?;
        check_row(&row.id, row, entries)?;
        if let Some(open) = self.open_of(&row.workspace, &row.visitor.id)? {
            return Ok(Begun::Open(open.into()));
        }
        let id = row::insert(&self.conn, row)?;
        self.heads.put(row.id.clone(), Head { id, seq: Seq(0), keys: Keys::All(Vec::new()) });
        self.write(&row.id, id, entries, None);
        self.follow(&row.workspace, id, entries)?;
        let counts = counter::moved(&self.conn, &row.workspace, None, folder(row))?;
        Ok(Begun::Done { counts })
    }

    /// See [`Store::append`](crate::store::Store::append).
    pub(super) fn append(&mut self, append: &Append) -> Result<Appended> {
        let Append { conversation, after, entries, key, row } = append;
        let key = key.as_ref().map(|(scope, key)| self.key(scope, key));
        let Some(Standing { id, seq: head, may_repeat }) = self.standing(conversation, key.as_ref())? else {
            return Ok(Appended::Unknown);
        };
        if let Some(key) = key.as_ref().filter(|_| may_repeat)
            && let Some(pos) = self.used(id, key)?
        {
            return Ok(Appended::Repeated { event: self.entry(pos)? });
        }
        if head != *after {
            return Ok(Appended::Stale { head });
        }
        check_order(*after, entries)?;
        if let Some(row) = row {
            check_row(conversation, row, entries)?;
        }
        let erases = erases(append)?;
        self.write(conversation, id, entries, key);
        if !entries.iter().all(|entry| is_text(entry)) {
            let workspace = self.workspace(id)?;
            self.follow(&workspace, id, entries)?;
        }
        let counts = match row {
            None => Vec::new(),
            Some(row) => self.keep_row(id, row)?,
        };
        if erases {
            self.put_rows()?;
            erasure::erase(&self.conn, id, *after)?;
        }
        Ok(Appended::Done { counts })
    }

    /// See [`Store::keyed`](crate::store::Store::keyed).
    pub(super) fn keyed(
        &mut self,
        conversation: &ConversationId,
        scope: &KeyScope,
        key: &MessageKey,
    ) -> Result<Option<Arc<Entry>>> {
        let key = self.key(scope, key);
        let standing = self.standing(conversation, Some(&key))?;
        let Some(Standing { id, .. }) = standing.filter(|standing| standing.may_repeat) else { return Ok(None) };
        self.used(id, &key)?.map(|pos| self.entry(pos)).transpose()
    }

    /// See [`Store::adopt`](crate::store::Store::adopt).
    pub(super) fn adopt(
        &mut self,
        workspace: &WorkspaceId,
        from: &VisitorId,
        to: &VisitorId,
        name: Option<&str>,
    ) -> Result<Option<ConversationId>> {
        let to = VisitorRef { id: to.clone(), name: name.map(Into::into), verified: true };
        let Some((id, conversation)) = row::adopt(&self.conn, workspace, from.as_str(), &to)? else { return Ok(None) };
        if let Some(name) = name {
            self.conn
                .prepare_cached("INSERT INTO renamed (conversation, name) VALUES (?1, ?2)")?
                .execute(params![id, name])?;
        }
        Ok(Some(conversation.into()))
    }

    fn keep_row(&self, id: i64, row: &Conversation) -> Result<Vec<FolderCount>> {
        let was = row::stored_folder(&self.conn, id)?;
        row::update(&self.conn, id, row)?;
        counter::moved(&self.conn, &row.workspace, was, folder(row))
    }

    /// Writes what hangs on events: items, and what the outside is told.
    fn follow(&self, workspace: &WorkspaceId, id: i64, entries: &[Arc<Entry>]) -> Result<()> {
        for event in entries.iter().map(|entry| entry.event()) {
            let known = match &event.what {
                What::Item(item) => !item::keep(&self.conn, workspace, id, event.at, item)?,
                _ => false,
            };
            if let Some(topic) = Topic::of(&event.what).filter(|_| !known) {
                delivery::put(&self.conn, workspace, id, event, topic)?;
            }
        }
        Ok(())
    }

    fn open_of(&self, workspace: &WorkspaceId, visitor: &VisitorId) -> Result<Option<String>> {
        let mut select = self.conn.prepare_cached(
            "SELECT name FROM conversation WHERE workspace = ?1 AND visitor = ?2 AND closed_at IS NULL",
        )?;
        Ok(select.query_row(params![workspace.as_str(), visitor.as_str()], |row| row.get(0)).optional()?)
    }

    fn workspace(&self, id: i64) -> Result<WorkspaceId> {
        let mut select = self.conn.prepare_cached("SELECT workspace FROM conversation WHERE id = ?1")?;
        Ok(select.query_row([id], |row| row.get::<_, String>(0))?.into())
    }
}
