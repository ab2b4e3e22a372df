//! REST: visibility as on the socket, versions, problems, and what the machine tells about itself.

use serde_json::{Value, json};

use crate::support::{Hub, playbooks, token};

#[tokio::test]
async fn b_the_widgets_settings_need_no_token_and_hide_what_sleeps() {
    let hub = Hub::start().await;
    let answer =
        hub.request("GET", "/v1/widget/pb_live").header("origin", playbooks::SITE).send().await.expect("an answer");
    let settings = answer.ok();
    let members: Vec<&String> = settings.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["appearance", "locale", "open_after_ms", "typing_preview"]);
    assert!(
        answer.header("access-control-allow-origin").is_some_and(|origin| origin == "*" || origin == playbooks::SITE),
        "{answer:?}"
    );
    assert!(answer.header("cache-control").is_some(), "{answer:?}");
    assert!(answer.header("set-cookie").is_none(), "{answer:?}");
    for id in [playbooks::ASLEEP, "pb_nobody_made"] {
        let answer = hub
            .request("GET", &format!("/v1/widget/{id}"))
            .header("origin", playbooks::SITE)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status, 404, "{id}");
    }
}

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
    ] {
        let answer = hub.request("GET", path).send().await.expect("an answer");
        answer.problem(401, "unauthorized");
        let answer = hub.request("GET", path).header("authorization", "Basic eDp4").send().await.expect("an answer");
        assert_eq!(answer.status, 401, "{path}");
    }
    let playbook = playbooks::live("pb_x", 60_000);
    for (method, path) in
        [("POST", "/v1/playbooks"), ("PUT", "/v1/playbooks/pb_live"), ("DELETE", "/v1/playbooks/pb_live")]
    {
        let request =
            hub.request(method, path).bearer(&token::agent("jane", "agent")).header("if-match", "1").json(&playbook);
        request.send().await.expect("an answer").problem(403, "forbidden");
    }
}

#[tokio::test]
async fn b_saving_makes_versions_and_a_stale_if_match_is_412() {
    let hub = Hub::start().await;
    let admin = token::agent("root", "admin");
    let playbook = playbooks::live("pb_ignored", 20_000);
    let made = hub.rest("POST", "/v1/playbooks", Some(&playbook)).await;
    assert!(matches!(made.status, 200 | 201), "{made:?}");
    let made = made.json();
    let id = made["id"].as_str().or(made["playbook"]["id"].as_str()).expect("an id").to_owned();
    assert!(id.starts_with("pb_") && id != "pb_ignored", "the hub makes the id: {id}");
    let path = format!("/v1/playbooks/{id}");
    let read = async || {
        let found = hub.get(&path, "jane").await.ok();
        if found["playbook"].is_object() { found["playbook"].clone() } else { found }
    };
    let found = read().await;
    assert_eq!((&found["version"], &found["live_chat"]), (&json!(1), &json!("offline_only")));
    assert_eq!((&found["cards"], &found["installed_at"]), (&playbook["cards"], &Value::Null));

    let mut changed = found.clone();
    changed["name"] = json!("Second");
    let put = async |version: Option<&str>, body: &Value| {
        let mut request = hub.request("PUT", &path).bearer(&admin).json(body);
        if let Some(version) = version {
            request = request.header("if-match", version);
        }
        request.send().await.expect("an answer")
    };
    put(Some("1"), &changed).await.ok();
    assert_eq!((&read().await["version"], &read().await["name"]), (&json!(2), &json!("Second")));
    let stale = put(Some("1"), &changed).await;
    assert_eq!(stale.status, 412, "{stale:?}");
    let blind = put(None, &changed).await;
    assert!(blind.status >= 400, "a PUT without If-Match: {blind:?}");
    assert_eq!(read().await["version"], 2);

    let deleted = hub.request("DELETE", &path).bearer(&admin).send().await.expect("an answer");
    assert!(matches!(deleted.status, 200 | 204), "{deleted:?}");
    assert_eq!(hub.get(&path, "jane").await.status, 404);
    let listed = hub.get("/v1/playbooks", "jane").await.ok();
    assert!(!listed.to_string().contains(&id));
    hub.get("/v1/playbooks/pb_nobody_made", "jane").await.problem(404, "not_found");
}

#[tokio::test]
async fn b_templates_are_playbooks_one_may_save() {
    let hub = Hub::start().await;
    let answer = hub.get("/v1/playbooks/templates", "jane").await.ok();
    let templates =
        answer["templates"].as_array().or(answer["playbooks"].as_array()).unwrap_or_else(|| panic!("{answer}"));
    let text = answer.to_string();
    for name in ["live_chat", "qualify_lead", "collect_email"] {
        assert!(text.contains(name), "no {name} in {answer}");
    }
    for template in templates {
        let body = if template["playbook"].is_object() { &template["playbook"] } else { template };
        let saved = hub.rest("POST", "/v1/playbooks", Some(body)).await;
        assert!((200..300).contains(&saved.status), "{template}: {saved:?}");
    }
}

#[tokio::test]
async fn r13_rest_shows_each_agent_what_the_socket_shows() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    let ids = async |folder: &str, sub: &str| {
        let answer = hub.get(&format!("/v1/conversations?folder={folder}"), sub).await.ok();
        assert!(answer.get("next").is_some(), "{answer}");
        answer["conversations"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| row["id"].as_str().expect("an id").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (ids("unassigned", "jane").await, ids("unassigned", "max").await),
        (vec![chat.clone()], vec![chat.clone()])
    );
    jane.claim(&chat).await;
    visitor.say(&chat, "k", "canary-text").await;
    assert_eq!(
        (ids("mine", "jane").await, ids("mine", "max").await.len(), ids("unassigned", "max").await.len()),
        (vec![chat.clone()], 0, 0)
    );
    let path = format!("/v1/conversations/{chat}");
    let own = hub.get(&path, "jane").await.ok();
    assert_eq!(own["conversation"]["id"], *chat);
    assert!(own["events"].to_string().contains("canary-text"));
    hub.get(&path, "max").await.problem(404, "not_found");
    assert_eq!(hub.rest("GET", &path, None).await.ok()["conversation"]["assignee"]["id"], "jane");
    let all = hub.get("/v1/conversations?folder=all", "max").await;
    assert_eq!(all.status, 403, "{all:?}");
    jane.finish(&chat).await;
    assert_eq!(ids("closed", "max").await, [chat.as_str()]);
    hub.get(&path, "max").await.ok();
    let bad = hub.get("/v1/conversations?folder=trash", "jane").await;
    assert!(matches!(bad.status, 400 | 422), "{bad:?}");
}

#[tokio::test]
async fn b_agents_are_listed_with_their_status() {
    let hub = Hub::start().await;
    let _jane = hub.online("jane").await;
    let _max = hub.agent("max").await;
    let answer = hub.get("/v1/agents", "max").await.ok();
    let status = |sub: &str| {
        answer["agents"]
            .as_array()
            .expect("a list")
            .iter()
            .find(|agent| agent["id"] == sub)
            .map(|agent| agent["status"].clone())
    };
    assert_eq!((status("jane"), status("max")), (Some(json!("online")), Some(json!("offline"))));
}

#[tokio::test]
async fn b_why_tells_each_condition_of_a_live_chat_with_its_value() {
    let hub = Hub::start().await;
    let why = async |playbook: &str| hub.get(&format!("/v1/why?playbook={playbook}"), "root").await;
    let before = why(playbooks::LIVE).await.ok();
    assert_eq!(before["available"], false, "{before}");
    let jane = hub.online("jane").await;
    let _visitor = hub.visitor(playbooks::LIVE).await;
    let after = why(playbooks::LIVE).await.ok();
    assert_eq!(after["available"], true, "{after}");
    assert_ne!(before, after);
    jane.switch(false).await;
    let off = why(playbooks::LIVE).await.ok();
    assert_eq!(off["available"], false);
    assert!(off.to_string().contains("nobody_online") || off.to_string().contains("online"), "{off}");
    assert_eq!(why(playbooks::ASLEEP).await.ok()["available"], false);
    why("pb_nobody_made").await.problem(404, "not_found");
}

#[tokio::test]
async fn o_health_readiness_metrics_and_descriptions_need_no_token() {
    let hub = Hub::start().await;
    let get = async |path: &str| hub.request("GET", path).send().await.expect("an answer");
    assert_eq!((get("/healthz").await.status, get("/readyz").await.status), (200, 200));
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    visitor.say(&chat, "k", "canary-text").await;
    let metrics = get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.body.lines().any(|line| line.starts_with("# TYPE")), "{}", metrics.body);
    assert!(!metrics.body.contains("canary") && !metrics.body.contains(&chat), "{}", metrics.body);
    let openapi = get("/openapi.json").await.ok();
    for path in [
        "/v1/playbooks",
        "/v1/playbooks/{id}",
        "/v1/conversations",
        "/v1/conversations/{id}",
        "/v1/items",
        "/v1/agents",
        "/v1/why",
    ] {
        let known = openapi["paths"]
            .as_object()
            .expect("paths")
            .keys()
            .any(|known| known == path || known.replace("{playbook}", "{id}") == path);
        assert!(
            known,
            "{path} is not described: {:?}",
            openapi["paths"].as_object().map(|paths| paths.keys().collect::<Vec<_>>())
        );
    }
    let schema = get("/schema.json").await.ok().to_string();
    for word in ["hello", "events", "goodbye", "inbox", "rate_limited", "unassigned"] {
        assert!(schema.contains(word), "the schema lacks {word}");
    }
    assert_eq!(get("/v1/nothing").await.status, 404);
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
async fn o_the_pages_of_the_hub_are_there_and_strict() {
    let hub = Hub::start().await;
    for path in ["/", "/demo"] {
        let answer = hub.request("GET", path).send().await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{answer:?}");
        let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("no policy on {path}"));
        assert!(policy.contains("default-src") && !policy.contains("unsafe-eval"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.header("set-cookie").is_none());
    }
}
