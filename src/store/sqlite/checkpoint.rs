//! Moving the write-ahead log into the file, in a thread of its own: nobody's answer waits for it.
//!
//! Where the log ends is the writer's to say. It is begun anew while it is short: a commit to a part of it that was
//! written before waits for the disk once; one that makes it longer also waits for the file system's own notes, and to
//! cut off what became too long is a wait of ten milliseconds and more.

use std::{
    path::Path,
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
/// How long to let readers come to an end who were in the way.
const RETRY: Duration = Duration::from_millis(20);

/// The writer's side.
pub(super) struct Checkpoints {
    ask: SyncSender<()>,
    every: Duration,
    asked: Instant,
    long: Arc<AtomicBool>,
    tried: Option<Instant>,
}

/// Starts the thread. It ends when nobody can ask any more.
pub(super) fn start(path: &Path, every: Duration) -> Result<(Checkpoints, JoinHandle<()>), OpenError> {
    let conn = open::checkpointing(path)?;
    let (ask, asked) = sync_channel(1);
    let long = Arc::new(AtomicBool::new(false));
    let grown = long.clone();
    let thread = std::thread::Builder::new().name("store-checkpoint".into());
    let thread = thread.spawn(move || run(&conn, &asked, &grown));
    let thread = thread.map_err(|fault| OpenError::Failed(fault.to_string()))?;
    Ok((Checkpoints { ask, every, asked: Instant::now(), long, tried: None }, thread))
}

fn run(conn: &Connection, asked: &Receiver<()>, long: &AtomicBool) {
    let mut failing = false;
    while asked.recv().is_ok() {
        let pages = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1));
        match &pages {
            Ok(pages) if *pages > LONG => long.store(true, Ordering::Relaxed),
            Err(fault) if !failing => tracing::error!(error = %fault, "a checkpoint failed"),
            _ => {}
        }
        failing = pages.is_err();
    }
}

// === impl Checkpoints ===

impl Checkpoints {
    /// Between two commits. While the writer goes on writing, nobody else can reach the log's end.
    pub(super) fn turn(&mut self, conn: &Connection) {
        let ready = self.tried.is_none_or(|tried| tried.elapsed() >= RETRY);
        if ready && self.long.load(Ordering::Relaxed) {
            let begun = begin_anew(conn);
            self.tried = (!begun).then(Instant::now);
            self.long.store(!begun, Ordering::Relaxed);
        }
        if self.asked.elapsed() > self.every {
            self.asked = Instant::now();
            let _ = self.ask.try_send(());
        }
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

    /// Writes 64 KiB in a commit of its own. Answers how many pages the log holds.
    fn write(conn: &Connection) -> i64 {
        conn.execute("INSERT INTO t VALUES (zeroblob(65536))", []).unwrap();
        conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1)).unwrap()
    }

    #[test]
    fn f1_a_long_log_is_begun_anew_as_soon_as_no_reader_is_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        open::touch(&path).unwrap();
        let conn = open::writing(&path).unwrap();
        conn.execute_batch("PRAGMA synchronous = OFF; CREATE TABLE t (body BLOB)").unwrap();
        let (mut checkpoints, thread) = start(&path, Duration::MAX).unwrap();
        let reader = open::reading(&path).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        let _: i64 = reader.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        while write(&conn) <= LONG {}
        // It is looked at once; from then on it is the writer who tries.
        checkpoints.ask.send(()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !checkpoints.long.load(Ordering::Relaxed) {
            assert!(Instant::now() < deadline, "nobody saw that it is long");
            std::thread::yield_now();
        }
        checkpoints.turn(&conn);
        assert!(write(&conn) > LONG, "somebody still reads it");
        reader.execute_batch("COMMIT").unwrap();
        while checkpoints.long.load(Ordering::Relaxed) {
            assert!(Instant::now() < deadline, "it stays long");
            checkpoints.turn(&conn);
        }
        assert!(write(&conn) < 64, "the next commit stands at its beginning");
        drop((checkpoints, conn));
        thread.join().unwrap();
    }
}
