//! Webhooks: who outside a workspace chose to tell, and of what.

use std::{collections::BTreeSet, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    chat::event::What,
    ids::{Millis, WebhookId, WorkspaceId},
};

/// Webhooks of one workspace at most.
pub const MAX_WEBHOOKS: usize = 20;

/// A receiver outside. Its `Debug` shows neither the address, which may hold a token, nor the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose company.
    pub workspace: WorkspaceId,
    /// Where to send to; checked by whoever made it, and again before each connection.
    pub url: String,
    /// With what messages to it are signed.
    pub secret: WebhookSecret,
    /// What it wants to be told.
    pub topics: Topics,
    /// When it was made.
    pub created_at: Millis,
    /// Since when and why nothing is sent to it any more.
    pub disabled: Option<Disabled>,
}

/// `whsec_` and base64 of the key, as Standard Webhooks writes it. Never shown but at its creation.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

/// What a webhook wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topics {
    /// Everything, what later versions add included.
    All,
    /// These.
    Some(BTreeSet<Topic>),
}

/// What the outside can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Topic {
    /// A conversation began.
    #[serde(rename = "conversation.started")]
    ConversationStarted,
    /// Nobody took it: the offline flow began.
    #[serde(rename = "conversation.missed")]
    ConversationMissed,
    /// It became somebody's.
    #[serde(rename = "conversation.assigned")]
    ConversationAssigned,
    /// It is over.
    #[serde(rename = "conversation.closed")]
    ConversationClosed,
    /// A lead, deal or activity was made.
    #[serde(rename = "item.created")]
    ItemCreated,
}

/// Since when and why a webhook is switched off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Disabled {
    /// Since when.
    pub at: Millis,
    /// In words.
    pub reason: String,
}

// === impl Webhook ===

impl Webhook {
    /// Whether an event of this topic, committed now, is for it.
    pub fn wants(&self, topic: Topic) -> bool {
        self.disabled.is_none() && self.topics.contain(topic)
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("workspace", &self.workspace)
            .field("topics", &self.topics)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}

// === impl WebhookSecret ===

impl WebhookSecret {
    /// A secret as it is written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsec_…")
    }
}

// === impl Topics ===

impl Topics {
    /// Whether this one is among them.
    pub fn contain(&self, topic: Topic) -> bool {
        match self {
            Self::All => true,
            Self::Some(topics) => topics.contains(&topic),
        }
    }

    /// A short text a store can keep: `*`, or names with commas between them.
    pub fn to_text(&self) -> String {
        match self {
            Self::All => "*".into(),
            Self::Some(topics) => topics.iter().map(|topic| topic.as_str()).collect::<Vec<_>>().join(","),
        }
    }

    /// Reads that text.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::All),
            names => names.split(',').map(Topic::named).collect::<Option<_>>().map(Self::Some),
        }
    }
}

// === impl Topic ===

impl Topic {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::ConversationStarted,
        Self::ConversationMissed,
        Self::ConversationAssigned,
        Self::ConversationClosed,
        Self::ItemCreated,
    ];

    /// Under what the outside is told of an event, if it is. An item counts when it is made, not when it is heard of
    /// again: whether it is new is the store's to say.
    pub fn of(what: &What) -> Option<Self> {
        Some(match what {
            What::Started(_) => Self::ConversationStarted,
            What::Missed { .. } => Self::ConversationMissed,
            What::Assigned { .. } => Self::ConversationAssigned,
            What::Closed { .. } => Self::ConversationClosed,
            What::Item(_) => Self::ItemCreated,
            _ => return None,
        })
    }

    /// `item.created` and so on.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConversationStarted => "conversation.started",
            Self::ConversationMissed => "conversation.missed",
            Self::ConversationAssigned => "conversation.assigned",
            Self::ConversationClosed => "conversation.closed",
            Self::ItemCreated => "item.created",
        }
    }

    /// The topic of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r18_topics_are_kept_as_they_were_chosen() {
        let some = Topics::Some([Topic::ItemCreated, Topic::ConversationClosed].into());
        for topics in [Topics::All, some.clone(), Topics::Some(Topic::ALL.into())] {
            assert_eq!(Topics::from_text(&topics.to_text()), Some(topics));
        }
        assert!(some.contain(Topic::ItemCreated) && !some.contain(Topic::ConversationStarted));
        assert_eq!(Topics::from_text("item.created,item.eaten"), None);
        for topic in Topic::ALL {
            assert_eq!(serde_json::to_value(topic).unwrap(), topic.as_str());
        }
    }

    #[test]
    fn s3_neither_address_nor_secret_of_a_webhook_is_shown_by_accident() {
        let webhook = Webhook {
            id: "wh_1".into(),
            workspace: "w".into(),
            url: "https://hooks.example/TOKEN".into(),
            secret: WebhookSecret::new("whsec_SECRET"),
            topics: Topics::All,
            created_at: Millis(1),
            disabled: None,
        };
        let shown = format!("{webhook:?} {:?}", webhook.secret);
        assert!(!shown.contains("TOKEN") && !shown.contains("SECRET"), "{shown}");
    }
}
