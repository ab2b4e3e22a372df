//! Somebody on a page with the widget.

use serde_json::{Value, json};

use super::{Client, client::is_a_client, dial::Dial, playbooks::SITE};

/// A visitor who has said `hello`.
pub struct Visitor {
    /// Their connection.
    pub client: Client,
    /// The reply to `hello`.
    pub welcome: Value,
}

is_a_client!(Visitor);

// === impl Visitor ===

impl Visitor {
    /// A stranger.
    pub async fn hello(dial: &Dial, playbook: &str) -> Self {
        Self::hello_with(dial, Self::greeting(playbook)).await
    }

    /// Somebody who says `hello` in their own words.
    pub async fn hello_with(dial: &Dial, greeting: Value) -> Self {
        let client = dial.connect().await.unwrap_or_else(|status| panic!("no upgrade: {status}"));
        let welcome = client.ok(greeting).await;
        Self { client, welcome }
    }

    /// The `hello` of a stranger on the tests' site.
    pub fn greeting(playbook: &str) -> Value {
        json!({"type": "hello", "playbook": playbook, "page": {"url": format!("{SITE}/prices"), "title": "Prices"}, "locale": "en"})
    }

    /// The same visitor on another connection, from a tab that knows nothing.
    pub async fn again(&self, dial: &Dial, playbook: &str) -> Self {
        let mut greeting = Self::greeting(playbook);
        greeting["token"] = self.token();
        Self::hello_with(dial, greeting).await
    }

    /// The same visitor behind their cursor in `conversation`.
    pub async fn resume(&self, dial: &Dial, playbook: &str, conversation: &str, seq: u64) -> Self {
        let mut greeting = Self::greeting(playbook);
        greeting["token"] = self.token();
        greeting["after"] = json!({"conversation": conversation, "epoch": self.welcome["epoch"], "seq": seq});
        Self::hello_with(dial, greeting).await
    }

    /// The token the hub issued.
    pub fn token(&self) -> Value {
        self.welcome["token"].clone()
    }

    /// Their id.
    pub fn id(&self) -> &str {
        match &self.welcome["visitor"] {
            Value::String(id) => id,
            object => object["id"].as_str().expect("a visitor id"),
        }
    }

    /// Opens a conversation and gives its id.
    pub async fn start(&self) -> String {
        let reply = self.ok(json!({"type": "start"})).await;
        reply["conversation"]["id"].as_str().expect("an id").into()
    }

    /// Answers a choice.
    pub async fn choose(&self, conversation: &str, card: &str, option: &str) -> Value {
        let key = format!("{card}-{option}");
        self.ok(json!({"type": "answer", "conversation": conversation, "card": card, "option": option, "key": key}))
            .await
    }

    /// Answers a capture.
    pub async fn fill(&self, conversation: &str, card: &str, value: &str) -> Value {
        let key = format!("{card}-value");
        self.ok(json!({"type": "answer", "conversation": conversation, "card": card, "value": value, "key": key})).await
    }

    /// Writes; the text is the key's.
    pub async fn say(&self, conversation: &str, key: &str, text: &str) -> Value {
        self.ok(json!({"type": "send", "conversation": conversation, "key": key, "text": text})).await
    }
}
