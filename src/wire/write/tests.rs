use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wire::{
    agent::{Agent, AgentStatus, PresenceReason},
    audience::Audience,
    golden,
    push::{AgentPush, EventsPush, NotifyPush, PresencePush, TypingPush, VisitorMoved, VisitorPush},
    reply::{Done, Reply},
    request::NotifyReason,
    samples,
};

fn serde<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

/// An event of any type with any texts in it.
fn any_entry() -> impl Strategy<Value = Arc<Entry>> {
    (prop::sample::select(samples::events()), any::<u32>(), ".{0,40}").prop_map(|(mut event, seq, text)| {
        event["seq"] = json!(u64::from(seq));
        for member in ["text", "label", "comment", "message", "title"] {
            if event.get(member).is_some() {
                event[member] = json!(text);
            }
        }
        Entry::stored(event.to_string()).unwrap()
    })
}

fn any_push() -> impl Strategy<Value = AgentPush> {
    let events = (".{1,20}", prop::collection::vec(any_entry(), 1..8))
        .prop_map(|(conversation, events)| AgentPush::Events(EventsPush { conversation: conversation.into(), events }));
    let notify = (".{0,40}", ".{0,40}", any::<bool>()).prop_map(|(title, body, ring)| {
        AgentPush::Notify(NotifyPush {
            reason: NotifyReason::Unassigned,
            conversation: "c_1".into(),
            title,
            body,
            ring,
        })
    });
    let presence = (".{1,20}", ".{0,20}", proptest::option::of(".{0,20}")).prop_map(|(id, name, avatar)| {
        let agent = Agent { id: id.into(), name, avatar, status: AgentStatus::Online };
        AgentPush::Presence(PresencePush { agent, reason: PresenceReason::NodeLost })
    });
    let moved = any::<bool>()
        .prop_map(|connected| AgentPush::Visitor(VisitorMoved { conversation: "c_1".into(), connected, page: None }));
    let typing = proptest::option::of(".{0,40}").prop_map(|preview| {
        let by = crate::wire::push::Side::Visitor;
        AgentPush::Typing(TypingPush { conversation: "c_1".into(), by, on: true, preview })
    });
    prop_oneof![events, notify, presence, moved, typing]
}

#[test]
fn p1_a_reply_without_members_is_only_its_envelope() {
    let mut buf = String::new();
    write_ok(&mut buf, &"q\"".into(), &crate::wire::reply::Nothing {});
    assert_eq!(buf, r#"{"type":"reply","id":"q\"","ok":true}"#);
}

#[test]
fn p1_a_refusal_without_an_id_has_a_null_one() {
    let mut buf = String::new();
    write_error(&mut buf, None, &ErrorBody::invalid("id", "what?"));
    assert_eq!(
        buf,
        r#"{"type":"reply","id":null,"ok":false,"error":{"code":"invalid","message":"what?","field":"id"}}"#
    );
}

#[test]
fn p2_events_are_spliced_as_they_are_stored() {
    // A store hands back what it was given, down to the spacing.
    let stored = r#"{"seq":7, "at":1,"by":{"kind":"bot"},"type":"message","text":"\u00e9"}"#;
    let mut buf = String::new();
    write_events(&mut buf, &"c_1".into(), &[Entry::stored(stored.into()).unwrap()]);
    assert_eq!(buf, format!(r#"{{"type":"events","conversation":"c_1","events":[{stored}]}}"#));
    buf.clear();
    write_events(&mut buf, &"c_1".into(), &[]);
    assert_eq!(buf, r#"{"type":"events","conversation":"c_1","events":[]}"#);
}

#[test]
fn p2_an_event_reads_back_as_it_was_stored() {
    for entry in samples::entries() {
        let again = Entry::stored(entry.json().into()).unwrap();
        assert_eq!(again, entry);
        assert_eq!(serde(again.event()), entry.json());
    }
    assert!(Entry::stored(r#"{"seq":1}"#.into()).is_err(), "half an event is none");
}

#[test]
fn p1_every_push_reads_back_as_it_was_written() {
    for (name, push) in samples::visitor_pushes() {
        assert_eq!(serde_json::from_str::<VisitorPush>(&serde(&push)).unwrap(), push, "{name}");
    }
    for (name, push) in samples::agent_pushes() {
        assert_eq!(serde_json::from_str::<AgentPush>(&serde(&push)).unwrap(), push, "{name}");
    }
}

#[test]
fn p1_every_reply_reads_back_as_it_was_written() {
    let open = samples::agent_replies().open;
    let reply = Reply::ok(Some(7.into()), open);
    assert_eq!(serde_json::from_str::<Reply<_>>(&serde(&reply)).unwrap(), reply);
    for (name, error) in samples::errors() {
        let reply = Reply::<Done>::refused(Some("a".into()), error);
        assert_eq!(serde_json::from_str::<Reply<_>>(&serde(&reply)).unwrap(), reply, "{name}");
    }
}

proptest! {
    #[test]
    fn p2_the_hot_reply_is_what_serde_makes(
        id in any::<u64>(), text in proptest::option::of(".{0,64}"), seq in any::<u64>(), at in any::<i64>(), duplicate in any::<bool>()
    ) {
        let id = text.as_deref().map_or_else(|| RequestId::from(id), RequestId::from);
        let mut buf = String::new();
        write_ok_seq(&mut buf, &id, Seq(seq), Millis(at), duplicate);
        let done = Done { seq: Seq(seq), at: Millis(at), duplicate };
        prop_assert_eq!(&buf, &serde(&Reply::ok(Some(id.clone()), done)));
        let was = buf.clone();
        write_ok(&mut buf, &id, &done);
        prop_assert_eq!(buf, was.clone() + &was);
    }

    #[test]
    fn p2_spliced_events_are_what_serde_makes(
        conversation in ".{0,20}", entries in prop::collection::vec(any_entry(), 0..8)
    ) {
        for audience in [Audience::Visitor, Audience::Agents] {
            let mut buf = String::new();
            write_events(&mut buf, &conversation.as_str().into(), audience.of(&entries));
            let events = audience.collect(&entries);
            let push = VisitorPush::Events(EventsPush { conversation: conversation.as_str().into(), events });
            prop_assert_eq!(&buf, &serde(&push));
        }
    }

    #[test]
    fn p1_any_push_is_valid_by_the_schema(pushes in prop::collection::vec(any_push(), 1..8)) {
        let schema = golden::validator("AgentFrame");
        for push in pushes {
            let frame: Value = serde_json::to_value(&push).unwrap();
            prop_assert!(schema.is_valid(&frame), "{}", frame);
        }
    }
}
