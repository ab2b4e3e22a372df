//! The switch and the wishes: what an agent chose, stored, taken over by every node, and what others are told of it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    Hub,
    among::LOOK_PATIENCE,
    error::{HubError, Result},
    presence::{Flip, Renamed, shown},
    seat::Who,
};
use crate::{
    ids::{AgentId, WorkspaceId},
    store::{AgentRow, NotifySettings},
    wire::{
        agent::PresenceReason,
        node::{AgentMoved, NodeFrame},
        push::PresencePush,
        shared::Shared,
    },
};

/// How often the agents that anybody here has to do with are read anew: whoever was removed elsewhere, and the word of
/// it lost, is sent away within five seconds.
const LOOK_EVERY: Duration = Duration::from_secs(4);

// === impl Hub ===

impl Hub {
    /// Sets the switch: one's own, or as an admin somebody else's off.
    pub async fn set_online(self: &Arc<Self>, who: &Who, of: Option<&AgentId>, online: bool) -> Result<()> {
        let Who::Agent { workspace, agent, admin } = who else { return Err(HubError::not_found()) };
        let of = of.unwrap_or(&agent.id);
        let own = *of == agent.id;
        if !own && !admin {
            return Err(HubError::forbidden("only admins may switch somebody else off"));
        }
        if !own && online {
            return Err(HubError::forbidden("nobody can be switched on by somebody else"));
        }
        let before = self.store.agent(workspace, of).await?.ok_or(HubError::NoAgent)?;
        if !self.store.set_online(workspace, of, online).await? {
            return Err(HubError::NoAgent);
        }
        self.settle(&before, if own { PresenceReason::Toggle } else { PresenceReason::Admin }).await?;
        self.say_agent(workspace, of, !own);
        Ok(())
    }

    /// Sets what an agent wants to be notified of.
    pub async fn set_notify(self: &Arc<Self>, who: &Who, notify: NotifySettings) -> Result<()> {
        let Who::Agent { workspace, agent, .. } = who else { return Err(HubError::not_found()) };
        let before = self.store.agent(workspace, &agent.id).await?.ok_or(HubError::NoAgent)?;
        if !self.store.set_notify(workspace, &agent.id, notify).await? {
            return Err(HubError::NoAgent);
        }
        self.settle(&before, PresenceReason::Toggle).await?;
        self.say_agent(workspace, &agent.id, false);
        Ok(())
    }

    /// Presence learns what was stored of an agent, however many devices store at once.
    async fn settle(self: &Arc<Self>, before: &AgentRow, reason: PresenceReason) -> Result<()> {
        loop {
            let as_of = self.presence.as_of();
            let now = self.store.agent(&before.workspace, &before.agent.id).await?;
            let row = now.ok_or(HubError::NoAgent)?;
            if let Ok(flip) = self.presence.settle(before, &row, reason, as_of) {
                self.flipped(flip);
                return Ok(());
            }
        }
    }

    /// Another node changed an agent's row, or removed them.
    pub(super) async fn heard_agent(self: Arc<Self>, workspace: WorkspaceId, moved: AgentMoved) {
        let reason = if moved.by_admin { PresenceReason::Admin } else { PresenceReason::Toggle };
        loop {
            let as_of = self.presence.as_of();
            let learned = match self.store.agent(&workspace, &moved.agent).await {
                Ok(Some(row)) => {
                    self.look_for_away([&row]).await;
                    self.presence.learn_one(&row, reason, as_of)
                }
                Ok(None) => return self.removed(&workspace, &moved.agent, None),
                // The next look at all of them finds it.
                Err(cause) => return tracing::debug!(error = %cause, "an agent's row could not be read yet"),
            };
            if let Ok(flip) = learned {
                return self.flipped(flip);
            }
        }
    }

    pub(super) fn say_agent(&self, workspace: &WorkspaceId, agent: &AgentId, by_admin: bool) {
        self.say(workspace, || NodeFrame::Agent(AgentMoved { agent: agent.clone(), by_admin }));
    }

    /// Looks at the agents of all workspaces with which anybody here has to do, until the hub ends. Never returns.
    pub(super) async fn run_agents(self: Arc<Self>) {
        if self.mesh.is_alone() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Err(cause) = self.look_at_agents().await {
                tracing::debug!(%cause, "the agents are looked at again");
            }
        }
    }

    async fn look_at_agents(self: &Arc<Self>) -> Result<()> {
        let shown = self.board.workspaces_of_agents();
        let all: BTreeSet<WorkspaceId> = shown.union(&self.presence.workspaces()).cloned().collect();
        if all.is_empty() {
            return Ok(());
        }
        let as_of = self.presence.as_of();
        let rows = self.store.agents(&all.iter().cloned().collect::<Vec<_>>()).await?;
        for workspace in &all {
            let theirs: Vec<&AgentRow> = rows.iter().filter(|row| row.workspace == *workspace).collect();
            self.learn(workspace, &theirs, as_of).await?;
        }
        Ok(())
    }

    /// Takes over what was read of a workspace's agents after `as_of`.
    pub(super) async fn learn(self: &Arc<Self>, workspace: &WorkspaceId, rows: &[&AgentRow], as_of: u64) -> Result<()> {
        // Alone, nobody else changes anything.
        if self.mesh.is_alone() {
            self.presence.show(workspace, rows);
            return Ok(());
        }
        self.look_for_away(rows.iter().copied()).await;
        let learned = self.presence.learn(workspace, rows, as_of, self.board.has_agents(workspace));
        self.tell_renamed();
        for flip in learned.flips {
            self.flipped(Some(flip));
        }
        for agent in learned.missing {
            if self.store.agent(workspace, &agent).await?.is_none() {
                self.removed(workspace, &agent, None);
            }
        }
        Ok(())
    }

    /// Before these rows, read a moment ago, show anybody away: whoever switched on was there, and the leases say where.
    async fn look_for_away<'a>(&self, rows: impl IntoIterator<Item = &'a AgentRow>) {
        if self.presence.seems_away(rows) {
            let _ = tokio::time::timeout(LOOK_PATIENCE, self.look_now()).await;
        }
    }

    /// Tells everybody of a changed status, and visitors when somebody came or everybody left. Whatever may change a
    /// status may bring another name as well.
    pub(super) fn flipped(self: &Arc<Self>, flip: Option<Flip>) {
        self.tell_renamed();
        let Some(flip) = flip else { return };
        self.tell_agents(&flip);
        self.metrics.flip(flip.status, flip.reason);
        self.turned(flip.workspace);
    }

    /// Another name or picture is news to agents only, and no flip.
    fn tell_renamed(&self) {
        for Renamed { now, here } in self.presence.take_renamed() {
            self.tell_agents(&now);
            if here {
                self.say_agent(&now.workspace, &now.agent.id, false);
            }
        }
    }

    fn tell_agents(&self, flip: &Flip) {
        let push = PresencePush { agent: shown(&flip.agent, flip.status), reason: flip.reason };
        let push = Arc::new(Shared::new(push));
        self.board.agents(&flip.workspace, |seat| {
            seat.mail.put(|mail| {
                mail.presence.insert(flip.agent.id.clone(), push.clone());
            });
        });
    }
}
