//! Frames of the hub, and of relays that speak a little of the same.

use std::borrow::Cow;

use serde::Deserialize;

use super::Word;

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    id: Option<u64>,
    ok: Option<bool>,
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
    #[serde(borrow)]
    error: Option<Refusal<'a>>,
    #[serde(borrow, default)]
    events: Vec<Event<'a>>,
}

#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Push<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    events: Vec<Event<'a>>,
    #[serde(borrow)]
    upsert: Option<Row<'a>>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    seq: u64,
    #[serde(default)]
    at: u64,
    #[serde(borrow)]
    by: Author<'a>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    deadline: Option<u64>,
}

#[derive(Deserialize)]
struct Author<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    state: Cow<'a, str>,
    #[serde(borrow)]
    assignee: Option<Assignee<'a>>,
}

#[derive(Deserialize)]
struct Assignee<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

pub(super) fn hear<'a>(frame: &'a str, word: &mut impl FnMut(Word<'a>)) {
    // Our own texts never hold these words, so most frames are told apart without reading them twice.
    if frame.contains("\"reply\"") {
        match serde_json::from_str::<Reply<'a>>(frame) {
            Ok(reply) if reply.kind == "reply" => return hear_reply(reply, word),
            Ok(_) => {}
            Err(_) => return word(Word::Garbled),
        }
    }
    if !["\"events\"", "\"upsert\"", "\"send\""].iter().any(|known| frame.contains(known)) {
        return;
    }
    let Ok(push) = serde_json::from_str::<Push<'a>>(frame) else { return word(Word::Garbled) };
    if push.kind == "send"
        && let Some(text) = push.text
    {
        word(Word::Text { text, seq: None, page: false });
    }
    if let Some(row) = push.upsert {
        word(Word::Row { state: row.state, assignee: row.assignee.map(|assignee| assignee.id) });
    }
    push.events.into_iter().for_each(|event| hear_event(event, false, word));
}

fn hear_reply<'a>(reply: Reply<'a>, word: &mut impl FnMut(Word<'a>)) {
    let refused = match reply.ok {
        Some(true) => None,
        _ => Some(reply.error.map_or(Cow::Borrowed("no reason"), |error| error.code)),
    };
    word(Word::Reply { id: reply.id, refused, seq: reply.seq, duplicate: reply.duplicate });
    reply.events.into_iter().for_each(|event| hear_event(event, true, word));
}

fn hear_event<'a>(event: Event<'a>, page: bool, word: &mut impl FnMut(Word<'a>)) {
    match (&*event.kind, &*event.by.kind) {
        ("message", "visitor" | "agent") => {
            word(Word::Text { text: event.text.unwrap_or_default(), seq: Some(event.seq), page });
        }
        ("qualified" | "disqualified" | "details" | "item" | "item_failed" | "note", _) => word(Word::ForAgents),
        ("waiting", _) => word(Word::Waiting { deadline: event.deadline.unwrap_or(0) }),
        ("missed", _) => {
            let expired = event.reason.as_deref() == Some("wait_expired");
            word(Word::Missed { at: event.at, expired });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(frame: &str) -> Vec<Word<'_>> {
        let mut all = Vec::new();
        hear(frame, &mut |word| all.push(word));
        all
    }

    #[test]
    fn j1_replies_events_and_rows_are_heard_and_the_rest_is_passed_over() {
        assert_eq!(
            words(r#"{"type":"reply","id":7,"ok":true,"seq":15,"at":1763800015000}"#),
            [Word::Reply { id: Some(7), refused: None, seq: Some(15), duplicate: false }]
        );
        assert_eq!(
            words(r#"{"type":"reply","id":7,"ok":false,"error":{"code":"conflict","message":"x"}}"#),
            [Word::Reply { id: Some(7), refused: Some("conflict".into()), seq: None, duplicate: false }]
        );
        let pushed = r#"{"type":"events","conversation":"c_1","events":[
            {"seq":5,"at":1,"by":{"kind":"bot"},"type":"message","text":"Hi","rich":[]},
            {"seq":6,"at":1,"by":{"kind":"visitor"},"type":"message","key":"1","text":"a \"b\""},
            {"seq":7,"at":2,"by":{"kind":"system"},"type":"waiting","wait_ms":9,"deadline":11,"card":"live"},
            {"seq":8,"at":11,"by":{"kind":"system"},"type":"missed","reason":"wait_expired","card":"live"},
            {"seq":9,"at":11,"by":{"kind":"agent","id":"a","name":"A"},"type":"note","key":"n","text":"psst"}]}"#;
        assert_eq!(
            words(pushed),
            [
                Word::Text { text: "a \"b\"".into(), seq: Some(6), page: false },
                Word::Waiting { deadline: 11 },
                Word::Missed { at: 11, expired: true },
                Word::ForAgents,
            ]
        );
        let row = r#"{"type":"inbox","upsert":{"id":"c_1","state":"assigned","assignee":{"id":"jane","name":"J"}}}"#;
        assert_eq!(words(row), [Word::Row { state: "assigned".into(), assignee: Some("jane".into()) }]);
        assert_eq!(words(r#"{"type":"ping"}"#), []);
        assert_eq!(words(r#"{"type":"queue","conversation":"c_1","position":2}"#), []);
        assert_eq!(words(r#"{"type":"events","events":[{"#), [Word::Garbled]);
    }

    #[test]
    fn j1_a_page_in_a_reply_is_told_from_a_push() {
        let page = r#"{"type":"reply","id":1,"ok":true,"recovered":true,"conversation":{"id":"c_1"},"events":[
            {"seq":6,"at":1,"by":{"kind":"agent","id":"a","name":"A"},"type":"message","key":"1","text":"x"}]}"#;
        assert_eq!(words(page)[1], Word::Text { text: "x".into(), seq: Some(6), page: true });
    }
}
