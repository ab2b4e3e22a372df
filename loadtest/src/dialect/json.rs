//! Frames of the hub, and of relays that speak a little of the same.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Origin, Word};

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
    #[serde(borrow)]
    conversation: Option<Named<'a>>,
    #[serde(borrow, default)]
    events: Vec<Event<'a>>,
}

#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
}

/// A conversation or a person.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Push<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    conversation: Cow<'a, str>,
    #[serde(borrow, default)]
    events: Vec<Event<'a>>,
    #[serde(borrow)]
    upsert: Option<Row<'a>>,
    #[serde(borrow, default)]
    reason: Cow<'a, str>,
    #[serde(borrow, default)]
    body: Cow<'a, str>,
    #[serde(default)]
    on: bool,
}

/// What a relay passes on.
#[derive(Deserialize)]
struct Relayed<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
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
    #[serde(borrow, default)]
    text: Cow<'a, str>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    deadline: Option<u64>,
}

#[derive(Deserialize)]
struct Author<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    state: Cow<'a, str>,
    #[serde(borrow)]
    assignee: Option<Named<'a>>,
    #[serde(borrow, default)]
    preview: Cow<'a, str>,
}

/// Frames of the hub. Each must be one that docs/protocol.md knows.
pub(super) fn hear<'a>(frame: &'a str, word: &mut impl FnMut(Word<'a>)) {
    if hear_answer(frame, word) {
        return;
    }
    let Ok(push) = serde_json::from_str::<Push<'a>>(frame) else { return word(Word::Garbled) };
    match &*push.kind {
        "events" => hear_events(push.events, push.conversation, false, word),
        "inbox" => {
            word(Word::ForAgents);
            if let Some(Row { id: conversation, state, assignee, preview }) = push.upsert {
                word(Word::Row { conversation, preview, state, assignee: assignee.map(|assignee| assignee.id) });
            }
        }
        "notify" => {
            word(Word::ForAgents);
            word(Word::Notice { reason: push.reason, conversation: push.conversation, body: push.body });
        }
        "presence" | "watching" | "visitor" => word(Word::ForAgents),
        "typing" if push.on => word(Word::Typing),
        "typing" | "available" | "queue" | "seen" | "ping" | "goodbye" => {}
        _ => word(Word::Garbled),
    }
}

/// Frames of relays, which say much that nobody here needs.
pub(super) fn hear_relay<'a>(frame: &'a str, word: &mut impl FnMut(Word<'a>)) {
    if hear_answer(frame, word) || !frame.contains("\"send\"") {
        return;
    }
    let Ok(relayed) = serde_json::from_str::<Relayed<'a>>(frame) else { return word(Word::Garbled) };
    if let (Some(text), "send") = (relayed.text, &*relayed.kind) {
        word(Word::Text { text, seq: None, page: false, origin: None });
    }
}

/// Hears a reply; false when the frame is none. Our own texts never hold this word, so nothing else is read twice.
fn hear_answer<'a>(frame: &'a str, word: &mut impl FnMut(Word<'a>)) -> bool {
    if !frame.contains("\"reply\"") {
        return false;
    }
    match serde_json::from_str::<Reply<'a>>(frame) {
        Ok(reply) if reply.kind == "reply" => hear_reply(reply, word),
        Ok(_) => return false,
        Err(_) => word(Word::Garbled),
    }
    true
}

fn hear_reply<'a>(reply: Reply<'a>, word: &mut impl FnMut(Word<'a>)) {
    let refused = match reply.ok {
        Some(true) => None,
        _ => Some(reply.error.map_or(Cow::Borrowed("no reason"), |error| error.code)),
    };
    word(Word::Reply { id: reply.id, refused, seq: reply.seq, duplicate: reply.duplicate });
    let conversation = reply.conversation.map(|conversation| conversation.id).unwrap_or_default();
    hear_events(reply.events, conversation, true, word);
}

fn hear_events<'a>(events: Vec<Event<'a>>, conversation: Cow<'a, str>, page: bool, word: &mut impl FnMut(Word<'a>)) {
    let mut last = 0;
    for event in events {
        if event.seq <= last {
            word(Word::Unordered);
        }
        last = event.seq;
        hear_event(event, conversation.clone(), page, word);
    }
}

fn hear_event<'a>(event: Event<'a>, conversation: Cow<'a, str>, page: bool, word: &mut impl FnMut(Word<'a>)) {
    match (&*event.kind, &*event.by.kind) {
        // A bot's are the playbook's; whoever else is named must be who wrote it.
        ("message", "bot") => {}
        ("message", _) => {
            let origin = Origin { conversation, kind: event.by.kind, id: event.by.id };
            word(Word::Text { text: event.text, seq: Some(event.seq), page, origin: Some(origin) });
        }
        ("qualified" | "disqualified" | "details" | "item" | "item_failed" | "note", _) => word(Word::ForAgents),
        ("waiting", _) => word(Word::Waiting { at: event.at, deadline: event.deadline.unwrap_or(0) }),
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

    fn origin(conversation: &'static str, kind: &'static str, id: &'static str) -> Option<Origin<'static>> {
        Some(Origin { conversation: conversation.into(), kind: kind.into(), id: id.into() })
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
                Word::Text { text: "a \"b\"".into(), seq: Some(6), page: false, origin: origin("c_1", "visitor", "") },
                Word::Waiting { at: 2, deadline: 11 },
                Word::Missed { at: 11, expired: true },
                Word::ForAgents,
            ]
        );
        let row = r#"{"type":"inbox","upsert":{"id":"c_1","state":"assigned","assignee":{"id":"jane","name":"J"},"preview":"Hi"}}"#;
        let (conversation, preview) = ("c_1".into(), "Hi".into());
        let row_word = Word::Row { conversation, preview, state: "assigned".into(), assignee: Some("jane".into()) };
        assert_eq!(words(row), [Word::ForAgents, row_word]);
        assert_eq!(words(r#"{"type":"ping"}"#), []);
        assert_eq!(words(r#"{"type":"queue","conversation":"c_1","position":2}"#), []);
        assert_eq!(words(r#"{"type":"events","events":[{"#), [Word::Garbled]);
    }

    #[test]
    fn j2_what_is_no_frame_of_the_protocols_is_garbled_and_of_a_relay_it_is_passed_over() {
        for frame in ["this is no JSON {{{", "[1,2", "[1,2]", "{}", "7", r#"{"type":"surprise"}"#, r#"{"type":7}"#] {
            assert_eq!(words(frame), [Word::Garbled], "{frame}");
            let mut all = Vec::new();
            hear_relay(frame, &mut |word| all.push(word));
            assert_eq!(all, [], "{frame}");
        }
    }

    #[test]
    fn j2_pushes_that_only_agents_get_are_known_for_that() {
        for kind in ["inbox", "presence", "watching", "visitor", "notify"] {
            let frame = format!(r#"{{"type":"{kind}","conversation":"c_1","agents":[],"agent":{{"id":"a"}}}}"#);
            assert_eq!(words(&frame)[0], Word::ForAgents, "{kind}");
        }
        let notify = r#"{"type":"notify","reason":"message","conversation":"c_1","title":"Z","body":"Hi","ring":true}"#;
        let notice = Word::Notice { reason: "message".into(), conversation: "c_1".into(), body: "Hi".into() };
        assert_eq!(words(notify)[1], notice);
        let typing = r#"{"type":"typing","conversation":"c_1","by":"visitor","on":true,"preview":"H"}"#;
        assert_eq!(words(typing), [Word::Typing]);
        assert_eq!(words(&typing.replace("true", "false")), []);
    }

    #[test]
    fn j2_events_of_a_frame_that_do_not_rise_are_unordered_and_each_frame_begins_anew() {
        let event = |seq: u64| format!(r#"{{"seq":{seq},"at":1,"by":{{"kind":"bot"}},"type":"card","card":"live"}}"#);
        for head in [r#""type":"events","conversation":"c_1""#, r#""type":"reply","id":1,"ok":true"#] {
            let frame = |seqs: &[u64]| {
                let events: Vec<String> = seqs.iter().map(|seq| event(*seq)).collect();
                format!("{{{head},\"events\":[{}]}}", events.join(","))
            };
            let unordered =
                |seqs: &[u64]| words(&frame(seqs)).into_iter().filter(|word| *word == Word::Unordered).count();
            assert_eq!([&[1, 2, 9][..], &[1, 2], &[3, 2, 2]].map(unordered), [0, 0, 2], "{head}");
        }
    }

    #[test]
    fn j1_a_page_in_a_reply_is_told_from_a_push() {
        let page = r#"{"type":"reply","id":1,"ok":true,"recovered":true,"conversation":{"id":"c_1"},"events":[
            {"seq":6,"at":1,"by":{"kind":"agent","id":"a","name":"A"},"type":"message","key":"1","text":"x"}]}"#;
        let origin = origin("c_1", "agent", "a");
        assert_eq!(words(page)[1], Word::Text { text: "x".into(), seq: Some(6), page: true, origin });
    }
}
