//! Adoption: an anonymous visitor's open conversation becomes an identity's. It is no event, so a tail is told.

use std::sync::Arc;

use super::{
    Hub,
    append::Caller,
    error::Result,
    mailbox::{Begun, Leave},
    tail::Tail,
    visitor::Guest,
};
use crate::{
    chat::{command::Command, event::VisitorRef},
    ids::{ConversationId, VisitorId, WorkspaceId},
    wire::{
        code::CloseCode,
        node::{Adopted, NodeFrame},
        push::{FORGOTTEN, RECOGNISED},
    },
};

// === impl Hub ===

impl Hub {
    /// Gives the anonymous visitor's open conversation to the identity who says hello, if they have none.
    pub(super) async fn adopt(
        self: &Arc<Self>,
        workspace: &WorkspaceId,
        from: &VisitorId,
        guest: &Guest,
    ) -> Result<()> {
        let adopted = self.store.adopt(workspace, from, &guest.visitor, guest.name.as_deref()).await?;
        let Some(conversation) = adopted else { return Ok(()) };
        let to = VisitorRef { id: guest.visitor.clone(), name: guest.name.clone(), verified: true };
        self.adopted(workspace, &conversation, from, &to);
        self.say(workspace, || {
            NodeFrame::Adopted(Adopted { conversation: conversation.clone(), from: from.clone(), to })
        });
        let vouched = guest.vouched();
        if !vouched.is_empty() {
            // Who they are is settled; that the panel does not say so yet keeps nobody waiting.
            let command = Command::Vouched(Box::new(vouched));
            if let Err(error) = self.command(&conversation, &Caller::System, &command).await {
                tracing::warn!(%conversation, %error, "what the site says of its visitor is not in the side panel");
            }
        }
        Ok(())
    }

    /// A conversation was adopted, here or on another node.
    pub(super) fn adopted(
        &self,
        workspace: &WorkspaceId,
        conversation: &ConversationId,
        from: &VisitorId,
        to: &VisitorRef,
    ) {
        // The anonymous visitor's connections have no more part in it: they come back at once, as whoever their page
        // then says they are.
        for seat in self.board.visitor_seats(workspace, from) {
            seat.mail.put(|mail| {
                mail.leave.get_or_insert(match to.id.is_erased() {
                    true => Leave { code: CloseCode::Unauthorized, after_ms: None, because: Some(FORGOTTEN) },
                    false => Leave { code: CloseCode::Draining, after_ms: Some(0), because: Some(RECOGNISED) },
                });
            });
        }
        let tail = self.board.tail(conversation);
        let open = tail.as_ref().and_then(|tail| tail.with(|hot| hot.conversation.closed_at().is_none()));
        if open != Some(false) {
            // They had none open, so it is their newest.
            let at = self.store.now();
            for seat in self.board.visitor_seats(workspace, &to.id) {
                seat.mail.put(|mail| mail.begun(Begun { conversation: conversation.clone(), at }));
            }
        }
        if let Some(tail) = tail {
            tail.with(|hot| {
                let visitor = &mut hot.conversation.visitor;
                visitor.id = to.id.clone();
                visitor.verified = to.verified;
                visitor.name = to.name.clone().or_else(|| visitor.name.take().filter(|_| !to.id.is_erased()));
            });
            self.show_whose(&tail);
        }
    }

    /// The tail's fold names another visitor than the store's row: whose it is now is read there.
    pub(super) async fn look_whose(&self, tail: &Tail) -> Result<()> {
        let Some(loaded) = self.store.load(tail.id()).await? else { return Ok(()) };
        let now = loaded.conversation.visitor;
        let was = tail.with(|hot| (hot.conversation.workspace.clone(), hot.conversation.visitor.id.clone()));
        if let Some((workspace, from)) = was.filter(|(_, from)| *from != now.id) {
            self.adopted(&workspace, tail.id(), &from, &now);
            // The tail of this moment is not the board's.
            tail.with(|hot| hot.conversation.visitor = now);
        }
        Ok(())
    }
}
