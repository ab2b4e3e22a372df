//! Where a hub itself says the time goes: the histograms `usher_stage_seconds{stage="…"}` of its `/metrics`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::http;

/// The name of the histograms.
const NAME: &str = "usher_stage_seconds";

/// One stage, over the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name: `received`, `stored`, `fanned_out`.
    pub name: String,
    /// How many were timed.
    pub count: u64,
    /// Mean, in milliseconds.
    pub mean_ms: f64,
    /// The bound, in milliseconds, below which 99 % lie; none when it is beyond the last bucket.
    pub p99_below_ms: Option<f64>,
}

/// What each hub had counted when somebody looked.
#[derive(Debug, Clone, Default)]
pub struct Look(Vec<BTreeMap<String, Counted>>);

#[derive(Debug, Clone, Default)]
struct Counted {
    count: f64,
    sum: f64,
    /// By the bucket's bound, as text, since the order of floats is not total.
    buckets: Vec<(f64, f64)>,
}

// === impl Look ===

impl Look {
    /// Asks all hubs; one that does not tell is passed over.
    pub fn at(hubs: &[SocketAddr]) -> Look {
        let told = |hub: &SocketAddr| http::ask(*hub, "GET", "/metrics", None, None).map(|answer| read(&answer.body));
        Look(hubs.iter().map(|hub| told(hub).unwrap_or_default()).collect())
    }

    /// What came since an earlier look; empty when the hubs tell nothing of it.
    pub fn since(&self, earlier: &Look) -> Vec<Stage> {
        let mut all: BTreeMap<&String, Counted> = BTreeMap::new();
        for (hub, stages) in self.0.iter().enumerate() {
            for (name, now) in stages {
                let then = earlier.0.get(hub).and_then(|stages| stages.get(name));
                all.entry(name).or_default().add(now, then);
            }
        }
        all.retain(|_, counted| counted.count >= 1.0);
        let stage = |(name, counted): (&String, Counted)| {
            let reached = |(bound, sum): &&(f64, f64)| *sum >= counted.count * 0.99 && bound.is_finite();
            Stage {
                name: name.clone(),
                count: counted.count as u64,
                mean_ms: counted.sum / counted.count * 1000.0,
                p99_below_ms: counted.buckets.iter().find(reached).map(|(bound, _)| bound * 1000.0),
            }
        };
        all.into_iter().map(stage).collect()
    }
}

// === impl Counted ===

impl Counted {
    /// Adds what came between two looks at a hub. One that counts less than before was begun anew in between.
    fn add(&mut self, now: &Counted, then: Option<&Counted>) {
        let nothing = Counted::default();
        let then = then.filter(|then| then.count <= now.count && then.sum <= now.sum).unwrap_or(&nothing);
        self.count += now.count - then.count;
        self.sum += now.sum - then.sum;
        for (bound, sum) in &now.buckets {
            *self.bucket(*bound) +=
                sum - then.buckets.iter().find(|(known, _)| known == bound).map_or(0.0, |old| old.1);
        }
    }

    fn bucket(&mut self, bound: f64) -> &mut f64 {
        let at = self.buckets.iter().position(|(known, _)| *known == bound).unwrap_or_else(|| {
            self.buckets.push((bound, 0.0));
            self.buckets.len() - 1
        });
        &mut self.buckets[at].1
    }
}

fn read(metrics: &str) -> BTreeMap<String, Counted> {
    let mut stages: BTreeMap<String, Counted> = BTreeMap::new();
    for line in metrics.lines().filter(|line| line.starts_with(NAME)) {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        let (Ok(value), Some(stage)) = (value.parse::<f64>(), label(name, "stage")) else { continue };
        let counted = stages.entry(stage.to_owned()).or_default();
        match name.strip_prefix(NAME).and_then(|rest| rest.split('{').next()) {
            Some("_count") => counted.count += value,
            Some("_sum") => counted.sum += value,
            Some("_bucket") => {
                let Some(bound) = label(name, "le").and_then(|bound| bound.parse::<f64>().ok()) else { continue };
                *counted.bucket(bound) += value;
            }
            _ => {}
        }
    }
    stages
}

/// The value of a label of a metric.
fn label<'a>(name: &'a str, label: &str) -> Option<&'a str> {
    let (_, labels) = name.split_once('{')?;
    labels.split(',').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == label).then(|| value.trim_matches(['"', '}']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(count: u32, fast: u32) -> Look {
        Look(vec![read(&format!(
            "# HELP usher_stage_seconds x\nusher_stage_seconds_sum{{stage=\"stored\"}} {}\n\
             usher_stage_seconds_count{{stage=\"stored\"}} {count}\n\
             usher_stage_seconds_bucket{{le=\"0.001\",stage=\"stored\"}} {fast}\n\
             usher_stage_seconds_bucket{{le=\"0.004\",stage=\"stored\"}} {count}\n\
             usher_stage_seconds_bucket{{le=\"+Inf\",stage=\"stored\"}} {count}\nusher_events_total 3\n",
            f64::from(count) * 0.002,
        ))])
    }

    #[test]
    fn j3_a_hub_that_was_begun_anew_between_two_looks_counts_from_nothing() {
        let two = |one: Look, other: Look| Look([one.0, other.0].concat());
        let stages = two(metrics(40, 40), metrics(300, 300)).since(&two(metrics(900, 900), metrics(200, 200)));
        let [stage] = &stages[..] else { panic!("{stages:?}") };
        assert_eq!((stage.count, stage.p99_below_ms), (140, Some(1.0)));
        assert!((stage.mean_ms - 2.0).abs() < 1e-6);
    }

    #[test]
    fn j3_a_hubs_own_stages_are_read_as_the_difference_of_two_looks() {
        let stages = metrics(300, 250).since(&metrics(100, 100));
        let [stage] = &stages[..] else { panic!("{stages:?}") };
        assert_eq!((stage.name.as_str(), stage.count, stage.p99_below_ms), ("stored", 200, Some(4.0)));
        assert!((stage.mean_ms - 2.0).abs() < 1e-6);
        assert!(metrics(5, 5).since(&metrics(5, 5)).is_empty());
        assert!(Look::default().since(&Look::default()).is_empty());
    }
}
