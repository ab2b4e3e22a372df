//! What a power cut leaves of a SQLite store: `strace` records every write and sync of the real hub, and what it told
//! whom. Killing a process proves nothing here, as the system writes its pages all the same.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;
use usher::{
    ids::{ConversationId, Seq},
    store::{Store, sqlite::Sqlite},
};

use crate::support::{
    Settings, playbooks, size,
    strace::{self, Call, What},
    wait,
};

const WRITERS: usize = 4;
/// Texts of a writer that are under way at once.
const TOGETHER: usize = 8;
const LOG: &str = "usher.db-wal";
/// What is put together again. The rest is made anew at every start.
const FILES: [&str; 2] = ["usher.db", LOG];
/// A disk writes a sector whole or not at all.
const SECTOR: usize = 512;

/// One run of a hub.
struct Recorded {
    calls: Vec<Call>,
    /// The conversations, by writer.
    chats: Vec<String>,
    /// Texts that were answered, with the place of the answer among the calls.
    answered: Vec<Answered>,
}

struct Answered {
    writer: usize,
    n: usize,
    /// The number of the call that told so.
    said: usize,
}

fn canary(writer: usize, n: usize) -> String {
    format!("canary-{writer}-{n}-end")
}

/// All pairs of numbers that stand as `FRONT1-2BACK`.
fn pairs(bytes: &[u8], front: &str, back: &str) -> Vec<(usize, usize)> {
    let text = String::from_utf8_lossy(bytes);
    let pair = |(at, _): (usize, &str)| {
        let rest = &text[at + front.len()..];
        let (pair, _) = rest.split_at_checked(rest.find(back)?)?;
        let (writer, n) = pair.split_once('-')?;
        Some((writer.parse().ok()?, n.parse().ok()?))
    };
    text.match_indices(front).filter_map(pair).collect()
}

/// The texts of which something is there.
fn canaries(bytes: &[u8]) -> Vec<(usize, usize)> {
    pairs(bytes, "canary-", "-end")
}

async fn record(texts: usize) -> Recorded {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("record");
    let words = strace::words(&file);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut hub = Settings::new().under(&words).start().await;
    let mut visitors = Vec::new();
    for _ in 0..WRITERS {
        let visitor = hub.visitor(playbooks::TALK).await;
        let chat = visitor.start().await;
        visitors.push((visitor, chat));
    }
    let writes = visitors.iter().enumerate().map(|(writer, (visitor, chat))| async move {
        for from in (0..texts).step_by(TOGETHER) {
            let some = from..(from + TOGETHER).min(texts);
            for n in some.clone() {
                let (id, text) = (format!("w{writer}-{n}"), canary(writer, n));
                visitor
                    .text(json!({"type": "send", "id": id, "conversation": chat, "key": id, "text": text}).to_string())
                    .await;
            }
            for n in some {
                let id = format!("w{writer}-{n}");
                let reply = visitor.push("a reply", |push| push["type"] == "reply" && push["id"] == *id).await;
                assert_eq!(reply["ok"], true, "{reply}");
            }
        }
    });
    join_all(writes).await;
    // What a call did is recorded a moment after whoever it was meant for knows it.
    let mut size = 0;
    let (calls, answered) = wait::until("every answer in the record", async || {
        let grown = std::fs::metadata(&file).ok()?.len();
        if std::mem::replace(&mut size, grown) != grown {
            return None;
        }
        let calls = strace::read(&std::fs::read_to_string(&file).ok()?);
        let answered = answered(&calls);
        // As many as were heard: nothing of the record is misread.
        (answered.len() == WRITERS * texts).then_some((calls, answered))
    })
    .await;
    hub.kill();
    let chats = visitors.into_iter().map(|(_, chat)| chat).collect();
    Recorded { calls, chats, answered }
}

/// The answers among what was said. Each text has one.
fn answered(calls: &[Call]) -> Vec<Answered> {
    let mut found = Vec::new();
    for (said, call) in calls.iter().enumerate() {
        let What::Say { bytes } = &call.what else { continue };
        let answers = pairs(bytes, r#""id":"w"#, r#"","ok":true"#);
        found.extend(answers.into_iter().map(|(writer, n)| Answered { writer, n, said }));
    }
    found
}

/// How many answers were given before a sync covered their row.
fn too_early(recorded: &Recorded, calls: &[&Call]) -> usize {
    let mut written = BTreeMap::new();
    let mut syncs = Vec::new();
    for call in calls {
        match &call.what {
            What::Write { file, bytes, .. } if file == LOG => {
                for row in canaries(bytes) {
                    written.entry(row).or_insert(call.end);
                }
            }
            What::Sync { file } if file == LOG => syncs.push(call),
            _ => {}
        }
    }
    let covered = |answer: &&Answered| {
        let said = recorded.calls[answer.said].begin;
        written.get(&(answer.writer, answer.n)).is_some_and(|written| {
            // They are in the order they began.
            let next = syncs.partition_point(|sync| sync.begin <= *written);
            syncs.get(next).is_some_and(|sync| sync.end < said)
        })
    };
    recorded.answered.len() - recorded.answered.iter().filter(covered).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_no_ok_is_written_before_the_sync_that_covers_its_row() {
    let recorded = record(size(50, 500)).await;
    let all: Vec<&Call> = recorded.calls.iter().collect();
    assert_eq!(too_early(&recorded, &all), 0, "answers before their sync");
    // The audit can tell: without the syncs, or with the answers before the rows, all of them are too early.
    let unsynced: Vec<&Call> = all.iter().copied().filter(|call| !matches!(call.what, What::Sync { .. })).collect();
    assert_eq!(too_early(&recorded, &unsynced), recorded.answered.len());
    let syncs = all.len() - unsynced.len();
    println!("figure D1 acks_audited={} syncs={syncs} acks_before_their_sync=0", recorded.answered.len());
}

/// What a cut leaves of the calls beyond those that were synced.
#[derive(Clone, Copy, Debug)]
enum Tail {
    /// Nothing.
    Lost,
    /// Some of it, in whatever order the disk liked.
    Some,
    /// All of it, the last torn.
    Torn,
    /// Nothing, nor anything of the log that was synced: as if the disk had lied.
    Unsynced,
}

/// The files as a cut just before line `at` leaves them.
fn cut(calls: &[Call], at: usize, tail: Tail, random: &mut StdRng) -> BTreeMap<&'static str, Vec<u8>> {
    let mut files = BTreeMap::new();
    for name in FILES {
        let of = |file: &String| file == name;
        let synced =
            calls.iter().rev().find(|call| call.end < at && matches!(&call.what, What::Sync { file } if of(file)));
        let lies = matches!(tail, Tail::Unsynced) && name == LOG;
        let safe = synced.filter(|_| !lies).map_or(0, |synced| synced.begin);
        let touching = calls.iter().filter(|call| {
            call.begin < at && matches!(&call.what, What::Write { file, .. } | What::Truncate { file, .. } if of(file))
        });
        let (kept, open): (Vec<&Call>, Vec<&Call>) = touching.partition(|call| call.end < safe);
        let mut content = Vec::new();
        kept.iter().for_each(|call| apply(&mut content, &call.what, usize::MAX));
        let last = open.len().saturating_sub(1);
        for (n, call) in open.iter().enumerate() {
            match tail {
                Tail::Lost | Tail::Unsynced => {}
                Tail::Some if random.random_ratio(1, 2) => apply(&mut content, &call.what, usize::MAX),
                Tail::Some => {}
                Tail::Torn if n == last => apply(&mut content, &call.what, SECTOR * random.random_range(0..8)),
                Tail::Torn => apply(&mut content, &call.what, usize::MAX),
            }
        }
        files.insert(name, content);
    }
    files
}

fn apply(content: &mut Vec<u8>, what: &What, most: usize) {
    match what {
        What::Write { offset, bytes, .. } => {
            let bytes = &bytes[..bytes.len().min(most)];
            let from = *offset as usize;
            content.resize(content.len().max(from + bytes.len()), 0);
            content[from..from + bytes.len()].copy_from_slice(bytes);
        }
        What::Truncate { length, .. } if most == usize::MAX => content.resize(*length as usize, 0),
        What::Truncate { .. } | What::Sync { .. } | What::Say { .. } => {}
    }
}

/// Opens what a cut at `at` left and reads it back: how many of the texts that were answered by then are there, and those
/// that are not.
async fn opened(recorded: &Recorded, at: usize, files: BTreeMap<&str, Vec<u8>>) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("a file");
    }
    let store = match Sqlite::open(folder.path().join(FILES[0])) {
        Ok(store) => store,
        Err(fault) => return (0, vec![fault.to_string()]),
    };
    let (mut found, mut lost) = (0, Vec::new());
    for (writer, chat) in recorded.chats.iter().enumerate() {
        let (chat, mut log, mut after) = (ConversationId::from(chat.as_str()), BTreeSet::new(), Seq(0));
        loop {
            let page = store.events_after(&chat, after, 500, 1 << 20).await.expect("events");
            let Some(last) = page.last() else { break };
            after = last.event().seq;
            page.iter().for_each(|entry| log.extend(canaries(entry.json().as_bytes())));
        }
        let mine = recorded.answered.iter().filter(|answer| answer.writer == writer);
        for answer in mine.filter(|answer| recorded.calls[answer.said].begin < at) {
            match log.contains(&(writer, answer.n)) {
                true => found += 1,
                false => lost.push(canary(writer, answer.n)),
            }
        }
    }
    (found, lost)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_a_power_cut_anywhere_loses_nothing_that_was_answered() {
    let (texts, cuts) = (size(80, 400), size(40, 1_000));
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let recorded = record(texts).await;
    let first = recorded.calls[recorded.answered[0].said].begin;
    let last = recorded.calls.last().expect("calls").end;
    let mut checked = 0;
    for n in 0..cuts {
        // Right behind an answer is where most can be lost; the others are anywhere.
        let answer = &recorded.answered[random.random_range(0..recorded.answered.len())];
        let at = if n % 2 == 0 { recorded.calls[answer.said].begin + 1 } else { random.random_range(first..=last) };
        let tail = [Tail::Lost, Tail::Some, Tail::Torn][n % 3];
        let (found, lost) = opened(&recorded, at, cut(&recorded.calls, at, tail, &mut random)).await;
        assert!(lost.is_empty(), "answered, and lost by a cut at {at} that left {tail:?}: {lost:?}");
        checked += found;
    }
    let (found, lost) = opened(&recorded, last + 1, cut(&recorded.calls, last + 1, Tail::Lost, &mut random)).await;
    assert_eq!((found, lost.len()), (WRITERS * texts, 0), "the record ends before the end");
    // The check can tell: a disk that only says that it has synced loses answered texts.
    let mut told = 0;
    for n in 0..10 {
        let at = recorded.calls[recorded.answered[n * recorded.answered.len() / 10].said].begin + 1;
        let (_, lost) = opened(&recorded, at, cut(&recorded.calls, at, Tail::Unsynced, &mut random)).await;
        told += usize::from(!lost.is_empty());
    }
    assert!(told > 0, "nothing is lost without a sync");
    println!("figure D1 cut_points={cuts} answers_checked={checked} lost=0");
}
