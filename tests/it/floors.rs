//! The house rules, read off the sources: floors point down, nothing grows without a limit, nobody sleeps.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A room's floor; a file may use its own floor and everything below.
const FLOORS: [(&str, u8); 15] = [
    ("ids", 0),
    ("chat", 1),
    ("wire", 2),
    ("store", 3),
    ("mesh", 3),
    ("tokens", 3),
    ("hub", 4),
    ("session", 5),
    ("door", 6),
    ("outbox", 6),
    ("config", 7),
    ("house", 7),
    ("cli", 7),
    ("main", 7),
    ("lib", 7),
];

/// What a room must not know, whatever its floor: (room, word, why).
const STRANGERS: [(&str, &str, &str); 17] = [
    ("ids", "tokio", "names know no runtime"),
    ("chat", "tokio", "the domain is pure"),
    ("chat", "SystemTime", "the domain has no clock"),
    ("chat", "Instant::now", "the domain has no clock"),
    ("chat", "rusqlite", "the domain knows no SQL"),
    ("wire", "tokio", "frames know no sockets"),
    ("wire", "rusqlite", "frames know no storage"),
    ("store", "tungstenite", "a store knows no sockets"),
    ("store", "crate::mesh", "a store knows no other nodes"),
    ("mesh", "crate::store", "the mesh does not know the store"),
    ("mesh", "crate::chat", "what the mesh carries is opaque"),
    ("hub", "tungstenite", "the hub knows no sockets"),
    ("hub", "rusqlite", "the hub knows no SQL"),
    ("hub", "hyper", "the hub knows no HTTP"),
    ("session", "rusqlite", "a session knows no SQL"),
    ("session", "redis", "a session knows no Redis"),
    ("door", "decide::decide", "the door knows no rules of chat"),
];

/// The most lines of a file, its tests not counted.
const MOST_LINES: usize = 400;

struct Source {
    /// Relative to the project.
    path: String,
    text: String,
}

// === impl Source ===

impl Source {
    /// The room of a file below `src`.
    fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    /// Where the file's own tests begin.
    fn border(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests = |at: &usize| {
            lines[*at] == "#[cfg(test)]" && lines.get(at + 1).is_some_and(|next| next.starts_with("mod tests"))
        };
        (0..lines.len()).find(tests).unwrap_or(lines.len())
    }

    /// The files it declares as being for tests only.
    fn files_for_tests(&self) -> Vec<String> {
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let folder = self.path.trim_end_matches(".rs");
        let declared = |pair: &[&str]| Some(pair[1].strip_suffix(';')?.rsplit_once("mod ")?.1.to_owned());
        let marked = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
        marked.filter_map(declared).map(|name| format!("{folder}/{name}.rs")).collect()
    }

    /// Numbered lines without comments; `tests` chooses the part before the border or behind it.
    fn code(&self, tests: bool) -> Vec<(usize, &str)> {
        let border = self.border();
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(at, line)| (*at > border) == tests && !line.trim_start().starts_with("//")).collect()
    }

    /// The rooms named by `crate::…` paths outside of comments.
    fn rooms_named(&self) -> BTreeSet<String> {
        let code: Vec<&str> = self.text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n");
        let mut named = BTreeSet::new();
        for (at, found) in code.match_indices("crate::") {
            let rest = &code[at + found.len()..];
            match rest.strip_prefix('{') {
                Some(group) => named.extend(first_names(group)),
                None => named.extend([name(rest)]),
            }
        }
        named.retain(|name| FLOORS.iter().any(|(room, _)| room == name));
        named
    }
}

fn name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The names at the top of a `{…}` group of imports.
fn first_names(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            _ if depth == 0 => names.last_mut().expect("one at least").push(c),
            _ => {}
        }
    }
    names.iter().map(|import| name(import.trim())).collect()
}

/// All files below `folder` with this ending.
pub fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !matches!(entry.file_name().to_str(), Some("node_modules" | "target" | "dist")) {
                walk(&path, ending, found);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(&root.join(folder), ending, &mut found);
    found.sort();
    let relative = |path: PathBuf| {
        let name = path.strip_prefix(root).expect("below the project").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("a readable file"))
    };
    found.into_iter().map(relative).collect()
}

fn sources(folder: &str) -> Vec<Source> {
    files(folder, ".rs").into_iter().map(|(path, text)| Source { path, text }).collect()
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == room).map(|(_, floor)| *floor)
}

fn assert_none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn h1_no_file_names_a_room_above_its_floor() {
    let mut faults = Vec::new();
    for source in sources("src") {
        let Some(own) = floor(source.room()) else {
            faults.push(format!("{}: no room of design/architecture", source.path));
            continue;
        };
        for named in source.rooms_named() {
            if floor(&named) > Some(own) {
                faults.push(format!("{}: names {named}, which is above it", source.path));
            }
        }
    }
    assert_none(faults);
}

#[test]
fn h1_no_room_knows_what_it_must_not_know() {
    let mut faults = Vec::new();
    for source in sources("src") {
        for (room, word, why) in STRANGERS.iter().filter(|(room, ..)| *room == source.room()) {
            let knows = |(_, line): &&(usize, &str)| line.contains(word);
            if let Some((at, line)) = source.code(false).iter().find(knows) {
                faults.push(format!("{}:{at}: {room} names {word} ({why}): {}", source.path, line.trim()));
            }
        }
    }
    assert_none(faults);
}

#[test]
fn h2_no_file_is_longer_than_400_lines_without_its_tests() {
    let long =
        |source: &Source| (source.border() > MOST_LINES).then(|| format!("{}: {} lines", source.path, source.border()));
    let all: Vec<Source> = sources("src").into_iter().chain(sources("tests/it")).collect();
    let tests: Vec<String> = all.iter().flat_map(Source::files_for_tests).collect();
    assert_none(
        all.iter()
            .filter(|source| !tests.contains(&source.path) && !source.path.contains("/tests/"))
            .filter_map(long)
            .collect(),
    );
}

#[test]
fn h3_nothing_grows_without_a_limit_and_nothing_is_left_for_later() {
    // In two parts each, so that this file is not its own finding.
    let banned = [
        (concat!("unbounded_", "channel"), "a channel has its limit"),
        (concat!("thread::", "sleep"), "wait for something"),
        (concat!("TO", "DO"), "do it"),
        (concat!("FIX", "ME"), "fix it"),
        (concat!("todo", "!("), "do it"),
        (concat!("unimplemented", "!("), "do it"),
        (concat!("#[ig", "nore"), "a test that does not run is none"),
    ];
    let mut faults = Vec::new();
    for source in sources("src").iter().chain(&sources("tests")).chain(&sources("benches")) {
        for (at, line) in source.text.lines().enumerate() {
            for (word, why) in banned.iter().filter(|(word, _)| line.contains(word)) {
                faults.push(format!("{}:{}: {word}: {why}", source.path, at + 1));
            }
        }
    }
    assert_none(faults);
}

#[test]
fn h4_no_test_sleeps() {
    let nap = concat!("sle", "ep(");
    let mut faults = Vec::new();
    for source in sources("tests") {
        faults.extend(
            source
                .text
                .lines()
                .enumerate()
                .filter(|(_, line)| line.contains(nap))
                .map(|(at, line)| format!("{}:{}: {line}", source.path, at + 1)),
        );
    }
    for source in sources("src") {
        // Where time is paused a nap is a step of the clock.
        let paused = source.text.contains("start_paused") || source.text.contains("time::pause");
        let naps = source.code(true).into_iter().filter(|(_, line)| line.contains(nap) && !paused);
        faults.extend(naps.map(|(at, line)| format!("{}:{at}: {line}", source.path)));
    }
    for (path, text) in files("tests/browser", ".ts").into_iter().chain(files("web", ".test.ts")) {
        let naps = text.lines().enumerate().filter(|(_, line)| line.contains(concat!("waitFor", "Timeout(")));
        faults.extend(naps.map(|(at, line)| format!("{path}:{}: {line}", at + 1)));
    }
    assert_none(faults);
}

#[test]
fn h5_the_floors_test_reads_imports_as_the_compiler_does() {
    let source = |text: &str| Source { path: "src/chat/x.rs".into(), text: text.into() };
    let grouped =
        source("use crate::{\n    chat::{event::What, playbook},\n    ids::Seq, hub,\n};\n// crate::session\n");
    assert_eq!(grouped.rooms_named().into_iter().collect::<Vec<_>>(), ["chat", "hub", "ids"]);
    assert_eq!(source("fn a(b: crate::door::X) {}").rooms_named().into_iter().collect::<Vec<_>>(), ["door"]);
    assert_eq!(source("a\n#[cfg(test)]\nmod tests {\n}").border(), 1);
}
