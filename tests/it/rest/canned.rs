//! Canned answers: the workspace's own, and nobody's changes are lost.

use serde_json::{Value, json};

use crate::support::{Hub, http::Answer, token};

async fn put(hub: &Hub, token: &str, version: &str, body: &Value) -> Answer {
    let request = hub.request("PUT", "/v1/canned").bearer(token).header("if-match", version).json(body);
    request.send().await.expect("an answer")
}

fn answer(name: &str, text: &str) -> Value {
    json!({"name": name, "text": text})
}

#[tokio::test]
async fn b_canned_answers_are_saved_behind_the_version_that_was_read_and_outlive_a_restart() {
    let mut hub = Hub::start().await;
    let jane = token::agent("jane", "agent");
    assert_eq!(hub.get("/v1/canned", "max").await.ok(), json!({"canned": [], "next": null, "version": 0}));
    let first =
        json!({"canned": [answer(" Hours ", "We are here from 9 to 5.\nAlways."), answer("Bye", "=1+1 \u{1F44B}")]});
    let saved = put(&hub, &jane, "\"0\"", &first).await;
    assert_eq!(saved.header("etag"), Some("\"1\""));
    let saved = saved.ok();
    let canned = json!([answer("Hours", "We are here from 9 to 5.\nAlways."), answer("Bye", "=1+1 \u{1F44B}")]);
    assert_eq!(saved, json!({"canned": canned, "next": null, "version": 1}));
    hub.restart().await;
    let read = hub.get("/v1/canned", "max").await;
    assert_eq!((read.header("etag"), read.ok()), (Some("\"1\""), saved));
    // Whoever read before that is told.
    let refused = put(&hub, &jane, "0", &json!({"canned": []})).await;
    assert_eq!(refused.header("etag"), Some("\"1\""));
    refused.problem(412, "conflict");
    let unsaid = hub.request("PUT", "/v1/canned").bearer(&jane).json(&first).send().await.expect("an answer");
    unsaid.problem(428, "invalid");
    put(&hub, &jane, "x", &first).await.problem(400, "invalid");
    put(&hub, &jane, "4294967295", &first).await.problem(412, "conflict");
    // Of two at once one wins.
    let (one, two) = (json!({"canned": [answer("a", "1")]}), json!({"canned": [answer("a", "2")]}));
    let both = tokio::join!(put(&hub, &jane, "1", &one), put(&hub, &jane, "1", &two));
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let now = hub.get("/v1/canned", "jane").await.ok();
    assert_eq!((&now["version"], now["canned"].as_array().map(Vec::len)), (&json!(2), Some(1)));
    // None is an answer, too.
    put(&hub, &jane, "2", &json!({"canned": []})).await.ok();
    assert_eq!(hub.get("/v1/canned", "jane").await.ok(), json!({"canned": [], "next": null, "version": 3}));
}

#[tokio::test]
async fn s1_canned_answers_of_another_workspace_are_not_there() {
    let hub = Hub::start().await;
    let jane = token::agent("jane", "agent");
    put(&hub, &jane, "0", &json!({"canned": [answer("Hours", "canary")]})).await.ok();
    let other = {
        let mut claims = token::claims("jane", "admin");
        claims["workspace"] = json!("elsewhere");
        token::signed(token::SECRET, &claims)
    };
    let read = hub.request("GET", "/v1/canned").bearer(&other).send().await.expect("an answer").ok();
    assert_eq!(read, json!({"canned": [], "next": null, "version": 0}));
    put(&hub, &other, "0", &json!({"canned": [answer("Hours", "theirs")]})).await.ok();
    assert_eq!(hub.get("/v1/canned", "jane").await.ok()["canned"][0]["text"], "canary");
    for method in ["GET", "PUT"] {
        let answer = hub.request(method, "/v1/canned").header("if-match", "1").send().await.expect("an answer");
        answer.problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn b_a_list_is_no_set_of_canned_answers_and_wipes_none() {
    let hub = Hub::start().await;
    let jane = token::agent("jane", "agent");
    put(&hub, &jane, "0", &json!({"canned": [answer("Hours", "9 to 5")]})).await.ok();
    for body in
        [json!([[]]), json!([[["n", "t"]]]), json!([[answer("n", "t")]]), json!({"canned": [["n", "t"]]}), json!(null)]
    {
        put(&hub, &jane, "1", &body).await.problem(400, "invalid");
    }
    let kept = hub.get("/v1/canned", "jane").await.ok();
    assert_eq!((&kept["version"], &kept["canned"]), (&json!(1), &json!([answer("Hours", "9 to 5")])));
}

#[tokio::test]
async fn l2_canned_answers_that_cannot_stand_are_refused_and_named() {
    let hub = Hub::start().await;
    let jane = token::agent("jane", "agent");
    let long = "x".repeat(16 * 1024 + 1);
    for (canned, field) in [
        (json!([answer("", "t")]), "canned.0.name"),
        (json!([answer("   ", "t")]), "canned.0.name"),
        (json!([answer(&"n".repeat(65), "t")]), "canned.0.name"),
        (json!([answer("a\nb", "t")]), "canned.0.name"),
        (json!([answer("a", "t"), answer("A ", "t")]), "canned.1.name"),
        (json!([answer("a", " ")]), "canned.0.text"),
        (json!([answer("a", &long)]), "canned.0.text"),
        (json!([answer("a", "\u{0}")]), "canned.0.text"),
        (json!((0..201).map(|n| answer(&n.to_string(), "t")).collect::<Vec<_>>()), "canned"),
    ] {
        let problem = put(&hub, &jane, "0", &json!({"canned": canned})).await.problem(400, "invalid");
        assert_eq!(problem["field"], field, "{problem}");
    }
    let many: Vec<Value> = (0..20).map(|n| answer(&n.to_string(), &long[1..])).collect();
    put(&hub, &jane, "0", &json!({"canned": many})).await.problem(413, "too_large");
    for body in ["", "{", "[]", "{\"canned\":5}", "{\"canned\":[{\"name\":\"a\"}]}"] {
        let request = hub.request("PUT", "/v1/canned").bearer(&jane).header("if-match", "0");
        let request = request.text("application/json", body);
        request.send().await.expect("an answer").problem(400, "invalid");
    }
    assert_eq!(hub.get("/v1/canned", "jane").await.ok()["version"], 0);
    let most: Vec<Value> = (0..200).map(|n| answer(&n.to_string(), &"ü".repeat(600))).collect();
    put(&hub, &jane, "0", &json!({"canned": most})).await.ok();
    assert_eq!(hub.get("/v1/canned", "jane").await.ok()["canned"], json!(most));
}
