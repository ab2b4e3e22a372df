//! When what falls due: a fixed rate that no stall bends.

use std::time::{Duration, Instant};

use tokio::task::yield_now;
use tokio::time::sleep;

/// Below this distance to the next one a timer would be late, so we spin.
const SPIN: Duration = Duration::from_millis(3);

/// Calls `each` for everything that falls due until then, with when it was due.
pub(super) async fn pace(rate: f64, until: Instant, mut each: impl FnMut(u64, Instant)) {
    let (start, mut number) = (Instant::now(), 0);
    let due_at = |number: u64| start + Duration::from_secs_f64(number as f64 / rate);
    loop {
        let now = Instant::now();
        while due_at(number) <= now.min(until) {
            each(number, due_at(number));
            number += 1;
        }
        if now >= until {
            return;
        }
        let next = due_at(number).min(until);
        match next.saturating_duration_since(Instant::now()) {
            far if far > SPIN => sleep(far - SPIN / 2).await,
            _ => yield_now().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn j1_a_stall_bends_no_rate_and_each_keeps_when_it_was_due() {
        let (began, mut dues) = (Instant::now(), Vec::new());
        pace(1000.0, began + Duration::from_millis(200), |number, due| {
            if number == 50 {
                // A stall: nothing else runs on this thread meanwhile.
                while began.elapsed() < Duration::from_millis(120) {
                    std::hint::spin_loop();
                }
            }
            dues.push(due);
        })
        .await;
        // The stall alone is 120 of them; a busy machine may begin late.
        assert!((130..=201).contains(&dues.len()), "{} were due", dues.len());
        let gaps = dues.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.into_iter().all(|gap| gap > Duration::from_micros(900) && gap < Duration::from_micros(1100)));
    }
}
