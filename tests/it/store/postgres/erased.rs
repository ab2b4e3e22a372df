//! What may come between an erasure and those who write beside it.

use std::sync::Arc;

use serde_json::json;
use tokio_postgres::Client;
use usher::{
    chat::{event::Author, summary::Beside},
    store::Store,
};

use super::Database;
use crate::{
    store::talk::{Talk, by, closed, waiting},
    support::{postgres::Postgres as Server, wait},
};

/// Whether a connection of the store's waits for a lock with a statement that holds these words.
async fn waits(client: &Client, words: &str) -> bool {
    let sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'usher'
               AND wait_event_type = 'Lock' AND strpos(query, $1) > 0";
    !client.query(sql, &[&words]).await.expect("activity").is_empty()
}

fn page() -> Beside {
    serde_json::from_value(json!({"seen": {"visitor": {"received": 1, "read": 1}, "agent": {"received": 0, "read": 0}},
        "page": {"url": "https://canary.example"}}))
    .expect("beside")
}

#[tokio::test]
async fn b2_where_a_visitor_was_does_not_come_back_while_they_are_erased() {
    let database = Database::make().await;
    let store = database.node().await;
    // What a transaction has seen of the others' doings it is shown again, so another one looks.
    let (holder, client) = (Server::connect(&database.url).await, Server::connect(&database.url).await);
    for (visitor, known) in [("v_1", true), ("v_2", false)] {
        let mut talk = Talk::begin(&*store, visitor, 1000, vec![waiting(61_000)]).await;
        talk.happens(&*store, by("jane"), 1001, closed()).await;
        if known {
            store.put_beside(vec![(talk.id().clone(), page())]).await.expect("kept");
        }
        // The erasure stops where it waits for the search.
        holder.batch_execute("BEGIN; LOCK TABLE usher.search IN ROW EXCLUSIVE MODE").await.expect("locked");
        let id = talk.id().clone();
        let erasing = {
            let store = store.clone();
            tokio::spawn(async move {
                talk.happens(&*store, Author::System, 5000, usher::chat::event::What::erasure()).await;
            })
        };
        wait::until("the erasure to wait", async || waits(&client, "SHARE ROW EXCLUSIVE").await.then_some(())).await;
        let noting = {
            let (store, id): (Arc<_>, _) = (store.clone(), id.clone());
            tokio::spawn(async move { store.put_beside(vec![(id, page())]).await })
        };
        wait::until("the page to be noted or to wait", async || {
            (noting.is_finished() || waits(&client, "beside").await).then_some(())
        })
        .await;
        holder.batch_execute("COMMIT").await.expect("unlocked");
        erasing.await.expect("erased");
        noting.await.expect("ended").expect("answered");
        let left: i64 = client.query_one("SELECT count(*) FROM usher.beside", &[]).await.expect("a look").get(0);
        assert_eq!(left, 0, "{visitor}");
    }
}
