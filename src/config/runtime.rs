//! Threads.

use super::reader::Reader;

/// `[runtime]`.
#[derive(Debug, Clone, Copy)]
pub struct Runtime {
    /// `worker_threads`: 1 runs everything but the store on one thread, which
    /// costs the least per message on a small machine; 0 takes one per core.
    /// Default 0.
    pub worker_threads: usize,
}

// === impl Runtime ===

impl Runtime {
    pub(super) fn ask(reader: &mut Reader) -> Self {
        let threads = reader.number(&["runtime", "worker_threads"], 0, 0..=256);
        Self { worker_threads: threads as usize }
    }
}
