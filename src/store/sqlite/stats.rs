//! What waits and answers are measured by.

use rusqlite::{Connection, params};

use crate::store::{Milestones, Result, StatsQuery};

/// See [`Store::milestones`](crate::store::Store::milestones).
pub(super) fn milestones(conn: &Connection, query: &StatsQuery) -> Result<Vec<Milestones>> {
    let mut select = conn.prepare_cached(
        "SELECT c.created_at, c.snapshot -> '$.timing', c.snapshot ->> '$.missed'
         FROM conversation c
         WHERE c.workspace = ?1 AND c.created_at >= ?2 AND c.created_at < ?3
             AND (?5 IS NULL OR CASE c.state WHEN 'assigned' THEN c.assignee = ?5 OR ?7 ELSE c.live OR ?6 END)
         ORDER BY c.created_at DESC, c.id DESC LIMIT ?4",
    )?;
    let viewer = query.viewer.as_ref();
    let mut rows = select.query(params![
        query.workspace.as_str(),
        query.from.0,
        query.to.0,
        query.limit as i64,
        viewer.map(|viewer| viewer.agent.as_str()),
        viewer.is_some_and(|viewer| viewer.admin),
        viewer.is_some_and(|viewer| viewer.admin && viewer.admins_see_assigned),
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (timing, missed): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
        found.push(Milestones::read(row.get(0)?, timing.as_deref(), missed.as_deref())?);
    }
    Ok(found)
}
