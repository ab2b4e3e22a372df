//! What a durable append costs on PostgreSQL, through the trait, the server's own CPU included.
//!
//! ```sh
//! USHER_BENCH_POSTGRES=postgres://usher@127.0.0.1:5432/empty cargo bench --bench postgres
//! ```
//!
//! The server must run on this machine: its CPU is read from the kernel. The database should be empty and is left as
//! the run made it.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio_postgres::NoTls;
use usher::{
    chat::{
        command::KeyScope,
        conversation::Conversation,
        event::{Author, Event, PlaybookRef, Started, VisitorRef, What},
    },
    ids::{ConversationId, Seq, VisitorId},
    store::{
        Append, Appended, Store,
        postgres::{Mode, Options, Postgres},
    },
    wire::entry::Entry,
};

/// Texts a round.
const TEXTS: usize = 100_000;
/// Conversations they belong to.
const CONVERSATIONS: usize = 1000;
/// Rounds.
const ROUNDS: usize = 3;
/// What each of them says, 100 bytes.
const WORDS: &str =
    "The quick brown fox jumps over the lazy dog, and then over the next one, until it is tired of jumping.";

/// A conversation that goes on.
struct Talk {
    id: ConversationId,
    seq: Seq,
}

fn main() {
    let Ok(url) = std::env::var("USHER_BENCH_POSTGRES") else {
        println!("USHER_BENCH_POSTGRES names no database: nothing is measured");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(&url));
}

async fn run(url: &str) {
    let store = Arc::new(Postgres::open(url, Mode::Alone, Options::default()).await.expect("the store"));
    let server = server(url).await;
    for senders in [32, 256, CONVERSATIONS] {
        let mut talks = begin(&store).await;
        for round in 0..ROUNDS {
            let (began, ours, theirs) = (Instant::now(), own_cpu(), server_cpu(server));
            talks = send(&store, talks, senders, round).await;
            let took = began.elapsed().as_secs_f64();
            // What is left to do behind the appends is theirs, too.
            drain(url).await;
            let (ours, theirs) = (own_cpu() - ours, server_cpu(server) - theirs);
            let rate = TEXTS as f64 / took;
            println!(
                "{senders:5} at once: {rate:8.0} texts/s, CPU s per 100k: {:.2} (here {ours:.2}, server {theirs:.2})",
                ours + theirs
            );
        }
    }
}

async fn begin(store: &Postgres) -> Vec<Talk> {
    let mut talks = Vec::new();
    for _ in 0..CONVERSATIONS {
        let visitor = VisitorRef { id: VisitorId::random(), name: None, verified: false };
        let playbook = PlaybookRef { id: "pb_demo".into(), version: 1 };
        let started = Started { visitor, playbook, page: None, locale: None };
        let id = ConversationId::random();
        let row = Conversation::begin(id.clone(), "default".into(), store.now(), &started);
        let first = Event { seq: Seq(1), at: store.now(), by: Author::Visitor, what: What::Started(started) };
        store.begin(row, vec![Entry::new(first)]).await.expect("begun");
        talks.push(Talk { id, seq: Seq(1) });
    }
    talks
}

/// As many senders as told share the conversations; each sends on when it was answered.
async fn send(store: &Arc<Postgres>, talks: Vec<Talk>, senders: usize, round: usize) -> Vec<Talk> {
    let left = Arc::new(AtomicUsize::new(TEXTS));
    let mut shares: Vec<Vec<Talk>> = (0..senders).map(|_| Vec::new()).collect();
    for (n, talk) in talks.into_iter().enumerate() {
        shares[n % senders].push(talk);
    }
    let mut tasks = Vec::new();
    for mut share in shares {
        let (store, left) = (store.clone(), left.clone());
        tasks.push(tokio::spawn(async move {
            let mut nth = 0;
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let at = nth % share.len();
                let talk = &mut share[at];
                nth += 1;
                let key = format!("{round}-{}", talk.seq.0);
                let what = What::Message { key: Some(key.as_str().into()), text: WORDS.into(), rich: None };
                let event = Event { seq: talk.seq.next(), at: store.now(), by: Author::Visitor, what };
                let append = Append {
                    conversation: talk.id.clone(),
                    after: talk.seq,
                    entries: vec![Entry::new(event)],
                    key: Some((KeyScope::Author(Author::Visitor), key.as_str().into())),
                    row: None,
                };
                let done = store.append(append).await.expect("answered");
                assert!(matches!(done, Appended::Done { .. }), "{done:?}");
                talk.seq = talk.seq.next();
            }
            share
        }));
    }
    let mut talks = Vec::new();
    for task in tasks {
        talks.extend(task.await.expect("no panic"));
    }
    talks
}

/// Waits until the search knows everything.
async fn drain(url: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    loop {
        ticks.tick().await;
        let left = client.query_one("SELECT count(*) FROM usher.unsearched", &[]).await.expect("a count");
        if left.get::<_, i64>(0) == 0 {
            return;
        }
    }
}

/// The server's first process.
async fn server(url: &str) -> u32 {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.expect("a number").get(0);
    stat(pid.cast_unsigned()).expect("the server runs on this machine").parent
}

struct Stat {
    parent: u32,
    /// Of the process itself, and of those of its children that have ended: in hundredths of a second.
    own: f64,
    ended: f64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        ended: number(13)? + number(14)?,
    })
}

fn own_cpu() -> f64 {
    stat(std::process::id()).map_or(0.0, |stat| stat.own / 100.0)
}

/// The server's processes, those that have ended included.
fn server_cpu(server: u32) -> f64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let children = processes.filter_map(|entry| stat(entry.file_name().to_str()?.parse().ok()?));
    let children: f64 = children.filter(|child| child.parent == server).map(|child| child.own).sum();
    (children + stat(server).map_or(0.0, |stat| stat.own + stat.ended)) / 100.0
}
