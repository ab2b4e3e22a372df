//! What happens to a conversation without an event: an identity adopts it, and marks stand beside its log.

use std::{collections::BTreeMap, time::Instant};

use tokio::time::timeout;

use super::{
    Postgres,
    fault::Fault,
    load::text,
    pool::{Params, REPLY},
    search::folded,
};
use crate::{
    chat::summary::Beside,
    ids::{ConversationId, VisitorId, WorkspaceId},
    store::{
        Result,
        row::{self, beside_json},
        words::divided,
    },
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
        let divided = name.map(divided).unwrap_or_default();
        let words = folded(&divided);
        let (workspace, from, to) = (workspace.as_str(), from.as_str(), to.as_str());
        let params: Params<'_> = &[&workspace, &from, &to, &name, &words];
        let mut rows = self.pool.once(sql, params).await;
        // Somebody opened one for them at the same moment: now it is seen.
        if matches!(&rows, Err(Fault::Refused(refusal)) if refusal.is_taken()) {
            rows = self.pool.once(sql, params).await;
        }
        Ok(rows?.first().map(|row| text(row, 0)).transpose()?.map(Into::into))
    }

    /// Of a conversation that is not known, nothing is kept. Marks only rise, so it may be done twice.
    pub(super) async fn keep_beside(&self, changed: Vec<(ConversationId, Beside)>) -> Result<()> {
        let mut moved: BTreeMap<ConversationId, Beside> = BTreeMap::new();
        for (name, beside) in &changed {
            moved.entry(name.clone()).or_default().take_in(beside);
        }
        let began = Instant::now();
        loop {
            match timeout(REPLY, self.take_in_beside(&moved)).await.unwrap_or_else(|_| Err(Fault::silent())) {
                Err(Fault::Lost(_)) if began.elapsed() < REPLY / 2 => {}
                kept => return Ok(kept?),
            }
        }
    }

    /// Takes in what moved where nobody can come between: rows are made, then locked in one order, then written.
    async fn take_in_beside(&self, moved: &BTreeMap<ConversationId, Beside>) -> std::result::Result<(), Fault> {
        let names: Vec<&str> = moved.keys().map(|name| name.as_str()).collect();
        let nothing = beside_json(&ConversationId::from(""), &Beside::default())?;
        let mut client = self.pool.client().await?;
        let tx = client.transaction().await?;
        // Held until the end: an erasure under way is waited for, and one that comes finds the row.
        let make = "WITH new AS MATERIALIZED (
                        SELECT id FROM conversation c WHERE name = ANY ($1) AND visitor <> $3
                            AND NOT EXISTS (SELECT FROM beside b WHERE b.conversation = c.id)
                        ORDER BY id FOR SHARE OF c)
                    INSERT INTO beside (conversation, body) SELECT id, $2 FROM new ORDER BY id ON CONFLICT DO NOTHING";
        let nobody = VisitorId::erased();
        tx.execute(&tx.prepare_cached(make).await?, &[&names, &nothing, &nobody.as_str()]).await?;
        let lock = "SELECT c.name, b.conversation, b.body FROM beside b JOIN conversation c ON c.id = b.conversation
                    WHERE c.name = ANY ($1) ORDER BY b.conversation FOR UPDATE OF b";
        let (mut ids, mut bodies) = (Vec::new(), Vec::new());
        for row in tx.query(&tx.prepare_cached(lock).await?, &[&names]).await? {
            let name: &str = row.try_get(0)?;
            let mut beside = row::beside(name, row.try_get(2)?)?;
            beside.take_in(moved.get(name).unwrap_or(&Beside::default()));
            ids.push(row.try_get::<_, i64>(1)?);
            bodies.push(beside_json(&name.into(), &beside)?);
        }
        let write = "UPDATE beside b SET body = g.body
                     FROM unnest($1::bigint[], $2::text[]) AS g (conversation, body)
                     WHERE b.conversation = g.conversation";
        tx.execute(&tx.prepare_cached(write).await?, &[&ids, &bodies]).await?;
        Ok(tx.commit().await?)
    }
}
