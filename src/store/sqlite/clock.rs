//! The store's clock: the process's own, which never goes back and never stands still.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use crate::ids::Millis;

/// Less than this the system's clock may lie behind what was read before, in milliseconds: another thread was quicker.
const JITTER: i64 = 10;
/// While the system's clock has been set back, this one goes slower by one part of so many, until both are together
/// again, as `adjtime` does it: whoever waits does not wait for that.
const SLOWER: i64 = 16;

/// Wall time that goes on, a little slower, while the system's clock is set back.
#[derive(Debug, Default)]
pub(super) struct Clock {
    last: AtomicI64,
    alone: Mutex<Option<Alone>>,
}

/// A time in which the system's clock lies behind.
#[derive(Clone, Copy, Debug)]
struct Alone {
    /// Since when, and what this clock showed then.
    since: Instant,
    from: i64,
    /// What it showed last.
    told: i64,
}

// === impl Clock ===

impl Clock {
    pub(super) fn now(&self) -> Millis {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.read(i64::try_from(wall).unwrap_or(i64::MAX), Instant::now)
    }

    fn read(&self, wall: i64, now: impl FnOnce() -> Instant) -> Millis {
        let last = self.last.fetch_max(wall, Ordering::Relaxed);
        match last - wall < JITTER {
            true => Millis(last.max(wall)),
            false => self.go_on(now()),
        }
    }

    fn go_on(&self, now: Instant) -> Millis {
        let mut alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.last.load(Ordering::Relaxed);
        // What was told since by the system's clock belongs to another time.
        let stretch =
            alone.filter(|stretch| stretch.told == last).unwrap_or(Alone { since: now, from: last, told: last });
        let gone = i64::try_from(now.saturating_duration_since(stretch.since).as_millis()).unwrap_or(i64::MAX / 2);
        let told = (stretch.from + gone - gone / SLOWER).max(last);
        self.last.fetch_max(told, Ordering::Relaxed);
        *alone = Some(Alone { told, ..stretch });
        Millis(told)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn p1_the_clock_goes_on_a_little_slower_while_the_systems_is_set_back() {
        let (clock, start) = (Clock::default(), Instant::now());
        let read = |wall: i64, ms: u64| clock.read(wall, || start + Duration::from_millis(ms)).0;
        assert_eq!((read(10_000, 0), read(9_995, 0)), (10_000, 10_000), "another thread was quicker");
        // Set back by an hour.
        let back = |ms: u64| read(10_000 - 3_600_000 + i64::try_from(ms).unwrap(), ms);
        assert_eq!((back(0), back(1), back(1_600), back(16_000)), (10_000, 10_001, 11_500, 25_000));
        assert_eq!(back(16_000), 25_000);
        // Still before it after thirteen hours, together after sixteen, and set back once more a day later.
        (16_000..48_000_000).step_by(60_000).for_each(|ms| assert!(back(ms) > 0));
        assert_eq!((back(48_000_000), back(57_616_000)), (45_010_000, 54_026_000));
        assert_eq!(read(100_000_000, 100_000_000), 100_000_000);
        assert_eq!(read(50_000_000, 100_000_500), 100_000_000);
        assert_eq!(read(50_001_600, 100_002_100), 100_001_500);
    }

    #[test]
    fn p1_the_clock_never_goes_back_whatever_the_systems_does() {
        let (clock, start) = (Clock::default(), Instant::now());
        let mut last = 0;
        for step in 0..10_000_u64 {
            // Here and there by up to some seconds, in a course that repeats itself.
            let wall = 1_000_000 + (step * 37 % 1_001) as i64 * 5 + step as i64;
            let now = clock.read(wall, || start + Duration::from_millis(step)).0;
            assert!(now >= last, "{last} and then {now}");
            last = now;
        }
    }
}
