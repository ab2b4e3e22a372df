//! Who was present where, as each node told last.

use rusqlite::{Connection, params};

use crate::{
    ids::{Millis, NodeId},
    store::{ROSTERS_KEPT, Result, RosterRow},
};

/// See [`Store::keep_roster`](crate::store::Store::keep_roster).
pub(super) fn keep(conn: &Connection, node: &NodeId, roster: &[u8], until: Millis, now: Millis) -> Result<()> {
    conn.prepare_cached("DELETE FROM roster WHERE until < ?1")?.execute([now.plus(-ROSTERS_KEPT).0])?;
    conn.prepare_cached("INSERT OR REPLACE INTO roster (node, until, body) VALUES (?1, ?2, ?3)")?.execute(params![
        node.as_str(),
        until.0,
        roster
    ])?;
    Ok(())
}

/// See [`Store::rosters`](crate::store::Store::rosters).
pub(super) fn all(conn: &Connection) -> Result<Vec<RosterRow>> {
    let mut select = conn.prepare_cached("SELECT node, until, body FROM roster ORDER BY node")?;
    let rows = select.query_map([], |row| {
        Ok(RosterRow {
            node: row.get::<_, String>(0)?.into(),
            until: Millis(row.get(1)?),
            roster: row.get::<_, Vec<u8>>(2)?.into(),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
