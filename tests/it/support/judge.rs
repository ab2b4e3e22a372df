//! The law of a conversation, written a second time and on its own: what may follow what in a log.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// What a whole log comes to.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Verdict {
    /// `bot`, `waiting`, `offline`, `assigned`, `unassigned` or `closed`.
    pub state: String,
    /// The last `seq`.
    pub seq: u64,
    /// Whose it is.
    pub assignee: Option<String>,
    /// Why it was missed.
    pub missed: Option<String>,
    /// When the wait ends or ended.
    pub deadline: Option<i64>,
    /// When it was closed.
    pub closed_at: Option<i64>,
    /// The side panel.
    pub details: BTreeMap<String, Value>,
    /// Items by id.
    pub items: BTreeMap<String, String>,
    /// Items whose handing on has failed so far.
    pub failing: BTreeSet<String>,
    /// How often it was assigned.
    pub assignments: usize,
    /// Who owned it at each `seq`, where somebody did.
    pub owners: BTreeMap<u64, String>,
}

/// Judges a whole log; panics at the first event that must not stand where it stands.
pub fn judge(events: &[Value]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut keys = BTreeSet::new();
    let mut last_at = 0;
    for (index, event) in events.iter().enumerate() {
        let place = Place { events, index };
        let fail = |why: &str| place.fail(why);
        if event["seq"].as_u64() != Some(index as u64 + 1) {
            fail("a hole, or the wrong order");
        }
        let at = event["at"].as_i64().unwrap_or_else(|| fail("no time"));
        if at < last_at {
            fail("time ran backwards");
        }
        last_at = at;
        if let Some(key) = event["key"].as_str() {
            let scope = if event["type"] == "item" { "item".into() } else { event["by"]["id"].to_string() };
            if !keys.insert((scope, key.to_owned())) {
                fail("a key twice");
            }
        }
        verdict.step(event, &place);
        verdict.seq = index as u64 + 1;
        if let Some(owner) = verdict.assignee.clone().filter(|_| verdict.state == "assigned") {
            verdict.owners.insert(verdict.seq, owner);
        }
    }
    verdict
}

/// An event under judgement, and those around it.
struct Place<'a> {
    events: &'a [Value],
    index: usize,
}

// === impl Place ===

impl Place<'_> {
    fn fail(&self, why: &str) -> ! {
        let around = &self.events[self.index.saturating_sub(4)..self.events.len().min(self.index + 2)];
        panic!("{why}: {}\n  in {}", self.events[self.index], json!(around))
    }
}

// === impl Verdict ===

impl Verdict {
    fn step(&mut self, event: &Value, place: &Place<'_>) {
        let (events, index) = (place.events, place.index);
        let fail = |why: &str| place.fail(why);
        let kind = event["type"].as_str().unwrap_or_else(|| fail("no type"));
        let by = event["by"]["kind"].as_str().unwrap_or_else(|| fail("no author"));
        let state = self.state.clone();
        let open = state != "closed";
        if !open && !matches!(kind, "details" | "note" | "item" | "item_failed" | "rated") {
            fail("after closing");
        }
        if (kind == "started") != (index == 0) {
            fail("a log begins with started, once");
        }
        let expect = |right: bool, why: &str| {
            if !right {
                place.fail(why);
            }
        };
        match kind {
            "started" => self.state = "bot".into(),
            "card" => expect(by == "bot" && matches!(&*state, "bot" | "offline"), "a card where no bot talks"),
            "answer" => expect(by == "visitor" && matches!(&*state, "bot" | "offline"), "an answer nobody asked for"),
            "message" => {
                let own = self.assignee.as_deref() == event["by"]["id"].as_str() && state == "assigned";
                expect(by != "agent" || own, "a message of somebody who does not own it");
                expect(by != "system", "a message of nobody");
            }
            "waiting" => {
                expect(state == "bot", "a wait that cannot begin here");
                expect(
                    events[index - 1]["type"] == "message" && events[index - 1]["by"]["kind"] == "bot",
                    "a wait without the online message",
                );
                let deadline = event["deadline"].as_i64();
                expect(
                    deadline
                        == Some(event["at"].as_i64().unwrap_or_default() + event["wait_ms"].as_i64().unwrap_or(-1)),
                    "a wrong deadline",
                );
                self.deadline = deadline;
                self.state = "waiting".into();
            }
            "missed" => {
                let reason = event["reason"].as_str().unwrap_or_else(|| fail("no reason"));
                let during = matches!(reason, "wait_expired" | "everyone_left");
                expect(state == if during { "waiting" } else { "bot" }, "missed in a wrong state");
                expect(reason != "wait_expired" || event["at"].as_i64() >= self.deadline, "missed before its deadline");
                let next = events.get(index + 1);
                expect(
                    next.is_none_or(|next| next["type"] == "message" && next["by"]["kind"] == "bot"),
                    "no offline message behind it",
                );
                self.missed = Some(reason.into());
                self.state = "offline".into();
            }
            "assigned" => {
                expect(
                    matches!(&*state, "waiting" | "offline" | "unassigned" | "assigned"),
                    "assigned in a wrong state",
                );
                let from = event["from"]["id"].as_str().map(ToOwned::to_owned);
                expect(from == self.assignee, "assigned from somebody else");
                let to = event["to"]["id"].as_str().unwrap_or_else(|| fail("assigned to nobody"));
                expect(self.assignee.as_deref() != Some(to), "assigned to its owner");
                self.assignee = Some(to.into());
                self.assignments += 1;
                self.state = "assigned".into();
            }
            "unassigned" => {
                expect(state == "assigned", "given up by nobody");
                expect(event["from"]["id"].as_str() == self.assignee.as_deref(), "given up by somebody else");
                self.assignee = None;
                self.state = "unassigned".into();
            }
            "closed" => {
                self.closed_at = event["at"].as_i64();
                self.state = "closed".into();
            }
            "details" => {
                for (group, value) in event["changes"].as_object().into_iter().flatten() {
                    match value.as_object() {
                        Some(fields) => {
                            for (field, value) in fields {
                                self.detail(format!("{group}.{field}"), value);
                            }
                        }
                        None => self.detail(group.clone(), value),
                    }
                }
            }
            "item" => {
                let item = event["item"].as_str().unwrap_or_else(|| fail("no item"));
                let before = self.items.insert(item.into(), event["kind"].as_str().unwrap_or_default().into());
                let failed = self.failing.remove(item);
                expect(before.is_none() || failed || !event["external"].is_null(), "an item made twice");
            }
            "item_failed" => {
                let item = event["item"].as_str().unwrap_or_else(|| fail("no item"));
                expect(self.items.contains_key(item), "an item that was never made");
                self.failing.insert(item.into());
            }
            "rated" | "qualified" | "disqualified" | "note" => {}
            _ => place.fail("an unknown event"),
        }
    }

    fn detail(&mut self, path: String, value: &Value) {
        match value {
            Value::Null => self.details.remove(&path),
            value => self.details.insert(path, value.clone()),
        };
    }
}

/// A nested object as paths: `person.email` and so on, without what is null or called `claimed`.
pub fn paths(details: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (group, value) in details.as_object().into_iter().flatten().filter(|(group, _)| *group != "claimed") {
        match value {
            Value::Null => {}
            Value::Object(fields) => {
                let fields = fields.iter().filter(|(_, value)| !value.is_null());
                found.extend(fields.map(|(field, value)| (format!("{group}.{field}"), value.clone())));
            }
            value => {
                found.insert(group.clone(), value.clone());
            }
        }
    }
    found
}
