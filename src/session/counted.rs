//! How many instructions the hub spends on one text, held to a baseline: counted by valgrind, a machine's load does not
//! change them.
//!
//! Two ways, each a test that is run by itself under valgrind once more: a text from its sender's frame to
//! the other side's, through two sessions and the hub, upon a store in memory, on one thread and a clock that stands
//! still; and what the thread that writes the store does for it, upon a real file. Each is run with some texts and with
//! more of them, so that what it takes to begin falls out.
//!
//! The baseline is `tests/instructions.json`; `tests/run record` renews it. What is counted is the tests' build, not the
//! shipped one: it tells more work from less, not how much there is.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    process::Command,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};

use super::{
    Entrance, Lobby, Settings, agent,
    line::{Line, LineLimits},
    rates::Rate,
    visitor,
};
use crate::{
    hub::tests::house::House,
    tokens::{Gate, Keyring, Minting, Role},
};

/// The ways, by the tests that go them.
const WAYS: [(&str, &str); 2] = [
    ("through the hub", "session::counted::f1_texts_through_two_sessions"),
    ("into the store", "store::sqlite::counted::f1_texts_into_the_store"),
];
/// Names the number of texts to a way.
const TEXTS: &str = "USHER_COUNTED_TEXTS";
/// Texts where nobody counts, of the shorter run that is counted, and of the longer one.
const FEW: usize = 20;
const SOME: usize = 200;
const MORE: usize = 1_000;
/// How many times the baseline's a way may take.
const LIMIT: f64 = 1.05;
/// The same when another compiler built it, which is no doing of the hub's.
const LIMIT_ELSEWHERE: f64 = 1.25;
/// What stands in a reply and in no push.
const REPLY: &str = "\"reply\"";
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/instructions.json");

/// What is compared with.
#[derive(Serialize, Deserialize)]
struct Baseline {
    /// What built it: `rustc --version`, and for which processor.
    compiler: String,
    /// Instructions of a text, by way.
    instructions: BTreeMap<String, f64>,
}

/// The other end of a session's line. It is counted along, and the library's client would be a third of all that is
/// counted: so it writes and reads frames by hand.
struct Client {
    stream: BufReader<DuplexStream>,
}

// === impl Client ===

impl Client {
    fn new() -> (Self, Line<DuplexStream>) {
        let (near, far) = duplex(64 * 1024);
        let limits =
            LineLimits { read_bytes: 4096, write_bytes: 16 * 1024, unsent_bytes: 128 * 1024, message_bytes: 64 * 1024 };
        (Self { stream: BufReader::new(far) }, Line::new(near, limits, &[]))
    }

    /// Sends a text frame, masked with nothing.
    async fn send(&mut self, request: &Value) {
        let text = request.to_string();
        let mut frame = vec![0x81];
        match u8::try_from(text.len()) {
            Ok(short @ ..126) => frame.push(0x80 | short),
            _ => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame).await.unwrap();
    }

    /// The next frame in which `word` stands.
    async fn until(&mut self, word: &str) -> String {
        loop {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head).await.unwrap();
            let length = match head[1] {
                126 => usize::from(self.stream.read_u16().await.unwrap()),
                127 => usize::try_from(self.stream.read_u64().await.unwrap()).unwrap(),
                short => usize::from(short),
            };
            let mut frame = vec![0; length];
            self.stream.read_exact(&mut frame).await.unwrap();
            let frame = String::from_utf8_lossy(&frame).into_owned();
            if frame.contains(word) {
                return frame;
            }
        }
    }

    async fn ask(&mut self, request: Value) -> Value {
        self.send(&request).await;
        let reply = self.until(REPLY).await;
        let reply: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(reply["ok"], true, "{reply}");
        reply
    }
}

fn lobby(house: &House) -> Arc<Lobby> {
    let none = Rate { per_second: 0, burst: 0 };
    let keys = Keyring::hs256(b"the agents' secret, 32 bytes or so").unwrap();
    let gate = Gate::new(keys, None, b"the visitors' secret, 32 bytes long", Default::default());
    let settings = Settings { visitor_rate: none, agent_rate: none, starts_per_minute: 0, ..Settings::default() };
    Lobby::new(house.hub.clone(), gate, settings)
}

#[tokio::test(start_paused = true)]
async fn f1_texts_through_two_sessions() {
    let texts: usize = std::env::var(TEXTS).map_or(FEW, |texts| texts.parse().unwrap());
    let house = House::open().await;
    let lobby = lobby(&house);
    let minting = Minting {
        sub: "jane".into(),
        name: "Jane".into(),
        workspace: crate::hub::tests::house::workspace().to_string(),
        role: Role::Agent,
        email: None,
        life_seconds: 3600,
    };
    let token = lobby.gate.mint(&minting).unwrap();
    let entrance = Entrance { origin: None, own_origin: true, address: IpAddr::V4(Ipv4Addr::LOCALHOST) };
    let (mut jane, line) = Client::new();
    tokio::spawn(agent::run(line, || (), lobby.clone()));
    let (mut guest, line) = Client::new();
    tokio::spawn(visitor::run(line, entrance, || (), lobby));
    jane.ask(json!({"type": "hello", "id": 1, "token": token})).await;
    jane.ask(json!({"type": "availability", "id": 2, "online": true})).await;
    guest.ask(json!({"type": "hello", "id": 1, "playbook": "pb_now"})).await;
    let started = guest.ask(json!({"type": "start", "id": 2})).await;
    let chat = started["conversation"]["id"].clone();
    jane.ask(json!({"type": "claim", "id": 3, "conversation": chat})).await;
    for n in 0..texts {
        let (key, text) =
            (format!("k{n:06}"), format!("text number {n:06}, of about a hundred bytes{}", " and more".repeat(6)));
        guest.send(&json!({"type": "send", "id": n + 10, "conversation": chat, "key": key, "text": text})).await;
        guest.until(REPLY).await;
        jane.until(&text).await;
    }
}

/// Instructions of a whole run of this program that goes one way with so many texts.
fn run(way: &str, texts: usize) -> f64 {
    let counted = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", way, "--test-threads", "1"])
        .env(TEXTS, texts.to_string())
        .output()
        .expect("valgrind, of Debian's package of that name");
    let told = String::from_utf8_lossy(&counted.stderr).into_owned();
    let out = String::from_utf8_lossy(&counted.stdout).into_owned();
    assert!(counted.status.success() && out.contains("1 passed"), "{out}\n{told}");
    let line = told.lines().find(|line| line.contains("I refs:") || line.contains("I   refs:"));
    let digits: String = line.unwrap_or(&told).split("refs:").last().unwrap_or_default().replace([',', ' '], "");
    digits.parse().expect("a count")
}

fn compiler() -> String {
    let told = Command::new("rustc").args(["--version", "--verbose"]).output().expect("rustc");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let of = |word: &str| told.lines().find(|line| line.starts_with(word)).unwrap_or_default().to_owned();
    format!("{}, {}", of("rustc"), of("host"))
}

#[test]
fn f1_a_text_costs_no_more_instructions_than_it_did() {
    let counted: BTreeMap<String, f64> = WAYS
        .iter()
        .map(|(name, way)| ((*name).to_owned(), ((run(way, MORE) - run(way, SOME)) / (MORE - SOME) as f64).round()))
        .collect();
    println!("instructions of a text: {counted:?}");
    if std::env::var_os("USHER_RECORD").is_some() {
        let baseline = Baseline { compiler: compiler(), instructions: counted };
        let text = serde_json::to_string_pretty(&baseline).expect("json") + "\n";
        return std::fs::write(BASELINE, text).expect("written");
    }
    let baseline = std::fs::read_to_string(BASELINE).expect("tests/instructions.json");
    let baseline: Baseline = serde_json::from_str(&baseline).expect("a baseline");
    let limit = if baseline.compiler == compiler() { LIMIT } else { LIMIT_ELSEWHERE };
    for (way, count) in &counted {
        let was = baseline.instructions.get(way).copied().unwrap_or_default();
        assert!(
            *count <= was * limit,
            "{way}: {count} instructions of a text, {was} in tests/instructions.json, which is {:.1} % more. Where it \
             has to be: tests/run record",
            (count / was - 1.0) * 100.0
        );
    }
}
