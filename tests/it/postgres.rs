//! The real program on a real PostgreSQL.

use std::time::Duration;

use serde_json::json;
use usher::store::postgres::{Mode, Options, Postgres as Store};

use crate::{
    operator::{run_to_its_end, words},
    support::{Hub, Redis, Settings, hub::free_port, judge::judge, playbooks, postgres::Postgres, wait, wire::Wire},
};

#[tokio::test]
async fn r6_the_road_on_postgresql_from_start_to_close_over_a_restart() {
    let server = Postgres::start().await;
    let mut hub = Settings::new().postgres(&server.url()).start().await;
    assert!(!hub.folder().path().join("visitor.key").exists(), "there is no data folder");
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    assert_eq!(visitor.welcome["available"], true, "{}", visitor.welcome);
    let chat = visitor.start().await;
    visitor.event_of(&chat, "waiting").await;
    jane.row(&chat, "waiting").await;
    jane.claim(&chat).await;
    visitor.event_of(&chat, "assigned").await;
    jane.say(&chat, "j1", "Hi, I am Jane.").await;
    visitor.event(&chat, |event| event["key"] == "j1").await;
    visitor.say(&chat, "v1", "Remember me").await;
    jane.event(&chat, |event| event["key"] == "v1").await;
    let before = jane.transcript(&chat).await;

    // A kill: whoever comes next finds the database free.
    hub.restart().await;
    let back = visitor.again(&hub.visitors(), playbooks::LIVE).await;
    assert_eq!(back.welcome["conversation"]["id"], chat);
    let jane = hub.agent("jane").await;
    assert_eq!(jane.welcome["online"], true, "the switch survives a restart");
    assert_eq!(jane.transcript(&chat).await, before);
    back.say(&chat, "v2", "Still here").await;
    jane.event(&chat, |event| event["key"] == "v2").await;
    jane.finish(&chat).await;
    back.event_of(&chat, "closed").await;
    assert!(jane.ids("closed").await.contains(&chat));
    let verdict = judge(&jane.transcript(&chat).await);
    assert_eq!((verdict.state.as_str(), verdict.assignments), ("closed", 1));

    hub.terminate();
    assert_eq!(hub.exit(Duration::from_secs(35)).await.code(), Some(0));
}

#[tokio::test]
async fn o_a_drained_hub_leaves_no_transaction_open_in_its_database() {
    let server = Postgres::start().await;
    let mut hub = Settings::new().postgres(&server.url()).start().await;
    let (mut client, watcher) = (server.client().await, server.client().await);
    // What fills the search cannot go on, and is in the midst of its transaction when the hub is told to end.
    let lock = client.transaction().await.expect("a transaction");
    lock.batch_execute("LOCK TABLE usher.unsearched IN SHARE MODE").await.expect("a lock");
    wait::until("a transaction that waits", async || {
        let sql =
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%DELETE FROM unsearched%'";
        watcher.query_opt(sql, &[]).await.expect("an answer")
    })
    .await;
    hub.terminate();
    assert_eq!(hub.exit(Duration::from_secs(35)).await.code(), Some(0));
    lock.rollback().await.expect("its end");
    wait::until("the end of the hub's connections", async || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
        let count: i64 = watcher.query_one(sql, &[]).await.expect("an answer").get(0);
        (count == 2).then_some(())
    })
    .await;
    assert!(!server.log().contains("open transaction"), "{}", server.log());
}

#[tokio::test]
async fn r6_a_visitor_on_one_hub_and_an_agent_on_another_chat_on_one_database() {
    let (server, redis) = (Postgres::start().await, Redis::start().await);
    let settings = Settings::new().postgres(&server.url()).set("USHER_MESH", &redis.url());
    let (here, there) = tokio::join!(settings.clone().start(), settings.clone().start());
    let jane = here.online("jane").await;
    let available = async || {
        let visitor = there.visitor(playbooks::LIVE).await;
        (visitor.welcome["available"] == true).then_some(visitor)
    };
    let visitor = wait::until("the other hub knows of jane", available).await;
    let chat = visitor.start().await;
    jane.row(&chat, "waiting").await;
    jane.claim(&chat).await;
    visitor.event_of(&chat, "assigned").await;
    visitor.say(&chat, "v1", "Hello over there").await;
    jane.event(&chat, |event| event["key"] == "v1").await;
    jane.say(&chat, "j1", "Hello back").await;
    visitor.event(&chat, |event| event["key"] == "j1").await;
    // A hub that runs alone does not come between them.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("playbooks")).expect("a folder");
    let alone = Settings::new().postgres(&server.url());
    let output = run_to_its_end(Hub::command(&alone, &folder, free_port())).await;
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("the database is in use by another hub"), "{}", words(&output));
    jane.finish(&chat).await;
    visitor.event_of(&chat, "closed").await;
}

#[tokio::test]
async fn l5_a_hub_outlives_its_database() {
    let mut server = Postgres::start().await;
    let hub = Settings::new().postgres(&server.url()).start().await;
    let jane = hub.online("jane").await;
    let visitor = hub.visitor(playbooks::LIVE).await;
    let chat = visitor.start().await;
    jane.claim(&chat).await;
    server.kill();
    let ready = async |status| {
        wait::until("readiness", async || {
            (hub.request("GET", "/readyz").send().await.ok()?.status == status).then_some(())
        })
        .await;
    };
    ready(503).await;
    let send = json!({"type": "send", "conversation": chat, "key": "v1", "text": "Hello?"});
    visitor.refused(send, "unavailable").await;
    server.start_again().await;
    ready(200).await;
    visitor.say(&chat, "v1", "Hello again").await;
    jane.event(&chat, |event| event["key"] == "v1").await;
}

#[tokio::test]
async fn o_a_database_that_is_not_there_or_taken_refuses_to_start_with_words() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("playbooks")).expect("a folder");
    let settings = Settings::new().postgres("postgres://usher:s3cr3t@127.0.0.1:1/chat");
    let output = run_to_its_end(Hub::command(&settings, &folder, free_port())).await;
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("cannot open the store postgres://127.0.0.1/chat"), "{}", words(&output));
    assert!(!words(&output).contains("s3cr3t"), "{}", words(&output));
    // What is wrong with the settings can be told without the database.
    let mut check = Hub::command(&settings, &folder, free_port());
    let output = {
        check.arg("check");
        run_to_its_end(check).await
    };
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));

    let server = Postgres::shared().await;
    let settings = Settings::new().postgres(&server.database().await);
    let hub = settings.clone().start().await;
    let output = run_to_its_end(Hub::command(&settings, &folder, free_port())).await;
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("the database is in use by another hub"), "{}", words(&output));
    hub.online("jane").await;
}

#[tokio::test]
async fn o_a_hub_that_runs_alone_ends_with_words_when_another_took_its_database() {
    let server = Postgres::start().await;
    let wire = Wire::to(server.port()).await;
    let mut hub = Settings::new().postgres(&server.url_through(wire.port)).start().await;
    hub.visitor(playbooks::LIVE).await;
    wire.close(true);
    wire.cut();
    let other = Store::open(&server.url(), Mode::Alone, Options::default()).await.expect("it is free");
    wire.close(false);
    assert_eq!(hub.exit(wait::PATIENCE).await.code(), Some(1));
    assert!(hub.log().contains("the database is in use by another hub"), "{}", hub.log());
    drop(other);
}
