//! What of an event can be found, divided into words.

mod glance;

use std::collections::BTreeMap;

use serde_json::Value;

use self::glance::Glance;
use crate::chat::event::{Event, What};

/// How many words of a query count.
pub(super) const MAX_QUERY: usize = 8;

/// Words that wait to be taken into the search, by conversation.
#[derive(Debug, Default)]
pub(super) struct Words(BTreeMap<i64, String>);

// === impl Words ===

impl Words {
    /// Takes what can be found of an event's JSON. True when the event is an erasure: then nothing is.
    pub(super) fn take_event(&mut self, conversation: i64, body: &str) -> bool {
        let Some(glance) = Glance::of(body) else { return false };
        match (glance.kind, glance.text) {
            // The bot says the same to everybody: its words find nothing.
            ("card", _) => {}
            ("message", _) if glance.by == "bot" => {}
            ("message" | "note", Some(text)) => self.take(conversation, &text),
            ("answer" | "item" | "started" | "details", _) => {
                let Ok(event) = serde_json::from_str::<Event>(body) else { return false };
                if event.erases() {
                    return true;
                }
                strings(&event, &mut |text| self.take(conversation, text));
            }
            _ => {}
        }
        false
    }

    /// Lets go of what was taken of a conversation.
    pub(super) fn forget(&mut self, conversation: i64) {
        self.0.remove(&conversation);
    }

    /// Takes a text.
    pub(super) fn take(&mut self, conversation: i64, text: &str) {
        let words = self.0.entry(conversation).or_default();
        divide(text, words);
    }

    /// Everything taken, in the order of the conversations.
    pub(super) fn by_conversation(self) -> impl Iterator<Item = (i64, String)> {
        self.0.into_iter().filter(|(_, words)| !words.is_empty())
    }
}

/// A text as words between spaces: letters and digits of any script. Accents written as marks of their own fall away,
/// as those of whole letters do in the index.
pub(super) fn divided(text: &str) -> String {
    let mut words = String::new();
    divide(text, &mut words);
    words
}

fn divide(text: &str, words: &mut String) {
    words.reserve(text.len() + 1);
    let mut rest = Some(text);
    while let Some(text) = rest {
        let end = text.bytes().position(is_between);
        let (piece, behind) = text.split_at(end.unwrap_or(text.len()));
        // What is between words there is one byte long.
        rest = behind.get(1..);
        match piece.is_ascii() {
            true => put(words, [piece]),
            false => divide_any(piece, words),
        }
    }
}

/// Whether words end here, seen without decoding anything: at an ASCII character that is no letter or digit.
fn is_between(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric()
}

/// The same for characters of any script.
fn divide_any(text: &str, words: &mut String) {
    let is_mark = |c: char| matches!(c, '\u{300}'..='\u{36f}');
    for word in text.split(|c: char| !c.is_alphanumeric() && !is_mark(c)) {
        put(words, word.split(is_mark));
    }
}

/// Adds a word that comes in pieces, if there is anything in them.
fn put<'a>(words: &mut String, pieces: impl IntoIterator<Item = &'a str>) {
    let mut pieces = pieces.into_iter().filter(|piece| !piece.is_empty()).peekable();
    if pieces.peek().is_some() && !words.is_empty() {
        words.push(' ');
    }
    pieces.for_each(|piece| words.push_str(piece));
}

/// The texts of an event that is more than a text.
fn strings(event: &Event, found: &mut impl FnMut(&str)) {
    match &event.what {
        What::Answer { label, value, .. } => {
            found(label);
            value.iter().for_each(|value| found(value));
        }
        What::Item(item) => found(&item.title),
        What::Started(started) => {
            started.visitor.name.iter().for_each(|name| found(name));
            if let Some(page) = &started.page {
                found(&page.url);
                page.title.iter().for_each(|title| found(title));
            }
        }
        What::Details { changes } => {
            if let Ok(changes) = serde_json::to_value(changes) {
                leaves(&changes, found);
            }
        }
        _ => {}
    }
}

fn leaves(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => found(text),
        Value::Array(values) => values.iter().for_each(|value| leaves(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn p4_a_text_of_any_script_falls_into_words_that_stay_whole(text in ".*") {
            let words = divided(&text);
            prop_assert_eq!(divided(&words), words.clone());
            prop_assert!(words.split(' ').all(|word| word.chars().all(char::is_alphanumeric)));
        }

        #[test]
        fn p4_what_is_divided_without_being_decoded_is_divided_the_same(
            text in "([a-c0-9]{0,3}|[ -~\\n]|[\u{e9}\u{df}\u{300}\u{301}\u{4e2d}\u{2019}\u{1f600}]|.){0,20}"
        ) {
            let (mut quick, mut general) = (String::new(), String::new());
            for before in ["", "x"] {
                quick.push_str(before);
                general.push_str(before);
                divide(&text, &mut quick);
                divide_any(&text, &mut general);
                prop_assert_eq!(&quick, &general);
            }
        }

        #[test]
        fn s5_no_stored_text_breaks_the_search(body in ".*") {
            Words::default().take_event(1, &body);
        }
    }

    #[test]
    fn p4_accents_do_not_divide_words() {
        assert_eq!(divided("cafe\u{301}s: Müll-Abfuhr"), "cafes Müll Abfuhr");
    }

    #[test]
    fn p4_what_people_wrote_can_be_found_and_what_the_bot_says_cannot() {
        let mut words = Words::default();
        words.take_event(
            2,
            r#"{"seq":1,"at":1,"by":{"kind":"visitor"},"type":"message","key":"k","text":"Hello \"you\""}"#,
        );
        words.take_event(1, r#"{"seq":2,"at":1,"by":{"kind":"bot"},"type":"message","text":"Welcome"}"#);
        words.take_event(
            1,
            r#"{"seq":3,"at":1,"by":{"kind":"agent","id":"j","name":"J"},"type":"note","key":"n","text":"a note"}"#,
        );
        words.take_event(1, r#"{"seq":4,"at":1,"by":{"kind":"agent","id":"j","name":"J"},"type":"details","changes":{"person":{"email":"a@b.example"}}}"#);
        words.take_event(3, "no event at all");
        let found: Vec<_> = words.by_conversation().collect();
        assert_eq!(found, [(1, "a note a b example".into()), (2, "Hello you".into())]);
    }
}
