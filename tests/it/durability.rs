//! What was answered is on the disk, once: killed at any moment, repeated for ever.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use rand::RngExt;
use serde_json::{Value, json};

use crate::support::{Hub, Visitor, playbooks, wait};

const KILLS: usize = 100;
const SENDERS: usize = 8;
/// How many texts a sender has under way at once.
const PIPELINE: usize = 16;

/// Somebody who writes without waiting, remembers what was answered, and sends again what was not.
struct Sender {
    /// As it was at the beginning: its token stays good.
    first: Visitor,
    chat: String,
    /// Keys are `k0`, `k1` …; this is the next one.
    next: usize,
    /// The `seq` each key was answered with.
    acked: BTreeMap<usize, u64>,
    /// Sent, not answered.
    open: Vec<usize>,
    /// Everything at or before this was read back.
    checked: u64,
    /// What the store held, by key.
    stored: BTreeMap<usize, u64>,
}

// === impl Sender ===

impl Sender {
    async fn new(hub: &Hub) -> Self {
        let first = hub.visitor(playbooks::TALK).await;
        let chat = first.start().await;
        Self { first, chat, next: 0, acked: BTreeMap::new(), open: Vec::new(), checked: 2, stored: BTreeMap::new() }
    }

    fn send(&self, n: usize) -> Value {
        json!({"type": "send", "conversation": self.chat, "key": format!("k{n}"), "text": format!("text number {n}")})
    }

    /// Reads back what was stored since the last time; every answered text must be there, where it was answered to be.
    async fn read_back(&mut self, hub: &Hub) -> Visitor {
        let back = self.first.resume(&hub.visitors(), playbooks::TALK, &self.chat, self.checked).await;
        assert_eq!(back.welcome["recovered"], true, "{}", back.welcome);
        let head = back.welcome["conversation"]["seq"].as_u64().expect("a seq");
        let chat = self.chat.clone();
        if head > self.checked {
            back.until("the rest of the log", |seen| (seen.logs.head(&chat) >= head).then_some(())).await;
        }
        for event in back.events(&self.chat) {
            let (seq, key) = (event["seq"].as_u64().expect("a seq"), event["key"].as_str().unwrap_or_default());
            if let Some(n) = key.strip_prefix('k').and_then(|n| n.parse::<usize>().ok()) {
                assert_eq!(event["text"], format!("text number {n}"));
                assert_eq!(self.stored.insert(n, seq), None, "k{n} is stored twice");
            }
        }
        for (n, seq) in &self.acked {
            assert_eq!(self.stored.get(n), Some(seq), "k{n} was answered with {seq}");
        }
        self.checked = self.checked.max(head);
        back
    }

    /// Writes until the connection breaks: first what is open, then on.
    async fn write(&mut self, visitor: &Visitor, enough: &tokio::sync::Semaphore) {
        let mut waiting = std::collections::VecDeque::new();
        let mut again = std::mem::take(&mut self.open).into_iter();
        loop {
            while waiting.len() < PIPELINE {
                let n = again.next().unwrap_or_else(|| {
                    self.next += 1;
                    self.next - 1
                });
                waiting.push_back((n, visitor.post(self.send(n)).await));
            }
            let (n, id) = waiting.pop_front().expect("a pipeline");
            match visitor.try_reply(id).await {
                Some(reply) => {
                    assert_eq!(reply["ok"], true, "{reply}");
                    let seq = reply["seq"].as_u64().expect("a seq");
                    let before = self.acked.insert(n, seq).or_else(|| self.stored.get(&n).copied());
                    assert!(before.is_none_or(|before| before == seq), "k{n} moved");
                    enough.add_permits(1);
                }
                None => {
                    self.open = std::iter::once(n).chain(waiting.into_iter().map(|(n, _)| n)).chain(again).collect();
                    self.open.sort_unstable();
                    return;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_100_kills_under_8_pipelining_senders_lose_nothing_that_was_answered() {
    let mut hub = Hub::start().await;
    let mut senders = Vec::new();
    for _ in 0..SENDERS {
        senders.push(Sender::new(&hub).await);
    }
    for kill in 0..KILLS {
        let mut connections = Vec::new();
        for sender in &mut senders {
            connections.push(sender.read_back(&hub).await);
        }
        let enough = tokio::sync::Semaphore::new(0);
        let wanted = rand::rng().random_range(1..400);
        let killer = hub.killer();
        let strike = async {
            enough.acquire_many(wanted).await.expect("open").forget();
            killer();
        };
        let writing =
            join_all(senders.iter_mut().zip(&connections).map(|(sender, visitor)| sender.write(visitor, &enough)));
        tokio::join!(strike, writing);
        drop(connections);
        hub.restart().await;
        if kill == 0 {
            println!("restarted in {:?}", hub.started_in);
        }
    }
    let (mut acked, mut stored) = (0, 0);
    for sender in &mut senders {
        drop(sender.read_back(&hub).await);
        // A sender's own texts stand in the order they were sent.
        let order: Vec<u64> = sender.stored.values().copied().collect();
        assert!(order.is_sorted(), "a sender's texts overtook each other");
        acked += sender.acked.len();
        stored += sender.stored.len();
    }
    println!(
        "figure D1 kills={KILLS} senders={SENDERS} acked={acked} stored={stored} lost=0 bound_95={:.4}",
        3.0 / KILLS as f64
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d2_10000_texts_each_sent_three_times_across_restarts_are_stored_once() {
    const WRITERS: usize = 10;
    const TEXTS: usize = 1_000;
    let mut hub = Hub::start().await;
    let mut writers = Vec::new();
    for _ in 0..WRITERS {
        let visitor = hub.visitor(playbooks::TALK).await;
        let chat = visitor.start().await;
        writers.push((visitor, chat));
    }
    let text = |n: usize| format!("text {n}");
    let send =
        |chat: &str, n: usize| json!({"type": "send", "conversation": chat, "key": format!("k{n}"), "text": text(n)});
    let mut answers: Vec<BTreeMap<usize, u64>> = vec![BTreeMap::new(); WRITERS];
    let mut duplicates = 0;
    for round in 0..3 {
        let gate = hub.visitors();
        let tabs = join_all(writers.iter().map(|(visitor, _)| visitor.again(&gate, playbooks::TALK))).await;
        let rounds = tabs.iter().zip(&writers).zip(answers.iter_mut()).map(|((tab, (_, chat)), answers)| async move {
            let mut repeated = 0;
            for chunk in (0..TEXTS).collect::<Vec<_>>().chunks(50) {
                let ids = tab.post_all(chunk.iter().map(|n| send(chat, *n)).collect::<Vec<_>>()).await;
                for (n, id) in chunk.iter().zip(ids) {
                    let reply = tab.reply(id).await;
                    let seq = reply["seq"].as_u64().unwrap_or_else(|| panic!("refused: {reply}"));
                    assert_eq!(reply["duplicate"] == true, round > 0, "round {round}: {reply}");
                    repeated += usize::from(round > 0);
                    assert!(answers.insert(*n, seq).is_none_or(|before| before == seq), "k{n} moved");
                }
            }
            repeated
        });
        duplicates += join_all(rounds).await.into_iter().sum::<usize>();
        drop(tabs);
        hub.restart().await;
    }
    for ((visitor, chat), answers) in writers.iter().zip(&answers) {
        let back = visitor.again(&hub.visitors(), playbooks::TALK).await;
        let reply = back.ask(json!({"type": "send", "conversation": chat, "key": "k7", "text": "another body"})).await;
        assert_eq!((&reply["error"]["code"], &reply["error"]["field"]), (&json!("invalid"), &json!("key")));
        let mut before = json!(u32::MAX);
        let mut stored = BTreeMap::new();
        loop {
            let page = back.ok(json!({"type": "history", "conversation": chat, "before": before, "limit": 100})).await;
            let events = page["events"].as_array().expect("events").clone();
            let Some(first) = events.first() else { break };
            before = first["seq"].clone();
            for event in events {
                if let Some(key) = event["key"].as_str() {
                    assert!(
                        stored.insert(key.to_owned(), event["seq"].as_u64().expect("a seq")).is_none(),
                        "{key} twice"
                    );
                }
            }
        }
        assert_eq!(stored.len(), TEXTS);
        for (n, seq) in answers {
            assert_eq!(stored.get(&format!("k{n}")), Some(seq));
        }
    }
    println!(
        "figure D2 texts={} sends={} restarts=3 repeats_answered_as_duplicate={duplicates} stored_twice=0",
        WRITERS * TEXTS,
        3 * WRITERS * TEXTS
    );
}

#[tokio::test]
async fn d1_state_and_switches_survive_a_kill_as_texts_do() {
    let mut hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    jane.ok(json!({"type": "details", "conversation": chat, "details": {"deal": {"value": 7}}})).await;
    jane.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "A deal", "key": "i"})).await;
    jane.ok(json!({"type": "settings", "notify": {"message": false}})).await;
    let closed = jane.finish(&chat).await;
    hub.kill();
    hub.restart().await;
    let jane = hub.agent("jane").await;
    assert_eq!(
        (&jane.welcome["online"], &jane.welcome["settings"]["notify"]["message"]),
        (&json!(true), &json!(false))
    );
    let page = jane.open(&chat).await;
    let conversation = &page["conversation"];
    assert_eq!((&conversation["closed_at"], &conversation["seq"]), (&closed["at"], &closed["seq"]));
    assert_eq!(conversation["details"]["deal"]["value"].as_f64(), Some(7.0));
    assert_eq!(conversation["items"].as_array().map(Vec::len), Some(1));
    let epoch = jane.welcome["epoch"].clone();
    assert_eq!(epoch, visitor.welcome["epoch"], "a restart is no new store");
    wait::until("readiness", async || (hub.request("GET", "/readyz").send().await.ok()?.status == 200).then_some(()))
        .await;
}
