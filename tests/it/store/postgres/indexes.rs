//! Everything that is looked for often is found by an index made for it.

use usher::{
    chat::event::{Author, ItemKind, What},
    ids::{DeliveryId, Millis, Seq, VisitorId},
    store::{
        DeliveryQuery, Folder, FolderQuery, ItemQuery, Outbox, Store, Take, Topic, Topics,
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
