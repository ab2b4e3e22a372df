use proptest::prelude::*;
use serde_json::json;

use super::*;

fn tree(markdown: &str) -> serde_json::Value {
    serde_json::to_value(Rich::parse(markdown)).unwrap()
}

#[test]
fn r3_bold_italic_links_lists_and_images_keep_their_form() {
    assert_eq!(
        tree(
            "**One** *moment*, see [us](https://a.example/x) or <ada@b.example>.\n\n- a\n- **b**\n\n![cat](https://a.example/c.png)"
        ),
        json!([
            {"p": [{"b": ["One"]}, " ", {"i": ["moment"]}, ", see ", {"a": "https://a.example/x", "c": ["us"]}, " or ",
                   {"a": "mailto:ada@b.example", "c": ["ada@b.example"]}, "."]},
            {"ul": [["a"], [{"b": ["b"]}]]},
            {"p": [{"img": "https://a.example/c.png", "alt": "cat"}]},
        ])
    );
}

#[test]
fn r3_everything_else_shows_as_its_text() {
    assert_eq!(tree("# Head\ntext"), json!([{"p": ["Head"]}, {"p": ["text"]}]));
    assert_eq!(tree("a <b onclick=x>c</b>"), json!([{"p": ["a <b onclick=x>c</b>"]}]));
    assert_eq!(tree("<script>\nalert(1)\n</script>"), json!([{"p": ["<script>\nalert(1)\n</script>"]}]));
    assert_eq!(
        tree("`x < y`\n\n    code\n\n---\n\n> said"),
        json!([{"p": ["x < y"]}, {"p": ["code"]}, {"p": ["---"]}, {"p": ["said"]}])
    );
    assert_eq!(tree("~~a~~ | b |"), json!([{"p": ["~~a~~ | b |"]}]));
    assert_eq!(tree("1. a\n2. b\n\n   more"), json!([{"p": ["1. a"]}, {"p": ["2. b"]}, {"p": ["more"]}]));
    assert_eq!(tree("3. a\n   - x\n4. b"), json!([{"p": ["3. a"]}, {"ul": [["x"]]}, {"p": ["4. b"]}]));
}

#[test]
fn r3_a_link_or_image_of_another_scheme_shows_as_its_words() {
    for address in [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "java&#10;script:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "/relative",
        "https:///",
        "ftp://a.example",
        "",
    ] {
        assert_eq!(tree(&format!("[click](<{address}>)")), json!([{"p": ["click"]}]), "{address}");
        assert_eq!(tree(&format!("![see](<{address}>)")), json!([{"p": ["see"]}]), "{address}");
    }
    assert_eq!(tree("![see](http://a.example/c.png)"), json!([{"p": ["see"]}]));
    assert_eq!(tree("[up](HTTPS://a.example)"), json!([{"p": [{"a": "https://a.example", "c": ["up"]}]}]));
}

#[test]
fn r3_a_list_in_a_list_joins_it_and_a_bullet_keeps_its_paragraphs() {
    assert_eq!(tree("- a\n  - b\n    - c\n- d"), json!([{"ul": [["a"], ["b"], ["c"], ["d"]]}]));
    assert_eq!(tree("- a\n\n  b\n- 1. c"), json!([{"ul": [["a\nb"], ["1. c"]]}]));
}

#[test]
fn p2_an_untrusted_tree_is_made_to_keep_the_schemes_and_the_depth() {
    let rich: Rich = serde_json::from_value(json!([
        {"p": [{"a": "javascript:alert(1)", "c": ["click"]}, {"b": [{"b": [{"i": [{"b": ["deep"]}]}]}]}]},
        {"p": [{"img": "http://a.example/c.png", "alt": "cat"}]},
        {"ul": [[], [{"a": "https://a.example", "c": [{"a": "https://b.example", "c": ["in"]}]}]]},
        {"p": []},
    ]))
    .unwrap();
    assert_eq!(
        serde_json::to_value(rich).unwrap(),
        json!([{"p": ["click", {"b": [{"i": ["deep"]}]}]}, {"p": ["cat"]}, {"ul": [[{"a": "https://a.example", "c": ["in"]}]]}])
    );
}

#[test]
fn p2_plain_text_says_what_the_tree_shows() {
    let plain = |markdown| Rich::parse(markdown).plain();
    assert_eq!(
        plain("**One moment**, we are finding somebody for you."),
        "One moment, we are finding somebody for you."
    );
    assert_eq!(plain("a\nb\n\nc\n\n- d\n- e"), "a\nb\n\nc\n\n- d\n- e");
    assert_eq!(
        plain("[us](https://a.example) <https://b.example> <c@d.example>"),
        "us (https://a.example) https://b.example c@d.example"
    );
    assert_eq!(plain("![cat](https://a.example/c.png)"), "cat");
    assert_eq!(plain("![](https://a.example/c.png)"), "https://a.example/c.png");
    assert!(Rich::parse(" \n\n[a]: https://a.example\n").is_empty());
    assert!(!Rich::parse("![](https://a.example/c.png)").is_empty());
}

#[test]
fn p2_the_typescript_form_is_the_wire_form() {
    let config = ts_rs::Config::default();
    let inline = "string | { b: Array<Inline>, } | { i: Array<Inline>, } | { a: string, c: Array<Inline>, } | { img: string, alt: string, }";
    let without_docs = |text: String| {
        let mut out = String::new();
        for part in text.split("/**") {
            out.push_str(part.split_once("*/").map_or(part, |(_, rest)| rest));
        }
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(without_docs(<Inline as TS>::decl(&config)), format!("type Inline = {inline};"));
    assert_eq!(
        without_docs(<Block as TS>::decl(&config)),
        r#"type Block = { "p": Array<Inline> } | { "ul": Array<Array<Inline>> };"#
    );
    assert_eq!(<Rich as TS>::decl(&config), "type Rich = Array<Block>;");
}

#[test]
fn r3_texts_made_to_be_slow_or_deep_are_neither() {
    let pieces =
        ["[", "![", "> ", "- ", "1. ", "*a ", "**a", "_*", "<", "<a", "`", "[a](", "![a](https://b/ ", "&", "\n- "];
    for piece in pieces {
        let rich = Rich::parse(&piece.repeat(16 * 1024 / piece.len()));
        keeps_its_promises(&rich);
        serde_json::from_str::<Rich>(&serde_json::to_string(&rich).unwrap()).unwrap();
    }
}

#[test]
fn p2_the_schema_is_the_wire_form() {
    let schema = serde_json::to_value(schemars::schema_for!(Rich)).unwrap();
    assert_eq!((&schema["type"], &schema["items"]["$ref"]), (&json!("array"), &json!("#/$defs/Block")));
    let forms = |name: &str, of: &str| -> Vec<String> {
        let forms = schema["$defs"][name][of].as_array().unwrap();
        forms.iter().map(|form| form["required"].to_string()).collect()
    };
    assert_eq!(forms("Block", "oneOf"), [r#"["p"]"#, r#"["ul"]"#]);
    assert_eq!(forms("Inline", "anyOf"), ["null", r#"["b"]"#, r#"["i"]"#, r#"["a","c"]"#, r#"["img","alt"]"#]);
}

/// Text that looks like Markdown more often than chance would make it.
fn markdownish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("**".to_owned()),
        Just("*".into()),
        Just("_".into()),
        Just("[".into()),
        Just("](".into()),
        Just(")".into()),
        Just("![".into()),
        Just("https://a.example".into()),
        Just("javascript:x".into()),
        Just("mailto:a@b.c".into()),
        Just("- ".into()),
        Just("1. ".into()),
        Just("\n".into()),
        Just("\n\n".into()),
        Just("  ".into()),
        Just("> ".into()),
        Just("<script>".into()),
        Just("<a@b.c>".into()),
        Just("`".into()),
        Just("# ".into()),
        Just("---\n".into()),
        Just("&#0;".into()),
        Just("\u{0}\u{7}".into()),
        "[a-z ]{1,6}",
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn depth_of(content: &[Inline]) -> usize {
    let of = |inline: &Inline| match inline {
        Inline::Text(text) => {
            assert!(!text.is_empty() && !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
            1
        }
        Inline::Bold { b: content } | Inline::Italic { i: content } => 1 + depth_of(content),
        Inline::Link { a, c } => {
            assert!(["http://", "https://", "mailto:"].iter().any(|scheme| a.starts_with(scheme)), "{a}");
            1 + depth_of(c)
        }
        Inline::Image { img, .. } => {
            assert!(img.starts_with("https://"), "{img}");
            1
        }
    };
    content.iter().map(of).max().unwrap_or(0)
}

fn keeps_its_promises(rich: &Rich) {
    for block in rich.blocks() {
        let depth = match block {
            Block::Paragraph(content) => depth_of(content),
            Block::List(items) => items.iter().map(|item| depth_of(item)).max().unwrap_or(0),
        };
        assert!(depth <= DEPTH);
    }
}

proptest! {
    #[test]
    fn r3_any_text_gives_a_tree_of_allowed_schemes_and_bounded_depth(markdown in markdownish()) {
        let rich = Rich::parse(&markdown);
        keeps_its_promises(&rich);
        let json = serde_json::to_string(&rich).unwrap();
        let back: Rich = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&back, &rich, "{}", json);
        prop_assert!(rich.is_empty() || !rich.plain().trim().is_empty());
    }

    #[test]
    fn p2_any_tree_that_reads_keeps_the_promises(blocks in trees()) {
        if let Ok(rich) = serde_json::from_value::<Rich>(blocks) {
            keeps_its_promises(&rich);
            let again: Rich = serde_json::from_value(serde_json::to_value(&rich).unwrap()).unwrap();
            prop_assert_eq!(again, rich);
        }
    }
}

/// JSON of the shape of a tree, with addresses and depths that are not allowed.
fn trees() -> impl Strategy<Value = serde_json::Value> {
    let address = prop_oneof![
        Just("https://a.example"),
        Just("javascript:x"),
        Just(" https://a.example"),
        Just("http://a.example")
    ];
    let leaf = prop_oneof![
        any::<String>().prop_map(|text| json!(text)),
        address.clone().prop_map(|img| json!({"img": img, "alt": "x"})),
    ];
    let inline = leaf.prop_recursive(8, 40, 4, move |inner| {
        let content = proptest::collection::vec(inner, 0..4);
        (content, address.clone(), 0..3).prop_map(|(content, address, kind)| match kind {
            0 => json!({"b": content}),
            1 => json!({"i": content}),
            _ => json!({"a": address, "c": content}),
        })
    });
    let line = proptest::collection::vec(inline, 0..5);
    let block = prop_oneof![
        line.clone().prop_map(|content| json!({"p": content})),
        proptest::collection::vec(line, 0..3).prop_map(|items| json!({"ul": items})),
    ];
    proptest::collection::vec(block, 0..4).prop_map(|blocks| json!(blocks))
}
