//! Rows of the log that stand in memory only: within a transaction those of texts wait for each other and go into the
//! file many to a statement, since to begin and to end one costs as much as the rows of it.

use std::sync::{Arc, LazyLock};

use rusqlite::{Connection, Statement};

use super::behind::{Behind, Row};
use crate::{
    store::{Result, fault::damaged},
    wire::entry::Entry,
};

/// How many rows go into one statement, the most first.
const SIZES: [usize; 3] = [16, 4, 1];
/// A row's columns but for its place, which is always the log's end: so SQLite goes there and looks for nothing.
const COLUMNS: [&str; 6] = ["conversation", "seq", "hidden", "scope", "key", "body"];
/// The statement for each of the [`SIZES`]. Should one fail in its middle the whole transaction is given up: with OR
/// ROLLBACK, SQLite need not note how a half of a statement would be taken back.
static INSERTS: LazyLock<[String; SIZES.len()]> = LazyLock::new(|| {
    let row = format!("({})", ["?"; COLUMNS.len()].join(", "));
    let values = |rows| vec![row.as_str(); rows].join(", ");
    SIZES.map(|rows| format!("INSERT OR ROLLBACK INTO log ({}) VALUES {}", COLUMNS.join(", "), values(rows)))
});

/// The events of the newest rows, oldest first: as many as the file does not have. The rest of each is in [`Behind`].
#[derive(Debug, Default)]
pub(super) struct Unwritten(Vec<Arc<Entry>>);

// === impl Unwritten ===

impl Unwritten {
    /// Adds the newest row's event.
    pub(super) fn push(&mut self, entry: Arc<Entry>) {
        self.0.push(entry);
    }

    /// The event so many rows before the newest, if the file does not have it.
    pub(super) fn before_newest(&self, rows: i64) -> Option<&Arc<Entry>> {
        self.0.iter().rev().nth(usize::try_from(rows).ok()?)
    }

    /// Takes back the newest rows.
    pub(super) fn take_back(&mut self, rows: usize) {
        self.0.truncate(self.0.len().saturating_sub(rows));
    }

    /// Writes them all. `behind` ends with their rows.
    pub(super) fn write(&mut self, conn: &Connection, behind: &Behind) -> Result<()> {
        for (size, sql) in SIZES.into_iter().zip(INSERTS.iter()) {
            if self.0.len() < size {
                continue;
            }
            let mut insert = conn.prepare_cached(sql)?;
            while self.0.len() >= size {
                let rows = behind.since(behind.len() - self.0.len());
                let (mut at, mut last) = (0, 0);
                for (row, entry) in rows.zip(&self.0[..size]) {
                    bind(&mut insert, at, row, entry)?;
                    (at, last) = (at + COLUMNS.len(), row.place.pos);
                }
                insert.raw_execute()?;
                if conn.last_insert_rowid() != last {
                    return Err(damaged("the log's end before", last));
                }
                self.0.drain(..size);
            }
        }
        Ok(())
    }
}

/// Binds a row's columns behind the first `at`.
fn bind(insert: &mut Statement<'_>, at: usize, row: &Row, entry: &Entry) -> rusqlite::Result<()> {
    let (scope, key) = row.key.as_ref().map(|used| (&*used.scope, used.key.as_str())).unzip();
    insert.raw_bind_parameter(at + 1, row.conversation)?;
    insert.raw_bind_parameter(at + 2, row.place.seq)?;
    insert.raw_bind_parameter(at + 3, row.place.hidden)?;
    insert.raw_bind_parameter(at + 4, scope)?;
    insert.raw_bind_parameter(at + 5, key)?;
    insert.raw_bind_parameter(at + 6, entry.json())
}
