//! Forgetting a visitor: their open conversation is closed, then each of theirs is erased, and their connections end.

use std::sync::Arc;

use super::{Hub, append::Caller, error::Result};
use crate::{
    chat::{command::Command, event::VisitorRef},
    ids::{VisitorId, WorkspaceId},
    wire::node::{Adopted, NodeFrame},
};

/// Conversations that are looked up at once.
const PAGE: usize = 50;
/// Looks at most: whoever begins anew all the time is not waited for.
const MAX_PAGES: usize = 1_000;

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
                // First it is closed, if it has to be, then erased, then there is nothing left to do.
                while self.command(&conversation, &Caller::System, &Command::Erase).await?.events > 0 {}
                let to = VisitorRef { id: VisitorId::erased(), name: None, verified: false };
                self.adopted(workspace, &conversation, visitor, &to);
                self.say(workspace, || NodeFrame::Adopted(Adopted { conversation, from: visitor.clone(), to }));
            }
        }
        if found {
            tracing::info!(%workspace, "a visitor was erased");
        }
        Ok(found)
    }
}
