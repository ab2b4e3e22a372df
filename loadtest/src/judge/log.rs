//! A log that is read back, page by page from its end to its beginning.

use super::faults::Fault;

/// What was read of one conversation so far.
#[derive(Debug)]
pub struct Log {
    /// Pages lie before this place.
    before: u64,
    lanes: Vec<Told>,
}

/// What it holds of one lane.
#[derive(Debug)]
struct Told {
    lane: u32,
    /// How often each text stands in it, by number from 1.
    stored: Vec<u32>,
    /// The first text of the pages read so far, behind which none of an older page may come.
    first: u64,
}

/// One event of a log.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its place.
    pub seq: u64,
    /// What it is.
    pub said: Said,
}

/// What an event of a log is.
#[derive(Debug, Clone, Copy)]
pub enum Said {
    /// A text of this run: its lane and its number.
    Text(u32, u64),
    /// A text that is nobody's here.
    Foreign,
    /// What the one who reads must not see.
    Hidden,
    /// Anything else.
    Event,
}

// === impl Log ===

impl Log {
    /// The log of a conversation in which these lanes write and nobody else.
    pub fn of(lanes: &[u32]) -> Log {
        let lanes = lanes.iter().map(|lane| Told { lane: *lane, stored: Vec::new(), first: u64::MAX }).collect();
        Log { before: u64::MAX, lanes }
    }

    /// Takes in the page before those it has; tells what is wrong with it. `sent` says how many texts a lane has.
    pub(super) fn page(&mut self, page: &[Entry], sent: impl Fn(u32) -> u64) -> Vec<(Fault, String)> {
        let (mut faults, mut last) = (Vec::new(), 0);
        // The highest and the lowest text of each lane in this page.
        let mut spans = vec![(0, u64::MAX); self.lanes.len()];
        for Entry { seq, said } in page {
            if *seq <= last || *seq >= self.before {
                faults.push((Fault::Reordered, format!("seq {seq} stands in a log behind a later one")));
            }
            last = *seq;
            let (lane, number) = match said {
                Said::Text(lane, number) => (*lane, *number),
                Said::Foreign => {
                    faults.push((Fault::Leaked, format!("seq {seq} of a log is a text of nobody here")));
                    continue;
                }
                Said::Hidden => {
                    faults.push((Fault::Leaked, format!("seq {seq} of a visitor's log is for agents")));
                    continue;
                }
                Said::Event => continue,
            };
            let Some(at) = self.lanes.iter().position(|told| told.lane == lane) else {
                faults.push((Fault::Leaked, format!("seq {seq} of a log is a text of lane {lane}")));
                continue;
            };
            if number == 0 || number > sent(lane) {
                faults.push((Fault::Garbled, format!("lane {lane}: text {number} is in the log and was never sent")));
                continue;
            }
            let (told, (highest, lowest)) = (&mut self.lanes[at], &mut spans[at]);
            if number < *highest || number > told.first {
                faults.push((Fault::Reordered, format!("lane {lane}: text {number} is in the log after a later one")));
            }
            (*highest, *lowest) = (number.max(*highest), number.min(*lowest));
            told.count(number);
        }
        for (told, (_, lowest)) in self.lanes.iter_mut().zip(spans) {
            told.first = told.first.min(lowest);
        }
        self.before = page.first().map_or(self.before, |entry| entry.seq.min(self.before));
        faults
    }

    /// Each lane, and how often each of its texts stands in the log.
    pub(super) fn stored(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.lanes.iter().map(|told| (told.lane, &*told.stored))
    }
}

// === impl Told ===

impl Told {
    fn count(&mut self, number: u64) {
        let at = number as usize - 1;
        if self.stored.len() <= at {
            self.stored.resize(at + 1, 0);
        }
        self.stored[at] += 1;
    }
}
