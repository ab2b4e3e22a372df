//! How long to wait before trying again.

use std::time::Duration;

/// The first wait, at most.
const FIRST: Duration = Duration::from_millis(50);
/// Every later one, at most.
const MOST: Duration = Duration::from_secs(1);

/// Waits that grow up to a limit, each somewhere below its bound so that many do not come back at once.
#[derive(Debug)]
pub(super) struct Backoff(Duration);

// === impl Backoff ===

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// The next wait.
    pub(super) fn next(&mut self) -> Duration {
        let bound = self.0;
        self.0 = (bound * 2).min(MOST);
        bound.mul_f64(rand::random_range(0.5..1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l5_waits_grow_up_to_a_limit_and_are_never_all_alike() {
        let mut backoff = Backoff::default();
        let waits: Vec<Duration> = (0..40).map(|_| backoff.next()).collect();
        assert!(waits[0] <= FIRST && waits.iter().all(|wait| *wait >= FIRST / 2 && *wait <= MOST));
        assert!(waits[10..].iter().all(|wait| *wait >= MOST / 2));
        assert!(waits[10..].windows(2).any(|pair| pair[0] != pair[1]));
    }
}
