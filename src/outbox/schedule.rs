//! When a failed delivery is tried again: eight tries, all within a day.

use std::time::Duration;

use rand::RngExt;

/// Tries of one delivery.
pub const TRIES: u32 = 8;

/// The waits between them, in multiples of the first: with 5 s that is 5 s, 30 s, 2 min, 10 min, 1 h, 4 h, 12 h.
const WAITS: [u32; TRIES as usize - 1] = [1, 6, 24, 120, 720, 2880, 8640];

/// How much longer a wait may be, in percent, so that what failed together does not come back together.
const JITTER: u32 = 20;

/// How long to wait after so many failures (from 1); None when it was the last try. `first` is the first wait.
pub fn wait(failures: u32, first: Duration) -> Option<Duration> {
    let times = WAITS.get(failures.checked_sub(1)? as usize)?;
    Some(first * *times * rand::rng().random_range(100..=100 + JITTER) / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w2_eight_tries_lie_ever_further_apart_and_within_a_day() {
        let first = Duration::from_secs(5);
        for _ in 0..100 {
            let waits: Vec<Duration> = (1..TRIES).map(|failures| wait(failures, first).expect("another try")).collect();
            assert_eq!(waits.len(), 7);
            assert!(waits.windows(2).all(|pair| pair[1] > 2 * pair[0]), "{waits:?}");
            let all: Duration = waits.iter().sum();
            assert!(all > Duration::from_secs(17 * 3600) && all < Duration::from_secs(24 * 3600), "{all:?}");
        }
        assert_eq!((wait(0, first), wait(TRIES, first)), (None, None));
    }
}
