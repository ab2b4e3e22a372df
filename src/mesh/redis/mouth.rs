//! What waits to be said. Bounded: saying never waits, and what does not fit, or cannot be sent, is lost. That is told
//! to the others as soon as something can be said again, so that nobody takes silence for nothing said.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{counters::Counters, numbers::Numbers, word::Kind};
use crate::ids::WorkspaceId;

/// Words of one pipeline.
const BATCH: usize = 512;
/// Bytes of one pipeline, about.
const BATCH_BYTES: usize = 256 << 10;
/// So many workspaces with losses are told; those of the rest are found by the others' sweep.
const MOST_LOST: usize = 10_000;

/// The queue of what this node says.
#[derive(Debug)]
pub(super) struct Mouth {
    state: Mutex<State>,
    ready: Notify,
    most: usize,
    most_bytes: usize,
    counters: Counters,
}

#[derive(Debug, Default)]
struct State {
    /// Whether there is a connection to say it on. Without one words are lost at once: late ones help nobody.
    open: bool,
    words: VecDeque<Unsaid>,
    bytes: usize,
    numbers: Numbers,
    /// The highest number lost per workspace, since that was told.
    lost: HashMap<WorkspaceId, u64>,
    probe: Option<u64>,
}

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsaid {
    /// To whom; None is oneself.
    pub(super) workspace: Option<WorkspaceId>,
    pub(super) kind: Kind,
    pub(super) number: u64,
    pub(super) body: Bytes,
}

// === impl Mouth ===

impl Mouth {
    /// A queue of at most so many words and bytes.
    pub(super) fn new(most: usize, most_bytes: usize, counters: Counters) -> Self {
        Self { state: Mutex::default(), ready: Notify::new(), most, most_bytes, counters }
    }

    /// Something to say, at once or never.
    pub(super) fn say(&self, workspace: &WorkspaceId, body: Bytes) {
        let mut state = self.state();
        let number = state.numbers.next(workspace);
        let fits = state.words.len() < self.most && state.bytes + body.len() <= self.most_bytes;
        if !state.open || !fits {
            self.counters.dropped.inc();
            return state.lose(workspace, number);
        }
        state.bytes += body.len();
        state.words.push_back(Unsaid { workspace: Some(workspace.clone()), kind: Kind::Said, number, body });
        drop(state);
        self.ready.notify_one();
    }

    /// A message to oneself: behind all that waits, however much that is. A later one replaces it.
    pub(super) fn probe(&self, number: u64) {
        self.state().probe = Some(number);
        self.ready.notify_one();
    }

    /// The next words to send together. Waits while there are none.
    pub(super) async fn next(&self) -> Vec<Unsaid> {
        loop {
            let batch = self.state().take();
            if !batch.is_empty() {
                return batch;
            }
            self.ready.notified().await;
        }
    }

    /// These have been sent.
    pub(super) fn said(&self, batch: &[Unsaid]) {
        let words = batch.iter().filter(|unsaid| unsaid.kind == Kind::Said).count();
        self.counters.said.inc_by(words as u64);
    }

    /// These were turned away, and would be again.
    pub(super) fn refused(&self, batch: &[Unsaid]) {
        let words = batch.iter().filter(|unsaid| unsaid.kind == Kind::Said).count();
        self.counters.dropped.inc_by(words as u64);
    }

    /// These may not have been.
    pub(super) fn lost(&self, batch: Vec<Unsaid>) {
        let mut state = self.state();
        for unsaid in batch {
            self.lose(&mut state, unsaid);
        }
    }

    /// From now on words can be sent.
    pub(super) fn open(&self) {
        self.state().open = true;
        // There may be losses to tell.
        self.ready.notify_one();
    }

    /// From now on they cannot: what waits is lost.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.open = false;
        state.bytes = 0;
        for unsaid in mem::take(&mut state.words) {
            self.lose(&mut state, unsaid);
        }
    }

    fn lose(&self, state: &mut State, unsaid: Unsaid) {
        let Some(workspace) = &unsaid.workspace else { return };
        if unsaid.kind == Kind::Said {
            self.counters.dropped.inc();
        }
        state.lose(workspace, unsaid.number);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    fn lose(&mut self, workspace: &WorkspaceId, number: u64) {
        if let Some(lost) = self.lost.get_mut(workspace) {
            *lost = number.max(*lost);
        } else if self.lost.len() < MOST_LOST {
            self.lost.insert(workspace.clone(), number);
        }
    }

    fn take(&mut self) -> Vec<Unsaid> {
        if !self.open {
            return Vec::new();
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH
            && bytes < BATCH_BYTES
            && let Some(unsaid) = self.words.pop_front()
        {
            bytes += unsaid.body.len();
            batch.push(unsaid);
        }
        self.bytes -= bytes;
        // Only behind all that waits: a word that comes after a higher number is taken for an old one.
        if self.words.is_empty() {
            let told: Vec<_> = self.lost.keys().take(BATCH).cloned().collect();
            for workspace in told {
                let Some((workspace, number)) = self.lost.remove_entry(&workspace) else { continue };
                batch.push(Unsaid { workspace: Some(workspace), kind: Kind::Lost, number, body: Bytes::new() });
            }
            if let Some(number) = self.probe.take() {
                batch.push(Unsaid { workspace: None, kind: Kind::Probe, number, body: Bytes::new() });
            }
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mouth(most: usize, most_bytes: usize) -> Mouth {
        Mouth::new(most, most_bytes, Counters::default())
    }

    fn say(mouth: &Mouth, workspace: &str, body: &'static str) {
        mouth.say(&workspace.into(), Bytes::from_static(body.as_bytes()));
    }

    /// A batch as text: `w1:body`, `w1!` for a loss, `?1` for a probe.
    fn shown(batch: &[Unsaid]) -> String {
        let one = |unsaid: &Unsaid| {
            let workspace = unsaid.workspace.as_ref().map_or("", WorkspaceId::as_str);
            match unsaid.kind {
                Kind::Said => format!("{workspace}{}:{}", unsaid.number, String::from_utf8_lossy(&unsaid.body)),
                Kind::Lost => format!("{workspace}{}!", unsaid.number),
                Kind::Probe => format!("?{}", unsaid.number),
                Kind::Run => unreachable!("words become runs when they are packed"),
            }
        };
        batch.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[tokio::test(start_paused = true)]
    async fn d4_what_is_lost_is_told_behind_what_waits() {
        let mouth = mouth(3, 1_000);
        say(&mouth, "a", "nobody can be told");
        mouth.open();
        assert_eq!(shown(&mouth.next().await), "a1!");
        for body in ["one", "two", "three", "too many"] {
            say(&mouth, "a", body);
        }
        say(&mouth, "b", "too many");
        mouth.probe(6);
        mouth.probe(7);
        let batch = mouth.next().await;
        let told = shown(&batch);
        assert!(told.starts_with("a2:one a3:two a4:three ") && told.ends_with(" ?7"), "{told}");
        assert!(told.contains(" a5!") && told.contains(" b1!"), "{told}");
        mouth.said(&batch);
        assert_eq!((mouth.counters.said.get(), mouth.counters.dropped.get()), (3, 3));
        let more = tokio::time::timeout(std::time::Duration::from_secs(60), mouth.next()).await;
        assert!(more.is_err(), "all is told once");
    }

    #[tokio::test]
    async fn d4_what_was_under_way_or_waited_when_the_connection_broke_is_lost() {
        let mouth = mouth(10, 1_000);
        mouth.open();
        say(&mouth, "a", "under way");
        let batch = mouth.next().await;
        say(&mouth, "a", "waits");
        say(&mouth, "b", "waits");
        mouth.lost(batch);
        mouth.close();
        say(&mouth, "b", "too late");
        assert_eq!(mouth.counters.dropped.get(), 4);
        mouth.open();
        say(&mouth, "a", "again");
        let mut told: Vec<_> = shown(&mouth.next().await).split(' ').map(str::to_owned).collect();
        assert_eq!(told.remove(0), "a3:again");
        told.sort();
        assert_eq!(told, ["a2!", "b2!"]);
    }

    #[tokio::test]
    async fn l6_words_and_bytes_that_wait_are_bounded() {
        let few = mouth(1_000, 100);
        few.open();
        for _ in 0..50 {
            say(&few, "a", "0123456789");
        }
        assert_eq!(few.state().words.len(), 10);
        few.next().await;
        assert_eq!(few.state().bytes, 0);
        let many = mouth(10_000, 1 << 20);
        many.open();
        for _ in 0..BATCH + 1 {
            say(&many, "a", "x");
        }
        many.probe(1);
        assert_eq!(many.next().await.len(), BATCH);
        assert_eq!(shown(&many.next().await), format!("a{}:x ?1", BATCH + 1));
    }
}
