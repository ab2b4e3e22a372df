//! The word that ends at once what waits for a server: threads that wait cannot be dropped, so they look.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};

/// Whether waiting is over. Clones share one word.
#[derive(Debug, Clone, Default)]
pub struct Halt(Arc<AtomicBool>);

// === impl Halt ===

impl Halt {
    /// Says it.
    pub fn say(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was said.
    pub fn is_said(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Nothing while nobody has said it.
    ///
    /// # Errors
    /// It was said.
    pub fn check(&self) -> Result<()> {
        ensure!(!self.is_said(), "stopped while waiting for a server");
        Ok(())
    }
}
