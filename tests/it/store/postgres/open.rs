//! Who may open a database, and of which shape.

use usher::{
    ids::Seq,
    store::{
        DeliveryQuery, Outbox, Store, Topic, Topics,
        postgres::{Mode, OpenError, Options, Postgres},
    },
};

use super::Database;
use crate::{
    store::contract::outbox::webhook,
    store::talk::{Talk, assigned, by, closed, waiting},
    support::{postgres::Postgres as Server, wait, wire::Wire},
};

#[tokio::test]
async fn o_a_second_hub_that_runs_alone_is_refused_with_words() {
    let database = Database::make().await;
    let first = database.try_open(Mode::Alone).await.expect("it opens");
    for mode in [Mode::Alone, Mode::Shared] {
        let refused = database.try_open(mode).await.expect_err("it is taken");
        assert!(matches!(refused, OpenError::InUse(of) if of == mode), "{refused}");
        assert!(refused.to_string().contains("the database is in use by"), "{refused}");
    }
    Talk::begin(&first, "v_1", 1000, vec![]).await;
    drop(first);
    // Many may share it; then none may be alone.
    let nodes = [database.node().await, database.node().await];
    let refused = database.try_open(Mode::Alone).await.expect_err("it is shared");
    assert!(matches!(refused, OpenError::InUse(Mode::Alone)), "{refused}");
    drop(nodes);
    database.try_open(Mode::Alone).await.expect("it is free");
}

#[tokio::test]
async fn o_a_hub_whose_database_was_taken_meanwhile_must_end() {
    let server = Server::start().await;
    let wire = Wire::to(server.port()).await;
    let url = server.url_through(wire.port);
    let first = Postgres::open(&url, Mode::Alone, Options::default()).await.expect("it opens");
    let mut fate = first.fate();
    // Cut off and back again at once: nothing happens.
    wire.cut();
    wait::until("it is back", async || first.ready().await.ok()).await;
    wire.close(true);
    wire.cut();
    let second = Postgres::open(&server.url(), Mode::Alone, Options::default()).await.expect("it opens");
    wire.close(false);
    let words = tokio::time::timeout(wait::PATIENCE, fate.sealed()).await.expect("it must end");
    assert!(words.contains("in use by another hub"), "{words}");
    second.ready().await.expect("the second one is well");
}

#[tokio::test]
async fn o_two_hubs_that_start_at_once_make_one_database() {
    let database = Database::make().await;
    let opened = tokio::join!(database.node(), database.node(), database.node());
    assert_eq!(opened.0.epoch(), opened.1.epoch());
    assert_eq!(opened.0.epoch(), opened.2.epoch());
}

#[tokio::test]
async fn o_a_database_of_a_newer_program_is_refused_unless_it_says_that_this_one_may_go_on() {
    let database = Database::make().await;
    let node = database.node().await;
    let client = Server::connect(&database.url).await;
    let mut talk = Talk::begin(&*node, "v_1", 1000, vec![waiting(61_000)]).await;
    // A step of a later program, while this one runs: it only adds.
    let add = "
        ALTER TABLE usher.log ADD COLUMN weight integer;
        ALTER TABLE usher.conversation ADD COLUMN mood text NOT NULL DEFAULT 'fine';
        ALTER TABLE usher.agent ADD COLUMN phone text;
        CREATE TABLE usher.later (one integer);
        CREATE INDEX conversation_mood ON usher.conversation (mood);
        INSERT INTO usher.migration (version, name, checksum, compatible_from) VALUES (1000, 'later', 'x', 1)";
    client.batch_execute(add).await.expect("a later step");
    let fresh = database.node().await;
    for (at, store) in (2000..).step_by(10).zip([&node, &fresh]) {
        talk.says(&**store, at, &format!("k{at}"), "still here").await;
        talk.happens(&**store, by("jane"), at + 1, assigned("jane")).await;
        talk.is_kept_by(&**store).await;
        store.agent_hello(&"default".into(), &crate::store::talk::agent("jane"), false, None).await.expect("hello");
        Talk::begin(&**store, &format!("v_{at}"), at, vec![closed()]).await;
        store.ready().await.expect("it takes writes");
    }
    let breaks =
        "INSERT INTO usher.migration (version, name, checksum, compatible_from) VALUES (1001, 'break', 'x', 1001)";
    client.batch_execute(breaks).await.expect("a step that breaks");
    let refused = database.try_open(Mode::Shared).await.expect_err("it is too new");
    let words = refused.to_string();
    assert!(words.starts_with("the store has version 1001, this program knows"), "{words}");
    assert!(words.ends_with("it was written by a newer one"), "{words}");
}

#[tokio::test]
async fn o_a_database_of_the_first_shape_is_brought_up_while_a_program_of_that_shape_runs() {
    let database = Database::make().await;
    let client = Server::connect(&database.url).await;
    let first = include_str!("../../../../src/store/postgres/migrations/0001_first.sql");
    let checksum = sha256(first);
    let by_hand = format!(
        "CREATE SCHEMA usher; SET search_path TO usher;
         CREATE TABLE migration (version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
             compatible_from integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
         {first};
         INSERT INTO migration VALUES (1, 'first', '{checksum}', 1);
         INSERT INTO outbox (conversation, seq, topic) VALUES (1, 1, 'item.created');
         INSERT INTO hub (epoch) VALUES ('e_first');
         INSERT INTO agent VALUES ('default', 'bob', 'Bob', NULL, false, false, '{{}}', 1, true);"
    );
    client.batch_execute(&by_hand).await.expect("the first shape");
    // The program of that shape holds its place, and goes on writing as it did.
    client.batch_execute("SELECT pg_advisory_lock_shared(6148337433315377153)").await.expect("its place");
    let node = database.node().await;
    assert_eq!(node.epoch().as_str(), "e_first");
    let removed = node.removed_at(&"default".into(), &"bob".into()).await.expect("removed_at");
    assert!(removed.is_some(), "removed at the latest now");
    let old = "UPDATE agent SET removed = true WHERE id = 'bob';
               INSERT INTO agent VALUES ('default', 'ann', 'Ann', NULL, false, false, '{}', 1, false)";
    client.batch_execute(old).await.expect("an older program's statements go through");
    // What it writes for the outside reaches webhooks, in the same transaction, and its own table stays empty.
    assert!(node.add_webhook(&webhook("wh_1", Topics::All)).await.expect("answered"));
    let old = "WITH won AS (
                   INSERT INTO conversation (name, workspace, visitor, verified, state, live, served, since, created_at,
                       last_at, snap_seq, snapshot)
                   VALUES ('c_old', 'default', 'v_old', false, 'bot', false, false, 1, 1, 1, 1, '{}') RETURNING id
               )
               INSERT INTO outbox (conversation, seq, topic) SELECT id, 1, 'conversation.started' FROM won";
    client.batch_execute(old).await.expect("an older program's statements go through");
    let talk = Talk::begin(&*node, "v_1", 1000, vec![]).await;
    let query =
        DeliveryQuery { workspace: "default".into(), webhook: "wh_1".into(), state: None, before: None, limit: 9 };
    let told = node.deliveries(&query).await.expect("deliveries").deliveries;
    let told: Vec<_> = told.iter().map(|one| (one.conversation.as_str(), one.seq, one.topic)).collect();
    let started = Topic::ConversationStarted;
    assert_eq!(told, [(talk.id().as_str(), Seq(1), started), ("c_old", Seq(1), started)]);
    let row = client.query_one("SELECT count(*) FROM outbox", &[]).await.expect("counted");
    assert_eq!(row.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn o_a_step_that_was_altered_and_a_foreign_schema_are_refused() {
    let database = Database::make().await;
    drop(database.node().await);
    let client = Server::connect(&database.url).await;
    client.batch_execute("UPDATE usher.migration SET checksum = 'other' WHERE version = 1").await.expect("altered");
    let refused = database.try_open(Mode::Shared).await.expect_err("another build");
    assert!(matches!(refused, OpenError::Altered { version: 1, .. }), "{refused}");
    let database = Database::make().await;
    let client = Server::connect(&database.url).await;
    client.batch_execute("CREATE SCHEMA usher; CREATE TABLE usher.guests (name text)").await.expect("a table");
    let refused = database.try_open(Mode::Shared).await.expect_err("not ours");
    assert!(matches!(refused, OpenError::Foreign), "{refused}");
    // Whatever else is in the database is nobody's business.
    let database = Database::make().await;
    let client = Server::connect(&database.url).await;
    client.batch_execute("CREATE TABLE log (x integer); CREATE TABLE agent (y integer)").await.expect("tables");
    database.try_open(Mode::Shared).await.expect("it opens");
}

#[tokio::test]
async fn o_a_database_that_cannot_be_reached_is_told_without_its_password() {
    let url = "postgres://usher:s3cret@127.0.0.1:1/usher";
    let refused = Postgres::open(url, Mode::Alone, Options::default()).await.expect_err("nobody is there");
    assert!(matches!(refused, OpenError::Unreachable(_)), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("s3cret"), "{refused}");
    let server = Server::shared().await;
    let nowhere = server.url().replace("/usher", "/nowhere");
    let refused = Postgres::open(&nowhere, Mode::Alone, Options::default()).await.expect_err("no such database");
    assert!(refused.to_string().contains("does not exist"), "{refused}");
}

fn sha256(text: &str) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
