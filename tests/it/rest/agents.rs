//! Agents, and why a widget is (not) offered live chat.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Agent, Hub, Settings, playbooks, token, wait};

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
    assert_eq!(hub.get("/v1/why", "root").await.problem(400, "invalid")["field"], "playbook");
}

#[tokio::test]
async fn b_removing_an_agent_ends_their_sessions_and_frees_their_chats() {
    let hub = Hub::start().await;
    let (jane, phone) = (hub.online("jane").await, hub.agent("jane").await);
    let max = hub.agent("max").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    max.lost(&chat).await;
    let refused = hub.request("DELETE", "/v1/agents/jane").bearer(&token::agent("max", "agent"));
    refused.send().await.expect("an answer").problem(403, "forbidden");
    hub.rest("DELETE", "/v1/agents/nobody", None).await.problem(404, "not_found");
    let elsewhere = {
        let mut claims = token::claims("root", "admin");
        claims["workspace"] = json!("elsewhere");
        token::signed(token::SECRET, &claims)
    };
    let foreign = hub.request("DELETE", "/v1/agents/jane").bearer(&elsewhere);
    foreign.send().await.expect("an answer").problem(404, "not_found");

    let began = std::time::Instant::now();
    assert_eq!(hub.rest("DELETE", "/v1/agents/jane", None).await.status, 204);
    for session in [&jane, &phone] {
        session.dismissed(4502).await;
    }
    let row = max.row(&chat, "unassigned").await;
    assert_eq!(row["assignee"], Value::Null);
    let push = visitor.push("that nobody is there", |push| push["type"] == "available").await;
    assert_eq!(push["available"], false);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(visitor.event_of(&chat, "unassigned").await["from"]["id"], "jane");
    let listed = hub.get("/v1/agents", "max").await.ok();
    assert!(!listed.to_string().contains("jane"), "{listed}");
    hub.rest("DELETE", "/v1/agents/jane", None).await.problem(404, "not_found");
    max.claim(&chat).await;
}

#[tokio::test]
async fn s2_the_tokens_of_a_removed_agent_are_worth_nothing_and_a_newer_one_brings_them_back() {
    let hub = Hub::start().await;
    let issued = |iat: Option<i64>| {
        let mut claims = token::claims("jane", "admin");
        if let Some(iat) = iat {
            claims["iat"] = json!(iat);
        }
        token::signed(token::SECRET, &claims)
    };
    let seconds = || wait::now() / 1000;
    let old = [issued(None), issued(Some(seconds() - 60)), issued(Some(seconds() + 600))];
    let live = Agent::hello(&hub.agents(), &old[1]).await.online().await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    assert_eq!(hub.rest("DELETE", "/v1/agents/jane", None).await.status, 204);
    live.dismissed(4502).await;
    let refused = async |token: &str| {
        let knock = hub.agents().connect().await.expect("an upgrade");
        knock.refused(json!({"type": "hello", "token": token}), "unauthorized").await;
        knock.dismissed(4502).await;
        for (method, path) in [("GET", "/v1/conversations"), ("GET", "/v1/agents"), ("DELETE", "/v1/agents/root")] {
            let answer = hub.request(method, path).bearer(token).send().await.expect("an answer");
            answer.problem(401, "unauthorized");
        }
    };
    for token in &old {
        refused(token).await;
    }
    let listed = hub.get("/v1/agents", "max").await.ok();
    assert!(!listed.to_string().contains("jane"), "an old token brought them back: {listed}");
    // A token tells its second: the next one is certainly behind the removal.
    let removed = seconds();
    wait::until("the next second", async || (seconds() > removed).then_some(())).await;
    let newer = issued(Some(seconds()));
    let back = Agent::hello(&hub.agents(), &newer).await;
    assert_eq!(back.welcome["online"], false);
    hub.request("GET", "/v1/conversations").bearer(&newer).send().await.expect("an answer").ok();
    // What was worth nothing stays so, also on the connection that is there.
    for token in &old {
        refused(token).await;
        back.refused(json!({"type": "hello", "token": token}), "unauthorized").await;
    }
    back.ok(json!({"type": "hello", "token": newer})).await;
    back.switch(true).await;
    visitor.push("that somebody is there", |push| push["type"] == "available" && push["available"] == true).await;
}

#[tokio::test]
async fn b_why_tells_every_condition_that_does_not_hold() {
    let plain = playbooks::of("pb_plain", "a", json!({"a": {"kind": "disqualify", "text": "x", "create": []}}));
    let hub = Settings::new().playbook(plain).start().await;
    let why = async |playbook: &str| hub.get(&format!("/v1/why?playbook={playbook}"), "jane").await.ok();
    let conditions = |answer: &Value| -> Vec<(String, bool)> {
        let all = answer["conditions"].as_array().expect("conditions");
        assert!(all.iter().all(|one| one["message"].as_str().is_some_and(|words| words.ends_with('.'))), "{answer}");
        all.iter().map(|one| (one["name"].as_str().expect("a name").to_owned(), one["ok"] == true)).collect()
    };
    let as_told = |card: bool, active: bool, installed: bool, online: bool| {
        [("live_chat_card", card), ("active", active), ("installed", installed), ("agents_online", online)]
            .map(|(name, ok)| (name.to_owned(), ok))
            .to_vec()
    };
    let asleep = why(playbooks::ASLEEP).await;
    assert_eq!((conditions(&asleep), &asleep["reason"]), (as_told(true, false, false, false), &json!("inactive")));
    assert_eq!(conditions(&why("pb_plain").await), as_told(false, true, false, false));
    let _jane = hub.online("jane").await;
    let _max = hub.agent("max").await;
    let new = why(playbooks::LIVE).await;
    assert_eq!((conditions(&new), &new["reason"]), (as_told(true, true, false, true), &json!("not_installed")));
    let visitor = hub.visitor(playbooks::LIVE).await;
    let fine = why(playbooks::LIVE).await;
    assert_eq!((conditions(&fine), &fine["reason"]), (as_told(true, true, true, true), &json!("ok")));
    assert_eq!(fine["available"], visitor.welcome["available"]);
    let online = &fine["conditions"][3]["value"];
    assert_eq!((&online["online"], online["agents"].as_array().map(Vec::len)), (&json!(1), Some(2)), "{online}");
    assert!(fine["conditions"][2]["value"]["installed_at"].is_i64(), "{fine}");
    hub.get("/v1/why", "jane").await.problem(400, "invalid");
}
