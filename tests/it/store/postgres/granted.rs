//! What the writer takes for granted, and when it does not.

use tokio_postgres::Client;
use usher::store::{Appended, Store};

use super::Database;
use crate::{
    store::talk::{Talk, seqs, waiting},
    support::{postgres::Postgres as Server, wait},
};

/// What the server has counted of the log when the stores' connections have ended: rows that were put in and are not
/// there, because their batch failed; and how often an index was looked up.
async fn told(client: &Client) -> (i64, i64) {
    wait::until("the stores are gone", async || {
        let sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'usher'";
        client.query(sql, &[]).await.expect("connections").is_empty().then_some(())
    })
    .await;
    let sql = "SELECT n_tup_ins - (SELECT count(*) FROM usher.log),
                      (SELECT sum(idx_scan)::bigint FROM pg_stat_user_indexes WHERE relid = 'usher.log'::regclass)
               FROM pg_stat_user_tables WHERE relid = 'usher.log'::regclass";
    let row = client.query_one(sql, &[]).await.expect("statistics");
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn p4_a_text_behind_the_writers_own_is_put_in_without_looking() {
    const TEXTS: i64 = 200;
    let database = Database::make().await;
    let store = database.node().await;
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let client = Server::connect(&database.url).await;
    for n in 0..TEXTS {
        talk.says(&*store, 1001 + n, &format!("k{n}"), "hello").await;
    }
    talk.is_kept_by(&*store).await;
    drop(store);
    let (in_vain, looked) = told(&client).await;
    assert_eq!(in_vain, 0);
    // The first one, and the search once for some of them.
    assert!(looked < TEXTS / 4, "{looked} looks at indexes for {TEXTS} texts");
}

#[tokio::test]
async fn d3_over_a_new_connection_nothing_is_taken_for_written() {
    let database = Database::make().await;
    let store = database.node().await;
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    talk.says(&*store, 1001, "k1", "kept").await;
    let kept = talk.fold.seq;
    talk.says(&*store, 1002, "k2", "lost").await;
    // As by a failover to a server that had not heard of it yet: the row is gone, and so are all connections.
    let client = Server::connect(&database.url).await;
    let lose = "DELETE FROM usher.log WHERE seq = $1";
    assert_eq!(client.execute(lose, &[&talk.fold.seq.0.cast_signed()]).await.expect("lost"), 1);
    let end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'usher'";
    client.query(end, &[]).await.expect("ended");
    let next = talk.saying(1003, "k3", "behind a hole");
    let answer = wait::until("an answer", async || store.append(next.clone()).await.ok()).await;
    assert!(matches!(answer, Appended::Stale { head } if head == kept), "{answer:?}");
    let log = store.events_after(talk.id(), kept, 10, 10_000).await.expect("events");
    assert_eq!(seqs(&log), [0; 0], "no hole");
}

#[tokio::test]
async fn s1_over_a_new_connection_a_conversations_row_is_looked_up_anew() {
    let database = Database::make().await;
    let store = database.node().await;
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let mut other = Talk::begin(&*store, "v_2", 1000, vec![waiting(61_000)]).await;
    talk.says(&*store, 1001, "k1", "mine").await;
    other.says(&*store, 1001, "k1", "theirs").await;
    // As by a failover to a server that had not heard of the one, and has given its row to the other.
    let client = Server::connect(&database.url).await;
    let (one, two) = (talk.id().to_string(), other.id().to_string());
    for (from, to) in [(&*one, "c_between"), (&*two, &*one), ("c_between", &*two)] {
        let rename = "UPDATE usher.conversation SET name = $2 WHERE name = $1";
        assert_eq!(client.execute(rename, &[&from, &to]).await.expect("renamed"), 1);
    }
    let end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'usher'";
    client.query(end, &[]).await.expect("ended");
    let next = talk.saying(1002, "k2", "for nobody else");
    let answer = wait::until("an answer", async || store.append(next.clone()).await.ok()).await;
    assert!(matches!(answer, Appended::Done { .. }), "{answer:?}");
    let whose = "SELECT c.name FROM usher.log l JOIN usher.conversation c ON c.id = l.conversation
                 WHERE l.body LIKE '%for nobody else%'";
    assert_eq!(client.query_one(whose, &[]).await.expect("a row").get::<_, &str>(0), one);
}

#[tokio::test]
async fn d3_where_others_write_the_same_logs_one_batch_fails_and_the_next_ones_look() {
    const ROUNDS: i64 = 25;
    let database = Database::make().await;
    let (one, two) = (database.node().await, database.node().await);
    let mut talk = Talk::begin(&*one, "v_1", 1000, vec![waiting(61_000)]).await;
    let mut beside = Talk::begin(&*one, "v_2", 1000, vec![waiting(61_000)]).await;
    let client = Server::connect(&database.url).await;
    for n in 0..ROUNDS {
        let mut late = talk.clone();
        talk.says(&*two, 1001 + n, &format!("two{n}"), "first").await;
        // In one batch with a text that nothing stands in the way of.
        let late = late.saying(1001 + n, &format!("one{n}"), "too late");
        let other = beside.saying(1001 + n, &format!("k{n}"), "beside");
        let (late, other) = tokio::join!(one.append(late), one.append(other));
        let late = late.expect("an answer");
        assert!(matches!(late, Appended::Stale { head } if head == talk.fold.seq), "{late:?}");
        let other = other.expect("an answer");
        assert!(matches!(other, Appended::Done { .. }), "{other:?}");
        let again = talk.clone().saying(1001 + n, &format!("two{n}"), "again");
        let again = one.append(again).await.expect("an answer");
        assert!(matches!(again, Appended::Repeated { ref event } if event.event().seq == talk.fold.seq), "{again:?}");
    }
    talk.is_kept_by(&*one).await;
    beside.is_kept_by(&*two).await;
    drop((one, two));
    let (in_vain, _) = told(&client).await;
    // Two rows in each batch that failed; one more of them each half minute.
    assert!((1..ROUNDS).contains(&in_vain), "{in_vain} rows were put in for nothing");
}

#[tokio::test]
async fn d3_of_two_texts_decided_at_once_on_one_node_the_second_fails_alone() {
    const ROUNDS: i64 = 25;
    let database = Database::make().await;
    let store = database.node().await;
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let client = Server::connect(&database.url).await;
    for n in 0..ROUNDS {
        let mut late = talk.clone();
        let first = talk.saying(1001 + n, &format!("a{n}"), "first");
        let late = late.saying(1001 + n, &format!("b{n}"), "too late");
        let (first, late) = tokio::join!(store.append(first), store.append(late));
        assert!(matches!(first.expect("an answer"), Appended::Done { .. }));
        let late = late.expect("an answer");
        assert!(matches!(late, Appended::Stale { head } if head == talk.fold.seq), "{late:?}");
    }
    talk.is_kept_by(&*store).await;
    drop(store);
    let (in_vain, looked) = told(&client).await;
    assert_eq!(in_vain, 0, "no batch failed");
    // Once for how things stand for each that was late, three looks, and never for those that were not.
    assert!(looked < ROUNDS * 4 + 20, "{looked} looks at indexes");
}
