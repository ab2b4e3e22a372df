//! The store's clock: the process's own, which never goes back.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::ids::Millis;

/// Wall time that stands still while the system's clock is set back.
#[derive(Debug, Default)]
pub(super) struct Clock(AtomicI64);

// === impl Clock ===

impl Clock {
    pub(super) fn now(&self) -> Millis {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.read(i64::try_from(wall).unwrap_or(i64::MAX))
    }

    fn read(&self, wall: i64) -> Millis {
        Millis(self.0.fetch_max(wall, Ordering::Relaxed).max(wall))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_the_clock_stands_still_while_the_systems_is_set_back() {
        let clock = Clock::default();
        assert_eq!(clock.read(1000), Millis(1000));
        assert_eq!(clock.read(400), Millis(1000));
        assert_eq!(clock.read(1001), Millis(1001));
    }
}
