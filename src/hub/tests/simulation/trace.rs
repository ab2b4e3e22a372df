//! What happened, as a hash; and line by line for whoever wants to read it.

use std::{
    fmt::{self, Write},
    hash::{DefaultHasher, Hasher},
};

/// Everything that was seen to happen.
pub(super) struct Trace {
    hasher: DefaultHasher,
    lines: bool,
}

// === impl Trace ===

impl Trace {
    pub(super) fn new(lines: bool) -> Self {
        Self { hasher: DefaultHasher::new(), lines }
    }

    /// Adds a line.
    pub(super) fn line(&mut self, line: fmt::Arguments<'_>) {
        if self.lines {
            println!("{line}");
        }
        self.write_fmt(line).expect("hashing does not fail");
    }

    pub(super) fn hash(&self) -> u64 {
        self.hasher.finish()
    }
}

impl Write for Trace {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.hasher.write(text.as_bytes());
        Ok(())
    }
}
