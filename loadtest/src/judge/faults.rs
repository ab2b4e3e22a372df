//! What may be wrong with a hub, counted, each kind with its first examples.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::Refused;

/// Examples that are kept of a kind; what follows is often the echo of the first.
const EXAMPLES: usize = 8;

/// A kind of fault. Any of them fails a run, whatever its speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A text was never shown to somebody who should have it, never answered, or is not in the log.
    Lost,
    /// A text was shown or answered twice to the same one, or stands in the log twice.
    Doubled,
    /// A text was shown or answered before an earlier one of the same author, or `seq` did not rise.
    Reordered,
    /// Something was shown to somebody who must not see it.
    Leaked,
    /// A wait ended after its deadline by more than is allowed, or never.
    Late,
    /// A wait ended before its deadline, or for no reason that there was.
    Early,
    /// A wait ended twice.
    EndedTwice,
    /// A frame that no client could make sense of.
    Garbled,
    /// A request was refused that should have been done.
    Refused,
    /// A connection was ended that should have lived, or did not come back.
    Cut,
}

/// All faults of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Faults(BTreeMap<Fault, Found>);

/// The faults of one kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// How many: texts, waits, frames.
    pub count: u64,
    /// The first of them in words. Numbers only: no text, token or address of anybody.
    pub examples: Vec<String>,
}

// === impl Fault ===

impl Fault {
    /// What it is that something could not be done with a server which ran: it said no, or it had gone.
    pub fn of(error: &anyhow::Error) -> Fault {
        if error.chain().any(|cause| cause.is::<Refused>()) { Fault::Refused } else { Fault::Cut }
    }

    /// Its word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Fault::Lost => "lost",
            Fault::Doubled => "doubled",
            Fault::Reordered => "reordered",
            Fault::Leaked => "leaked",
            Fault::Late => "late",
            Fault::Early => "early",
            Fault::EndedTwice => "ended twice",
            Fault::Garbled => "garbled",
            Fault::Refused => "refused",
            Fault::Cut => "cut",
        }
    }
}

// === impl Faults ===

impl Faults {
    /// Counts `count` more of a kind.
    pub fn add(&mut self, fault: Fault, count: u64, example: impl FnOnce() -> String) {
        let found = self.0.entry(fault).or_default();
        found.count += count;
        if found.examples.len() < EXAMPLES {
            found.examples.push(example());
        }
    }

    /// Counts those another generator found.
    pub fn merge(&mut self, other: &Faults) {
        for (fault, theirs) in &other.0 {
            let ours = self.0.entry(*fault).or_default();
            ours.count += theirs.count;
            let room = EXAMPLES.saturating_sub(ours.examples.len());
            ours.examples.extend(theirs.examples.iter().take(room).cloned());
        }
    }

    /// How many of a kind.
    pub fn count(&self, fault: Fault) -> u64 {
        self.0.get(&fault).map_or(0, |found| found.count)
    }

    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each kind that was found.
    pub fn iter(&self) -> impl Iterator<Item = (Fault, &Found)> {
        self.0.iter().map(|(fault, found)| (*fault, found))
    }
}
