//! What waits for an earlier text: one sender's texts never overtake each other.

use std::{collections::HashMap, sync::Arc};

use crate::{
    chat::{
        command::Actor,
        event::{Author, Event, What},
    },
    ids::{ConversationId, MessageKey},
    wire::{entry::Entry, error::ErrorBody},
};

/// The texts of one connection that were refused and may come again, one in a conversation.
#[derive(Debug, Default)]
pub(super) struct Held(HashMap<ConversationId, (MessageKey, ErrorBody)>);

// === impl Held ===

impl Held {
    /// The refusal of whatever comes with another key than the one that is waited for.
    pub(super) fn refusal(&self, conversation: &ConversationId, key: &MessageKey) -> Option<&ErrorBody> {
        self.0.get(conversation).filter(|(held, _)| held != key).map(|(_, error)| error)
    }

    /// From now on this key is waited for.
    pub(super) fn hold(&mut self, conversation: ConversationId, key: MessageKey, error: ErrorBody) {
        self.0.insert(conversation, (key, error));
    }

    /// Nothing is waited for any more.
    pub(super) fn release(&mut self, conversation: &ConversationId) {
        // Nearly always nothing was: not even a hash is made for that.
        if !self.0.is_empty() {
            self.0.remove(conversation);
        }
    }

    /// These events are being written to `reader`: a text among them that was refused has come about after all, or by
    /// another connection of theirs. They need not send it again, so nothing waits for it.
    pub(super) fn pass(&mut self, conversation: &ConversationId, reader: &Actor, events: &[Arc<Entry>]) {
        let Some((key, _)) = self.0.get(conversation) else { return };
        if events.iter().any(|entry| is_text_of(entry.event(), reader, key)) {
            self.0.remove(conversation);
        }
    }
}

fn is_text_of(event: &Event, reader: &Actor, wanted: &MessageKey) -> bool {
    let key = match &event.what {
        What::Message { key, .. } | What::Answer { key, .. } => key.as_ref(),
        What::Note { key, .. } => Some(key),
        _ => None,
    };
    let theirs = match (&event.by, reader) {
        (Author::Visitor, Actor::Visitor) => true,
        (Author::Agent { id, .. }, Actor::Agent { agent, .. }) => *id == agent.id,
        _ => false,
    };
    theirs && key == Some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chat::event::AgentRef, ids::Millis, ids::Seq};

    fn text(by: Author, key: &str) -> Arc<Entry> {
        let what = What::Message { key: Some(key.into()), text: "a text".into(), rich: None };
        Entry::new(Event { seq: Seq(1), at: Millis(1), by, what })
    }

    #[test]
    fn p1_what_was_refused_is_waited_for_until_it_is_sent_again_or_has_come_about() {
        let jane = AgentRef { id: "jane".into(), name: "Jane".into(), avatar: None };
        let reader = Actor::Agent { agent: jane, admin: false };
        let by = |id: &str, name: &str| Author::Agent { id: id.into(), name: name.into() };
        let (c, key) = (ConversationId::from("c_1"), MessageKey::from("k1"));
        let mut held = Held::default();
        assert!(held.refusal(&c, &key).is_none());
        held.hold(c.clone(), key.clone(), ErrorBody::unavailable());
        assert!(held.refusal(&c, &key).is_none(), "it is this one that is waited for");
        let waits = |held: &Held| held.refusal(&c, &"k2".into()).is_some();
        assert!(waits(&held) && held.refusal(&"c_2".into(), &"k2".into()).is_none());
        let strangers = [text(Author::Visitor, "k1"), text(by("bob", "Jane"), "k1"), text(by("jane", "Jane"), "k0")];
        held.pass(&c, &reader, &strangers);
        assert!(waits(&held), "none of these is it");
        // They may have another name by now.
        held.pass(&c, &reader, &[text(by("jane", "Jane Doe"), "k1")]);
        assert!(!waits(&held));
    }
}
