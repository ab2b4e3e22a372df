//! What may be set of a store's inner works.

use std::time::Duration;

use super::Sqlite;
use crate::store::Result;

/// How a store works inside; the defaults are meant to be right.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Threads that read.
    pub readers: usize,
    /// How many rows of the log may wait for the index.
    pub index_at: usize,
    /// After how long without work the index is filled.
    pub index_idle: Duration,
    /// How often the write-ahead log is moved into the file while there is work.
    pub checkpoint_every: Duration,
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 2,
            index_at: 16_384,
            index_idle: Duration::from_millis(200),
            checkpoint_every: Duration::from_millis(500),
        }
    }
}

// === impl Sqlite ===

impl Sqlite {
    /// Bounds the file to this many pages of 4 KiB, as a full disk would; None lifts the bound.
    ///
    /// # Errors
    /// When the writer does not answer.
    pub async fn limit_pages(&self, pages: Option<u32>) -> Result<()> {
        self.writer
            .write(false, move |desk| {
                let pages = pages.unwrap_or(u32::MAX - 1);
                desk.conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
                Ok(())
            })
            .await
    }
}
