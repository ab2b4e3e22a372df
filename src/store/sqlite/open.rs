//! Opening the file: whose it is, whether anybody else has it, and how every connection is set.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::migrate;

/// The oldest SQLite that does not lose commits when a write-ahead log is reset under a reader's eyes.
const OLDEST_SQLITE: i32 = 3_051_003;
/// How long a statement waits for a lock that nobody should hold.
pub(super) const BUSY: Duration = Duration::from_secs(2);
/// Each connection stays with one thread; the file itself was made when the lock was taken.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Why a store could not be opened. Each says what the operator can do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written.
    #[error("cannot write in the folder {path}: {cause}", path = path.display())]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Another process has it open.
    #[error("{path} is in use by another process: a store belongs to one hub at a time", path = path.display())]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// Made by a later version of this program.
    #[error("the store has version {found}, this program knows {known}: it was written by a newer one")]
    Newer {
        /// The file's.
        found: i64,
        /// The program's.
        known: i64,
    },
    /// A step of its making is not the one this program would take.
    #[error("the store's migration {version} ({name}) differs from this program's: it was made by another build")]
    Altered {
        /// Which step.
        version: i64,
        /// What it is called.
        name: &'static str,
    },
    /// A file of another program, or no database at all.
    #[error("the file is not a store of this program")]
    Foreign,
    /// The SQLite library has a known fault.
    #[error("SQLite {found} is too old: 3.51.3 or later is needed, because earlier ones may lose commits")]
    OldSqlite {
        /// The library's version.
        found: &'static str,
    },
    /// What is in it cannot be read.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Anything else SQLite or the system says.
    #[error("the store cannot be opened: {0}")]
    Failed(String),
}

/// Makes the folder, takes the lock and makes sure the file can be written. The lock ends with the returned file.
pub(super) fn take(path: &Path) -> Result<File, OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(OpenError::OldSqlite { found: rusqlite::version() });
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let refuse = |cause| OpenError::Folder { path: folder.into(), cause };
    fs::create_dir_all(folder).map_err(refuse)?;
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock = private().open(lock_path).map_err(refuse)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: path.into() }),
        Err(TryLockError::Error(cause)) => return Err(refuse(cause)),
    }
    touch(path)?;
    Ok(lock)
}

/// Makes a file that nobody else may read: SQLite's companions of it inherit its rights.
pub(super) fn touch(path: &Path) -> Result<(), OpenError> {
    let opened = private().open(path);
    opened.map(drop).map_err(|cause| OpenError::Folder { path: path.into(), cause })
}

/// The connection that writes. Checkpoints are made elsewhere: here they would stand between a commit and its answer.
pub(super) fn writing(path: &Path) -> Result<Connection, OpenError> {
    let conn = Connection::open_with_flags(path, FLAGS)?;
    set(&conn)?;
    migrate::refuse_foreign(&conn)?;
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = 268435456;
         PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -3072;
         PRAGMA temp_store = MEMORY;",
    )?;
    Ok(conn)
}

/// The connection that fills the search. What it loses in a crash is filled again, so it need not sync its commits.
pub(super) fn searching(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, FLAGS)?;
    set(&conn)?;
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    conn.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY;")?;
    Ok(conn)
}

/// A connection that only reads.
pub(super) fn reading(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, FLAGS)?;
    set(&conn)?;
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;")?;
    Ok(conn)
}

/// The connection that moves the write-ahead log into the file.
pub(super) fn checkpointing(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, FLAGS)?;
    set(&conn)?;
    conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 268435456;")?;
    Ok(conn)
}

fn set(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(128);
    // Otherwise a statement whose plan may hang on a parameter, as on that of a LIMIT, is made anew for each execution.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Files that nobody else may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

// === impl OpenError ===

impl From<rusqlite::Error> for OpenError {
    fn from(fault: rusqlite::Error) -> Self {
        match fault.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => Self::Foreign,
            Some(rusqlite::ErrorCode::DatabaseCorrupt) => Self::Damaged(fault.to_string()),
            _ => Self::Failed(fault.to_string()),
        }
    }
}
