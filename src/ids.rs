//! Floor 0: what things are called. Newtypes, so that a visitor's id can never stand where a conversation's belongs.
//!
//! All ids are opaque strings behind an `Arc<str>`: cloning one is a counter, not a copy. Those the hub makes are a
//! prefix that names the kind and 120 random bits (20 characters of base64url).

use std::{borrow::Borrow, fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use ts_rs::TS;

/// Hashes ids where they are looked up for every text: a few instructions for what SipHash takes hundreds for. Seeded
/// anew in each process; and what is *kept* in a map is called as the hub made it or somebody signed it, whatever a
/// client may ask for.
pub type Quick = foldhash::fast::RandomState;

/// Fifteen random bytes as base64url: what follows the prefix of every id the hub makes.
fn random() -> [u8; 15] {
    rand::random()
}

/// Reads an id with one allocation; serde's own way to an `Arc<str>` takes three.
struct Text;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident $(, $prefix:literal)?) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema, TS)]
        #[serde(transparent)]
        #[schemars(with = "String", inline)]
        #[ts(as = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            $(
                /// A new one: the prefix and 120 random bits.
                pub fn random() -> Self {
                    Self::of_bits(random())
                }

                /// The one whose random bits are these.
                pub fn of_bits(bits: [u8; 15]) -> Self {
                    Self(format!(concat!($prefix, "{}"), URL_SAFE_NO_PAD.encode(bits)).into())
                }
            )?

            /// The id as it travels.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text).map(Self)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// A company: everything a hub keeps belongs to exactly one.
    WorkspaceId
);
id!(
    /// One conversation, which is one log of events.
    ConversationId,
    "c_"
);
id!(
    /// A person on a website.
    VisitorId,
    "v_"
);
id!(
    /// An agent within a workspace: the JWT's `sub`.
    AgentId
);
id!(
    /// One connection, from `hello` to close.
    SessionId,
    "s_"
);
id!(
    /// One hub process.
    NodeId,
    "n_"
);
id!(
    /// A playbook; unique in the hub.
    PlaybookId,
    "pb_"
);
id!(
    /// A card within a playbook.
    CardId
);
id!(
    /// An answer's option within a choice card.
    OptionId
);
id!(
    /// A lead, deal or activity.
    ItemId,
    "i_"
);
id!(
    /// A receiver outside that is told what happens.
    WebhookId,
    "wh_"
);
id!(
    /// An event of a log as receivers outside know it: `msg_<conversation>_<seq>`, so that it is the same on every try,
    /// for every receiver, and after the store was restored.
    DeliveryId
);
id!(
    /// What a client calls one request so that repeating it does nothing twice. At most 64 characters.
    MessageKey
);
id!(
    /// The store's incarnation: changes only when the store is replaced or restored.
    Epoch,
    "e_"
);

/// An event's place in its conversation's log: 1, 2, 3 … without holes. 0 is "before the first".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS)]
#[serde(transparent)]
#[schemars(inline)]
#[ts(as = "u32")]
pub struct Seq(pub u64);

/// A moment: milliseconds since the Unix epoch, UTC, by the store's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS)]
#[serde(transparent)]
#[schemars(inline)]
#[ts(as = "i32")]
pub struct Millis(pub i64);

// === impl Text ===

impl de::Visitor<'_> for Text {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<Arc<str>, E> {
        Ok(text.into())
    }
}

// === impl ConversationId ===

impl ConversationId {
    /// Its own part of what is called after it. Once only: of 4,096 random ids one begins like the kind itself.
    fn tail(&self) -> &str {
        self.as_str().strip_prefix("c_").unwrap_or(self.as_str())
    }
}

// === impl ItemId ===

impl ItemId {
    /// The id of the item that this key makes in a conversation, whoever makes it: the first wins. Derived, because
    /// `decide` is pure and two nodes must agree on it; the conversation's own random bits are in it.
    pub fn made_by(conversation: &ConversationId, key: &MessageKey) -> Self {
        let tail = conversation.tail();
        Self(format!("i_{tail}_{key}").into())
    }
}

// === impl DeliveryId ===

impl DeliveryId {
    /// What receivers call this event.
    pub fn of(conversation: &ConversationId, seq: Seq) -> Self {
        let tail = conversation.tail();
        Self(format!("msg_{tail}_{seq}").into())
    }

    /// Which event that is; None when it is no such name.
    pub fn event(&self) -> Option<(ConversationId, Seq)> {
        let (tail, seq) = self.0.strip_prefix("msg_")?.rsplit_once('_')?;
        let digits = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
        let seq = seq.parse().ok().filter(|_| digits)?;
        Some((ConversationId(format!("c_{tail}").into()), Seq(seq)))
    }
}

// === impl Seq ===

impl Seq {
    /// The place after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// === impl Millis ===

impl Millis {
    /// This moment moved by `ms` milliseconds; never past what the type can say.
    #[must_use]
    pub fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when it lies later.
    pub fn since(self, earlier: Millis) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_ids_name_their_kind_and_hold_96_random_bits() {
        let (one, two) = (ConversationId::random(), ConversationId::random());
        assert_ne!(one, two);
        assert!(one.as_str().starts_with("c_"));
        // 20 characters of base64 are 120 bits.
        assert_eq!(one.as_str().len(), 22);
    }

    #[test]
    fn w2_what_receivers_call_an_event_says_which_one_it_is() {
        // A conversation's random part may hold what stands between the parts.
        for name in ["c_abc", "c_a_b_7", "c_-_", "c_c_abc", "c_c_c_"] {
            let conversation = ConversationId::from(name);
            let id = DeliveryId::of(&conversation, Seq(12));
            assert_eq!(id.event(), Some((conversation, Seq(12))));
        }
        assert_eq!(DeliveryId::of(&"c_abc".into(), Seq(3)).as_str(), "msg_abc_3");
        for none in ["", "msg_", "msg_abc", "msg_abc_", "msg_abc_x", "msg_abc_+3", "abc_3"] {
            assert_eq!(DeliveryId::from(none).event(), None, "{none}");
        }
    }

    #[test]
    fn p1_an_item_has_the_same_id_wherever_and_by_whom_it_is_made() {
        let conversation = ConversationId::from("c_abc");
        let key = MessageKey::from("done-0");
        assert_eq!(ItemId::made_by(&conversation, &key), ItemId::made_by(&conversation, &key));
        assert_eq!(ItemId::made_by(&conversation, &key).as_str(), "i_abc_done-0");
        assert_eq!(ItemId::made_by(&"c_c_abc".into(), &key).as_str(), "i_c_abc_done-0", "another one's");
    }
}
