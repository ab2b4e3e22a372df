//! As much of an event as the search needs of almost every one.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use crate::wire::scan::Scan;

/// What an event is at a glance.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Glance<'a> {
    /// Its type.
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    /// What its author is.
    #[serde(borrow, deserialize_with = "kind_of")]
    pub(super) by: &'a str,
    /// Its text, if it has one.
    #[serde(borrow)]
    pub(super) text: Option<Cow<'a, str>>,
}

// === impl Glance ===

impl<'a> Glance<'a> {
    /// Of an event's JSON; None of what is no event.
    pub(super) fn of(json: &'a str) -> Option<Self> {
        Self::quick(json).or_else(|| serde_json::from_str(json).ok())
    }

    /// Of a text whose JSON has nothing escaped and its members where this program writes them (see
    /// [`Entry::json`](crate::wire::entry::Entry::json)).
    fn quick(json: &'a str) -> Option<Self> {
        let mut at = Scan::of(json);
        at.pass(r#"{"seq":"#)?;
        at.number()?;
        at.pass(r#","at":"#)?;
        at.number()?;
        at.pass(r#","by":{"kind":"#)?;
        let by = at.string()?;
        if by == "agent" {
            at.pass(r#","id":"#)?;
            at.string()?;
            at.pass(r#","name":"#)?;
            at.string()?;
        }
        at.pass(r#"},"type":"#)?;
        let kind = at.string()?;
        if at.pass(r#","key":"#).is_some() {
            at.string()?;
        }
        at.pass(r#","text":"#)?;
        let text = Some(Cow::Borrowed(at.string()?));
        (at.rest() == "}").then_some(Self { kind, by, text })
    }
}

/// The one member of an author that matters.
fn kind_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de str, D::Error> {
    #[derive(Deserialize)]
    struct By<'a> {
        kind: &'a str,
    }
    By::deserialize(deserializer).map(|by| by.kind)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        chat::event::{Author, Event, What},
        ids::{Millis, Seq},
        wire::entry::Entry,
    };

    fn any_event() -> impl Strategy<Value = Event> {
        let any_text = || "[a-z \"\\\\\\\\{}:,\u{e9}\u{2028}\\n]{0,40}";
        let by = prop_oneof![
            Just(Author::Visitor),
            Just(Author::Bot),
            (any_text(), any_text()).prop_map(|(id, name)| Author::Agent { id: id.into(), name }),
        ];
        let key = proptest::option::of(any_text());
        (any::<u64>(), any::<i64>(), by, key, any_text(), 0..3).prop_map(|(seq, at, by, key, text, which)| {
            let what = match (which, key) {
                (0, Some(key)) => What::Note { key: key.into(), text },
                (1, _) => What::Rated { score: 3, comment: Some(text) },
                (_, key) => What::Message { key: key.map(Into::into), text, rich: None },
            };
            Event { seq: Seq(seq), at: Millis(at), by, what }
        })
    }

    proptest! {
        #[test]
        fn p4_a_quick_glance_sees_what_a_long_one_does(event in any_event(), cut in any::<prop::sample::Index>()) {
            let entry = Entry::new(event);
            let long = serde_json::from_str::<Glance<'_>>(entry.json()).ok();
            prop_assert!(long.is_some());
            prop_assert_eq!(&Glance::of(entry.json()), &long);
            // Only what is escaped needs the long one.
            let plain_text = matches!(entry.event().what, What::Message { .. } | What::Note { .. });
            prop_assert_eq!(Glance::quick(entry.json()).is_some(), plain_text && !entry.json().contains('\\'));
            let mut cut = cut.index(entry.json().len());
            while !entry.json().is_char_boundary(cut) {
                cut -= 1;
            }
            prop_assert_eq!(Glance::of(&entry.json()[..cut]), None, "half an event is none");
        }
    }

    #[test]
    fn p4_an_event_in_another_order_is_seen_too() {
        let json = r#"{"type":"message","text":"a \"b\"","by":{"name":"J","kind":"agent","id":"j"},"seq":1,"at":1}"#;
        let seen = Glance { kind: "message", by: "agent", text: Some("a \"b\"".into()) };
        assert_eq!(Glance::of(json), Some(seen));
    }
}
