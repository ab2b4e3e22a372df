//! A copy of a SQLite file in its place, and starts that are none.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use tempfile::TempDir;
use usher::{
    ids::Epoch,
    store::{Store, sqlite::Sqlite},
};

use super::talk::{Talk, waiting};

/// A folder with a store in it.
struct Place {
    folder: TempDir,
}

// === impl Place ===

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("usher.db")
    }

    fn mark(&self) -> PathBuf {
        self.folder.path().join("usher.db.mark")
    }

    fn open(&self) -> Sqlite {
        Sqlite::open(self.path()).expect("it opens")
    }

    fn epoch(&self) -> Epoch {
        self.open().epoch()
    }

    /// Begins somebody's conversation.
    async fn talk(&self, store: &Sqlite, visitor: &str) -> Talk {
        Talk::begin(store, visitor, 1000, vec![waiting(61_000)]).await
    }

    /// Makes a consistent copy, as `.backup` does, from whatever process.
    fn backup(&self, name: &str) -> PathBuf {
        let copy = self.folder.path().join(name);
        let conn = Connection::open(self.path()).expect("the file");
        conn.execute("VACUUM INTO ?1", [copy.to_str().expect("a path")]).expect("a copy");
        copy
    }

    /// As docs/operations.md says.
    fn restore(&self, copy: &Path) {
        fs::copy(copy, self.path()).expect("in its place");
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(self.folder.path().join(format!("usher.db{end}")));
        }
    }

    fn by_hand(&self, sql: &str) {
        Connection::open(self.path()).and_then(|conn| conn.execute_batch(sql)).expect("done by hand");
    }
}

#[tokio::test]
async fn p1_a_backup_put_in_place_gives_the_store_a_new_epoch_whenever_it_was_made() {
    let place = Place::new();
    let store = place.open();
    let mut talk = place.talk(&store, "v_1").await;
    let first = store.epoch();
    let of_this_run = place.backup("one.db");
    talk.says(&store, 1001, "k1", "not in the backup").await;
    drop(store);
    place.restore(&of_this_run);
    let second = place.epoch();
    assert_ne!(second, first, "a backup of the last run, and one text was lost");
    assert_eq!(place.epoch(), second, "once is enough");

    // Two runs later the log may be as long as it was, and is another one.
    let mut store = place.open();
    for run in 0..2 {
        place.talk(&store, &format!("v_{run}0")).await;
        drop(store);
        store = place.open();
    }
    assert_eq!(store.epoch(), second);
    drop(store);
    let of_earlier = place.backup("two.db");
    let third = place.open();
    place.talk(&third, "v_9").await;
    drop(third);
    assert_eq!(place.epoch(), second);
    place.restore(&of_earlier);
    let store = place.open();
    let third = store.epoch();
    assert!(third != second && third != first);
    place.talk(&store, "v_8").await;
    drop(store);
    assert_eq!(place.epoch(), third);
}

#[tokio::test]
async fn p1_a_longer_log_of_an_earlier_life_is_a_restore_as_well() {
    let place = Place::new();
    let store = place.open();
    let short = place.backup("short.db");
    place.talk(&store, "v_1").await;
    place.talk(&store, "v_2").await;
    let long = place.backup("long.db");
    let first = store.epoch();
    drop(store);
    place.restore(&short);
    let second = place.epoch();
    place.restore(&long);
    let third = place.epoch();
    assert!(second != first && third != second && third != first, "{first} {second} {third}");
}

#[tokio::test]
async fn p1_a_store_cut_off_at_any_moment_of_its_start_or_run_keeps_its_epoch() {
    let place = Place::new();
    let store = place.open();
    let epoch = store.epoch();
    let mut talk = place.talk(&store, "v_1").await;
    talk.says(&store, 1001, "k1", "the last before the cut").await;
    // What a kill leaves, with the process still there: the files as they are.
    let cut = tempfile::tempdir().expect("a folder");
    for file in fs::read_dir(place.folder.path()).expect("files") {
        let file = file.expect("a file");
        fs::copy(file.path(), cut.path().join(file.file_name())).expect("a copy");
    }
    assert_eq!(Sqlite::open(cut.path().join("usher.db")).expect("it opens").epoch(), epoch);
    drop(store);
    // While a start renews the mark, the file names the old and the new one; the store's is one of them.
    for cut_off in ["{mark} 00ff", "00ff {mark}"] {
        let beside = fs::read_to_string(place.mark()).expect("the mark");
        let (mark, log) = beside.split_once('\n').expect("two lines");
        fs::write(place.mark(), format!("{}\n{log}", cut_off.replace("{mark}", mark))).expect("written");
        assert_eq!(place.epoch(), epoch, "{cut_off}");
    }
    talk.is_kept_by(&place.open()).await;
}

#[test]
fn p1_a_mark_that_is_missing_or_unreadable_counts_as_a_restore_once() {
    let place = Place::new();
    let mut epoch = place.epoch();
    for spoil in [|mark: &Path| fs::remove_file(mark), |mark: &Path| fs::write(mark, "what is this?")] {
        spoil(&place.mark()).expect("spoilt");
        let anew = place.epoch();
        assert_ne!(anew, epoch);
        assert_eq!(place.epoch(), anew);
        epoch = anew;
    }
}

#[test]
fn p1_a_store_from_before_there_were_marks_counts_as_restored_once_and_no_more() {
    let place = Place::new();
    let before = place.epoch();
    place.by_hand("ALTER TABLE hub DROP COLUMN mark; DELETE FROM migration WHERE name = 'mark'");
    fs::remove_file(place.mark()).expect("there were none");
    let anew = place.epoch();
    assert_ne!(anew, before);
    for _ in 0..3 {
        assert_eq!(place.epoch(), anew);
    }
}
