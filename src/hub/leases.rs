//! Leases: who is present on a node is kept while the node lives, so that whoever comes after it knows. Presence itself
//! is a set of agents, never a counter.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use super::{
    Hub,
    presence::{GRACE_CLOSED, GRACE_SILENT},
};
use crate::{
    ids::{Millis, NodeId},
    mesh::{LEASE, RENEW},
    store::Result,
    wire::roster::{Roster, Stay},
};

/// How soon a look at the leases of others that came to nothing is repeated.
const AGAIN: Duration = Duration::from_secs(1);
/// For how long changes are gathered behind one that was kept at once.
const GATHER: Duration = Duration::from_millis(200);

// === impl Hub ===

impl Hub {
    /// Takes over who was present when earlier incarnations told last: they count as present until their leases end,
    /// and for the grace after that, so that a restart shows nobody a flap. To be called before anybody comes in.
    ///
    /// # Errors
    /// When the store gives no answer.
    pub async fn recall(self: &Arc<Self>) -> Result<()> {
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
        self.note_offered();
        Ok(())
    }

    /// Learns who is present on the other nodes; what cannot be read now is read later. To be called when the mesh runs
    /// and before anybody comes in.
    pub async fn meet(self: &Arc<Self>) {
        if !self.mesh.is_alone() {
            self.look_once().await;
            self.note_offered();
        }
    }

    /// The hub ends. Who is or was here counts as present for their grace, so that a deploy shows nobody a flap: the
    /// last lease stands until it runs out, and says so. One that has nobody is given back.
    pub(super) async fn farewell(&self) {
        if let Err(cause) = self.keep_roster().await {
            tracing::warn!(error = %cause, "who was present at the end could not be kept");
        }
        if self.mesh.is_alone() {
            return;
        }
        let roster = self.presence.roster(self.store.now(), |_| true);
        let said = match roster.agents.is_empty() {
            true => self.mesh.resign().await,
            false => self.mesh.renew(roster.encode().into()).await.map(drop),
        };
        match said {
            Ok(()) => self.tell_moved(self.presence.take_moved()),
            // The others have what was said three seconds ago, and the store.
            Err(cause) => tracing::warn!(error = %cause, "who was present at the end could not be told"),
        }
    }

    /// Nobody is here yet to be told.
    fn note_offered(&self) {
        *self.offered.lock().unwrap_or_else(PoisonError::into_inner) = self.presence.offered().into_iter().collect();
    }

    async fn hear_roster(&self, node: &NodeId, lease: Millis, mut roster: Roster, now: Millis) -> Result<()> {
        for present in &mut roster.agents {
            if let Stay::Leaving { until, .. } = &mut present.stay {
                *until = (*until).min(now.plus(GRACE_SILENT));
            }
        }
        let unknown: Vec<_> = self.presence.unknown_in(std::iter::once(&roster)).into_iter().collect();
        let rows = self.store.agents(&unknown).await?;
        // Nobody is here yet to be told.
        self.presence.hear(node, lease, &roster, &rows);
        Ok(())
    }

    /// Ends stays that are over until the hub ends. Never returns.
    pub(super) async fn run_presence(self: Arc<Self>) {
        loop {
            let (flips, next) = self.presence.expire(self.known(None).0);
            for flip in flips {
                self.flipped(Some(flip));
            }
            let Some(at) = self.known(next).1 else {
                self.presence.ending().await;
                continue;
            };
            let wait = at.since(self.store.now()) + 1;
            if wait > 0 {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())) => {}
                    () = self.presence.ending() => {}
                }
            } else if self.look_now().await.is_err() {
                tokio::time::sleep(AGAIN).await;
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
        let now = self.store.now();
        let roster = self.presence.roster(now, |_| true);
        let somebody = !roster.agents.is_empty();
        let until = if somebody { now.plus(lease_ms()) } else { now };
        self.store.keep_roster(self.mesh.node(), roster.encode().into(), until).await?;
        Ok(somebody)
    }
}

/// How long a lease stands, in milliseconds.
pub(super) fn lease_ms() -> i64 {
    i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX)
}
