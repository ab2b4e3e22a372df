//! Finding conversations by words: those that visitors and agents wrote, names, addresses and pages.
//!
//! The words stand in a file of their own, which a thread of its own fills behind the log, many at a time: the writer
//! neither waits for it nor makes it durable. What is lost of it in a crash is read from the log again.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::{Connection, params};

use super::open::{self, OpenError};
use crate::{
    ids::Epoch,
    store::{
        Result,
        words::{self, Words},
    },
};

/// The shape of the file; one of another shape is made anew.
const VERSION: i64 = 1;
/// How long words may gather before they are taken in.
const GATHER: Duration = Duration::from_secs(1);
/// How many rows of the log are taken in at once.
const BATCH: usize = 8192;
/// How many of them are read at a time: while somebody reads, the write-ahead log cannot begin anew.
const READ: usize = 128;
/// How many rows are written between two offers of the core to whoever else wants it.
const SLICE: usize = 32;
/// By how much this thread steps back behind those that somebody waits for.
const NICE: i32 = 5;
/// A row of the search is a conversation, shifted by this, and a batch, of which so many bits count.
const BATCH_BITS: u32 = 24;

/// The thread that fills the search; ends when dropped.
pub(super) struct Search {
    over: Arc<AtomicBool>,
    poke: Poke,
    thread: Option<JoinHandle<()>>,
}

/// Tells the search that there is something new.
#[derive(Clone, Debug)]
pub(super) struct Poke {
    new: Arc<AtomicBool>,
    thread: std::thread::Thread,
}

/// The thread's own side.
struct Filler {
    store: Connection,
    search: Connection,
    failing: bool,
}

/// How far the search has come.
struct UpTo {
    log: i64,
    renamed: i64,
    batch: i64,
}

/// A query without a single word in it.
#[derive(Debug)]
pub(super) struct NoWords;

// === impl Search ===

impl Search {
    /// Makes the file where it is missing, is another store's or cannot be used, and starts the thread.
    pub(super) fn start(store: &Path, epoch: &Epoch) -> std::result::Result<Self, OpenError> {
        let path = path(store);
        let last: i64 = {
            let conn = open::reading(store)?;
            conn.query_row("SELECT coalesce(max(pos), 0) FROM log", [], |row| row.get(0))?
        };
        let search = match Filler::usable(&path, epoch, last) {
            Ok(search) => search,
            // A new store has no search yet: nothing to tell anybody.
            Err(_) if !path.exists() => Filler::anew(&path, epoch)?,
            Err(why) => {
                tracing::info!(%why, "the search is made anew");
                Filler::anew(&path, epoch)?
            }
        };
        let filler = Filler { store: open::reading(store)?, search, failing: false };
        let (over, new) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(true)));
        let (stop, wanted) = (over.clone(), new.clone());
        let run = move || filler.run(&wanted, &stop);
        let thread = std::thread::Builder::new().name("store-search".into()).spawn(run);
        let thread = thread.map_err(|fault| OpenError::Failed(fault.to_string()))?;
        Ok(Self { over, poke: Poke { new, thread: thread.thread().clone() }, thread: Some(thread) })
    }

    /// By which the writer tells of news.
    pub(super) fn poke(&self) -> Poke {
        self.poke.clone()
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        self.poke.thread.unpark();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

// === impl Poke ===

impl Poke {
    /// There is something new. Costs nothing while the search knows that already.
    pub(super) fn poke(&self) {
        if !self.new.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }
}

// === impl Filler ===

impl Filler {
    fn usable(path: &Path, epoch: &Epoch, last: i64) -> std::result::Result<Connection, String> {
        let conn = open::searching(path).map_err(|fault| fault.to_string())?;
        let version: i64 =
            conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|fault| fault.to_string())?;
        if version != VERSION {
            return Err(format!("version {version}"));
        }
        let (of, log): (String, i64) = conn
            .query_row("SELECT epoch, log FROM upto", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(|fault| fault.to_string())?;
        match of == epoch.as_str() && log <= last {
            true => Ok(conn),
            false => Err("it is of another store".into()),
        }
    }

    fn anew(path: &Path, epoch: &Epoch) -> std::result::Result<Connection, OpenError> {
        for end in ["", "-wal", "-shm"] {
            let mut file = path.as_os_str().to_owned();
            file.push(end);
            match std::fs::remove_file(&file) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                    return Err(OpenError::Folder { path: file.into(), cause });
                }
                _ => {}
            }
        }
        open::touch(path)?;
        let conn = open::searching(path)?;
        conn.execute_batch(&format!(
            "BEGIN; {} PRAGMA user_version = {VERSION}; COMMIT;",
            include_str!("migrations/search.sql")
        ))?;
        conn.execute("INSERT INTO upto VALUES (1, ?1, 0, 0, 0)", [epoch.as_str()])?;
        Ok(conn)
    }

    fn run(mut self, new: &AtomicBool, stop: &AtomicBool) {
        // Where the system refuses, it is no more than less polite.
        let _ = rustix::process::nice(NICE);
        while !stop.load(Ordering::Acquire) {
            if !new.load(Ordering::Acquire) {
                std::thread::park();
                continue;
            }
            // Meanwhile nobody wakes this thread but who wants it to end: there is something new already.
            std::thread::park_timeout(GATHER);
            new.store(false, Ordering::Release);
            while !stop.load(Ordering::Acquire) && self.fill_some(new) {}
        }
    }

    /// True when there may be more.
    fn fill_some(&mut self, new: &AtomicBool) -> bool {
        match self.fill() {
            Ok(taken) => {
                self.failing = false;
                taken > 0
            }
            Err(fault) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(error = %fault, "the search cannot be filled; it keeps trying");
                }
                new.store(true, Ordering::Release);
                false
            }
        }
    }

    /// Takes in the next batch and answers how much that was.
    fn fill(&mut self) -> Result<usize> {
        let upto = self
            .search
            .prepare_cached("SELECT log, renamed, batch FROM upto")?
            .query_row([], |row| Ok(UpTo { log: row.get(0)?, renamed: row.get(1)?, batch: row.get(2)? }))?;
        let (mut found, mut erased) = (Words::default(), Vec::new());
        let (log, renamed) =
            (self.read_log(upto.log, &mut found, &mut erased)?, self.read_renamed(upto.renamed, &mut found)?);
        if (log, renamed) == (upto.log, upto.renamed) {
            return Ok(0);
        }
        let batch = upto.batch + 1;
        let tx = self.search.transaction()?;
        for conversation in erased {
            tx.prepare_cached("DELETE FROM words WHERE rowid >= ?1 AND rowid < ?2")?
                .execute([conversation << BATCH_BITS, (conversation + 1) << BATCH_BITS])?;
        }
        let mut insert = tx.prepare_cached(&insert(batch))?;
        let taken = usize::try_from(log - upto.log + renamed - upto.renamed).unwrap_or(usize::MAX);
        for (nth, (conversation, text)) in found.by_conversation().enumerate() {
            step_aside(nth);
            insert.execute(params![row_id(conversation, batch), text])?;
        }
        drop(insert);
        tx.execute("UPDATE upto SET log = ?1, renamed = ?2, batch = ?3", [log, renamed, batch])?;
        tx.commit()?;
        Ok(taken)
    }

    fn read_log(&self, after: i64, found: &mut Words, erased: &mut Vec<i64>) -> Result<i64> {
        let mut last = after;
        for _ in 0..BATCH / READ {
            let upto = self.read_some(last, found, erased)?;
            if upto == last {
                break;
            }
            last = upto;
            std::thread::yield_now();
        }
        Ok(last)
    }

    fn read_some(&self, after: i64, found: &mut Words, erased: &mut Vec<i64>) -> Result<i64> {
        let mut select = self
            .store
            .prepare_cached("SELECT pos, conversation, body FROM log WHERE pos > ?1 ORDER BY pos LIMIT ?2")?;
        let mut rows = select.query([after, READ as i64])?;
        let mut last = after;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            // What cannot be read cannot be found; whoever opens it is told.
            let (conversation, body) = (row.get(1)?, row.get_ref(2)?.as_str().unwrap_or_default());
            if found.take_event(conversation, body) {
                found.forget(conversation);
                erased.push(conversation);
            }
        }
        Ok(last)
    }

    fn read_renamed(&self, after: i64, found: &mut Words) -> Result<i64> {
        let mut select = self
            .store
            .prepare_cached("SELECT id, conversation, name FROM renamed WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let mut rows = select.query([after, BATCH as i64])?;
        let mut last = after;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            found.take(row.get(1)?, row.get_ref(2)?.as_str().unwrap_or_default());
        }
        Ok(last)
    }
}

/// The row of what a conversation said within a batch.
fn row_id(conversation: i64, batch: i64) -> i64 {
    (conversation << BATCH_BITS) | (batch & ((1 << BATCH_BITS) - 1))
}

/// How a row of this batch is put in. Only when the numbers of batches come again, after months of talk, may one like it
/// be there, and to look for that costs a tenth of the search's work.
fn insert(batch: i64) -> String {
    let or = if batch >> BATCH_BITS == 0 { "" } else { "OR REPLACE" };
    format!("INSERT {or} INTO words (rowid, text) VALUES (?1, ?2)")
}

/// On a machine of few cores a long stretch of work here would be a long wait for everybody's next text.
fn step_aside(nth: usize) {
    if nth.is_multiple_of(SLICE) {
        std::thread::yield_now();
    }
}

/// The search's file beside the store's.
pub(super) fn path(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push("-search");
    path.into()
}

/// The words of a query as the index is asked for them: each may be the beginning of one. Nothing a person types
/// reaches the index's own language.
pub(super) fn query(text: &str) -> std::result::Result<Vec<String>, NoWords> {
    let words = words::divided(text);
    let words: Vec<String> =
        words.split_whitespace().take(words::MAX_QUERY).map(|word| format!("\"{word}\"*")).collect();
    match words.is_empty() && !text.trim().is_empty() {
        true => Err(NoWords),
        false => Ok(words),
    }
}

/// The condition that conversation `c` holds the word in parameter `nth`, anywhere.
pub(super) fn condition(nth: usize) -> String {
    format!(" AND c.id IN (SELECT rowid >> {BATCH_BITS} FROM search.words WHERE words MATCH ?{nth})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p4_a_query_is_words_whatever_people_type() {
        let words = |text| query(text).unwrap_or_default();
        assert_eq!(words("Jane's anna@example.com"), ["\"Jane\"*", "\"s\"*", "\"anna\"*", "\"example\"*", "\"com\"*"]);
        assert_eq!(words("a NEAR(\"b\" c*) OR -d"), ["\"a\"*", "\"NEAR\"*", "\"b\"*", "\"c\"*", "\"OR\"*", "\"d\"*"]);
        assert_eq!(words("  "), Vec::<String>::new());
        assert!(query("?!").is_err());
    }
}
