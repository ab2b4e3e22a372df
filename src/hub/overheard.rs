//! What other nodes say of the moment, and what this node tells one that asks who is there.

use std::sync::Arc;

use super::{Hub, mailbox::Typing, tail::Tail};
use crate::{
    chat::conversation::Sight,
    ids::{ConversationId, NodeId, Seq, WorkspaceId},
    wire::node::{self, Ask, Moving, NodeFrame, Present, Visit, Visiting},
};

/// Entries of one part of everything a node has.
const PART: usize = 200;

// === impl Hub ===

impl Hub {
    /// The tail of a conversation that another node spoke of when its own stood at `seq`. One that lies behind catches
    /// up before anything of it is shown.
    fn spoken_of(&self, conversation: &ConversationId, seq: Seq) -> Option<Arc<Tail>> {
        let tail = self.board.tail(conversation)?;
        tail.hint(seq);
        if !tail.is_current() {
            self.wake(conversation, None);
        }
        Some(tail)
    }

    pub(super) fn heard_typing(&self, typing: node::Typing) {
        let node::Typing { conversation, seq, by, on, preview } = typing;
        if let Some(tail) = self.spoken_of(&conversation, seq) {
            self.told_typing(&tail, by, &Typing { seq, on, preview });
        }
    }

    pub(super) fn heard_seen(&self, workspace: &WorkspaceId, seen: node::Seen) {
        let node::Seen { conversation, seq, sight, by, mark } = seen;
        if let Some(tail) = self.spoken_of(&conversation, seq) {
            let moved = tail.with(|hot| {
                let was = hot.beside.clone();
                hot.beside.take_in(&super::beside::side(by, mark));
                was != hot.beside
            });
            if moved == Some(true) {
                self.told_seen(&tail, by, mark, None);
            }
        }
        self.row_of_others(workspace, &conversation, &sight);
    }

    pub(super) fn heard_page(&self, workspace: &WorkspaceId, moving: Moving) {
        let Moving { conversation, seq, sight, page } = moving;
        if let Some(tail) = self.spoken_of(&conversation, seq) {
            tail.with(|hot| hot.beside.page = Some(page));
            self.tell_visitor(&tail);
        }
        self.row_of_others(workspace, &conversation, &sight);
    }

    pub(super) fn heard_visiting(&self, workspace: &WorkspaceId, from: &NodeId, visiting: &Visiting) {
        let Visiting { visit, here } = visiting;
        let changed = self.among.elsewhere.visit(workspace, from, visit, *here);
        if changed {
            self.visited(workspace, &visit.conversation, visit.seq, &visit.sight);
        }
    }

    pub(super) fn heard_watching(&self, workspace: &WorkspaceId, from: &NodeId, watching: &node::Watching) {
        let changed = self.among.elsewhere.watch(workspace, from, watching);
        if let (true, Some(tail)) = (changed, self.spoken_of(&watching.conversation, watching.seq)) {
            self.glimpse(&tail, super::glimpse::Glimpse::watching());
        }
    }

    /// Another node has just come, or missed something.
    pub(super) fn heard_ask(&self, workspace: &WorkspaceId, ask: &Ask) {
        if ask.node.as_ref().is_none_or(|node| node == self.mesh.node()) {
            self.among.asked.insert(workspace.clone());
        }
    }

    /// Tells those who asked everything this node has, once a second at most.
    pub(super) fn answer_asks(&self) {
        if self.among.asked.is_empty() {
            return;
        }
        let mut asked: Vec<WorkspaceId> = self.among.asked.iter().map(|workspace| workspace.clone()).collect();
        asked.sort();
        for workspace in asked {
            self.among.asked.remove(&workspace);
            self.say_present(&workspace);
        }
    }

    pub(super) fn heard_present(&self, workspace: &WorkspaceId, from: &NodeId, mut present: Present) {
        let agents = std::mem::take(&mut present.agents);
        if present.part == 0 {
            self.among.actives.forget(from, Some(workspace));
        }
        self.heard_active(workspace, from, node::Active { agents });
        for changed in self.among.elsewhere.tell(workspace, from, present) {
            self.visited(workspace, &changed.conversation, Seq(0), &changed.sight);
        }
    }

    /// A node's lease has ended: what it had is there no more. Told by whoever watches the leases.
    pub fn node_gone(&self, node: &NodeId) {
        self.among.rooms.forget(node);
        self.among.actives.forget(node, None);
        for changed in self.among.elsewhere.forget(node) {
            self.visited(&changed.workspace, &changed.conversation, Seq(0), &changed.sight);
        }
    }

    /// Asks the other nodes who is there: one of them, or all.
    pub(super) fn ask(&self, workspace: &WorkspaceId, node: Option<&NodeId>) {
        self.say(workspace, || NodeFrame::Ask(Ask { node: node.cloned() }));
    }

    /// Whether a conversation's visitor has a connection elsewhere, or who looks at it there, has changed.
    fn visited(&self, workspace: &WorkspaceId, conversation: &ConversationId, seq: Seq, sight: &Sight) {
        if let Some(tail) = self.spoken_of(conversation, seq) {
            self.tell_visitor(&tail);
            self.glimpse(&tail, super::glimpse::Glimpse::watching());
        }
        self.row_of_others(workspace, conversation, sight);
    }

    /// The row changed by something that is no event, on another node: it is sent soon, if anybody here may see it. As
    /// of the word; the row itself is decided on the fold.
    fn row_of_others(&self, workspace: &WorkspaceId, conversation: &ConversationId, sight: &Sight) {
        let mut any = false;
        self.board.agents(workspace, |seat| any |= *sight != Sight::Admins && self.may_see(seat, sight));
        if any {
            self.row_later(conversation);
        }
    }

    fn say_present(&self, workspace: &WorkspaceId) {
        let (visited, watched) = self.board.visited_and_watched();
        let here = |conversation: ConversationId| {
            let tail = self.board.tail(&conversation)?;
            tail.with(|hot| {
                let fold = &hot.conversation;
                let visit = || Visit { conversation, seq: fold.seq, sight: fold.sight() };
                (fold.workspace == *workspace).then(visit)
            })?
        };
        let mut visits = visited.into_iter().filter_map(here).peekable();
        let watching = watched.into_iter().filter(|conversation| self.among.watched.contains(conversation));
        let mut watching: Vec<_> = watching.map(|conversation| self.watching_here(&conversation)).collect();
        watching.retain(|watching| !watching.agents.is_empty());
        let (mut watching, mut agents) =
            (watching.into_iter().peekable(), self.among.actives.said(workspace).into_iter().peekable());
        for part in 0.. {
            let present = Present {
                part,
                visits: visits.by_ref().take(PART).collect(),
                watching: watching.by_ref().take(PART).collect(),
                agents: agents.by_ref().take(PART).collect(),
                last: visits.peek().is_none() && watching.peek().is_none() && agents.peek().is_none(),
            };
            let last = present.last;
            self.say(workspace, || NodeFrame::Present(present));
            if last {
                return;
            }
        }
    }
}
