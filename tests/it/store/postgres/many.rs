//! Many nodes on one database.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio_postgres::Client;
use usher::{
    chat::{
        command::KeyScope,
        conversation::State,
        event::{Author, Event, What},
    },
    ids::{ConversationId, MessageKey, Millis, Seq},
    store::{Append, Appended, Begun, Store, StoreError, postgres::Postgres},
    wire::entry::Entry,
};

use super::Database;
use crate::{
    store::talk::{Talk, assigned, by, closed, text, visitors, waiting, workspace},
    support::{postgres::Postgres as Server, wait},
};

/// Keys each conversation is sent, every one of them by several tasks on both nodes.
const KEYS: usize = 40;

/// What became of one attempt after all retries.
enum Sent {
    Written(Seq),
    Repeated,
}

/// Sends a text under this key until somebody has written it. `faults` counts the times the store gave no answer.
async fn send(store: &dyn Store, id: &ConversationId, key: &str, faults: &AtomicUsize) -> Sent {
    loop {
        let Ok(Some(loaded)) = store.load(id).await else {
            faults.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let after = loaded.conversation.seq;
        let event =
            Event { seq: after.next(), at: loaded.conversation.last_at, by: Author::Visitor, what: text(key, "hello") };
        let append =
            Append { conversation: id.clone(), after, entries: vec![Entry::new(event)], key: visitors(key), row: None };
        match store.append(append).await {
            Ok(Appended::Done { .. }) => return Sent::Written(after.next()),
            Ok(Appended::Repeated { .. }) => return Sent::Repeated,
            Ok(Appended::Stale { head }) => assert!(head > after, "stale at its own head"),
            Ok(Appended::Unknown) => panic!("it was there"),
            Err(StoreError::Unavailable(_)) => drop(faults.fetch_add(1, Ordering::Relaxed)),
            Err(fault) => panic!("{fault}"),
        }
    }
}

/// Claims it or gives it up, whatever it is not, until one of the two is written.
async fn pass_on(store: &dyn Store, id: &ConversationId, who: &str, faults: &AtomicUsize) {
    loop {
        let Ok(Some(loaded)) = store.load(id).await else {
            faults.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let mut row = loaded.conversation;
        let after = row.seq;
        let what = match &row.state {
            State::Assigned { to, .. } => What::Unassigned { from: to.clone() },
            _ => assigned(who),
        };
        let entry = Entry::new(Event { seq: after.next(), at: row.last_at, by: by(who), what });
        row.apply(entry.event());
        let append =
            Append { conversation: id.clone(), after, entries: vec![entry], key: None, row: Some(Box::new(row)) };
        match store.append(append).await {
            Ok(Appended::Done { counts }) => return assert!(!counts.is_empty(), "it moved between folders"),
            Ok(Appended::Stale { .. }) => {}
            Err(StoreError::Unavailable(_)) => drop(faults.fetch_add(1, Ordering::Relaxed)),
            other => panic!("{other:?}"),
        }
    }
}

/// What is kept of it: no hole, every key once, its fold the fold of its log.
async fn is_sound(store: &dyn Store, id: &ConversationId, keys: usize) {
    let log = store.events_after(id, Seq(0), usize::MAX, usize::MAX).await.expect("events");
    let seqs: Vec<u64> = log.iter().map(|entry| entry.event().seq.0).collect();
    assert_eq!(seqs, (1..=log.len() as u64).collect::<Vec<_>>());
    let mut found: Vec<&str> = log
        .iter()
        .filter_map(|entry| match &entry.event().what {
            What::Message { key, .. } => key.as_ref().map(MessageKey::as_str),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    let mut sent: Vec<String> = (0..keys).map(|n| format!("k{n}")).collect();
    sent.sort_unstable();
    assert_eq!(found, sent, "every key once");
    let loaded = store.load(id).await.expect("load").expect("there").conversation;
    let folded =
        usher::chat::conversation::Conversation::fold(id.clone(), workspace(), log.iter().map(|entry| entry.event()));
    assert_eq!(Some(loaded), folded);
}

/// The kept sizes of folders are what a count of the rows says.
async fn sizes_are_right(client: &Client) {
    let wrong = client
        .query(
            "WITH counted AS (
                 SELECT workspace,
                     CASE WHEN state = 'assigned' THEN 'mine' WHEN state = 'closed' THEN 'closed' ELSE 'unassigned' END AS name,
                     coalesce(assignee, '') AS agent, count(*) AS count
                 FROM usher.conversation WHERE state <> 'bot' AND (state <> 'closed' OR live) GROUP BY 1, 2, 3
             )
             SELECT f.name, f.agent, f.count, c.count FROM usher.folder f
             FULL JOIN counted c USING (workspace, name, agent)
             WHERE coalesce(f.count, 0) <> coalesce(c.count, 0)",
            &[],
        )
        .await
        .expect("a recount");
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Both nodes send every key of every conversation and claim and give up meanwhile. Answers how often the store did not.
async fn storm(nodes: &[Arc<Postgres>], talks: &[Talk]) -> usize {
    let faults = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for talk in talks {
        for (at, node) in nodes.iter().enumerate() {
            for lane in 0..2 {
                let (node, id, faults) = (node.clone(), talk.id().clone(), faults.clone());
                tasks.push(tokio::spawn(async move {
                    let mut written = Vec::new();
                    for n in 0..KEYS {
                        // Half of them come from the other end, so that everybody meets everybody.
                        let n = if lane == 0 { n } else { KEYS - 1 - n };
                        if let Sent::Written(seq) = send(&*node, &id, &format!("k{n}"), &faults).await {
                            written.push((format!("k{n}"), seq));
                        }
                        if n % 8 == at {
                            pass_on(&*node, &id, &format!("agent{at}"), &faults).await;
                        }
                    }
                    (id, written)
                }));
            }
        }
    }
    for task in tasks {
        let (id, written) = task.await.expect("no panic");
        for (key, seq) in written {
            let scope = KeyScope::Author(Author::Visitor);
            let kept = wait::until("a read that nobody kills", async || {
                nodes[0].keyed(&id, &scope, &key.as_str().into()).await.ok()
            });
            let kept = kept.await.expect("it was answered");
            assert_eq!(kept.event().seq, seq, "{key} is where it was said to be");
        }
    }
    faults.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_two_nodes_that_write_the_same_logs_leave_no_hole_and_double_nothing() {
    let database = Database::make().await;
    let nodes = [database.node().await, database.node().await];
    let mut talks = Vec::new();
    for n in 0..6 {
        talks.push(Talk::begin(&*nodes[n % 2], &format!("v_{n}"), 1000, vec![waiting(61_000)]).await);
    }
    let faults = storm(&nodes, &talks).await;
    assert_eq!(faults, 0, "nobody was refused: they only stood in each other's way");
    for talk in &talks {
        is_sound(&*nodes[1], talk.id(), KEYS).await;
    }
    sizes_are_right(&Server::connect(&database.url).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_connections_killed_under_load_lose_nothing_and_double_nothing() {
    let database = Database::make().await;
    let nodes = [database.node().await, database.node().await];
    let mut talks = Vec::new();
    for n in 0..4 {
        talks.push(Talk::begin(&*nodes[n % 2], &format!("v_{n}"), 1000, vec![waiting(61_000)]).await);
    }
    let killer = Server::connect(&database.url).await;
    let over = Arc::new(AtomicBool::new(false));
    let (stop, killed) = (over.clone(), Arc::new(AtomicUsize::new(0)));
    let kills = killed.clone();
    let killing = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(25));
        while !stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            // One of those at work, else any of them.
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'usher'
                       ORDER BY state = 'active' DESC, random() LIMIT 1";
            kills.fetch_add(killer.query(sql, &[]).await.expect("killed").len(), Ordering::Relaxed);
        }
        killer
    });
    storm(&nodes, &talks).await;
    wait::until("enough were killed", async || (killed.load(Ordering::Relaxed) > 20).then_some(())).await;
    over.store(true, Ordering::Relaxed);
    let client = killing.await.expect("no panic");
    for talk in &talks {
        is_sound(&*nodes[0], talk.id(), KEYS).await;
    }
    sizes_are_right(&client).await;
    for node in nodes {
        wait::until("it takes writes", async || node.ready().await.ok()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a_visitor_who_starts_and_is_adopted_on_many_nodes_has_one_open_conversation() {
    let database = Database::make().await;
    let nodes = [database.node().await, database.node().await];
    for round in 0..10 {
        let known = format!("v_known{round}");
        let mut tasks = Vec::new();
        for n in 0..12 {
            let (node, known) = (nodes[n % 2].clone(), known.clone());
            tasks.push(tokio::spawn(async move {
                if n % 3 > 0 {
                    let talk = Talk::new("default", &known, 1000, vec![waiting(61_000)]);
                    let begun = node.begin(talk.fold.clone(), talk.log.clone()).await.expect("answered");
                    return matches!(begun, Begun::Done { .. });
                }
                let anonymous = format!("v_{round}_{n}");
                Talk::begin(&*node, &anonymous, 1000, vec![]).await;
                let from = anonymous.as_str().into();
                node.adopt(&workspace(), &from, &known.as_str().into(), None).await.expect("answered").is_some()
            }));
        }
        let mut opened = 0;
        for task in tasks {
            opened += usize::from(task.await.expect("no panic"));
        }
        assert_eq!(opened, 1, "one of them was the first");
    }
    sizes_are_right(&Server::connect(&database.url).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_versions_of_a_folder_rise_with_every_change_on_whatever_node() {
    let database = Database::make().await;
    let nodes = [database.node().await, database.node().await];
    let mut tasks = Vec::new();
    for n in 0..16 {
        let node = nodes[n % 2].clone();
        tasks.push(tokio::spawn(async move {
            let talk = Talk::new("default", &format!("v_{n}"), 1000, vec![waiting(61_000)]);
            match node.begin(talk.fold.clone(), talk.log.clone()).await.expect("answered") {
                Begun::Done { counts } => counts,
                other => panic!("{other:?}"),
            }
        }));
    }
    let mut told = Vec::new();
    for task in tasks {
        let counts = task.await.expect("no panic");
        assert_eq!(counts.len(), 1);
        told.push((counts[0].version, counts[0].count));
    }
    told.sort_unstable();
    told.dedup();
    // Those that shared a commit were told the same; otherwise the later version counts more.
    assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "{told:?}");
    assert_eq!(told.last().map(|(_, count)| *count), Some(16));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_what_another_node_wrote_is_found_within_five_seconds_though_it_is_gone() {
    let database = Database::make().await;
    let (here, there) = (database.node().await, database.node().await);
    let mut talk = Talk::begin(&*there, "v_1", 1000, vec![waiting(61_000)]).await;
    talk.says(&*there, 1001, "k", "zymurgy").await;
    talk.happens(&*there, by("jane"), 1002, closed()).await;
    drop(there);
    let query = usher::store::FolderQuery {
        workspace: workspace(),
        folder: usher::store::Folder::Closed,
        before: None,
        limit: 10,
        query: Some("zymurgy".into()),
    };
    let found = wait::within(std::time::Duration::from_secs(5), "the text is found", async || {
        here.folder(&query).await.expect("folder").conversations.pop()
    })
    .await;
    assert_eq!(found.conversation.id, *talk.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w1_two_nodes_have_one_clock_and_it_is_never_ahead_of_the_databases() {
    let database = Database::make().await;
    let nodes = [database.node().await, database.node().await];
    let client = Server::connect(&database.url).await;
    for _ in 0..50 {
        let before = nodes[0].now().max(nodes[1].now());
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        let truth = Millis(client.query_one(sql, &[]).await.expect("the time").get(0));
        assert!(before <= truth, "{before:?} was told before it was {truth:?}");
    }
}
