//! What is written for many at once costs what each costs, not the square of it.

use usher::{
    chat::event::{Author, ItemKind, What},
    store::{
        Outbox, Topics,
        postgres::{Mode, Options, Postgres},
    },
};

use crate::{
    store::contract::outbox::webhook,
    store::talk::{Talk, assigned, by, item, waiting},
    support::{postgres::Postgres as Server, wait},
};

/// The statements by which a lane writes many changes, by how they begin.
const STATEMENTS: [&str; 2] = ["-- Appends that change more", "-- Conversations that begin"];

#[tokio::test]
async fn d3_the_lists_of_a_batch_are_not_joined_each_with_each() {
    let server = Server::with(&[
        "fsync=off",
        "session_preload_libraries=auto_explain",
        "auto_explain.log_min_duration=0",
        "auto_explain.log_level=log",
    ])
    .await;
    let store = Postgres::open(&server.url(), Mode::Shared, Options::default()).await.expect("it opens");
    assert!(store.add_webhook(&webhook("wh_1", Topics::All)).await.expect("answered"));
    let mut talk = Talk::begin(&store, "v_1", 1000, vec![waiting(61_000)]).await;
    talk.happens(&store, by("jane"), 1001, assigned("jane")).await;
    talk.happens(&store, Author::Bot, 1002, What::Item(item("i_1", ItemKind::Lead, "A lead"))).await;
    drop(store);
    for statement in STATEMENTS {
        let plan = wait::until("its plan in the log", async || plan_of(&server.log(), statement)).await;
        // The folders a conversation left and came into are two to each, whatever the batch.
        let (loops, pairs) = (plan.matches("Nested Loop").count(), plan.matches("Values Scan").count());
        assert_eq!(loops, pairs, "{plan}");
        assert!(plan.contains("Hash Join") && !plan.contains("Seq Scan"), "{plan}");
    }
}

/// The last plan of a statement that the log shows whole.
fn plan_of(log: &str, statement: &str) -> Option<String> {
    let (_, from) = log.rsplit_once(&format!("Query Text: {statement}"))?;
    // What belongs to an entry is indented.
    let lines = from.lines().skip(1).take_while(|line| line.starts_with('\t'));
    let plan = lines.skip_while(|line| !line.contains("(cost=")).collect::<Vec<_>>().join("\n");
    (!plan.is_empty()).then_some(plan)
}
