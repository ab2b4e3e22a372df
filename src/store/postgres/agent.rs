//! Agents: who said `hello`, and what they chose.

use tokio_postgres::Row;

use super::{
    Postgres,
    load::{get, text},
    pool::Params,
};
use crate::{
    chat::event::AgentRef,
    ids::{AgentId, Millis, WorkspaceId},
    store::{
        AgentRow, NotifySettings, Result,
        agents::{read_notify, write_notify},
    },
};

const COLUMNS: &str = "workspace, id, name, avatar, admin, online, notify, last_hello_at";

// === impl Postgres ===

impl Postgres {
    /// One who was removed comes back switched off.
    pub(super) async fn note_hello(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentRef,
        admin: bool,
        issued_at: Option<Millis>,
        now: Millis,
    ) -> Result<Option<AgentRow>> {
        // What `revoked` says, where nobody can come between.
        let sql = format!(
            "INSERT INTO agent (workspace, id, name, avatar, admin, online, notify, last_hello_at, removed)
             VALUES ($1, $2, $3, $4, $5, false, $6, $7, false)
             ON CONFLICT (workspace, id) DO UPDATE
             SET name = $3, avatar = $4, admin = $5, last_hello_at = $7, removed = false
             WHERE agent.removed_at IS NULL OR $8::bigint >= agent.removed_at
             RETURNING {COLUMNS}"
        );
        let notify = write_notify(NotifySettings::default())?;
        let (id, name, avatar) = (agent.id.as_str(), &agent.name, &agent.avatar);
        let params: Params<'_> =
            &[&workspace.as_str(), &id, name, avatar, &admin, &notify, &now.0, &issued_at.map(|at| at.0)];
        self.pool.query_opt(&sql, params).await?.as_ref().map(read).transpose()
    }

    pub(super) async fn read_removed_at(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<Millis>> {
        let sql = "SELECT removed_at FROM agent WHERE workspace = $1 AND id = $2";
        let row = self.pool.query_opt(sql, &[&workspace.as_str(), &agent.as_str()]).await?;
        let at: Option<i64> = row.as_ref().map(|row| get(row, 0)).transpose()?.flatten();
        Ok(at.map(Millis))
    }

    pub(super) async fn read_agent(&self, workspace: &WorkspaceId, agent: &AgentId) -> Result<Option<AgentRow>> {
        let sql = format!("SELECT {COLUMNS} FROM agent WHERE workspace = $1 AND id = $2 AND NOT removed");
        let row = self.pool.query_opt(&sql, &[&workspace.as_str(), &agent.as_str()]).await?;
        row.as_ref().map(read).transpose()
    }

    pub(super) async fn read_agents(&self, workspace: &WorkspaceId) -> Result<Vec<AgentRow>> {
        let sql = format!("SELECT {COLUMNS} FROM agent WHERE workspace = $1 AND NOT removed ORDER BY name, id");
        self.pool.query(&sql, &[&workspace.as_str()]).await?.iter().map(read).collect()
    }

    pub(super) async fn switch(&self, workspace: &WorkspaceId, agent: &AgentId, online: bool) -> Result<bool> {
        let sql = "UPDATE agent SET online = $3 WHERE workspace = $1 AND id = $2 AND NOT removed RETURNING 1";
        Ok(!self.pool.query(sql, &[&workspace.as_str(), &agent.as_str(), &online]).await?.is_empty())
    }

    pub(super) async fn keep_notify(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentId,
        notify: NotifySettings,
    ) -> Result<bool> {
        let sql = "UPDATE agent SET notify = $3 WHERE workspace = $1 AND id = $2 AND NOT removed RETURNING 1";
        let notify = write_notify(notify)?;
        Ok(!self.pool.query(sql, &[&workspace.as_str(), &agent.as_str(), &notify]).await?.is_empty())
    }

    /// Not done twice: the second time there would be no such agent.
    pub(super) async fn remove(&self, workspace: &WorkspaceId, agent: &AgentId, now: Millis) -> Result<bool> {
        let sql = "UPDATE agent SET removed = true, online = false, removed_at = $3
                   WHERE workspace = $1 AND id = $2 AND NOT removed RETURNING 1";
        Ok(!self.pool.once(sql, &[&workspace.as_str(), &agent.as_str(), &now.0]).await?.is_empty())
    }
}

fn read(row: &Row) -> Result<AgentRow> {
    let id = text(row, 1)?;
    Ok(AgentRow {
        workspace: text(row, 0)?.into(),
        agent: AgentRef { id: id.into(), name: get(row, 2)?, avatar: get(row, 3)? },
        admin: get(row, 4)?,
        online: get(row, 5)?,
        notify: read_notify(id, text(row, 6)?)?,
        last_hello_at: Millis(get(row, 7)?),
    })
}
