//! Forgetting a visitor: their open conversation is closed, then each of theirs is erased, and their connections end.

use std::{sync::Arc, time::Duration};

use dashmap::DashMap;
use tokio::time::Instant;

use super::{Hub, append::Caller, error::Result};
use crate::{
    chat::{command::Command, event::VisitorRef},
    ids::{ConversationId, VisitorId, WorkspaceId},
    wire::node::{Adopted, NodeFrame},
};

/// Conversations that are looked up at once.
const PAGE: usize = 50;
/// Looks at most: whoever begins anew all the time is not waited for.
const MAX_PAGES: usize = 1_000;
/// How long an erasure whose answer was lost may still turn out to be done. No store takes longer over one.
const IN_DOUBT: Duration = Duration::from_secs(60);

/// Erasures that are under way, or may have been done although nobody heard so: then whose it was is known here only,
/// the store has it no more.
#[derive(Debug, Default)]
pub(super) struct Erasures(DashMap<ConversationId, Erasure>);

#[derive(Debug)]
struct Erasure {
    workspace: WorkspaceId,
    visitor: VisitorId,
    began: Instant,
}

// === impl Erasures ===

impl Erasures {
    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

// === impl Hub ===

impl Hub {
    /// Erases what is known of a visitor of a workspace. False when there is no conversation of theirs. Done in steps,
    /// each of them whole: after a failure the same again goes on where it stopped.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn erase_visitor(self: &Arc<Self>, workspace: &WorkspaceId, visitor: &VisitorId) -> Result<bool> {
        let mut found = false;
        if visitor.is_erased() {
            return Ok(false);
        }
        for _ in 0..MAX_PAGES {
            let theirs = self.store.of_person(workspace, visitor, PAGE).await?;
            if theirs.is_empty() {
                break;
            }
            found = true;
            for conversation in theirs {
                let erasure = Erasure { workspace: workspace.clone(), visitor: visitor.clone(), began: Instant::now() };
                self.erasures.0.insert(conversation.clone(), erasure);
                // First it is closed, if it has to be, then erased, then there is nothing left to do.
                while self.command(&conversation, &Caller::System, &Command::Erase).await?.events > 0 {}
                self.erased(&conversation);
            }
        }
        if found {
            tracing::info!(%workspace, "a visitor was erased");
        }
        Ok(found)
    }

    /// A conversation was erased: its visitor's connections end, on every node, and who looks at it sees nobody.
    /// Once: whoever came back meanwhile is somebody new.
    fn erased(&self, conversation: &ConversationId) {
        let Some((conversation, erasure)) = self.erasures.0.remove(conversation) else { return };
        let Erasure { workspace, visitor: from, .. } = erasure;
        let to = VisitorRef { id: VisitorId::erased(), name: None, verified: false };
        self.adopted(&workspace, &conversation, &from, &to);
        self.say(&workspace, || NodeFrame::Adopted(Adopted { conversation, from, to }));
    }

    /// Looks up what became of erasures whose answer was lost, or whose caller went away in the middle.
    pub(super) async fn settle_erasures(&self) {
        if self.erasures.0.is_empty() {
            return;
        }
        let open: Vec<_> = self.erasures.0.iter().map(|erasure| (erasure.key().clone(), erasure.began)).collect();
        for (conversation, began) in open {
            match self.store.load(&conversation).await {
                Ok(Some(row)) if row.conversation.visitor.id.is_erased() => self.erased(&conversation),
                // Whoever asked was told that it failed, and asks again.
                Ok(_) if began.elapsed() > IN_DOUBT => drop(self.erasures.0.remove(&conversation)),
                Ok(_) | Err(_) => {}
            }
        }
    }
}
