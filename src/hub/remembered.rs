//! What memory answers while the store does not: reads alone, and only to whom nothing can have been taken away that
//! this node has not heard of.
//!
//! A tail holds a part of the log without a gap up to some head, and whoever may see a conversation at its head may see
//! all that led there. But the store may have an assignment behind that head, and then it is not theirs to ask for any
//! more. Who can be sure all the same:
//! - the visitor, of their own; an admin, where admins see everything;
//! - every agent, of what is closed: that is final;
//! - a node that is alone: whatever was committed it committed itself, but for what it has not heard the outcome of.
//!
//! All others are told that the store is out of reach.

use std::sync::Arc;

use super::{
    Hub,
    append::Caller,
    error::{HubError, Result},
    page::{BYTES, EVENTS, Page, Recover, one_page},
    seat::{Seated, Who},
    tail::Tail,
    visitor::Shown,
};
use crate::{
    chat::conversation::Conversation,
    ids::{ConversationId, Seq},
    store::Loaded,
    wire::entry::Entry,
};

// === impl Hub ===

impl Hub {
    /// The conversation as memory holds it, with a page of events. None when it holds nothing, or must not speak.
    pub(super) fn remembered(&self, who: &Who, tail: &Tail, recover: Option<&Recover>) -> Option<Shown> {
        let mut loaded = self.sure_fold(who, tail)?;
        let head = loaded.conversation.seq;
        // A client that has more of it than this node would have to throw that away.
        if recover.is_some_and(|recover| recover.epoch == self.store.epoch() && recover.seq > head) {
            return None;
        }
        let page = match recover.filter(|recover| self.goes_on(recover, head)) {
            Some(from) => Page::behind(from.seq, one_page(tail.between(from.seq, head)?), head),
            None => {
                let events = tail.before(head.next(), EVENTS, BYTES, who.agent().is_none());
                // Nothing at all would look like an empty conversation.
                (!events.is_empty()).then_some(Page { recovered: false, events, cursor: head })?
            }
        };
        self.freshen(&mut loaded);
        Some(Shown { position: self.queue.position(tail.id()), loaded, page })
    }

    /// The conversation a visitor comes back to, if it is the one they name: somebody else follows it here, and it is
    /// open, so that they have no other.
    pub(super) fn remembered_of(&self, seated: &mut Seated, id: &ConversationId, recover: &Recover) -> Result<Shown> {
        let who = seated.seat().who.clone();
        let shown = self.board.tail(id).and_then(|tail| self.remembered(&who, &tail, Some(recover)));
        let open = shown.filter(|shown| shown.loaded.conversation.closed_at().is_none());
        let shown = open.ok_or(HubError::Unavailable)?;
        seated.follow(id);
        Ok(shown)
    }

    /// Older events as far as memory holds them. None when it holds none, or must not speak.
    pub(super) fn remembered_before(
        &self,
        who: &Who,
        conversation: &ConversationId,
        before: Seq,
        limit: usize,
    ) -> Option<Vec<Arc<Entry>>> {
        let tail = self.board.tail(conversation)?;
        let head = self.sure_fold(who, &tail)?.conversation.seq;
        let events = tail.before(before.min(head.next()), limit, BYTES, who.agent().is_none());
        // None at all says that this is the beginning.
        (!events.is_empty() || before <= Seq(1)).then_some(events)
    }

    /// The fold, for somebody to whom it may be told without asking the store.
    fn sure_fold(&self, who: &Who, tail: &Tail) -> Option<Loaded> {
        // Asked before the fold is looked at: what is committed in between is in it, or was under way.
        let moving = self.doubts.may_move(tail.id());
        let now = tail.with(|hot| Loaded { conversation: hot.conversation.clone(), beside: hot.beside.clone() })?;
        self.is_sure(who, &now.conversation, moving).then_some(now)
    }

    fn is_sure(&self, who: &Who, fold: &Conversation, moving: bool) -> bool {
        let all = self.settings.admins_see_assigned;
        Caller::from(who).owns(fold)
            && match who {
                Who::Visitor { .. } => true,
                Who::Agent { admin: true, .. } if all => true,
                Who::Agent { agent, admin, .. } => {
                    let final_or_ours = fold.closed_at().is_some() || (self.mesh.is_alone() && !moving);
                    final_or_ours && fold.sight().allows(&agent.id, *admin, all)
                }
            }
    }
}
