//! What one text costs the hub outside the kernel and the store: `cargo bench --bench hot`.
//!
//! A durable, delivered, acknowledged text takes some 20 µs of CPU on a small machine, nearly all of it system calls
//! and the commit. These parts should stay far below that; `cargo run --release -p bench` measures the whole.

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use usher::{
    chat::{
        command::{Actor, Command},
        conversation::Conversation,
        decide::{Policy, decide},
        event::{AgentRef, Author, Event, PlaybookRef, Started, VisitorRef, What},
        playbook::Playbook,
    },
    ids::{AgentId, ConversationId, MessageKey, Millis, PlaybookId, Seq, VisitorId, WorkspaceId},
    wire::{
        entry::Entry,
        request::{VisitorAsk, parse_visitor},
        write::{write_events, write_ok_seq},
    },
};

const DEMO: &str = include_str!("../config/playbooks/demo.json");
const NOW: Millis = Millis(1_763_800_000_123);

/// A frame as a widget sends it, with a text of 100 bytes.
fn frame() -> String {
    format!(
        r#"{{"type":"send","id":17,"conversation":"c_0123456789abcdefghij","key":"k_0123456789","text":"{}"}}"#,
        "x".repeat(100)
    )
}

/// A conversation that an agent has, where a text of the visitor is taken.
fn conversation() -> Conversation {
    let started = Started {
        visitor: VisitorRef { id: VisitorId::from("v_1"), name: None, verified: false },
        playbook: PlaybookRef { id: PlaybookId::from("pb_demo"), version: 1 },
        page: None,
        locale: None,
    };
    let jane = AgentRef { id: AgentId::from("jane"), name: "Jane".into(), avatar: None };
    let events = [
        Event { seq: Seq(1), at: NOW, by: Author::Visitor, what: What::Started(started) },
        Event { seq: Seq(2), at: NOW, by: Author::System, what: What::Assigned { to: jane, from: None } },
    ];
    let id = ConversationId::from("c_0123456789abcdefghij");
    Conversation::fold(id, WorkspaceId::from("default"), &events).expect("the log begins with `started`")
}

fn text() -> Command {
    Command::Send { key: MessageKey::from("k_0123456789"), text: "x".repeat(100) }
}

fn parts(c: &mut Criterion) {
    let playbook = Playbook::from_json(DEMO).expect("the demo playbook is sound");
    let policy = Policy { playbook: &playbook, available: Ok(()), admins_see_assigned: true };
    let (frame, conversation, text) = (frame(), conversation(), text());
    let decided = decide(&conversation, &Actor::Visitor, &text, &policy, NOW).expect("a visitor may write");
    let event = decided.into_iter().next().expect("a text is one event");
    let id = parse_visitor(&frame).expect("the frame is sound").id.expect("it has an id");

    c.bench_function("parse a send", |b| b.iter(|| black_box(parse_visitor(black_box(&frame))).is_ok()));
    c.bench_function("decide a text", |b| {
        b.iter(|| decide(black_box(&conversation), &Actor::Visitor, &text, &policy, NOW));
    });
    c.bench_function("serialise an event", |b| b.iter(|| Entry::new(event.clone()).json().len()));
    c.bench_function("write a reply", |b| {
        let mut buf = String::new();
        b.iter(|| {
            buf.clear();
            write_ok_seq(&mut buf, black_box(&id), Seq(4711), NOW, false);
            buf.len()
        });
    });
    c.bench_function("write a push of one event", |b| {
        let (mut buf, entries) = (String::new(), [Entry::new(event.clone())]);
        b.iter(|| {
            buf.clear();
            write_events(&mut buf, &conversation.id, black_box(&entries));
            buf.len()
        });
    });
}

/// All of them in a row, as a text meets them.
fn path(c: &mut Criterion) {
    let playbook = Playbook::from_json(DEMO).expect("the demo playbook is sound");
    let policy = Policy { playbook: &playbook, available: Ok(()), admins_see_assigned: true };
    let (frame, before) = (frame(), conversation());
    let (mut replies, mut pushes) = (String::new(), String::new());
    c.bench_function("all of it, but the store and the sockets", |b| {
        let mut conversation = before.clone();
        b.iter(|| {
            let request = parse_visitor(black_box(&frame)).expect("the frame is sound");
            let (Some(id), VisitorAsk::Send(say)) = (request.id, request.ask) else { panic!("it is a send") };
            let text = Command::Send { key: say.key, text: say.text };
            let events = decide(&conversation, &Actor::Visitor, &text, &policy, NOW).expect("a visitor may write");
            let entries: Vec<Arc<Entry>> = events.into_iter().map(Entry::new).collect();
            entries.iter().for_each(|entry| conversation.apply(entry.event()));
            replies.clear();
            pushes.clear();
            write_ok_seq(&mut replies, &id, conversation.seq, NOW, false);
            write_events(&mut pushes, &conversation.id, &entries);
            replies.len() + pushes.len()
        });
    });
}

criterion_group!(hot, parts, path);
criterion_main!(hot);
