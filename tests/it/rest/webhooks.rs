//! Webhooks over REST: admins only, the secret once, words for what is wrong, nobody else's workspace.

use serde_json::{Value, json};

use crate::support::{Hub, Settings, hub::free_port, playbooks as seeds, token};

async fn made(hub: &Hub, wanted: Value) -> Value {
    let answer = hub.rest("POST", "/v1/webhooks", Some(&wanted)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn b_a_webhook_is_made_with_a_secret_that_is_told_once() {
    let hub = Hub::start().await;
    let all = made(&hub, json!({"url": "https://hooks.example/a?b=c"})).await;
    let some =
        made(&hub, json!({"url": "https://HOOKS.example:443", "topics": ["item.created", "item.created"]})).await;
    assert!(all["id"].as_str().is_some_and(|id| id.starts_with("wh_")), "{all}");
    assert_eq!((&all["topics"], &all["disabled"]), (&Value::Null, &Value::Null));
    assert_eq!((&some["url"], &some["topics"]), (&json!("https://hooks.example/"), &json!(["item.created"])));
    let secrets = [&all, &some].map(|made| made["secret"].as_str().expect("a secret").to_owned());
    assert!(secrets.iter().all(|secret| secret.starts_with("whsec_") && secret.len() == 6 + 44));
    assert_ne!(secrets[0], secrets[1]);
    let listed = hub.rest("GET", "/v1/webhooks", None).await;
    assert!(secrets.iter().all(|secret| !listed.body.contains(secret.as_str())), "{listed:?}");
    let listed = listed.ok();
    let ids: Vec<&Value> = listed["webhooks"].as_array().expect("a list").iter().map(|hook| &hook["id"]).collect();
    assert_eq!((ids, &listed["next"]), (vec![&all["id"], &some["id"]], &Value::Null));
    let path = format!("/v1/webhooks/{}", all["id"].as_str().expect("an id"));
    assert_eq!(hub.rest("DELETE", &path, None).await.status, 204);
    hub.rest("DELETE", &path, None).await.problem(404, "not_found");
    assert_eq!(hub.rest("GET", "/v1/webhooks", None).await.ok()["webhooks"].as_array().map(Vec::len), Some(1));
    assert!(secrets.iter().all(|secret| !hub.log().contains(secret.as_str())));
    assert!(!hub.log().contains("hooks.example"));
}

#[tokio::test]
async fn b_what_is_wrong_with_a_webhook_is_told_in_words() {
    let hub = Hub::start().await;
    let url = "https://hooks.example/";
    for (wanted, field) in [
        (json!({}), Value::Null),
        (json!([]), Value::Null),
        (json!([url, null]), Value::Null),
        (json!([url, ["item.created"]]), Value::Null),
        (json!({"url": 5}), Value::Null),
        (json!({"url": "http://hooks.example/"}), json!("url")),
        (json!({"url": "https://user:word@hooks.example/"}), json!("url")),
        (json!({"url": "https://127.0.0.1/"}), json!("url")),
        (json!({"url": "hooks.example"}), json!("url")),
        (json!({"url": url, "topics": []}), json!("topics")),
        (json!({"url": url, "topics": ["item.eaten"]}), json!("topics")),
        (json!({"url": url, "topics": "item.created"}), Value::Null),
    ] {
        let problem = hub.rest("POST", "/v1/webhooks", Some(&wanted)).await.problem(400, "invalid");
        assert_eq!(problem["field"], field, "{wanted}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|words| words.len() > 10), "{problem}");
        assert!(!problem.to_string().contains("word@"), "it repeats a password: {problem}");
    }
    for _ in 0..20 {
        made(&hub, json!({"url": url})).await;
    }
    hub.rest("POST", "/v1/webhooks", Some(&json!({"url": url}))).await.problem(409, "conflict");
}

#[tokio::test]
async fn b_webhooks_are_for_admins_of_their_own_workspace() {
    let hub = Settings::new().set("USHER_OUTBOX__ALLOW_PRIVATE", "true").start().await;
    let hook = made(&hub, json!({"url": format!("http://127.0.0.1:{}/", free_port())})).await;
    let id = hook["id"].as_str().expect("an id");
    let foreign = {
        let mut claims = token::claims("root", "admin");
        claims["workspace"] = json!("elsewhere");
        token::signed(token::SECRET, &claims)
    };
    let visitor = hub.visitor(seeds::LIVE).await;
    visitor.start().await;
    let paths = [
        ("GET", "/v1/webhooks".to_owned()),
        ("POST", "/v1/webhooks".to_owned()),
        ("DELETE", format!("/v1/webhooks/{id}")),
        ("GET", format!("/v1/webhooks/{id}/deliveries")),
        ("POST", format!("/v1/webhooks/{id}/deliveries/msg_x_1/retry")),
    ];
    for (method, path) in &paths {
        let body = json!({"url": "https://hooks.example/"});
        let send = async |token: Option<&str>| {
            let mut request = hub.request(method, path).json(&body);
            if let Some(token) = token {
                request = request.bearer(token);
            }
            request.send().await.expect("an answer")
        };
        send(None).await.problem(401, "unauthorized");
        send(Some(&token::agent("jane", "agent"))).await.problem(403, "forbidden");
        if path != "/v1/webhooks" {
            send(Some(&foreign)).await.problem(404, "not_found");
        }
    }
    let theirs = hub.request("GET", "/v1/webhooks").bearer(&foreign).send().await.expect("an answer").ok();
    assert!(!theirs.to_string().contains(id));
    hub.rest("GET", "/v1/webhooks/wh_never/deliveries", None).await.problem(404, "not_found");
    hub.rest("GET", &format!("/v1/webhooks/{id}/deliveries?state=odd"), None).await.problem(400, "invalid");
    hub.rest("GET", &format!("/v1/webhooks/{id}/deliveries?limit=0"), None).await.problem(400, "invalid");
    let never = format!("/v1/webhooks/{id}/deliveries/msg_never_1/retry");
    hub.rest("POST", &never, None).await.problem(404, "not_found");
    let page = hub.rest("GET", &format!("/v1/webhooks/{id}/deliveries?limit=1"), None).await.ok();
    let one = &page["deliveries"][0];
    assert_eq!((&one["state"], page["deliveries"].as_array().map(Vec::len)), (&json!("waiting"), Some(1)), "{page}");
    let next = page["next"].as_str().expect("the first event is on the next page");
    let page = hub.rest("GET", &format!("/v1/webhooks/{id}/deliveries?limit=1&before={next}"), None).await.ok();
    let first = &page["deliveries"][0];
    assert_eq!((&first["topic"], &first["seq"]), (&json!("conversation.started"), &json!(1)), "{page}");
    let alive = format!("/v1/webhooks/{id}/deliveries/{}/retry", one["id"].as_str().expect("an id"));
    hub.rest("POST", &alive, None).await.problem(409, "conflict");
}
