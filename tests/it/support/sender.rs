//! Somebody who writes without waiting for answers, remembers what was answered, and writes again what was not.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Rein, Roamer, roamer::retryable, wait};

/// One author in one conversation; the keys are a prefix and a number.
pub struct Sender {
    /// By whom.
    pub who: Roamer,
    /// Where.
    pub chat: String,
    /// What the keys begin with.
    pub prefix: String,
    /// The `seq` each number was answered with.
    pub acked: BTreeMap<usize, u64>,
    /// When each answer came that was the first try's, and how long it had taken.
    pub times: Vec<(Instant, Duration)>,
    /// Refusals that asked for the same again.
    pub refused: usize,
    /// Answers whose connection ended before they came.
    pub cut: usize,
    pipeline: usize,
    next: usize,
    /// To be sent again, in order.
    again: VecDeque<usize>,
    window: VecDeque<Posted>,
}

struct Posted {
    n: usize,
    id: u64,
    at: Instant,
}

// === impl Sender ===

impl Sender {
    /// So many texts under way at once.
    pub fn new(who: Roamer, chat: &str, prefix: &str, pipeline: usize) -> Self {
        Self {
            who,
            chat: chat.into(),
            prefix: prefix.into(),
            acked: BTreeMap::new(),
            times: Vec::new(),
            refused: 0,
            cut: 0,
            pipeline,
            next: 0,
            again: VecDeque::new(),
            window: VecDeque::new(),
        }
    }

    /// The key of a number.
    pub fn key(&self, n: usize) -> String {
        format!("{}{n}", self.prefix)
    }

    /// Writes as long as the rein is given, then until everything is answered.
    pub async fn run(&mut self, rein: &Rein) {
        loop {
            self.fill(rein).await;
            let Some(posted) = self.window.pop_front() else { return };
            let patience = self.who.patience;
            let Some(client) = self.who.current() else { unreachable!("something was posted") };
            match client.reply_or_end(posted.id, patience).await {
                Some(reply) if retryable(&reply) => self.refused(posted).await,
                Some(reply) => self.answered(&posted, &reply, rein),
                None => self.cut_off(posted),
            }
        }
    }

    async fn fill(&mut self, rein: &Rein) {
        while self.window.len() < self.pipeline {
            let n = match self.again.pop_front() {
                Some(n) => n,
                None if rein.goes_on() => {
                    self.next += 1;
                    self.next - 1
                }
                None => return,
            };
            let request = self.request(n);
            // What was posted on a connection that ended meanwhile is answered on no other.
            let client = match self.who.current() {
                Some(client) if !self.window.is_empty() => client,
                _ => self.who.client().await,
            };
            let id = client.post(request).await;
            self.window.push_back(Posted { n, id, at: Instant::now() });
        }
    }

    fn request(&self, n: usize) -> Value {
        json!({"type": "send", "conversation": self.chat, "key": self.key(n), "text": format!("text number {n}")})
    }

    fn answered(&mut self, posted: &Posted, reply: &Value, rein: &Rein) {
        assert_eq!(reply["ok"], true, "{} in {} was refused: {reply}", self.key(posted.n), self.chat);
        let seq = reply["seq"].as_u64().expect("a seq");
        let before = self.acked.insert(posted.n, seq);
        assert!(before.is_none_or(|before| before == seq), "{} moved from {before:?} to {seq}", self.key(posted.n));
        self.times.push((Instant::now(), posted.at.elapsed()));
        rein.count();
    }

    /// What is behind a refused text gets the same refusal, until that key comes again.
    async fn refused(&mut self, posted: Posted) {
        self.refused += 1;
        let mut back = vec![posted.n];
        let patience = self.who.patience;
        for behind in self.window.drain(..) {
            let Some(client) = self.who.current() else { unreachable!("something was posted") };
            match client.reply_or_end(behind.id, patience).await {
                Some(reply) if reply["ok"] == true => {
                    self.acked.insert(behind.n, reply["seq"].as_u64().expect("a seq"));
                }
                _ => back.push(behind.n),
            }
        }
        self.take_back(back);
        wait::clock(wait::now() + 50).await;
    }

    fn cut_off(&mut self, posted: Posted) {
        self.cut += 1;
        let mut back = vec![posted.n];
        back.extend(self.window.drain(..).map(|posted| posted.n));
        self.take_back(back);
        self.who.lost();
    }

    fn take_back(&mut self, back: Vec<usize>) {
        let mut all: Vec<usize> = back.into_iter().chain(self.again.drain(..)).collect();
        all.sort_unstable();
        self.again = all.into();
    }

    /// Judges a whole log: every answered text stands where it was answered to stand, once, and mine stand in the
    /// order they were sent. Gives how many of mine there are.
    pub fn judge(&self, log: &[Value]) -> usize {
        let mut stored = BTreeMap::new();
        for event in log {
            let number = event["key"].as_str().and_then(|key| key.strip_prefix(&self.prefix)?.parse::<usize>().ok());
            let Some(n) = number else { continue };
            let seq = event["seq"].as_u64().expect("a seq");
            assert_eq!(event["text"], format!("text number {n}"));
            assert_eq!(stored.insert(n, seq), None, "{} is stored twice in {}", self.key(n), self.chat);
        }
        for (n, seq) in &self.acked {
            assert_eq!(stored.get(n), Some(seq), "{} was answered with {seq} in {}", self.key(*n), self.chat);
        }
        assert!(stored.values().is_sorted(), "texts of {} overtook each other in {}", self.prefix, self.chat);
        stored.len()
    }
}
