//! Cut at any byte, back behind one's cursor: exactly what was missing. And when there is no such log any more, that.

use std::{fs, time::Duration};

use rand::RngExt;
use serde_json::{Value, json};

use crate::support::{
    Hub, Visitor, playbooks,
    raw::{Frame, Raw},
    token, wait,
};

const DISCONNECTS: usize = 2_000;
const READERS: usize = 8;

/// Somebody who is cut off again and again, and their copy of the log.
struct Reader {
    greeting: Value,
    after: Value,
    agent: bool,
    chat: String,
    log: Vec<Value>,
    resets: usize,
}

// === impl Reader ===

impl Reader {
    fn head(&self) -> u64 {
        self.log.last().and_then(|event| event["seq"].as_u64()).unwrap_or(0)
    }

    /// Connects, asks for what is missing, and is cut off after `bytes` of the answer.
    async fn visit(&mut self, hub: &Hub, bytes: usize) {
        let dial = if self.agent { hub.agents() } else { hub.visitors() };
        let mut raw = Raw::open(&dial).await;
        let (head, mut after) = (self.head(), self.after.clone());
        after["seq"] = json!(head);
        let mut greeting = self.greeting.clone();
        if !self.agent && head > 0 {
            greeting["after"] = after.clone();
        }
        raw.text(&greeting.to_string()).await;
        if self.agent {
            let mut open = json!({"type": "open", "id": "open", "conversation": self.chat});
            if head > 0 {
                open["after"] = after;
            }
            raw.text(&open.to_string()).await;
        }
        // What an agent follows anyway is pushed from the head on; the log is whole only behind `open`.
        let mut joined = !self.agent;
        for frame in raw.cut_after(bytes).await {
            let Frame::Text(frame) = frame else { continue };
            joined |= frame["id"] == "open";
            if joined {
                self.take(&frame);
            }
        }
    }

    fn take(&mut self, frame: &Value) {
        let mine = frame["conversation"] == *self.chat || frame["conversation"]["id"] == *self.chat;
        if frame["type"] == "reply" {
            assert_eq!(frame["ok"], true, "{frame}");
            if frame.get("recovered").is_some() && self.head() > 0 && frame["recovered"] != true {
                let head = frame["conversation"]["seq"].as_u64().expect("a seq");
                let needless = head - self.head() <= 2_000;
                println!("a reset behind {} with the head at {head}: agent {}", self.head(), self.agent);
                self.resets += usize::from(needless);
                self.log.clear();
            }
        }
        // Events of a reply other than hello and open stand in for nothing here: this reader never writes.
        if !mine {
            return;
        }
        for event in frame["events"].as_array().into_iter().flatten() {
            let seq = event["seq"].as_u64().expect("a seq");
            assert!(seq > self.head(), "{seq} again behind {}", self.head());
            // The visitor of this trial is shown every event there is, so neither of the two may miss one.
            assert!(self.head() == 0 || seq == self.head() + 1, "a hole between {} and {seq}", self.head());
            self.log.push(event.clone());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d5_2000_disconnects_at_random_bytes_miss_nothing_and_double_nothing() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let mut readers = Vec::new();
    let mut writers = Vec::new();
    for n in 0..READERS {
        let visitor = hub.visitor(playbooks::LIVE).await;
        let chat = visitor.start().await;
        jane.claim(&chat).await;
        let mut greeting = match n % 2 == 0 {
            true => Visitor::greeting(playbooks::LIVE),
            false => json!({"type": "hello"}),
        };
        greeting["token"] = if n % 2 == 0 { visitor.token() } else { json!(token::agent("jane", "agent")) };
        greeting["id"] = json!("hello");
        let mut after = json!({"epoch": visitor.welcome["epoch"]});
        if n % 2 == 0 {
            after["conversation"] = json!(chat);
        }
        readers.push(Reader { greeting, after, agent: n % 2 == 1, chat: chat.clone(), log: Vec::new(), resets: 0 });
        writers.push((visitor, chat));
    }
    let trials = readers.iter_mut().zip(&writers).map(|(reader, (visitor, chat))| {
        let hub = &hub;
        async move {
            let mut sent = 0;
            for _ in 0..DISCONNECTS / READERS {
                // Mostly a few texts behind, now and then further than a page.
                let behind = if rand::rng().random_ratio(1, 50) { 250 } else { rand::rng().random_range(0..4) };
                let texts: Vec<Value> = (0..behind)
                    .map(|n| json!({"type": "send", "conversation": chat, "key": format!("k{}", sent + n), "text": format!("text {}", sent + n)}))
                    .collect();
                sent += behind;
                // Not waited for: they come in while the other one reconnects.
                let ids = visitor.post_all(texts).await;
                // Now and then whole, or a page larger than the cut would keep the reader where it is.
                let most = if rand::rng().random_ratio(1, 4) { 200_000 } else { 8_000 };
                reader.visit(hub, rand::rng().random_range(0..most)).await;
                if let Some(id) = ids.last() {
                    visitor.reply(*id).await;
                }
            }
            // At last it may stay until it has everything.
            let head = visitor.ok(json!({"type": "send", "conversation": chat, "key": "last", "text": "last"})).await["seq"].as_u64().expect("a seq");
            wait::until("the whole log", async || {
                reader.visit(hub, 1_000_000).await;
                (reader.head() >= head).then_some(())
            })
            .await;
            sent
        }
    });
    let sent: usize = futures_util::future::join_all(trials).await.into_iter().sum();
    let mut resets = 0;
    for (reader, (_, chat)) in readers.iter().zip(&writers) {
        let whole = jane.transcript(chat).await;
        let first = reader.log[0]["seq"].as_u64().expect("a seq") as usize;
        assert_eq!(reader.log[..], whole[first - 1..], "the reader's copy differs");
        resets += reader.resets;
    }
    println!("figure D5 disconnects={DISCONNECTS} texts={sent} mismatches=0 needless_resets={resets}");
    assert_eq!(resets, 0);
}

#[tokio::test]
async fn p7_behind_a_restored_backup_a_cursor_from_before_gets_a_fresh_page() {
    let mut hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    for n in 0..3 {
        visitor.say(&chat, &format!("before{n}"), "in the backup").await;
    }
    let (store, copy) = (hub.folder().path().join("usher.db"), hub.folder().path().join("backup.db"));
    let backup = rusqlite::Connection::open(&store).expect("the store");
    backup.execute("VACUUM INTO ?1", [copy.to_str().expect("a path")]).expect("a backup");
    drop(backup);
    let mut last = 0;
    for n in 0..4 {
        let reply = visitor.say(&chat, &format!("lost{n}"), "not in the backup").await;
        last = reply["seq"].as_u64().expect("a seq");
    }
    hub.terminate();
    hub.exit(Duration::from_secs(40)).await;
    fs::copy(&copy, &store).expect("in its place");
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(hub.folder().path().join(format!("usher.db{end}")));
    }
    hub.restart().await;
    assert!(hub.log().contains("the store was restored"), "nothing in the log");

    let other = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    assert_ne!(other.welcome["epoch"], visitor.welcome["epoch"]);
    for n in 0..6 {
        other.say(&chat, &format!("after{n}"), "written after the restore").await;
    }
    let old = visitor.resume(&hub.visitors(), playbooks::LIVE, &chat, last).await;
    assert_eq!(old.welcome["recovered"], false);
    assert_eq!(
        texts(&old.welcome["events"]),
        [["in the backup"; 3].as_slice(), ["written after the restore"; 6].as_slice()].concat()
    );
}

#[tokio::test]
async fn p7_a_restart_and_a_kill_keep_the_epoch_and_a_cursor_goes_on() {
    let mut hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    let cursor = visitor.say(&chat, "k1", "one").await["seq"].as_u64().expect("a seq");
    visitor.say(&chat, "k2", "two").await;
    for kill in [true, false, true] {
        if kill {
            hub.kill();
        } else {
            hub.terminate();
            hub.exit(Duration::from_secs(40)).await;
        }
        hub.restart().await;
        let back = visitor.resume(&hub.visitors(), playbooks::LIVE, &chat, cursor).await;
        assert_eq!((&back.welcome["epoch"], &back.welcome["recovered"]), (&visitor.welcome["epoch"], &json!(true)));
        assert_eq!(texts(&back.welcome["events"]), ["two"]);
    }
    assert!(!hub.log().contains("restored"), "{}", hub.log());
}

fn texts(events: &Value) -> Vec<&str> {
    let events = events.as_array().expect("events").iter();
    events
        .filter(|event| event["type"] == "message" && event["by"]["kind"] == "visitor")
        .filter_map(|event| event["text"].as_str())
        .collect()
}
