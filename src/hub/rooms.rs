//! The workspaces whose words this node hears, and how far it heard each other node.

use std::{collections::HashMap, sync::Arc, time::Duration};

use dashmap::{DashMap, mapref::entry::Entry};
use tokio::{sync::SetOnce, time::Instant};

use crate::ids::{NodeId, WorkspaceId};

/// How long a workspace is still listened to when its last session is gone: somebody may be reloading a page.
const LINGER: Duration = Duration::from_secs(10);
/// After how long without a word it is forgotten how far a node was heard.
const FORGET: Duration = Duration::from_secs(600);

/// The rooms this node is in. Empty on a node that is alone.
#[derive(Debug, Default)]
pub struct Rooms {
    rooms: DashMap<WorkspaceId, Room>,
}

#[derive(Debug)]
struct Room {
    /// Sessions.
    members: usize,
    /// Since when there is none.
    empty_since: Instant,
    /// That joining came to an end, and whether what is said there is heard for sure since.
    joined: Arc<SetOnce<bool>>,
    /// The number of each node's last word, and when that was.
    heard: HashMap<NodeId, (u64, Instant)>,
}

/// How a word follows on what was heard of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// As the next one, or as the first ever heard.
    Next,
    /// Words before it were lost.
    Skipped,
    /// It was heard before.
    Again,
    /// Nobody here belongs to the workspace any more.
    NotOurs,
}

// === impl Rooms ===

impl Rooms {
    /// One more session. The first one is given what to tell when joining has come to an end.
    pub(super) fn enter(&self, workspace: &WorkspaceId) -> Option<Arc<SetOnce<bool>>> {
        match self.rooms.entry(workspace.clone()) {
            Entry::Occupied(mut room) => {
                room.get_mut().members += 1;
                None
            }
            Entry::Vacant(none) => {
                let joined = Arc::new(SetOnce::new());
                none.insert(Room {
                    members: 1,
                    empty_since: Instant::now(),
                    joined: joined.clone(),
                    heard: HashMap::new(),
                });
                Some(joined)
            }
        }
    }

    /// One session less.
    pub(super) fn leave(&self, workspace: &WorkspaceId) {
        if let Some(mut room) = self.rooms.get_mut(workspace) {
            room.members = room.members.saturating_sub(1);
            room.empty_since = Instant::now();
        }
    }

    /// What says that joining has come to an end. None where nobody is.
    pub(super) fn joined(&self, workspace: &WorkspaceId) -> Option<Arc<SetOnce<bool>>> {
        self.rooms.get(workspace).map(|room| room.joined.clone())
    }

    /// Ends rooms that have been empty for a while; `part` is called while nobody can enter.
    pub(super) fn close_empty(&self, part: impl Fn(&WorkspaceId)) {
        let over = |room: &Room| room.members == 0 && room.joined.initialized() && room.empty_since.elapsed() >= LINGER;
        let empty: Vec<WorkspaceId> =
            self.rooms.iter().filter(|room| over(room)).map(|room| room.key().clone()).collect();
        for workspace in empty {
            self.rooms.remove_if(&workspace, |workspace, room| {
                let over = over(room);
                if over {
                    part(workspace);
                }
                over
            });
        }
        for mut room in self.rooms.iter_mut() {
            room.heard.retain(|_, (_, at)| at.elapsed() < FORGET);
        }
    }

    /// Notes a word's number.
    pub(super) fn hear(&self, workspace: &WorkspaceId, from: &NodeId, number: u64) -> Order {
        let Some(mut room) = self.rooms.get_mut(workspace) else { return Order::NotOurs };
        match room.heard.insert(from.clone(), (number, Instant::now())) {
            None => Order::Next,
            Some((last, at)) if number <= last => {
                room.heard.insert(from.clone(), (last, at));
                Order::Again
            }
            Some((last, _)) if number == last + 1 => Order::Next,
            Some(_) => Order::Skipped,
        }
    }

    /// A node is no more: its numbers mean nothing.
    pub(super) fn forget(&self, node: &NodeId) {
        for mut room in self.rooms.iter_mut() {
            room.heard.remove(node);
        }
    }

    /// The workspaces this node listens to, in the order of their names.
    pub(super) fn all(&self) -> Vec<WorkspaceId> {
        let mut all: Vec<_> = self.rooms.iter().map(|room| room.key().clone()).collect();
        all.sort();
        all
    }

    /// Whether the node listens to the workspace.
    pub(super) fn has(&self, workspace: &WorkspaceId) -> bool {
        self.rooms.contains_key(workspace)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn d4_a_lost_word_is_noticed_with_the_next_and_a_doubled_one_dropped() {
        let rooms = Rooms::default();
        let (workspace, node) = ("w".into(), NodeId::from("n_1"));
        assert_eq!(rooms.hear(&workspace, &node, 7), Order::NotOurs);
        rooms.enter(&workspace);
        let heard = |number| rooms.hear(&workspace, &node, number);
        let orders = [7, 8, 8, 10, 9, 11].map(heard);
        assert_eq!(
            orders,
            [Order::Next, Order::Next, Order::Again, Order::Skipped, Order::Again, Order::Next],
            "what comes late was counted as lost and is found by the sweep"
        );
        rooms.forget(&node);
        assert_eq!(heard(1), Order::Next);
    }

    #[tokio::test(start_paused = true)]
    async fn l6_a_room_ends_when_it_was_empty_for_a_while_and_its_joining_is_over() {
        let rooms = Rooms::default();
        let workspace = WorkspaceId::from("w");
        let tell = rooms.enter(&workspace).expect("the first");
        assert!(rooms.enter(&workspace).is_none());
        rooms.leave(&workspace);
        let parted = std::cell::Cell::new(0);
        let close = || rooms.close_empty(|_| parted.set(parted.get() + 1));
        tokio::time::advance(LINGER).await;
        close();
        rooms.leave(&workspace);
        tokio::time::advance(LINGER / 2).await;
        close();
        tokio::time::advance(LINGER).await;
        close();
        assert_eq!((rooms.len(), parted.get()), (1, 0), "nobody knows yet whether it was joined");
        tell.set(true).expect("once");
        close();
        assert_eq!((rooms.len(), parted.get()), (0, 1));
    }
}
