//! Reading a log: first the places, from the index and the tail together, then the events that stand there.

use std::sync::Arc;

use rusqlite::OptionalExtension;

use super::{readers::View, stretch::Places, tail::Place};
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
            _ => self.indexed_after(id, after, limit)?,
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
            places.extend(self.indexed_before(id, before, limit, for_visitor)?);
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

    /// Places that the index knows behind `after`, in their order.
    fn indexed_after(&self, id: i64, after: i64, limit: usize) -> Result<Vec<Place>> {
        let mut select = self.conn.prepare_cached(
            "SELECT first, places FROM stretch WHERE conversation = ?1 AND first >= coalesce(
                 (SELECT max(first) FROM stretch WHERE conversation = ?1 AND first <= ?2), 0) ORDER BY first",
        )?;
        let (mut rows, mut places) = (select.query([id, after.saturating_add(1)])?, Vec::new());
        while places.len() < limit
            && let Some(row) = rows.next()?
        {
            places.extend(Places::of(row)?.filter(|place| place.seq > after));
        }
        places.truncate(limit);
        Ok(places)
    }

    /// Places that the index knows before `before`, the newest first.
    fn indexed_before(&self, id: i64, before: i64, limit: usize, for_visitor: bool) -> Result<Vec<Place>> {
        let mut select = self.conn.prepare_cached(
            "SELECT first, places FROM stretch WHERE conversation = ?1 AND first < ?2 ORDER BY first DESC",
        )?;
        let (mut rows, mut places) = (select.query([id, before])?, Vec::new());
        while places.len() < limit
            && let Some(row) = rows.next()?
        {
            let shown = |place: &Place| place.seq < before && !(for_visitor && place.hidden);
            let known = places.len();
            places.extend(Places::of(row)?.filter(shown));
            places[known..].reverse();
        }
        places.truncate(limit);
        Ok(places)
    }
}
