//! One line in the log when something begins to fail, another when it fails for a new reason, and one when it works
//! again; not one per attempt.

use redis::RedisError;

/// What is wrong with one connection, as last logged.
#[derive(Debug)]
pub(super) struct Complaint {
    /// What the connection is for.
    what: &'static str,
    last: Option<String>,
}

// === impl Complaint ===

impl Complaint {
    /// Nothing so far.
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, last: None }
    }

    /// It failed. What Redis says of a refused password does not repeat it.
    pub(super) fn of(&mut self, error: &RedisError) {
        let text = error.to_string();
        if self.last.as_ref() != Some(&text) {
            tracing::warn!(connection = self.what, error = %text, "Redis cannot be used; it is tried again and again");
            self.last = Some(text);
        }
    }

    /// It works.
    pub(super) fn settled(&mut self) {
        if self.last.take().is_some() {
            tracing::info!(connection = self.what, "Redis can be used again");
        }
    }
}
