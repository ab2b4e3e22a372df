//! Where conversations have come to, and which moved lately.

use std::collections::{HashMap, HashSet, hash_map::Entry as Slot};

use rusqlite::{OptionalExtension, params};

use super::readers::View;
use crate::{
    ids::{ConversationId, Millis, Seq, WorkspaceId},
    store::{Head, Result},
};

/// A commit may follow its decision by so many milliseconds: the log is in the order of commits, and is read back
/// beyond an older decision by this much.
const SLACK: i64 = 10_000;

// === impl View ===

impl View<'_> {
    /// See [`Store::heads`](crate::store::Store::heads).
    pub(super) fn heads(&self, conversations: &[ConversationId]) -> Result<Vec<Head>> {
        let mut select = self.conn.prepare_cached("SELECT id, visitor, workspace FROM conversation WHERE name = ?1")?;
        let mut heads = Vec::with_capacity(conversations.len());
        for conversation in conversations {
            let found: Option<(i64, String, String)> = select
                .query_row([conversation.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            let Some((id, visitor, workspace)) = found else { continue };
            // The newest event alone: an empty log is none of ours.
            let newest = self.events_before(id, None, 1, usize::MAX, false)?;
            let Some(newest) = newest.first().map(|entry| entry.event()) else { continue };
            let (workspace, conversation, visitor) = (workspace.into(), conversation.clone(), visitor.into());
            heads.push(Head { workspace, conversation, visitor, seq: newest.seq, at: newest.at });
        }
        Ok(heads)
    }

    /// See [`Store::moved_since`](crate::store::Store::moved_since).
    pub(super) fn moved_since(&self, workspaces: &[WorkspaceId], since: Millis, limit: usize) -> Result<Vec<Head>> {
        let mut newest = self.newest_since(since)?;
        newest.sort_unstable_by_key(|(id, _, at)| (*at, *id));
        let ours: HashSet<&str> = workspaces.iter().map(WorkspaceId::as_str).collect();
        let mut select = self.conn.prepare_cached("SELECT name, visitor, workspace FROM conversation WHERE id = ?1")?;
        let mut moved = Vec::new();
        for (id, seq, at) in newest {
            if moved.len() == limit {
                break;
            }
            let (conversation, visitor, workspace): (String, String, String) =
                select.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            if ours.contains(workspace.as_str()) {
                let (workspace, conversation, visitor) = (workspace.into(), conversation.into(), visitor.into());
                moved.push(Head { workspace, conversation, visitor, seq, at });
            }
        }
        Ok(moved)
    }

    /// The newest event of each conversation that has one decided at or after `since`.
    fn newest_since(&self, since: Millis) -> Result<Vec<(i64, Seq, Millis)>> {
        let mut select = self.conn.prepare_cached(
            "SELECT conversation, seq, json_extract(body, '$.at') FROM log WHERE pos <= ?1 ORDER BY pos DESC",
        )?;
        let mut rows = select.query(params![self.upto])?;
        let mut newest: HashMap<i64, (Seq, Millis)> = HashMap::new();
        while let Some(row) = rows.next()? {
            let (id, seq, at): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if at < since.0.saturating_sub(SLACK) {
                break;
            }
            if let Slot::Vacant(first) = newest.entry(id) {
                first.insert((Seq(seq.cast_unsigned()), Millis(at)));
            }
        }
        Ok(newest.into_iter().filter(|(_, (_, at))| *at >= since).map(|(id, (seq, at))| (id, seq, at)).collect())
    }
}
