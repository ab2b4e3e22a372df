//! Bringing a file to this program's shape, step by step, each in its own transaction.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::open::OpenError;
use crate::ids::{Epoch, Millis};

/// The steps, in order; a step that was ever released is never edited, which the checksums enforce.
const STEPS: &[Step] = &[
    Step { version: 1, name: "first", sql: include_str!("migrations/0001_first.sql") },
    Step { version: 2, name: "presence", sql: include_str!("migrations/0002_presence.sql") },
    Step { version: 3, name: "outbox", sql: include_str!("migrations/0003_outbox.sql") },
    Step { version: 4, name: "mark", sql: include_str!("migrations/0004_mark.sql") },
    Step { version: 5, name: "canned", sql: include_str!("migrations/0005_canned.sql") },
    Step { version: 6, name: "stretch", sql: include_str!("migrations/0006_stretch.sql") },
];

/// What `PRAGMA application_id` says in a file of ours: "USHR".
const OURS: i64 = 0x5553_4852;

struct Step {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

/// Applies the steps that are missing and answers with the store's epoch, and whether it was made just now.
pub(super) fn migrate(conn: &mut Connection, now: Millis) -> Result<(Epoch, bool), OpenError> {
    conn.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (
            version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
        ) STRICT",
    )?;
    let found: i64 = conn.query_row("SELECT coalesce(max(version), 0) FROM migration", [], |row| row.get(0))?;
    let known = STEPS.last().map_or(0, |step| step.version);
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for step in STEPS {
        apply(conn, step, now)?;
    }
    epoch(conn)
}

/// An empty file becomes ours; one with other tables in it is somebody else's.
pub(super) fn refuse_foreign(conn: &Connection) -> Result<(), OpenError> {
    let id: i64 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 =
        conn.query_row("SELECT count(*) FROM sqlite_schema WHERE name <> 'migration'", [], |row| row.get(0))?;
    if id != OURS && (id != 0 || tables > 0) {
        return Err(OpenError::Foreign);
    }
    Ok(())
}

fn apply(conn: &mut Connection, step: &Step, now: Millis) -> Result<(), OpenError> {
    let checksum = Sha256::digest(step.sql).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let was: Option<String> = tx
        .query_row("SELECT checksum FROM migration WHERE version = ?1", [step.version], |row| row.get(0))
        .optional()?;
    match was {
        Some(was) if was == checksum => return Ok(()),
        Some(_) => return Err(OpenError::Altered { version: step.version, name: step.name }),
        None => {}
    }
    tx.execute_batch(step.sql)?;
    tx.execute("INSERT INTO migration VALUES (?1, ?2, ?3, ?4)", params![step.version, step.name, checksum, now.0])?;
    tx.commit()?;
    Ok(())
}

fn epoch(conn: &Connection) -> Result<(Epoch, bool), OpenError> {
    let made = conn.execute("INSERT OR IGNORE INTO hub (one, epoch) VALUES (1, ?1)", [Epoch::random().as_str()])?;
    conn.execute("UPDATE hub SET seed = randomblob(16) WHERE seed IS NULL", [])?;
    let epoch = conn.query_row("SELECT epoch FROM hub", [], |row| row.get::<_, String>(0))?;
    Ok((epoch.into(), made > 0))
}
