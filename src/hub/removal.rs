//! Removing an agent: their sessions end on every node, their chats are free again.

use std::{sync::Arc, time::Duration};

use super::{
    Hub,
    append::Caller,
    error::{HubError, Result},
    mailbox::Leave,
};
use crate::{
    chat::command::{Actor, Command},
    ids::{AgentId, WorkspaceId},
    store::AgentRow,
    wire::code::CloseCode,
};

/// After what time a look that the store could not serve is repeated.
const AGAIN: Duration = Duration::from_millis(250);

// === impl Hub ===

impl Hub {
    /// Removes an agent: their sessions end and their chats go back to Unassigned. False when there was nothing to
    /// remove and nothing to free: asked again after a failure, it frees what is left.
    pub async fn remove_agent(self: &Arc<Self>, workspace: &WorkspaceId, agent: &AgentId) -> Result<bool> {
        let row = self.store.agent(workspace, agent).await?;
        let removed = row.is_some() && self.store.remove_agent(workspace, agent).await?;
        if removed || row.is_none() {
            // Also where they are removed already: whoever asked the first time may have had no answer.
            self.removed(workspace, agent, row.as_ref());
            self.say_agent(workspace, agent, true);
        }
        Ok(self.free(workspace, agent).await? || removed)
    }

    /// Gives back what belongs to an agent who is none any more. False when that was nothing.
    async fn free(self: &Arc<Self>, workspace: &WorkspaceId, agent: &AgentId) -> Result<bool> {
        let left = self.store.assigned_to(workspace, agent).await?;
        for conversation in &left {
            let owner = self.store.load(conversation).await?.and_then(|row| row.conversation.assignee().cloned());
            let Some(owner) = owner.filter(|owner| owner.id == *agent) else { continue };
            let owner = Caller::Agent(workspace.clone(), Actor::Agent { agent: owner, admin: false });
            match self.command(conversation, &owner, &Command::Assign { to: None }).await {
                // Somebody reassigned or closed it first: it is free either way.
                Ok(_) | Err(HubError::Refused(_)) => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(!left.is_empty())
    }

    /// After an assignment was committed: its owner may just have been removed.
    pub(super) async fn look_after(self: Arc<Self>, workspace: WorkspaceId, owner: AgentId) {
        loop {
            let looked = match self.store.agent(&workspace, &owner).await {
                Ok(Some(_)) => return,
                Ok(None) => self.free(&workspace, &owner).await,
                Err(cause) => Err(cause.into()),
            };
            match looked {
                Ok(_) => return,
                Err(cause) => tracing::warn!(error = %cause, "could not look after an assignment; trying again"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// An agent was removed, here or elsewhere: their sessions on this node end.
    pub(super) fn removed(self: &Arc<Self>, workspace: &WorkspaceId, agent: &AgentId, before: Option<&AgentRow>) {
        for seat in self.board.seats_of(workspace, agent) {
            seat.mail.put(|mail| {
                mail.leave.get_or_insert(Leave { code: CloseCode::Unauthorized, after_ms: None, because: None });
            });
        }
        self.flipped(self.presence.dismiss(workspace, agent, before));
    }
}
