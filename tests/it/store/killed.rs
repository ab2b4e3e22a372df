//! A process of its own with a store in it, to be killed at any moment, or kept from growing its files.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};

use tempfile::TempDir;
use usher::{
    ids::{ConversationId, Seq},
    store::{Appended, Store, StoreError, sqlite::Sqlite},
};

use super::talk::{Talk, seqs, waiting};

/// Says to this very test program that it is to be the process that is killed.
const FOLDER: &str = "USHER_TEST_STORE_FOLDER";
/// How many write at once.
const WRITERS: usize = 8;
/// How often a process is killed.
const KILLS: usize = 12;

/// A process that appends for ever and tells of every answer.
struct Process {
    child: Child,
    lines: BufReader<ChildStdout>,
}

/// What a store answered.
#[derive(Default)]
struct Answered {
    /// By conversation, the keys of the texts that are durable and the places they were given.
    acked: BTreeMap<String, Vec<(String, u64)>>,
    refused: usize,
}

// === impl Process ===

impl Process {
    /// Starts it; `prelude` is what a shell does first.
    fn start(folder: &TempDir, prelude: &str) -> Self {
        let this = std::env::current_exe().expect("this program");
        let test = concat!(module_path!(), "::d1_a_process_that_appends_until_it_is_killed");
        let test = test.split_once("::").map_or(test, |(_, name)| name);
        let mut child = Command::new("sh")
            .args(["-c", &format!("{prelude} exec \"$0\" --exact {test} --nocapture --test-threads 1")])
            .arg(this)
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let lines = BufReader::new(child.stdout.take().expect("its lines"));
        Self { child, lines }
    }

    /// Reads answers until there are `enough`.
    fn listen(&mut self, answered: &mut Answered, mut enough: impl FnMut(&Answered) -> bool) {
        let mut line = String::new();
        while !enough(answered) {
            line.clear();
            assert_ne!(self.lines.read_line(&mut line).expect("a line"), 0, "the process ended by itself");
            answered.hear(&line);
        }
    }

    /// Kills it without a word and reads what it had said until then.
    fn kill(mut self, answered: &mut Answered) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
        let mut line = String::new();
        while self.lines.read_line(&mut line).is_ok_and(|read| read > 0) {
            // The last line may have been cut off; then its answer was never given.
            if line.ends_with('\n') {
                answered.hear(&line);
            }
            line.clear();
        }
    }
}

// === impl Answered ===

impl Answered {
    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["acked", conversation, key, seq] => {
                let seq = seq.parse().expect("a place");
                self.acked.entry(conversation.into()).or_default().push((key.into(), seq));
            }
            ["refused"] => self.refused += 1,
            // The test harness speaks, too.
            _ => {}
        }
    }

    fn count(&self) -> usize {
        self.acked.values().map(Vec::len).sum()
    }

    /// Everything that was acknowledged is there, once, where it was said to be, and no log has a hole.
    async fn is_kept_in(&self, path: &Path) {
        let store = Sqlite::open(path).expect("it opens after all that");
        for (conversation, acked) in &self.acked {
            let id = ConversationId::from(conversation.as_str());
            let log = store.events_after(&id, Seq(0), usize::MAX, usize::MAX).await.expect("events");
            assert_eq!(seqs(&log), (1..=log.len() as u64).collect::<Vec<_>>());
            let mut keys: Vec<&str> = log.iter().filter_map(|entry| key_of(entry.event())).collect();
            for (key, seq) in acked {
                let event = log.get(*seq as usize - 1).unwrap_or_else(|| panic!("{key} at {seq} is lost")).event();
                assert_eq!(key_of(event), Some(key.as_str()));
            }
            keys.sort_unstable();
            let all = keys.len();
            keys.dedup();
            assert_eq!(keys.len(), all, "a key made two events");
            let fold = store.load(&id).await.expect("load").expect("there").conversation;
            assert_eq!(fold.seq, Seq(log.len() as u64));
        }
    }
}

fn key_of(event: &usher::chat::event::Event) -> Option<&str> {
    match &event.what {
        usher::chat::event::What::Message { key, .. } => key.as_ref().map(|key| key.as_str()),
        _ => None,
    }
}

/// Writes for ever, each text until it is durable, and says so.
async fn write(store: Arc<Sqlite>, writer: usize) {
    let mut talk = Talk::new("default", &format!("v_{writer}_{}", std::process::id()), 1000, vec![waiting(61_000)]);
    while store.begin(talk.fold.clone(), talk.log.clone()).await.is_err() {
        tokio::task::yield_now().await;
    }
    for n in 0.. {
        let key = format!("k{n}");
        let append = talk.saying(2000 + n, &key, &"x".repeat(200));
        loop {
            match store.append(append.clone()).await {
                Ok(Appended::Done { .. } | Appended::Repeated { .. }) => break,
                Err(StoreError::Unavailable(_)) => println!("refused"),
                odd => panic!("{odd:?}"),
            }
        }
        println!("acked {} {key} {}", talk.id(), talk.fold.seq);
    }
}

/// Not a test but the process of the tests below, when they start this program again.
#[test]
fn d1_a_process_that_appends_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    println!();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Arc::new(Sqlite::open(Path::new(&folder).join("usher.db")).expect("it opens"));
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            writers.spawn(write(store.clone(), writer));
        }
        writers.join_all().await;
    });
}

#[tokio::test]
async fn d1_what_was_acknowledged_survives_kills_at_any_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("usher.db");
    let mut answered = Answered::default();
    for kill in 0..KILLS {
        let mut process = Process::start(&folder, "");
        // Sometimes as soon as it lives, sometimes after indexes, search and checkpoints have begun.
        let more = answered.count() + [1, 30, 500, 3000][kill % 4];
        process.listen(&mut answered, |answered| answered.count() >= more);
        process.kill(&mut answered);
        answered.is_kept_in(&path).await;
    }
    assert_eq!(answered.refused, 0);
    println!("{KILLS} kills, {} acknowledged, lost = 0", answered.count());
}

#[tokio::test]
async fn l5_a_disk_that_takes_no_more_refuses_and_the_process_recovers_when_it_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("usher.db");
    // No file may grow beyond 1.5 MiB; writing more fails in the midst of a commit, as on a full disk.
    let mut process = Process::start(&folder, "trap '' XFSZ; ulimit -S -f 3072;");
    let mut answered = Answered::default();
    process.listen(&mut answered, |answered| answered.refused > 20);
    let before = answered.count();
    assert!(before > 100, "it was full from the beginning");
    let pid = process.child.id().to_string();
    let freed = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().expect("prlimit");
    assert!(freed.success());
    // The same process goes on where it was, with the texts it was refused.
    process.listen(&mut answered, |answered| answered.count() > before + 2000);
    process.kill(&mut answered);
    answered.is_kept_in(&path).await;
}
