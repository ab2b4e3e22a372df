//! Bringing a file to this program's shape, step by step, each in its own transaction.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::open::OpenError;
use crate::ids::{Epoch, Millis};

/// The steps, in order; a step that was ever released is never edited, which the checksums enforce.
const STEPS: &[Step] = &[
    Step { name: "first", sql: include_str!("migrations/0001_first.sql") },
    Step { name: "presence", sql: include_str!("migrations/0002_presence.sql") },
    Step { name: "outbox", sql: include_str!("migrations/0003_outbox.sql") },
];

/// What `PRAGMA application_id` says in a file of ours: "USHR".
const OURS: i64 = 0x5553_4852;

struct Step {
    name: &'static str,
    sql: &'static str,
}

/// Applies the steps that are missing and answers with the store's epoch.
pub(super) fn migrate(conn: &mut Connection, now: Millis) -> Result<Epoch, OpenError> {
    conn.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (
            version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
        ) STRICT",
    )?;
    let found: i64 = conn.query_row("SELECT coalesce(max(version), 0) FROM migration", [], |row| row.get(0))?;
    let known = STEPS.len() as i64;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for (version, step) in (1..).zip(STEPS) {
        apply(conn, version, step, now)?;
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

fn apply(conn: &mut Connection, version: i64, step: &Step, now: Millis) -> Result<(), OpenError> {
    let checksum = Sha256::digest(step.sql).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let was: Option<String> =
        tx.query_row("SELECT checksum FROM migration WHERE version = ?1", [version], |row| row.get(0)).optional()?;
    match was {
        Some(was) if was == checksum => return Ok(()),
        Some(_) => return Err(OpenError::Altered { version, name: step.name }),
        None => {}
    }
    tx.execute_batch(step.sql)?;
    tx.execute("INSERT INTO migration VALUES (?1, ?2, ?3, ?4)", params![version, step.name, checksum, now.0])?;
    tx.commit()?;
    Ok(())
}

fn epoch(conn: &Connection) -> Result<Epoch, OpenError> {
    conn.execute("INSERT OR IGNORE INTO hub (one, epoch) VALUES (1, ?1)", [Epoch::random().as_str()])?;
    Ok(conn.query_row("SELECT epoch FROM hub", [], |row| row.get::<_, String>(0))?.into())
}
