//! An inbox as a client builds it: the rows and counters of `hello`, then every `inbox` push on top.

use std::collections::BTreeMap;

use serde_json::Value;

/// Rows and counters of one agent.
#[derive(Default, Debug, Clone, PartialEq)]
pub struct Mirror {
    /// Rows in sight by conversation.
    pub rows: BTreeMap<String, Value>,
    /// What the hub counts, by folder.
    pub counts: BTreeMap<String, u64>,
    /// The highest `seq` of each conversation's rows and removals.
    heads: BTreeMap<String, u64>,
}

// === impl Mirror ===

impl Mirror {
    /// Folds all frames of a connection, as they travelled.
    pub fn fold(frames: &[String]) -> Self {
        let mut mirror = Self::default();
        for frame in frames {
            let frame: Value = serde_json::from_str(frame).expect("JSON");
            match frame["type"].as_str() {
                Some("reply") => {
                    for row in
                        ["unassigned", "mine"].iter().flat_map(|folder| frame[folder].as_array().into_iter().flatten())
                    {
                        mirror.upsert(row);
                    }
                    mirror.count(&frame["counts"]);
                }
                Some("inbox") => mirror.inbox(&frame),
                _ => {}
            }
        }
        mirror
    }

    fn inbox(&mut self, frame: &Value) {
        if frame["upsert"].is_object() {
            self.upsert(&frame["upsert"]);
        }
        if let Some(conversation) = frame["remove"].as_str() {
            let seq = frame["seq"].as_u64().expect("a removal says where it stands");
            if self.newer(conversation, seq) {
                self.rows.remove(conversation);
            }
        }
        self.count(&frame["counts"]);
    }

    fn upsert(&mut self, row: &Value) {
        let id = row["id"].as_str().expect("a row has an id");
        if self.newer(id, row["seq"].as_u64().expect("a row says where it stands")) {
            self.rows.insert(id.into(), row.clone());
        }
    }

    fn newer(&mut self, conversation: &str, seq: u64) -> bool {
        let head = self.heads.entry(conversation.into()).or_default();
        let newer = seq >= *head;
        *head = seq.max(*head);
        newer
    }

    fn count(&mut self, counts: &Value) {
        for (folder, count) in counts.as_object().into_iter().flatten() {
            self.counts.insert(folder.clone(), count.as_u64().expect("a count"));
        }
    }

    /// The ids of rows in one of these states, for agent `me` (an assigned one must be theirs).
    pub fn ids(&self, states: &[&str], me: &str) -> Vec<String> {
        let wanted = |row: &Value| {
            let state = row["state"].as_str().unwrap_or_default();
            states.contains(&state) && (state != "assigned" || row["assignee"]["id"] == me)
        };
        self.rows.iter().filter(|(_, row)| wanted(row)).map(|(id, _)| id.clone()).collect()
    }
}
