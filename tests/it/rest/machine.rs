//! What the machine tells about itself: health, metrics, descriptions, pages.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{
    Hub, Settings,
    http::{Answer, Request},
    hub::free_port,
    playbooks,
    raw::Raw,
    token, wait,
};

async fn get(hub: &Hub, path: &str) -> Answer {
    hub.request("GET", path).send().await.expect("an answer")
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
async fn b_pages_travel_compressed_to_whoever_takes_that_and_their_heads_say_so() {
    let hub = Hub::start().await;
    let ask = async |method, encodings: Option<&str>| {
        let request = hub.request(method, "/demo");
        let request = encodings.into_iter().fold(request, |request, list| request.header("accept-encoding", list));
        request.send().await.expect("an answer")
    };
    for (encodings, coding) in [(None, None), (Some("gzip;q=0.5, br"), Some("gzip")), (Some("br, gzip;q=0"), None)] {
        let (whole, head) = (ask("GET", encodings).await, ask("HEAD", encodings).await);
        assert_eq!((whole.status, head.status), (200, 200));
        assert_eq!(whole.header("content-encoding"), coding, "{encodings:?}");
        for name in ["content-encoding", "content-length", "content-type", "etag", "vary", "cache-control"] {
            assert_eq!(whole.header(name), head.header(name), "{name} for {encodings:?}");
        }
        assert_eq!((whole.header("vary"), head.body.len()), (Some("accept-encoding"), 0));
        let length: usize = whole.header("content-length").and_then(|length| length.parse().ok()).expect("a length");
        assert_eq!(coding.is_none(), whole.body.len() == length && whole.body.contains("<html"));
    }
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

/// The samples of an exposition by name and labels; panics where Prometheus would refuse it.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let mut kinds = BTreeMap::new();
    let mut found = BTreeMap::new();
    let (last, lines) =
        text.trim_end().lines().collect::<Vec<_>>().split_last().map(|(l, r)| (*l, r.to_vec())).expect("lines");
    assert_eq!(last, "# EOF");
    for line in lines {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<&str> = comment.splitn(3, ' ').collect();
            assert!(matches!(words[0], "HELP" | "TYPE" | "UNIT") && words.len() == 3, "{line}");
            if words[0] == "TYPE" {
                assert!(matches!(words[2], "counter" | "gauge" | "histogram" | "info"), "{line}");
                assert!(kinds.insert(words[1].to_owned(), words[2].to_owned()).is_none(), "twice: {line}");
            }
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        let family = name.split('{').next().expect("a name");
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(family.starts_with("usher_") && family.chars().all(legal), "{line}");
        let known = kinds.iter().any(|(kind, what)| match what.as_str() {
            "counter" => family == format!("{kind}_total"),
            "histogram" => ["_bucket", "_sum", "_count"].iter().any(|end| family == format!("{kind}{end}")),
            _ => family == kind,
        });
        assert!(known, "no TYPE for {line}");
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
        assert!(found.insert(name.to_owned(), value).is_none(), "twice: {line}");
    }
    found
}

#[tokio::test]
async fn o_metrics_are_openmetrics_and_count_what_happens() {
    let hub = Hub::start().await;
    let _jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    visitor.start().await;
    let answer = get(&hub, "/metrics").await;
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("application/openmetrics-text")));
    let found = samples(&answer.body);
    for (name, value) in [
        ("usher_conversations_total", 1.0),
        ("usher_waits_total", 1.0),
        ("usher_sessions{kind=\"visitor\"}", 1.0),
        ("usher_sessions{kind=\"agent\"}", 1.0),
        ("usher_sockets{side=\"visitor\"}", 1.0),
        ("usher_upgrades_total{side=\"agent\"}", 1.0),
    ] {
        assert_eq!(found.get(name), Some(&value), "{name} in {found:?}");
    }
}

#[tokio::test]
async fn o_metrics_move_to_a_listener_of_their_own() {
    let port = free_port();
    let hub = Settings::new().set("USHER_DOOR__METRICS_LISTEN", &format!("127.0.0.1:{port}")).start().await;
    get(&hub, "/metrics").await.problem(404, "not_found");
    let apart = async |path: &str| Request::new(port, "GET", path).send().await.expect("an answer");
    samples(&apart("/metrics").await.body);
    apart("/v1/agents").await.problem(404, "not_found");
    apart("/").await.problem(404, "not_found");
}

#[tokio::test]
async fn o_a_draining_hub_is_not_ready_and_takes_nobody_in() {
    let hub = Hub::start().await;
    // Somebody who does not answer the close holds up the drain for a moment.
    let mut slow = Raw::open(&hub.agents()).await;
    slow.text(&json!({"type": "hello", "id": 1, "token": token::agent("jane", "agent")}).to_string()).await;
    slow.until(|frame| frame["ok"] == true).await;
    hub.terminate();
    let answer = wait::until("the drain", async || {
        Some(hub.request("GET", "/readyz").send().await.expect("an answer")).filter(|answer| answer.status != 200)
    })
    .await;
    answer.problem(503, "unavailable");
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(get(&hub, "/healthz").await.status, 200);
    assert_eq!(hub.visitors().connect().await.err(), Some(503));
}

#[tokio::test]
async fn b_everything_the_description_names_is_there() {
    let hub = Hub::start().await;
    let document = get(&hub, "/openapi.json").await.ok();
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let place = path.replace("{playbook}", "pb_live").replace("{id}", "x_never");
        let mut allowed = Vec::new();
        for (method, operation) in methods.as_object().expect("methods") {
            let method: &'static str = match method.as_str() {
                "get" => "GET",
                "post" => "POST",
                "put" => "PUT",
                "delete" => "DELETE",
                other => panic!("{other} {path}"),
            };
            let answer = hub.rest(method, &place, None).await;
            let nothing = answer.status == 404 && answer.json()["detail"] == "there is nothing at this address";
            assert!(answer.status != 405 && !nothing && answer.status < 500, "{method} {path}: {answer:?}");
            let stranger = hub.request(method, &place).send().await.expect("an answer");
            assert_eq!(stranger.status == 401, operation["security"].is_array(), "{method} {path}: {stranger:?}");
            allowed.push(method);
            operations += 1;
        }
        let patched = hub.rest("PATCH", &place, None).await;
        patched.problem(405, "unsupported");
        let mut told: Vec<&str> = patched.header("allow").expect("which ones").split(',').map(str::trim).collect();
        told.retain(|method| *method != "HEAD");
        told.sort_unstable();
        allowed.sort_unstable();
        assert_eq!(told, allowed, "{path}");
    }
    assert!(operations >= 19, "{operations}");
}

#[tokio::test]
async fn b_answers_are_as_the_description_says() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    jane.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "A deal", "key": "i"})).await;
    let document = get(&hub, "/openapi.json").await.ok();
    let described = |path: &str| {
        let content = &document["paths"][path]["get"]["responses"]["200"]["content"];
        let mut schema = content["application/json"]["schema"].clone();
        assert!(schema.is_object(), "{path}: {content}");
        schema["components"] = document["components"].clone();
        jsonschema::draft202012::new(&schema).unwrap_or_else(|fault| panic!("{path}: {fault}"))
    };
    for (path, place) in [
        ("/v1/playbooks", "/v1/playbooks"),
        ("/v1/playbooks/{id}", "/v1/playbooks/pb_live"),
        ("/v1/playbooks/templates", "/v1/playbooks/templates"),
        ("/v1/conversations", "/v1/conversations?folder=mine"),
        ("/v1/conversations/{id}", &format!("/v1/conversations/{chat}")),
        ("/v1/items", "/v1/items"),
        ("/v1/agents", "/v1/agents"),
        ("/v1/why", "/v1/why?playbook=pb_live"),
        ("/v1/widget/{playbook}", "/v1/widget/pb_live"),
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
    ] {
        let answer = hub.get(place, "jane").await.ok();
        let faults: Vec<String> =
            described(path).iter_errors(&answer).map(|fault| format!("{fault} at {}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{path}: {faults:?}\n{answer}");
    }
    let mut problem = document["components"]["schemas"]["Problem"].clone();
    problem["components"] = document["components"].clone();
    let problem = jsonschema::draft202012::new(&problem).expect("a schema");
    for refused in [
        hub.get("/v1/conversations?limit=0", "jane").await.json(),
        hub.request("GET", "/v1/items").send().await.expect("an answer").json(),
        hub.rest("POST", "/v1/playbooks", Some(&json!({"cards": {"a": {}}}))).await.json(),
    ] {
        assert!(problem.is_valid(&refused), "{refused}");
    }
}

#[tokio::test]
async fn b_the_documentation_names_every_route() {
    let hub = Hub::start().await;
    let document = get(&hub, "/openapi.json").await.ok();
    let page = get(&hub, "/docs").await;
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{page:?}");
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'")));
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            assert!(page.body.contains(&format!("{} {path}<", method.to_uppercase())), "{method} {path}");
        }
    }
    let schema: Value = get(&hub, "/schema.json").await.ok();
    assert!(jsonschema::meta::is_valid(&schema), "no JSON Schema");
}
