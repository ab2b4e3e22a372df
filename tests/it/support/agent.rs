//! Somebody at the inbox.

use serde_json::{Value, json};

use super::{Client, client::is_a_client, dial::Dial};

/// An agent who has said `hello`.
pub struct Agent {
    /// Their connection.
    pub client: Client,
    /// The reply to `hello`.
    pub welcome: Value,
}

is_a_client!(Agent);

// === impl Agent ===

impl Agent {
    /// Signs in.
    pub async fn hello(dial: &Dial, token: &str) -> Self {
        let client = dial.connect().await.unwrap_or_else(|status| panic!("no upgrade: {status}"));
        let welcome = client.ok(json!({"type": "hello", "token": token})).await;
        Self { client, welcome }
    }

    /// Their id.
    pub fn id(&self) -> &str {
        self.welcome["agent"]["id"].as_str().expect("an agent id")
    }

    /// Switches on.
    pub async fn online(self) -> Self {
        self.switch(true).await;
        self
    }

    /// Turns the switch.
    pub async fn switch(&self, online: bool) {
        self.ok(json!({"type": "availability", "online": online})).await;
    }

    /// "Assign to me", which must work.
    pub async fn claim(&self, conversation: &str) -> Value {
        self.ok(json!({"type": "claim", "conversation": conversation})).await
    }

    /// Opens a conversation from its newest page.
    pub async fn open(&self, conversation: &str) -> Value {
        self.ok(json!({"type": "open", "conversation": conversation})).await
    }

    /// Gives it away, or to Unassigned.
    pub async fn assign(&self, conversation: &str, to: Option<&str>) -> Value {
        self.ok(json!({"type": "assign", "conversation": conversation, "to": to})).await
    }

    /// Writes to the visitor.
    pub async fn say(&self, conversation: &str, key: &str, text: &str) -> Value {
        self.ok(json!({"type": "send", "conversation": conversation, "key": key, "text": text})).await
    }

    /// Closes for good.
    pub async fn finish(&self, conversation: &str) -> Value {
        self.ok(json!({"type": "close", "conversation": conversation})).await
    }

    /// All rows of a folder, page by page.
    pub async fn folder(&self, folder: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut before = Value::Null;
        loop {
            let mut request = json!({"type": "list", "folder": folder, "limit": 50});
            if !before.is_null() {
                request["before"] = before;
            }
            let page = self.ok(request).await;
            rows.extend(page["conversations"].as_array().expect("a list").iter().cloned());
            before = page["next"].clone();
            if before.is_null() {
                return rows;
            }
        }
    }

    /// The ids in a folder.
    pub async fn ids(&self, folder: &str) -> Vec<String> {
        let rows = self.folder(folder).await;
        rows.iter().map(|row| row["id"].as_str().expect("an id").into()).collect()
    }

    /// Waits for the row of a conversation to be pushed in a state.
    pub async fn row(&self, conversation: &str, state: &str) -> Value {
        let what = format!("the row of {conversation} as {state}");
        let push = self
            .push(&what, |push| {
                push["type"] == "inbox" && push["upsert"]["id"] == conversation && push["upsert"]["state"] == state
            })
            .await;
        push["upsert"].clone()
    }

    /// Waits until a conversation goes out of sight.
    pub async fn lost(&self, conversation: &str) -> Value {
        let what = format!("the loss of {conversation}");
        self.push(&what, |push| push["type"] == "inbox" && push["remove"] == conversation).await
    }

    /// The events from the very first, by `open` and `history`.
    pub async fn transcript(&self, conversation: &str) -> Vec<Value> {
        let page = self.open(conversation).await;
        let mut events = page["events"].as_array().expect("events").clone();
        while events.first().is_some_and(|event| event["seq"].as_u64() > Some(1)) {
            let before = events[0]["seq"].clone();
            let page =
                self.ok(json!({"type": "history", "conversation": conversation, "before": before, "limit": 100})).await;
            let older = page["events"].as_array().expect("events").clone();
            assert!(!older.is_empty(), "history ends before the beginning: {before}");
            events.splice(0..0, older);
        }
        events
    }

    /// The same, and the conversation left again: of how many one likes, one after the other.
    pub async fn look_through(&self, conversation: &str) -> Vec<Value> {
        let events = self.transcript(conversation).await;
        self.ok(json!({"type": "leave", "conversation": conversation})).await;
        events
    }
}
