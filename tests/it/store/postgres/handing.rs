//! Many nodes that hand events on from one outbox.

use std::collections::BTreeSet;

use tokio_postgres::Client;
use usher::{
    ids::{DeliveryId, Millis},
    store::{Outbox, Settled, Take, Taken, Topics, Verdict},
};

use super::Database;
use crate::{
    store::{
        contract::outbox::webhook,
        talk::{Talk, workspace},
    },
    support::postgres::Postgres as Server,
};

fn settled(taken: &Taken, at: i64) -> Settled {
    Settled {
        webhook: taken.webhook.id.clone(),
        delivery: taken.delivery.id.clone(),
        lease: taken.lease,
        at: Millis(at),
        status: Some(204),
        verdict: Verdict::Delivered,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w2_deliveries_fall_to_one_of_many_nodes_and_a_dead_nodes_to_the_others() {
    let database = Database::make().await;
    let nodes = [database.node().await, database.node().await, database.node().await];
    assert!(nodes[0].add_webhook(&webhook("wh_1", Topics::All)).await.expect("answered"));
    for n in 0..60 {
        Talk::begin(&*nodes[n % 3], &format!("v_{n}"), 1000, vec![]).await;
    }
    let take = |node: &str, now| Take {
        node: node.into(),
        now: Millis(now),
        until: Millis(now + 1000),
        limit: 7,
        per_webhook: 1000,
    };
    let doomed = database.node().await;
    let lost = doomed.take_deliveries(&take("n_doomed", 2000)).await.expect("taken");
    assert_eq!(lost.len(), 7);
    drop(doomed);
    let work = nodes.iter().enumerate().map(|(n, store)| {
        let (store, take) = (store.clone(), Take { limit: 3, ..take(&format!("n_{n}"), 2500) });
        tokio::spawn(async move {
            let mut mine: Vec<DeliveryId> = Vec::new();
            while store.backlog().await.expect("backlog").waiting > 7 {
                for taken in store.take_deliveries(&take).await.expect("taken") {
                    assert!(store.settle_delivery(&settled(&taken, 2501)).await.expect("settled"), "not theirs");
                    mine.push(taken.delivery.id);
                }
            }
            mine
        })
    });
    let mut all: Vec<DeliveryId> = Vec::new();
    for mine in futures_util::future::join_all(work).await {
        all.extend(mine.expect("no panic"));
    }
    assert_eq!(all.len(), 53);
    let lost_ids: BTreeSet<&DeliveryId> = lost.iter().map(|taken| &taken.delivery.id).collect();
    assert!(nodes[1].take_deliveries(&take("n_1", 2999)).await.expect("taken").is_empty(), "it may still be at work");
    let found = nodes[1].take_deliveries(&take("n_1", 3000)).await.expect("taken");
    assert_eq!(found.iter().map(|taken| &taken.delivery.id).collect::<BTreeSet<_>>(), lost_ids);
    assert_eq!(all.iter().chain(lost_ids).collect::<BTreeSet<_>>().len(), 60, "each once");
    // Not dead after all, only slow: what it says now counts for nothing.
    for taken in &lost {
        assert!(!nodes[2].settle_delivery(&settled(taken, 3001)).await.expect("answered"));
    }
    for taken in &found {
        assert!(nodes[1].settle_delivery(&settled(taken, 3001)).await.expect("answered"));
    }
    assert_eq!(nodes[0].backlog().await.expect("backlog").waiting, 0);
}

#[tokio::test]
async fn l6_an_event_that_commits_while_its_webhook_goes_leaves_nothing_behind() {
    let database = Database::make().await;
    let node = database.node().await;
    assert!(node.add_webhook(&webhook("wh_1", Topics::All)).await.expect("answered"));
    let mut slow = Server::connect(&database.url).await;
    // Somebody has seen the webhook and is slow to commit.
    let tx = slow.transaction().await.expect("a transaction");
    let put = "INSERT INTO usher.delivery (webhook, conversation, seq, topic, at, next_at)
               SELECT id, 1, 1, 'item.created', 1, 1 FROM usher.webhook WHERE deleted_at IS NULL";
    assert_eq!(tx.execute(put, &[]).await.expect("put"), 1);
    assert!(node.delete_webhook(&workspace(), &"wh_1".into()).await.expect("deleted"));
    assert_eq!(node.sweep_deliveries(Millis(i64::MAX), 100).await.expect("swept"), 0);
    tx.commit().await.expect("committed");
    let left = async |client: &Client| {
        let sql = "SELECT (SELECT count(*) FROM usher.delivery), (SELECT count(*) FROM usher.webhook)";
        let row = client.query_one(sql, &[]).await.expect("counted");
        (row.get::<_, i64>(0), row.get::<_, i64>(1))
    };
    assert_eq!(left(&slow).await, (1, 1));
    assert_eq!(node.sweep_deliveries(Millis(i64::MAX), 100).await.expect("swept"), 1);
    assert_eq!(left(&slow).await, (0, 1), "the webhook's own row waits for the slowest");
    let later = "UPDATE usher.webhook SET deleted_at = deleted_at - interval '1 hour'";
    slow.batch_execute(later).await.expect("an hour passes");
    assert_eq!(node.sweep_deliveries(Millis(i64::MAX), 100).await.expect("swept"), 0);
    assert_eq!(left(&slow).await, (0, 0));
}
