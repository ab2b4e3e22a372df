//! Pages of the inbox's folders, and their sizes.

use tokio_postgres::{Row, types::ToSql};

use super::{
    Postgres,
    load::{COLUMNS, TABLES, get, loaded, passed_over},
    search,
    writer::size,
};
use crate::{
    ids::{AgentId, WorkspaceId},
    store::{Folder, FolderCount, FolderPage, FolderQuery, Result, StoreError, cursor},
};

/// How a folder is found and ordered.
struct Order {
    /// Names its cursors.
    name: &'static str,
    /// Which rows; `$5` is the agent. Worded as the index that serves it.
    which: &'static str,
    /// The column that ranks them; rows of one rank go by id.
    rank: &'static str,
    newest_first: bool,
}

// === impl Postgres ===

impl Postgres {
    /// See [`Store::folder`](crate::store::Store::folder). A cursor that is none of this folder finds nothing.
    pub(super) async fn read_folder(&self, query: &FolderQuery) -> Result<FolderPage> {
        let order = Order::of(&query.folder);
        let nothing = FolderPage { conversations: Vec::new(), next: None };
        let start = match &query.before {
            Some(cursor) => cursor::read_cursor(order.name, cursor).ok_or(StoreError::Cursor)?,
            None if order.newest_first => (i64::MAX, i64::MAX),
            None => (i64::MIN, i64::MIN),
        };
        let (rank, id) = start;
        let Ok(words) = query.query.as_deref().map(search::query).transpose() else { return Ok(nothing) };
        let words = words.unwrap_or_default();
        let limit = query.limit.clamp(1, 100);
        let (workspace, agent, most) = (query.workspace.as_str(), query.folder.agent(), limit as i64 + 1);
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&workspace, &rank, &id, &most, &agent];
        let sql = order.sql(params.len(), words.len());
        params.extend(words.iter().map(|word| word as &(dyn ToSql + Sync)));
        page(&self.pool.query(&sql, &params).await?, limit, order.name)
    }

    pub(super) async fn read_sizes(
        &self,
        workspace: &WorkspaceId,
        agent: Option<&AgentId>,
    ) -> Result<Vec<FolderCount>> {
        let sql = "SELECT workspace, name, agent, count, version FROM folder
                   WHERE workspace = $1 AND (name <> 'mine' OR $2::text IS NULL OR agent = $2)";
        let rows = self.pool.query(sql, &[&workspace.as_str(), &agent.map(AgentId::as_str)]).await?;
        let sizes = rows.iter().map(|row| size(row, 0)).collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(sizes.into_iter().flatten().collect())
    }
}

fn page(rows: &[Row], limit: usize, name: &str) -> Result<FolderPage> {
    let (mut conversations, mut last) = (Vec::new(), (0, 0));
    for (seen, row) in rows.iter().enumerate() {
        if seen == limit {
            return Ok(FolderPage { conversations, next: Some(cursor::cursor(name, last.0, last.1)) });
        }
        last = (get(row, 8)?, get(row, 0)?);
        match loaded(row) {
            Ok((_, loaded, _)) => conversations.push(loaded),
            Err(fault @ StoreError::Damaged(_)) => passed_over(row, &fault),
            Err(fault) => return Err(fault),
        }
    }
    Ok(FolderPage { conversations, next: None })
}

// === impl Order ===

impl Order {
    fn of(folder: &Folder) -> Self {
        match folder {
            Folder::Unassigned => Self {
                name: "unassigned",
                which: "c.state IN ('waiting', 'offline', 'unassigned') AND c.live AND $5::text IS NULL",
                rank: "since",
                newest_first: false,
            },
            Folder::Mine(_) => Self {
                name: "mine",
                which: "c.assignee IS NOT NULL AND c.assignee = $5::text",
                rank: "assigned_at",
                newest_first: true,
            },
            Folder::Closed => Self {
                name: "closed",
                which: "c.closed_at IS NOT NULL AND c.live AND $5::text IS NULL",
                rank: "closed_at",
                newest_first: true,
            },
            Folder::All { .. } => Self {
                name: "all",
                which: "($5::text IS NULL OR c.assignee IS NULL OR c.assignee = $5::text)",
                rank: "created_at",
                newest_first: true,
            },
        }
    }

    /// The query, whose words come after `given` other values.
    fn sql(&self, given: usize, words: usize) -> String {
        let Self { which, rank, newest_first, .. } = self;
        let (behind, order) = if *newest_first { ("<", "DESC") } else { (">", "ASC") };
        let found = (1..=words).map(|nth| search::condition(given + nth)).collect::<String>();
        format!(
            "SELECT {COLUMNS}, c.{rank} FROM {TABLES}
             WHERE c.workspace = $1 AND {which} AND (c.{rank}, c.id) {behind} ($2, $3) {found}
             ORDER BY c.{rank} {order}, c.id {order} LIMIT $4"
        )
    }
}
