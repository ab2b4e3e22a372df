//! Durations by the million: a histogram in microseconds that travels between processes and into files.

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How long something took, each time; three digits are kept.
#[derive(Debug, Clone)]
pub struct Times(Histogram<u64>);

// === impl Times ===

impl Default for Times {
    fn default() -> Self {
        Times(Histogram::new(3).expect("three digits are allowed"))
    }
}

impl Times {
    /// Counts one.
    pub fn add(&mut self, took: Duration) {
        // The histogram grows by itself; what would not fit a u64 of microseconds is an age.
        self.0.record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX / 2)).ok();
    }

    /// Counts all of another.
    pub fn merge(&mut self, other: &Times) {
        self.0.add(&other.0).ok();
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// A quantile in milliseconds, like 0.99; none of nothing.
    pub fn ms(&self, quantile: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(quantile) as f64 / 1000.0)
    }

    /// The longest, in milliseconds.
    pub fn max_ms(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.max() as f64 / 1000.0)
    }

    /// Microseconds and how often, in order; what was never counted is left out.
    pub fn bars(&self) -> Vec<(u64, u64)> {
        self.0.iter_recorded().map(|bar| (bar.value_iterated_to(), bar.count_at_value())).collect()
    }
}

impl Serialize for Times {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.bars().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut times = Times::default();
        times.0.auto(true);
        for (value, count) in Vec::<(u64, u64)>::deserialize(deserializer)? {
            times.0.record_n(value, count).map_err(D::Error::custom)?;
        }
        Ok(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j3_times_survive_the_way_between_processes_and_add_up() {
        let mut one = Times::default();
        (1..=1000).for_each(|ms| one.add(Duration::from_millis(ms)));
        let told = serde_json::to_string(&one).unwrap();
        let mut two: Times = serde_json::from_str(&told).unwrap();
        assert_eq!(two.bars(), one.bars());
        two.merge(&one);
        assert_eq!(two.count(), 2000);
        let p99 = two.ms(0.99).unwrap();
        assert!((989.0..=992.0).contains(&p99), "{p99}");
        assert_eq!(Times::default().ms(0.5), None);
    }
}
