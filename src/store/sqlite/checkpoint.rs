//! Moving the write-ahead log into the file, in a thread of its own: nobody's answer waits for it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    thread::JoinHandle,
};

use super::open::{self, OpenError};

/// From how many pages on the log must be begun anew: 64 MiB.
const LONG: i64 = 16_384;

/// Starts the thread. It ends when nobody can ask any more. `reset` asks the writer to make the last step: while it
/// goes on writing, nobody else can reach the log's end.
pub(super) fn start(path: &Path, asked: Receiver<()>, reset: Arc<AtomicBool>) -> Result<JoinHandle<()>, OpenError> {
    let conn = open::checkpointing(path)?;
    let run = move || {
        let mut failing = false;
        while asked.recv().is_ok() {
            let pages = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1));
            match &pages {
                Ok(pages) if *pages > LONG => reset.store(true, Ordering::Relaxed),
                Err(fault) if !failing => tracing::error!(error = %fault, "a checkpoint failed"),
                _ => {}
            }
            failing = pages.is_err();
        }
    };
    let thread = std::thread::Builder::new().name("store-checkpoint".into()).spawn(run);
    thread.map_err(|fault| OpenError::Failed(fault.to_string()))
}
