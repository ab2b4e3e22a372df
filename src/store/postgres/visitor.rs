//! What happens to a conversation without an event: an identity adopts it, and marks stand beside its log.

use std::collections::BTreeMap;

use super::{Postgres, fault::Fault, load::text, pool::Params, search::folded};
use crate::{
    chat::summary::Beside,
    ids::{ConversationId, VisitorId, WorkspaceId},
    store::{Result, row::beside_json, words::divided},
};

// === impl Postgres ===

impl Postgres {
    /// Adoption is no event, so the row's visitor stands above the fold's from then on, and the search is told here.
    pub(super) async fn adopt_open(
        &self,
        workspace: &WorkspaceId,
        from: &VisitorId,
        to: &VisitorId,
        name: Option<&str>,
    ) -> Result<Option<ConversationId>> {
        let sql = "WITH adopted AS (
                       UPDATE conversation SET visitor = $3, visitor_name = coalesce($4, visitor_name), verified = true
                       WHERE workspace = $1 AND visitor = $2 AND closed_at IS NULL AND NOT EXISTS (
                           SELECT FROM conversation WHERE workspace = $1 AND visitor = $3 AND closed_at IS NULL)
                       RETURNING id, name
                   ), named AS (
                       INSERT INTO search (conversation, words)
                       SELECT id, array_to_tsvector($5) FROM adopted WHERE cardinality($5) > 0
                   )
                   SELECT name FROM adopted";
        let words: Vec<String> = name.map(|name| folded(&divided(name)).into_iter().collect()).unwrap_or_default();
        let (workspace, from, to) = (workspace.as_str(), from.as_str(), to.as_str());
        let params: Params<'_> = &[&workspace, &from, &to, &name, &words];
        let mut rows = self.pool.once(sql, params).await;
        // Somebody opened one for them at the same moment: now it is seen.
        if matches!(&rows, Err(Fault::Refused(refusal)) if refusal.is_taken()) {
            rows = self.pool.once(sql, params).await;
        }
        Ok(rows?.first().map(|row| text(row, 0)).transpose()?.map(Into::into))
    }

    /// Of a conversation that is not known, nothing is kept.
    pub(super) async fn keep_beside(&self, changed: Vec<(ConversationId, Beside)>) -> Result<()> {
        // The last word on each, and all nodes in one order.
        let changed: BTreeMap<ConversationId, Beside> = changed.into_iter().collect();
        let names: Vec<&str> = changed.keys().map(|name| name.as_str()).collect();
        let bodies = changed.iter().map(|(name, beside)| beside_json(name, beside)).collect::<Result<Vec<_>>>()?;
        let sql = "INSERT INTO beside (conversation, body)
                   SELECT c.id, g.body FROM unnest($1::text[], $2::text[]) AS g (name, body)
                   JOIN conversation c ON c.name = g.name ORDER BY c.id
                   ON CONFLICT (conversation) DO UPDATE SET body = excluded.body";
        self.pool.query(sql, &[&names, &bodies]).await.map(drop)
    }
}
