//! Rows of the log that the index does not know yet, as the writer keeps them, and the filling of the index.
//!
//! An index kept row by row costs twice what the row itself does. Rows wait here and are taken over by generations, by
//! conversation and stretch, in slices small enough to share a commit with appends. Nothing is lost when the process
//! dies: at the next start the rows after `hub.indexed` are read from the log again.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
};

use rusqlite::{Connection, params};

use super::{heads::half, stretch::Stretch, tail::Place};
use crate::{
    ids::{MessageKey, Quick},
    store::Result,
};

/// A row of the log without its body.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) conversation: i64,
    pub(super) place: Place,
    pub(super) key: Option<UsedKey>,
}

/// A client's key in its scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UsedKey {
    pub(super) scope: Cow<'static, str>,
    pub(super) key: MessageKey,
    /// See [`Heads::hash`](super::heads::Heads::hash).
    pub(super) hash: u64,
}

/// Rows waiting for the index, oldest first.
#[derive(Debug, Default)]
pub(super) struct Behind {
    rows: VecDeque<Row>,
    /// Row of the first key with this hash in this conversation.
    keys: HashMap<(i64, u64), i64, Quick>,
    generation: Option<Generation>,
}

/// What the index takes over at once.
#[derive(Debug)]
struct Generation {
    /// Its last row.
    upto: i64,
    /// The rows by conversation and place: the conversation, and which row it is.
    order: Vec<(i64, u32)>,
    /// How many of them the index has.
    done: usize,
    /// How many of them it had at the last commit.
    kept: usize,
}

/// A generation the index has taken over whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Retired {
    /// Its last row.
    pub(super) upto: i64,
    /// The conversations in it.
    pub(super) conversations: Vec<i64>,
}

// === impl Behind ===

impl Behind {
    /// Adds the newest row.
    pub(super) fn push(&mut self, row: Row) {
        if let Some(used) = &row.key {
            self.keys.entry((row.conversation, used.hash)).or_insert(row.place.pos);
        }
        self.rows.push_back(row);
    }

    /// How many rows wait.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows from the `from`th on.
    pub(super) fn since(&self, from: usize) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.range(from.min(self.rows.len())..)
    }

    /// Takes back the rows from the `len`th on: their transaction failed.
    pub(super) fn truncate(&mut self, len: usize) {
        while self.rows.len() > len {
            let Some(row) = self.rows.pop_back() else { return };
            self.forget_key(&row);
        }
    }

    /// The row on which this key was used, if it waits here.
    pub(super) fn used(&self, conversation: i64, key: &UsedKey) -> Option<i64> {
        let is_it = |row: &Row| row.conversation == conversation && row.key.as_ref() == Some(key);
        let first = *self.keys.get(&(conversation, key.hash))?;
        if self.row(first).is_some_and(is_it) {
            return Some(first);
        }
        // Two keys with one hash: only the first is in the map.
        self.rows.iter().find(|row| is_it(row)).map(|row| row.place.pos)
    }

    /// Lets the index take over all that waits, if it is not busy with a generation already.
    pub(super) fn freeze(&mut self) {
        if self.generation.is_some() || self.rows.is_empty() {
            return;
        }
        // One conversation's rows come in the order of their places.
        let mut order: Vec<(i64, u32)> = self.rows.iter().map(|row| row.conversation).zip(0..).collect();
        order.sort_unstable();
        let upto = self.rows.back().map_or(0, |row| row.place.pos);
        self.generation = Some(Generation { upto, order, done: 0, kept: 0 });
    }

    /// Whether the index is in the middle of a generation.
    pub(super) fn is_filling(&self) -> bool {
        self.generation.is_some()
    }

    /// Indexes the next rows of the generation, stretch by stretch, about `limit` of them. True when there was something
    /// to do.
    pub(super) fn fill(&mut self, conn: &Connection, limit: usize) -> Result<bool> {
        let Some(generation) = &mut self.generation else { return Ok(false) };
        let was = generation.done;
        // A generation that was cut short by the process's end is taken over again, with another end: what it left of
        // this conversation from here on is of rows that wait here, or will.
        let mut delete = conn.prepare_cached("DELETE FROM stretch WHERE conversation = ?1 AND first >= ?2")?;
        let mut insert = conn.prepare_cached("INSERT INTO stretch VALUES (?1, ?2, ?3, ?4)")?;
        let mut stretch = Stretch::default();
        while generation.done - was < limit
            && let Some((conversation, _)) = generation.order.get(generation.done)
        {
            stretch.clear();
            for (of, at) in &generation.order[generation.done..] {
                let row = &self.rows[*at as usize];
                let key = row.key.as_ref().map_or(0, |used| half(used.hash));
                if of != conversation || !stretch.push(row.place, key) {
                    break;
                }
                generation.done += 1;
            }
            delete.execute(params![conversation, stretch.first])?;
            insert.execute(params![conversation, stretch.first, stretch.places, stretch.keys])?;
        }
        if generation.done == generation.order.len() && was < generation.done {
            conn.prepare_cached("UPDATE hub SET indexed = ?1")?.execute([generation.upto])?;
        }
        Ok(was < generation.done)
    }

    /// The transaction was committed: what of this is no longer needed here.
    pub(super) fn committed(&mut self) -> Option<Retired> {
        let generation = self.generation.as_mut()?;
        generation.kept = generation.done;
        if generation.done < generation.order.len() {
            return None;
        }
        let upto = generation.upto;
        let mut conversations: Vec<i64> = generation.order.iter().map(|(conversation, _)| *conversation).collect();
        conversations.dedup();
        self.generation = None;
        while self.rows.front().is_some_and(|row| row.place.pos <= upto) {
            let Some(row) = self.rows.pop_front() else { break };
            self.forget_key(&row);
        }
        Some(Retired { upto, conversations })
    }

    /// The transaction failed: what it indexed is to be indexed again.
    pub(super) fn failed(&mut self) {
        if let Some(generation) = &mut self.generation {
            generation.done = generation.kept;
        }
    }

    fn row(&self, pos: i64) -> Option<&Row> {
        let at = self.rows.binary_search_by_key(&pos, |row| row.place.pos).ok()?;
        self.rows.get(at)
    }

    fn forget_key(&mut self, row: &Row) {
        if let Some(used) = &row.key
            && self.keys.get(&(row.conversation, used.hash)) == Some(&row.place.pos)
        {
            self.keys.remove(&(row.conversation, used.hash));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(conversation: i64, seq: i64, pos: i64, key: Option<&str>) -> Row {
        // One hash for all: what must never happen.
        let key = key.map(|key| UsedKey { scope: "v".into(), key: key.into(), hash: 7 });
        Row { conversation, place: Place { seq, pos, hidden: false }, key }
    }

    fn index() -> Connection {
        let conn = Connection::open_in_memory().expect("a database");
        for step in [include_str!("migrations/0001_first.sql"), include_str!("migrations/0006_stretch.sql")] {
            conn.execute_batch(step).expect("its tables");
        }
        conn.execute("INSERT INTO hub (one, epoch) VALUES (1, 'e')", []).expect("the hub");
        conn
    }

    #[test]
    fn d1_a_generation_that_is_taken_over_again_with_another_end_leaves_nothing_of_the_first_time() {
        let conn = index();
        for rows in [300, 250, 378] {
            let mut behind = Behind::default();
            (1..=rows).for_each(|pos| behind.push(row(1, pos, pos, None)));
            behind.freeze();
            while behind.fill(&conn, 64).expect("filled") {}
            let sql = "SELECT sum(length(keys)) / 4, max(first + length(keys) / 4 - 1) FROM stretch";
            let ends: (i64, i64) = conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("counted");
            assert_eq!(ends, (rows, rows));
        }
    }

    #[test]
    fn d2_keys_are_told_apart_even_if_their_hashes_are_not() {
        let mut behind = Behind::default();
        for (pos, key) in (1..).zip(["a", "b", "c"]) {
            behind.push(row(1, pos, pos, Some(key)));
        }
        let key = |scope: &'static str, key: &str| UsedKey { scope: scope.into(), key: key.into(), hash: 7 };
        let used = |behind: &Behind, word: &str| behind.used(1, &key("v", word));
        assert_eq!((used(&behind, "a"), used(&behind, "c"), used(&behind, "d")), (Some(1), Some(3), None));
        assert_eq!(behind.used(2, &key("v", "a")), None);
        assert_eq!(behind.used(1, &key("i", "a")), None);
        behind.truncate(2);
        assert_eq!((used(&behind, "a"), used(&behind, "c")), (Some(1), None));
    }

    #[test]
    fn d1_what_a_failed_transaction_indexed_is_indexed_again() {
        let (mut behind, conn) = (Behind::default(), index());
        for pos in 1..=10 {
            behind.push(row(pos % 2, (pos + 1) / 2, pos, Some(&format!("k{pos}"))));
        }
        behind.freeze();
        behind.push(row(1, 6, 11, None));
        assert!(behind.fill(&conn, 4).expect("filled"));
        assert_eq!(behind.committed(), None, "it is not whole yet");
        conn.execute_batch("BEGIN").expect("begun");
        assert!(behind.fill(&conn, 100).expect("filled"));
        conn.execute_batch("ROLLBACK").expect("lost");
        behind.failed();
        assert!(behind.fill(&conn, 100).expect("filled"));
        assert!(!behind.fill(&conn, 100).expect("nothing left"));
        assert_eq!(behind.committed(), Some(Retired { upto: 10, conversations: vec![0, 1] }));
        let stretches: (i64, i64) = conn
            .query_row("SELECT count(*), sum(length(keys)) / 4 FROM stretch", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("counted");
        assert_eq!((stretches, behind.len()), ((2, 10), 1));
        let indexed: i64 = conn.query_row("SELECT indexed FROM hub", [], |row| row.get(0)).expect("read");
        assert_eq!(indexed, 10);
    }
}
