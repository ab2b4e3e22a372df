//! The JSON of an event: of a plain text, which almost all are, pieced together by hand; of any other, as serde makes it.
//! A test holds that the two are the same, byte for byte.

use crate::{
    chat::event::{Author, Event, What},
    wire::{
        quoted::quoted,
        write::{number, signed},
    },
};

/// What stands around the texts in it, about.
const AROUND: usize = 160;

/// The event as one JSON object.
pub(super) fn json(event: &Event) -> String {
    text(event).unwrap_or_else(|| {
        // Strings, integers and trees of them: nothing in an event can fail to become JSON.
        serde_json::to_string(event).unwrap_or_else(|_| "null".into())
    })
}

/// The event, if it is a plain text.
fn text(event: &Event) -> Option<String> {
    let What::Message { key, text, rich: None } = &event.what else { return None };
    let mut json = String::with_capacity(text.len() + AROUND);
    json.push_str(r#"{"seq":"#);
    number(&mut json, event.seq.0);
    json.push_str(r#","at":"#);
    signed(&mut json, event.at.0);
    json.push_str(r#","by":"#);
    author(&mut json, &event.by);
    json.push_str(r#","type":"message""#);
    if let Some(key) = key {
        json.push_str(r#","key":"#);
        quoted(&mut json, key.as_str());
    }
    json.push_str(r#","text":"#);
    quoted(&mut json, text);
    json.push('}');
    Some(json)
}

fn author(json: &mut String, author: &Author) {
    match author {
        Author::Visitor => json.push_str(r#"{"kind":"visitor"}"#),
        Author::Agent { id, name } => {
            json.push_str(r#"{"kind":"agent","id":"#);
            quoted(json, id.as_str());
            json.push_str(r#","name":"#);
            quoted(json, name);
            json.push('}');
        }
        Author::Bot => json.push_str(r#"{"kind":"bot"}"#),
        Author::System => json.push_str(r#"{"kind":"system"}"#),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        chat::rich::Rich,
        ids::{Millis, Seq},
        wire::samples,
    };

    fn any_author() -> impl Strategy<Value = Author> {
        prop_oneof![
            Just(Author::Visitor),
            Just(Author::Bot),
            Just(Author::System),
            ("(?s).{0,30}", "(?s).{0,30}").prop_map(|(id, name)| Author::Agent { id: id.into(), name }),
        ]
    }

    proptest! {
        #[test]
        fn p2_a_text_is_the_json_that_serde_makes(
            seq in any::<u64>(),
            at in any::<i64>(),
            by in any_author(),
            key in proptest::option::of("(?s).{0,64}"),
            text in "(?s).{0,200}",
            is_rich in proptest::bool::weighted(0.1),
        ) {
            let rich = is_rich.then(|| Rich::parse(&text));
            let what = What::Message { key: key.map(Into::into), text, rich };
            let event = Event { seq: Seq(seq), at: Millis(at), by, what };
            prop_assert_eq!(super::text(&event).is_some(), !is_rich);
            prop_assert_eq!(json(&event), serde_json::to_string(&event).expect("an event"));
        }
    }

    #[test]
    fn p2_every_event_is_the_json_that_serde_makes() {
        for entry in samples::entries() {
            assert_eq!(json(entry.event()), serde_json::to_string(entry.event()).expect("an event"));
        }
    }
}
