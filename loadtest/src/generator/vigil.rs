//! A generator that does not sleep. On one machine it is the sender's core that pays for waking a reader who sleeps (an
//! interrupt to another, mostly virtual, core: as much as the rest of a write), which no server pays for readers at the
//! other end of a network. Whoever is measured is measured alike.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{AbortHandle, spawn_local, yield_now};

/// A turn of the runtime that is over so soon had nothing to do: to look whether something came takes less, to read it more.
const SPARE: Duration = Duration::from_micros(2);

/// Keeps the thread of a `LocalSet` from sleeping until it is dropped.
pub(super) struct Vigil {
    began: Instant,
    spare: Rc<Cell<Duration>>,
    task: AbortHandle,
}

// === impl Vigil ===

impl Vigil {
    pub(super) fn begin() -> Vigil {
        let spare = Rc::new(Cell::new(Duration::ZERO));
        let task = spawn_local(watch(spare.clone())).abort_handle();
        Vigil { began: Instant::now(), spare, task }
    }

    /// The part of the time so far in which it would have slept, 0 to 1.
    pub(super) fn spare(&self) -> f64 {
        self.spare.get().as_secs_f64() / self.began.elapsed().as_secs_f64()
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(spare: Rc<Cell<Duration>>) {
    let mut before = Instant::now();
    loop {
        yield_now().await;
        let now = Instant::now();
        let turn = now - before;
        if turn < SPARE {
            spare.set(spare.get() + turn);
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::LocalSet;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn j1_a_generator_that_does_not_sleep_knows_when_it_might_have() {
        let room = LocalSet::new();
        let vigil = room.run_until(async { Vigil::begin() }).await;
        room.run_until(sleep(Duration::from_millis(50))).await;
        let spare = vigil.spare();
        assert!(spare > 0.1 && spare <= 1.0, "{spare} of the time");
        // Work is none of it: after three times as long a quarter is left.
        let busy = Instant::now();
        let work = async {
            while busy.elapsed() < Duration::from_millis(150) {
                std::hint::spin_loop();
            }
        };
        room.run_until(work).await;
        assert!(vigil.spare() < spare / 2.0, "{} after {spare}", vigil.spare());
    }
}
