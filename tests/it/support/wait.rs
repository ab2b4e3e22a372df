//! Waiting without sleeping: look, wait for the next tick, look again, and give up at a deadline.

use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

/// How long a test waits for what must come. Generous: the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How often a thing that cannot wake us is looked at.
const TICK: Duration = Duration::from_millis(5);

/// Waits until `look` finds something; panics with `what` after [`PATIENCE`].
pub async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look).await
}

/// The same with a limit of one's own.
pub async fn within<T>(limit: Duration, what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    match try_within(limit, look).await {
        Some(found) => found,
        None => panic!("waited {limit:?} in vain: {what}"),
    }
}

/// The same for somebody who can live without.
pub async fn try_within<T>(limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        if let Some(found) = look().await {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        ticks.tick().await;
    }
}

/// Waits until the wall clock shows `at`, milliseconds since the epoch.
pub async fn clock(at: i64) {
    let left = u64::try_from(at - now()).unwrap_or(0);
    within(Duration::from_millis(left) + PATIENCE, "the clock", async || (now() >= at).then_some(())).await;
}

/// The wall clock, milliseconds since the epoch.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the year 292 million")
}
