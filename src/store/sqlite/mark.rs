//! Telling a restart from a restore: a random mark, renewed at every start, stands in the store and in a file beside
//! it, and in the file also how far the log has come. A copy that is put in the store's place knows an older mark, or
//! the same one and a shorter log. Readers who were there before must then begin anew, so the store gets a new epoch.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, params};

use super::open::{self, OpenError};
use crate::ids::Epoch;

/// The file beside the store, held open to tell it how far the log has come.
#[derive(Debug)]
pub(super) struct Mark {
    file: File,
    /// Where in it the log's last row is told.
    at: u64,
    noted: i64,
}

/// What the file beside the store says.
struct Beside {
    /// The store's mark is one of them: two while it is being renewed.
    marks: Vec<String>,
    /// The log's last row, as far as anybody was told of it.
    log: i64,
}

// === impl Mark ===

impl Mark {
    /// Renews the mark of the store in `conn`; `new` when the store was made just now. Answers also the new epoch of
    /// one that was restored: its mark is not the one beside it, or its log is shorter than it was.
    pub(super) fn renew(path: &Path, conn: &mut Connection, new: bool) -> Result<(Self, Option<Epoch>), OpenError> {
        let beside = beside(path);
        let was: String = conn.query_row("SELECT mark FROM hub", [], |row| row.get(0))?;
        let log: i64 = conn.query_row("SELECT coalesce(max(pos), 0) FROM log", [], |row| row.get(0))?;
        let mark = format!("{:032x}", rand::random::<u128>());
        let same = Beside::read(&beside).is_some_and(|beside| beside.marks.contains(&was) && beside.log <= log);
        if same {
            // Whatever happens before the next line is through, the store's mark is one of the two.
            put(&beside, &[&was, &mark], log)?;
        }
        let epoch = (!same && !new).then(Epoch::random);
        conn.execute(
            "UPDATE hub SET mark = ?1, epoch = coalesce(?2, epoch)",
            params![mark, epoch.as_ref().map(Epoch::as_str)],
        )?;
        let (file, at) = put(&beside, &[&mark], log)?;
        Ok((Self { file, at, noted: log }, epoch))
    }

    /// Notes how far the log has come, before anybody is told. A write into the system's memory, which outlives this
    /// process; were the machine to stop, the store itself would know no less.
    pub(super) fn note(&mut self, log: i64) {
        if log == self.noted {
            return;
        }
        // A file that cannot be written (it takes up no more room) costs no more than this guard.
        let _ = self.file.write_all_at(&line(log), self.at);
        self.noted = log;
    }
}

// === impl Beside ===

impl Beside {
    /// None when there is no such file, or one nobody can read.
    fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let (marks, log) = text.split_once('\n')?;
        Some(Self { marks: marks.split(' ').map(Into::into).collect(), log: log.trim_end().parse().ok()? })
    }
}

/// The file's path.
fn beside(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(".mark");
    path.into()
}

/// Puts the file in its place, whole and durable. Answers it and where the log's last row is told.
fn put(path: &Path, marks: &[&str], log: i64) -> Result<(File, u64), OpenError> {
    let write = || -> io::Result<(File, u64)> {
        let anew = path.with_extension("mark.new");
        let mut file = open::private().truncate(true).open(&anew)?;
        let marks = format!("{}\n", marks.join(" "));
        file.write_all(marks.as_bytes())?;
        file.write_all(&line(log))?;
        file.sync_all()?;
        fs::rename(&anew, path)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok((file, marks.len() as u64))
    };
    write().map_err(|cause| OpenError::Folder { path: path.into(), cause })
}

/// As long as the last one, whatever the number.
fn line(log: i64) -> Vec<u8> {
    format!("{log:020}\n").into_bytes()
}
