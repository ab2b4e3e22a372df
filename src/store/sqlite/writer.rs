//! The one thread that writes. It takes what is queued, runs it in one transaction, each with its own verdict, makes
//! that durable and then answers everybody. When the commit fails, nobody is told that anything was done.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    Options,
    answers::Answers,
    checkpoint::Checkpoints,
    desk::Desk,
    mark::Mark,
    open::OpenError,
    reply::Patience,
    row,
    search::Poke,
    work::{Task, Work},
};
use crate::{
    chat::conversation::Conversation,
    store::{Result, StoreError, pace::Pace},
};

/// How much may wait to be written.
const QUEUE: usize = 4096;
/// How much shares one commit at most.
const BATCH: usize = 1024;
/// How far apart commits lie under load, and under heavy load.
const GAP: Duration = Duration::from_micros(500);
const LONG_GAP: Duration = Duration::from_millis(1);
/// How long a commit that carries appends may be drawn out by filling the index.
const SLICE: Duration = Duration::from_micros(250);
/// The same when nobody waits.
const IDLE_SLICE: Duration = Duration::from_millis(5);
/// How many rows are filled between two looks at the watch.
const CHUNK: usize = 64;
/// How long a transaction may take before those who wait for it are sent away.
const MAX_RUN: Duration = Duration::from_millis(2500);

/// The writing thread.
pub(super) struct Writer {
    queue: Option<SyncSender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
    answers: Arc<Answers>,
    pulse: Arc<Pulse>,
}

/// What the watch may see of the writing thread.
#[derive(Default)]
pub(super) struct Pulse {
    patience: Patience,
    busy_since: Mutex<Option<Instant>>,
}

/// Where readers leave folds that are worth writing.
#[derive(Clone)]
pub(super) struct Refreshes(Option<SyncSender<Box<dyn Work>>>);

/// The thread's own side.
struct Loop {
    queue: Receiver<Box<dyn Work>>,
    desk: Desk,
    mark: Mark,
    search: Poke,
    pace: Pace,
    options: Options,
    answers: Arc<Answers>,
    pulse: Arc<Pulse>,
    checkpoints: Checkpoints,
    last_work: Instant,
    failing: bool,
}

// === impl Writer ===

impl Writer {
    /// Starts the thread at this desk.
    pub(super) fn start(
        desk: Desk,
        options: Options,
        mark: Mark,
        search: Poke,
        checkpoints: Checkpoints,
    ) -> std::result::Result<Self, OpenError> {
        let (send, queue) = sync_channel(QUEUE);
        let (answers, pulse) = (Arc::new(Answers::default()), Arc::new(Pulse::default()));
        let mut turns = Loop {
            queue,
            desk,
            mark,
            search,
            pace: Pace::new(GAP, LONG_GAP),
            options,
            answers: answers.clone(),
            pulse: pulse.clone(),
            checkpoints,
            last_work: Instant::now(),
            failing: false,
        };
        let thread = std::thread::Builder::new().name("store-write".into()).spawn(move || turns.run());
        let thread = thread.map_err(|fault| OpenError::Failed(fault.to_string()))?;
        Ok(Self { queue: Some(send), thread: Some(thread), answers, pulse })
    }

    /// Writes. `guarded` when the work is more than one statement. It is queued before this returns, so that whoever waits
    /// for the answer keeps nothing of it.
    pub(super) fn write<T: Send + 'static>(
        &self,
        guarded: bool,
        work: impl FnOnce(&mut Desk) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> {
        self.answers.attend();
        let (task, answer) = Task::new(guarded, work);
        let queued = match self.queue.as_ref().map(|queue| queue.try_send(Box::new(task))) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(StoreError::Unavailable("too many writes are waiting".into())),
            Some(Err(TrySendError::Disconnected(_))) | None => {
                Err(StoreError::Unavailable("the store's writer has ended".into()))
            }
        };
        async move {
            queued?;
            self.pulse.patience.wait(answer).await
        }
    }

    /// What the watch may see.
    pub(super) fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    /// Where readers leave folds.
    pub(super) fn refreshes(&self) -> Refreshes {
        Refreshes(self.queue.clone())
    }

    /// Ends the thread when all that is queued is written.
    pub(super) fn stop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.answers.end();
    }
}

// === impl Pulse ===

impl Pulse {
    /// Sends those who wait away when a transaction hangs.
    pub(super) fn look(&self) {
        let busy_since = *self.busy_since.lock().unwrap_or_else(PoisonError::into_inner);
        if busy_since.is_some_and(|since| since.elapsed() > MAX_RUN) {
            self.patience.end();
        }
    }

    fn set_busy(&self, busy: bool) {
        *self.busy_since.lock().unwrap_or_else(PoisonError::into_inner) = busy.then(Instant::now);
    }
}

// === impl Refreshes ===

impl Refreshes {
    /// Suggests newer folds. They are dropped when the writer is busy: the next reader will suggest them again.
    pub(super) fn suggest(&self, stale: Vec<(i64, Conversation)>) {
        let Some(queue) = &self.0 else { return };
        for (id, fold) in stale {
            let (task, _) = Task::new(false, move |desk: &mut Desk| row::refresh(&desk.conn, id, &fold));
            let _ = queue.try_send(Box::new(task));
        }
    }
}

// === impl Loop ===

impl Loop {
    fn run(&mut self) {
        let mut batch = Vec::new();
        while self.gather(&mut batch) {
            if batch.is_empty() && !self.wants_filling() {
                continue;
            }
            self.turn(&mut batch);
        }
    }

    /// Waits until there is something to do and takes what is queued. False at the end.
    fn gather(&mut self, batch: &mut Vec<Box<dyn Work>>) -> bool {
        let first = match self.patience() {
            None => self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(wait) => self.queue.recv_timeout(wait),
        };
        match first {
            Ok(work) => batch.push(work),
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        self.take(batch);
        if let Some(wait) = self.pace.wait(batch.len()) {
            // Parked, not receiving: nobody who queues something now has to wake this thread.
            let until = Instant::now() + wait;
            while let Some(left) = until.checked_duration_since(Instant::now()) {
                std::thread::park_timeout(left);
            }
            self.take(batch);
        }
        self.last_work = Instant::now();
        true
    }

    fn take(&mut self, batch: &mut Vec<Box<dyn Work>>) {
        while batch.len() < BATCH
            && let Ok(work) = self.queue.try_recv()
        {
            batch.push(work);
        }
    }

    /// One transaction and its answers.
    fn turn(&mut self, batch: &mut Vec<Box<dyn Work>>) {
        self.pace.turn(batch.len());
        self.pulse.set_busy(true);
        let done = catch_unwind(AssertUnwindSafe(|| self.transact(batch)));
        let fault = match done {
            Ok(Ok(())) => None,
            Ok(Err(fault)) => {
                self.give_up();
                Some(fault)
            }
            Err(_) => {
                self.give_up();
                self.desk.heads.clear();
                Some(StoreError::Unavailable("a fault in the store's own code".into()))
            }
        };
        self.pulse.set_busy(false);
        self.note(fault.as_ref(), batch.len());
        let failed = fault.is_some();
        self.answers.settle(std::mem::take(batch), fault);
        self.after(failed);
    }

    fn transact(&mut self, batch: &mut [Box<dyn Work>]) -> Result<()> {
        if self.wants_index() {
            self.desk.behind.freeze();
        }
        self.desk.begin_transaction()?;
        for work in batch.iter_mut() {
            Self::run_one(&mut self.desk, work.as_mut())?;
        }
        self.fill(batch.len())?;
        self.desk.commit()?;
        self.mark.note(self.desk.last_pos());
        Ok(())
    }

    /// Runs one piece of work. An error is the whole transaction's; the work's own stays with it.
    fn run_one(desk: &mut Desk, work: &mut dyn Work) -> Result<()> {
        let mark = desk.mark();
        if work.guarded() {
            // What others wrote before must not be taken back with this.
            desk.put_rows()?;
            desk.conn.prepare_cached("SAVEPOINT work")?.execute([])?;
        }
        let Err(fault) = work.run(desk) else {
            if work.guarded() {
                desk.put_rows()?;
                desk.conn.prepare_cached("RELEASE work")?.execute([])?;
            }
            return Ok(());
        };
        // Some faults end the transaction; then there is nothing to go back to.
        if desk.conn.is_autocommit() {
            return Err(fault);
        }
        match work.guarded() {
            true => desk.conn.execute_batch("ROLLBACK TO work; RELEASE work")?,
            false if desk.mark() == mark => {}
            false => return Err(fault),
        }
        desk.undo(mark);
        Ok(())
    }

    /// Lets the index catch up a little: in this commit's slice of time, but by more than came with this commit.
    fn fill(&mut self, came: usize) -> Result<()> {
        let until = Instant::now() + if came == 0 { IDLE_SLICE } else { SLICE };
        let mut filled = 0;
        while (filled <= came || Instant::now() < until) && self.desk.behind.fill(&self.desk.conn, CHUNK)? {
            filled += CHUNK;
        }
        Ok(())
    }

    fn give_up(&mut self) {
        self.desk.roll_back();
    }

    /// One line when the trouble begins and one when it is over.
    fn note(&mut self, fault: Option<&StoreError>, refused: usize) {
        match fault {
            Some(fault) if !self.failing => {
                tracing::error!(error = %fault, refused, "the store cannot write; it keeps trying");
            }
            None if self.failing => tracing::info!("the store writes again"),
            _ => {}
        }
        self.failing = fault.is_some();
    }

    fn after(&mut self, failed: bool) {
        match failed {
            // Filling has no caller who would try again later: it must not try at once.
            true => self.last_work = Instant::now(),
            false => self.search.poke(),
        }
        self.checkpoints.turn(&self.desk.conn);
    }

    /// How long there is nothing to do unless somebody asks; None: for ever.
    fn patience(&self) -> Option<Duration> {
        if self.desk.behind.is_filling() && !self.failing {
            return Some(Duration::ZERO);
        }
        let idle = self.options.index_idle.saturating_sub(self.last_work.elapsed());
        (self.desk.behind.len() > 0).then_some(idle)
    }

    fn wants_filling(&self) -> bool {
        self.desk.behind.is_filling() || self.wants_index()
    }

    fn wants_index(&self) -> bool {
        let waiting = self.desk.behind.len();
        waiting >= self.options.index_at || (waiting > 0 && self.last_work.elapsed() >= self.options.index_idle)
    }
}

#[cfg(test)]
mod tests;
