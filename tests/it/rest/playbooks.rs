//! Playbooks: who may read and write them, versions, and what is refused.

use serde_json::{Value, json};

use crate::support::{Hub, Visitor, http::Answer, playbooks, token};

async fn put(hub: &Hub, id: &str, version: Option<&str>, body: &Value) -> Answer {
    let path = format!("/v1/playbooks/{id}");
    let mut request = hub.request("PUT", &path).bearer(&token::agent("root", "admin")).json(body);
    if let Some(version) = version {
        request = request.header("if-match", version);
    }
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn b_a_list_stands_for_no_object_of_a_playbook() {
    let hub = Hub::start().await;
    for pointer in ["", "/appearance", "/cards", "/cards/done"] {
        let mut playbook = playbooks::live("pb_x", 20_000);
        playbook["appearance"] = json!({"color": "#3b5bdb"});
        let part = playbook.pointer_mut(pointer).expect("a part of it");
        *part = part.as_object().expect("an object").values().cloned().collect();
        hub.rest("POST", "/v1/playbooks", Some(&playbook)).await.problem(400, "invalid");
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
async fn b_a_change_needs_the_version_that_was_read() {
    let hub = Hub::start().await;
    let playbook = playbooks::live(playbooks::LIVE, 20_000);
    let read = hub.get("/v1/playbooks/pb_live", "jane").await;
    assert_eq!((read.status, read.header("etag")), (200, Some("\"1\"")));
    let blind = put(&hub, playbooks::LIVE, None, &playbook).await;
    assert_eq!(blind.problem(428, "invalid")["field"], "If-Match");
    for odd in ["x", "*", "", "1, 2", "-1", "99999999999999999999"] {
        put(&hub, playbooks::LIVE, Some(odd), &playbook).await.problem(400, "invalid");
    }
    let ahead = put(&hub, playbooks::LIVE, Some("2"), &playbook).await;
    ahead.problem(412, "conflict");
    assert_eq!(ahead.header("etag"), Some("\"1\""));
    let saved = put(&hub, playbooks::LIVE, Some("\"1\""), &playbook).await;
    assert_eq!((saved.status, saved.header("etag")), (200, Some("\"2\"")));
    // Two at once: one of them is told.
    let (one, two) = tokio::join!(
        put(&hub, playbooks::LIVE, Some("2"), &playbook),
        put(&hub, playbooks::LIVE, Some("2"), &playbook)
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    // A stale change is told of that before it is told of its faults.
    put(&hub, playbooks::LIVE, Some("1"), &json!({"cards": 5})).await.problem(412, "conflict");
    put(&hub, "pb_nobody_made", Some("1"), &playbook).await.problem(404, "not_found");
    let other = put(&hub, playbooks::LIVE, Some("3"), &playbooks::live("pb_other", 20_000)).await;
    assert_eq!(other.problem(400, "invalid")["field"], "id");
    assert_eq!(hub.get("/v1/playbooks/pb_live", "jane").await.ok()["version"], 3);
}

#[tokio::test]
async fn b_every_fault_is_told_at_once_with_its_card_and_field() {
    let hub = Hub::start().await;
    let mut playbook = playbooks::live("pb_x", 60_000);
    playbook["cards"]["live"]["wait_ms"] = json!(1);
    playbook["cards"]["live"]["online_message"] = json!("");
    playbook["cards"]["email"]["next"] = json!("nowhere");
    playbook["cards"]["lost"] = json!({"kind": "disqualify", "text": "x", "create": []});
    playbook["origins"] = json!(["https://site.example/path"]);
    let expected = [
        (Value::Null, json!("origins[0]")),
        (json!("email"), json!("next")),
        (json!("live"), json!("online_message")),
        (json!("live"), json!("wait_ms")),
        (json!("lost"), Value::Null),
    ];
    for answer in [
        hub.rest("POST", "/v1/playbooks", Some(&playbook)).await,
        put(&hub, playbooks::LIVE, Some("1"), &{
            playbook["id"] = json!(playbooks::LIVE);
            playbook.clone()
        })
        .await,
    ] {
        let problem = answer.problem(400, "invalid");
        let faults = problem["faults"].as_array().unwrap_or_else(|| panic!("{problem}"));
        for (card, field) in &expected {
            let told =
                faults.iter().any(|fault| fault["card"] == *card && (field.is_null() || fault["field"] == *field));
            assert!(told, "{card} {field} in {problem}");
        }
        assert!(faults.iter().all(|fault| fault["message"].as_str().is_some_and(|words| !words.is_empty())));
        let first = problem["field"].as_str().expect("the first one's");
        assert!(first.starts_with("cards.") || first.starts_with("origins"), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("nowhere")), "{problem}");
    }
    // Of the wrong shape: told likewise, card by card.
    playbook["cards"]["email"]["required"] = json!("yes");
    playbook["cards"]["done"]["kind"] = json!("dance");
    playbook["colour"] = json!("red");
    let problem = hub.rest("POST", "/v1/playbooks", Some(&playbook)).await.problem(400, "invalid");
    for (card, field) in [(json!("email"), "required"), (json!("done"), "kind"), (Value::Null, "colour")] {
        let faults = problem["faults"].as_array().expect("faults");
        assert!(faults.iter().any(|fault| fault["card"] == card && fault["field"] == field), "{card} in {problem}");
    }
    // Two cards of one name: JSON would keep one of them and say nothing.
    let end = r#"{"kind":"disqualify","text":"x","create":[]}"#;
    let twice = format!(r#"{{"name":"x","start":"a","cards":{{"a":{end},"a":{end}}}}}"#);
    let request = hub.request("POST", "/v1/playbooks").bearer(&token::agent("root", "admin"));
    let problem = request.text("application/json", &twice).send().await.expect("an answer").problem(400, "invalid");
    assert_eq!(problem["faults"][0]["card"], "a", "{problem}");
}

#[tokio::test]
async fn s1_a_playbook_of_another_workspace_is_not_there() {
    let hub = Hub::start().await;
    let elsewhere = {
        let mut claims = token::claims("root", "admin");
        claims["workspace"] = json!("elsewhere");
        token::signed(token::SECRET, &claims)
    };
    let ask = async |method: &'static str, path: &str, body: Option<&Value>| {
        let mut request = hub.request(method, path).bearer(&elsewhere).header("if-match", "1");
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.expect("an answer")
    };
    let playbook = playbooks::live(playbooks::LIVE, 20_000);
    assert_eq!(ask("GET", "/v1/playbooks", None).await.ok()["playbooks"], json!([]));
    for (method, body) in [("GET", None), ("PUT", Some(&playbook)), ("DELETE", None)] {
        let theirs = ask(method, "/v1/playbooks/pb_live", body).await.problem(404, "not_found");
        let never = ask(method, "/v1/playbooks/pb_never", body).await.problem(404, "not_found");
        assert_eq!(theirs, never, "{method}");
    }
    ask("GET", "/v1/why?playbook=pb_live", None).await.problem(404, "not_found");
    assert_eq!(hub.get("/v1/playbooks/pb_live", "jane").await.ok()["version"], 1);
    // What a body says about workspaces counts for nothing.
    let mut smuggled = playbook.clone();
    smuggled["workspace"] = json!("default");
    let made = ask("POST", "/v1/playbooks", Some(&smuggled)).await.ok();
    let id = made["id"].as_str().expect("an id").to_owned();
    hub.get(&format!("/v1/playbooks/{id}"), "jane").await.problem(404, "not_found");
    assert_eq!(ask("GET", "/v1/playbooks", None).await.ok()["playbooks"][0]["id"], *id);
}

#[tokio::test]
async fn b_deleting_hides_a_playbook_and_its_waits_go_on() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    visitor.event_of(&chat, "waiting").await;
    assert_eq!(hub.rest("DELETE", "/v1/playbooks/pb_live", None).await.status, 204);
    hub.rest("DELETE", "/v1/playbooks/pb_live", None).await.problem(404, "not_found");
    hub.get("/v1/playbooks/pb_live", "jane").await.problem(404, "not_found");
    put(&hub, playbooks::LIVE, Some("1"), &playbooks::live(playbooks::LIVE, 20_000)).await.problem(404, "not_found");
    let listed = hub.get("/v1/playbooks", "jane").await.ok();
    assert!(!listed.to_string().contains("\"pb_live\""), "{listed}");
    hub.get("/v1/why?playbook=pb_live", "jane").await.problem(404, "not_found");
    let stranger = hub.visitors().connect().await.expect("an upgrade");
    stranger.ask(Visitor::greeting(playbooks::LIVE)).await;
    stranger.dismissed(4503).await;
    jane.claim(&chat).await;
    visitor.say(&chat, "k", "still here").await;
    jane.finish(&chat).await;
    visitor.event_of(&chat, "closed").await;
}
