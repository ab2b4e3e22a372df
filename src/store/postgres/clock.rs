//! The database's clock, read off this process's own.
//!
//! A measurement says what the server's clock showed before its answer came. Taken as if it were read when the answer
//! came, it is late by at most the round trip and never early: no deadline falls due before its time.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio_postgres::Client;

use super::fault::Fault;
use crate::ids::Millis;

/// How often it is measured.
pub(super) const EVERY: Duration = Duration::from_secs(5);
/// An answer that took longer says too little, unless there has been none better for a while.
const SLOW: Duration = Duration::from_millis(50);
/// For that long.
const WHILE: Duration = Duration::from_secs(60);
/// From how much on a server's clock lies far behind what was known, in microseconds, as that of a server that took over
/// may: then this one goes slower by a sixteenth until both are together again, a step with each measurement, and nobody
/// waits longer for that. For less it stands still.
const FAR: i64 = 2_000_000;
const STEP_BACK: i64 = EVERY.as_micros() as i64 / 16;
/// How many times the server is asked in one measurement.
const SAMPLES: usize = 3;

/// The server's time. Never goes back.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    /// Microseconds of the server's clock at `start`.
    offset: AtomicI64,
    /// When a good measurement was made last.
    good: Mutex<Instant>,
    last: AtomicI64,
}

/// What one question brought.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// What the server's clock showed, in microseconds.
    server: i64,
    /// When the answer was there.
    came: Instant,
    took: Duration,
}

// === impl Clock ===

impl Clock {
    /// Asks the server what time it is.
    pub(super) async fn start(client: &Client) -> Result<Self, Fault> {
        let start = Instant::now();
        let clock = Self { start, offset: AtomicI64::new(0), good: Mutex::new(start), last: AtomicI64::new(0) };
        let sample = clock.ask(client).await?;
        clock.offset.store(clock.offset_of(&sample), Ordering::Relaxed);
        Ok(clock)
    }

    /// Asks anew.
    pub(super) async fn measure(&self, client: &Client) -> Result<(), Fault> {
        let sample = self.ask(client).await?;
        self.take(&sample);
        Ok(())
    }

    pub(super) fn now(&self) -> Millis {
        self.at(Instant::now())
    }

    fn at(&self, now: Instant) -> Millis {
        let micros = self.offset.load(Ordering::Relaxed) + self.since_start(now);
        let millis = micros.div_euclid(1000);
        Millis(self.last.fetch_max(millis, Ordering::Relaxed).max(millis))
    }

    /// The best of a few answers: the one that says the latest time is nearest to the truth.
    async fn ask(&self, client: &Client) -> Result<Sample, Fault> {
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        let statement = client.prepare(sql).await?;
        let mut best: Option<Sample> = None;
        for _ in 0..SAMPLES {
            let asked = Instant::now();
            let server = client.query_one(&statement, &[]).await?.try_get(0)?;
            let came = Instant::now();
            let sample = Sample { server, came, took: came - asked };
            if best.is_none_or(|best| self.offset_of(&sample) > self.offset_of(&best)) {
                best = Some(sample);
            }
        }
        best.ok_or_else(Fault::silent)
    }

    fn take(&self, sample: &Sample) {
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if sample.took > SLOW && sample.came.duration_since(*good) < WHILE {
            return;
        }
        *good = sample.came;
        let (known, told) = (self.offset.load(Ordering::Relaxed), self.offset_of(sample));
        let next = if known - told < FAR { told } else { known - STEP_BACK };
        self.offset.store(next, Ordering::Relaxed);
    }

    fn offset_of(&self, sample: &Sample) -> i64 {
        sample.server - self.since_start(sample.came)
    }

    fn since_start(&self, now: Instant) -> i64 {
        i64::try_from(now.saturating_duration_since(self.start).as_micros()).unwrap_or(i64::MAX / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> (Clock, Instant) {
        let start = Instant::now();
        let offset = AtomicI64::new(1_000_000_000);
        (Clock { start, offset, good: Mutex::new(start), last: AtomicI64::new(0) }, start)
    }

    fn after(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn w1_the_clock_follows_the_servers_and_is_never_ahead_of_it() {
        let (clock, start) = clock();
        assert_eq!(clock.at(start + after(5)), Millis(1_000_005));
        // The server's clock is 40 ms ahead of what we believed; the answer was 10 ms on its way.
        clock.take(&Sample { server: 1_000_140_000, came: start + after(110), took: after(20) });
        assert_eq!(clock.at(start + after(110)), Millis(1_000_140), "the truth is 1000150");
        assert_eq!(clock.at(start + after(200)), Millis(1_000_230));
    }

    #[test]
    fn p1_the_clock_stands_still_while_the_servers_is_set_back() {
        let (clock, start) = clock();
        assert_eq!(clock.at(start + after(100)), Millis(1_000_100));
        clock.take(&Sample { server: 1_000_040_000, came: start + after(100), took: after(1) });
        assert_eq!(clock.at(start + after(150)), Millis(1_000_100));
        assert_eq!(clock.at(start + after(161)), Millis(1_000_101));
    }

    #[test]
    fn w1_the_clock_goes_on_while_the_servers_is_minutes_behind() {
        let (clock, start) = clock();
        assert_eq!(clock.at(start + after(5_000)), Millis(1_005_000));
        // A standby took over whose clock is five minutes late.
        let late = |at: u64| Sample {
            server: 1_000_000_000 + 1000 * (at as i64 - 300_000),
            came: start + after(at),
            took: after(1),
        };
        for round in 1..=10 {
            clock.take(&late(5_000 * round));
            let now = clock.at(start + after(5_000 * (round + 1))).0 - 1_000_000;
            let gone = 5_000 * (round as i64 + 1);
            assert!((gone * 15 / 16..gone).contains(&now), "{now} of {gone}");
        }
        // Half an hour later both are together.
        (11..=1000).for_each(|round| clock.take(&late(5_000 * round)));
        assert_eq!(clock.at(start + after(5_000_000)), Millis(1_000_000 + 5_000_000 - 300_000));
    }

    #[test]
    fn w1_a_slow_answer_says_nothing_unless_there_is_no_other() {
        let (clock, start) = clock();
        let slow = |at: u64| Sample {
            server: 1_000_000_000 + 1000 * (at as i64 - 900),
            came: start + after(at),
            took: after(900),
        };
        clock.take(&slow(1000));
        assert_eq!(clock.at(start + after(1000)), Millis(1_001_000));
        clock.take(&slow(61_000));
        assert_eq!(clock.at(start + after(62_000)), Millis(1_061_100));
    }
}
