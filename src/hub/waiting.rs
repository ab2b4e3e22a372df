//! Deadlines. A timer is only another author: whoever wakes asks the store what is due and appends as the clock; no
//! leader, no lock, and a node that died takes no deadline with it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tokio::{sync::Notify as Bell, time::Instant};

use super::{
    Hub,
    among::LOOK_PATIENCE,
    append::Caller,
    error::{HubError, Result},
    tail::Tail,
};
use crate::{
    chat::command::Command,
    ids::{ConversationId, Millis, WorkspaceId},
};

/// How often the store is asked what falls due, in milliseconds; jittered by a fifth.
const POLL_MS: u64 = 5_000;
/// How far ahead. The shortest wait is 10 s, so every deadline is known before it passes.
const AHEAD_MS: i64 = 15_000;
/// Deadlines read at once.
const MOST: usize = 10_000;
/// Deadlines fired side by side; they share commits.
const AT_ONCE: usize = 128;
/// How often it is looked whether somebody waits in a workspace where nobody is present. The first look is made when
/// whoever was connected before a restart has had the time to come back: clients wait 30 s at most between two tries.
const LEFT_EVERY: Duration = Duration::from_secs(30);
/// After what time a deadline the store could not take is tried again, in milliseconds.
const AGAIN_MS: i64 = 250;

/// The deadlines of the next seconds.
#[derive(Debug, Default)]
pub struct Waiting {
    near: Mutex<BTreeSet<(Millis, ConversationId)>>,
    poke: Bell,
}

// === impl Waiting ===

impl Waiting {
    /// Hears of a deadline. Far ones are left to the poll, which finds them in time.
    pub(super) fn note(&self, deadline: Millis, now: Millis, conversation: &ConversationId) {
        if deadline.since(now) > AHEAD_MS {
            return;
        }
        let earliest = {
            let mut near = self.lock();
            near.insert((deadline, conversation.clone()));
            near.first().is_some_and(|(first, _)| *first == deadline)
        };
        if earliest {
            self.poke.notify_one();
        }
    }

    /// Takes out what is due, and says when the next will be.
    fn due(&self, now: Millis) -> (Vec<ConversationId>, Option<Millis>) {
        let mut near = self.lock();
        let mut due = Vec::new();
        while let Some((deadline, _)) = near.first() {
            if *deadline > now {
                return (due, Some(*deadline));
            }
            due.extend(near.pop_first().map(|(_, conversation)| conversation));
        }
        (due, None)
    }

    /// How many deadlines are held in memory.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<(Millis, ConversationId)>> {
        self.near.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Hub ===

impl Hub {
    /// Fires deadlines until the hub ends. Never returns.
    pub(super) async fn run_waiting(self: Arc<Self>) {
        let (mut poll_at, mut failing) = (Instant::now(), false);
        loop {
            let (due, next) = self.waiting.due(self.store.now());
            if !due.is_empty() {
                tokio::spawn(self.clone().expire(due));
            }
            let wake_at = match next {
                // One millisecond later, so that the store's clock has certainly passed it.
                Some(next) => Instant::now() + Duration::from_millis(next.since(self.store.now()).max(0) as u64 + 1),
                None => poll_at,
            };
            tokio::select! {
                biased;
                () = self.waiting.poke.notified() => {}
                () = tokio::time::sleep_until(wake_at.min(poll_at)) => {}
            }
            if Instant::now() >= poll_at {
                let polled = self.poll_due().await;
                // One line when the trouble begins.
                if let (Err(cause), false) = (&polled, failing) {
                    tracing::warn!(error = %cause, "could not read what falls due; asking again");
                }
                failing = polled.is_err();
                // What fell due while the store gave no answer is late already.
                let after = if failing { AGAIN_MS.unsigned_abs() } else { POLL_MS * self.dice.within(90..=110) / 100 };
                poll_at = Instant::now() + Duration::from_millis(after);
            }
        }
    }

    async fn poll_due(&self) -> crate::store::Result<()> {
        let due = self.store.due(self.store.now().plus(AHEAD_MS), MOST).await?;
        let now = self.store.now();
        due.iter().for_each(|due| self.waiting.note(due.deadline, now, &due.conversation));
        Ok(())
    }

    async fn expire(self: Arc<Self>, due: Vec<ConversationId>) {
        stream::iter(due)
            .for_each_concurrent(AT_ONCE, |conversation| {
                let hub = self.clone();
                async move {
                    let deadline = hub.deadline(&conversation).await;
                    match hub.command(&conversation, &Caller::System, &Command::Expire).await {
                        Ok(done) if done.events > 0 => {
                            if let Some(deadline) = deadline {
                                hub.metrics.late(done.at.since(deadline));
                            }
                        }
                        Ok(_) => {}
                        Err(HubError::Unavailable) => {
                            let now = hub.store.now();
                            hub.waiting.note(now.plus(AGAIN_MS), now, &conversation);
                        }
                        Err(cause) => tracing::debug!(%conversation, %cause, "a deadline had nothing to do"),
                    }
                }
            })
            .await;
    }

    async fn deadline(&self, conversation: &ConversationId) -> Option<Millis> {
        self.tail(conversation).await.ok()?.with(|hot| hot.conversation.deadline()).flatten()
    }

    /// After a wait was committed: the last agent may just have left.
    pub(super) fn look_again(self: &Arc<Self>, tail: &Tail) {
        let Some(workspace) = tail.with(|hot| hot.conversation.workspace.clone()) else { return };
        if !self.presence.anybody(&workspace) {
            tokio::spawn(self.clone().everyone_left(workspace));
        }
    }

    /// Looks for those who wait for nobody until the hub ends: the hub that was to carry them over may have died.
    /// Never returns.
    pub(super) async fn run_left(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LEFT_EVERY).await;
            match self.store.waited_in().await {
                Ok(workspaces) => self.carry_all_over(workspaces).await,
                Err(cause) => tracing::warn!(error = %cause, "could not look where somebody waits; looking again"),
            }
        }
    }

    /// One workspace after the other: those that cannot be served now keep none of the others waiting.
    async fn carry_all_over(self: &Arc<Self>, mut left: Vec<WorkspaceId>) {
        let until = Instant::now() + LEFT_EVERY;
        loop {
            let mut failed = Vec::new();
            for workspace in left {
                if self.presence.anybody(&workspace) {
                    continue;
                }
                if let Err(cause) = self.carry_over(&workspace).await {
                    tracing::debug!(%workspace, %cause, "could not carry over who waits; trying again");
                    failed.push(workspace);
                }
            }
            if failed.is_empty() || Instant::now() >= until {
                return;
            }
            tokio::time::sleep(Duration::from_millis(AGAIN_MS.unsigned_abs())).await;
            left = failed;
        }
    }

    /// The last available agent left: whoever waits is carried into the offline flow now, not at the deadline. Tried
    /// until the store took it or somebody is back.
    pub(super) async fn everyone_left(self: Arc<Self>, workspace: WorkspaceId) {
        let mut told = false;
        while !self.presence.anybody(&workspace) {
            match self.carry_over(&workspace).await {
                Ok(()) => return,
                Err(cause) if told => tracing::debug!(%cause, "could not carry over who waits yet"),
                Err(cause) => tracing::warn!(error = %cause, "could not carry over who waits; trying again"),
            }
            told = true;
            tokio::time::sleep(Duration::from_millis(AGAIN_MS.unsigned_abs())).await;
        }
    }

    /// Whether certainly nobody could take a chat: by the switches as they are stored and the leases as they are now, not
    /// by what this node remembers of them.
    async fn is_deserted(self: &Arc<Self>, workspace: &WorkspaceId) -> Result<bool> {
        if !self.mesh.is_alone() {
            let agents = self.agents(workspace).await?;
            // Where everybody is switched off, nobody has to be looked for.
            if agents.iter().any(|(row, _)| row.online) {
                self.look_now().await?;
            }
        }
        Ok(!self.presence.anybody(workspace))
    }

    /// Whether whoever comes to the Live Chat card now finds nobody, as memory says: where others may know better, that is
    /// looked up. While it cannot be, memory stands.
    pub(super) async fn finds_nobody(self: &Arc<Self>, workspace: &WorkspaceId) -> bool {
        let looked = tokio::time::timeout(LOOK_PATIENCE, self.is_deserted(workspace)).await;
        looked.unwrap_or(Ok(true)).unwrap_or(true)
    }

    async fn carry_over(self: &Arc<Self>, workspace: &WorkspaceId) -> Result<()> {
        if !self.is_deserted(workspace).await? {
            return Ok(());
        }
        let queue = self.store.queue(workspace).await?;
        let carried = stream::iter(queue).map(|queued| {
            let hub = self.clone();
            async move {
                match hub.command(&queued.conversation, &Caller::System, &Command::EveryoneLeft).await {
                    Err(HubError::Unavailable) => Err(HubError::Unavailable),
                    // Claimed or closed meanwhile, or somebody came back: there is nothing to do.
                    Ok(_) | Err(_) => Ok(()),
                }
            }
        });
        let all: Vec<Result<()>> = carried.buffer_unordered(AT_ONCE).collect().await;
        all.into_iter().collect()
    }
}
