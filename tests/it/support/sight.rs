//! What one reader may see, learnt from the frames themselves, and the search of every frame for what they may not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::judge::judge;

/// What one connection has been shown of the right to see a conversation: the highest `seq` at which it was theirs.
#[derive(Default)]
pub struct Sight {
    until: BTreeMap<String, u64>,
    /// Conversations this connection was told to have lost.
    lost: BTreeSet<String>,
}

/// Texts that were written while somebody owned the conversation: where, at which `seq`, and who.
#[derive(Default)]
pub struct Secrets {
    texts: BTreeMap<String, (String, u64, String)>,
}

/// What was searched.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inspected {
    /// Frames.
    pub frames: usize,
    /// Their bytes.
    pub bytes: usize,
}

// === impl Sight ===

impl Sight {
    /// Takes in what a frame itself proves: rows and events that make a conversation visible to `me`. A page of history
    /// does not name its conversation: its texts tell.
    fn learn(&mut self, frame: &Value, me: &str, of: Option<&str>) {
        for row in rows(frame) {
            let visible = row["state"] != "assigned" || row["assignee"]["id"] == me;
            if let (true, Some(id), Some(seq)) = (visible, row["id"].as_str(), row["seq"].as_u64()) {
                self.extend(id, seq);
                self.lost.remove(id);
            }
        }
        let named = frame["conversation"].as_str().or(frame["conversation"]["id"].as_str());
        let chat = named.or(of).unwrap_or_default().to_owned();
        for event in frame["events"].as_array().into_iter().flatten() {
            let opens = match event["type"].as_str() {
                Some("assigned") => event["to"]["id"] == me,
                Some("unassigned" | "closed") => true,
                _ => false,
            };
            if let (true, Some(seq)) = (opens, event["seq"].as_u64()) {
                self.extend(&chat, seq);
                self.lost.remove(&chat);
            }
        }
        if let Some(chat) = frame["remove"].as_str() {
            self.lost.insert(chat.into());
        }
    }

    fn extend(&mut self, chat: &str, seq: u64) {
        let until = self.until.entry(chat.into()).or_default();
        *until = seq.max(*until);
    }
}

fn rows(frame: &Value) -> Vec<&Value> {
    let lists =
        ["conversations", "unassigned", "mine"].iter().flat_map(|list| frame[*list].as_array().into_iter().flatten());
    let single = [&frame["upsert"], &frame["conversation"]].into_iter().filter(|row| row.is_object());
    lists.chain(single).collect()
}

// === impl Secrets ===

impl Secrets {
    /// Takes in a whole log: every text with `canary-` in front that was written while somebody owned it.
    pub fn add(&mut self, chat: &str, log: &[Value]) {
        let owners = judge(log).owners;
        for event in log {
            let (text, seq) = (event["text"].as_str().unwrap_or_default(), event["seq"].as_u64().expect("a seq"));
            if let (true, Some(owner)) = (text.starts_with("canary-"), owners.get(&seq)) {
                self.texts.insert(text.into(), (chat.to_owned(), seq, owner.clone()));
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Searches all frames of one connection of agent `me`; panics at the first that holds what it must not.
    pub fn inspect(&self, me: &str, frames: &[String]) -> Inspected {
        let mut sight = Sight::default();
        let mut inspected = Inspected::default();
        for raw in frames {
            let frame: Value = serde_json::from_str(raw).expect("JSON");
            let of = canaries(raw).find_map(|text| self.texts.get(text)).map(|(chat, ..)| &**chat);
            sight.learn(&frame, me, of);
            for text in canaries(raw) {
                let Some((chat, seq, owner)) = self.texts.get(text) else { continue };
                let allowed = owner == me || sight.until.get(chat) > Some(seq);
                assert!(allowed, "{me} was shown {text} (seq {seq}, {owner}'s): {raw}");
            }
            if matches!(frame["type"].as_str(), Some("typing" | "seen" | "visitor")) {
                let chat = frame["conversation"].as_str().unwrap_or_default();
                assert!(!sight.lost.contains(chat), "{me} had lost {chat} and was shown {raw}");
            }
            inspected.frames += 1;
            inspected.bytes += raw.len();
        }
        inspected
    }
}

/// The canaries a frame holds.
fn canaries(raw: &str) -> impl Iterator<Item = &str> {
    raw.match_indices("canary-").map(|(at, _)| {
        let end = raw[at..].find(|c: char| !c.is_alphanumeric() && c != '-').unwrap_or(raw.len() - at);
        &raw[at..at + end]
    })
}
