//! Looks a few times a second whether the store's threads get on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use super::{open::OpenError, readers::AtWork, writer::Pulse};

const EVERY: Duration = Duration::from_millis(250);

/// The watching thread.
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

// === impl Watch ===

impl Watch {
    pub(super) fn start(readers: Arc<AtWork>, writer: Arc<Pulse>) -> Result<Self, OpenError> {
        let over = Arc::new(AtomicBool::new(false));
        let stop = over.clone();
        let run = move || {
            while !stop.load(Ordering::Acquire) {
                std::thread::park_timeout(EVERY);
                readers.look();
                writer.look();
            }
        };
        let thread = std::thread::Builder::new().name("store-watch".into()).spawn(run);
        let thread = thread.map_err(|fault| OpenError::Failed(fault.to_string()))?;
        Ok(Self { over, thread: Some(thread) })
    }

    pub(super) fn stop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}
