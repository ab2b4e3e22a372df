//! A stretch of a conversation's log as the index keeps it: where its events stand, and which keys they used.
//!
//! One row of the index holds what a conversation said within one generation. With a row for each event nearly every
//! one lies on a page of its own as soon as many conversations talk at once, and each of these pages is written twice:
//! to the write-ahead log and to the file.

use rusqlite::Row;

use super::tail::Place;
use crate::store::{Result, fault::damaged};

/// Events of one stretch at most: then it lies within a page, and a reader decodes no more than it must.
pub(super) const MOST: usize = 128;
/// Bytes of a key.
const KEY: usize = size_of::<u32>();

/// A stretch that is being put together.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    /// The number of its first event; the others follow without a hole.
    pub(super) first: i64,
    /// Of each event in LEB128: how far its row lies behind the one before it, doubled, and one more where visitors are
    /// not shown it.
    pub(super) places: Vec<u8>,
    /// Of each event four bytes, little-endian: its key's [`half`](super::heads::half), 0 where it has none.
    pub(super) keys: Vec<u8>,
    pos: i64,
}

/// The places of a stored stretch, in their order. Ends early where the bytes are damaged.
#[derive(Clone, Debug)]
pub(super) struct Places<'a> {
    bytes: &'a [u8],
    seq: i64,
    pos: i64,
}

// === impl Stretch ===

impl Stretch {
    /// Empty again.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.keys.clear();
        self.pos = 0;
    }

    /// Takes an event in, with its key or 0. False when it does not follow on the last one, or there is no more room.
    pub(super) fn push(&mut self, place: Place, key: u32) -> bool {
        let len = self.keys.len() / KEY;
        if len == 0 {
            self.first = place.seq;
        }
        if len == MOST || place.seq != self.first + len as i64 {
            return false;
        }
        let mut code = (place.pos - self.pos).cast_unsigned() << 1 | u64::from(place.hidden);
        while code >= 0x80 {
            self.places.push(code as u8 | 0x80);
            code >>= 7;
        }
        self.places.push(code as u8);
        self.keys.extend(key.to_le_bytes());
        self.pos = place.pos;
        true
    }
}

// === impl Places ===

impl<'a> Places<'a> {
    /// Of a row that begins with `first` and `places`.
    pub(super) fn of(row: &'a Row<'_>) -> Result<Self> {
        Ok(Self::from(row.get(0)?, bytes(row, 1)?))
    }

    fn from(first: i64, bytes: &'a [u8]) -> Self {
        Self { bytes, seq: first, pos: 0 }
    }
}

impl Iterator for Places<'_> {
    type Item = Place;

    fn next(&mut self) -> Option<Place> {
        let mut code = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            code |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        self.pos = self.pos.wrapping_add((code >> 1).cast_signed());
        let seq = self.seq;
        self.seq += 1;
        Some(Place { seq, pos: self.pos, hidden: code & 1 == 1 })
    }
}

/// The keys of a stretch, 0 where an event has none: the `at`th column of a row.
pub(super) fn keys<'a>(row: &'a Row<'_>, at: usize) -> Result<impl Iterator<Item = u32> + Clone + 'a> {
    bytes(row, at).map(decoded)
}

fn decoded(bytes: &[u8]) -> impl Iterator<Item = u32> + Clone {
    bytes.as_chunks::<KEY>().0.iter().map(|bytes| u32::from_le_bytes(*bytes))
}

fn bytes<'a>(row: &'a Row<'_>, at: usize) -> Result<&'a [u8]> {
    row.get_ref(at)?.as_blob().map_err(|_| damaged("the index's column", at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn d6_a_stretch_is_read_as_it_was_written(
            first in 1..i64::from(u32::MAX),
            rows in proptest::collection::vec((1..1_i64 << 40, any::<bool>(), any::<u32>()), 1..2 * MOST),
        ) {
            let (mut stretch, mut pos) = (Stretch::default(), 0);
            let mut put = Vec::new();
            for (seq, (ahead, hidden, key)) in (first..).zip(rows) {
                pos += ahead;
                let place = Place { seq, pos, hidden };
                match stretch.push(place, key) {
                    true => put.push((place, key)),
                    false => prop_assert_eq!(put.len(), MOST),
                }
            }
            let again = stretch.push(put[0].0, 0);
            prop_assert!(!again, "none twice, none out of order");
            let read: Vec<_> = Places::from(stretch.first, &stretch.places).zip(decoded(&stretch.keys)).collect();
            prop_assert_eq!(&read, &put);
            let cut = &stretch.places[..stretch.places.len() - 1];
            prop_assert!(Places::from(stretch.first, cut).count() < put.len(), "what is cut off is missed");
            stretch.clear();
            let other = Place { seq: 7, pos: 3, hidden: true };
            let taken = stretch.push(other, 0);
            prop_assert!(taken);
            let read: Vec<_> = Places::from(stretch.first, &stretch.places).collect();
            prop_assert_eq!(read, [other]);
        }
    }
}
