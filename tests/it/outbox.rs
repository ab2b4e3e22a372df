//! What a conversation leads to reaches the outside: once where the key is honoured, signed, and never in anybody's way.

mod failing;
mod forbidden;
mod killed;
mod several;
mod telling;

use serde_json::{Value, json};

use crate::support::{Hub, Settings, Visitor, playbooks, wait};

/// A path that is a lead at once and over; its visitor may begin again.
pub const LEAD: &str = "pb_lead";

/// Settings of a hub that may send to this machine, and does not wait long between tries.
pub fn settings() -> Settings {
    let cards = json!({"done": {"kind": "qualify", "text": "Thank you!", "create": [{"kind": "lead"}]}});
    Settings::new()
        .playbook(playbooks::of(LEAD, "done", cards))
        .set("USHER_OUTBOX__ALLOW_PRIVATE", "true")
        .set("USHER_OUTBOX__FIRST_RETRY_MS", "1")
}

/// Starts a conversation that is a lead; gives its id and the lead's.
pub async fn lead(visitor: &Visitor) -> (String, String) {
    let chat = visitor.start().await;
    let item = format!("i_{}_done-0", chat.strip_prefix("c_").expect("a conversation"));
    (chat, item)
}

/// The deliveries of a webhook, newest first.
pub async fn deliveries(hub: &Hub, webhook: &str, query: &str) -> Vec<Value> {
    let path = format!("/v1/webhooks/{webhook}/deliveries?limit=100{query}");
    let page = hub.rest("GET", &path, None).await.ok();
    page["deliveries"].as_array().expect("a list").clone()
}

/// Waits until the webhook has so many deliveries in a state, and none in any other but `delivered`.
pub async fn settled(hub: &Hub, webhook: &str, state: &str, count: usize) -> Vec<Value> {
    wait::until(&format!("{count} deliveries {state}"), async || {
        let found = deliveries(hub, webhook, &format!("&state={state}")).await;
        let waiting = state != "waiting" && !deliveries(hub, webhook, "&state=waiting").await.is_empty();
        (found.len() == count && !waiting).then_some(found)
    })
    .await
}

/// A number `/metrics` shows.
pub async fn metric(hub: &Hub, line: &str) -> f64 {
    let text = hub.request("GET", "/metrics").send().await.expect("an answer").body;
    let found = text.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {line} in:\n{text}")).parse().expect("a number")
}
