//! Who was present where, as each node told last.

use bytes::Bytes;

use super::{
    Postgres,
    load::{get, text},
};
use crate::{
    ids::{Millis, NodeId},
    store::{ROSTERS_KEPT, Result, RosterRow},
};

// === impl Postgres ===

impl Postgres {
    pub(super) async fn put_roster(&self, node: &NodeId, roster: Bytes, until: Millis, now: Millis) -> Result<()> {
        // Of the row that is written anew, only the other part has a say.
        let sql = "WITH ended AS (
                       DELETE FROM roster WHERE node IN (
                           SELECT node FROM roster WHERE until < $4 AND node <> $1 FOR UPDATE SKIP LOCKED)
                   )
                   INSERT INTO roster (node, until, body) VALUES ($1, $2, $3)
                   ON CONFLICT (node) DO UPDATE SET until = $2, body = $3";
        let long_ago = now.plus(-ROSTERS_KEPT).0;
        self.pool.query(sql, &[&node.as_str(), &until.0, &&roster[..], &long_ago]).await.map(drop)
    }

    pub(super) async fn read_rosters(&self) -> Result<Vec<RosterRow>> {
        let rows = self.pool.query("SELECT node, until, body FROM roster ORDER BY node", &[]).await?;
        let read = |row| {
            let body: &[u8] = get(row, 2)?;
            Ok(RosterRow { node: text(row, 0)?.into(), until: Millis(get(row, 1)?), roster: body.to_vec().into() })
        };
        rows.iter().map(read).collect()
    }
}
