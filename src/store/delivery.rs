//! One event on its way to one webhook.

use serde::Serialize;

use super::webhook::{Topic, Webhook};
use crate::ids::{ConversationId, DeliveryId, Millis, NodeId, Seq, WebhookId, WorkspaceId};

/// How many failures of an event hold later ones of the same conversation back; from then on they go by.
pub const ORDERED_TRIES: u32 = 4;

/// An event that one webhook is, or was, to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event's name for receivers, the same on every try and for every webhook.
    pub id: DeliveryId,
    /// Whom to tell.
    pub webhook: WebhookId,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Which of its events.
    pub seq: Seq,
    /// Under which name.
    pub topic: Topic,
    /// When it happened.
    pub at: Millis,
    /// How often it was tried and settled since it was made, or since somebody asked for it anew.
    pub tries: u32,
    /// What has become of it.
    pub state: DeliveryState,
    /// The HTTP status of the last try that got one.
    pub status: Option<u16>,
    /// Why the last try failed, in words.
    pub error: Option<String>,
}

/// What has become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be tried.
    Waiting {
        /// When; while a node has it, when its lease runs out.
        next_at: Millis,
    },
    /// The receiver has it.
    Delivered {
        /// Since when.
        at: Millis,
    },
    /// It is tried no more, unless somebody asks for it.
    Dead {
        /// Since when.
        at: Millis,
    },
}

/// The name of a [`DeliveryState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStateName {
    /// It is to be tried.
    Waiting,
    /// The receiver has it.
    Delivered,
    /// It is tried no more.
    Dead,
}

/// A node asks for work.
#[derive(Clone, Debug)]
pub struct Take {
    /// Who asks.
    pub node: NodeId,
    /// What is due by now.
    pub now: Millis,
    /// How long the node means to have it.
    pub until: Millis,
    /// At most this many.
    pub limit: usize,
    /// At most this many of one webhook under way at once, on all nodes together.
    pub per_webhook: usize,
}

/// A delivery a node has taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// As it stands.
    pub delivery: Delivery,
    /// To whom.
    pub webhook: Webhook,
    /// Rises each time the delivery is taken: whoever has not the last one may not settle it.
    pub lease: u64,
}

/// What became of a delivery a node had taken.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Whom it was for.
    pub webhook: WebhookId,
    /// Which one.
    pub delivery: DeliveryId,
    /// [`Taken::lease`].
    pub lease: u64,
    /// When.
    pub at: Millis,
    /// What the receiver answered.
    pub status: Option<u16>,
    /// What to do now.
    pub verdict: Verdict,
}

/// What follows from a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered,
    /// It is tried again.
    Again {
        /// When.
        next_at: Millis,
        /// What went wrong.
        error: String,
    },
    /// It is given up.
    Dead {
        /// What went wrong.
        error: String,
    },
}

/// What became of the wish to try a delivery again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revived {
    /// It waits again, due at once, with all its tries.
    Done(Delivery),
    /// It needs no help: it is under way, about to be tried for the first time, or delivered.
    Alive(Delivery),
    /// Its webhook is disabled.
    Disabled,
    /// There is no such delivery.
    Unknown,
}

/// Which deliveries.
#[derive(Clone, Debug)]
pub struct DeliveryQuery {
    /// Whose company.
    pub workspace: WorkspaceId,
    /// Of which webhook.
    pub webhook: WebhookId,
    /// Only in this state.
    pub state: Option<DeliveryStateName>,
    /// [`DeliveryPage::next`] of the page before.
    pub before: Option<String>,
    /// At most this many, 1 to 100.
    pub limit: usize,
}

/// A page of deliveries.
#[derive(Clone, Debug)]
pub struct DeliveryPage {
    /// Newest first.
    pub deliveries: Vec<Delivery>,
    /// Where the next page begins; None at the end.
    pub next: Option<String>,
}

/// What has not reached its receivers, in the whole hub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries that wait or are under way.
    pub waiting: u64,
    /// When the oldest of their events happened.
    pub oldest: Option<Millis>,
    /// Deliveries that were given up and not swept yet.
    pub dead: u64,
}

// === impl DeliveryState ===

impl DeliveryState {
    /// Its name.
    pub fn name(&self) -> DeliveryStateName {
        match self {
            Self::Waiting { .. } => DeliveryStateName::Waiting,
            Self::Delivered { .. } => DeliveryStateName::Delivered,
            Self::Dead { .. } => DeliveryStateName::Dead,
        }
    }
}
