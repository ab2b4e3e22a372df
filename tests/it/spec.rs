//! Every test says which rule it is for: its name begins with an id that stands in `tests/SPEC.md`.

use std::collections::BTreeSet;

use crate::floors::files;

/// The ids of `tests/SPEC.md`: what stands between `**` at the beginning of a list entry.
fn ids() -> BTreeSet<String> {
    let spec = include_str!("../SPEC.md");
    let id = |line: &str| Some(line.strip_prefix("- **")?.split_once("**")?.0.to_owned());
    spec.lines().filter_map(id).collect()
}

/// The names of the tests of a Rust file: a function under an attribute that makes it a test.
fn rust_tests(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        let attribute = line.strip_prefix("#[").and_then(|rest| rest.split(['(', ']']).next());
        if attribute.is_some_and(|path| path == "test" || path.ends_with("::test")) {
            marked = true;
        }
        let function = line.split_once("fn ").filter(|(before, _)| before.is_empty() || before.ends_with(' '));
        if let (true, Some((_, rest))) = (marked, function) {
            names.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            marked = false;
        }
    }
    names
}

/// The titles of the tests of a TypeScript file: the first argument of `test(`, `it(` and their variants.
fn typescript_tests(text: &str) -> Vec<String> {
    let mut titles = Vec::new();
    for line in text.lines().map(str::trim) {
        let call = line.split_once('(').filter(|(name, _)| {
            let name = name.split('.').next().unwrap_or_default();
            let plain = matches!(name, "test" | "it");
            plain && !line.starts_with("test.describe") && !line.starts_with("test.use")
        });
        let Some((_, rest)) = call else { continue };
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else { continue };
        titles.push(rest[1..].split(quote).next().unwrap_or_default().to_owned());
    }
    titles
}

/// The part of a name that must be an id.
fn rule(name: &str) -> &str {
    name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default()
}

#[test]
fn h6_every_test_begins_with_a_rule_of_the_spec() {
    let ids = ids();
    let mut count = 0;
    let mut faults = Vec::new();
    let rust = ["src", "tests", "benches", "loadtest"].iter().flat_map(|folder| files(folder, ".rs"));
    let script = ["web", "tests/browser"].iter().flat_map(|folder| files(folder, ".ts"));
    let named = rust
        .map(|(path, text)| (path, rust_tests(&text)))
        .chain(script.map(|(path, text)| (path, typescript_tests(&text))));
    for (path, names) in named {
        count += names.len();
        faults.extend(names.iter().filter(|name| !ids.contains(rule(name))).map(|name| format!("{path}: {name}")));
    }
    assert!(faults.is_empty(), "no rule of tests/SPEC.md:\n{}", faults.join("\n"));
    assert!(count > 100, "only {count} tests were found: the reader of sources is broken");
}

#[test]
fn h6_every_rule_stands_once_and_says_something() {
    let spec = include_str!("../SPEC.md");
    let entries: Vec<&str> = spec.lines().filter(|line| line.starts_with("- **")).collect();
    assert_eq!(entries.len(), ids().len(), "an id stands twice");
    let mute: Vec<&&str> = entries.iter().filter(|line| line.len() < 40).collect();
    assert!(mute.is_empty(), "{mute:#?}");
}

#[test]
fn h6_the_reader_finds_tests_of_every_kind() {
    let rust = "    #[test]\n    fn r1_a() {}\n#[tokio::test(start_paused = true)]\nasync fn w1_b() {}\nproptest! {\n    #[test]\n    fn d6_c(x in 0..3) {}\n}\nfn no() {}\n#[cfg(test)]\nmod tests {}";
    assert_eq!(rust_tests(rust), ["r1_a", "w1_b", "d6_c"]);
    let script = "test(\"r9 a\", async () => {});\n  it('p1: b', () => {});\nitem(\"no\");\ntest.describe(\"no\", () => {});\ntest.each([1])(`no`, x);";
    assert_eq!(typescript_tests(script), ["r9 a", "p1: b"]);
    assert_eq!((rule("r9 a"), rule("p1: b"), rule("pr1_c")), ("r9", "p1", "pr1"));
}
