//! The judge: a ledger of what was sent, answered and shown, and of waits; whatever does not agree is a fault. It knows
//! no sockets and no clocks: what happened is told to it.
//!
//! | file | noun |
//! |---|---|
//! | [`faults`] | what may be wrong |
//! | `lane` | one author's texts in one conversation, and their readers |
//! | `log` | a log that is read back |
//! | `wait` | one deadline |

pub mod faults;
mod lane;
mod log;
mod wait;

use self::faults::{Fault, Faults};
pub use self::lane::Way;
use self::lane::{Lane, Stream, Wrong};
pub use self::log::{Entry, Log, Said};
use self::wait::Wait;
pub use self::wait::{Begin, End};

/// The ledger of one generator.
#[derive(Debug, Default)]
pub struct Judge {
    lanes: Vec<Lane>,
    waits: Vec<Wait>,
    faults: Faults,
    /// Replies that may have held a page.
    pages: u64,
}

/// A wait that ended, when it did so as it should or late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Milliseconds from the deadline until the visitor heard of the end.
    pub late_ms: u64,
}

// === impl Judge ===

impl Judge {
    /// A lane for the texts of `author`; `answered` when the server says so for each.
    pub fn lane(&mut self, author: u32, answered: bool) -> u32 {
        self.lanes.push(Lane::new(author, answered));
        self.lanes.len() as u32 - 1
    }

    /// `person` must be shown every text of the lane that is sent from now on, once and in order.
    pub fn reader(&mut self, lane: u32, person: u32) {
        if let Some(lane) = self.lanes.get_mut(lane as usize) {
            let stream = Stream::from(lane.sent);
            lane.streams.insert(person, stream);
        }
    }

    /// A text is being sent; tells its number.
    pub fn sent(&mut self, lane: u32) -> u64 {
        let lane = &mut self.lanes[lane as usize];
        lane.sent += 1;
        lane.sent
    }

    /// The server answered that it has a text. `number` is `None` where its answers do not say which: then it is the
    /// next. True when the text had no answer before.
    pub fn acknowledged(&mut self, lane: u32, number: Option<u64>, seq: Option<u64>, duplicate: bool) -> bool {
        let Some(found) = self.lanes.get_mut(lane as usize) else {
            self.faults.add(Fault::Garbled, 1, || "an answer to nothing that was asked".into());
            return false;
        };
        let number = number.unwrap_or(found.answers.head + 1);
        if number == 0 || number > found.sent {
            self.faults.add(Fault::Garbled, 1, || format!("lane {lane}: text {number} was answered and never sent"));
            return false;
        }
        let (fresh, wrong) = found.answers.shown(number, seq.filter(|_| !duplicate), Way::Push, 0);
        let elsewhere = (!found.agrees(number, seq)).then_some(Wrong::Elsewhere);
        if let Some(wrong) = wrong.or(elsewhere) {
            let (fault, how) = wrong.told();
            self.faults.add(fault, 1, || format!("lane {lane}: text {number} was answered {how}"));
        }
        fresh
    }

    /// The number of the text whose answer is next.
    pub fn next_answer(&self, lane: u32) -> Option<u64> {
        self.lanes.get(lane as usize).map(|lane| lane.answers.head + 1)
    }

    /// How far `person` has come in the log on a lane: as its author by its answers, else by what they were shown.
    pub fn cursor(&self, lane: u32, person: u32) -> u64 {
        let Some(lane) = self.lanes.get(lane as usize) else { return 0 };
        match lane.author == person {
            true => lane.answers.seq(),
            false => lane.streams.get(&person).map_or(0, Stream::seq),
        }
    }

    /// A reply came: what it shows is a page of its own.
    pub fn page(&mut self) {
        self.pages += 1;
    }

    /// A text was shown to somebody. True when it is new to them.
    pub fn shown(&mut self, lane: u32, person: u32, number: u64, seq: Option<u64>, way: Way) -> bool {
        let Some(found) = self.lanes.get_mut(lane as usize).filter(|found| number <= found.sent && number > 0) else {
            self.faults.add(Fault::Garbled, 1, || format!("lane {lane}: text {number} was never sent"));
            return false;
        };
        if found.author == person {
            return false;
        }
        let Some(stream) = found.streams.get_mut(&person) else {
            self.faults.add(Fault::Leaked, 1, || format!("lane {lane}: text {number} was shown to {}", who(person)));
            return false;
        };
        let (fresh, wrong) = stream.shown(number, seq, way, self.pages);
        let elsewhere = (!found.agrees(number, seq)).then_some(Wrong::Elsewhere);
        if let Some(wrong) = wrong.or(elsewhere) {
            let (fault, how) = wrong.told();
            self.faults.add(fault, 1, || format!("lane {lane}: text {number} was shown to {} {how}", who(person)));
        }
        fresh
    }

    /// One page of a log that is read back, oldest first.
    pub fn log_page(&mut self, log: &mut Log, page: &[Entry]) {
        let sent = |lane: u32| self.lanes.get(lane as usize).map_or(0, |lane| lane.sent);
        for (fault, example) in log.page(page, sent) {
            self.faults.add(fault, 1, || example);
        }
    }

    /// A log was read back to its beginning.
    pub fn log_read(&mut self, log: &Log) {
        for (lane, stored) in log.stored() {
            self.read_back(lane, stored);
        }
    }

    /// How often a text of a lane stands in the log that was read back; `stored` counts them by number from 1.
    pub fn read_back(&mut self, lane: u32, stored: &[u32]) {
        let Some(found) = self.lanes.get(lane as usize) else { return };
        for number in (1..=found.answers.head).filter(|number| found.answers.has(*number)) {
            match stored.get(number as usize - 1).copied().unwrap_or(0) {
                1 => {}
                0 => self.faults.add(Fault::Lost, 1, || format!("lane {lane}: text {number} is not in the log")),
                more => self.faults.add(Fault::Doubled, u64::from(more) - 1, || {
                    format!("lane {lane}: text {number} stands in the log {more} times")
                }),
            }
        }
    }

    /// A visitor is about to wait, and cannot have waited enough before `earliest` by the server's clock, in milliseconds.
    /// Tells the wait's number.
    pub fn waiting(&mut self, earliest: u64) -> usize {
        self.waits.push(Wait::from(earliest));
        self.waits.len() - 1
    }

    /// The server says that it has begun; even if it tells of no deadline, the end comes by `latest`.
    pub fn begun(&mut self, wait: usize, latest: u64) {
        if let Some(found) = self.waits.get_mut(wait) {
            found.begun(latest);
        }
    }

    /// The server tells of the beginning and of the deadline. What it says later is the same again.
    pub fn announced(&mut self, wait: usize, begin: Begin) {
        let verdict = self.waits.get_mut(wait).and_then(|found| found.announce(&begin));
        if let Some(fault) = verdict {
            self.faults.add(fault, 1, || {
                let promised = begin.deadline as i64 - begin.at as i64;
                format!("wait {wait} was promised to last {promised} ms and not {}", begin.wait_ms)
            });
        }
    }

    /// The wait was refused, so that no end of it is owed.
    pub fn forget(&mut self, wait: usize) {
        if let Some(found) = self.waits.get_mut(wait) {
            found.forget();
        }
    }

    /// A wait ended in the offline flow. `allowed` is how late the visitor may hear of it.
    pub fn ended(&mut self, wait: usize, end: End, allowed: u64) -> Option<Ended> {
        let found = self.waits.get_mut(wait)?;
        let deadline = found.deadline();
        let late_ms = end.heard.saturating_sub(deadline);
        let verdict = found.end(&end, allowed);
        if let Some(fault) = verdict {
            self.faults.add(fault, 1, || match fault {
                Fault::EndedTwice => format!("wait {wait} ended a second time"),
                Fault::Late => format!("wait {wait} was heard to end {late_ms} ms late"),
                _ if !end.expired => format!("wait {wait} ended for another reason than its deadline"),
                _ => format!("wait {wait} ended {} ms early", deadline.saturating_sub(end.at.min(end.heard))),
            });
        }
        (verdict != Some(Fault::EndedTwice)).then_some(Ended { late_ms })
    }

    /// Anything else that is wrong.
    pub fn blame(&mut self, fault: Fault, example: impl FnOnce() -> String) {
        self.faults.add(fault, 1, example);
    }

    /// What is still to come: texts to be shown or answered, and waits to end.
    pub fn under_way(&self) -> u64 {
        let waits = self.waits.iter().filter(|wait| !wait.is_over()).count() as u64;
        self.lanes.iter().map(Lane::under_way).sum::<u64>() + waits
    }

    /// Texts sent in all.
    pub fn texts(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.sent).sum()
    }

    /// The verdict, when nothing more will come: what has not arrived by now is lost. A run that was cut short by its
    /// person owes no ends of waits.
    pub fn verdict(mut self, cut_short: bool) -> Faults {
        for (at, lane) in self.lanes.iter().enumerate() {
            let unanswered = lane.unanswered();
            if unanswered > 0 {
                self.faults
                    .add(Fault::Lost, unanswered, || format!("lane {at}: {unanswered} texts were never answered"));
            }
            for (person, stream) in &lane.streams {
                let behind = stream.behind(lane.sent) + stream.given_up;
                if behind > 0 {
                    let person = who(*person);
                    self.faults
                        .add(Fault::Lost, behind, || format!("lane {at}: {behind} texts never reached {person}"));
                }
            }
        }
        let open = self.waits.iter().filter(|wait| !wait.is_over()).count() as u64;
        if open > 0 && !cut_short {
            self.faults.add(Fault::Late, open, || format!("{open} waits never ended"));
        }
        let silent = self.waits.iter().filter(|wait| !wait.announced).count() as u64;
        if silent > 0 && !cut_short {
            self.faults.add(Fault::Lost, silent, || format!("of {silent} waits nobody told that they began"));
        }
        self.faults
    }
}

/// Visitors are numbered behind agents, see [`crate::generator`].
fn who(person: u32) -> String {
    match person.checked_sub(crate::generator::FIRST_VISITOR) {
        Some(visitor) => format!("visitor {visitor}"),
        None => format!("agent {person}"),
    }
}

#[cfg(test)]
mod tests;
