//! What the writer works with inside a transaction: the connection and the memory that saves it queries.

use std::{sync::Arc, time::Instant};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    behind::{Behind, Row, UsedKey},
    heads::{Head, Heads, Keys, Standing, half},
    stretch::{self, Places},
    tail::{Place, Tail},
    unwritten::Unwritten,
};
use crate::{
    chat::command::KeyScope,
    ids::{ConversationId, MessageKey, Millis, Seq},
    store::{Result, append::scope_name, fault::damaged},
    wire::entry::Entry,
};

/// The writer's desk.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) conn: Connection,
    pub(super) heads: Heads,
    pub(super) behind: Behind,
    pub(super) tail: Arc<Tail>,
    /// What of the newest rows the file does not have; nothing between transactions.
    unwritten: Unwritten,
    /// The log's last row, this transaction's included.
    last_pos: i64,
    /// Conversations whose remembered head this transaction moved.
    touched: Vec<ConversationId>,
    /// Where this transaction began.
    begun: Mark,
}

/// A point to go back to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    last_pos: i64,
    rows: usize,
    touched: usize,
}

// === impl Desk ===

impl Desk {
    /// A desk upon a migrated file. Reads again what the index did not know when the last process ended; of more than
    /// `keep` rows, as after a step that made the index anew, the index takes over all but the newest at once.
    pub(super) fn new(conn: Connection, tail: Arc<Tail>, keep: usize) -> Result<Self> {
        let last_pos = conn.query_row("SELECT coalesce(max(pos), 0) FROM log", [], |row| row.get(0))?;
        let heads = Heads::new(&conn.query_row("SELECT seed FROM hub", [], |row| row.get(0))?);
        let (behind, unwritten, touched) = (Behind::default(), Unwritten::default(), Vec::new());
        let mut desk = Self { conn, heads, behind, tail, unwritten, last_pos, touched, begun: Mark::default() };
        let (keep, began) = (keep.max(1), Instant::now());
        let mut indexed = 0;
        while desk.read_unindexed(keep)? == keep {
            indexed += keep;
            desk.index_all()?;
        }
        if indexed > keep {
            tracing::info!(events = indexed, took = ?began.elapsed(), "the log was indexed");
        }
        desk.begun = desk.mark();
        Ok(desk)
    }

    /// Begins a transaction.
    pub(super) fn begin_transaction(&mut self) -> Result<()> {
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.touched.clear();
        self.begun = self.mark();
        Ok(())
    }

    /// Makes the transaction durable. What it added readers are given before: nobody looks further than their own
    /// transaction reaches, and whoever's reaches so far finds it.
    pub(super) fn commit(&mut self) -> Result<()> {
        self.put_rows()?;
        let added = || self.behind.since(self.begun.rows).map(|row| (row.conversation, row.place));
        self.tail.add(added());
        if let Err(fault) = self.conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])) {
            self.tail.take_back(added());
            return Err(fault.into());
        }
        if let Some(retired) = self.behind.committed() {
            self.tail.retire(retired.upto, retired.conversations);
        }
        self.begun = self.mark();
        Ok(())
    }

    /// Gives the transaction up; memory is as before it.
    pub(super) fn roll_back(&mut self) {
        if !self.conn.is_autocommit() {
            // When even this fails the next BEGIN will, and its batch is refused like this one.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        self.undo(self.begun);
        self.behind.failed();
    }

    /// The log's last row.
    pub(super) fn last_pos(&self) -> i64 {
        self.last_pos
    }

    /// This point within the transaction.
    pub(super) fn mark(&self) -> Mark {
        Mark { last_pos: self.last_pos, rows: self.behind.len(), touched: self.touched.len() }
    }

    /// Memory goes back to `mark`; the file is the caller's to take back.
    pub(super) fn undo(&mut self, mark: Mark) {
        for name in self.touched.drain(mark.touched.min(self.touched.len())..) {
            self.heads.forget(&name);
        }
        self.unwritten.take_back(self.behind.len().saturating_sub(mark.rows));
        self.behind.truncate(mark.rows);
        self.last_pos = mark.last_pos;
    }

    /// Puts all rows into the file: before anything there is read or taken back that they are a part of.
    pub(super) fn put_rows(&mut self) -> Result<()> {
        self.unwritten.write(&self.conn, &self.behind)
    }

    /// Where the conversation stands as of this transaction, for somebody who comes with this key.
    pub(super) fn standing(&mut self, name: &ConversationId, key: Option<&UsedKey>) -> Result<Option<Standing>> {
        if let Some(head) = self.heads.get(name) {
            return Ok(Some(head.standing(key)));
        }
        let Some((id, snap)) = self
            .conn
            .prepare_cached("SELECT id, snap_seq FROM conversation WHERE name = ?1")?
            .query_row([name.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .optional()?
        else {
            return Ok(None);
        };
        let indexed: Option<i64> = self
            .conn
            .prepare_cached(
                "SELECT first + length(keys) / 4 - 1 FROM stretch WHERE conversation = ?1 ORDER BY first DESC LIMIT 1",
            )?
            .query_row([id], |row| row.get(0))
            .optional()?;
        let waiting = self.tail.last(id).map(|place| place.seq);
        let new = self.behind.since(self.begun.rows).rfind(|row| row.conversation == id).map(|row| row.place.seq);
        let seq = Seq([indexed, waiting, new].into_iter().flatten().fold(snap, i64::max).cast_unsigned());
        let head = Head { id, seq, keys: self.keys(id)? };
        let standing = head.standing(key);
        self.heads.put(name.clone(), head);
        Ok(Some(standing))
    }

    /// The keys a conversation used. Read once, while few were: most conversations are short, and each of their texts
    /// would have to be looked for.
    fn keys(&self, id: i64) -> Result<Keys> {
        let mut keys = Keys::All(Vec::new());
        let mut select = self.conn.prepare_cached("SELECT keys FROM stretch WHERE conversation = ?1")?;
        let mut rows = select.query([id])?;
        while !keys.is_many()
            && let Some(row) = rows.next()?
        {
            stretch::keys(row, 0)?.filter(|key| *key != 0).for_each(|key| keys.add(key));
        }
        for row in self.behind.since(0).filter(|row| row.conversation == id) {
            row.key.iter().for_each(|used| keys.add(half(used.hash)));
        }
        Ok(keys)
    }

    /// A key as it is kept.
    pub(super) fn key(&self, scope: &KeyScope, key: &MessageKey) -> UsedKey {
        let scope = scope_name(scope);
        UsedKey { hash: self.heads.hash(&scope, key.as_str()), scope, key: key.clone() }
    }

    /// The row of the log on which this key was used in a conversation.
    pub(super) fn used(&self, id: i64, key: &UsedKey) -> Result<Option<i64>> {
        match self.behind.used(id, key) {
            None => self.indexed(id, key),
            waiting => Ok(waiting),
        }
    }

    /// The row on which the index has this key.
    fn indexed(&self, id: i64, key: &UsedKey) -> Result<Option<i64>> {
        let mut select = self.conn.prepare_cached("SELECT first, places, keys FROM stretch WHERE conversation = ?1")?;
        // What the index has the file has.
        let mut is_it = self.conn.prepare_cached("SELECT 1 FROM log WHERE pos = ?1 AND scope = ?2 AND key = ?3")?;
        let (mut rows, half) = (select.query([id])?, half(key.hash));
        while let Some(row) = rows.next()? {
            let keys = stretch::keys(row, 2)?;
            // Most hold no such key, and their places need not be looked at.
            if keys.clone().all(|used| used != half) {
                continue;
            }
            for (place, _) in Places::of(row)?.zip(keys).filter(|(_, used)| *used == half) {
                if is_it.exists(params![place.pos, key.scope, key.key.as_str()])? {
                    return Ok(Some(place.pos));
                }
            }
        }
        Ok(None)
    }

    /// The event on this row of the log.
    pub(super) fn entry(&self, pos: i64) -> Result<Arc<Entry>> {
        if let Some(entry) = self.unwritten.before_newest(self.last_pos - pos) {
            return Ok(entry.clone());
        }
        let body: String = self
            .conn
            .prepare_cached("SELECT body FROM log WHERE pos = ?1")?
            .query_row([pos], |row| row.get(0))
            .optional()?
            .ok_or_else(|| damaged("event", pos))?;
        Entry::stored(body).map_err(|_| damaged("event", pos))
    }

    /// Adds events to the log, the key to the first of them, and moves the head. See [`put_rows`](Self::put_rows).
    pub(super) fn write(&mut self, name: &ConversationId, id: i64, entries: &[Arc<Entry>], mut key: Option<UsedKey>) {
        self.touched.push(name.clone());
        if let Some(head) = self.heads.get(name) {
            head.seq = Seq(head.seq.0 + entries.len() as u64);
            if let Some(used) = &key {
                head.keys.add(half(used.hash));
            }
        }
        for entry in entries {
            let event = entry.event();
            self.last_pos += 1;
            let place = Place { seq: event.seq.0.cast_signed(), pos: self.last_pos, hidden: !event.what.for_visitor() };
            self.behind.push(Row { conversation: id, place, key: key.take() });
            self.unwritten.push(entry.clone());
        }
    }

    /// Only writing shows whether writing works: a long row that is taken back at once, and a short one that stays.
    pub(super) fn probe(&mut self, now: Millis) -> Result<()> {
        let row = params![self.last_pos + 1, "x".repeat(32 * 1024)];
        self.conn.prepare_cached("SAVEPOINT probe")?.execute([])?;
        self.conn.prepare_cached("INSERT INTO log VALUES (?1, 0, 0, 1, NULL, NULL, ?2)")?.execute(row)?;
        self.conn.execute_batch("ROLLBACK TO probe; RELEASE probe")?;
        self.conn.prepare_cached("UPDATE hub SET probed = ?1")?.execute([now.0])?;
        Ok(())
    }

    /// Reads the oldest rows that the index does not know, at most so many, and answers how many there were.
    fn read_unindexed(&mut self, most: usize) -> Result<usize> {
        let mut select = self.conn.prepare_cached(
            "SELECT pos, conversation, seq, hidden, scope, key FROM log
             WHERE pos > (SELECT indexed FROM hub) ORDER BY pos LIMIT ?1",
        )?;
        let mut rows = select.query([most as i64])?;
        while let Some(row) = rows.next()? {
            let place = Place { pos: row.get(0)?, seq: row.get(2)?, hidden: row.get(3)? };
            let conversation = row.get(1)?;
            let key = match (row.get::<_, Option<String>>(4)?, row.get::<_, Option<String>>(5)?) {
                (Some(scope), Some(key)) => {
                    let key = MessageKey::from(key);
                    Some(UsedKey { hash: self.heads.hash(&scope, key.as_str()), scope: scope.into(), key })
                }
                _ => None,
            };
            self.tail.add(std::iter::once((conversation, place)));
            self.behind.push(Row { conversation, place, key });
        }
        Ok(self.behind.len())
    }

    /// The index takes over all that waits, in a transaction of its own.
    fn index_all(&mut self) -> Result<()> {
        self.behind.freeze();
        self.begin_transaction()?;
        while self.behind.fill(&self.conn, usize::MAX)? {}
        self.commit()?;
        // Nobody else moves the write-ahead log while the store opens.
        self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::store::sqlite::counted::{begin, desk};

    #[test]
    fn d5_whoever_sees_a_commit_in_the_file_finds_it_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let (mut desk, _lock) = desk(folder.path(), 100);
        let (tail, seen) = (desk.tail.clone(), Arc::new(Mutex::new(None)));
        let note = seen.clone();
        // Called at the last moment at which nobody sees it in the file yet; the second one fails there.
        let look = move || note.lock().unwrap().replace((1..=2).map(|id| tail.last(id).is_some()).collect::<Vec<_>>());
        desk.conn.commit_hook(Some(move || look().is_some())).unwrap();
        desk.begin_transaction().unwrap();
        begin(&mut desk, 1);
        desk.commit().unwrap();
        assert_eq!(*seen.lock().unwrap(), Some(vec![true, false]));
        desk.begin_transaction().unwrap();
        begin(&mut desk, 2);
        desk.commit().unwrap_err();
        assert_eq!(*seen.lock().unwrap(), Some(vec![true, true]));
        desk.roll_back();
        assert_eq!(desk.tail.last(2), None, "what was not committed is not there");
        desk.conn.commit_hook(None::<fn() -> bool>).unwrap();
        desk.begin_transaction().unwrap();
        begin(&mut desk, 2);
        desk.commit().unwrap();
        assert!(desk.tail.last(2).is_some());
    }
}
