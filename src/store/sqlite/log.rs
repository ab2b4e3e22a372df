//! Reading a log: first the places, from the index and the tail together, then the events that stand there.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};

use super::{readers::View, tail::Place};
use crate::{
    ids::Seq,
    store::{Result, fault::damaged},
    wire::entry::Entry,
};

// === impl View ===

impl View<'_> {
    /// A conversation's row.
    pub(super) fn id(&self, name: &str) -> Result<Option<i64>> {
        let mut select = self.conn.prepare_cached("SELECT id FROM conversation WHERE name = ?1")?;
        Ok(select.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Events behind `after`, oldest first.
    pub(super) fn events_after(&self, id: i64, after: Seq, limit: usize, bytes: usize) -> Result<Vec<Arc<Entry>>> {
        let after = after.0.cast_signed();
        let waiting = self.tail.places(id, self.upto, |place| place.seq > after);
        // A follower who is up to date needs no index: all it lacks is in the tail.
        let mut places = match waiting.first() {
            Some(first) if first.seq == after + 1 => Vec::new(),
            _ => self.indexed(
                "SELECT seq, hidden, pos FROM place WHERE conversation = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
                params![id, after, sql(limit)],
            )?,
        };
        let known = places.last().map_or(after, |place| place.seq);
        places.extend(waiting.into_iter().filter(|place| place.seq > known));
        places.truncate(limit);
        if (after + 1..).zip(&places).any(|(seq, place)| seq != place.seq) {
            return Err(damaged("the log after event", after));
        }
        self.entries(places.into_iter(), bytes)
    }

    /// The newest events before `before`, oldest first.
    pub(super) fn events_before(
        &self,
        id: i64,
        before: Option<Seq>,
        limit: usize,
        bytes: usize,
        for_visitor: bool,
    ) -> Result<Vec<Arc<Entry>>> {
        let before = before.map_or(i64::MAX, |seq| i64::try_from(seq.0).unwrap_or(i64::MAX));
        let mut places = self.tail.places(id, self.upto, |place| place.seq < before && !(for_visitor && place.hidden));
        let in_tail = places.len();
        if in_tail < limit {
            let sql_text = match for_visitor {
                false => {
                    "SELECT seq, hidden, pos FROM place WHERE conversation = ?1 AND seq < ?2
                     ORDER BY seq DESC LIMIT ?3"
                }
                true => {
                    "SELECT seq, hidden, pos FROM place WHERE conversation = ?1 AND seq < ?2 AND hidden = 0
                     ORDER BY seq DESC LIMIT ?3"
                }
            };
            places.extend(self.indexed(sql_text, params![id, before, sql(limit)])?);
        }
        // What the index is just taking over stands in both.
        places.sort_unstable_by_key(|place| std::cmp::Reverse(place.seq));
        places.dedup_by_key(|place| place.seq);
        places.truncate(limit);
        let mut entries = self.entries(places.into_iter(), bytes)?;
        entries.reverse();
        Ok(entries)
    }

    /// The event on a row of the log.
    pub(super) fn entry(&self, pos: i64) -> Result<Arc<Entry>> {
        let mut select = self.conn.prepare_cached("SELECT body FROM log WHERE pos = ?1")?;
        let body = select.query_row([pos], |row| row.get(0)).optional()?;
        Entry::stored(body.ok_or_else(|| damaged("event", pos))?).map_err(|_| damaged("event", pos))
    }

    /// The events at these places, in their order, while they fit into `bytes`; at least one.
    fn entries(&self, places: impl Iterator<Item = Place>, bytes: usize) -> Result<Vec<Arc<Entry>>> {
        let (mut entries, mut size) = (Vec::new(), 0);
        for place in places {
            let entry = self.entry(place.pos)?;
            if entry.event().seq.0.cast_signed() != place.seq {
                return Err(damaged("event", place.pos));
            }
            size += entry.json().len();
            if size > bytes && !entries.is_empty() {
                break;
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn indexed(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<Place>> {
        let mut select = self.conn.prepare_cached(sql)?;
        let rows =
            select.query_map(params, |row| Ok(Place { seq: row.get(0)?, hidden: row.get(1)?, pos: row.get(2)? }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// A limit as SQL takes it.
fn sql(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
