//! Cut at any byte, back behind one's cursor: exactly what was missing. And when there is no such log any more, that.

use std::{fs, time::Duration};

use rand::RngExt;
use serde_json::{Value, json};

use crate::support::{
    Agent, Hub, Visitor,
    dial::Dial,
    playbooks,
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
    /// The visitor of a conversation, or its agent Jane.
    fn new(visitor: &Visitor, chat: &str, agent: bool) -> Self {
        let mut greeting = match agent {
            false => Visitor::greeting(playbooks::LIVE),
            true => json!({"type": "hello"}),
        };
        greeting["token"] = if agent { json!(token::agent("jane", "agent")) } else { visitor.token() };
        greeting["id"] = json!("hello");
        let mut after = json!({"epoch": visitor.welcome["epoch"]});
        if !agent {
            after["conversation"] = json!(chat);
        }
        Self { greeting, after, agent, chat: chat.into(), log: Vec::new(), resets: 0 }
    }

    fn head(&self) -> u64 {
        self.log.last().and_then(|event| event["seq"].as_u64()).unwrap_or(0)
    }

    /// Connects, asks for what is missing, and is cut off after `bytes` of the answer.
    async fn visit(&mut self, port: u16, bytes: usize) {
        let dial = if self.agent { Dial::agent(port) } else { Dial::visitor(port) };
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
                // Nor is there a need where a hub has heard of less than the reader.
                let needless = head.saturating_sub(self.head()) <= 2_000;
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

/// What came of a trial: how many texts were written, and how many fresh pages were sent without need.
pub struct Trial {
    /// Texts.
    pub sent: usize,
    /// Fresh pages to somebody who was less than 2,000 events behind.
    pub resets: usize,
}

/// Cuts readers off so many times, who come back at any of these hubs; panics at the first event that is missing or
/// comes twice.
pub async fn disconnects(ports: &[u16], count: usize) -> Trial {
    let jane = Agent::hello(&Dial::agent(ports[0]), &token::agent("jane", "agent")).await.online().await;
    let mut readers = Vec::new();
    let mut writers = Vec::new();
    for n in 0..READERS {
        let visitor = Visitor::hello(&Dial::visitor(ports[n % ports.len()]), playbooks::LIVE).await;
        let chat = visitor.start().await;
        jane.claim(&chat).await;
        readers.push(Reader::new(&visitor, &chat, n % 2 == 1));
        writers.push((visitor, chat));
    }
    // Mostly a few texts behind, now and then further than a page.
    let seldom = (count / READERS / 20).max(50) as u32;
    let trials = readers.iter_mut().zip(&writers).map(|(reader, (visitor, chat))| async move {
        let mut sent = 0;
        for _ in 0..count / READERS {
            let behind = if rand::rng().random_ratio(1, seldom) { 250 } else { rand::rng().random_range(0..4) };
            let text = |n: usize| json!({"type": "send", "conversation": chat, "key": format!("k{n}"), "text": format!("text {n}")});
            let texts: Vec<Value> = (sent..sent + behind).map(text).collect();
            sent += behind;
            // Not waited for: they come in while the other one reconnects.
            let ids = visitor.post_all(texts).await;
            // Now and then whole, or a page larger than the cut would keep the reader where it is.
            let most = if rand::rng().random_ratio(1, 4) { 200_000 } else { 8_000 };
            let port = ports[rand::rng().random_range(0..ports.len())];
            reader.visit(port, rand::rng().random_range(0..most)).await;
            if let Some(id) = ids.last() {
                visitor.reply(*id).await;
            }
        }
        // At last it may stay until it has everything.
        let last = json!({"type": "send", "conversation": chat, "key": "last", "text": "last"});
        let head = visitor.ok(last).await["seq"].as_u64().expect("a seq");
        wait::until("the whole log", async || {
            reader.visit(ports[0], 1_000_000).await;
            (reader.head() >= head).then_some(())
        })
        .await;
        (sent, head)
    });
    let ends = futures_util::future::join_all(trials).await;
    let mut resets = 0;
    for ((reader, (_, chat)), (_, head)) in readers.iter().zip(&writers).zip(&ends) {
        jane.until("the end of the log", |seen| (seen.logs.head(chat) >= *head).then_some(())).await;
        let whole = jane.transcript(chat).await;
        let first = reader.log[0]["seq"].as_u64().expect("a seq") as usize;
        assert_eq!(reader.log[..], whole[first - 1..], "the reader's copy differs");
        resets += reader.resets;
    }
    Trial { sent: ends.iter().map(|(sent, _)| sent).sum(), resets }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d5_2000_disconnects_at_random_bytes_miss_nothing_and_double_nothing() {
    let hub = Hub::start().await;
    let Trial { sent, resets } = disconnects(&[hub.port], DISCONNECTS).await;
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
