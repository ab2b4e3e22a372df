//! Forgetting a person. An erasure is an event like any other, so whoever holds a fold forgets by taking it in, and a
//! store that writes it takes out of the log before it what came from or was about the person.
//!
//! What stays is the skeleton: places, times, states, the bot's own cards, who had the conversation, and that something
//! was said. Numbers, orders and counters are as before.

use super::{
    conversation::Conversation,
    details::{Details, DetailsPatch},
    event::{Author, Event, Item, Started, VisitorRef, What},
};
use crate::ids::VisitorId;

/// What stands where something was said.
const ERASED: &str = "[erased]";

// === impl VisitorId ===

impl VisitorId {
    /// Whose the conversations of all are who were erased.
    pub fn erased() -> Self {
        Self::from("v_erased")
    }

    /// Whether it is nobody's any more.
    pub fn is_erased(&self) -> bool {
        self.as_str() == "v_erased"
    }
}

// === impl What ===

impl What {
    /// What erases all that came before it, by the hub itself.
    pub fn erasure() -> Self {
        Self::Details { changes: Box::new(DetailsPatch::cleared()) }
    }
}

// === impl Event ===

impl Event {
    /// Whether it erases what came before it: the hub clears the whole side panel, which it does for nothing else.
    pub fn erases(&self) -> bool {
        self.by == Author::System
            && matches!(&self.what, What::Details { changes } if **changes == DetailsPatch::cleared())
    }

    /// What is left of it when the visitor is erased.
    #[must_use]
    pub fn erased(&self) -> Self {
        let what = match &self.what {
            What::Started(started) => What::Started(Started {
                visitor: nobody(),
                playbook: started.playbook.clone(),
                page: None,
                locale: None,
            }),
            What::Answer { card, key, .. } => {
                What::Answer { card: card.clone(), option: None, value: None, label: ERASED.into(), key: key.clone() }
            }
            // The bot says the same to everybody.
            What::Message { key, .. } if self.by != Author::Bot => {
                What::Message { key: key.clone(), text: ERASED.into(), rich: None }
            }
            What::Rated { score, .. } => What::Rated { score: *score, comment: None },
            What::Details { .. } => What::Details { changes: Box::default() },
            What::Item(item) => What::Item(Item {
                item: item.item.clone(),
                kind: item.kind,
                title: ERASED.into(),
                fields: Box::default(),
                external: None,
            }),
            What::ItemFailed { item, kind, .. } => {
                What::ItemFailed { item: item.clone(), kind: *kind, message: ERASED.into() }
            }
            What::Note { key, .. } => What::Note { key: key.clone(), text: ERASED.into() },
            kept @ (What::Card { .. }
            | What::Message { .. }
            | What::Waiting { .. }
            | What::Missed { .. }
            | What::Assigned { .. }
            | What::Unassigned { .. }
            | What::Closed { .. }
            | What::Qualified { .. }
            | What::Disqualified { .. }) => kept.clone(),
        };
        Self { seq: self.seq, at: self.at, by: self.by.clone(), what }
    }
}

// === impl Conversation ===

impl Conversation {
    /// Takes in an erasure.
    pub(super) fn erase(&mut self) {
        self.visitor = nobody();
        (self.page, self.locale, self.preview, self.rated_words) = (None, None, None, None);
        self.details = Details::default();
        self.claimed.clear();
        for item in &mut self.items {
            item.title = ERASED.into();
            (item.external, item.failed) = (None, None);
        }
    }
}

fn nobody() -> VisitorRef {
    VisitorRef { id: VisitorId::erased(), name: None, verified: false }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::{Millis, Seq};

    fn event(seq: u64, by: &Author, what: serde_json::Value) -> Event {
        let mut event = what;
        event["seq"] = json!(seq);
        event["at"] = json!(seq * 10);
        event["by"] = serde_json::to_value(by).expect("JSON");
        serde_json::from_value(event).expect("an event")
    }

    /// A log with canaries in everything that is about the person.
    fn log() -> Vec<Event> {
        let jane = Author::Agent { id: "jane".into(), name: "Jane".into() };
        let told = [
            (
                Author::Visitor,
                json!({"type": "started", "visitor": {"id": "v_canary", "name": "canary"},
                "playbook": {"id": "pb", "version": 1}, "page": {"url": "https://canary.example"}, "locale": "canary"}),
            ),
            (
                Author::Visitor,
                json!({"type": "answer", "card": "mail", "value": "canary", "option": "canary",
                "label": "canary"}),
            ),
            (Author::Visitor, json!({"type": "details", "changes": {"person": {"email": "canary@example.com"}}})),
            (Author::Bot, json!({"type": "message", "text": "One moment"})),
            (Author::Visitor, json!({"type": "message", "key": "k", "text": "canary"})),
            (jane.clone(), json!({"type": "message", "key": "k", "text": "canary"})),
            (jane.clone(), json!({"type": "note", "key": "n", "text": "canary"})),
            (jane.clone(), json!({"type": "details", "changes": {"note": "canary", "deal": {"value": 4711}}})),
            (
                jane.clone(),
                json!({"type": "item", "item": "i_1", "kind": "deal", "title": "canary",
                "fields": {"note": "canary"}, "external": {"id": "canary"}}),
            ),
            (Author::System, json!({"type": "item_failed", "item": "i_1", "kind": "deal", "message": "canary"})),
            (Author::System, json!({"type": "details", "changes": {"person": {"name": "canary"}}})),
            (jane, json!({"type": "closed", "reason": "agent"})),
            (Author::Visitor, json!({"type": "rated", "score": 2, "comment": "canary"})),
        ];
        told.into_iter().zip(1..).map(|((by, what), seq)| event(seq, &by, what)).collect()
    }

    #[test]
    fn b2_nothing_of_the_person_is_left_and_folds_agree_whoever_erases() {
        let log = log();
        let erasure =
            Event { seq: Seq(log.len() as u64 + 1), at: Millis(500), by: Author::System, what: What::erasure() };
        assert!(erasure.erases() && !log.iter().any(Event::erases));
        let fold = |log: &[Event]| Conversation::fold("c_1".into(), "w".into(), log).expect("it begins");
        let mut held = fold(&log);
        assert!(serde_json::to_string(&held).expect("JSON").contains("canary"));
        held.apply(&erasure);
        let mut left: Vec<Event> = log.iter().map(Event::erased).collect();
        assert_eq!(left, left.iter().map(Event::erased).collect::<Vec<_>>(), "once is enough");
        left.push(erasure);
        assert_eq!(held, fold(&left));
        let text = format!("{} {}", json!(left), json!(held));
        assert!(!text.contains("canary") && !text.contains("4711"), "{text}");
        // The skeleton is as it was.
        assert_eq!((held.rated, held.visitor_texts.len(), held.items.len()), (Some(2), 1, 1));
        assert_eq!(held.closed_at(), fold(&log).closed_at());
        for (one, other) in log.iter().zip(&left) {
            assert_eq!((one.seq, one.at, &one.by), (other.seq, other.at, &other.by));
            assert_eq!(one.what.for_visitor(), other.what.for_visitor());
        }
        assert!(text.contains("One moment"));
    }
}
