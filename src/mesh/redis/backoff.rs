//! How long to wait before the next attempt: anything up to a limit that doubles, so that those who lost a server
//! together do not come back together (full jitter, as in the AWS Architecture Blog's "Exponential Backoff And Jitter").

use std::time::Duration;

use rand::RngExt;

/// The limit after the first failure.
const FIRST: Duration = Duration::from_millis(50);

/// Failures in a row. There is no last attempt.
#[derive(Debug)]
pub(super) struct Backoff {
    limit: Duration,
    most: Duration,
}

// === impl Backoff ===

impl Backoff {
    /// One that waits for `most` at the most.
    pub(super) fn new(most: Duration) -> Self {
        Self { limit: FIRST, most }
    }

    /// One more failure: how long to wait.
    pub(super) fn next(&mut self) -> Duration {
        let limit = self.limit.min(self.most);
        self.limit = (self.limit * 2).min(self.most);
        limit.mul_f64(rand::rng().random())
    }

    /// It worked.
    pub(super) fn reset(&mut self) {
        self.limit = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d7_attempts_spread_out_up_to_a_limit_and_never_end() {
        let most = Duration::from_secs(2);
        let mut backoff = Backoff::new(most);
        let waits: Vec<Duration> = (0..1_000).map(|_| backoff.next()).collect();
        assert!(waits.iter().all(|wait| *wait <= most));
        assert!(waits[0] <= FIRST && waits[1] <= FIRST * 2);
        // Half of them lie below the middle, and half above, where everybody waits for up to the limit.
        let late = waits[10..].iter().filter(|wait| **wait > most / 2).count();
        assert!((350..640).contains(&late), "{late}");
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
