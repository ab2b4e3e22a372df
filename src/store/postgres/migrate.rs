//! Bringing a database to this program's shape, step by step, while older programs may go on using it.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use super::open::OpenError;
use crate::ids::Epoch;

/// The steps, in order; a step that was ever released is never edited, which the checksums enforce.
const STEPS: &[Step] = &[
    Step { name: "first", compatible_from: 1, sql: include_str!("migrations/0001_first.sql") },
    Step { name: "presence", compatible_from: 1, sql: include_str!("migrations/0002_presence.sql") },
    Step { name: "outbox", compatible_from: 1, sql: include_str!("migrations/0003_outbox.sql") },
    Step { name: "canned", compatible_from: 1, sql: include_str!("migrations/0004_canned.sql") },
];

/// Who migrates holds this lock: two nodes that start at once take turns.
const LOCK: i64 = 0x5553_4852_0000_0002;
/// The longest a step may take.
const LIMIT: Duration = Duration::from_secs(300);

struct Step {
    name: &'static str,
    /// The oldest shape whose programs can go on when this step is done.
    compatible_from: i32,
    sql: &'static str,
}

/// How a database's shape relates to this program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The database's version.
    found: i32,
    /// The oldest version whose programs may use it.
    compatible_from: i32,
}

// === impl Shape ===

impl Shape {
    /// Whether steps are missing that older programs could not live with.
    pub(super) fn breaks_with_older(&self) -> bool {
        self.found > 0 && missing(self.found).any(|(_, step)| step.compatible_from > self.found)
    }
}

/// Looks at the database, and refuses one that is not for this program.
pub(super) async fn look(client: &Client) -> Result<Shape, OpenError> {
    let sql = "SELECT
        EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('usher')::oid),
        to_regclass('usher.migration') IS NOT NULL";
    let row = client.query_one(sql, &[]).await?;
    match (row.try_get(0)?, row.try_get(1)?) {
        (_, true) => {}
        (true, false) => return Err(OpenError::Foreign),
        (false, false) => return Ok(Shape { found: 0, compatible_from: 0 }),
    }
    let known = STEPS.len() as i32;
    let rows = client.query("SELECT version, checksum, compatible_from FROM usher.migration", &[]).await?;
    let mut shape = Shape { found: 0, compatible_from: 0 };
    for row in rows {
        let (version, checksum): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
        let step = usize::try_from(version - 1).ok().and_then(|at| STEPS.get(at));
        if let Some(step) = step.filter(|step| checksum != step.checksum()) {
            return Err(OpenError::Altered { version: version.into(), name: step.name });
        }
        shape.found = shape.found.max(version);
        shape.compatible_from = shape.compatible_from.max(row.try_get(2)?);
    }
    match shape.compatible_from > known {
        true => Err(OpenError::Newer { found: shape.found.into(), known: known.into() }),
        false => Ok(shape),
    }
}

/// Applies the steps that are missing, each in its own transaction, and answers with the store's epoch.
pub(super) async fn migrate(client: &Client) -> Result<Epoch, OpenError> {
    client.batch_execute(&format!("SET statement_timeout TO {}", LIMIT.as_millis())).await?;
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
    let epoch = apply(client).await;
    client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await?;
    client.batch_execute("SET statement_timeout TO '2s'").await?;
    epoch
}

async fn apply(client: &Client) -> Result<Epoch, OpenError> {
    // Another node may have been first.
    let shape = look(client).await?;
    if shape.found == 0 {
        client
            .batch_execute(
                "BEGIN;
                 DO $$ BEGIN IF to_regnamespace('usher') IS NULL THEN CREATE SCHEMA usher; END IF; END $$;
                 CREATE TABLE IF NOT EXISTS usher.migration (
                     version         integer     PRIMARY KEY,
                     name            text        NOT NULL,
                     checksum        text        NOT NULL,
                     compatible_from integer     NOT NULL, -- the oldest version whose programs may go on
                     applied_at      timestamptz NOT NULL DEFAULT now()
                 );
                 COMMIT",
            )
            .await?;
    }
    for (version, step) in missing(shape.found) {
        let Step { name, compatible_from, sql } = step;
        let checksum = step.checksum();
        let note = format!(
            "INSERT INTO usher.migration (version, name, checksum, compatible_from)
             VALUES ({version}, '{name}', '{checksum}', {compatible_from})"
        );
        if let Err(fault) = client.batch_execute(&format!("BEGIN; {sql}; {note}; COMMIT")).await {
            let _ = client.batch_execute("ROLLBACK").await;
            return Err(fault.into());
        }
        tracing::info!(version, name, "the database was brought to a new shape");
    }
    let epoch = Epoch::random();
    client.execute("INSERT INTO hub (epoch) VALUES ($1) ON CONFLICT DO NOTHING", &[&epoch.as_str()]).await?;
    Ok(client.query_one("SELECT epoch FROM hub", &[]).await?.try_get::<_, String>(0)?.into())
}

fn missing(found: i32) -> impl Iterator<Item = (i32, &'static Step)> {
    (1..).zip(STEPS).filter(move |(version, _)| *version > found)
}

// === impl Step ===

impl Step {
    fn checksum(&self) -> String {
        Sha256::digest(self.sql).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
