//! A visitor's place among those who wait: read from the store, told at most once a second.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use tokio::sync::Notify as Bell;

use super::Hub;
use crate::{
    chat::conversation::{Conversation, State},
    ids::{ConversationId, WorkspaceId},
    store::StoreError,
};

/// The least time between two looks at the queue.
const EVERY: Duration = Duration::from_secs(1);

/// Places in the queues of all workspaces.
#[derive(Debug, Default)]
pub struct Queue {
    places: DashMap<WorkspaceId, VecDeque<ConversationId>>,
    place_of: DashMap<ConversationId, Place>,
    changed: Mutex<BTreeSet<WorkspaceId>>,
    poke: Bell,
    /// Whether nobody waits where nobody is known to: on a node that is alone, once it has looked everywhere.
    is_whole: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// From 1.
    at: u32,
    /// Whether a look found it, and the visitor was told; else it is what it seemed to be when the wait began.
    found: bool,
}

// === impl Queue ===

impl Queue {
    /// Somebody began or ceased to wait.
    pub(super) fn changed(&self, workspace: WorkspaceId) {
        self.due().insert(workspace);
        self.poke.notify_one();
    }

    /// Somebody waits now, or no more. Who is new stands behind all who are known to wait, so that whoever is told of the
    /// wait is told a place with it; the next look says what it is.
    pub(super) fn moved(&self, workspace: &WorkspaceId, conversation: &ConversationId, waits: bool) {
        // Before it is noted: see [`Queue::replace`].
        self.changed(workspace.clone());
        match waits {
            true => self.begin(workspace, conversation),
            false => {
                self.place_of.remove(conversation);
                // Most who cease to wait are the first: thousands whose time is over cost no more than one look each.
                if let Some(mut places) = self.places.get_mut(workspace)
                    && let Some(at) = places.iter().position(|one| one == conversation)
                {
                    places.remove(at);
                }
                self.places.remove_if(workspace, |_, places| places.is_empty());
            }
        }
    }

    fn begin(&self, workspace: &WorkspaceId, conversation: &ConversationId) {
        if self.place_of.contains_key(conversation) {
            return;
        }
        let places = match self.is_whole.load(Ordering::Relaxed) {
            true => Some(self.places.entry(workspace.clone()).or_default()),
            false => self.places.get_mut(workspace),
        };
        if let Some(mut places) = places {
            places.push_back(conversation.clone());
            let at = u32::try_from(places.len()).unwrap_or(u32::MAX);
            self.place_of.insert(conversation.clone(), Place { at, found: false });
        }
    }

    /// A conversation's place, from 1, as of the last look or since.
    pub fn position(&self, conversation: &ConversationId) -> Option<u32> {
        self.place_of.get(conversation).map(|place| place.at)
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
        std::mem::take(&mut *self.due())
    }

    fn due(&self) -> MutexGuard<'_, BTreeSet<WorkspaceId>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over a queue as it stands; returns the conversations whose place changed, with the place.
    fn replace(&self, workspace: &WorkspaceId, queue: Vec<ConversationId>) -> Vec<(ConversationId, u32)> {
        let mut moved = Vec::new();
        let mut places = self.places.entry(workspace.clone()).or_default();
        for (at, conversation) in (1..).zip(&queue) {
            let place = Place { at, found: true };
            if self.place_of.insert(conversation.clone(), place) != Some(place) {
                moved.push((conversation.clone(), at));
            }
        }
        let mut began = VecDeque::new();
        let now: HashSet<&ConversationId> = queue.iter().collect();
        // Whoever began while the queue was read is found by the next look, which is due.
        let is_due = self.due().contains(workspace);
        for gone in places.drain(..).filter(|conversation| !now.contains(conversation)) {
            match is_due && self.place_of.get(&gone).is_some_and(|place| !place.found) {
                true => began.push_back(gone),
                false => drop(self.place_of.remove(&gone)),
            }
        }
        *places = queue.into();
        places.append(&mut began);
        drop(places);
        self.places.remove_if(workspace, |_, places| places.is_empty());
        moved
    }
}

// === impl Hub ===

impl Hub {
    /// Looks at queues that changed until the hub ends. Never returns.
    pub(super) async fn run_queue(self: Arc<Self>) {
        if self.mesh.is_alone() {
            while let Err(cause) = self.look_everywhere().await {
                tracing::warn!(error = %cause, "could not look who waits; looking again");
                tokio::time::sleep(EVERY).await;
            }
        }
        loop {
            self.queue.poke.notified().await;
            for workspace in self.queue.take() {
                if let Err(cause) = self.look_at_queue(&workspace).await {
                    tracing::warn!(error = %cause, "could not read the queue; looking again");
                    self.queue.changed(workspace);
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// After the start of a node that hears of every wait from then on.
    async fn look_everywhere(&self) -> Result<(), StoreError> {
        for workspace in self.store.waited_in().await? {
            self.look_at_queue(&workspace).await?;
        }
        self.queue.is_whole.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn look_at_queue(&self, workspace: &WorkspaceId) -> Result<(), StoreError> {
        let queued = self.store.queue(workspace).await?;
        let ids = queued.into_iter().map(|queued| queued.conversation).collect();
        for (conversation, place) in self.queue.replace(workspace, ids) {
            self.tell_place(&conversation, place);
        }
        Ok(())
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
        let w = "w".into();
        queue.replace(&w, vec![a.clone(), b.clone(), c.clone()]);
        assert_eq!(queue.position(&c), Some(3));
        let moved = queue.replace(&w, vec![b.clone(), c.clone()]);
        assert_eq!(moved, [(b, 1), (c, 2)]);
        assert_eq!(queue.position(&a), None);
        queue.replace(&w, Vec::new());
        assert!(queue.is_empty());
    }

    #[test]
    fn r9_whoever_begins_to_wait_stands_behind_those_who_are_known_to() {
        let queue = Queue::default();
        let [a, b, c] = ["c_a", "c_b", "c_c"].map(ConversationId::from);
        let w = "w".into();
        queue.moved(&w, &a, true);
        assert_eq!(queue.position(&a), None, "nobody has looked who else waits");
        assert_eq!(queue.replace(&w, vec![a.clone()]), [(a.clone(), 1)]);
        queue.moved(&w, &b, true);
        queue.moved(&w, &b, true);
        assert_eq!(queue.position(&b), Some(2));
        // A queue that was read before they began takes their place from nobody, as it will be read again.
        assert!(queue.replace(&w, vec![a.clone()]).is_empty());
        queue.moved(&w, &a, false);
        queue.moved(&w, &c, true);
        assert_eq!([&a, &b, &c].map(|one| queue.position(one)), [None, Some(2), Some(2)]);
        queue.take();
        assert_eq!(queue.replace(&w, vec![b.clone(), c.clone()]), [(b.clone(), 1), (c.clone(), 2)]);
        for one in [&b, &c] {
            queue.moved(&w, one, false);
        }
        assert!(queue.is_empty());
        // Once all queues were looked at, one that is not known is empty.
        queue.is_whole.store(true, Ordering::Relaxed);
        queue.moved(&w, &a, true);
        assert_eq!(queue.position(&a), Some(1));
        queue.take();
        queue.replace(&w, Vec::new());
        assert!(queue.is_empty());
    }
}
