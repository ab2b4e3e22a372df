//! What an agent may ask and is told.

use serde_json::{Value, json};

use crate::support::{Agent, Hub, Settings, Visitor, playbooks, wait};

/// A visitor who waits.
async fn waiting(hub: &Hub) -> (Visitor, String) {
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    visitor.event_of(&chat, "waiting").await;
    (visitor, chat)
}

#[tokio::test]
async fn p4_hello_answers_all_its_members() {
    let hub = Hub::start().await;
    let jane = hub.agent("jane").await;
    for member in [
        "session",
        "agent",
        "epoch",
        "heartbeat_ms",
        "server_time",
        "limits",
        "online",
        "settings",
        "agents",
        "counts",
        "unassigned",
        "mine",
    ] {
        assert!(jane.welcome.get(member).is_some(), "no {member} in {}", jane.welcome);
    }
    assert_eq!((&jane.welcome["online"], &jane.welcome["heartbeat_ms"]), (&json!(false), &json!(10_000)));
    assert_eq!(jane.welcome["agent"]["name"], "Jane");
    assert_eq!(jane.welcome["counts"], json!({"unassigned": 0, "mine": 0, "closed": 0}));
    assert_eq!(jane.welcome["settings"]["notify"], json!({"unassigned": true, "assigned": true, "message": true}));
    assert_eq!(jane.welcome["agents"][0]["id"], "jane");
}

#[tokio::test]
async fn r10_the_switch_survives_reconnects_devices_and_restarts_and_others_see_it() {
    let mut hub = Hub::start().await;
    let max = hub.agent("max").await;
    let jane = hub.agent("jane").await;
    jane.switch(true).await;
    let told = max
        .push("Jane's presence", |push| {
            push["type"] == "presence" && push["agent"]["id"] == "jane" && push["agent"]["status"] == "online"
        })
        .await;
    assert_eq!(told["reason"], "toggle");
    let phone = hub.agent("jane").await;
    assert_eq!(phone.welcome["online"], true);
    jane.close().await;
    phone.close().await;
    assert_eq!(hub.agent("jane").await.welcome["online"], true);
    hub.restart().await;
    let jane = hub.agent("jane").await;
    assert_eq!(jane.welcome["online"], true);
    jane.switch(false).await;
    assert_eq!(hub.agent("jane").await.welcome["online"], false);
}

#[tokio::test]
async fn r10_an_admin_may_switch_another_agent_off_and_nobody_else_may() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let max = hub.agent("max").await;
    let root = hub.admin("root").await;
    max.refused(json!({"type": "availability", "online": false, "agent": "jane"}), "forbidden").await;
    let nobody = json!({"type": "availability", "online": false, "agent": "nobody"});
    assert_eq!(root.refused(nobody, "not_found").await["message"], "there is no such agent");
    let on = root.ask(json!({"type": "availability", "online": true, "agent": "max"})).await;
    assert_eq!(on["ok"], false, "an admin switches off, never on: {on}");
    root.ok(json!({"type": "availability", "online": false, "agent": "jane"})).await;
    let wanted =
        |push: &Value| push["type"] == "presence" && push["agent"]["id"] == "jane" && push["reason"] == "admin";
    let told = jane.push("being switched off", wanted).await;
    assert_eq!(told["agent"]["status"], "offline");
    assert_eq!(hub.agent("jane").await.welcome["online"], false);
}

#[tokio::test]
async fn p4_settings_are_kept_field_by_field() {
    let hub = Hub::start().await;
    let jane = hub.agent("jane").await;
    jane.ok(json!({"type": "settings", "notify": {"unassigned": false}})).await;
    jane.ok(json!({"type": "settings", "notify": {"message": false}})).await;
    let again = hub.agent("jane").await;
    assert_eq!(again.welcome["settings"]["notify"], json!({"unassigned": false, "assigned": true, "message": false}));
}

#[tokio::test]
async fn p4_folders_hold_what_they_should_in_their_order_and_counts_say_how_many() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let mut chats = Vec::new();
    for _ in 0..7 {
        chats.push(waiting(&hub).await);
    }
    let id = |at: usize| chats[at].1.clone();
    assert_eq!(jane.ids("unassigned").await, (0..7).map(id).collect::<Vec<_>>(), "longest waiting first");
    for at in [0, 1, 2] {
        jane.claim(&id(at)).await;
    }
    jane.finish(&id(0)).await;
    jane.finish(&id(1)).await;
    assert_eq!(jane.ids("closed").await, [id(1), id(0)], "newest first");
    assert_eq!(jane.ids("mine").await, [id(2)]);
    assert_eq!(jane.ids("unassigned").await, (3..7).map(id).collect::<Vec<_>>());
    let again = hub.agent("jane").await;
    assert_eq!(again.welcome["counts"], json!({"unassigned": 4, "mine": 1, "closed": 2}));
    assert_eq!(hub.agent("max").await.welcome["counts"], json!({"unassigned": 4, "mine": 0, "closed": 2}));
    jane.refused(json!({"type": "list", "folder": "all"}), "forbidden").await;
    assert_eq!(hub.admin("root").await.ids("all").await.len(), 7);
    let page = jane.ok(json!({"type": "list", "folder": "unassigned", "limit": 3})).await;
    assert_eq!(page["conversations"].as_array().map(Vec::len), Some(3));
    let rest = jane.ok(json!({"type": "list", "folder": "unassigned", "limit": 3, "before": page["next"]})).await;
    assert_eq!((rest["conversations"].as_array().map(Vec::len), &rest["next"]), (Some(1), &Value::Null));
    for bad in [json!({"type": "list", "folder": "trash"}), json!({"type": "list", "folder": "mine", "limit": 0})] {
        jane.refused(bad, "invalid").await;
    }
    // A cursor that is none of this folder is no end of the list.
    for before in [json!("no cursor"), page["next"].clone()] {
        let list = json!({"type": "list", "folder": "mine", "before": before});
        assert_eq!(jane.refused(list, "invalid").await["field"], "before");
    }
}

#[tokio::test]
async fn p4_a_bot_conversation_is_the_admins_only_and_in_no_count() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let root = hub.admin("root").await;
    let visitor = hub.visitor(playbooks::TALK).await;
    let chat = visitor.start().await;
    visitor.say(&chat, "k", "canary-bot").await;
    jane.refused(json!({"type": "open", "conversation": chat}), "not_found").await;
    jane.refused(json!({"type": "claim", "conversation": chat}), "not_found").await;
    assert_eq!(root.ids("all").await, [chat.as_str()]);
    assert_eq!(root.open(&chat).await["conversation"]["state"], "bot");
    visitor.choose(&chat, "hello", "look").await;
    visitor.event_of(&chat, "closed").await;
    jane.refused(json!({"type": "open", "conversation": chat}), "not_found").await;
    assert_eq!((jane.folder("closed").await.len(), root.folder("all").await.len()), (0, 1));
    for agent in [hub.agent("jane").await, hub.admin("root").await] {
        assert_eq!(agent.welcome["counts"], json!({"unassigned": 0, "mine": 0, "closed": 0}));
    }
    assert!(!jane.frames(0).concat().contains(&chat));
}

#[tokio::test]
async fn p4_search_finds_words_within_the_folder_after_at_most_five_seconds() {
    let hub = Hub::start().await;
    let jane = hub.online("jane").await;
    let (ann, first) = waiting(&hub).await;
    let (_bob, second) = waiting(&hub).await;
    ann.say(&first, "k", "Do you sell rocking chairs?").await;
    let find = async |agent: &Agent, query: &str| {
        agent.ok(json!({"type": "list", "folder": "unassigned", "query": query})).await["conversations"].clone()
    };
    let found = wait::until("the search to find it", async || {
        Some(find(&jane, "rocking").await).filter(|rows| rows[0]["id"] == *first)
    })
    .await;
    assert_eq!(found.as_array().map(Vec::len), Some(1), "not {second}");
    assert_eq!(find(&jane, "sofa").await, json!([]));
    for odd in ["\"", "%", "_", "' OR 1=1 --", "a*b", "(", "NEAR", "AND", ""] {
        let reply = jane.ask(json!({"type": "list", "folder": "unassigned", "query": odd})).await;
        assert!(reply["ok"] == true || reply["error"]["code"] == "invalid", "{odd}: {reply}");
    }
    jane.claim(&first).await;
    let max = hub.agent("max").await;
    assert_eq!(find(&max, "rocking").await, json!([]), "a search shows what its folder must not");
}

#[tokio::test]
async fn r11_assign_to_me_has_one_winner_and_the_others_are_told_who() {
    let hub = Hub::start().await;
    let (jane, max) = (hub.online("jane").await, hub.online("max").await);
    let (visitor, chat) = waiting(&hub).await;
    max.row(&chat, "waiting").await;
    let won = jane.claim(&chat).await;
    let again = jane.claim(&chat).await;
    assert_eq!(again["seq"], won["seq"], "repeating a won claim makes no event");
    let error = max.refused(json!({"type": "claim", "conversation": chat}), "conflict").await;
    assert_eq!(
        (&error["assignee"]["id"], &error["assignee"]["name"], &error["at"]),
        (&json!("jane"), &json!("Jane"), &won["at"])
    );
    let lost = max.lost(&chat).await;
    assert_eq!((&lost["assignee"]["id"], &lost["counts"]["unassigned"]), (&json!("jane"), &json!(0)), "{lost}");
    assert!(lost["seq"].is_u64() && lost["at"].is_i64(), "{lost}");
    let row = jane.row(&chat, "assigned").await;
    assert_eq!(row["assignee"]["id"], "jane");
    assert_eq!(visitor.event_of(&chat, "assigned").await["to"]["name"], "Jane");
}

#[tokio::test]
async fn r14_the_owner_or_an_admin_reassigns_and_an_ex_owner_can_no_longer_write() {
    let hub = Hub::start().await;
    let (jane, max, root) = (hub.online("jane").await, hub.agent("max").await, hub.admin("root").await);
    let (visitor, chat) = waiting(&hub).await;
    for to in ["max", "nobody"] {
        max.refused(json!({"type": "assign", "conversation": chat, "to": to}), "forbidden").await;
    }
    jane.claim(&chat).await;
    max.refused(json!({"type": "assign", "conversation": chat, "to": "max"}), "not_found").await;
    let error = jane.refused(json!({"type": "assign", "conversation": chat, "to": "nobody"}), "invalid").await;
    assert_eq!(error["field"], "to");
    let same = jane.assign(&chat, Some("jane")).await;
    assert_eq!(same["seq"], jane.events(&chat).last().expect("one")["seq"], "to the same agent makes no event");

    // Max is switched off; that is allowed. He needs no `open` to follow what is his.
    jane.assign(&chat, Some("max")).await;
    let event = max.event_of(&chat, "assigned").await;
    assert_eq!((&event["to"]["id"], &event["from"]["id"]), (&json!("max"), &json!("jane")));
    for request in [
        json!({"type": "send", "conversation": chat, "key": "late", "text": "too late"}),
        json!({"type": "note", "conversation": chat, "key": "late2", "text": "too late"}),
        json!({"type": "assign", "conversation": chat, "to": "jane"}),
        json!({"type": "close", "conversation": chat}),
        json!({"type": "open", "conversation": chat}),
        json!({"type": "details", "conversation": chat, "details": {"note": "x"}}),
    ] {
        jane.refused(request, "not_found").await;
    }
    visitor.say(&chat, "v", "Hello Max").await;
    max.event(&chat, |event| event["key"] == "v").await;

    root.assign(&chat, None).await;
    assert_eq!(visitor.event_of(&chat, "unassigned").await["from"]["id"], "max");
    jane.row(&chat, "unassigned").await;
    max.refused(json!({"type": "send", "conversation": chat, "key": "x", "text": "x"}), "forbidden").await;
    jane.claim(&chat).await;
    let texts = jane.transcript(&chat).await;
    assert!(!texts.iter().any(|event| event["text"] == "too late"));
}

#[tokio::test]
async fn p4_open_follows_until_leave_and_losing_sight_ends_it_for_good() {
    let hub = Hub::start().await;
    let (jane, max) = (hub.online("jane").await, hub.online("max").await);
    let (visitor, chat) = waiting(&hub).await;
    max.open(&chat).await;
    visitor.say(&chat, "k1", "one").await;
    max.event(&chat, |event| event["key"] == "k1").await;
    max.ok(json!({"type": "leave", "conversation": chat})).await;
    let told = visitor.say(&chat, "k2", "two").await;
    max.open(&chat).await;
    assert_eq!(max.events(&chat).last().expect("some")["seq"], told["seq"]);

    jane.claim(&chat).await;
    let last = max.event_of(&chat, "assigned").await;
    max.lost(&chat).await;
    visitor.say(&chat, "k3", "canary-three").await;
    jane.assign(&chat, None).await;
    max.row(&chat, "unassigned").await;
    let after = visitor.say(&chat, "k4", "four").await;
    jane.open(&chat).await;
    // Sight came back; the `open` did not.
    let seen = max.events(&chat);
    assert_eq!(seen.last().expect("some")["seq"], last["seq"]);
    max.open(&chat).await;
    assert_eq!(max.events(&chat).last().expect("some")["seq"], after["seq"]);
}

#[tokio::test]
async fn p4_watching_tells_who_has_an_unassigned_one_open() {
    let hub = Hub::start().await;
    let (jane, max) = (hub.online("jane").await, hub.online("max").await);
    let (_visitor, chat) = waiting(&hub).await;
    jane.open(&chat).await;
    max.open(&chat).await;
    let both = jane
        .push("both watching", |push| {
            push["type"] == "watching" && push["agents"].as_array().is_some_and(|agents| agents.len() == 2)
        })
        .await;
    assert_eq!(both["conversation"], *chat);
    max.ok(json!({"type": "leave", "conversation": chat})).await;
    jane.push("Jane alone", |push| {
        push["type"] == "watching" && push["agents"].as_array().is_some_and(|agents| agents.len() == 1)
    })
    .await;
}

#[tokio::test]
async fn p4_notes_are_written_by_whoever_may_see_the_conversation() {
    let hub = Hub::start().await;
    let (jane, max, root) = (hub.online("jane").await, hub.agent("max").await, hub.admin("root").await);
    let (_visitor, chat) = waiting(&hub).await;
    let note = |key: &str| json!({"type": "note", "conversation": chat, "key": key, "text": "a note"});
    max.ok(note("m1")).await;
    jane.claim(&chat).await;
    max.refused(note("m2"), "not_found").await;
    jane.ok(note("j1")).await;
    root.ok(note("r1")).await;
    jane.event(&chat, |event| event["key"] == "r1").await;
    jane.finish(&chat).await;
    max.ok(note("m3")).await;
    let notes = jane.transcript(&chat).await.iter().filter(|event| event["type"] == "note").count();
    assert_eq!(notes, 4);
}

#[tokio::test]
async fn r16_closing_is_final_and_only_panel_notes_items_and_rating_may_follow() {
    let hub = Hub::start().await;
    let (jane, max, root) = (hub.online("jane").await, hub.agent("max").await, hub.admin("root").await);
    let (visitor, chat) = waiting(&hub).await;
    max.refused(json!({"type": "close", "conversation": chat}), "forbidden").await;
    jane.claim(&chat).await;
    let closed = root.finish(&chat).await;
    for agent in [&jane, &max] {
        assert_eq!(agent.row(&chat, "closed").await["closed_at"], closed["at"]);
    }
    for request in [
        json!({"type": "claim", "conversation": chat}),
        json!({"type": "assign", "conversation": chat, "to": "max"}),
        json!({"type": "send", "conversation": chat, "key": "k", "text": "x"}),
        json!({"type": "close", "conversation": chat}),
    ] {
        jane.refused(request, "closed").await;
    }
    visitor.refused(json!({"type": "send", "conversation": chat, "key": "k", "text": "x"}), "closed").await;
    max.ok(json!({"type": "details", "conversation": chat, "details": {"deal": {"value": 12.5}}})).await;
    max.ok(json!({"type": "item", "conversation": chat, "kind": "deal", "title": "After all", "key": "i"})).await;
    max.ok(json!({"type": "note", "conversation": chat, "key": "n", "text": "done"})).await;
    visitor.ok(json!({"type": "rate", "conversation": chat, "score": 4})).await;
    let events = max.transcript(&chat).await;
    let verdict = crate::support::judge::judge(&events);
    assert_eq!((verdict.state.as_str(), verdict.items.len()), ("closed", 1));
}

#[tokio::test]
async fn r13_admins_see_assigned_conversations_unless_that_is_switched_off() {
    for (setting, sees) in [("true", true), ("false", false)] {
        let hub = Settings::new().set("USHER_INBOX__ADMINS_SEE_ASSIGNED", setting).start().await;
        let (jane, root) = (hub.online("jane").await, hub.admin("root").await);
        let (visitor, chat) = waiting(&hub).await;
        root.row(&chat, "waiting").await;
        jane.claim(&chat).await;
        if sees {
            assert_eq!(root.open(&chat).await["conversation"]["assignee"]["id"], "jane");
            assert_eq!(root.ids("all").await, [chat.as_str()]);
        } else {
            root.lost(&chat).await;
            visitor.say(&chat, "k", "canary-for-jane").await;
            jane.event(&chat, |event| event["key"] == "k").await;
            root.refused(json!({"type": "open", "conversation": chat}), "not_found").await;
            root.refused(json!({"type": "close", "conversation": chat}), "not_found").await;
            assert!(root.folder("all").await.is_empty());
            assert!(!root.frames(0).concat().contains("canary"));
        }
    }
}
