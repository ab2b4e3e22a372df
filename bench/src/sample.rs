//! Figures: one window's, and what several windows say together.

use std::fmt;

/// One measured window under load.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    /// Texts delivered and acknowledged in it.
    pub(crate) texts: u64,
    /// Its length in seconds.
    pub(crate) seconds: f64,
    /// CPU seconds of the server in it.
    pub(crate) cpu: f64,
    /// CPU of this program, in % of one core.
    pub(crate) generator: f64,
    /// CPU that others used and that the host took, in % of one core.
    pub(crate) noise: f64,
    /// Time from due to delivered, and from due to acknowledged, in microseconds, sorted.
    pub(crate) delivery: Vec<u32>,
    pub(crate) reply: Vec<u32>,
}

/// One server in one round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    pub(crate) closed: Window,
    pub(crate) open: Window,
    /// The most memory that was resident, in KiB.
    pub(crate) peak: f64,
}

/// One server's idle connections.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Idle {
    pub(crate) connections: usize,
    /// KiB of resident memory per connection.
    pub(crate) kib: f64,
    /// CPU in % of one core.
    pub(crate) cpu: f64,
    /// Connections joined (first frame answered) per second.
    pub(crate) joins: f64,
}

/// The median of some figures, with the smallest and the largest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    count: usize,
}

// === impl Window ===

impl Window {
    pub(crate) fn rate(&self) -> f64 {
        self.texts as f64 / self.seconds
    }

    /// CPU seconds of the server per 100,000 texts.
    pub(crate) fn cpu_per_100k(&self) -> f64 {
        self.cpu * 100_000.0 / self.texts.max(1) as f64
    }
}

/// A quantile of sorted microseconds, in milliseconds.
pub(crate) fn quantile(sorted: &[u32], q: f64) -> f64 {
    let rank = (sorted.len() as f64 * q).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).map_or(f64::NAN, |&micros| f64::from(micros) / 1000.0)
}

// === impl Spread ===

impl Spread {
    /// Of at least one figure.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Spread {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let middle = |at: usize| sorted.get(at).copied().unwrap_or(f64::NAN);
        let median = if count % 2 == 1 {
            middle(count / 2)
        } else {
            (middle(count / 2) + middle((count / 2).wrapping_sub(1))) / 2.0
        };
        Spread { median, min: middle(0), max: middle(count.wrapping_sub(1)), count }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", short(self.median))?;
        if self.count > 1 {
            write!(f, " ({}–{})", short(self.min), short(self.max))?;
        }
        Ok(())
    }
}

/// Three digits that matter, thousands apart.
fn short(figure: f64) -> String {
    match figure.abs() {
        large if large >= 1000.0 => {
            let whole = figure.round() as i64;
            format!("{},{:03}", whole / 1000, whole % 1000)
        }
        hundreds if hundreds >= 100.0 => format!("{figure:.0}"),
        tens if tens >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_a_spread_tells_the_median_and_both_ends() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]).to_string(), "2.00 (1.00–3.00)");
        assert_eq!(Spread::of([2.0, 1.0]).median, 1.5);
        assert_eq!(Spread::of([54_321.4]).to_string(), "54,321");
    }

    #[test]
    fn o_a_quantile_is_a_figure_that_was_measured() {
        let sorted: Vec<u32> = (1..=100).map(|n| n * 1000).collect();
        assert_eq!(quantile(&sorted, 0.5), 50.0);
        assert_eq!(quantile(&sorted, 0.99), 99.0);
        assert_eq!(quantile(&[7000], 0.99), 7.0);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
