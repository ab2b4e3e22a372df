//! REST: visibility as on the socket, versions, problems, and what the machine tells about itself.

mod agents;
mod canned;
mod conversations;
mod inbox;
mod items;
mod machine;
mod playbooks;
mod stats;
mod table;
mod transcript;
mod visitors;
mod webhooks;
mod widget;

use serde_json::json;

use crate::support::{Hub, Settings, playbooks as seeds, token, wait};

#[tokio::test]
async fn b_rest_needs_a_token_and_writing_playbooks_an_admins() {
    let hub = Hub::start().await;
    for path in [
        "/v1/playbooks",
        "/v1/conversations",
        "/v1/items",
        "/v1/agents",
        "/v1/why?playbook=pb_live",
        "/v1/playbooks/templates",
        "/v1/conversations/c_x",
        "/v1/conversations/c_x/transcript",
        "/v1/canned",
        "/v1/stats",
    ] {
        let answer = hub.request("GET", path).send().await.expect("an answer");
        answer.problem(401, "unauthorized");
        let answer = hub.request("GET", path).header("authorization", "Basic eDp4").send().await.expect("an answer");
        assert_eq!(answer.status, 401, "{path}");
    }
    let playbook = seeds::live("pb_x", 60_000);
    for (method, path) in
        [("POST", "/v1/playbooks"), ("PUT", "/v1/playbooks/pb_live"), ("DELETE", "/v1/playbooks/pb_live")]
    {
        let request =
            hub.request(method, path).bearer(&token::agent("jane", "agent")).header("if-match", "1").json(&playbook);
        request.send().await.expect("an answer").problem(403, "forbidden");
    }
}

#[tokio::test]
async fn b_errors_are_problem_documents_whatever_is_sent() {
    let hub = Hub::start().await;
    let admin = token::agent("root", "admin");
    for body in ["", "{", "[]", "null", "5", "{\"cards\":5}", &"[".repeat(5_000)] {
        let answer = hub
            .request("POST", "/v1/playbooks")
            .bearer(&admin)
            .text("application/json", body)
            .send()
            .await
            .expect("an answer");
        assert!((400..500).contains(&answer.status), "{body:.40}: {answer:?}");
        assert_eq!(answer.json()["code"], "invalid", "{body:.40}: {answer:?}");
    }
    let big = "x".repeat(2 * 1024 * 1024);
    let answer = hub.request("POST", "/v1/playbooks").bearer(&admin).text("application/json", &big).send().await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| matches!(answer.status, 400 | 413 | 422)));
    for path in [
        "/v1/conversations/%00",
        "/v1/conversations/../../etc/passwd",
        "/v1/conversations?limit=x",
        "/v1/items?kind=car",
        "/..%2f..%2fetc/passwd",
    ] {
        let answer = hub.get(path, "jane").await;
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
    }
    assert_eq!(hub.request("PATCH", "/v1/playbooks").bearer(&admin).send().await.expect("an answer").status, 405);
}

#[tokio::test]
async fn s2_a_forged_expired_or_misdirected_token_is_refused_over_rest() {
    let hub = Hub::start().await;
    let good = token::agent("root", "admin");
    hub.request("GET", "/v1/agents").bearer(&good).send().await.expect("an answer").ok();
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = token::claims("root", "admin");
        claims[name] = value;
        token::signed(token::SECRET, &claims)
    };
    let seconds = wait::now() / 1000;
    let visitor = hub.visitor(seeds::LIVE).await;
    for bad in [
        String::new(),
        "x".to_owned(),
        format!("{good}x"),
        good[..good.len() - 2].to_owned(),
        token::signed("another key, just as long as it has to be", &token::claims("root", "admin")),
        token::signed(token::SITE_SECRET, &token::claims("root", "admin")),
        with("exp", json!(seconds - 60)),
        with("exp", serde_json::Value::Null),
        with("nbf", json!(seconds + 60)),
        with("aud", json!("usher-visitor")),
        with("role", json!("owner")),
        visitor.token().as_str().expect("a token").to_owned(),
    ] {
        for (method, path) in
            [("GET", "/v1/agents"), ("DELETE", "/v1/playbooks/pb_live"), ("GET", "/v1/conversations/c_x")]
        {
            let answer = hub.request(method, path).bearer(&bad).send().await.expect("an answer");
            answer.problem(401, "unauthorized");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert!(!answer.body.contains("eyJ"), "it repeats the token: {answer:?}");
        }
    }
    // Nowhere but in the header.
    let answer = hub.request("GET", &format!("/v1/agents?access_token={good}")).send().await.expect("an answer");
    answer.problem(401, "unauthorized");
    let lower = hub.request("GET", "/v1/agents").header("authorization", &format!("bearer {good}"));
    lower.send().await.expect("an answer").ok();
}

#[tokio::test]
async fn l2_an_agent_who_asks_too_often_is_told_when_to_come_back() {
    let hub = Settings::new().limit("AGENT_REQUESTS_PER_SECOND", 1).limit("AGENT_REQUEST_BURST", 3).start().await;
    for _ in 0..3 {
        hub.get("/v1/agents", "jane").await.ok();
    }
    let answer = wait::until("a refusal", async || {
        Some(hub.get("/v1/agents", "jane").await).filter(|answer| answer.status != 200)
    })
    .await;
    let problem = answer.problem(429, "rate_limited");
    assert!(problem["retry_after_ms"].as_u64().is_some_and(|ms| (1..=1_000).contains(&ms)), "{problem}");
    assert_eq!(answer.header("retry-after"), Some("1"));
    hub.get("/v1/agents", "max").await.ok();
}

#[tokio::test]
async fn b_a_body_that_is_too_long_is_413_and_the_answer_arrives() {
    let hub = Hub::start().await;
    let admin = token::agent("root", "admin");
    for length in [600 * 1024, 2 * 1024 * 1024] {
        let request = hub.request("POST", "/v1/playbooks").bearer(&admin).text("application/json", &"x".repeat(length));
        request.send().await.expect("an answer").problem(413, "too_large");
    }
    // Within that, but more than a playbook may be: told as a fault of it.
    let mut playbook = seeds::live("pb_x", 60_000);
    playbook["cards"]["done"]["text"] = json!("x".repeat(300 * 1024));
    let problem = hub.rest("POST", "/v1/playbooks", Some(&playbook)).await.problem(400, "invalid");
    assert!(problem["faults"].to_string().contains("256 KiB"), "{problem}");
}

#[tokio::test]
async fn b_what_is_no_route_and_no_method_is_a_problem() {
    let hub = Hub::start().await;
    for path in [
        "/v1/nothing",
        "/v1",
        "/v1/",
        "/nothing",
        "/v1/playbooks/",
        "/v1/playbooks/a/b",
        "/v1/widget/",
        "/v1/conversations/%ff",
    ] {
        let answer = hub.get(path, "jane").await;
        answer.problem(404, "not_found");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    for (method, path, allowed) in [
        ("DELETE", "/v1/conversations", "GET"),
        ("POST", "/v1/agents/jane", "DELETE"),
        ("PUT", "/healthz", "GET"),
        ("POST", "/", "GET"),
        ("POST", "/v1/agent", "GET"),
    ] {
        let answer = hub.rest(method, path, None).await;
        answer.problem(405, "unsupported");
        assert!(answer.header("allow").is_some_and(|told| told.contains(allowed)), "{method} {path}: {answer:?}");
    }
    // What speaks WebSocket says so.
    let plain = hub.request("GET", "/v1/visitor").send().await.expect("an answer");
    plain.problem(426, "unsupported");
    assert_eq!(plain.header("upgrade"), Some("websocket"));
}
