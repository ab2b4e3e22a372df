//! What keeps a playbook from being saved: paths, bounds, sizes, origins and looks.

use super::*;

#[test]
fn b_a_next_that_does_not_exist_is_refused() {
    assert_eq!(
        faults(with("/cards/email/next", json!("nowhere"))),
        [
            "card `email`: `next` leads to `nowhere`, a card that does not exist",
            "card `done`: cannot be reached from the first card",
        ]
    );
    assert_eq!(
        faults(with("/cards/hello/options/1/next", json!("x"))),
        [
            "card `hello`: `options[1].next` leads to `x`, a card that does not exist",
            "card `bye`: cannot be reached from the first card",
        ]
    );
    assert_eq!(
        faults(with("/cards/live/offline", json!("x")))[0],
        "card `live`: `offline` leads to `x`, a card that does not exist"
    );
    let lost = faults(with("/start", json!("begin")));
    assert_eq!(lost[0], "`start` is `begin`, a card that does not exist");
    assert_eq!(lost.len(), 6, "nothing can be reached: {lost:?}");
}

#[test]
fn b_a_cycle_without_a_question_in_it_is_refused() {
    let mut json = with("/cards/email", json!({"kind": "message", "text": "a", "next": "done"}));
    json["cards"]["done"] = json!({"kind": "message", "text": "b", "next": "email"});
    assert_eq!(faults(json), ["card `done`: `next` goes in a circle without a question in it: done → email → done"]);
    let alone = with("/cards/bye", json!({"kind": "message", "text": "a", "next": "bye"}));
    assert_eq!(faults(alone), ["card `bye`: `next` goes in a circle without a question in it: bye → bye"]);
    // With a question in it a circle is a way back.
    assert_eq!(faults(with("/cards/bye", json!({"kind": "message", "text": "a", "next": "hello"}))), [""; 0]);
}

#[test]
fn b_an_unreachable_card_is_refused() {
    assert_eq!(
        faults(with("/cards/spare", json!({"kind": "disqualify", "text": "x"}))),
        ["card `spare`: cannot be reached from the first card",]
    );
}

#[test]
fn r2_two_live_chats_on_one_path_are_refused() {
    let second = json!({"kind": "live_chat", "online_message": "a", "offline_message": "b", "offline": "done"});
    assert_eq!(
        faults(with("/cards/email", second.clone())),
        ["card `live`: `offline` leads to another Live Chat card, `email`: a path holds at most one",]
    );
    let mut deep = with("/cards/email/next", json!("again"));
    deep["cards"]["again"] = second.clone();
    assert_eq!(faults(deep).len(), 1);
    let back = with("/cards/email/next", json!("hello"));
    assert!(faults(back).contains(
        &"card `live`: `offline` leads to another Live Chat card, itself: a path holds at most one".to_owned()
    ));
    // On two branches each may have its own.
    let mut apart = with("/cards/bye", second);
    apart["cards"]["bye"]["offline"] = json!("done");
    assert_eq!(faults(apart), [""; 0]);
}

#[test]
fn r3_a_wait_outside_its_bounds_is_refused() {
    for (wait, fine) in [(0, false), (9_999, false), (10_000, true), (3_600_000, true), (3_600_001, false)] {
        assert_eq!(faults(with("/cards/live/wait_ms", json!(wait))).is_empty(), fine, "{wait}");
    }
    assert_eq!(
        faults(with("/cards/live/wait_ms", json!(1))),
        ["card `live`: `wait_ms` must be 10000 to 3600000 (10 seconds to an hour)",]
    );
}

#[test]
fn b_an_empty_or_endless_text_is_refused() {
    for pointer in [
        "/cards/hello/text",
        "/cards/live/online_message",
        "/cards/live/offline_message",
        "/cards/email/text",
        "/cards/done/text",
        "/cards/bye/text",
    ] {
        let field = pointer.rsplit('/').next().unwrap();
        for empty in ["", " \n\t ", "[a]: https://a.example"] {
            let told = faults(with(pointer, json!(empty)));
            assert!(told.len() == 1 && told[0].ends_with(&format!("`{field}` must not be empty")), "{told:?}");
        }
        let told = faults(with(pointer, json!("x".repeat(MAX_TEXT + 1))));
        assert!(told.len() == 1 && told[0].ends_with(&format!("`{field}` must not be longer than 16 KiB")), "{told:?}");
        assert_eq!(faults(with(pointer, json!("x".repeat(MAX_TEXT)))), [""; 0]);
    }
    assert_eq!(faults(with("/cards/bye/text", json!("![](https://a.example/bye.png)"))), [""; 0]);
}

#[test]
fn b_a_choice_needs_answers_of_different_ids() {
    let none = faults(with("/cards/hello/options", json!([])));
    assert_eq!(none[0], "card `hello`: `options` must not be empty");
    assert_eq!(
        faults(with("/cards/hello/options/1/id", json!("talk"))),
        ["card `hello`: `options[1].id` `talk` exists twice"]
    );
    assert_eq!(
        faults(with("/cards/hello/options/1/label", json!(" "))),
        ["card `hello`: `options[1].label` must not be empty"]
    );
    assert_eq!(faults(with("/cards/hello/options/1/id", json!(""))).len(), 1);
    assert_eq!(faults(with("/cards/hello/options/1/label", json!("a\nb"))).len(), 1);
    let many: Vec<Value> = (0..51)
        .map(|n| json!({"id": format!("o{n}"), "label": "x", "next": if n == 0 {"live"} else {"bye"}}))
        .collect();
    assert_eq!(faults(with("/cards/hello/options", json!(many))), ["card `hello`: `options` must not be more than 50"]);
}

#[test]
fn b_too_many_cards_and_too_long_a_playbook_are_refused() {
    let chain = |count: usize, text: &str| {
        let mut json = demo();
        for n in 0..count {
            let next = if n + 1 == count { "done".into() } else { format!("m{}", n + 1) };
            json["cards"][format!("m{n}")] = json!({"kind": "message", "text": text, "next": next});
        }
        json["cards"]["email"]["next"] = json!("m0");
        json
    };
    assert_eq!(faults(chain(MAX_CARDS - 5, "x")), [""; 0]);
    assert_eq!(faults(chain(MAX_CARDS - 4, "x")), ["`cards` must not be more than 200"]);
    assert_eq!(
        faults(chain(17, &"x".repeat(MAX_TEXT))),
        ["`cards` are too much: the whole playbook must not be longer than 256 KiB"]
    );
    assert_eq!(faults(chain(15, &"x".repeat(MAX_TEXT))), [""; 0]);
}

#[test]
fn b_a_bad_origin_is_refused_with_the_form_a_browser_sends() {
    for good in ["https://example.com", "http://localhost:3000", "https://xn--mller-kva.de", "http://[::1]:8080"] {
        assert_eq!(faults(with("/origins", json!([good]))), [""; 0], "{good}");
    }
    for (bad, hint) in [
        ("https://example.com/", "https://example.com"),
        ("https://Example.com/shop?x", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("https://müller.de", "https://xn--mller-kva.de"),
    ] {
        assert_eq!(
            faults(with("/origins", json!([bad]))),
            [format!("`origins[0]` must be an origin like https://www.example.com; did you mean {hint}?")]
        );
    }
    for bad in ["example.com", "*", "", "https://", "file:///x", "null", "https://*.example.com:x"] {
        assert_eq!(
            faults(with("/origins", json!(["https://a.example", bad]))),
            ["`origins[1]` must be an origin like https://www.example.com"],
            "{bad}"
        );
    }
}

#[test]
fn r1_a_bad_look_name_language_or_time_is_refused() {
    for (pointer, value, fault) in [
        ("/id", json!("pb demo"), "`id` must have 1 to 64 letters, digits or any of _ - ."),
        ("/name", json!(" "), "`name` must not be empty"),
        ("/workspace", json!(""), "`workspace` must have 1 to 128 characters"),
        ("/locale", json!("english"), "`locale` must be a language tag, like en or pt-BR"),
        ("/open_after_ms", json!(86_400_001), "`open_after_ms` must not be more than a day"),
        ("/appearance/color", json!("red; }"), "`appearance.color` must be a colour like #3b5bdb"),
        ("/appearance/color", json!("#3b5bd"), "`appearance.color` must be a colour like #3b5bdb"),
        ("/appearance/icon", json!("../x"), "`appearance.icon` must be the name of an icon, like chat"),
        ("/appearance/bot_name", json!(""), "`appearance.bot_name` must not be empty"),
        ("/appearance/avatar", json!("http://a.example/a.png"), "`appearance.avatar` must be an https address"),
    ] {
        assert_eq!(faults(with(pointer, value)), [fault], "{pointer}");
    }
    for (pointer, value) in [
        ("/appearance/color", json!("#ABC")),
        ("/appearance/avatar", json!("https://a.example/a.png")),
        ("/locale", json!("pt-BR")),
        ("/workspace", json!("acme")),
        ("/open_after_ms", json!(3000)),
    ] {
        assert_eq!(faults(with(pointer, value)), [""; 0], "{pointer}");
    }
}
