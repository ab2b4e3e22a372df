//! What a page's widget asks before it paints anything.

use serde_json::{Value, json};

use crate::support::{Hub, http::Answer, playbooks};

async fn settings(hub: &Hub, id: &str, origin: Option<&str>) -> Answer {
    let mut request = hub.request("GET", &format!("/v1/widget/{id}"));
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    request.send().await.expect("an answer")
}

/// `(live_chat, installed_at)` of a playbook.
async fn status(hub: &Hub, id: &str) -> (Value, Value) {
    let found = hub.get(&format!("/v1/playbooks/{id}"), "jane").await.ok();
    (found["live_chat"].clone(), found["installed_at"].clone())
}

#[tokio::test]
async fn b_the_widgets_settings_need_no_token_and_hide_what_sleeps() {
    let hub = Hub::start().await;
    let answer =
        hub.request("GET", "/v1/widget/pb_live").header("origin", playbooks::SITE).send().await.expect("an answer");
    let settings = answer.ok();
    let members: Vec<&String> = settings.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["appearance", "labels", "language", "locale", "open_after_ms", "typing_preview"]);
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
async fn b_the_widgets_settings_come_as_a_module_too_for_pages_that_let_scripts_through_and_nothing_else() {
    let hub = Hub::start().await;
    let plain = settings(&hub, "pb_live", Some(playbooks::SITE)).await;
    let module = settings(&hub, "pb_live?module", Some(playbooks::SITE)).await;
    assert_eq!(module.body.strip_prefix("export default "), Some(plain.body.as_str()));
    let type_of = |answer: &Answer| answer.header("content-type").map(str::to_owned);
    assert_eq!(type_of(&module).as_deref(), Some("text/javascript; charset=utf-8"));
    assert_eq!(type_of(&plain).as_deref(), Some("application/json"));
    for name in ["access-control-allow-origin", "cache-control", "vary"] {
        assert_eq!(module.header(name), plain.header(name), "{name}");
    }
    settings(&hub, "pb_nobody_made?module", Some(playbooks::SITE)).await.problem(404, "not_found");
}

#[tokio::test]
async fn v7_the_widgets_settings_come_with_the_buttons_words_in_the_sites_language_else_the_playbooks_else_the_pages() {
    let hub = Hub::start().await;
    let mut playbook = playbooks::live(playbooks::LIVE, 60_000);
    for (locale, query, language, open) in [
        ("nl", "", "nl", "Chat openen"),
        ("nl", "?locale=pt-BR&lang=de", "pt", "Abrir o chat"),
        ("nl", "?locale=sv&lang=de", "nl", "Chat openen"),
        ("sv", "?module&locale=&lang=de-CH", "de", "Chat öffnen"),
        ("sv", "?lang=fi", "en", "Open chat"),
    ] {
        playbook["locale"] = json!(locale);
        let version = hub.get("/v1/playbooks/pb_live", "jane").await.ok()["version"].to_string();
        let request = hub.request("PUT", "/v1/playbooks/pb_live").header("if-match", &version);
        request
            .bearer(&crate::support::token::agent("root", "admin"))
            .json(&playbook)
            .send()
            .await
            .expect("an answer")
            .ok();
        let answer = settings(&hub, &format!("pb_live{query}"), Some(playbooks::SITE)).await;
        let said = serde_json::from_str::<Value>(answer.body.trim_start_matches("export default ")).expect("JSON");
        assert_eq!((&said["language"], &said["labels"]["open"]), (&json!(language), &json!(open)), "{locale} {query}");
        for label in ["close", "unreached"] {
            assert!(said["labels"][label].as_str().is_some_and(|text| !text.is_empty()), "{said}");
        }
    }
}

#[tokio::test]
async fn b_a_playbook_is_seen_from_an_allowed_page_and_from_no_other() {
    let hub = Hub::start().await;
    let own = format!("http://127.0.0.1:{}", hub.port);
    // A page of the hub's own, a program, and a stranger's page: none of them is an installation.
    for (origin, found) in [(Some(own.as_str()), 200), (None, 200), (Some("https://stranger.example"), 404)] {
        let answer = settings(&hub, playbooks::FENCED, origin).await;
        assert_eq!(answer.status, found, "{origin:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{origin:?}");
        assert_eq!(status(&hub, playbooks::FENCED).await, (json!("offline_only"), Value::Null), "{origin:?}");
    }
    for near in ["http://site.example", "https://site.example:8443", "https://site.example.evil.example", "null"] {
        settings(&hub, playbooks::FENCED, Some(near)).await.problem(404, "not_found");
    }
    settings(&hub, playbooks::FENCED, Some(playbooks::SITE)).await.ok();
    let (live_chat, installed_at) = status(&hub, playbooks::FENCED).await;
    assert_eq!(live_chat, "live");
    assert!(installed_at.is_i64(), "{installed_at}");
    let two = hub
        .request("GET", "/v1/widget/pb_live")
        .header("origin", playbooks::SITE)
        .header("origin", "https://b.example");
    two.send().await.expect("an answer").problem(400, "invalid");
}

#[tokio::test]
async fn b_the_widgets_settings_follow_what_is_saved() {
    let hub = Hub::start().await;
    let save = async |version: &str, playbook: &Value| {
        let request = hub.request("PUT", "/v1/playbooks/pb_live").header("if-match", version);
        request
            .bearer(&crate::support::token::agent("root", "admin"))
            .json(playbook)
            .send()
            .await
            .expect("an answer")
            .ok()
    };
    let site = Some(playbooks::SITE);
    assert_eq!(settings(&hub, playbooks::LIVE, site).await.ok()["appearance"]["color"], "#3b5bdb");
    let mut playbook = playbooks::live(playbooks::LIVE, 60_000);
    playbook["appearance"]["color"] = json!("#ff0000");
    playbook["open_after_ms"] = json!(5_000);
    save("1", &playbook).await;
    let changed = settings(&hub, playbooks::LIVE, site).await.ok();
    assert_eq!((&changed["appearance"]["color"], &changed["open_after_ms"]), (&json!("#ff0000"), &json!(5_000)));
    playbook["active"] = json!(false);
    save("2", &playbook).await;
    settings(&hub, playbooks::LIVE, site).await.problem(404, "not_found");
    playbook["active"] = json!(true);
    save("3", &playbook).await;
    settings(&hub, playbooks::LIVE, site).await.ok();
    assert_eq!(hub.rest("DELETE", "/v1/playbooks/pb_live", None).await.status, 204);
    settings(&hub, playbooks::LIVE, site).await.problem(404, "not_found");
}
