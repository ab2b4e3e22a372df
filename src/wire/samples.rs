//! One of every frame, for the tests of this room. What belongs to other rooms is read from JSON, so that a sample
//! says what travels and not how we build it.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    agent::{Agent, AgentStatus, Me, PresenceReason, Role},
    code::{CloseCode, ErrorCode},
    counts::{Counts, CountsChanged},
    entry::Entry,
    error::{AgentName, ErrorBody},
    push::*,
    reply::*,
    request::*,
    settings::{NotifySettings, Settings},
    shared::Shared,
};
use crate::{
    chat::summary::{ConversationView, Summary},
    ids::{Millis, Seq},
};

mod replies;

pub(super) use replies::{agent_replies, errors, visitor_replies};

/// A name for the sample (`type`, or `type-variant`) and the sample.
pub(super) type Named<T> = Vec<(&'static str, T)>;

fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
}

fn at(seq: u64, by: Value, mut what: Value) -> Value {
    what["seq"] = json!(seq);
    what["at"] = json!(1_763_800_000_000_i64 + 1000 * i64::try_from(seq).unwrap());
    what["by"] = by;
    what
}

/// One event of every type; together a log no playbook would write.
pub(super) fn events() -> Vec<Value> {
    let visitor = || json!({"kind": "visitor"});
    let jane = || json!({"kind": "agent", "id": "jane", "name": "Jane"});
    let (bot, system) = (|| json!({"kind": "bot"}), || json!({"kind": "system"}));
    let bold = json!([{"p": [{"b": ["One moment"]}, ", please."]}]);
    let image = json!([{"p": [{"a": "https://example.com/", "c": ["look"]}]}, {"ul": [["a"], [{"i": ["b"]}]]},
        {"p": [{"img": "https://example.com/cat.png", "alt": "A cat"}]}]);
    let whats = [
        (
            visitor(),
            json!({"type": "started", "visitor": {"id": "v_1", "name": "Zoë", "verified": true},
            "playbook": {"id": "pb_demo", "version": 3},
            "page": {"url": "https://shop.example/prices?a=1", "title": "Prices", "referrer": "https://search.example/"},
            "locale": "en-GB"}),
        ),
        (
            bot(),
            json!({"type": "card", "card": "hello", "ask": {"kind": "message"}, "text": "One moment, please.", "rich": bold}),
        ),
        (
            bot(),
            json!({"type": "card", "card": "why", "ask": {"kind": "choice", "options": [
            {"id": "talk", "label": "Talk to someone"}, {"id": "look", "label": "Just looking"}]},
            "text": "What brings you here?", "rich": image}),
        ),
        (
            visitor(),
            json!({"type": "answer", "card": "why", "option": "talk", "label": "Talk to someone", "key": "k1"}),
        ),
        (
            bot(),
            json!({"type": "card", "card": "email", "ask": {"kind": "capture", "field": "email", "input": "email",
            "required": true}, "text": "Your e-mail?", "rich": [{"p": ["Your e-mail?"]}]}),
        ),
        (
            visitor(),
            json!({"type": "answer", "card": "email", "value": "zoe@example.com", "label": "zoe@example.com", "key": "k2"}),
        ),
        (visitor(), json!({"type": "details", "changes": {"person": {"email": "zoe@example.com"}}})),
        (bot(), json!({"type": "message", "text": "One moment, please.", "rich": bold})),
        (system(), json!({"type": "waiting", "wait_ms": 60000, "deadline": 1_763_800_069_000_i64, "card": "live"})),
        (system(), json!({"type": "missed", "reason": "wait_expired", "card": "live"})),
        (
            bot(),
            json!({"type": "card", "card": "done", "ask": {"kind": "end"}, "text": "Thank you!", "rich": [{"p": ["Thank you!"]}]}),
        ),
        (bot(), json!({"type": "qualified", "card": "done"})),
        (bot(), json!({"type": "disqualified", "card": "bye"})),
        (
            jane(),
            json!({"type": "assigned", "to": {"id": "jane", "name": "Jane", "avatar": "https://example.com/j.png"}, "from": null}),
        ),
        (visitor(), json!({"type": "message", "key": "k3", "text": "Hi! <b>\"quoted\"</b> \\ 😀\nsecond line"})),
        (jane(), json!({"type": "message", "key": "k1", "text": "Hello Zoë"})),
        (jane(), json!({"type": "note", "key": "k2", "text": "Wants a discount"})),
        (
            jane(),
            json!({"type": "details", "changes": {"deal": {"value": 1200.5, "currency": "EUR",
            "expected_close_date": "2026-12-24"}, "person": {"phone": null}, "note": "call back"}}),
        ),
        (jane(), json!({"type": "item", "item": "i_1", "kind": "deal", "title": "Zoë's deal"})),
        (
            system(),
            json!({"type": "item", "item": "i_1", "kind": "deal", "title": "Zoë's deal",
            "external": {"id": "4711", "url": "https://crm.example/deal/4711"}}),
        ),
        (system(), json!({"type": "item_failed", "item": "i_1", "kind": "deal", "message": "the CRM did not answer"})),
        (jane(), json!({"type": "unassigned", "from": {"id": "jane", "name": "Jane"}})),
        (jane(), json!({"type": "closed", "reason": "agent"})),
        (visitor(), json!({"type": "rated", "score": 5, "comment": "Thanks!"})),
    ];
    whats.into_iter().zip(1..).map(|((by, what), seq)| at(seq, by, what)).collect()
}

/// The same as a store hands them out.
pub(super) fn entries() -> Vec<Arc<Entry>> {
    events().into_iter().map(|event| Entry::new(of(event))).collect()
}

fn row(for_agents: bool) -> Summary {
    let mut row = json!({"id": "c_1", "state": "assigned", "seq": 16, "assignee": {"id": "jane", "name": "Jane"},
        "deadline": null, "position": null, "missed": "wait_expired",
        "visitor": {"id": "v_1", "name": "Zoë", "verified": true, "connected": true},
        "playbook": {"id": "pb_demo", "version": 3}, "page": {"url": "https://shop.example/prices"}, "locale": "en-GB",
        "created_at": 1_763_800_001_000_i64, "closed_at": null,
        "seen": {"visitor": {"received": 16, "read": 15}, "agent": {"received": 15, "read": 15}}});
    if for_agents {
        row["waiting_since"] = json!(1_763_800_009_000_i64);
        row["unread"] = json!(1);
        row["preview"] = json!("Hello Zoë");
        row["last_at"] = json!(1_763_800_016_000_i64);
    }
    of(row)
}

fn waiting_row() -> Summary {
    let mut row = serde_json::to_value(row(true)).unwrap();
    row["state"] = json!("waiting");
    row["assignee"] = Value::Null;
    row["deadline"] = json!(1_763_800_069_000_i64);
    row["position"] = json!(1);
    row["missed"] = Value::Null;
    of(row)
}

fn whole(for_agents: bool) -> ConversationView {
    let mut whole = serde_json::to_value(row(for_agents)).unwrap();
    if for_agents {
        whole["details"] = json!({"deal": {"value": 1200.5, "currency": "EUR", "expected_close_date": "2026-12-24"},
            "person": {"name": "Zoë", "email": "zoe@example.com"}, "organization": {"name": "Example Ltd"},
            "note": "call back", "claimed": ["person.email"]});
        whole["items"] = json!([{"item": "i_1", "kind": "deal", "title": "Zoë's deal", "at": 1_763_800_019_000_i64}]);
    }
    of(whole)
}

fn id(number: u64) -> Option<RequestId> {
    Some(number.into())
}

/// One of every request a visitor may make.
pub(super) fn visitor_requests() -> Named<Request<VisitorAsk>> {
    let c = || "c_1".into();
    let hello =
        VisitorHello { playbook: "pb_demo".into(), token: None, identity: None, page: None, locale: None, after: None };
    let resume = VisitorHello {
        token: Some("visitor.token".into()),
        identity: Some("header.claims.signature".into()),
        page: of(json!({"url": "https://shop.example/", "title": "Shop", "referrer": "https://search.example/"})),
        locale: Some("en-GB".into()),
        after: Some(VisitorAfter { conversation: c(), epoch: "e_1".into(), seq: Seq(16) }),
        ..hello.clone()
    };
    let choice =
        Answer { conversation: c(), card: "why".into(), option: Some("talk".into()), value: None, key: "k1".into() };
    let capture =
        Answer { card: "email".into(), option: None, value: Some("zoe@example.com".into()), ..choice.clone() };
    let asks = vec![
        ("hello", VisitorAsk::Hello(Box::new(hello))),
        ("hello-resume", VisitorAsk::Hello(Box::new(resume))),
        ("start", VisitorAsk::Start),
        ("answer-option", VisitorAsk::Answer(Box::new(choice))),
        ("answer-value", VisitorAsk::Answer(Box::new(capture))),
        ("send", VisitorAsk::Send(Say { conversation: c(), key: "k3".into(), text: "Hi! 😀\n\"there\"".into() })),
        ("typing", VisitorAsk::Typing(Typing { conversation: c(), on: true, preview: Some("I wou".into()) })),
        ("seen", VisitorAsk::Seen(SeenUpTo { conversation: c(), received: Some(Seq(16)), read: Some(Seq(15)) })),
        ("page", VisitorAsk::Page(Moved { url: "https://shop.example/cart".into(), title: Some("Cart".into()) })),
        ("rate", VisitorAsk::Rate(Rate { conversation: c(), score: 5, comment: Some("Thanks!".into()) })),
        ("end", VisitorAsk::End(Which { conversation: c() })),
        ("history", VisitorAsk::History(History { conversation: c(), before: Seq(9), limit: Some(50) })),
        ("pong", VisitorAsk::Pong),
    ];
    asks.into_iter().zip(1..).map(|((name, ask), n)| (name, Request { id: id(n), ask })).collect()
}

/// One of every request an agent may make.
pub(super) fn agent_requests() -> Named<Request<AgentAsk>> {
    let c = || "c_1".into();
    let which = || Which { conversation: c() };
    let say = |text: &str| Say { conversation: c(), key: "k1".into(), text: text.into() };
    let details = json!({"deal": {"value": 1200.5, "currency": "EUR"}, "person": {"phone": null}, "note": "call back"});
    let lead = MakeItem {
        conversation: c(),
        kind: of(json!("lead")),
        title: "Zoë".into(),
        key: "lead-1".into(),
        fields: None,
    };
    let list =
        List { folder: FolderName::Closed, before: Some("opaque".into()), limit: Some(20), query: Some("zoe".into()) };
    let notify = NotifyPatch { unassigned: Some(true), assigned: Some(true), message: Some(false) };
    let asks = vec![
        ("hello", AgentAsk::Hello(AgentHello { token: "header.claims.signature".into() })),
        ("availability", AgentAsk::Availability(Availability { online: true, agent: None })),
        ("availability-other", AgentAsk::Availability(Availability { online: false, agent: Some("joe".into()) })),
        ("settings", AgentAsk::Settings(SetSettings { notify })),
        ("list", AgentAsk::List(list)),
        ("open", AgentAsk::Open(Open { conversation: c(), after: None })),
        (
            "open-resume",
            AgentAsk::Open(Open { conversation: c(), after: Some(AgentAfter { epoch: "e_1".into(), seq: Seq(16) }) }),
        ),
        ("leave", AgentAsk::Leave(which())),
        ("history", AgentAsk::History(History { conversation: c(), before: Seq(9), limit: Some(50) })),
        ("claim", AgentAsk::Claim(which())),
        ("assign", AgentAsk::Assign(Assign { conversation: c(), to: Some("joe".into()) })),
        ("assign-nobody", AgentAsk::Assign(Assign { conversation: c(), to: None })),
        ("send", AgentAsk::Send(say("Hello Zoë"))),
        ("note", AgentAsk::Note(say("Wants a discount"))),
        ("typing", AgentAsk::Typing(Typing { conversation: c(), on: false, preview: None })),
        ("seen", AgentAsk::Seen(SeenUpTo { conversation: c(), received: None, read: Some(Seq(15)) })),
        ("details", AgentAsk::Details(Box::new(ChangeDetails { conversation: c(), details: of(details) }))),
        ("item", AgentAsk::Item(Box::new(lead))),
        ("close", AgentAsk::Close(which())),
        (
            "notified",
            AgentAsk::Notified(Notified { conversation: c(), reason: NotifyReason::Message, outcome: Outcome::Shown }),
        ),
        ("pong", AgentAsk::Pong),
    ];
    asks.into_iter().zip(1..).map(|((name, ask), n)| (name, Request { id: id(n), ask })).collect()
}

fn goodbye() -> Goodbye {
    Goodbye::new(CloseCode::Draining, Some(1234), None)
}

/// One of every push to a visitor.
pub(super) fn visitor_pushes() -> Named<VisitorPush> {
    let c = || "c_1".into();
    let shown = super::audience::Audience::Visitor.collect(&entries());
    vec![
        ("events", VisitorPush::Events(EventsPush { conversation: c(), events: shown })),
        ("typing", VisitorPush::Typing(TypingPush { conversation: c(), by: Side::Agent, on: true, preview: None })),
        ("seen", VisitorPush::Seen(SeenPush { conversation: c(), by: Side::Agent, received: Seq(15), read: Seq(15) })),
        ("available", VisitorPush::Available(AvailableReason::Ok.into())),
        ("available-not", VisitorPush::Available(AvailableReason::NobodyOnline.into())),
        ("queue", VisitorPush::Queue(QueuePush { conversation: c(), position: 2 })),
        ("ping", VisitorPush::Ping),
        ("goodbye", VisitorPush::Goodbye(goodbye())),
    ]
}

/// One of every push to an agent.
pub(super) fn agent_pushes() -> Named<AgentPush> {
    let c = || "c_1".into();
    let jane = || AgentName { id: "jane".into(), name: "Jane".into() };
    let counts = CountsChanged { unassigned: Some(4), mine: None, closed: None };
    let inbox = |push: InboxPush| AgentPush::Inbox(Box::new(push));
    let typing = TypingPush { conversation: c(), by: Side::Visitor, on: true, preview: Some("I wou".into()) };
    let agent = Agent { id: "jane".into(), name: "Jane".into(), avatar: None, status: AgentStatus::Away };
    vec![
        ("events", AgentPush::Events(EventsPush { conversation: c(), events: entries() })),
        ("inbox-upsert", inbox(InboxPush::upsert(waiting_row()).with_counts(counts))),
        (
            "inbox-remove",
            inbox(InboxPush::remove(c(), Seq(14), Some(jane()), Millis(1_763_800_014_000)).with_counts(counts)),
        ),
        ("inbox-counts", inbox(InboxPush::default().with_counts(counts))),
        ("presence", AgentPush::Presence(PresencePush { agent, reason: PresenceReason::Lost })),
        (
            "notify",
            AgentPush::Notify(NotifyPush {
                reason: NotifyReason::Message,
                conversation: c(),
                title: "Zoë".into(),
                body: "Hi! 😀".into(),
                ring: true,
            }),
        ),
        ("typing", AgentPush::Typing(typing)),
        ("seen", AgentPush::Seen(SeenPush { conversation: c(), by: Side::Visitor, received: Seq(16), read: Seq(15) })),
        (
            "visitor",
            AgentPush::Visitor(VisitorMoved {
                conversation: c(),
                connected: true,
                page: of(json!({"url": "https://shop.example/cart", "title": "Cart"})),
            }),
        ),
        ("visitor-left", AgentPush::Visitor(VisitorMoved { conversation: c(), connected: false, page: None })),
        (
            "watching",
            AgentPush::Watching(Watching {
                conversation: c(),
                agents: of(json!([{"id": "jane", "name": "Jane", "avatar": "https://example.com/j.png"}])),
            }),
        ),
        ("ping", AgentPush::Ping),
        ("goodbye", AgentPush::Goodbye(goodbye())),
    ]
}

/// Frames of a visitor that are no requests. What begins with `shape` the schema refuses as well.
pub(super) fn malformed() -> Named<&'static str> {
    vec![
        ("text", "hello"),
        ("cut", r#"{"type":"send","id":1,"conversation":"c_1","#),
        ("list", r#"[{"type":"start","id":1}]"#),
        ("id-null", r#"{"type":"start","id":null}"#),
        ("id-fraction", r#"{"type":"start","id":1.5}"#),
        ("id-twice", r#"{"type":"start","id":1,"id":2}"#),
        ("shape-type-missing", r#"{"id":1}"#),
        ("shape-type-number", r#"{"type":7,"id":1}"#),
        ("type-unknown", r#"{"type":"dance","id":"a"}"#),
        ("type-of-agents", r#"{"type":"claim","id":"a","conversation":"c_1"}"#),
        ("shape-missing", r#"{"type":"send","id":1,"conversation":"c_1","key":"k"}"#),
        ("shape-number", r#"{"type":"send","id":1,"conversation":"c_1","key":"k","text":7}"#),
        ("shape-nested", r#"{"type":"hello","id":1,"playbook":"pb_demo","page":{"title":"no address"}}"#),
        ("shape-list-for-object", r#"{"type":"hello","id":1,"playbook":"pb_demo","page":["https://x/"]}"#),
        ("twice", r#"{"type":"send","id":1,"conversation":"c_1","key":"k","text":"a","text":"b"}"#),
        ("surrogate", r#"{"type":"send","id":1,"conversation":"c_1","key":"k","text":"\ud800"}"#),
        ("nothing-answered", r#"{"type":"answer","id":1,"conversation":"c_1","card":"a","key":"k"}"#),
        ("value-key", r#"{"type":"send","id":1,"conversation":"c_1","key":"","text":"a"}"#),
        ("value-limit", r#"{"type":"history","id":1,"conversation":"c_1","before":9,"limit":101}"#),
        ("value-url", r#"{"type":"page","id":1,"url":"javascript:alert(1)"}"#),
    ]
}
