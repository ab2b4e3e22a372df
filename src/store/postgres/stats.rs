//! What waits and answers are measured by.

use tokio_postgres::Row;

use super::{
    Postgres,
    load::{get, sql_limit},
    pool::Params,
};
use crate::store::{Milestones, Result, StatsQuery};

// === impl Postgres ===

impl Postgres {
    pub(super) async fn read_milestones(&self, query: &StatsQuery) -> Result<Vec<Milestones>> {
        let sql = "SELECT c.created_at, (c.snapshot::json -> 'timing')::text, c.snapshot::json ->> 'missed'
                   FROM conversation c
                   WHERE c.workspace = $1 AND c.created_at >= $2 AND c.created_at < $3
                       AND ($5::text IS NULL OR CASE c.state
                           WHEN 'assigned' THEN c.assignee = $5 OR $7
                           ELSE c.live OR $6 END)
                   ORDER BY c.created_at DESC, c.id DESC LIMIT $4";
        let viewer = query.viewer.as_ref();
        let (workspace, limit) = (query.workspace.as_str(), sql_limit(query.limit));
        let agent = viewer.map(|viewer| viewer.agent.as_str());
        let admin = viewer.is_some_and(|viewer| viewer.admin);
        let sees_all = viewer.is_some_and(|viewer| viewer.admin && viewer.admins_see_assigned);
        let params: Params<'_> = &[&workspace, &query.from.0, &query.to.0, &limit, &agent, &admin, &sees_all];
        let read =
            |row: &Row| Milestones::read(get(row, 0)?, get::<Option<&str>>(row, 1)?, get::<Option<&str>>(row, 2)?);
        self.pool.query(sql, params).await?.iter().map(read).collect()
    }
}
