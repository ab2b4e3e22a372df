//! Figures: one window's, and what several windows say together.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_a_quantile_is_a_figure_that_was_measured() {
        let sorted: Vec<u32> = (1..=100).map(|n| n * 1000).collect();
        assert_eq!(quantile(&sorted, 0.5), 50.0);
        assert_eq!(quantile(&sorted, 0.99), 99.0);
        assert_eq!(quantile(&[7000], 0.99), 7.0);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
