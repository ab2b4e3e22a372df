//! Moving the write-ahead log into the file, in a thread of its own: nobody's answer waits for it.
//!
//! Where the log ends is the writer's to say. A commit to a part of it that was written before waits for the disk once;
//! one that makes it longer also waits for the file system's own notes, and to cut off what became too long is a wait of
//! ten milliseconds and more. So it is begun anew while it is short, and under load it is made as long as that ahead of
//! the commits, with zeros, at which SQLite ends when it reads the log after a crash (its file format, section 4).

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::open::{self, OpenError};

/// From how many pages on the log is to be begun anew: 8 MiB.
const LONG: i64 = 2_048;
/// From how many pages between two checkpoints on it is load: 1 MiB.
const BUSY: i64 = 256;
/// How long the log is made then, by how much between two commits.
const AHEAD: u64 = 16 << 20;
const STEP: usize = 64 << 10;
/// How long to let readers come to an end who were in the way.
const RETRY: Duration = Duration::from_millis(20);

/// The writer's side.
pub(super) struct Checkpoints {
    ask: SyncSender<()>,
    every: Duration,
    asked: Instant,
    length: Arc<Length>,
    tried: Option<Instant>,
    log: PathBuf,
    /// Open while it is made longer.
    longer: Option<File>,
}

/// What the thread found of the log.
#[derive(Default)]
struct Length {
    /// It is to be begun anew.
    long: AtomicBool,
    /// It is to be made longer, ahead of the commits.
    busy: AtomicBool,
}

/// Starts the thread. It ends when nobody can ask any more.
pub(super) fn start(path: &Path, every: Duration) -> Result<(Checkpoints, JoinHandle<()>), OpenError> {
    let conn = open::checkpointing(path)?;
    let (ask, asked) = sync_channel(1);
    let length = Arc::new(Length::default());
    let found = length.clone();
    let thread = std::thread::Builder::new().name("store-checkpoint".into());
    let thread = thread.spawn(move || run(&conn, &asked, &found));
    let thread = thread.map_err(|fault| OpenError::Failed(fault.to_string()))?;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let checkpoints =
        Checkpoints { ask, every, asked: Instant::now(), length, tried: None, log: log.into(), longer: None };
    Ok((checkpoints, thread))
}

fn run(conn: &Connection, asked: &Receiver<()>, length: &Length) {
    let (mut failing, mut before) = (false, 0);
    while asked.recv().is_ok() {
        let pages = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1));
        match &pages {
            Ok(pages) => {
                length.busy.fetch_or(*pages > before + BUSY, Ordering::Relaxed);
                length.long.fetch_or(*pages > LONG, Ordering::Relaxed);
                before = *pages;
            }
            Err(fault) if !failing => tracing::error!(error = %fault, "a checkpoint failed"),
            Err(_) => {}
        }
        failing = pages.is_err();
    }
}

// === impl Checkpoints ===

impl Checkpoints {
    /// Between two commits. While the writer goes on writing, nobody else can reach the log's end.
    pub(super) fn turn(&mut self, conn: &Connection) {
        let ready = self.tried.is_none_or(|tried| tried.elapsed() >= RETRY);
        if ready && self.length.long.load(Ordering::Relaxed) {
            let begun = begin_anew(conn);
            self.tried = (!begun).then(Instant::now);
            self.length.long.store(!begun, Ordering::Relaxed);
        }
        // A file that cannot be made longer is no worse than it was.
        if self.length.busy.load(Ordering::Relaxed) && !self.lengthen().unwrap_or(false) {
            self.length.busy.store(false, Ordering::Relaxed);
        }
        if self.asked.elapsed() > self.every {
            self.asked = Instant::now();
            let _ = self.ask.try_send(());
        }
    }

    /// Puts zeros behind the log's last frame, wherever that is. False when it is long enough.
    fn lengthen(&mut self) -> io::Result<bool> {
        let log = match self.longer.take() {
            Some(log) => log,
            None => OpenOptions::new().write(true).open(&self.log)?,
        };
        let length = log.metadata()?.len();
        if length >= AHEAD {
            return Ok(false);
        }
        log.write_all_at(&[0; STEP], length)?;
        self.longer = Some(log);
        Ok(true)
    }
}

/// The next commit begins the log anew: almost all of it is in the file already. False where somebody still reads it.
fn begin_anew(conn: &Connection) -> bool {
    // The writer waits for no reader.
    let unwaiting = conn.busy_timeout(Duration::ZERO);
    let busy = conn.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get::<_, i64>(0));
    let waiting = conn.busy_timeout(open::BUSY);
    unwaiting.is_ok() && waiting.is_ok() && matches!(busy, Ok(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with a table in it, whose log is looked at when it is asked for and not by itself.
    fn written(path: &Path) -> (Connection, Checkpoints, JoinHandle<()>) {
        open::touch(path).unwrap();
        let conn = open::writing(path).unwrap();
        conn.execute_batch("PRAGMA synchronous = OFF; CREATE TABLE t (body BLOB)").unwrap();
        let (checkpoints, thread) = start(path, Duration::MAX).unwrap();
        (conn, checkpoints, thread)
    }

    /// Writes 64 KiB in a commit of its own.
    fn insert(conn: &Connection) {
        conn.execute("INSERT INTO t VALUES (zeroblob(65536))", []).unwrap();
    }

    /// The same, and brings it into the file. Answers how many pages the log holds.
    fn write(conn: &Connection) -> i64 {
        insert(conn);
        conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1)).unwrap()
    }

    #[test]
    fn f1_a_long_log_is_begun_anew_as_soon_as_no_reader_is_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let (conn, mut checkpoints, thread) = written(&path);
        let reader = open::reading(&path).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        let _: i64 = reader.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        while write(&conn) <= LONG {}
        // It is looked at once; from then on it is the writer who tries.
        checkpoints.ask.send(()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !checkpoints.length.long.load(Ordering::Relaxed) {
            assert!(Instant::now() < deadline, "nobody saw that it is long");
            std::thread::yield_now();
        }
        checkpoints.turn(&conn);
        assert!(write(&conn) > LONG, "somebody still reads it");
        reader.execute_batch("COMMIT").unwrap();
        while checkpoints.length.long.load(Ordering::Relaxed) {
            assert!(Instant::now() < deadline, "it stays long");
            checkpoints.turn(&conn);
        }
        assert!(write(&conn) < 64, "the next commit stands at its beginning");
        drop((checkpoints, conn));
        thread.join().unwrap();
    }

    #[test]
    fn f1_under_load_the_log_is_made_longer_ahead_of_the_commits_and_reads_as_before_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let (conn, mut checkpoints, thread) = written(&path);
        (0..32).for_each(|_| insert(&conn));
        checkpoints.ask.send(()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !checkpoints.length.busy.load(Ordering::Relaxed) {
            assert!(Instant::now() < deadline, "nobody saw the load");
            std::thread::yield_now();
        }
        let mut rows = 32;
        while checkpoints.length.busy.load(Ordering::Relaxed) {
            checkpoints.turn(&conn);
            insert(&conn);
            rows += 1;
        }
        let length = std::fs::metadata(&checkpoints.log).unwrap().len();
        assert!(
            length >= AHEAD && rows < 32 + 1 + (AHEAD / STEP as u64).cast_signed(),
            "{length} bytes after {rows} rows"
        );
        // What a crash leaves: both files as they are, and nothing in memory.
        let after = folder.path().join("after.db");
        std::fs::copy(&path, &after).unwrap();
        std::fs::copy(&checkpoints.log, folder.path().join("after.db-wal")).unwrap();
        let found: i64 =
            open::reading(&after).unwrap().query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(found, rows);
        drop((checkpoints, conn));
        thread.join().unwrap();
    }
}
