//! Everything that is looked for often is found by an index made for it.

use usher::{
    chat::event::{Author, ItemKind, What},
    ids::{DeliveryId, Millis, Seq, VisitorId},
    store::{
        Appended, DeliveryQuery, Folder, FolderQuery, ItemQuery, Outbox, Store, Take, Topic, Topics,
        postgres::{Mode, Options, Postgres},
    },
};

use super::Database;
use crate::{
    store::contract::outbox::webhook,
    store::talk::{Talk, assigned, by, closed, item, waiting, workspace},
    support::{postgres::Postgres as Server, wait},
};

/// Indexes that reads go by, each named in the migrations.
const EXPECTED: [&str; 25] = [
    "conversation_all",
    "conversation_closed",
    "conversation_due",
    "conversation_mine",
    "conversation_name_key",
    "conversation_open",
    "conversation_over",
    "conversation_silent",
    "conversation_unassigned",
    "conversation_waited_in",
    "delivery_dead",
    "delivery_done",
    "delivery_due",
    "delivery_event",
    "delivery_of_webhook",
    "delivery_oldest",
    "delivery_taken",
    "item_of_conversation",
    "item_of_kind",
    "item_of_workspace",
    "log_at",
    "log_key",
    "log_pkey",
    "webhook_name_key",
    "webhook_of_workspace",
];

#[tokio::test]
async fn p4_whatever_is_looked_for_has_an_index_of_its_own() {
    let database = Database::make().await;
    let store = database.node().await;
    assert!(store.add_webhook(&webhook("wh_1", Topics::All)).await.expect("answered"));
    let mut one = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    one.says(&*store, 1001, "k", "hello").await;
    one.happens(&*store, Author::Bot, 1002, What::Item(item("i_1", ItemKind::Lead, "A lead"))).await;
    one.happens(&*store, by("jane"), 1003, assigned("jane")).await;
    let mut over = Talk::begin(&*store, "v_2", 1000, vec![waiting(61_000)]).await;
    over.happens(&*store, by("jane"), 1001, closed()).await;
    drop(store);
    // A table as small as these is quicker read through; so that is made dear, and sorting too.
    let url = format!(
        "{}?options=-c%20enable_seqscan%3Doff%20-c%20enable_sort%3Doff%20-c%20enable_bitmapscan%3Doff",
        database.url
    );
    let store = Postgres::open(&url, Mode::Shared, Options { readers: 1 }).await.expect("it opens");
    let client = Server::connect(&database.url).await;
    let used = async || -> Vec<String> {
        let sql = "SELECT indexrelname FROM pg_stat_user_indexes WHERE schemaname = 'usher' AND idx_scan > 0";
        client.query(sql, &[]).await.expect("statistics").iter().map(|row| row.get(0)).collect()
    };
    client.batch_execute("SELECT pg_stat_reset()").await.expect("statistics begin anew");
    wait::until("statistics begin anew", async || used().await.is_empty().then_some(())).await;
    read_everything(&store, &one).await;
    drop(store);
    // A connection tells what it used at its end.
    let missing = async || {
        let used = used().await;
        EXPECTED.iter().filter(|index| !used.iter().any(|name| name == *index)).collect::<Vec<_>>()
    };
    let all = wait::try_within(std::time::Duration::from_secs(10), async || missing().await.is_empty().then_some(()));
    assert!(all.await.is_some(), "not used: {:?}", missing().await);
}

#[tokio::test]
async fn p4_the_search_takes_in_texts_without_reading_the_log_of_their_conversation() {
    const OLD: i64 = 30_000;
    const TEXTS: i64 = 20;
    let database = Database::make().await;
    let store = database.node().await;
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![]).await;
    let client = Server::connect(&database.url).await;
    grow(&client, OLD).await;
    begin_statistics(&client).await;
    // All of them in one transaction.
    for n in 0..TEXTS {
        talk.says(&*store, 1002 + n, &format!("k{n}"), &format!("kumquat{n}")).await;
    }
    wait::until("all of them to be taken in", async || {
        let sql = "SELECT 1 FROM usher.search WHERE words @@ 'kumquat19' AND NOT EXISTS (SELECT FROM usher.unsearched)";
        client.query_opt(sql, &[]).await.expect("an answer").map(drop)
    })
    .await;
    drop(store);
    let read = events_read(&client, TEXTS).await;
    assert!(read < OLD, "{read} events were read to take in {TEXTS} texts");
}

#[tokio::test]
async fn p4_a_text_is_written_without_reading_the_log_through_though_it_was_short_when_the_plan_was_made() {
    const OLD: i64 = 30_000;
    const TEXTS: i64 = 20;
    let database = Database::make().await;
    // They take turns, so that each has to look whether what it follows is there.
    let stores = [database.node().await, database.node().await];
    let mut talk = Talk::begin(&*stores[0], "v_1", 1000, vec![]).await;
    let mut late = talk.clone();
    talk.says(&*stores[0], 1001, "first", "first").await;
    // This one also looks whether its place is free, from now on.
    let late = late.saying(1001, "late", "late");
    assert!(matches!(stores[1].append(late).await.expect("an answer"), Appended::Stale { .. }));
    let client = Server::connect(&database.url).await;
    grow(&client, OLD).await;
    // No ANALYZE: the planner goes on believing what it believed.
    client.batch_execute("SELECT pg_stat_force_next_flush()").await.expect("statistics");
    client.batch_execute("SELECT pg_stat_reset()").await.expect("statistics begin anew");
    for n in 0..TEXTS {
        talk.says(&*stores[(n % 2) as usize], 1002 + n, &format!("k{n}"), &format!("text {n}")).await;
    }
    drop(stores);
    let read = events_read(&client, TEXTS).await;
    assert!(read < OLD, "{read} events were read to write {TEXTS} texts");
}

#[tokio::test]
async fn d4_a_look_at_what_moved_reads_the_log_no_further_than_its_page() {
    const MOVED: i64 = 20_000;
    let database = Database::make().await;
    let store = database.node().await;
    Talk::begin(&*store, "v_1", 1000, vec![]).await;
    let client = Server::connect(&database.url).await;
    let grow = "WITH one AS (SELECT * FROM usher.conversation), more AS (
                    INSERT INTO usher.conversation (name, workspace, visitor, verified, state, live, served, since,
                        created_at, last_at, snap_seq, snapshot)
                    SELECT name || n, workspace, visitor || n, verified, state, live, served, since, created_at, last_at,
                        snap_seq, snapshot FROM one, generate_series(1, $1::bigint) n
                    RETURNING id)
                INSERT INTO usher.log (conversation, seq, at, hidden, body)
                SELECT more.id, l.seq, l.at + more.id, l.hidden, l.body FROM more, usher.log l";
    assert_eq!(client.execute(grow, &[&MOVED]).await.expect("many conversations"), MOVED as u64);
    begin_statistics(&client).await;
    let page = store.moved_since(&[workspace()], Millis(1), 100).await.expect("what moved");
    assert_eq!(page.len(), 100);
    assert!(page.is_sorted_by_key(|head| head.at));
    drop(store);
    let read = events_read(&client, 100).await;
    assert!(read < 1_000, "{read} events were read for a page of 100");
}

/// The one conversation gets so many events more, long before its first one, where no other read looks.
async fn grow(client: &tokio_postgres::Client, events: i64) {
    let sql = "INSERT INTO usher.log (conversation, seq, at, hidden, body)
               SELECT conversation, -n, at, hidden, body FROM usher.log, generate_series(1, $1::bigint) n WHERE seq = 1";
    assert_eq!(client.execute(sql, &[&events]).await.expect("a long log"), events as u64);
}

/// The planner knows what there is, and what this connection read to that end is forgotten.
async fn begin_statistics(client: &tokio_postgres::Client) {
    for statement in ["VACUUM ANALYZE usher.log", "ANALYZE usher.conversation", "SELECT pg_stat_force_next_flush()"] {
        client.batch_execute(statement).await.expect("statistics");
    }
    client.batch_execute("SELECT pg_stat_reset()").await.expect("statistics begin anew");
}

/// Rows of the log that were read since statistics began, once there are so many: a connection tells it at its end.
async fn events_read(client: &tokio_postgres::Client, least: i64) -> i64 {
    wait::until("what was read", async || {
        let sql = "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_user_tables WHERE relid = 'usher.log'::regclass";
        let row = client.query_one(sql, &[]).await.expect("statistics");
        let read = row.get::<_, i64>(0) + row.get::<_, i64>(1);
        (read >= least).then_some(read)
    })
    .await
}

async fn read_everything(store: &dyn Store, talk: &Talk) {
    let (id, agent, visitor) = (talk.id(), "jane".into(), VisitorId::from("v_2"));
    store.load(id).await.expect("load");
    store.events_after(id, talk.fold.seq, 10, 10).await.expect("events");
    let scope = usher::chat::command::KeyScope::Author(Author::Visitor);
    store.keyed(id, &scope, &"k".into()).await.expect("keyed");
    store.of_visitor(&workspace(), &visitor, Millis(0)).await.expect("of_visitor");
    store.due(Millis(i64::MAX), 10).await.expect("due");
    store.silent(Millis(i64::MAX), 10).await.expect("silent");
    store.waited_in().await.expect("waited_in");
    store.queue(&workspace()).await.expect("queue");
    store.heads(std::slice::from_ref(id)).await.expect("heads");
    store.moved_since(&[workspace()], Millis(1), 10).await.expect("moved_since");
    store.lately(std::slice::from_ref(id), Millis(1), 10).await.expect("lately");
    store.assigned_to(&workspace(), &agent).await.expect("assigned_to");
    for folder in [Folder::Unassigned, Folder::Mine(agent), Folder::Closed, Folder::All { only_mine: None }] {
        let query = FolderQuery { workspace: workspace(), folder, before: None, limit: 10, query: None };
        store.folder(&query).await.expect("folder");
    }
    let query = DeliveryQuery { workspace: workspace(), webhook: "wh_1".into(), state: None, before: None, limit: 10 };
    store.deliveries(&query).await.expect("deliveries");
    store.webhooks(&workspace()).await.expect("webhooks");
    let (now, until) = (Millis(5000), Millis(6000));
    let take = Take { node: "n_1".into(), now, until, limit: 10, per_webhook: 10 };
    assert!(!store.take_deliveries(&take).await.expect("taken").is_empty());
    let told = DeliveryId::of(id, Seq(1));
    store.revive_delivery(&workspace(), &"wh_1".into(), &told, now).await.expect("answered");
    assert!(!store.undelivered(id, Topic::ItemCreated, 10).await.expect("undelivered").is_empty());
    store.backlog().await.expect("backlog");
    store.sweep_deliveries(Millis(1), 10).await.expect("swept");
    for (kind, conversation) in [(None, None), (Some(ItemKind::Lead), None), (None, Some(id.clone()))] {
        let query = ItemQuery { workspace: workspace(), kind, conversation, viewer: None, before: None, limit: 10 };
        store.items(&query).await.expect("items");
    }
}
