//! The golden files: one of every frame as it travels, the schema, and the TypeScript client's types. Both the hub's
//! tests and the client's read them. `UPDATE_GOLDEN=1` writes them anew; the diff is the change of the contract.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    code::{CloseCode, ErrorCode},
    push::{AgentPush, VisitorPush},
    reply::{AgentReplies, Reply, VisitorReplies},
    request::{Malformed, Request, RequestId, parse_agent, parse_visitor},
    samples,
    schema::{GROUPS, schema},
    shared::{Shared, write_presence, write_upsert, write_watching},
    typescript::typescript,
    write,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
const TYPESCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/client/src/generated.ts");

/// File name → what should stand in it.
type Files = BTreeMap<String, Value>;

/// Puts a case into the file of its kind.
fn add(files: &mut Files, role: &str, direction: &str, name: &str, case: Value) {
    let kind = name.split_once('-').map_or(name, |(kind, _)| kind);
    let file = files
        .entry(format!("{role}-{direction}-{kind}.json"))
        .or_insert_with(|| json!({"role": role, "direction": direction, "type": kind, "cases": []}));
    file["cases"].as_array_mut().unwrap().push(case);
}

fn value(frame: &str) -> Value {
    serde_json::from_str(frame).expect(frame)
}

/// A request as it travels and as it is read.
fn request<A: Serialize + PartialEq + std::fmt::Debug>(
    name: &str,
    request: &Request<A>,
    parse: impl Fn(&str) -> Result<Request<A>, Malformed>,
) -> Value {
    let frame = request.to_frame();
    assert_eq!(&parse(&frame).unwrap(), request);
    json!({"name": name, "frame": value(&frame)})
}

/// A push as the fast writers make it, which must be what serde makes of the typed one.
fn push<P: Serialize>(name: &str, push: &P, fast: impl FnOnce(&mut String)) -> Value {
    let mut frame = String::from("kept");
    fast(&mut frame);
    let frame = frame.strip_prefix("kept").expect("a writer appends");
    assert_eq!(frame, serde_json::to_string(push).unwrap(), "{name}");
    json!({"name": name, "frame": value(frame)})
}

/// A reply as the fast writer makes it, which must be what serde makes of the typed one.
fn reply<T: Serialize>(name: &str, body: &T) -> Value {
    let id = RequestId::from(7);
    let mut frame = String::from("kept");
    write::write_ok(&mut frame, &id, body);
    let frame = frame.strip_prefix("kept").expect("a writer appends");
    assert_eq!(frame, serde_json::to_string(&Reply::ok(Some(id), body)).unwrap(), "{name}");
    json!({"name": name, "frame": value(frame)})
}

fn pushes(files: &mut Files) {
    for (name, one) in samples::visitor_pushes() {
        let case = push(name, &one, |buf| match &one {
            VisitorPush::Events(push) => write::write_events(buf, &push.conversation, &push.events),
            VisitorPush::Ping => buf.push_str(write::PING),
            other => write::write_push(buf, other),
        });
        add(files, "visitor", "push", name, case);
    }
    for (name, one) in samples::agent_pushes() {
        let case = push(name, &one, |buf| match &one {
            AgentPush::Events(push) => write::write_events(buf, &push.conversation, &push.events),
            AgentPush::Inbox(push) if let Some(row) = push.upsert.clone() => {
                write_upsert(buf, &Shared::new(row), push.counts.unwrap_or_default());
            }
            AgentPush::Presence(push) => write_presence(buf, &Shared::new(push.clone())),
            AgentPush::Watching(push) => write_watching(buf, &Shared::new(push.clone())),
            AgentPush::Ping => buf.push_str(write::PING),
            other => write::write_push(buf, other),
        });
        add(files, "agent", "push", name, case);
    }
}

fn replies(files: &mut Files) {
    let VisitorReplies { hello, start, answer, send, typing, seen, page, rate, end, history, pong } =
        samples::visitor_replies();
    let visitor = [
        reply("hello", &hello),
        reply("start", &start),
        reply("answer", &answer),
        reply("send", &send),
        reply("typing", &typing),
        reply("seen", &seen),
        reply("page", &page),
        reply("rate", &rate),
        reply("end", &end),
        reply("history", &history),
        reply("pong", &pong),
    ];
    let AgentReplies {
        hello,
        availability,
        settings,
        list,
        open,
        leave,
        history,
        claim,
        assign,
        send,
        note,
        typing,
        seen,
        details,
        item,
        close,
        notified,
        pong,
    } = samples::agent_replies();
    let agent = [
        reply("hello", &hello),
        reply("availability", &availability),
        reply("settings", &settings),
        reply("list", &list),
        reply("open", &open),
        reply("leave", &leave),
        reply("history", &history),
        reply("claim", &claim),
        reply("assign", &assign),
        reply("send", &send),
        reply("note", &note),
        reply("typing", &typing),
        reply("seen", &seen),
        reply("details", &details),
        reply("item", &item),
        reply("close", &close),
        reply("notified", &notified),
        reply("pong", &pong),
    ];
    for (role, cases) in [("visitor", &visitor[..]), ("agent", &agent[..])] {
        for case in cases {
            add(files, role, "reply", case["name"].as_str().unwrap(), case.clone());
        }
    }
}

fn refusals(files: &mut Files) {
    for (name, error) in samples::errors() {
        let id = RequestId::from("a\"1");
        let mut frame = String::new();
        write::write_error(&mut frame, Some(&id), &error);
        assert_eq!(frame, serde_json::to_string(&Reply::<()>::refused(Some(id), error)).unwrap());
        add(files, "both", "refusal", name, json!({"name": name, "frame": value(&frame)}));
    }
}

fn malformed(files: &mut Files) {
    for (name, frame) in samples::malformed() {
        let fault = parse_visitor(frame).unwrap_err();
        let mut answer = String::new();
        write::write_error(&mut answer, fault.id.as_ref(), &fault.error);
        let case = json!({"name": name, "text": frame, "frame": value(&answer), "counts": fault.counts});
        add(files, "visitor", "malformed", "frames", case);
    }
}

fn files() -> Files {
    let mut files = Files::new();
    for (name, one) in samples::visitor_requests() {
        add(&mut files, "visitor", "request", name, request(name, &one, parse_visitor));
    }
    for (name, one) in samples::agent_requests() {
        add(&mut files, "agent", "request", name, request(name, &one, parse_agent));
    }
    pushes(&mut files);
    replies(&mut files);
    refusals(&mut files);
    malformed(&mut files);
    files.insert("schema.json".into(), schema());
    files
}

/// Compares a file to what should stand in it, or writes it.
fn holds(path: &Path, text: &str) {
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let was = fs::read_to_string(path).unwrap_or_default();
    let name = path.file_name().unwrap().display();
    assert!(was == text, "{name} is not what the types make; if that is meant, run with UPDATE_GOLDEN=1");
}

#[test]
fn p1_every_frame_travels_as_its_golden_file_says() {
    let files = files();
    for (name, file) in &files {
        holds(&Path::new(FOLDER).join(name), &format!("{file:#}\n"));
    }
    for found in fs::read_dir(FOLDER).unwrap() {
        let name = found.unwrap().file_name().into_string().unwrap();
        assert!(files.contains_key(&name), "{name} is the golden file of nothing");
    }
}

#[test]
fn p1_the_typescript_types_are_made_from_the_hubs() {
    let text = typescript();
    assert!(!text.contains("bigint") && !text.contains("import "), "numbers are numbers, and the file stands alone");
    holds(Path::new(TYPESCRIPT), &text);
}

/// A validator of one of the schema's groups.
pub(super) fn validator(pointer: &str) -> jsonschema::Validator {
    let mut schema = schema();
    schema["$ref"] = json!(format!("#/$defs/{pointer}"));
    jsonschema::validator_for(&schema).expect("the schema is one")
}

#[test]
fn p1_the_schema_names_every_group_and_no_type_twice() {
    let schema = schema();
    let defs = schema["$defs"].as_object().unwrap();
    for group in GROUPS {
        assert!(defs.contains_key(group), "{group}");
        assert_eq!(schema["groups"][group]["$ref"], json!(format!("#/$defs/{group}")));
    }
    // Two types of one name get a number behind it.
    let doubled: Vec<_> = defs.keys().filter(|name| name.ends_with(|c: char| c.is_ascii_digit())).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
}

#[test]
fn p1_every_frame_is_valid_by_the_schema() {
    for (name, file) in files() {
        let Some(cases) = file["cases"].as_array() else { continue };
        let role = match file["role"].as_str().unwrap() {
            "agent" => "Agent",
            _ => "Visitor",
        };
        let direction = file["direction"].as_str().unwrap();
        let pointer = match direction {
            "request" => format!("{role}Request"),
            _ => format!("{role}Frame"),
        };
        let of_kind = match direction {
            "push" => Some(format!("{role}Push")),
            "reply" => Some(format!("{role}Replies/properties/{}", file["type"].as_str().unwrap())),
            _ => None,
        };
        for pointer in [Some(pointer), of_kind].into_iter().flatten() {
            let validator = validator(&pointer);
            for case in cases {
                if let Err(error) = validator.validate(&case["frame"]) {
                    panic!("{name}: {} is no {pointer}: {error}", case["name"]);
                }
            }
        }
    }
}

#[test]
fn p1_the_schema_refuses_what_the_reader_refuses() {
    let requests = validator("VisitorRequest");
    for (name, frame) in samples::malformed() {
        // Ranges, ids and what is no JSON are the reader's to know; types and missing members the schema's, too.
        if name.starts_with("shape") {
            assert!(!requests.is_valid(&value(frame)), "{name}: {frame}");
        }
    }
}

#[test]
fn p1_the_documentation_names_every_frame_and_every_member() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/protocol.md")).unwrap();
    // Names stand in code of some form: between word boundaries that are no letters.
    let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    for (name, file) in files() {
        let Some(cases) = file["cases"].as_array() else { continue };
        let kind = file["type"].as_str().unwrap();
        assert!(kind == "frames" || words.contains(kind), "docs/protocol.md does not name {kind} of {name}");
        for member in cases.iter().flat_map(|case| case["frame"].as_object().unwrap().keys()) {
            assert!(words.contains(member.as_str()), "docs/protocol.md does not name {member} of {name}");
        }
    }
    for event in samples::events() {
        for member in event.as_object().unwrap().keys().map(String::as_str).chain(event["type"].as_str()) {
            assert!(words.contains(member), "docs/protocol.md does not name {member} of events");
        }
    }
    for code in ErrorCode::ALL {
        assert!(text.contains(&format!("| `{}` |", code.as_str())), "{code:?}");
    }
    for code in CloseCode::ALL {
        assert!(text.contains(&format!("| {} | ", code.number())), "{code:?}");
    }
}
