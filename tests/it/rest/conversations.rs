//! Conversations and items: what each agent may see, pages and search.

use serde_json::{Value, json};

use crate::support::{Agent, Hub, Settings, Visitor, playbooks, token, wait};

/// The ids of a list's rows.
fn ids(list: &Value, name: &str) -> Vec<String> {
    let rows = list[name].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

/// A conversation of Jane's, with canaries in all that can be shown.
async fn janes(hub: &Hub) -> (Agent, Visitor, String) {
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    visitor.say(&chat, "k", "canary-text").await;
    let details = json!({"person": {"name": "canary-name"}, "note": "canary-note"});
    jane.ok(json!({"type": "details", "conversation": chat, "details": details})).await;
    jane.ok(json!({"type": "note", "conversation": chat, "key": "n", "text": "canary-note"})).await;
    jane.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "canary-deal", "key": "i"})).await;
    (jane, visitor, chat)
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
async fn r13_nothing_of_an_assigned_conversation_is_told_to_another_agent_over_rest() {
    let hub = Hub::start().await;
    let _max = hub.online("max").await;
    let (jane, _visitor, chat) = janes(&hub).await;
    let paths = [
        "/v1/conversations".to_owned(),
        "/v1/conversations?folder=unassigned&query=canary".to_owned(),
        "/v1/conversations?folder=mine".to_owned(),
        "/v1/conversations?folder=mine&query=canary-text".to_owned(),
        "/v1/conversations?folder=closed".to_owned(),
        "/v1/conversations?folder=all".to_owned(),
        format!("/v1/conversations/{chat}"),
        "/v1/items".to_owned(),
        "/v1/items?kind=deal".to_owned(),
        format!("/v1/items?conversation={chat}"),
        "/v1/agents".to_owned(),
        "/v1/why?playbook=pb_live".to_owned(),
    ];
    for path in &paths {
        let answer = hub.get(path, "max").await;
        assert!(!answer.body.contains("canary") && !answer.body.contains(&chat), "{path}: {answer:?}");
    }
    let never = hub.get("/v1/conversations/c_never", "max").await.problem(404, "not_found");
    assert_eq!(hub.get(&format!("/v1/conversations/{chat}"), "max").await.problem(404, "not_found"), never);
    let never = hub.get("/v1/items?conversation=c_never", "max").await.problem(404, "not_found");
    assert_eq!(hub.get(&format!("/v1/items?conversation={chat}"), "max").await.problem(404, "not_found"), never);
    // Closed ones are everybody's.
    jane.finish(&chat).await;
    assert_eq!(
        ids(&hub.get("/v1/conversations?folder=closed", "max").await.ok(), "conversations"),
        std::slice::from_ref(&chat)
    );
    let items = hub.get(&format!("/v1/items?conversation={chat}"), "max").await.ok();
    assert_eq!((items["items"][0]["title"].as_str(), &items["next"]), (Some("canary-deal"), &Value::Null));
}

#[tokio::test]
async fn r13_with_the_switch_off_not_even_admins_see_what_is_assigned() {
    let hub = Settings::new().set("USHER_INBOX__ADMINS_SEE_ASSIGNED", "false").start().await;
    let (_jane, _visitor, chat) = janes(&hub).await;
    for path in ["/v1/conversations?folder=all".to_owned(), "/v1/items".to_owned(), format!("/v1/conversations/{chat}")]
    {
        let answer = hub.rest("GET", &path, None).await;
        assert!(!answer.body.contains("canary") && !answer.body.contains(&chat), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn b_what_has_not_reached_live_chat_is_admins_only() {
    let hub = Hub::start().await;
    let visitor = hub.visitor(playbooks::TALK).await;
    let chat = visitor.start().await;
    let path = format!("/v1/conversations/{chat}");
    hub.get(&path, "jane").await.problem(404, "not_found");
    let found = hub.rest("GET", &path, None).await.ok();
    assert_eq!((&found["conversation"]["state"], &found["events"][0]["type"]), (&json!("bot"), &json!("started")));
    assert_eq!(ids(&hub.rest("GET", "/v1/conversations?folder=all", None).await.ok(), "conversations"), [chat]);
    assert_eq!(ids(&hub.rest("GET", "/v1/conversations", None).await.ok(), "conversations"), [""; 0]);
    hub.get("/v1/conversations?folder=all", "jane").await.problem(403, "forbidden");
}

#[tokio::test]
async fn b_lists_come_in_pages_that_hold_each_row_once() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let mut chats = Vec::new();
    let mut items = Vec::new();
    for n in 0..5 {
        let visitor = hub.visitor(playbooks::LIVE).await;
        let chat = visitor.start().await;
        let made = json!({"type": "item", "conversation": chat, "kind": "lead", "title": format!("{n}"), "key": "i"});
        items.push(jane.ok(made).await["item"].as_str().expect("an id").to_owned());
        chats.push(chat);
    }
    let pages = async |path: &str, name: &str| {
        let (mut found, mut before, mut count) = (Vec::new(), String::new(), 0);
        loop {
            let page = hub.get(&format!("{path}limit=2{before}"), "max").await.ok();
            found.extend(ids(&page, name));
            count += 1;
            match page["next"].as_str() {
                Some(next) => before = format!("&before={next}"),
                None => return (found, count),
            }
        }
    };
    // Whoever waits longest comes first; items come newest first.
    assert_eq!(pages("/v1/conversations?folder=unassigned&", "conversations").await, (chats.clone(), 3));
    items.reverse();
    assert_eq!(pages("/v1/items?", "items").await, (items.clone(), 3));
    assert_eq!(ids(&hub.get("/v1/items?kind=deal", "max").await.ok(), "items"), [""; 0]);
    assert_eq!(
        ids(&hub.get(&format!("/v1/items?conversation={}", chats[4]), "max").await.ok(), "items"),
        [items[0].clone()]
    );
    for wrong in ["limit=0", "limit=101", "limit=-1", "limit=x"] {
        for path in ["/v1/conversations", "/v1/items"] {
            let problem = hub.get(&format!("{path}?{wrong}"), "max").await.problem(400, "invalid");
            assert_eq!(problem["field"], "limit", "{path}?{wrong}");
        }
    }
    let folder = hub.get("/v1/conversations?limit=1", "max").await.ok()["next"].as_str().expect("more").to_owned();
    for odd in ["nonsense", "%00", "MTIz", &folder] {
        for path in ["/v1/conversations?folder=closed&", "/v1/items?"] {
            let problem = hub.get(&format!("{path}before={odd}"), "max").await.problem(400, "invalid");
            assert_eq!(problem["field"], "before", "{path}{odd}");
        }
    }
}

#[tokio::test]
async fn b_an_item_is_read_with_its_person_and_organisation() {
    let hub = Hub::start().await;
    let (jane, _visitor, chat) = janes(&hub).await;
    let details = json!({"organization": {"name": "Acme"}, "deal": {"value": 1200, "currency": "EUR"}});
    jane.ok(json!({"type": "details", "conversation": chat, "details": details})).await;
    let found = hub.get("/v1/items?kind=deal", "jane").await.ok();
    let item = &found["items"][0];
    assert_eq!(
        (&item["kind"], &item["title"], &item["conversation"]),
        (&json!("deal"), &json!("canary-deal"), &json!(chat))
    );
    assert_eq!((&item["person"]["name"], &item["organization"]["name"]), (&json!("canary-name"), &json!("Acme")));
    assert_eq!((&item["deal"]["value"], &item["page"]), (&json!(1200), &json!(format!("{}/prices", playbooks::SITE))));
    assert!(item["id"].as_str().is_some_and(|id| id.starts_with("i_")) && item["at"].is_i64(), "{item}");
}

#[tokio::test]
async fn b_a_text_is_found_within_five_seconds_by_those_who_may_see_it() {
    let hub = Hub::start().await;
    let (jane, visitor, chat) = janes(&hub).await;
    visitor.say(&chat, "s", "the Zauberflöte plays on Tuesday").await;
    let said = std::time::Instant::now();
    let find = async |folder: &str, query: &str, sub: &str| {
        let path = format!("/v1/conversations?folder={folder}&query={query}");
        ids(&hub.get(&path, sub).await.ok(), "conversations")
    };
    wait::within(std::time::Duration::from_secs(5), "the text to be found", async || {
        (find("mine", "zauberfl%C3%B6te", "jane").await == [chat.clone()]).then_some(())
    })
    .await;
    println!("figure search found_after_ms={}", said.elapsed().as_millis());
    for folder in ["unassigned", "mine", "closed"] {
        assert_eq!(find(folder, "zauberfl%C3%B6te", "max").await, [""; 0], "{folder}");
    }
    assert_eq!(find("mine", "nothing-of-the-kind", "jane").await, [""; 0]);
    for odd in ["%22", "*", "%27--", "(", "NEAR", "a%20AND", "%00", "%2B-"] {
        let path = format!("/v1/conversations?folder=mine&query={odd}");
        let answer = hub.get(&path, "jane").await;
        assert!(matches!(answer.status, 200 | 400), "{odd}: {answer:?}");
    }
    jane.finish(&chat).await;
    assert_eq!(find("closed", "zauberfl%C3%B6te", "max").await, std::slice::from_ref(&chat));
    let other = {
        let mut claims = token::claims("spy", "admin");
        claims["workspace"] = json!("elsewhere");
        token::signed(token::SECRET, &claims)
    };
    let spied = hub.request("GET", "/v1/conversations?folder=closed&query=zauberfl%C3%B6te").bearer(&other);
    assert_eq!(ids(&spied.send().await.expect("an answer").ok(), "conversations"), [""; 0]);
}

#[tokio::test]
async fn b_a_conversation_is_read_with_its_newest_page() {
    let hub = Hub::start().await;
    let (jane, _visitor, chat) = janes(&hub).await;
    let texts = (0..220).map(|n| json!({"type": "send", "conversation": chat, "key": format!("k{n}"), "text": "x"}));
    let sent = jane.post_all(texts).await;
    let last = jane.reply(*sent.last().expect("one")).await["seq"].clone();
    let found = hub.get(&format!("/v1/conversations/{chat}"), "jane").await.ok();
    let events = found["events"].as_array().expect("events");
    assert_eq!((events.len(), &events[199]["seq"], &found["conversation"]["seq"]), (200, &last, &last));
    let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_u64()).collect();
    assert!(seqs.is_sorted_by(|one, next| one < next), "{seqs:?}");
}
