//! Where the hub's chance comes from: jitter and new ids. In a simulation it comes from a seed.

use std::sync::{Mutex, PoisonError};

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

/// A source of chance.
#[derive(Debug)]
pub struct Dice {
    /// None: the system's own, which nobody can guess.
    seeded: Option<Mutex<StdRng>>,
}

// === impl Dice ===

impl Dice {
    /// As the system makes it.
    pub fn fair() -> Self {
        Self { seeded: None }
    }

    /// The same for each seed. For simulations: ids drawn from it can be guessed.
    pub fn seeded(seed: u64) -> Self {
        Self { seeded: Some(Mutex::new(StdRng::seed_from_u64(seed))) }
    }

    /// What follows the prefix of an id.
    pub(super) fn bits(&self) -> [u8; 15] {
        let mut bits = [0; 15];
        self.roll(|rng| rng.fill_bytes(&mut bits));
        bits
    }

    /// A number from `range`.
    pub(super) fn within(&self, range: std::ops::RangeInclusive<u64>) -> u64 {
        self.roll(|rng| rng.random_range(range))
    }

    fn roll<T>(&self, roll: impl FnOnce(&mut dyn Rng) -> T) -> T {
        match &self.seeded {
            None => roll(&mut rand::rng()),
            Some(seeded) => roll(&mut *seeded.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_ids_come_from_the_system_unless_a_seed_is_given() {
        let draw = |dice: &Dice| (dice.bits(), dice.within(0..=u64::MAX));
        assert_ne!(draw(&Dice::fair()), draw(&Dice::fair()));
        assert_eq!(draw(&Dice::seeded(7)), draw(&Dice::seeded(7)));
        assert_ne!(draw(&Dice::seeded(7)), draw(&Dice::seeded(8)));
    }
}
