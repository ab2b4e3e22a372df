//! A visitor's place among those who wait: read from the store, told at most once a second.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use dashmap::DashMap;
use tokio::sync::Notify as Bell;

use super::Hub;
use crate::{
    chat::conversation::{Conversation, State},
    ids::{ConversationId, WorkspaceId},
};

/// The least time between two looks at the queue.
const EVERY: Duration = Duration::from_secs(1);

/// Places in the queues of all workspaces.
#[derive(Debug, Default)]
pub struct Queue {
    places: DashMap<WorkspaceId, Vec<ConversationId>>,
    place_of: DashMap<ConversationId, u32>,
    changed: Mutex<BTreeSet<WorkspaceId>>,
    poke: Bell,
}

// === impl Queue ===

impl Queue {
    /// Somebody began or ceased to wait.
    pub(super) fn changed(&self, workspace: WorkspaceId) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(workspace);
        self.poke.notify_one();
    }

    /// A conversation's place, from 1, as of the last look.
    pub fn position(&self, conversation: &ConversationId) -> Option<u32> {
        self.place_of.get(conversation).map(|place| *place)
    }

    /// Whether nobody waits anywhere, as of the last look.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty() && self.place_of.is_empty()
    }

    /// All of them are looked at again: an end may not have been heard of.
    pub(super) fn look_again(&self) {
        let known: Vec<WorkspaceId> = self.places.iter().map(|places| places.key().clone()).collect();
        known.into_iter().for_each(|workspace| self.changed(workspace));
    }

    fn take(&self) -> BTreeSet<WorkspaceId> {
        std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over a queue as it stands; returns the conversations whose place changed, with the place.
    fn replace(&self, workspace: WorkspaceId, queue: Vec<ConversationId>) -> Vec<(ConversationId, u32)> {
        let mut moved = Vec::new();
        for (place, conversation) in (1..).zip(&queue) {
            if self.place_of.insert(conversation.clone(), place) != Some(place) {
                moved.push((conversation.clone(), place));
            }
        }
        let now: HashSet<&ConversationId> = queue.iter().collect();
        if let Some(before) = self.places.get(&workspace) {
            for gone in before.iter().filter(|conversation| !now.contains(conversation)) {
                self.place_of.remove(gone);
            }
        }
        match queue.is_empty() {
            true => drop(self.places.remove(&workspace)),
            false => drop(self.places.insert(workspace, queue)),
        }
        moved
    }
}

// === impl Hub ===

impl Hub {
    /// Looks at queues that changed until the hub ends. Never returns.
    pub(super) async fn run_queue(self: Arc<Self>) {
        loop {
            self.queue.poke.notified().await;
            for workspace in self.queue.take() {
                match self.store.queue(&workspace).await {
                    Ok(queued) => {
                        let ids = queued.into_iter().map(|queued| queued.conversation).collect();
                        for (conversation, place) in self.queue.replace(workspace, ids) {
                            self.tell_place(&conversation, place);
                        }
                    }
                    Err(cause) => {
                        tracing::warn!(error = %cause, "could not read the queue; looking again");
                        self.queue.changed(workspace);
                    }
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// A place that nobody has looked up yet, as after a restart, is looked up now.
    pub(super) fn look_for_place(&self, conversation: &Conversation) {
        if matches!(conversation.state, State::Waiting { .. }) && self.queue.position(&conversation.id).is_none() {
            self.queue.changed(conversation.workspace.clone());
        }
    }

    fn tell_place(&self, conversation: &ConversationId, place: u32) {
        self.board.followers(conversation, |seat| {
            if seat.who.agent().is_none() {
                seat.mail.put(|mail| mail.queue = Some((conversation.clone(), place)));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r9_places_close_up_when_somebody_ceases_to_wait() {
        let queue = Queue::default();
        let [a, b, c] = ["c_a", "c_b", "c_c"].map(ConversationId::from);
        queue.replace("w".into(), vec![a.clone(), b.clone(), c.clone()]);
        assert_eq!(queue.position(&c), Some(3));
        let moved = queue.replace("w".into(), vec![b.clone(), c.clone()]);
        assert_eq!(moved, [(b, 1), (c, 2)]);
        assert_eq!(queue.position(&a), None);
        queue.replace("w".into(), Vec::new());
        assert!(queue.is_empty());
    }
}
