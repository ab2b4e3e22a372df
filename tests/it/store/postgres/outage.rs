//! The server goes away, does not answer, answers nobody hears, or answers with what was never written.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_postgres::Client;
use usher::{
    chat::{command::KeyScope, event::Author},
    ids::{Millis, Seq},
    store::{
        Append, Appended, Store, StoreError,
        postgres::{Mode, Options, Postgres},
    },
};

use super::Database;
use crate::{
    store::talk::{Talk, assigned, by, json, waiting},
    support::{postgres::Postgres as Server, wait, wire::Wire},
};

/// A store behind a wire to a server of its own.
struct Behind {
    _server: Server,
    wire: Wire,
    store: Arc<Postgres>,
    /// Goes around the wire.
    client: Client,
}

impl Behind {
    async fn start() -> Self {
        let server = Server::start().await;
        let wire = Wire::to(server.port()).await;
        let store = Postgres::open(&server.url_through(wire.port), Mode::Alone, Options::default()).await;
        Self { client: server.client().await, store: Arc::new(store.expect("it opens")), wire, _server: server }
    }

    /// How many events the database holds.
    async fn stored(&self) -> i64 {
        self.client.query_one("SELECT count(*) FROM usher.log", &[]).await.expect("a count").get(0)
    }
}

fn append(store: &Arc<Postgres>, append: Append) -> tokio::task::JoinHandle<usher::store::Result<Appended>> {
    let store = store.clone();
    tokio::spawn(async move { store.append(append).await })
}

#[tokio::test]
async fn l5_a_server_that_is_stopped_and_started_is_found_again_without_a_restart() {
    let mut server = Server::start().await;
    let store = Postgres::open(&server.url(), Mode::Alone, Options::default()).await.expect("it opens");
    let mut talk = Talk::begin(&store, "v_1", 1000, vec![waiting(61_000)]).await;
    for (round, killed) in [false, true].into_iter().enumerate() {
        let key = |name: &str| format!("{name}{round}");
        talk.says(&store, 1001, &key("before"), "one").await;
        match killed {
            true => server.kill(),
            false => server.stop().await,
        }
        let began = Instant::now();
        let lost = talk.clone().saying(1002, &key("during"), "two");
        assert!(matches!(store.append(lost).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(store.load(talk.id()).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
        assert!(began.elapsed() < Duration::from_secs(15), "each is told within five seconds");
        let then = store.now();
        server.start_again().await;
        wait::until("it takes writes", async || store.ready().await.ok()).await;
        assert!(store.now() >= then, "the clock went on");
        talk.says(&store, 1003, &key("after"), "three").await;
        talk.is_kept_by(&store).await;
        talk.happens(&store, by("jane"), 1004, assigned("jane")).await;
        talk.is_kept_by(&store).await;
    }
}

#[tokio::test]
async fn l5_what_was_committed_while_the_answer_was_lost_is_answered_once() {
    let behind = Behind::start().await;
    let Behind { wire, store, .. } = &behind;
    let mut talks = Vec::new();
    for n in 0..6 {
        talks.push(Talk::begin(&**store, &format!("v_{n}"), 1000, vec![waiting(61_000)]).await);
        // So that both lanes know everything already.
        talks[n].says(&**store, 1001, "first", "hello").await;
        talks[n].happens(&**store, by("jane"), 1002, assigned("jane")).await;
    }
    let stored = behind.stored().await;
    let (swallowed, mut asked) = (wire.swallowed(), Vec::new());
    wire.mute(true);
    for (n, talk) in talks.iter_mut().enumerate() {
        let given = match n % 2 {
            0 => talk.saying(1003, "second", "are you there?"),
            _ => {
                let after = talk.fold.seq;
                let entry = talk.draft(by("joe"), 1003, assigned("joe"));
                let (conversation, row) = (talk.id().clone(), Some(Box::new(talk.fold.clone())));
                Append { conversation, after, entries: vec![entry], key: None, row }
            }
        };
        asked.push(append(store, given));
    }
    wait::until("all is committed", async || (behind.stored().await == stored + 6).then_some(())).await;
    wait::until("the answers were swallowed", async || (wire.swallowed() > swallowed).then_some(())).await;
    assert!(asked.iter().all(|asked| !asked.is_finished()), "nobody was answered");
    wire.mute(false);
    wire.cut();
    for (n, asked) in asked.into_iter().enumerate() {
        let answer = asked.await.expect("no panic").expect("answered");
        let Appended::Done { counts } = answer else { panic!("{answer:?}") };
        assert_eq!(counts.is_empty(), n % 2 == 0, "whoever moved a conversation learns the sizes: {counts:?}");
    }
    assert_eq!(behind.stored().await, stored + 6, "nothing twice");
    for talk in &talks {
        talk.is_kept_by(&**store).await;
    }
}

#[tokio::test]
async fn l5_what_never_reached_the_server_is_sent_again_and_written_once() {
    let behind = Behind::start().await;
    let Behind { wire, store, .. } = &behind;
    let mut talk = Talk::begin(&**store, "v_1", 1000, vec![waiting(61_000)]).await;
    talk.says(&**store, 1001, "first", "hello").await;
    let swallowed = wire.swallowed();
    wire.deafen(true);
    let asked = append(store, talk.saying(1002, "second", "are you there?"));
    wait::until("the question was swallowed", async || (wire.swallowed() > swallowed).then_some(())).await;
    wire.deafen(false);
    wire.cut();
    let answer = asked.await.expect("no panic").expect("answered");
    assert!(matches!(answer, Appended::Done { .. }), "{answer:?}");
    talk.is_kept_by(&**store).await;
}

#[tokio::test]
async fn l5_what_cannot_be_settled_in_time_is_unavailable_and_settled_once_writing_works() {
    let behind = Behind::start().await;
    let Behind { wire, store, .. } = &behind;
    let mut talk = Talk::begin(&**store, "v_1", 1000, vec![waiting(61_000)]).await;
    talk.says(&**store, 1001, "first", "hello").await;
    let stored = behind.stored().await;
    wire.mute(true);
    let began = Instant::now();
    let before = talk.clone();
    let given = talk.saying(1002, "second", "are you there?");
    let answer = store.append(given.clone()).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(7), "{took:?}");
    assert!(store.ready().await.is_err(), "nobody can say what became of it");
    wire.mute(false);
    wait::until("writing works", async || store.ready().await.ok()).await;
    // From now on it is certain: here it was done, and stays so.
    assert_eq!(behind.stored().await, stored + 1);
    talk.is_kept_by(&**store).await;
    let repeated = store.append(Append { after: before.fold.seq, ..given }).await;
    assert!(matches!(repeated, Ok(Appended::Repeated { .. })), "{repeated:?}");
}

#[tokio::test]
async fn l5_a_statement_that_hangs_is_given_up_and_never_done_later() {
    let database = Database::make().await;
    let store = database.node().await;
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    talk.says(&*store, 1001, "first", "hello").await;
    let client = Server::connect(&database.url).await;
    client.batch_execute("BEGIN; LOCK TABLE usher.log IN EXCLUSIVE MODE").await.expect("a lock");
    let began = Instant::now();
    let late = talk.clone();
    let lost = store.append(talk.clone().saying(1002, "second", "hello?")).await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // Reads go on meanwhile.
    late.is_kept_by(&*store).await;
    client.batch_execute("ROLLBACK").await.expect("free");
    store.ready().await.expect("writing works");
    late.is_kept_by(&*store).await;
    let scope = KeyScope::Author(Author::Visitor);
    assert!(store.keyed(talk.id(), &scope, &"second".into()).await.expect("keyed").is_none());
    talk.says(&*store, 1003, "second", "now").await;
    talk.is_kept_by(&*store).await;
}

#[tokio::test]
async fn d1_one_append_that_cannot_be_stored_does_not_take_its_company_along() {
    let database = Database::make().await;
    let store = database.node().await;
    let (mut talks, mut asked) = (Vec::new(), Vec::new());
    for n in 0..12 {
        talks.push(Talk::begin(&*store, &format!("v_{n}"), 1000, vec![waiting(61_000)]).await);
    }
    for (n, talk) in talks.iter_mut().enumerate() {
        // PostgreSQL keeps no text with a zero in it, and an id is kept as text.
        let key = if n == 5 { "a\0b".to_owned() } else { format!("k{n}") };
        let given = if n == 5 { talk.clone().saying(1001, &key, "?") } else { talk.saying(1001, &key, "hello") };
        asked.push(append(&store, given));
    }
    for (n, asked) in asked.into_iter().enumerate() {
        let answer = asked.await.expect("no panic");
        match n {
            5 => assert!(matches!(answer, Err(StoreError::Damaged(_))), "{answer:?}"),
            _ => assert!(matches!(answer, Ok(Appended::Done { .. })), "{answer:?}"),
        }
    }
    for talk in &talks {
        talk.is_kept_by(&*store).await;
    }
}

#[tokio::test]
async fn d5_a_fold_far_behind_its_log_is_written_anew_and_stays_the_fold() {
    let database = Database::make().await;
    let store = database.node().await;
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    for n in 0..100 {
        talk.says(&*store, 1001, &format!("k{n}"), "on and on").await;
    }
    let client = Server::connect(&database.url).await;
    let kept = async || -> i64 {
        client.query_one("SELECT snap_seq FROM usher.conversation", &[]).await.expect("a row").get(0)
    };
    assert_eq!(kept().await, 2);
    talk.is_kept_by(&*store).await;
    wait::until("the fold was written", async || (kept().await == 102).then_some(())).await;
    talk.is_kept_by(&*store).await;
    let log = store.events_after(talk.id(), Seq(100), 10, usize::MAX).await.expect("events");
    assert_eq!(json(&log), json(&talk.log[100..]));
}

#[tokio::test]
async fn s5_a_log_that_is_damaged_does_not_take_the_ends_of_others_away() {
    let database = Database::make().await;
    let store = database.node().await;
    let one = Talk::begin(&*store, "v_1", 1000, vec![]).await;
    let other = Talk::begin(&*store, "v_2", 1000, vec![]).await;
    let client = Server::connect(&database.url).await;
    let damage = "UPDATE usher.log SET body = '{' WHERE conversation =
                      (SELECT id FROM usher.conversation WHERE name = $1)";
    client.execute(damage, &[&one.id().as_str()]).await.expect("damaged");
    let ends = store.lately(&[one.id().clone(), other.id().clone()], Millis(0), 10).await.expect("ends");
    assert_eq!(ends, [(other.id().clone(), other.log.clone())]);
}
