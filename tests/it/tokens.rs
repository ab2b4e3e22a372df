//! Who may come in: agents' tokens, visitors' tokens, identities sites vouch for.

use serde_json::{Value, json};

use crate::support::{Agent, Hub, Settings, Visitor, playbooks, token, wait};

async fn refused(hub: &Hub, token: &str) {
    let client = hub.agents().connect().await.expect("an upgrade");
    client.refused(json!({"type": "hello", "token": token}), "unauthorized").await;
    client.dismissed(4502).await;
    let answer = hub.request("GET", "/v1/agents").bearer(token).send().await.expect("an answer");
    assert_eq!(answer.status, 401, "REST takes {token}");
}

fn with(key: &str, value: Value) -> String {
    let mut claims = token::claims("jane", "agent");
    claims[key] = value;
    token::signed(token::SECRET, &claims)
}

#[tokio::test]
async fn s2_forged_expired_retyped_and_misdirected_agents_tokens_are_refused() {
    let hub = Hub::start().await;
    let good = token::agent("jane", "agent");
    Agent::hello(&hub.agents(), &good).await;
    let (head, rest) = good.split_once('.').expect("three parts");
    let (body, signature) = rest.split_once('.').expect("three parts");
    let seconds = wait::now() / 1000;
    let mut no_exp = token::claims("jane", "agent");
    no_exp.as_object_mut().expect("an object").remove("exp");
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let forged = [
        String::new(),
        "a.b.c".into(),
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{head}.{body}."),
        format!("{head}.{body}"),
        format!("{head}.{body}.{}", signature.chars().rev().collect::<String>()),
        token::signed("another key, just as long as it needs to be", &token::claims("jane", "admin")),
        token::signed(token::SITE_SECRET, &token::claims("jane", "admin")),
        token::signed(token::SECRET, &no_exp),
        with("exp", json!(seconds - 60)),
        with("exp", json!("tomorrow")),
        with("nbf", json!(seconds + 600)),
        with("sub", json!("")),
        with("sub", json!("s".repeat(129))),
        with("sub", json!(5)),
        with("role", json!("owner")),
        with("aud", json!("usher-visitor")),
        token::identity("jane", "Jane"),
    ];
    for token in &forged {
        refused(&hub, token).await;
    }
    let visitor = hub.visitor(playbooks::LIVE).await;
    refused(&hub, visitor.token().as_str().expect("a token")).await;
}

#[tokio::test]
async fn s2_an_open_socket_ends_with_its_token_and_a_newer_one_extends_it() {
    let hub = Hub::start().await;
    let soon = |seconds: i64| with("exp", json!(wait::now() / 1000 + seconds));
    // At expiry, or after the ten seconds of leeway.
    let short = Agent::hello(&hub.agents(), &soon(2)).await;
    let long = Agent::hello(&hub.agents(), &soon(2)).await;
    long.ok(json!({"type": "hello", "token": token::agent("jane", "agent")})).await;
    short.dismissed(4502).await;
    long.ok(json!({"type": "list", "folder": "mine"})).await;
    assert!(long.seen().closed.is_none());
}

#[tokio::test]
async fn p1_hello_again_under_another_name_begins_anew_with_it() {
    let hub = Hub::start().await;
    let jane = hub.agent("jane").await;
    let renamed = with("name", json!("Jane Smith"));
    jane.ok(json!({"type": "hello", "token": renamed})).await;
    let goodbye = jane.dismissed(4001).await;
    assert_eq!(goodbye["reason"], "your name, picture or role has changed, connect again");
    let jane = Agent::hello(&hub.agents(), &renamed).await;
    assert_eq!(jane.welcome["agents"][0]["name"], "Jane Smith");
    // The same name and picture: nothing changes.
    jane.ok(json!({"type": "hello", "token": with("name", json!("Jane Smith"))})).await;
    jane.ok(json!({"type": "list", "folder": "mine"})).await;
}

#[tokio::test]
async fn s2_hello_again_is_for_the_same_agent_only() {
    let hub = Hub::start().await;
    let jane = hub.agent("jane").await;
    let reply = jane.ask(json!({"type": "hello", "token": token::agent("max", "admin")})).await;
    assert_eq!(reply["ok"], false, "{reply}");
    let still = hub.agent("max").await;
    assert_eq!(still.welcome["agent"]["role"], "agent");
}

#[tokio::test]
async fn p1_a_visitor_is_known_again_by_their_token_and_by_nothing_else() {
    let hub = Hub::start().await;
    let first = hub.visitor(playbooks::LIVE).await;
    let chat = first.start().await;
    let again = first.again(&hub.visitors(), playbooks::LIVE).await;
    assert_eq!((again.id(), &again.welcome["conversation"]["id"]), (first.id(), &json!(chat)));
    let stranger = hub.visitor(playbooks::LIVE).await;
    assert_ne!(stranger.id(), first.id());
    assert_eq!(stranger.welcome["conversation"], Value::Null);
}

#[tokio::test]
async fn s2_a_forged_visitor_token_is_refused_with_4502() {
    let hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let token = visitor.token().as_str().expect("a token").to_owned();
    let last = if token.ends_with('A') { "B" } else { "A" };
    let middle = token.len() / 2;
    let swapped = if token.as_bytes()[middle] == b'x' { "y" } else { "x" };
    for forged in [
        "x".to_owned(),
        format!("{}{last}", &token[..token.len() - 1]),
        format!("{}{swapped}{}", &token[..middle], &token[middle + 1..]),
        token::agent("jane", "admin"),
    ] {
        let mut greeting = Visitor::greeting(playbooks::LIVE);
        greeting["token"] = json!(forged);
        let client = hub.visitors().connect().await.expect("an upgrade");
        client.refused(greeting, "unauthorized").await;
        client.dismissed(4502).await;
    }
}

#[tokio::test]
async fn p1_a_site_vouches_for_its_visitor_and_the_anonymous_conversation_is_adopted() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let stranger = hub.visitor(playbooks::LIVE).await;
    let chat = stranger.start().await;
    let mut greeting = Visitor::greeting(playbooks::LIVE);
    greeting["token"] = stranger.token();
    greeting["identity"] = json!(token::identity("customer-7", "Ann Smith"));
    let ann = Visitor::hello_with(&hub.visitors(), greeting.clone()).await;
    assert_ne!(ann.id(), stranger.id());
    let adopted = &ann.welcome["conversation"];
    assert_eq!((&adopted["id"], &adopted["visitor"]["verified"]), (&json!(chat), &json!(true)), "{adopted}");
    assert_eq!(adopted["visitor"]["name"], "Ann Smith");
    // The anonymous tabs are told to come back at once: their page then says who they are.
    let goodbye = stranger.dismissed(4001).await;
    assert_eq!(
        (&goodbye["after_ms"], &goodbye["reason"]),
        (&json!(0), &json!("the site has said who you are, connect again"))
    );

    greeting["token"] = Value::Null;
    greeting.as_object_mut().expect("an object").remove("token");
    let elsewhere = Visitor::hello_with(&hub.visitors(), greeting).await;
    assert_eq!((elsewhere.id(), &elsewhere.welcome["conversation"]["id"]), (ann.id(), &json!(chat)));
    jane.claim(&chat).await;
    let seen = jane.open(&chat).await["conversation"].clone();
    assert_eq!(seen["visitor"]["verified"], true);
    let person = json!({"name": "Ann Smith", "email": "customer-7@site.example"});
    assert_eq!((&seen["details"]["person"], &seen["details"]["claimed"]), (&person, &json!([])), "{seen}");
}

#[tokio::test]
async fn p1_what_the_site_says_of_its_visitor_is_in_the_side_panel_and_in_the_lead_but_not_the_visitors_to_see() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let mut greeting = Visitor::greeting(playbooks::LIVE);
    greeting["identity"] = json!(token::identity("customer-8", "Bo Berg"));
    let visitor = Visitor::hello_with(&hub.visitors(), greeting).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    let seen = jane.open(&chat).await["conversation"].clone();
    assert_eq!(seen["details"]["person"], json!({"name": "Bo Berg", "email": "customer-8@site.example"}));
    assert_eq!(seen["details"]["claimed"], json!([]));
    assert!(!visitor.frames(0).concat().contains("customer-8@site.example"));
}

#[tokio::test]
async fn p1_no_visitor_is_locked_out_by_what_their_site_calls_them() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let address = "ann@site.example";
    let (long, far) = ("x".repeat(257), format!("{}@site.example", "x".repeat(592)));
    for (nth, (name, email, person)) in [
        (json!(long), json!(address), json!({"name": long[1..], "email": address})),
        (json!("Erika\nMuster"), json!(address), json!({"name": "Erika Muster", "email": address})),
        (json!("Eri\u{0}ka"), json!(far), json!({"name": "Erika"})),
        (json!(["Erika"]), json!(7), json!({})),
    ]
    .into_iter()
    .enumerate()
    {
        let mut greeting = Visitor::greeting(playbooks::LIVE);
        let claims = json!({"aud": "usher-visitor", "sub": format!("customer-{nth}"), "name": name, "email": email,
            "exp": wait::now() / 1000 + 600});
        greeting["identity"] = json!(token::signed(token::SITE_SECRET, &claims));
        let visitor = Visitor::hello_with(&hub.visitors(), greeting).await;
        let chat = visitor.start().await;
        jane.claim(&chat).await;
        let seen = jane.open(&chat).await["conversation"].clone();
        assert_eq!((&seen["visitor"]["name"], &seen["visitor"]["verified"]), (&person["name"], &json!(true)), "{seen}");
        assert_eq!(seen["details"]["person"], person);
    }
}

#[tokio::test]
async fn p1_the_token_of_a_visitor_a_site_vouches_for_says_nothing_without_the_sites_word() {
    let hub = Hub::start().await;
    let mut greeting = Visitor::greeting(playbooks::LIVE);
    greeting["identity"] = json!(token::identity("customer-7", "Ann Smith"));
    let ann = Visitor::hello_with(&hub.visitors(), greeting).await;
    ann.start().await;
    // Whoever comes to the same machine is met as somebody new, with a token of their own.
    let next = ann.again(&hub.visitors(), playbooks::LIVE).await;
    assert_ne!((next.id(), next.token()), (ann.id(), ann.token()));
    assert_eq!(next.welcome["conversation"], Value::Null);
    let once_more = next.again(&hub.visitors(), playbooks::LIVE).await;
    assert_eq!(once_more.id(), next.id());
}

#[tokio::test]
async fn s2_a_forged_identity_is_refused_with_4502() {
    let hub = Hub::start().await;
    let seconds = wait::now() / 1000;
    let claims = |aud: Value, exp: i64| json!({"aud": aud, "sub": "customer-7", "name": "Ann", "exp": exp});
    for forged in [
        "x".to_owned(),
        token::agent("customer-7", "admin"),
        token::signed(token::SECRET, &claims(json!("usher-visitor"), seconds + 600)),
        token::signed(token::SITE_SECRET, &claims(json!("other"), seconds + 600)),
        token::signed(token::SITE_SECRET, &claims(Value::Null, seconds + 600)),
        token::signed(token::SITE_SECRET, &claims(json!("usher-visitor"), seconds - 60)),
    ] {
        let mut greeting = Visitor::greeting(playbooks::LIVE);
        greeting["identity"] = json!(forged);
        let client = hub.visitors().connect().await.expect("an upgrade");
        client.refused(greeting, "unauthorized").await;
        client.dismissed(4502).await;
    }
}

#[tokio::test]
async fn s3_tokens_texts_and_addresses_stay_out_of_the_log() {
    let hub = Settings::new().set("USHER_LOG", "debug").start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    visitor.say(&chat, "k1", "canary-text-of-a-visitor").await;
    jane.say(&chat, "k2", "canary-text-of-an-agent").await;
    let bad = hub.agents().connect().await.expect("an upgrade");
    bad.ask(json!({"type": "hello", "token": "canary.bad.token"})).await;
    jane.text("canary-no-json".into()).await;
    jane.ok(json!({"type": "details", "conversation": chat, "details": {"person": {"email": "canary@site.example"}}}))
        .await;
    hub.get("/v1/conversations?folder=mine&query=canary-query", "jane").await;
    let log = hub.log();
    let token = visitor.token().as_str().expect("a token").to_owned();
    for secret in ["canary", token.as_str(), token::SECRET] {
        assert!(!log.contains(secret), "the log tells {secret}:\n{log}");
    }
    let jwt = token::agent("jane", "agent");
    let head = jwt.split('.').next().unwrap_or_default();
    assert!(!log.contains(head), "the log tells a JWT:\n{log}");
}

#[tokio::test]
async fn p1_an_agents_name_and_picture_are_those_of_the_last_token() {
    let hub = Hub::start().await;
    hub.agent("jane").await;
    let mut claims = token::claims("jane", "agent");
    claims["name"] = json!("Jane Doe");
    claims["avatar"] = json!("https://site.example/jane.png");
    Agent::hello(&hub.agents(), &token::signed(token::SECRET, &claims)).await;
    let max = hub.agent("max").await;
    let agents = max.welcome["agents"].as_array().expect("a list").clone();
    let jane = agents.iter().find(|agent| agent["id"] == "jane").expect("Jane").clone();
    assert_eq!((&jane["name"], &jane["avatar"]), (&json!("Jane Doe"), &json!("https://site.example/jane.png")));
}

#[tokio::test]
async fn p1_no_agent_is_locked_out_by_what_their_token_calls_them() {
    let hub = Hub::start().await;
    let mut claims = token::claims("jane", "agent");
    claims["name"] = json!(format!("Jane\n{}", "x".repeat(300)));
    claims["email"] = json!(["jane@site.example"]);
    claims["avatar"] = json!("https://site.example/\u{0}.png");
    let odd = token::signed(token::SECRET, &claims);
    let jane = Agent::hello(&hub.agents(), &odd).await;
    let name = format!("Jane {}", "x".repeat(251));
    assert_eq!(jane.welcome["agent"]["name"], json!(name));
    let agents = hub.request("GET", "/v1/agents").bearer(&odd).send().await.expect("an answer").ok();
    assert_eq!((&agents["agents"][0]["name"], agents["agents"][0].get("avatar")), (&json!(name), None), "{agents}");
}

#[tokio::test]
async fn s1_workspaces_never_meet() {
    let hub = Hub::start().await;
    let in_workspace = |sub: &str, workspace: &str| {
        let mut claims = token::claims(sub, "admin");
        claims["workspace"] = json!(workspace);
        token::signed(token::SECRET, &claims)
    };
    let jane = hub.online("jane").await;
    let spy = Agent::hello(&hub.agents(), &in_workspace("jane", "other")).await.online().await;
    assert_eq!(spy.welcome["agents"].as_array().map(Vec::len), Some(1), "{}", spy.welcome);
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    visitor.say(&chat, "k", "canary-of-default").await;
    jane.event(&chat, |event| event["key"] == "k").await;
    for request in [
        json!({"type": "open", "conversation": chat}),
        json!({"type": "claim", "conversation": chat}),
        json!({"type": "assign", "conversation": chat, "to": "jane"}),
        json!({"type": "close", "conversation": chat}),
        json!({"type": "send", "conversation": chat, "key": "x", "text": "x"}),
        json!({"type": "history", "conversation": chat, "before": 9, "limit": 9}),
    ] {
        spy.refused(request, "not_found").await;
    }
    jane.finish(&chat).await;
    assert!(spy.folder("closed").await.is_empty() && spy.folder("all").await.is_empty());
    let found =
        hub.request("GET", "/v1/playbooks").bearer(&in_workspace("jane", "other")).send().await.expect("an answer");
    assert_eq!(found.ok()["playbooks"].as_array().map(Vec::len), Some(0));
    let one = hub.request("GET", &format!("/v1/conversations/{chat}")).bearer(&in_workspace("jane", "other"));
    assert_eq!(one.send().await.expect("an answer").status, 404);
    let raw = spy.frames(0).join("\n");
    assert!(!raw.contains(&chat) && !raw.contains("canary"), "{raw}");
}
