//! Leases: who is present on a node is kept while the node lives, so that whoever comes after it knows. Presence itself
//! is a set of agents, never a counter.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    Hub,
    presence::{GRACE_CLOSED, GRACE_SILENT},
};
use crate::{
    ids::{Millis, NodeId, WorkspaceId},
    mesh::{LEASE, RENEW},
    store::Result,
    wire::roster::{Roster, Stay},
};

/// For how long changes are gathered behind one that was kept at once.
const GATHER: Duration = Duration::from_millis(200);

// === impl Hub ===

impl Hub {
    /// Takes over who was present when earlier incarnations told last: they count as present until their leases end,
    /// and for the grace after that, so that a restart shows nobody a flap. To be called before anybody comes in.
    ///
    /// # Errors
    /// When the store gives no answer.
    pub async fn recall(&self) -> Result<()> {
        let now = self.store.now();
        for kept in self.store.rosters().await? {
            // A clock that was set back makes nobody stay for longer.
            let lease = kept.until.min(now.plus(lease_ms()));
            if kept.node == *self.mesh.node() || lease.plus(GRACE_CLOSED) <= now {
                continue;
            }
            match Roster::decode(&kept.roster) {
                Some(roster) => self.hear_roster(&kept.node, lease, roster, now).await?,
                None => tracing::warn!(node = %kept.node, "a roster that cannot be read is passed over"),
            }
        }
        *self.offered.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
            self.presence.offered().into_iter().collect();
        Ok(())
    }

    async fn hear_roster(&self, node: &NodeId, lease: Millis, mut roster: Roster, now: Millis) -> Result<()> {
        for present in &mut roster.agents {
            if let Stay::Leaving { until, .. } = &mut present.stay {
                *until = (*until).min(now.plus(GRACE_SILENT));
            }
        }
        let workspaces: BTreeSet<&WorkspaceId> = roster.agents.iter().map(|present| &present.workspace).collect();
        let mut rows = Vec::new();
        for workspace in workspaces {
            rows.extend(self.store.agents(workspace).await?);
        }
        self.presence.hear(node, lease, &roster, &rows);
        Ok(())
    }

    /// Ends stays that are over until the hub ends. Never returns.
    pub(super) async fn run_presence(self: Arc<Self>) {
        loop {
            let now = self.store.now();
            let (flips, next) = self.presence.expire(now);
            for flip in flips {
                self.flipped(Some(flip));
            }
            match next {
                Some(next) => {
                    let wait = Duration::from_millis(next.since(now).max(0) as u64 + 1);
                    tokio::select! {
                        biased;
                        () = tokio::time::sleep(wait) => {}
                        () = self.presence.ending() => {}
                    }
                }
                None => self.presence.ending().await,
            }
        }
    }

    /// Keeps this node's roster until the hub ends: at once when it changes, and again and again while somebody is
    /// present. Never returns.
    pub(super) async fn run_roster(self: Arc<Self>) {
        let mut failing = false;
        // A hub that nobody has come to has nothing to say.
        self.presence.changed().await;
        loop {
            let kept = self.keep_roster().await;
            match &kept {
                Err(cause) if !failing => {
                    tracing::warn!(error = %cause, "who is present cannot be kept; trying again");
                }
                Ok(_) if failing => tracing::info!("who is present is kept again"),
                _ => {}
            }
            failing = kept.is_err();
            tokio::time::sleep(GATHER).await;
            match kept {
                Ok(false) => self.presence.changed().await,
                Ok(true) | Err(_) => {
                    let _ = tokio::time::timeout(RENEW, self.presence.changed()).await;
                }
            }
        }
    }

    /// Keeps this node's roster; whether anybody is on it.
    pub(super) async fn keep_roster(&self) -> Result<bool> {
        let roster = self.presence.roster();
        let somebody = !roster.agents.is_empty();
        let now = self.store.now();
        let until = if somebody { now.plus(lease_ms()) } else { now };
        self.store.keep_roster(self.mesh.node(), roster.encode().into(), until).await?;
        Ok(somebody)
    }
}

/// How long a lease stands, in milliseconds.
fn lease_ms() -> i64 {
    i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX)
}
