//! L1: what readers who do not read cost, and whom.

use std::{
    ops::Range,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

use crate::support::{
    Agent, Hub, Settings, Visitor, playbooks,
    raw::{Frame, PONG, Raw},
    token, wait,
};

const READERS: usize = 170;
const STALLED: usize = 30;
/// Those whose cost is measured.
const MANY: usize = 150;
/// Those of them who come back.
const RETURNING: usize = 5;
const TEXTS: usize = 45;
/// Windows with stalled readers: this many, and more until one is seen without the machine's own noise.
const ROUNDS: usize = 3;
const MOST_ROUNDS: usize = 10;
/// Texts of one window, and a kernel that takes little: a stalled reader is far behind at its end.
const BYTES: usize = 10 * 1024;
/// A wait of an hour: nothing else happens in the conversation.
const PATIENT: &str = "pb_patient";

/// Readers who read, and when they got what.
struct Readers {
    got: Arc<Mutex<Vec<(usize, Instant)>>>,
    count: watch::Receiver<usize>,
    tasks: Vec<JoinHandle<()>>,
}

/// Milliseconds until somebody had a text, sorted, text by text.
struct Window(Vec<Vec<f64>>);

// === impl Window ===

impl Window {
    /// What the slow ones of a usual text wait: no single hiccup of the machine is in it.
    fn usual(&self) -> f64 {
        let slow = sorted(self.0.iter().map(|text| quantile(text, 99)));
        quantile(&slow, 50)
    }

    fn p99(&self) -> f64 {
        quantile(&sorted(self.0.iter().flatten().copied()), 99)
    }
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

fn quantile(sorted: &[f64], percent: usize) -> f64 {
    sorted[sorted.len() * percent / 100]
}

// === impl Readers ===

impl Readers {
    async fn open(hub: &Hub, chat: &str) -> Self {
        let got = Arc::new(Mutex::new(Vec::new()));
        let (send, count) = watch::channel(0);
        let send = Arc::new(send);
        let mut tasks = Vec::new();
        for n in 0..READERS {
            let mut raw = Raw::open(&hub.agents()).await;
            let hello = json!({"type": "hello", "id": 1, "token": token::agent(&format!("reader{n}"), "agent")});
            raw.text(&hello.to_string()).await;
            raw.until(|frame| frame["id"] == 1 && frame["ok"] == true).await;
            raw.text(&json!({"type": "open", "id": 2, "conversation": chat}).to_string()).await;
            raw.until(|frame| frame["id"] == 2 && frame["ok"] == true).await;
            tasks.push(tokio::spawn(read(raw, got.clone(), send.clone())));
        }
        Self { got, count, tasks }
    }

    /// One text after the other, each when everybody has the one before.
    async fn window(&mut self, visitor: &Visitor, chat: &str, texts: Range<usize>) -> Window {
        let text = "x".repeat(BYTES);
        let mut window = Window(Vec::new());
        for n in texts {
            let before = *self.count.borrow();
            let sent = Instant::now();
            visitor.say(chat, &format!("k{n}"), &text).await;
            let all = self.count.wait_for(|count| *count >= before + READERS);
            tokio::time::timeout(wait::PATIENCE, all).await.expect("a stalled reader holds others up").expect("read");
            let mut got = self.got.lock().expect("nobody panicked with it");
            let took = got.drain(..).map(|(of, at)| {
                assert_eq!(of, n, "every text comes once");
                at.duration_since(sent).as_secs_f64() * 1000.0
            });
            window.0.push(sorted(took));
        }
        window
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn read(mut raw: Raw, got: Arc<Mutex<Vec<(usize, Instant)>>>, count: Arc<watch::Sender<usize>>) {
    loop {
        match raw.next().await {
            Some(Frame::Text(frame)) if frame["type"] == "events" => {
                let at = Instant::now();
                for event in frame["events"].as_array().into_iter().flatten() {
                    if let Some(of) = event["key"].as_str().and_then(|key| key[1..].parse().ok()) {
                        got.lock().expect("nobody panicked with it").push((of, at));
                        count.send_modify(|count| *count += 1);
                    }
                }
            }
            Some(Frame::Ping) => raw.frame(true, PONG, b"").await,
            Some(Frame::Close(_)) | None => return,
            Some(_) => {}
        }
    }
}

/// Agents who have the conversation open and then read no more.
async fn stall(hub: &Hub, chat: &str, head: u64, count: usize) -> Vec<Agent> {
    let mut stalled = Vec::new();
    for n in 0..count {
        let mut dial = hub.agents();
        dial.receive_buffer = Some(4096);
        let agent = Agent::hello(&dial, &token::agent(&format!("stalled{n}"), "agent")).await;
        // From the head on: what is measured is the stalling, not a page of the past.
        let after = json!({"epoch": agent.welcome["epoch"], "seq": head});
        agent.ok(json!({"type": "open", "conversation": chat, "after": after})).await;
        stalled.push(agent);
    }
    stalled.iter().for_each(|agent| agent.hold(true));
    stalled
}

/// KiB the hub has in memory.
fn resident(hub: &Hub) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", hub.pid())).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its size");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// The most bytes that one of the hub's sockets has not got rid of, as the kernel counts them.
fn unsent(hub: &Hub) -> u64 {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("a table");
    let port = format!(":{:04X}", hub.port);
    let waiting = |line: &str| {
        let mut fields = line.split_whitespace();
        fields.nth(1).filter(|local| local.ends_with(&port))?;
        u64::from_str_radix(fields.nth(2)?.split(':').next()?, 16).ok()
    };
    table.lines().filter_map(waiting).max().unwrap_or_default()
}

/// The sessions of agents the hub has.
async fn sessions(hub: &Hub) -> usize {
    let metrics = hub.request("GET", "/metrics").send().await.expect("an answer").body;
    let line = metrics.lines().find(|line| line.starts_with("usher_sessions{kind=\"agent\"}")).expect("the gauge");
    line.split_whitespace().last().and_then(|count| count.parse().ok()).expect("a number")
}

/// A hub with a visitor who writes into a conversation that every agent may have open.
async fn talk() -> (Hub, Agent, Visitor, String) {
    let hub = Settings::new().playbook(playbooks::live(PATIENT, 3_600_000)).start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(PATIENT).await;
    let chat = visitor.start().await;
    (hub, jane, visitor, chat)
}

#[tokio::test]
async fn l1_a_stalled_reader_costs_at_most_256_kib_is_told_to_come_back_and_loses_nothing() {
    let (hub, jane, visitor, chat) = talk().await;
    jane.open(&chat).await;
    let text = "x".repeat(BYTES);
    let say = async |from: usize| {
        for n in from..from + TEXTS {
            visitor.say(&chat, &format!("k{n}"), &text).await;
        }
        jane.event(&chat, |event| event["key"] == format!("k{}", from + TEXTS - 1)).await;
    };
    say(0).await;
    // Many, so that what the hub's other work holds on to for a while counts for little in the cost of one.
    let before = resident(&hub);
    let head = visitor.seen().logs.head(&chat);
    let stalled = stall(&hub, &chat, head, MANY).await;
    say(TEXTS).await;
    let cost = resident(&hub).saturating_sub(before) / MANY as u64;
    let unread = unsent(&hub) / 1024;
    assert_eq!(sessions(&hub).await, 1 + MANY, "some are gone before the last ones stalled");
    let back = come_back(&hub, stalled, &chat).await;
    println!(
        "figure L1 stalled={MANY} resident_kib_each={cost} unsent_kib_max={unread} closed_with_4002={back} lost=0"
    );
    assert!(cost <= 256, "{cost} KiB of memory for each stalled reader, all of their connection included");
    assert!((1..=256).contains(&unread), "the kernel holds {unread} KiB for one of them");
}

#[tokio::test]
async fn l1_thirty_of_two_hundred_readers_who_stall_hold_up_nobody_else() {
    let (hub, _jane, visitor, chat) = talk().await;
    let mut readers = Readers::open(&hub, &chat).await;
    let mut next = 0;
    let mut window = async || {
        // That thirty came or went is told to everybody, and the first text comes behind it: it counts for nothing.
        readers.window(&visitor, &chat, next..next + 1).await;
        let took = readers.window(&visitor, &chat, next + 1..next + TEXTS).await;
        next += TEXTS;
        took
    };
    window().await;
    let (mut calm, mut during) = (vec![window().await], Vec::new());
    while during.len() < ROUNDS || (during.len() < MOST_ROUNDS && held_up(&calm, &during)) {
        let head = visitor.seen().logs.head(&chat);
        let stalled = stall(&hub, &chat, head, STALLED).await;
        during.push(window().await);
        assert!(unsent(&hub) > 64 * 1024, "nobody stalled");
        drop(stalled);
        wait::until("the stalled ones are gone", async || (sessions(&hub).await == READERS + 1).then_some(())).await;
        calm.push(window().await);
    }
    let told = |of: fn(&Window) -> f64, windows: &[Window]| {
        windows.iter().map(|window| format!("{:.1}", of(window))).collect::<Vec<_>>().join("/")
    };
    let of = |windows: &[Window]| format!("{} p99={}", told(Window::usual, windows), told(Window::p99, windows));
    let figures = format!("ms without={} with={}", of(&calm), of(&during));
    println!("figure L1 readers={READERS} stalled={STALLED} {figures}");
    assert!(!held_up(&calm, &during), "others wait longer: {figures}");
}

/// Whether the others waited more than 10 % longer, as far as the machine's own noise lets one see: whoever waits for a
/// stalled reader waits for each text, or at some text of every window.
fn held_up(calm: &[Window], during: &[Window]) -> bool {
    [Window::usual, Window::p99].into_iter().any(|of| {
        let best = during.iter().map(of).fold(f64::INFINITY, f64::min);
        let worst = calm.iter().map(of).fold(0.0, f64::max);
        best > 1.10 * worst
    })
}

/// All are told to come back; some do, and get exactly what they missed.
async fn come_back(hub: &Hub, stalled: Vec<Agent>, chat: &str) -> usize {
    let limit = Duration::from_secs(30);
    wait::within(limit, "their end", async || (sessions(hub).await == 1).then_some(())).await;
    stalled.iter().for_each(|agent| agent.hold(false));
    for agent in &stalled {
        agent.dismissed(4002).await;
    }
    for agent in stalled.iter().step_by(stalled.len() / RETURNING) {
        let head = agent.seen().logs.head(chat);
        let back = hub.agent(agent.id()).await;
        let after = json!({"epoch": back.welcome["epoch"], "seq": head});
        let page: Value = back.ok(json!({"type": "open", "conversation": chat, "after": after})).await;
        assert_eq!(page["recovered"], true);
        let last = page["conversation"]["seq"].as_u64().expect("a place");
        assert!(last > head, "{} was not stalled at all", agent.id());
        back.event(chat, |event| event["seq"] == last).await;
        assert_eq!(back.events(chat).len() as u64, last - head, "exactly what was missing");
    }
    stalled.len()
}
