//! What goes wrong around a SQLite file, and what becomes of it.

use std::{fs, path::Path, sync::Arc, time::Duration};

use rusqlite::Connection;
use tempfile::TempDir;
use usher::{
    chat::event::Author,
    ids::Seq,
    store::{
        Appended, Folder, FolderQuery, Store, StoreError,
        sqlite::{OpenError, Options, Sqlite},
    },
};

use super::talk::{Talk, assigned, by, closed, missed, text, waiting, workspace};
use crate::support::wait;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn open(path: &Path) -> Arc<Sqlite> {
    Arc::new(Sqlite::open(path).expect("it opens"))
}

/// What an operator with another program at the file would do.
fn by_hand(path: &Path, sql: &str) {
    let conn = Connection::open(path).expect("the file");
    conn.execute_batch(sql).expect("done by hand");
}

/// Nothing waits for the index but what must, and nothing is indexed in an idle moment.
fn never_idle() -> Options {
    Options { index_idle: Duration::from_secs(3600), ..Options::default() }
}

#[tokio::test]
async fn o_a_second_process_on_the_same_file_is_refused_and_harms_nobody() {
    let folder = folder();
    let path = folder.path().join("usher.db");
    let first = open(&path);
    let mut talk = Talk::begin(&*first, "v_1", 1000, vec![waiting(61_000)]).await;
    for _ in 0..3 {
        let fault = Sqlite::open(&path).expect_err("it is in use");
        assert!(matches!(fault, OpenError::InUse { .. }), "{fault:?}");
        assert!(fault.to_string().contains("in use by another process"), "{fault}");
        talk.says(&*first, 1001, &format!("k{}", talk.fold.seq), "still here").await;
    }
    drop(first);
    talk.is_kept_by(&*open(&path)).await;
}

#[test]
fn o_a_file_that_is_not_ours_to_read_is_refused_and_left_as_it_was() {
    let folder = folder();
    let path = folder.path().join("usher.db");
    drop(open(&path));
    let newer = "INSERT INTO migration VALUES (99, 'of tomorrow', 'x', 0)";
    by_hand(&path, newer);
    let fault = Sqlite::open(&path).expect_err("it is newer");
    assert!(matches!(fault, OpenError::Newer { found: 99, .. }), "{fault:?}");
    by_hand(&path, "DELETE FROM migration WHERE version = 99; UPDATE migration SET checksum = 'other'");
    let fault = Sqlite::open(&path).expect_err("it was made by another build");
    assert!(matches!(fault, OpenError::Altered { version: 1, .. }), "{fault:?}");
    let foreign = folder.path().join("foreign.db");
    by_hand(&foreign, "CREATE TABLE theirs (a)");
    let text = folder.path().join("notes.txt");
    fs::write(&text, "no database at all, but longer than a header of a hundred bytes is ".repeat(10))
        .expect("written");
    for path in [foreign, text] {
        let before = fs::read(&path).expect("read");
        let fault = Sqlite::open(&path).expect_err("it is not ours");
        assert!(matches!(fault, OpenError::Foreign), "{fault:?}");
        assert_eq!(fs::read(&path).expect("read"), before);
    }
}

#[test]
fn o_a_folder_that_cannot_be_written_is_named() {
    let folder = folder();
    let file = folder.path().join("a-file");
    fs::write(&file, "").expect("written");
    // Below a file, and where the system lets nobody write, not even root.
    for path in [file.join("data/usher.db"), "/proc/usher-test/usher.db".into()] {
        let fault = Sqlite::open(&path).expect_err("there is no folder");
        assert!(matches!(&fault, OpenError::Folder { path: named, .. } if path.starts_with(named)), "{fault:?}");
    }
    // One that is only missing is made; and nobody else on the machine may read what is in it.
    let path = folder.path().join("new/deep/usher.db");
    drop(open(&path));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
}

#[tokio::test]
async fn s5_what_is_damaged_is_reported_and_the_rest_is_served() {
    let folder = folder();
    let path = folder.path().join("usher.db");
    let store = open(&path);
    let mut talks = Vec::new();
    for n in 0..4 {
        let mut talk = Talk::begin(&*store, &format!("v_{n}"), 1000 + n, vec![waiting(61_000)]).await;
        talk.says(&*store, 2000, "k1", "one").await;
        talk.says(&*store, 2000, "k2", "two").await;
        talks.push(talk);
    }
    drop(store);
    let id = |n: usize| format!("(SELECT id FROM conversation WHERE name = '{}')", talks[n].id());
    by_hand(&path, &format!("UPDATE log SET body = '{{\"seq\":3' WHERE conversation = {} AND seq = 3", id(0)));
    by_hand(&path, &format!("UPDATE conversation SET snapshot = 'nonsense' WHERE id = {}", id(1)));
    by_hand(
        &path,
        &format!(
            "DELETE FROM log WHERE conversation = {0} AND seq = 3;
             UPDATE stretch SET places = substr(places, 1, 2) WHERE conversation = {0}",
            id(2)
        ),
    );
    let store = open(&path);
    for (n, talk) in talks[..3].iter().enumerate() {
        let fault = store.load(talk.id()).await.expect_err("damaged");
        assert!(matches!(fault, StoreError::Damaged(_)), "{n}: {fault:?}");
        assert!(!fault.to_string().contains("seq\":3"), "a fault shows nothing of what was written: {fault}");
    }
    assert!(matches!(store.events_after(talks[0].id(), Seq(2), 9, 999).await, Err(StoreError::Damaged(_))));
    assert!(matches!(store.events_after(talks[2].id(), Seq(0), 9, 999).await, Err(StoreError::Damaged(_))));
    talks[3].is_kept_by(&*store).await;
    let all = FolderQuery { workspace: workspace(), folder: Folder::Unassigned, before: None, limit: 10, query: None };
    let page = store.folder(&all).await.expect("the others are shown");
    let ids: Vec<_> = page.conversations.into_iter().map(|loaded| loaded.conversation.id).collect();
    assert_eq!(ids, [talks[3].id().clone()]);
}

#[tokio::test]
async fn d1_a_store_cut_off_before_anything_was_indexed_knows_all_at_the_next_start() {
    let (folder, copy) = (folder(), folder());
    let path = folder.path().join("usher.db");
    let store = Sqlite::open_with(&path, never_idle()).expect("it opens");
    let mut talks = Vec::new();
    for n in 0..5 {
        talks.push(Talk::begin(&store, &format!("v_{n}"), 1000, vec![waiting(61_000)]).await);
    }
    for n in 0..40 {
        for talk in &mut talks {
            talk.says(&store, 1000 + n, &format!("k{n}"), "not indexed").await;
        }
    }
    // What a disk would hold if the machine lost its power now: the process is still running.
    for name in ["usher.db", "usher.db-wal"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).expect("copied");
    }
    let path = copy.path().join("usher.db");
    // At last the index takes over what waits while the store is opened, in parts, as after a step that made it anew.
    for options in [never_idle(), never_idle(), Options { index_at: 32, ..never_idle() }] {
        let store = Sqlite::open_with(&path, options).expect("it opens");
        let waits: i64 = Connection::open(&path)
            .and_then(|look| look.query_row("SELECT max(pos) - indexed FROM log, hub", [], |row| row.get(0)))
            .expect("read");
        assert_eq!(waits < 32, options.index_at == 32, "{waits} rows wait for the index");
        for talk in &mut talks {
            talk.is_kept_by(&store).await;
            let mut again = talk.clone();
            let append = again.saying(3000, "k7", "the same key");
            assert!(matches!(store.append(append).await, Ok(Appended::Repeated { .. })));
            let key = format!("new{}", talk.fold.seq);
            talk.says(&store, 3000, &key, "goes on").await;
        }
    }
}

#[tokio::test]
async fn p4_a_search_that_was_lost_damaged_or_is_of_another_store_is_made_anew() {
    let (folder, other) = (folder(), folder());
    let path = folder.path().join("usher.db");
    let search = folder.path().join("usher.db-search");
    drop(open(&other.path().join("usher.db")));
    let mut talk = Talk::begin(&*open(&path), "v_1", 1000, vec![waiting(61_000)]).await;
    for round in 0..4 {
        match round {
            1 => fs::remove_file(&search).expect("lost"),
            2 => fs::write(&search, "no database at all").expect("damaged"),
            3 => fs::copy(other.path().join("usher.db-search"), &search).map(drop).expect("another's"),
            _ => {}
        }
        let store = open(&path);
        talk.says(&*store, 2000, &format!("k{round}"), &format!("word{round}")).await;
        for said in 0..=round {
            let query = Some(format!("WORD{said} shop.example"));
            let all =
                FolderQuery { workspace: workspace(), folder: Folder::Unassigned, before: None, limit: 10, query };
            wait::until("it is found", async || {
                let page = store.folder(&all).await.expect("folder");
                (page.conversations.len() == 1).then_some(())
            })
            .await;
        }
    }
}

#[tokio::test]
async fn l6_what_waits_for_the_index_is_bounded_and_gone_after_a_while() {
    let folder = folder();
    let path = folder.path().join("usher.db");
    let store = Sqlite::open_with(&path, Options { index_at: 64, ..Options::default() }).expect("it opens");
    let look = Connection::open(&path).expect("the file");
    look.execute("ATTACH ?1 AS search", [folder.path().join("usher.db-search").to_string_lossy()]).expect("the search");
    let waits = || -> (i64, i64) {
        let sql = "SELECT max(pos) - (SELECT indexed FROM hub), max(pos) - (SELECT log FROM search.upto) FROM log";
        look.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("read")
    };
    let mut talk = Talk::begin(&store, "v_1", 1000, vec![waiting(61_000)]).await;
    for n in 0..1000 {
        talk.says(&store, 1000 + n, &format!("k{n}"), "words").await;
        assert!(waits().0 <= 4 * 64 + 2, "{} rows wait for the index", waits().0);
    }
    wait::until("everything is indexed", async || (waits() == (0, 0)).then_some(())).await;
    talk.is_kept_by(&store).await;
}

#[tokio::test]
async fn l5_a_full_store_refuses_keeps_serving_and_recovers_without_a_restart() {
    let folder = folder();
    let path = folder.path().join("usher.db");
    let store = open(&path);
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let mut other = Talk::begin(&*store, "v_2", 1000, vec![waiting(61_000)]).await;
    let used: u32 = Connection::open(&path)
        .and_then(|conn| conn.query_row("PRAGMA page_count", [], |row| row.get(0)))
        .expect("a size");
    for round in 0..3 {
        store.limit_pages(Some(used + 40 * (round + 1))).await.expect("limited");
        let mut refused = None;
        for n in 0..500 {
            let kept = talk.clone();
            let append = talk.saying(2000, &format!("{round}-{n}"), &"long ".repeat(800));
            match store.append(append.clone()).await {
                Ok(Appended::Done { .. }) => {}
                Err(StoreError::Unavailable(_)) => {
                    talk = kept;
                    refused = Some(append);
                    break;
                }
                odd => panic!("{odd:?}"),
            }
        }
        let refused = refused.expect("the store was never full");
        // Nobody in the same commit is told a lie, and what was read before is read now.
        let many: Vec<_> = (0..16)
            .map(|_| {
                tokio::spawn({
                    let store = store.clone();
                    let refused = refused.clone();
                    async move { store.append(refused).await }
                })
            })
            .collect();
        for one in many {
            assert!(matches!(one.await.expect("no panic"), Err(StoreError::Unavailable(_))));
        }
        assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
        let start = Talk::new("default", "v_3", 1000, vec![missed()]);
        let page = "x".repeat(16 * 1024);
        let mut long = start.clone();
        long.draft(Author::Visitor, 1001, text("k", &page));
        let begun = store.begin(long.fold.clone(), long.log.clone()).await;
        assert!(matches!(begun, Err(StoreError::Unavailable(_))), "{begun:?}");
        talk.is_kept_by(&*store).await;
        other.is_kept_by(&*store).await;
        assert_eq!(store.queue(&workspace()).await.expect("queue").len(), 2);
        store.limit_pages(None).await.expect("room again");
        store.ready().await.expect("it takes writes");
        // The very same request succeeds, once.
        assert!(matches!(store.append(refused.clone()).await, Ok(Appended::Done { .. })));
        assert!(matches!(store.append(refused.clone()).await, Ok(Appended::Repeated { .. })));
        talk.fold.apply(refused.entries[0].event());
        talk.log.extend(refused.entries);
        talk.is_kept_by(&*store).await;
        assert!(store.load(start.id()).await.expect("load").is_none());
        other.says(&*store, 3000, &format!("after{round}"), "fine").await;
    }
    talk.happens(&*store, by("jane"), 4000, assigned("jane")).await;
    talk.happens(&*store, by("jane"), 4001, closed()).await;
    drop(store);
    let store = open(&path);
    talk.is_kept_by(&*store).await;
    other.is_kept_by(&*store).await;
}

#[tokio::test]
async fn l5_a_file_locked_by_somebody_else_is_unavailable_in_time_and_still_read() {
    let folder = folder();
    let path = folder.path().join("usher.db");
    let store = open(&path);
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    talk.says(&*store, 1001, "k1", "one").await;
    let thief = Connection::open(&path).expect("the file");
    thief.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let started = std::time::Instant::now();
    let blocked = talk.clone().saying(1002, "k2", "two");
    let (append, ready, load) = tokio::join!(store.append(blocked.clone()), store.ready(), store.load(talk.id()));
    assert!(matches!(append, Err(StoreError::Unavailable(_))), "{append:?}");
    assert!(matches!(ready, Err(StoreError::Unavailable(_))), "{ready:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(load.expect("served").expect("there").conversation, talk.fold);
    thief.execute_batch("ROLLBACK").expect("unlocked");
    wait::until("the store writes again", async || store.ready().await.ok()).await;
    talk.says(&*store, 1002, "k2", "two").await;
    talk.is_kept_by(&*store).await;
}

#[tokio::test]
async fn l5_a_read_that_runs_too_long_is_ended_and_the_others_go_on() {
    let folder = folder();
    let path = folder.path().join("usher.db");
    let store = Sqlite::open_with(&path, Options { readers: 1, ..Options::default() }).expect("it opens");
    let mut talk = Talk::begin(&store, "v_1", 1000, vec![waiting(61_000)]).await;
    talk.says(&store, 1001, "k1", "one").await;
    drop(store);
    // Reading what stands beside a log never ends.
    by_hand(
        &path,
        "ALTER TABLE beside RENAME TO beside_kept;
             CREATE VIEW beside (conversation, body) AS
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                 SELECT max(i), 'never' FROM n;",
    );
    let store = Sqlite::open_with(&path, Options { readers: 1, ..Options::default() }).expect("it opens");
    let started = std::time::Instant::now();
    let (slow, queue) = tokio::join!(store.load(talk.id()), async { store.queue(&workspace()).await });
    assert!(matches!(slow, Err(StoreError::Unavailable(_))), "{slow:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(queue.expect("served").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn p7_a_paused_clock_of_the_runtime_does_not_make_the_disk_look_slow() {
    let folder = folder();
    let store = open(&folder.path().join("usher.db"));
    // With a timer always pending, the runtime's clock leaps each time everybody waits for the disk.
    let ticks = tokio::spawn(async {
        let mut ticks = tokio::time::interval(Duration::from_secs(60));
        loop {
            ticks.tick().await;
        }
    });
    let started = tokio::time::Instant::now();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    for n in 0..200 {
        talk.says(&*store, 1000 + n, &format!("k{n}"), "text").await;
        talk.is_kept_by(&*store).await;
    }
    assert!(started.elapsed() > Duration::from_secs(3600), "the clock never leapt: nothing was shown");
    ticks.abort();
}
