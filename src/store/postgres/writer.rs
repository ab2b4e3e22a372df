//! The connection that a lane writes over, and what it can be asked.

use std::collections::HashMap;

use tokio::time::timeout;
use tokio_postgres::{Row, Statement, types::ToSql};

use super::{
    fault::Fault,
    job::AppendJob,
    session::{ANSWER, Backend, Dialer, Session},
};
use crate::{
    ids::{ConversationId, Seq, VisitorId, WorkspaceId},
    store::{Folder, FolderCount},
};

/// Every statement of a lane looks rows up by their keys, and is written so that no join may do it otherwise. A plan is
/// made once for a connection, and one made while a table is still small would read the whole of it for every batch, however
/// large it has become. What is joined are the lists of a batch, of whose lengths the planner knows nothing: not each with
/// each.
const BY_KEY: &str = "SET enable_seqscan TO off; SET enable_nestloop TO off; SET enable_mergejoin TO off";

/// A connection whose lane lock is held: what was written over an earlier one of the lane is settled for good.
#[derive(Debug)]
pub(super) struct Writer {
    session: Session,
    pub(super) texts: Statement,
    /// The same, but for a place or a key that is taken it fails.
    pub(super) texts_alone: Statement,
    pub(super) changes: Statement,
    pub(super) begins: Statement,
    verdicts: Statement,
}

/// How things stand for an append.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The conversation's row, if there is one.
    pub(super) id: Option<i64>,
    pub(super) head: Seq,
    /// Where its key was used, and what it made.
    pub(super) used: Option<(i64, String)>,
    /// What stands where it would have stood.
    pub(super) next: Option<String>,
}

// === impl Writer ===

impl Writer {
    /// Connects. `was` is the lane's last connection, if it had one; when this returns, the server has ended it, and
    /// what it was doing is done or never will be.
    pub(super) async fn open(dialer: &Dialer, lane: i64, was: Option<&Backend>) -> Result<Self, Fault> {
        let session = dialer.session().await?;
        let client = &session.client;
        if let Some(was) = was {
            was.end(client).await?;
        }
        // Whoever served this lane before holds its lock until it is gone, whether or not it could be ended.
        client.query_one("SELECT pg_advisory_lock($1)", &[&lane]).await?;
        client.batch_execute(BY_KEY).await?;
        let texts = include_str!("sql/texts.sql");
        let alone = texts.replace("ON CONFLICT DO NOTHING", "");
        let (texts, texts_alone, changes, begins, verdicts) = tokio::try_join!(
            client.prepare(texts),
            client.prepare(&alone),
            client.prepare(include_str!("sql/changes.sql")),
            client.prepare(include_str!("sql/begins.sql")),
            client.prepare(include_str!("sql/verdicts.sql")),
        )?;
        Ok(Self { session, texts, texts_alone, changes, begins, verdicts })
    }

    /// Gives the connection up.
    pub(super) fn abandon(self) -> Backend {
        self.session.abandon()
    }

    /// Takes leave of the server.
    pub(super) async fn end(self) {
        self.session.end().await;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    /// Runs a statement within the limit of an answer.
    pub(super) async fn run(&self, statement: &Statement, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
        let answer = timeout(ANSWER, self.session.client.query(statement, params)).await;
        answer.map_or_else(|_| Err(Fault::silent()), |rows| rows.map_err(Fault::from))
    }

    async fn ask(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
        let answer = timeout(ANSWER, self.session.client.query(sql, params)).await;
        answer.map_or_else(|_| Err(Fault::silent()), |rows| rows.map_err(Fault::from))
    }

    /// The rows of these conversations.
    pub(super) async fn ids(&self, names: &[&str]) -> Result<HashMap<ConversationId, i64>, Fault> {
        let rows = self.ask("SELECT name, id FROM conversation WHERE name = ANY ($1)", &[&names]).await?;
        rows.iter().map(|row| Ok((row.try_get::<_, &str>(0)?.into(), row.try_get(1)?))).collect()
    }

    /// How things stand for these appends, in their order.
    pub(super) async fn verdicts(&self, jobs: &[&AppendJob]) -> Result<Vec<Verdict>, Fault> {
        let (mut names, mut afters, mut scopes, mut keys) = (vec![], vec![], vec![], vec![]);
        for job in jobs {
            let (scope, key) = job.key();
            names.push(job.append.conversation.as_str());
            afters.push(job.after());
            scopes.push(scope);
            keys.push(key);
        }
        let rows = self.run(&self.verdicts, &[&names, &afters, &scopes, &keys]).await?;
        let mut verdicts = Vec::with_capacity(jobs.len());
        for row in rows {
            let (nth, seq, used): (i64, Option<i64>, Option<String>) =
                (row.try_get(0)?, row.try_get(3)?, row.try_get(4)?);
            let head: Option<i64> = row.try_get(2)?;
            let verdict = Verdict {
                id: row.try_get(1)?,
                head: Seq(head.unwrap_or_default().cast_unsigned()),
                used: seq.zip(used),
                next: row.try_get(5)?,
            };
            verdicts.push((nth, verdict));
        }
        verdicts.sort_unstable_by_key(|(nth, _)| *nth);
        Ok(verdicts.into_iter().map(|(_, verdict)| verdict).collect())
    }

    /// The visitor's open conversation.
    pub(super) async fn open_of(
        &self,
        workspace: &WorkspaceId,
        visitor: &VisitorId,
    ) -> Result<Option<ConversationId>, Fault> {
        let sql = "SELECT name FROM conversation WHERE workspace = $1 AND visitor = $2 AND closed_at IS NULL";
        let rows = self.ask(sql, &[&workspace.as_str(), &visitor.as_str()]).await?;
        Ok(rows.first().map(|row| row.try_get::<_, &str>(0)).transpose()?.map(Into::into))
    }

    /// The sizes of all folders of a workspace.
    pub(super) async fn sizes(&self, workspace: &WorkspaceId) -> Result<Vec<FolderCount>, Fault> {
        let sql = "SELECT workspace, name, agent, count, version FROM folder WHERE workspace = $1";
        let rows = self.ask(sql, &[&workspace.as_str()]).await?;
        let sizes = rows.iter().map(|row| size(row, 0)).collect::<Result<Vec<_>, Fault>>()?;
        Ok(sizes.into_iter().flatten().collect())
    }

    /// Whether writing works.
    pub(super) async fn probe(&self) -> Result<(), Fault> {
        let sql = "UPDATE hub SET probed = (extract(epoch FROM now()) * 1000)::bigint";
        self.ask(sql, &[]).await.map(drop)
    }
}

/// The size of a folder, from the columns of a row from `at` on; None where they are NULL.
pub(super) fn size(row: &Row, at: usize) -> Result<Option<FolderCount>, Fault> {
    let Some(workspace) = row.try_get::<_, Option<&str>>(at)? else { return Ok(None) };
    let Some(folder) = Folder::of_column(row.try_get(at + 1)?, row.try_get(at + 2)?) else { return Ok(None) };
    let (count, version): (i64, i64) = (row.try_get(at + 3)?, row.try_get(at + 4)?);
    Ok(Some(FolderCount {
        workspace: workspace.into(),
        folder,
        count: count.cast_unsigned(),
        version: version.cast_unsigned(),
    }))
}
