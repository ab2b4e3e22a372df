//! The budget of a profile: limits of what is measured.

use serde::{Deserialize, Serialize};

use super::Profile;

/// Limits of what is measured; what is not named is not limited.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Delivery of a text, median and 99 %, in milliseconds.
    pub delivery_p50_ms: Option<f64>,
    /// See above.
    pub delivery_p99_ms: Option<f64>,
    /// Reply to the sender, 99 %, in milliseconds.
    pub reply_p99_ms: Option<f64>,
    /// From the first packet to the answered `hello`, 99 %, in milliseconds.
    pub join_p99_ms: Option<f64>,
    /// From a deadline until the visitor hears of it, 99 %, in milliseconds.
    pub lateness_p99_ms: Option<f64>,
    /// Texts a second, at least.
    pub texts_per_second: Option<f64>,
    /// Joins a second of a storm, at least.
    pub joins_per_second: Option<f64>,
    /// Deliveries to watchers a second, at least.
    pub fanned_per_second: Option<f64>,
    /// The hubs' memory at its peak, in MiB.
    pub peak_mib: Option<f64>,
    /// Memory of an idle visitor in KiB.
    pub kib_per_idle: Option<f64>,
    /// The hubs' CPU seconds for 100,000 texts.
    pub cpu_per_100k: Option<f64>,
}

/// A limit of one figure.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// The figure's name.
    pub name: &'static str,
    /// Its limit, if there is one.
    pub value: Option<f64>,
    /// Whether that is the least, and not the most.
    pub least: bool,
    /// Whether it can only be measured on the hubs' machine.
    pub local: bool,
}

/// The part of a profile that a figure is measured of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Any,
    Pairs,
    Fanout,
    Idle,
    Storm,
    Waits,
}

// === impl Budget ===

impl Budget {
    /// All of them.
    pub fn limits(&self) -> impl Iterator<Item = Limit> {
        self.parts().into_iter().map(|(limit, _)| limit)
    }

    /// All of them, and what each is measured of.
    pub(super) fn parts(&self) -> [(Limit, Of); 11] {
        let most = |name, value, of| (Limit { name, value, least: false, local: false }, of);
        let least = |name, value, of| (Limit { name, value, least: true, local: false }, of);
        let local = |name, value, of| (Limit { name, value, least: false, local: true }, of);
        [
            most("delivery_p50_ms", self.delivery_p50_ms, Of::Pairs),
            most("delivery_p99_ms", self.delivery_p99_ms, Of::Pairs),
            most("reply_p99_ms", self.reply_p99_ms, Of::Pairs),
            most("join_p99_ms", self.join_p99_ms, Of::Any),
            most("lateness_p99_ms", self.lateness_p99_ms, Of::Waits),
            least("texts_per_second", self.texts_per_second, Of::Pairs),
            least("joins_per_second", self.joins_per_second, Of::Storm),
            least("fanned_per_second", self.fanned_per_second, Of::Fanout),
            local("peak_mib", self.peak_mib, Of::Any),
            local("kib_per_idle", self.kib_per_idle, Of::Idle),
            local("cpu_per_100k", self.cpu_per_100k, Of::Pairs),
        ]
    }
}

// === impl Of ===

impl Of {
    /// The part's name, where the profile lacks it.
    pub(super) fn lacking(self, profile: &Profile) -> Option<&'static str> {
        let (name, there) = match self {
            Of::Any => return None,
            Of::Pairs => ("pairs", profile.pairs.is_some()),
            Of::Fanout => ("fanout", profile.fanout.is_some()),
            Of::Idle => ("idle", profile.idle.is_some()),
            Of::Storm => ("storm", profile.storm.is_some()),
            Of::Waits => ("waits", profile.waits.is_some()),
        };
        (!there).then_some(name)
    }
}
