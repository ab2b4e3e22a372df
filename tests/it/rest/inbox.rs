//! The inbox in somebody else's page: who may frame it, and who may hand it tokens.

use serde_json::json;

use crate::support::{Hub, Settings};

async fn asked(hub: &Hub) -> (serde_json::Value, String) {
    let told = hub.request("GET", "/v1/inbox").send().await.expect("an answer").ok();
    let page = hub.request("GET", "/").send().await.expect("an answer");
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    (told, policy.rsplit("frame-ancestors ").next().expect("who may frame it").to_owned())
}

#[tokio::test]
async fn i9_only_configured_origins_may_frame_the_inbox_and_hand_it_tokens() {
    let hub = Hub::start().await;
    assert_eq!(asked(&hub).await, (json!({"host_origins": []}), "'none'".to_owned()), "by default nobody");
    let origins = "https://CRM.example, http://127.0.0.1:3000";
    let hub = Settings::new().set("USHER_INBOX__HOST_ORIGINS", origins).start().await;
    let names = json!({"host_origins": ["https://crm.example", "http://127.0.0.1:3000"]});
    assert_eq!(asked(&hub).await, (names, "https://crm.example http://127.0.0.1:3000".to_owned()));
    let demo = hub.request("GET", "/demo").send().await.expect("an answer");
    assert!(demo.header("content-security-policy").is_some_and(|policy| policy.ends_with("frame-ancestors 'none'")));
    let head = hub.request("GET", "/v1/inbox").send().await.expect("an answer");
    assert_eq!(head.header("access-control-allow-origin"), None);
}
