//! When to commit: at once while little is asked, some time apart under load and longer under heavy load, because a
//! commit costs the same whatever is in it.

use std::time::{Duration, Instant};

/// How long a look at the load lasts.
const WINDOW: Duration = Duration::from_millis(16);
/// From how much in a window on it is load: one and a half a millisecond.
const LOAD: usize = 24;
/// From how much on it is heavy: sixteen a millisecond.
const HEAVY: usize = 256;
/// This much is worth a commit at any time.
const ENOUGH: usize = 128;

/// A writer's sense of its load.
#[derive(Debug)]
pub(super) struct Pace {
    /// The least time between the beginnings of two commits under load.
    gap: Duration,
    /// The same under heavy load: then it is the core that texts wait for, not the commit.
    long: Duration,
    last_turn: Instant,
    window: Instant,
    now: usize,
    before: usize,
}

// === impl Pace ===

impl Pace {
    pub(super) fn new(gap: Duration, long: Duration) -> Self {
        let now = Instant::now();
        Self { gap, long, last_turn: now, window: now, now: 0, before: 0 }
    }

    /// How long to let more come before committing the `waiting` that are there.
    pub(super) fn wait(&self, waiting: usize) -> Option<Duration> {
        self.wait_at(Instant::now(), waiting)
    }

    /// A commit of this much begins.
    pub(super) fn turn(&mut self, size: usize) {
        self.turn_at(Instant::now(), size);
    }

    fn wait_at(&self, now: Instant, waiting: usize) -> Option<Duration> {
        let fresh = now.duration_since(self.window) < 2 * WINDOW;
        let load = self.now.max(self.before) + waiting;
        if !fresh || load < LOAD || waiting >= ENOUGH {
            return None;
        }
        let gap = if load < HEAVY { self.gap } else { self.long };
        let wait = gap.saturating_sub(now.duration_since(self.last_turn));
        (!wait.is_zero()).then_some(wait)
    }

    fn turn_at(&mut self, now: Instant, size: usize) {
        let age = now.duration_since(self.window);
        if age >= WINDOW {
            self.before = if age < 2 * WINDOW { self.now } else { 0 };
            self.now = 0;
            self.window = now;
        }
        self.now += size;
        self.last_turn = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d1_a_commit_is_made_at_once_when_idle_and_some_time_apart_under_load() {
        let (mut pace, start) = (Pace::new(Duration::from_millis(1), Duration::from_millis(2)), Instant::now());
        let at = |us: u64| start + Duration::from_micros(us);
        for n in 0..20 {
            pace.turn_at(at(n * 2000), 1);
            assert_eq!(pace.wait_at(at(n * 2000 + 300), 1), None, "one every 2 ms is no load");
        }
        for n in 0..20 {
            pace.turn_at(at(40_000 + n * 1000), 5);
        }
        assert_eq!(pace.wait_at(at(59_300), 5), Some(Duration::from_micros(700)));
        assert_eq!(pace.wait_at(at(59_300), ENOUGH), None, "enough is there to be worth a commit");
        assert_eq!(pace.wait_at(at(60_100), 5), None, "the last one was long enough ago");
        assert_eq!(pace.wait_at(at(200_000), 1), None, "the load is over");
    }

    #[test]
    fn d1_under_heavy_load_commits_are_longer_apart() {
        let (mut pace, start) = (Pace::new(Duration::from_millis(1), Duration::from_millis(2)), Instant::now());
        let at = |us: u64| start + Duration::from_micros(us);
        for n in 0..20 {
            pace.turn_at(at(n * 1000), 20);
        }
        assert_eq!(pace.wait_at(at(19_300), 5), Some(Duration::from_micros(1700)));
        assert_eq!(pace.wait_at(at(19_300), ENOUGH), None, "enough is there to be worth a commit");
        assert_eq!(pace.wait_at(at(200_000), 1), None, "the load is over");
    }
}
