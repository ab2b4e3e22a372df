//! Calls of a store that are held up where a test wants them to be.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};

/// What is held up next, by where.
#[derive(Debug, Default)]
pub(super) struct Gates(Mutex<HashMap<Verb, Arc<Gate>>>);

/// Where a call can be held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Verb {
    /// When it was read.
    Loaded,
    /// Before it is read.
    EventsAsked,
    /// Before anything is written.
    Append,
    /// When it is durable and nobody knows.
    Begun,
    /// When it is durable and nobody knows.
    Appended,
    /// When it was noted.
    AgentHello,
    /// When it was set.
    SetOnline,
    /// When it was read.
    Queue,
    /// When it was read.
    Playbook,
    /// When it was read.
    Folder,
    /// When it was read.
    OfVisitor,
}

/// One call that is held up.
#[derive(Debug, Default)]
pub(super) struct Gate {
    arrived: Notify,
    open: Notify,
}

// === impl Gates ===

impl Gates {
    /// Holds up the next call of this verb.
    pub(super) fn hold(&self, verb: Verb) -> Arc<Gate> {
        let gate = Arc::new(Gate::default());
        self.0.lock().unwrap().insert(verb, gate.clone());
        gate
    }

    /// Comes to this place: goes on at once unless somebody holds it up.
    pub(super) async fn pass(&self, verb: Verb) {
        let gate = self.0.lock().unwrap().remove(&verb);
        if let Some(gate) = gate {
            gate.arrived.notify_one();
            gate.open.notified().await;
        }
    }
}

// === impl Gate ===

impl Gate {
    /// Returns when the call has come to the gate.
    pub(super) async fn reached(&self) {
        let ten_minutes = Duration::from_secs(600);
        timeout(ten_minutes, self.arrived.notified()).await.expect("a call comes to the gate");
    }

    /// Lets it go on.
    pub(super) fn open(&self) {
        self.open.notify_one();
    }
}
