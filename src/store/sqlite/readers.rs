//! The readers: a few threads, each with a connection of its own, so that reading neither waits for writing nor
//! stands in its way.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::oneshot;

use super::{
    open::{self, OpenError},
    reply::Patience,
    search,
    tail::Tail,
    writer::Refreshes,
};
use crate::{
    chat::conversation::Conversation,
    store::{Result, StoreError},
};

/// How many reads may wait.
const QUEUE: usize = 1024;
/// The longest a read may wait before it is not begun any more.
const MAX_WAIT: Duration = Duration::from_secs(3);
/// The longest a read may run.
pub(super) const MAX_RUN: Duration = Duration::from_secs(2);

/// The reading threads.
pub(super) struct Readers {
    queue: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
    at_work: Arc<AtWork>,
}

/// What the watch may see of the reading threads.
pub(super) struct AtWork {
    desks: Vec<Desk>,
    patience: Patience,
}

/// The store as it was when a read began.
pub(super) struct View<'a> {
    pub(super) conn: &'a Connection,
    pub(super) tail: &'a Tail,
    /// The log's last row.
    pub(super) upto: i64,
    /// Folds that turned out to lie far behind their logs.
    pub(super) stale: RefCell<Vec<(i64, Conversation)>>,
}

type Job = Box<dyn FnOnce(&Result<View<'_>>) + Send>;

/// What the watch knows of a reading thread.
struct Desk {
    interrupt: InterruptHandle,
    busy_since: Mutex<Option<Instant>>,
}

// === impl Readers ===

impl Readers {
    /// Starts `count` readers of this file.
    pub(super) fn start(
        path: &Path,
        count: usize,
        tail: &Arc<Tail>,
        refreshes: &Refreshes,
    ) -> std::result::Result<Self, OpenError> {
        let (send, jobs) = sync_channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let conns = (0..count.max(1)).map(|_| open(path)).collect::<rusqlite::Result<Vec<_>>>()?;
        let desk = |conn: &Connection| Desk { interrupt: conn.get_interrupt_handle(), busy_since: Mutex::new(None) };
        let at_work = AtWork { desks: conns.iter().map(desk).collect(), patience: Patience::default() };
        let mut readers = Self { queue: Some(send), threads: Vec::new(), at_work: Arc::new(at_work) };
        for (slot, conn) in conns.into_iter().enumerate() {
            let (jobs, tail, refreshes) = (jobs.clone(), tail.clone(), refreshes.clone());
            let at_work = readers.at_work.clone();
            let run = move || {
                while let Some(job) = next(&jobs) {
                    at_work.desks[slot].set_busy(true);
                    // A fault in one read is that read's; its caller sees the answer's channel close.
                    let stale = catch_unwind(AssertUnwindSafe(|| read(&conn, &tail, slot, job))).unwrap_or_default();
                    at_work.desks[slot].set_busy(false);
                    refreshes.suggest(stale);
                }
            };
            let thread = std::thread::Builder::new().name(format!("store-read-{slot}")).spawn(run);
            readers.threads.push(thread.map_err(|fault| OpenError::Failed(fault.to_string()))?);
        }
        Ok(readers)
    }

    /// What the watch may see.
    pub(super) fn at_work(&self) -> Arc<AtWork> {
        self.at_work.clone()
    }

    /// Reads.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&View<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let asked = Instant::now();
        let job: Job = Box::new(move |view| {
            let _ = reply.send(match view {
                _ if asked.elapsed() > MAX_WAIT => Err(StoreError::Unavailable("too many reads are waiting".into())),
                Ok(view) => read(view),
                Err(fault) => Err(fault.clone()),
            });
        });
        match self.queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => {
                return Err(StoreError::Unavailable("too many reads are waiting".into()));
            }
            Some(Err(TrySendError::Disconnected(_))) | None => {
                return Err(StoreError::Unavailable("the store's readers have ended".into()));
            }
        }
        self.at_work.patience.wait(answer).await
    }

    /// Ends the threads when what is under way is done.
    pub(super) fn stop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

// === impl AtWork ===

impl AtWork {
    /// Ends reads that run too long. Called by the watch.
    pub(super) fn look(&self) {
        let mut stuck = false;
        for desk in &self.desks {
            // The lock is held while interrupting: the reader cannot begin another read meanwhile.
            let busy_since = desk.busy_since.lock().unwrap_or_else(PoisonError::into_inner);
            let busy = busy_since.map_or(Duration::ZERO, |since| since.elapsed());
            if busy > MAX_RUN {
                desk.interrupt.interrupt();
            }
            stuck |= busy > MAX_WAIT + MAX_RUN;
        }
        if stuck {
            self.patience.end();
        }
    }
}

// === impl Desk ===

impl Desk {
    fn set_busy(&self, busy: bool) {
        *self.busy_since.lock().unwrap_or_else(PoisonError::into_inner) = busy.then(Instant::now);
    }
}

/// A connection to the store and, under the name `search`, to its search.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let conn = open::reading(path)?;
    conn.execute("ATTACH ?1 AS search", [search::path(path).to_string_lossy()])?;
    Ok(conn)
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Runs one read within a transaction of its own, so that all its statements see one moment.
fn read(conn: &Connection, tail: &Tail, slot: usize, job: Job) -> Vec<(i64, Conversation)> {
    let _inside = tail.enter(slot);
    let begun = begin(conn);
    let view = begun.map(|upto| View { conn, tail, upto, stale: RefCell::default() });
    job(&view);
    if !conn.is_autocommit() {
        let _ = conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
    }
    view.map(|view| view.stale.into_inner()).unwrap_or_default()
}

/// Begins a transaction; reading the log's last row is what fixes the moment it sees.
fn begin(conn: &Connection) -> Result<i64> {
    if !conn.is_autocommit() {
        // The read before this one ended in a panic.
        conn.execute_batch("ROLLBACK")?;
    }
    conn.prepare_cached("BEGIN")?.execute([])?;
    Ok(conn.prepare_cached("SELECT coalesce(max(pos), 0) FROM log")?.query_row([], |row| row.get(0))?)
}
