//! What nodes of one hub tell each other: `[version, number, kind, body]` in JSON, one word a frame.
//!
//! Hints, never the truth. A kind or a member that a node does not know is passed over, so that nodes of two versions
//! run side by side while a cluster is renewed; the version rises only when the four places themselves change.

use std::sync::Arc;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{IgnoredAny, SeqAccess},
};
use serde_json::value::RawValue;

use super::{entry::Entry, push::Side};
use crate::{
    chat::{
        conversation::Sight,
        event::{AgentRef, Page, VisitorRef},
        summary::Mark,
    },
    ids::{AgentId, ConversationId, Millis, NodeId, PlaybookId, Seq, SessionId, VisitorId},
};

mod ringing;
mod word;

pub use self::{
    ringing::{Active, Activity, Ring},
    word::{NodeFault, NodeWord},
};

/// The version of the four places.
pub const VERSION: u32 = 1;
/// Bytes of events a hint carries at most; beyond, it is a position only.
pub const MAX_FILL: usize = 32 * 1024;

/// Names the kinds once, for writing and for reading.
macro_rules! frames {
    ($($(#[$doc:meta])* $name:ident($body:ty) = $kind:literal,)*) => {
        /// What one node tells the others.
        #[derive(Clone, Debug, PartialEq)]
        pub enum NodeFrame {
            $($(#[$doc])* $name($body),)*
        }

        impl NodeFrame {
            /// The frame as it travels.
            pub fn encode(&self, number: u64) -> Vec<u8> {
                match self {
                    $(Self::$name(body) => encode(number, $kind, body),)*
                }
            }

            /// The next place as the body of this kind. None inside when that is not known, outside when there is none.
            fn read<'de, A: SeqAccess<'de>>(kind: &str, places: &mut A) -> Result<Option<Option<Self>>, A::Error> {
                match kind {
                    $($kind => Ok(places.next_element()?.map(|body| Some(Self::$name(body)))),)*
                    _ => Ok(places.next_element::<IgnoredAny>()?.map(|_| None)),
                }
            }
        }
    };
}

frames! {
    /// A conversation moved on.
    Moved(Moved) = "moved",
    /// A conversation was adopted by an identity.
    Adopted(Adopted) = "adopted",
    /// Somebody types.
    Typing(Typing) = "typing",
    /// A side has come further.
    Seen(Seen) = "seen",
    /// A visitor is on another page.
    Page(Moving) = "page",
    /// A conversation's visitor has connections to this node, or has none any more.
    Visiting(Visiting) = "visiting",
    /// Who has an unassigned conversation open on this node.
    Watching(Watching) = "watching",
    /// Which of this node's connections of an agent asked for something last.
    Active(Active) = "active",
    /// The ring of a notification is to go on with a connection of the named node.
    Ring(Ring) = "ring",
    /// A playbook was saved, hidden or seen.
    Playbook(PlaybookMoved) = "playbook",
    /// An agent's row in the store changed.
    Agent(AgentMoved) = "agent",
    /// Who is present on this node changed: its lease says who is.
    Here(Nothing) = "here",
    /// This node has just come, or may have missed something: who is there?
    Ask(Ask) = "ask",
    /// Everything the node has of visitors, watchers and active connections, in parts.
    Present(Present) = "present",
    /// Only counts: whoever missed the word before notices.
    Pulse(Nothing) = "pulse",
}

/// After a commit: a position, what the committing node knows that others need to do the same for their own
/// connections, and perhaps the events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// Which conversation.
    pub conversation: ConversationId,
    /// The place before these events.
    pub after: Seq,
    /// When that was.
    #[serde(default)]
    pub after_at: Millis,
    /// The last of them.
    pub head: Seq,
    /// When that was, by the store's clock.
    pub at: Millis,
    /// Who may see the conversation as of `head`.
    pub sight: Sight,
    /// Whether the visitor waited before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub waited: bool,
    /// Whether more than texts happened.
    #[serde(default, skip_serializing_if = "is_false")]
    pub row: bool,
    /// Folders whose size changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<FolderSize>,
    /// For agents with connections to several nodes: which one rings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rings: Vec<Bell>,
    /// The events, when they are small enough.
    #[serde(default, skip_serializing_if = "Fill::is_empty")]
    pub fill: Fill,
}

/// Committed events on their way into another node's memory. Never the truth: taken where they fit exactly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fill(pub Vec<Arc<Entry>>);

/// A folder of the inbox with its size right after a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderSize {
    /// Which one.
    pub folder: FolderKey,
    /// How many conversations stand in it.
    pub count: u64,
    /// Rises with every change of it.
    pub version: u64,
}

/// A folder whose size is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FolderKey {
    /// Unassigned.
    Unassigned,
    /// This agent's.
    Mine(AgentId),
    /// Closed.
    Closed,
}

/// The connection that rings for an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bell {
    /// Whose.
    pub agent: AgentId,
    /// On which node.
    pub node: NodeId,
    /// Which connection.
    pub session: SessionId,
}

/// A conversation was adopted by an identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// Which.
    pub conversation: ConversationId,
    /// Whose it was.
    pub from: VisitorId,
    /// Whose it is.
    pub to: VisitorRef,
}

/// Somebody types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    /// Where.
    pub conversation: ConversationId,
    /// Where the sender's node stands in the log.
    pub seq: Seq,
    /// Which side.
    pub by: Side,
    /// Whether they type, or stopped.
    pub on: bool,
    /// What they have typed so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
}

/// A side has come further.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Where.
    pub conversation: ConversationId,
    /// Where the sender's node stands in the log.
    pub seq: Seq,
    /// Who may see it as of there.
    pub sight: Sight,
    /// Which side.
    pub by: Side,
    /// How far.
    pub mark: Mark,
}

/// A visitor is on another page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moving {
    /// Whose.
    pub conversation: ConversationId,
    /// Where the sender's node stands in the log.
    pub seq: Seq,
    /// Who may see it as of there.
    pub sight: Sight,
    /// Which page.
    pub page: Page,
}

/// Whether a conversation's visitor has connections to this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visiting {
    /// Which conversation.
    pub visit: Visit,
    /// Whether they have.
    pub here: bool,
}

/// A conversation whose visitor is spoken of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Which.
    pub conversation: ConversationId,
    /// Where the sender's node stands in the log.
    pub seq: Seq,
    /// Who may see it as of there.
    pub sight: Sight,
}

/// Who has an unassigned conversation open on this node; the whole list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watching {
    /// Which.
    pub conversation: ConversationId,
    /// Where the sender's node stands in the log.
    pub seq: Seq,
    /// Everybody, or nobody any more.
    pub agents: Vec<AgentRef>,
}

/// Who is there?
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The one node that is asked; all of them when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
}

/// A part of everything a node has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    /// From 0.
    pub part: u32,
    /// Whether nothing follows.
    pub last: bool,
    /// Conversations whose visitors have connections to the node.
    pub visits: Vec<Visit>,
    /// Who has unassigned conversations open there.
    pub watching: Vec<Watching>,
    /// Which connections of agents asked for something last.
    pub agents: Vec<Activity>,
}

/// A playbook changed: it is to be read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybookMoved {
    /// Which.
    pub playbook: PlaybookId,
}

/// An agent's row changed (the switch, the wishes, or they were removed): it is to be read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentMoved {
    /// Who.
    pub agent: AgentId,
    /// Whether by an admin.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_admin: bool,
}

/// Nothing more to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

fn encode(number: u64, kind: &str, body: &impl Serialize) -> Vec<u8> {
    // Ids, integers, strings and events that were written before: nothing of it can fail to become JSON.
    serde_json::to_vec(&(VERSION, number, kind, body)).unwrap_or_default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(yes: &bool) -> bool {
    !yes
}

// === impl Fill ===

impl Fill {
    /// These events, unless they are too large to travel.
    pub fn of(entries: &[Arc<Entry>]) -> Self {
        let bytes: usize = entries.iter().map(|entry| entry.json().len()).sum();
        Self(if bytes <= MAX_FILL { entries.to_vec() } else { Vec::new() })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Fill {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|entry| &**entry))
    }
}

impl<'de> Deserialize<'de> for Fill {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: Vec<&RawValue> = Vec::deserialize(deserializer)?;
        let read = raw.into_iter().map(|json| Entry::stored(json.get().to_owned()));
        // An event that only a newer node knows: what is left is the position.
        Ok(Self(read.collect::<Result<_, _>>().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests;
