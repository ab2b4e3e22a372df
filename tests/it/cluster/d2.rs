//! The same text three times, by other hubs, across deaths of hubs and with swallowed answers: stored once.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Client, Cluster, Visitor,
    dial::Dial,
    judge::judge,
    playbooks,
    proxy::{Cut, Fault, Way},
    roamer::retryable,
    size, wait,
};

const WRITERS: usize = 10;
/// Texts of a writer that go out together.
const TOGETHER: usize = 25;
/// A hub is killed in one lap of so many, answers are swallowed in another.
const EVERY: usize = 5;

/// Somebody who says everything three times.
struct Writer {
    visitor: Visitor,
    chat: String,
    answers: BTreeMap<usize, u64>,
    /// How often a text was answered as the first of its key.
    firsts: usize,
    duplicates: usize,
    unanswered: usize,
}

// === impl Writer ===

impl Writer {
    async fn new(cluster: &Cluster, n: usize) -> Self {
        let visitor = cluster.visitor(n, playbooks::TALK).await;
        let chat = visitor.start().await;
        Self { visitor, chat, answers: BTreeMap::new(), firsts: 0, duplicates: 0, unanswered: 0 }
    }

    fn send(&self, n: usize) -> Value {
        json!({"type": "send", "conversation": self.chat, "key": format!("k{n}"), "text": format!("text {n}")})
    }

    /// A new tab at a hub that lives.
    async fn tab(&self, dials: &[Dial], hub: usize) -> Client {
        let mut greeting = Visitor::greeting(playbooks::TALK);
        greeting["token"] = self.visitor.token();
        let mut at = hub;
        wait::until("a hub that lets one in", async || {
            at += 1;
            let client = dials[(at - 1) % dials.len()].connect().await.ok()?;
            let id = client.post(greeting.clone()).await;
            let reply = client.reply_or_end(id, wait::PATIENCE).await?;
            (reply["ok"] == true).then_some(client)
        })
        .await
    }

    /// Says all of these at once through a tab, and takes the answers that come.
    async fn say(&mut self, tab: &Client, texts: impl Iterator<Item = usize>) {
        let numbers: Vec<usize> = texts.collect();
        let posted = tab.post_all(numbers.iter().map(|n| self.send(*n)).collect::<Vec<_>>()).await;
        self.unanswered += numbers.len() - posted.len();
        for (n, id) in numbers.iter().zip(posted) {
            match tab.reply_or_end(id, wait::PATIENCE).await {
                Some(reply) if reply["ok"] == true => {
                    let seq = reply["seq"].as_u64().expect("a seq");
                    let first = reply["duplicate"] != true;
                    self.firsts += usize::from(first);
                    self.duplicates += usize::from(!first);
                    assert!(self.answers.insert(*n, seq).is_none_or(|before| before == seq), "k{n} moved: {reply}");
                }
                Some(reply) if retryable(&reply) => self.unanswered += 1,
                Some(reply) => panic!("k{n} was refused: {reply}"),
                None => self.unanswered += 1,
            }
        }
    }
}

/// One lap of all writers: what each has to say, three times, each time at the next hub.
async fn lap(cluster: &mut Cluster, writers: &mut [Writer], lap: usize) {
    let dials = cluster.all_visitors();
    let texts = || lap * TOGETHER..(lap + 1) * TOGETHER;
    for round in 0..3 {
        let hub = (lap + round) % 3;
        let tabs = join_all(writers.iter().map(|writer| writer.tab(&dials, hub))).await;
        let swallow = round == 0 && lap % EVERY == 1;
        if swallow {
            cluster.gates[hub].set_way(Way::Down, Fault::Silence);
        }
        let killer = (round == 1 && lap % EVERY == 3).then(|| cluster.hubs[hub].killer());
        let says = join_all(writers.iter_mut().zip(&tabs).map(|(writer, tab)| writer.say(tab, texts())));
        let trouble = async {
            if swallow {
                let gate = &cluster.gates[hub];
                let before = gate.silenced();
                let all = before + WRITERS as u64;
                wait::try_within(wait::PATIENCE / 10, async || (gate.silenced() >= all).then_some(())).await;
                gate.cut_all(Cut::Reset);
                gate.heal();
            }
            if let Some(kill) = killer {
                kill();
            }
        };
        tokio::join!(says, trouble);
        if round == 1 && lap % EVERY == 3 {
            cluster.restart(&[hub]).await;
        }
    }
    // Whatever is still open is said until it is answered.
    for writer in writers {
        let open: Vec<usize> = texts().filter(|n| !writer.answers.contains_key(n)).collect();
        if !open.is_empty() {
            let tab = writer.tab(&dials, lap).await;
            writer.say(&tab, open.into_iter()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d2_texts_sent_three_times_by_other_hubs_across_kills_and_swallowed_answers_are_stored_once() {
    // Each is sent three times: ten thousand sends, a million before a release.
    let texts = size(3_000, 334_000);
    let laps = texts / WRITERS / TOGETHER;
    let mut cluster = Cluster::start(3).await;
    let mut writers = Vec::new();
    for n in 0..WRITERS {
        writers.push(Writer::new(&cluster, n).await);
    }
    for n in 0..laps {
        lap(&mut cluster, &mut writers, n).await;
    }
    let root = cluster.admin(0, "root").await;
    let other = cluster.all_visitors();
    let (mut stored, mut duplicates, mut unanswered) = (0, 0, 0);
    for writer in &writers {
        let events = root.transcript(&writer.chat).await;
        judge(&events);
        let mut found = BTreeMap::new();
        for event in &events {
            let key = event["key"].as_str().and_then(|key| key.strip_prefix('k')?.parse::<usize>().ok());
            if let Some(n) = key {
                assert!(found.insert(n, event["seq"].as_u64().expect("a seq")).is_none(), "k{n} is stored twice");
            }
        }
        assert_eq!(found, writer.answers, "what is stored is not what was answered");
        assert!(writer.firsts <= found.len(), "two answers said to be the first of one key");
        let tab = writer.tab(&other, 1).await;
        let another = json!({"type": "send", "conversation": writer.chat, "key": "k7", "text": "another body"});
        let refused = tab.refused(another, "invalid").await;
        assert_eq!(refused["field"], "key");
        stored += found.len();
        duplicates += writer.duplicates;
        unanswered += writer.unanswered;
    }
    assert_eq!(stored, laps * TOGETHER * WRITERS);
    println!(
        "figure D2 hubs=3 texts={stored} sends={} kills={} swallowings={} answered_as_duplicate={duplicates} \
         unanswered={unanswered} stored_twice=0",
        3 * stored,
        laps / EVERY,
        laps / EVERY
    );
    assert!(unanswered > 0, "neither a kill nor a swallowing met a text under way");
}
