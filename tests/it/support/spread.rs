//! How measured times are spread.

use std::{fmt, time::Duration};

/// Median, 99th of a hundred and the largest, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Half of them took no longer.
    pub p50: f64,
    /// All but a hundredth took no longer.
    pub p99: f64,
    /// None took longer.
    pub max: f64,
}

// === impl Spread ===

impl Spread {
    /// Of times in milliseconds; panics where there are none.
    pub fn of(times: impl IntoIterator<Item = f64>) -> Self {
        let mut times: Vec<f64> = times.into_iter().collect();
        assert!(!times.is_empty(), "nothing was measured");
        times.sort_by(f64::total_cmp);
        let last = times.len() - 1;
        Self { p50: times[last / 2], p99: times[last * 99 / 100], max: times[last] }
    }

    /// The same of durations.
    pub fn of_durations(times: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(times.into_iter().map(|time| time.as_secs_f64() * 1e3))
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50={:.0} p99={:.0} max={:.0}", self.p50, self.p99, self.max)
    }
}
