//! How often somebody may ask, over all their connections.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DashMapStateStore,
};

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

/// The rates of one node. A lifted one costs nothing.
pub struct Rates {
    visitors: Option<Keyed<String>>,
    /// What visitors only want to see; apart, so that leafing through what was said costs nobody a text.
    looks: Option<Keyed<String>>,
    agents: Option<Keyed<String>>,
    starts: Option<Keyed<IpAddr>>,
}

/// So many a second on average, so many at once; a rate of 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// A second.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

// === impl Rates ===

impl Rates {
    /// Rates of visitors, of agents, and of conversations started per address and minute (0: no limit).
    pub fn new(visitors: Rate, agents: Rate, starts_per_minute: u32) -> Self {
        let starts = NonZeroU32::new(starts_per_minute).map(|most| RateLimiter::dashmap(Quota::per_minute(most)));
        Self { visitors: visitors.limiter(), looks: visitors.limiter(), agents: agents.limiter(), starts }
    }

    /// One more request of a visitor.
    ///
    /// # Errors
    /// After how many milliseconds it may come.
    pub fn visitor(&self, visitor: &str) -> Result<(), u64> {
        check(self.visitors.as_ref(), || visitor.to_owned())
    }

    /// One more look of a visitor at what is there.
    ///
    /// # Errors
    /// After how many milliseconds it may come.
    pub fn look(&self, visitor: &str) -> Result<(), u64> {
        check(self.looks.as_ref(), || visitor.to_owned())
    }

    /// One more request of an agent.
    ///
    /// # Errors
    /// After how many milliseconds it may come.
    pub fn agent(&self, workspace: &str, agent: &str) -> Result<(), u64> {
        check(self.agents.as_ref(), || format!("{workspace}\n{agent}"))
    }

    /// One more conversation from an address.
    ///
    /// # Errors
    /// After how many milliseconds it may come.
    pub fn start(&self, address: IpAddr) -> Result<(), u64> {
        check(self.starts.as_ref(), || address)
    }

    /// Forgets everybody who is back at their full burst.
    pub fn sweep(&self) {
        self.visitors.iter().for_each(|keyed| keyed.retain_recent());
        self.looks.iter().for_each(|keyed| keyed.retain_recent());
        self.agents.iter().for_each(|keyed| keyed.retain_recent());
        self.starts.iter().for_each(|keyed| keyed.retain_recent());
    }
}

fn check<K: Clone + Eq + std::hash::Hash>(limiter: Option<&Keyed<K>>, key: impl FnOnce() -> K) -> Result<(), u64> {
    let Some(limiter) = limiter else { return Ok(()) };
    limiter.check_key(&key()).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)
    })
}

// === impl Rate ===

impl Rate {
    fn limiter(self) -> Option<Keyed<String>> {
        let per_second = NonZeroU32::new(self.per_second)?;
        let quota = Quota::with_period(Duration::from_secs(1) / per_second.get())?;
        let burst = NonZeroU32::new(self.burst).unwrap_or(NonZeroU32::MIN);
        Some(RateLimiter::dashmap(quota.allow_burst(burst)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_the_burst_passes_and_the_next_is_told_when_to_come() {
        let rates = Rates::new(Rate { per_second: 1, burst: 3 }, Rate { per_second: 0, burst: 1 }, 1);
        for _ in 0..3 {
            assert_eq!(rates.visitor("v"), Ok(()));
        }
        let wait = rates.visitor("v").expect_err("the burst is used up");
        assert!((1..=1_000).contains(&wait), "{wait}");
        assert_eq!(rates.visitor("somebody else"), Ok(()));
        assert_eq!(rates.look("v"), Ok(()), "a look is no text");
    }

    #[test]
    fn o_a_rate_of_zero_is_no_limit() {
        let off = Rate { per_second: 0, burst: 1 };
        let rates = Rates::new(off, off, 0);
        for _ in 0..10_000 {
            assert_eq!(rates.agent("w", "a"), Ok(()));
            assert_eq!(rates.start([127, 0, 0, 1].into()), Ok(()));
        }
    }
}
