//! What an agent's session (and REST on their behalf) asks of the hub, beside commands.

use std::sync::Arc;

use super::{
    Hub,
    among::LOOK_PATIENCE,
    append::{Caller, Done},
    error::{HubError, Result},
    mailbox::CountsChange,
    page::Recover,
    presence::Flip,
    seat::{Seated, Who},
    tail::Tail,
    visitor::Shown,
};
use crate::{
    chat::{
        command::Command,
        event::{AgentRef, ItemKind},
    },
    ids::{AgentId, ConversationId, Millis, WorkspaceId},
    store::{AgentRow, Counts, Folder, FolderPage, FolderQuery, ItemPage, ItemQuery, Loaded, Viewer, revoked},
    wire::{
        agent::{AgentStatus, PresenceReason},
        request::FolderName,
    },
};

/// Rows of Unassigned and Mine in the answer to `hello`.
const FIRST: usize = 50;
/// Rows read at once of an agent's own conversations.
const CHUNK: usize = 100;

/// What an agent is met with.
#[derive(Debug)]
pub struct Desk {
    /// The agent as the store has them now.
    pub row: AgentRow,
    /// Everybody of the workspace.
    pub agents: Vec<(AgentRow, AgentStatus)>,
    /// The sizes of their folders.
    pub counts: Counts,
    /// The same with the version each has come to; the session's letter box is told.
    pub sizes: CountsChange,
    /// The first of Unassigned.
    pub unassigned: Vec<Loaded>,
    /// All that are theirs, newest first; the session follows each from its `seq` on.
    pub mine: Vec<Loaded>,
}

// === impl Desk ===

impl Desk {
    /// The rows of Mine that stand in the answer to `hello`.
    pub fn mine_shown(&self) -> &[Loaded] {
        &self.mine[..self.mine.len().min(FIRST)]
    }
}

// === impl Hub ===

impl Hub {
    /// Seats an agent: notes their name and picture, makes them present, and follows what is theirs. `issued_at` is when
    /// their token was made, if it says so.
    pub async fn welcome(
        self: &Arc<Self>,
        workspace: &WorkspaceId,
        agent: &AgentRef,
        admin: bool,
        issued_at: Option<Millis>,
    ) -> Result<(Seated, Desk)> {
        let known = self.store.agent(workspace, &agent.id).await?.is_some();
        let row = self.store.agent_hello(workspace, agent, admin, issued_at).await?.ok_or(HubError::Revoked)?;
        let who = Who::Agent { workspace: workspace.clone(), agent: agent.clone(), admin };
        let mut seated = self.sit(who, self.settings.connections_per_agent);
        self.listening(workspace).await;
        seated.present = true;
        let flip = self.presence.arrive(&row);
        // Others have never heard of somebody new, switched on or not.
        let newcomer = || Flip {
            workspace: workspace.clone(),
            agent: row.agent.clone(),
            status: self.presence.status(&row),
            reason: PresenceReason::Connected,
        };
        let flip = flip.or_else(|| (!known).then(newcomer));
        self.flipped(flip);
        if !known {
            self.say_agent(workspace, &agent.id, false);
        }
        // From the answer on every node that looks finds them here; and they are told of the others as of now.
        let _ = tokio::time::timeout(LOOK_PATIENCE, self.look_now()).await;
        // First listen, then look: what is assigned from here on comes through the letter box.
        for conversation in self.store.assigned_to(workspace, &agent.id).await? {
            seated.follow(&conversation);
        }
        let as_of = self.presence.as_of();
        let desk = self.desk(workspace, &agent.id).await.map_err(|error| match error {
            // Removed while they came in.
            HubError::NoAgent => HubError::Revoked,
            other => other,
        })?;
        seated.seat().mail.counted(desk.sizes);
        // The switch may have been used between the two looks. Overtaken: somebody knows better already.
        self.flipped(self.presence.settle(&row, &desk.row, PresenceReason::Toggle, as_of).unwrap_or_default());
        for conversation in seated.follows().to_vec() {
            match desk.mine.iter().find(|loaded| loaded.conversation.id == conversation) {
                Some(loaded) => seated.follow(&conversation).seed(loaded.clone()),
                // Given away meanwhile.
                None => seated.unfollow(&conversation),
            }
        }
        for loaded in &desk.mine {
            seated.follow(&loaded.conversation.id).seed(loaded.clone());
        }
        Ok((seated, desk))
    }

    /// Whether a token issued at this moment still speaks for an agent: it does not when they were removed since.
    ///
    /// # Errors
    /// [`HubError::Revoked`], and when the store gives no answer.
    pub async fn vouch(&self, workspace: &WorkspaceId, agent: &AgentId, issued_at: Option<Millis>) -> Result<()> {
        match revoked(self.store.removed_at(workspace, agent).await?, issued_at) {
            true => Err(HubError::Revoked),
            false => Ok(()),
        }
    }

    /// What lies before an agent now.
    pub async fn desk(self: &Arc<Self>, workspace: &WorkspaceId, agent: &AgentId) -> Result<Desk> {
        let agents = self.agents(workspace).await?;
        let own = agents.iter().find(|(row, _)| row.agent.id == *agent);
        let row = own.map(|(row, _)| row.clone()).ok_or(HubError::NoAgent)?;
        let mut mine = Vec::new();
        let mut before = None;
        loop {
            let page = self.rows(workspace, Folder::Mine(agent.clone()), before, CHUNK, None).await?;
            mine.extend(page.conversations);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        let unassigned = self.rows(workspace, Folder::Unassigned, None, FIRST, None).await?.conversations;
        let sizes = self.store.sizes(workspace, Some(agent)).await?;
        let (counts, sizes) = (Counts::of(&sizes, agent), CountsChange::of(&sizes, agent));
        Ok(Desk { row, agents, counts, sizes, unassigned, mine })
    }

    /// The agents of a workspace with their status.
    pub async fn agents(self: &Arc<Self>, workspace: &WorkspaceId) -> Result<Vec<(AgentRow, AgentStatus)>> {
        let as_of = self.presence.as_of();
        let agents = self.store.agents(std::slice::from_ref(workspace)).await?;
        self.learn(workspace, &agents.iter().collect::<Vec<_>>(), as_of).await?;
        Ok(agents.into_iter().map(|row| (row.clone(), self.presence.status(&row))).collect())
    }

    /// A page of a folder, as this agent may see it.
    pub async fn list(
        &self,
        who: &Who,
        folder: FolderName,
        before: Option<String>,
        limit: usize,
        query: Option<String>,
    ) -> Result<FolderPage> {
        let Who::Agent { workspace, agent, admin } = who else { return Err(HubError::not_found()) };
        let folder = match folder {
            FolderName::Unassigned => Folder::Unassigned,
            FolderName::Mine => Folder::Mine(agent.id.clone()),
            FolderName::Closed => Folder::Closed,
            FolderName::All if !admin => return Err(HubError::forbidden("only admins may list all conversations")),
            FolderName::All => {
                Folder::All { only_mine: (!self.settings.admins_see_assigned).then(|| agent.id.clone()) }
            }
        };
        self.rows(workspace, folder, before, limit, query).await
    }

    /// A page of items of the conversations this agent may see.
    pub async fn items(
        &self,
        who: &Who,
        kind: Option<ItemKind>,
        conversation: Option<ConversationId>,
        before: Option<String>,
        limit: usize,
    ) -> Result<ItemPage> {
        let Who::Agent { workspace, .. } = who else { return Err(HubError::not_found()) };
        let (workspace, viewer) = (workspace.clone(), self.viewer(who));
        let query = ItemQuery { workspace, kind, conversation, before, limit, viewer };
        Ok(self.store.items(&query).await?)
    }

    /// What the store must know of an agent to show them no more than they may see; None of a visitor.
    pub fn viewer(&self, who: &Who) -> Option<Viewer> {
        let Who::Agent { agent, admin, .. } = who else { return None };
        let admins_see_assigned = self.settings.admins_see_assigned;
        Some(Viewer { agent: agent.id.clone(), admin: *admin, admins_see_assigned })
    }

    /// Opens a conversation for a session: from now on its events are pushed there. While the store gives no answer it
    /// comes from memory, where that may speak.
    pub async fn open(
        self: &Arc<Self>,
        seated: &mut Seated,
        conversation: &ConversationId,
        recover: Option<&Recover>,
    ) -> Result<Shown> {
        let who = seated.seat().who.clone();
        // First listen, then look. What was followed before goes on whatever the store can say now.
        let followed = seated.follows().contains(conversation);
        let tail = seated.follow(conversation);
        let shown = match self.sighted_and_shown(&who, &tail, seated, recover).await {
            Err(error) if error.is_without_answer() => self.remembered(&who, &tail, recover).ok_or(error),
            shown => shown,
        };
        match &shown {
            Ok(_) => self.tell_watching(who.workspace(), conversation),
            Err(error) if followed && error.is_without_answer() => {}
            Err(_) => {
                // Whoever followed is shown what ended it, if that can be read.
                if followed && let Err(error) = self.make_sure(&tail).await {
                    tracing::debug!(%conversation, %error, "what took a conversation out of sight is not known");
                }
                seated.unfollow(conversation);
            }
        }
        shown
    }

    async fn sighted_and_shown(
        self: &Arc<Self>,
        who: &Who,
        tail: &Tail,
        seated: &mut Seated,
        recover: Option<&Recover>,
    ) -> Result<Shown> {
        let loaded = self.sighted(who, tail.id()).await?;
        tail.hint(loaded.conversation.seq);
        if tail.head().is_none() {
            tail.seed(loaded);
        }
        let shown = self.show(seated, tail.id(), recover, false).await?;
        // Between the row and the tail it may have become somebody's.
        match self.may_see(seated.seat(), &shown.loaded.conversation.sight()) {
            true => Ok(shown),
            false => Err(HubError::not_found()),
        }
    }

    /// Gives a conversation to an agent of the workspace, or back to Unassigned.
    pub async fn assign(
        self: &Arc<Self>,
        who: &Who,
        conversation: &ConversationId,
        to: Option<&AgentId>,
    ) -> Result<Done> {
        // Whether it may be seen at all comes first: "no such agent" must not tell that the conversation exists.
        self.sighted(who, conversation).await?;
        let command = match to {
            None => Command::Assign { to: None },
            Some(to) => match self.store.agent(who.workspace(), to).await? {
                Some(row) => Command::Assign { to: Some(row.agent) },
                None => Command::AssignToNobody,
            },
        };
        self.command(conversation, &Caller::from(who), &command).await
    }

    async fn rows(
        &self,
        workspace: &WorkspaceId,
        folder: Folder,
        before: Option<String>,
        limit: usize,
        query: Option<String>,
    ) -> Result<FolderPage> {
        let query = FolderQuery { workspace: workspace.clone(), folder, before, limit, query };
        let mut page = self.store.folder(&query).await?;
        for loaded in &mut page.conversations {
            self.freshen(loaded);
            self.look_for_place(&loaded.conversation);
        }
        Ok(page)
    }
}
