//! A visitor who is to be forgotten.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Agent, Hub, Visitor, playbooks, token, wait};

/// A conversation of Jane's with a canary in all that is about the person.
async fn talk(hub: &Hub, jane: &Agent, visitor: &Visitor) -> String {
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    visitor.say(&chat, "k", "canarytext of the visitor").await;
    jane.say(&chat, "k", "canarytext of the agent").await;
    let details = json!({"person": {"name": "canaryname"}, "organization": {"name": "canary"}, "note": "canary"});
    jane.ok(json!({"type": "details", "conversation": chat, "details": details})).await;
    jane.ok(json!({"type": "note", "conversation": chat, "key": "n", "text": "canarynote"})).await;
    jane.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "canarydeal", "key": "i",
        "fields": {"note": "canaryfield"}}))
        .await;
    visitor.ok(json!({"type": "page", "url": "https://canary.example/page", "title": "canary"})).await;
    wait::until("the text to be found", async || {
        let found = hub.rest("GET", "/v1/conversations?folder=all&query=canarytext", None).await.ok();
        found.to_string().contains(&chat).then_some(())
    })
    .await;
    chat
}

async fn erase(hub: &Hub, visitor: &Visitor) -> u16 {
    hub.rest("DELETE", &format!("/v1/visitors/{}", visitor.id()), None).await.status
}

#[tokio::test]
async fn b2_an_erased_visitor_is_nowhere_and_their_tabs_end() {
    let mut hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let first = talk(&hub, &jane, &visitor).await;
    jane.finish(&first).await;
    visitor.ok(json!({"type": "rate", "conversation": first, "score": 2, "comment": "canarycomment"})).await;
    let second = talk(&hub, &jane, &visitor).await;
    let tab = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    let before = jane.transcript(&first).await;
    assert_eq!(erase(&hub, &visitor).await, 204);
    for gone in [&visitor, &tab] {
        let code = wait::until("the tab's end", async || gone.seen().closed).await;
        assert_eq!(code, Some(4502));
    }
    let pages = [
        format!("/v1/conversations/{first}"),
        format!("/v1/conversations/{second}"),
        format!("/v1/conversations/{first}/transcript"),
        "/v1/conversations?folder=closed".to_owned(),
        "/v1/conversations?folder=all".to_owned(),
        "/v1/items".to_owned(),
    ];
    for page in &pages {
        let answer = hub.rest("GET", page, None).await;
        assert_eq!(answer.status, 200, "{page}");
        assert!(!answer.body.contains("canary") && !answer.body.contains(visitor.id()), "{page}: {answer:?}");
    }
    for words in ["canarytext", "canaryname", "canarynote", "canarydeal", "canarycomment"] {
        wait::until("the words to be gone", async || {
            let found = hub.rest("GET", &format!("/v1/conversations?folder=all&query={words}"), None).await.ok();
            (found["conversations"] == json!([])).then_some(())
        })
        .await;
    }
    // The skeleton stands: places, times, authors, states, counts; what the socket shows is the same.
    let after = jane.transcript(&first).await;
    let skeleton = |log: &[Value]| -> Vec<Value> {
        log.iter().map(|event| json!([event["seq"], event["at"], event["by"]["kind"], event["type"]])).collect()
    };
    assert_eq!(skeleton(&after)[..before.len()], skeleton(&before));
    assert!(!json!(after).to_string().contains("canary"));
    let closed = jane.folder("closed").await;
    assert_eq!(closed.len(), 2);
    let opened = jane.open(&second).await;
    assert_eq!(opened["conversation"]["state"], "closed");
    assert!(!opened.to_string().contains("canary"), "{opened}");
    // Once is enough, and there is nobody of that name any more.
    assert_eq!(
        (erase(&hub, &visitor).await, hub.rest("DELETE", "/v1/visitors/v_erased", None).await.status),
        (404, 404)
    );
    // Whoever comes back with the old token begins anew, and can be forgotten anew.
    let back = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    assert_eq!(back.welcome["conversation"], Value::Null);
    let third = back.start().await;
    assert!(third != first && third != second);
    back.say(&third, "k", "canarytext again").await;
    assert_eq!(erase(&hub, &back).await, 204);
    // Nor is it in the file.
    hub.terminate();
    hub.exit(Duration::from_secs(30)).await;
    for file in ["usher.db", "usher.db-wal"] {
        let Ok(bytes) = std::fs::read(hub.folder().path().join(file)) else { continue };
        assert!(bytes.windows(10).all(|some| some != b"canarytext"), "it is in {file} still");
    }
}

#[tokio::test]
async fn b2_only_an_admin_of_the_workspace_erases_a_visitor() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = talk(&hub, &jane, &visitor).await;
    let path = format!("/v1/visitors/{}", visitor.id());
    let ask =
        async |path: &str, token: &str| hub.request("DELETE", path).bearer(token).send().await.expect("an answer");
    ask(&path, &token::agent("jane", "agent")).await.problem(403, "forbidden");
    ask(&path, visitor.token().as_str().expect("a token")).await.problem(401, "unauthorized");
    hub.request("DELETE", &path).send().await.expect("an answer").problem(401, "unauthorized");
    let mut claims = token::claims("spy", "admin");
    claims["workspace"] = json!("elsewhere");
    ask(&path, &token::signed(token::SECRET, &claims)).await.problem(404, "not_found");
    let root = token::agent("root", "admin");
    for forged in ["v_x", "v_%25", "%00", "v_%27%20OR%20%271%27=%271", &chat, "jane"] {
        ask(&format!("/v1/visitors/{forged}"), &root).await.problem(404, "not_found");
    }
    assert!(visitor.seen().closed.is_none());
    let text = visitor.say(&chat, "k2", "still here").await;
    assert_eq!(text["ok"], true);
    assert!(json!(jane.transcript(&chat).await).to_string().contains("canarytext"));
}
