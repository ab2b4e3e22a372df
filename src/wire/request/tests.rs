use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wire::samples;

fn refused(frame: &str) -> Malformed {
    parse_visitor(frame).expect_err(frame)
}

fn field_of(malformed: &Malformed) -> &str {
    assert_eq!(malformed.error.code, ErrorCode::Invalid, "{malformed:?}");
    malformed.error.field.as_deref().unwrap_or_default()
}

/// What `id` comes back for a frame with this one.
fn echo(id: &str) -> Option<String> {
    let request = parse_visitor(&format!(r#"{{"type":"start","id":{id}}}"#)).ok()?;
    let mut buf = String::new();
    request.id?.write(&mut buf);
    Some(buf)
}

#[test]
fn p1_an_id_is_echoed_verbatim() {
    let long = format!("\"{}\"", "ü".repeat(64));
    for id in ["7", "0", "-7", "18446744073709551616", r#""a""#, r#""a\u0041\"\n""#, r#""""#, &long] {
        assert_eq!(echo(id).as_deref(), Some(id));
    }
}

#[test]
fn p1_an_id_is_an_integer_or_a_string_of_at_most_64_characters() {
    let long = format!("\"{}\"", "x".repeat(65));
    let huge = "9".repeat(65);
    for id in ["null", "1.5", "1e3", "true", "[1]", r#"{"a":1}"#, r#""\ud800""#, &long, &huge] {
        let malformed = refused(&format!(r#"{{"type":"start","id":{id}}}"#));
        assert_eq!((field_of(&malformed), malformed.id.clone(), malformed.counts), ("id", None, true), "{id}");
    }
    let malformed = refused(r#"{"id":1,"type":"start","id":2}"#);
    assert_eq!((field_of(&malformed), malformed.id.clone()), ("id", None));
}

#[test]
fn p1_a_frame_that_is_not_one_json_object_is_invalid_under_a_null_id() {
    let frames = ["", " ", "null", "7", r#""hello""#, "[]", r#"[{"type":"start","id":1}]"#, "{", r#"{"type":"start""#];
    let more =
        [r#"{"type":"start","id":1}{}"#, r#"{"type":"start","id":1,}"#, "{'type':'start'}", "{\"type\":\"\u{1}\"}"];
    for frame in frames.into_iter().chain(more) {
        let malformed = refused(frame);
        assert_eq!((malformed.error.code, malformed.id, malformed.counts), (ErrorCode::Invalid, None, true), "{frame}");
    }
}

#[test]
fn p1_a_type_is_one_string() {
    for frame in
        [r#"{"id":3}"#, r#"{"id":3,"type":7}"#, r#"{"id":3,"type":null}"#, r#"{"type":"start","type":"end","id":3}"#]
    {
        let malformed = refused(frame);
        assert_eq!((field_of(&malformed), malformed.id.clone()), ("type", Some(3.into())), "{frame}");
        assert!(malformed.counts);
    }
}

#[test]
fn p1_an_unknown_type_is_unsupported_and_does_not_count() {
    for name in ["claim", "Start", "", "reply", "send "] {
        let malformed = refused(&format!(r#"{{"type":"{name}","id":"q"}}"#));
        assert_eq!(malformed.error.code, ErrorCode::Unsupported);
        assert_eq!((malformed.id, malformed.counts), (Some("q".into()), false));
    }
    assert_eq!(parse_agent(r#"{"type":"start"}"#).unwrap_err().error.code, ErrorCode::Unsupported);
}

#[test]
fn p1_escapes_mean_what_they_mean_in_names_too() {
    let frame = r#"{"\u0074ype":"s\u0065nd","conversation":"c\u005f1","key":"\ud83d\ude00","text":"a\"\\\u00e9\/"}"#;
    let VisitorAsk::Send(say) = parse_visitor(frame).unwrap().ask else { panic!("{frame}") };
    assert_eq!((say.conversation.as_str(), say.key.as_str(), say.text.as_str()), ("c_1", "😀", "a\"\\é/"));
}

#[test]
fn p1_unknown_fields_are_ignored() {
    let frame = r#"{"a":{"b":[1e999,"\ud800"]},"type":"end","conversation":"c_1","a":2,"later":null,"id":1}"#;
    assert_eq!(parse_visitor(frame).unwrap().ask, VisitorAsk::End(Which { conversation: "c_1".into() }));
}

#[test]
fn p1_a_wrong_shape_names_the_field_and_keeps_the_id() {
    let visitor = [
        (r#"{"type":"send","id":1,"conversation":5,"key":"k","text":"t"}"#, "conversation"),
        (r#"{"type":"send","id":1,"conversation":"c","key":"k"}"#, "text"),
        (r#"{"type":"send","id":1,"conversation":"c","key":"k","text":null}"#, "text"),
        (r#"{"type":"send","id":1,"conversation":"c","key":"k","text":"a","text":"b"}"#, "text"),
        (r#"{"type":"send","id":1,"conversation":"c","key":"k","text":"\ud800"}"#, "text"),
        (r#"{"type":"hello","id":1}"#, "playbook"),
        (r#"{"type":"hello","id":1,"playbook":"p","page":{"title":"t"}}"#, "page.url"),
        (r#"{"type":"hello","id":1,"playbook":"p","page":7}"#, "page"),
        (r#"{"type":"hello","id":1,"playbook":"p","after":{"conversation":"c","epoch":"e","seq":"7"}}"#, "after.seq"),
        (r#"{"type":"hello","id":1,"playbook":"p","after":{"conversation":"c","epoch":"e"}}"#, "after.seq"),
        (r#"{"type":"seen","id":1,"conversation":"c","read":1.5}"#, "read"),
        (r#"{"type":"seen","id":1,"conversation":"c","read":1e999}"#, "read"),
        (r#"{"type":"seen","id":1,"conversation":"c","read":123456789012345678901234567890}"#, "read"),
        (r#"{"type":"typing","id":1,"conversation":"c","on":"yes"}"#, "on"),
        (r#"{"type":"rate","id":1,"conversation":"c","score":"5"}"#, "score"),
        (r#"{"type":"answer","id":1,"conversation":"c","card":"a","key":"k"}"#, "option"),
        (r#"{"type":"answer","id":1,"conversation":"c","card":"a","key":"k","option":"o","value":"v"}"#, "value"),
    ];
    for (frame, field) in visitor {
        let malformed = refused(frame);
        assert_eq!(
            (field_of(&malformed), malformed.id.clone(), malformed.counts),
            (field, Some(1.into()), true),
            "{frame}"
        );
    }
    let agent = [
        (r#"{"type":"assign","id":1,"conversation":"c"}"#, "to"),
        (r#"{"type":"assign","id":1,"conversation":"c","to":7}"#, "to"),
        (r#"{"type":"settings","id":1,"notify":{"message":"yes"}}"#, "notify.message"),
        (r#"{"type":"settings","id":1}"#, "notify"),
        (r#"{"type":"open","id":1,"conversation":"c","after":{"epoch":"e","seq":[]}}"#, "after.seq"),
        (r#"{"type":"details","id":1,"conversation":"c","details":{"deal":{"value":"many"}}}"#, "details.deal.value"),
        (r#"{"type":"details","id":1,"conversation":"c","details":[]}"#, "details"),
        (r#"{"type":"details","id":1,"conversation":"c","details":{"person":["Zoe"]}}"#, "details.person"),
        (r#"{"type":"details","id":1,"conversation":"c","details":{"note":7}}"#, "details.note"),
        (r#"{"type":"item","id":1,"conversation":"c","kind":"lead","title":"t","key":"k","fields":[1]}"#, "fields"),
        (
            r#"{"type":"item","id":1,"conversation":"c","kind":"lead","title":"t","key":"k","fields":{"value":"1"}}"#,
            "fields.value",
        ),
        (r#"{"type":"item","id":1,"conversation":"c","kind":7,"title":"t","key":"k"}"#, "kind"),
    ];
    for (frame, field) in agent {
        let malformed = parse_agent(frame).expect_err(frame);
        assert_eq!(
            (field_of(&malformed), malformed.id.clone(), malformed.counts),
            (field, Some(1.into()), true),
            "{frame}"
        );
    }
}

#[test]
fn p1_a_refused_value_names_the_field_and_does_not_count() {
    let (long_key, long_url) = ("k".repeat(65), format!("https://x/{}", "a".repeat(2048)));
    let visitor = [
        (json!({"type": "send", "conversation": "c", "key": "", "text": "t"}), "key"),
        (json!({"type": "send", "conversation": "c", "key": long_key, "text": "t"}), "key"),
        (json!({"type": "send", "conversation": "c", "key": "k\0", "text": "t"}), "key"),
        (json!({"type": "send", "conversation": "c", "key": "k", "text": "a\0b"}), "text"),
        (json!({"type": "send", "conversation": "c\0", "key": "k", "text": "t"}), "conversation"),
        (json!({"type": "history", "conversation": "c", "before": 9, "limit": 0}), "limit"),
        (json!({"type": "history", "conversation": "c", "before": 9, "limit": 101}), "limit"),
        (json!({"type": "history", "conversation": "c", "before": MAX_SEQ + 1, "limit": 1}), "before"),
        (json!({"type": "seen", "conversation": "c", "read": -1}), "read"),
        (json!({"type": "rate", "conversation": "c", "score": 300}), "score"),
        (json!({"type": "page", "url": "javascript:alert(1)"}), "url"),
        (json!({"type": "page", "url": "/prices"}), "url"),
        (json!({"type": "page", "url": long_url}), "url"),
        (json!({"type": "hello", "playbook": "p", "page": {"url": "file:///etc/passwd"}}), "page.url"),
        (json!({"type": "hello", "playbook": "p", "locale": "x".repeat(65)}), "locale"),
    ];
    for (mut frame, field) in visitor {
        frame["id"] = json!("q");
        let malformed = refused(&frame.to_string());
        assert_eq!((field_of(&malformed), malformed.id.clone()), (field, Some("q".into())), "{frame}");
        assert!(!malformed.counts, "{frame}");
    }
    let agent = [
        (json!({"type": "list", "folder": "mine", "limit": 1000}), "limit"),
        (json!({"type": "list", "folder": "trash"}), "folder"),
        (json!({"type": "notified", "conversation": "c", "reason": "message", "outcome": "eaten"}), "outcome"),
        (json!({"type": "item", "conversation": "c", "kind": "cake", "title": "t", "key": "k"}), "kind"),
        (
            json!({"type": "item", "conversation": "c", "kind": "deal", "title": "t", "key": "k", "fields": {"value": -1}}),
            "fields.value",
        ),
        (json!({"type": "details", "conversation": "c", "details": {"deal": {"value": -0.5}}}), "details.deal.value"),
    ];
    for (frame, field) in agent {
        let malformed = parse_agent(&frame.to_string()).expect_err("a refusal");
        assert_eq!((field_of(&malformed), malformed.counts), (field, false), "{frame}");
    }
}

#[test]
fn p6_what_is_too_long_is_too_large() {
    let frame = json!({"type": "typing", "conversation": "c", "on": true, "preview": "x".repeat(16 * 1024 + 1)});
    let malformed = refused(&frame.to_string());
    assert_eq!((malformed.error.code, malformed.counts), (ErrorCode::TooLarge, false));
    assert_eq!(malformed.error.field.as_deref(), Some("preview"));
}

#[test]
fn p3_a_key_has_up_to_64_characters_not_bytes() {
    let frame = json!({"type": "send", "conversation": "c", "key": "😀".repeat(64), "text": "t"});
    assert!(parse_visitor(&frame.to_string()).is_ok());
}

#[test]
fn p3_what_a_page_says_of_itself_is_tidied_rather_than_refused() {
    let page = json!({"url": "https://x/", "title": "ü".repeat(2000), "referrer": "android-app://com.example"});
    let frame = json!({"type": "hello", "playbook": "p", "page": page});
    let VisitorAsk::Hello(hello) = parse_visitor(&frame.to_string()).unwrap().ask else { panic!("{frame}") };
    let page = hello.page.unwrap();
    assert_eq!((page.title.unwrap().len(), page.referrer), (1024, None));
}

#[test]
fn p3_a_page_whose_address_is_too_long_can_still_say_hello() {
    let shortened = |url: &str| {
        let frame = json!({"type": "hello", "playbook": "p", "page": {"url": url}});
        let VisitorAsk::Hello(hello) = parse_visitor(&frame.to_string()).unwrap().ask else { panic!("{frame}") };
        hello.page.unwrap().url
    };
    let (long, exact) = ("x".repeat(5000), format!("https://shop.example/{}", "x".repeat(2048 - 21)));
    assert_eq!(shortened(&format!("https://shop.example/a?ad={long}#top")), "https://shop.example/a");
    assert_eq!(shortened(&format!("https://shop.example/{long}")), "https://shop.example/");
    assert_eq!(shortened(&exact), exact);
}

#[test]
fn p4_a_limit_left_out_is_50_and_switches_left_out_stay() {
    let AgentAsk::List(list) = parse_agent(r#"{"type":"list","folder":"all","query":"  "}"#).unwrap().ask else {
        panic!("a list")
    };
    assert_eq!((list.limit(), list.query), (50, None));
    let AgentAsk::Settings(set) = parse_agent(r#"{"type":"settings","notify":{"message":false}}"#).unwrap().ask else {
        panic!("settings")
    };
    let was = crate::wire::settings::NotifySettings { unassigned: false, assigned: true, message: true };
    let is = crate::wire::settings::NotifySettings { message: false, ..was };
    assert_eq!(set.notify.over(was), is);
}

#[test]
fn s5_a_frame_nests_at_most_16_levels() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!(r#"{{"type":"start","id":1,"x":{open}{close}}}"#)
    };
    assert!(parse_visitor(&nested(MAX_DEPTH)).is_ok());
    for depth in [MAX_DEPTH + 1, 130, 30_000] {
        let malformed = refused(&nested(depth));
        assert_eq!((malformed.error.code, malformed.id, malformed.counts), (ErrorCode::Invalid, Some(1.into()), true));
    }
    let brackets_in_a_text = format!(r#"{{"type":"start","x":"\\\"{}"}}"#, "[{".repeat(100));
    assert!(parse_visitor(&brackets_in_a_text).is_ok());
}

#[test]
fn s5_an_explanation_does_not_repeat_a_frame() {
    let frame = json!({"type": "typing", "conversation": "c", "on": "x".repeat(60_000)}).to_string();
    assert!(refused(&frame).error.message.chars().count() <= 200);
}

#[test]
fn p1_every_request_a_client_builds_is_read_as_it_was_meant() {
    for (name, request) in samples::visitor_requests() {
        assert_eq!(parse_visitor(&request.to_frame()).unwrap(), request, "{name}");
        assert!(name.starts_with(request.ask.name()), "{name}");
    }
    for (name, request) in samples::agent_requests() {
        assert_eq!(parse_agent(&request.to_frame()).unwrap(), request, "{name}");
        assert!(name.starts_with(request.ask.name()), "{name}");
    }
}

/// JSON of any shape, with the names and types of real frames in it.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        "(hello|send|answer|seen|item|details|list|assign|c_1|lead)".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(
                "(type|id|conversation|key|text|page|url|after|seq|details|deal|value|notify|to|kind)",
                inner,
                0..8
            )
            .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A real frame with one of its members replaced by anything.
fn bent_frame() -> impl Strategy<Value = String> {
    let frames: Vec<Value> = samples::visitor_requests()
        .into_iter()
        .map(|(_, request)| request.to_frame())
        .chain(samples::agent_requests().into_iter().map(|(_, request)| request.to_frame()))
        .map(|frame| serde_json::from_str(&frame).unwrap())
        .collect();
    (prop::sample::select(frames), any::<prop::sample::Index>(), any_json()).prop_map(|(mut frame, which, value)| {
        let members = frame.as_object_mut().unwrap();
        let name = members.keys().nth(which.index(members.len())).unwrap().clone();
        members.insert(name, value);
        frame.to_string()
    })
}

/// A refusal says something and fits a frame; whatever id it has can be echoed.
fn is_sound(malformed: &Malformed) -> bool {
    !malformed.error.message.is_empty() && serde_json::to_string(&malformed.error).unwrap().len() < 4096
}

proptest! {
    #[test]
    fn s5_no_text_makes_the_reader_panic(text in ".{0,200}") {
        prop_assert!(parse_visitor(&text).err().is_none_or(|malformed| is_sound(&malformed)));
        prop_assert!(parse_agent(&text).err().is_none_or(|malformed| is_sound(&malformed)));
    }

    #[test]
    fn s5_no_json_makes_the_reader_panic(value in any_json()) {
        let text = value.to_string();
        prop_assert!(parse_visitor(&text).err().is_none_or(|malformed| is_sound(&malformed)));
        prop_assert!(parse_agent(&text).err().is_none_or(|malformed| is_sound(&malformed)));
    }

    #[test]
    fn s5_no_bent_frame_makes_the_reader_panic(frame in bent_frame(), cut in any::<prop::sample::Index>()) {
        let cut = frame.floor_char_boundary(cut.index(frame.len() + 1));
        for text in [&frame[..], &frame[..cut]] {
            prop_assert!(parse_visitor(text).err().is_none_or(|malformed| is_sound(&malformed)));
            prop_assert!(parse_agent(text).err().is_none_or(|malformed| is_sound(&malformed)));
        }
    }

    #[test]
    fn p1_any_text_a_client_sends_arrives_as_it_was_typed(
        conversation in "[^\0]{0,30}", key in "[^\0]{1,64}", text in "[^\0]{0,100}", id in any::<u64>()
    ) {
        let say = Say { conversation: conversation.into(), key: key.into(), text };
        let visitor = Request { id: Some(id.into()), ask: VisitorAsk::Send(say.clone()) };
        prop_assert_eq!(parse_visitor(&visitor.to_frame()).unwrap(), visitor);
        let agent = Request { id: None, ask: AgentAsk::Note(say) };
        prop_assert_eq!(parse_agent(&agent.to_frame()).unwrap(), agent);
    }
}

/// Members of a `send`, sound and not.
fn member() -> impl Strategy<Value = String> {
    let deep = format!(r#""x":{}{}"#, "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    let (short, long) = ("x".repeat(MAX_KEY), "x".repeat(MAX_KEY + 1));
    let strings = ["id", "conversation", "key", "text", "type", "x"];
    let values =
        [r#""""#, r#""a""#, r#""send""#, r#""\u0000""#, r#""\u0041\n""#, r#""\ud800""#, "7", "-1", "1.5", "null", "{}"];
    let values: Vec<String> =
        values.into_iter().map(Into::into).chain([format!("\"{short}\""), format!("\"{long}\"")]).collect();
    let any = (prop::sample::select(strings.to_vec()), prop::sample::select(values));
    prop_oneof![
        3 => Just(r#""id":7"#.to_owned()),
        3 => Just(r#""conversation":"c_1""#.to_owned()),
        3 => Just(r#""key":"k""#.to_owned()),
        3 => Just(r#""text":"a \u00e4 text""#.to_owned()),
        1 => Just(deep),
        4 => any.prop_map(|(name, value)| format!("\"{name}\":{value}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn p1_the_short_way_reads_of_a_send_what_the_long_way_reads(members in prop::collection::vec(member(), 3..8)) {
        let frame = format!(r#"{{"type":"send",{}}}"#, members.join(","));
        if let Some((id, say)) = quick::send(&frame) {
            let long = parse_any(&frame, VisitorAsk::read).expect("what the short way takes is sound");
            prop_assert_eq!((long.id, long.ask), (Some(id), VisitorAsk::Send(say)), "{}", frame);
        }
    }
}

#[test]
fn p1_a_send_as_our_clients_write_it_goes_the_short_way() {
    let frame = r#"{"type":"send","id":17,"conversation":"c_1","key":"k","text":"Hello"}"#;
    assert!(quick::send(frame).is_some());
    let elsewhere = r#"{"id":17,"type":"send","conversation":"c_1","key":"k","text":"Hello"}"#;
    assert!(quick::send(elsewhere).is_none() && parse_visitor(elsewhere) == parse_visitor(frame));
}
