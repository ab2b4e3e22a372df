//! Words between nodes that are well.

use std::time::Duration;

use tokio::time::timeout;
use usher::mesh::{Health, Heard, Mesh};

use super::node::{Node, Teller, settings};
use crate::support::{Redis, wait};

#[tokio::test]
async fn d4_words_of_others_arrive_once_and_in_order_and_never_to_oneself() {
    let redis = Redis::start().await;
    let url = redis.url();
    let (one, two, three) =
        (Node::well(&url, &["a", "b"]).await, Node::well(&url, &["a", "b"]).await, Node::well(&url, &["b"]).await);
    let mut texts = [vec![], vec![]];
    for n in 0..2_000 {
        let (which, workspace) = if n % 3 == 0 { (0, "a") } else { (1, "b") };
        one.say(workspace, &n.to_string());
        texts[which].push(n.to_string());
        if n % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    for (node, workspace, texts) in [(&two, "a", &texts[0]), (&two, "b", &texts[1]), (&three, "b", &texts[1])] {
        node.hears_text(workspace, texts.last().expect("some")).await;
        assert!(node.texts(workspace) == *texts, "{workspace} in order");
    }
    assert!(three.texts("a").is_empty() && one.texts("a").is_empty() && one.texts("b").is_empty());
    let ids = |heard: &Heard| match heard {
        Heard::Said { from, .. } => Some(from.clone()),
        _ => None,
    };
    assert!(two.heard().iter().filter_map(ids).all(|from| from == *one.mesh.node()));
    let counters = one.mesh.counters();
    // The words may arrive before their sender learns that they were taken.
    wait::until("all are counted", async || (counters.said.get() == 2_000).then_some(())).await;
    assert_eq!((counters.dropped.get(), counters.heard.get()), (0, 0));
    assert_eq!(two.mesh.counters().heard.get(), 2_000);
}

#[tokio::test]
async fn d4_words_of_many_at_once_keep_each_ones_order() {
    let redis = Redis::start().await;
    let listener = Node::well(&redis.url(), &["w0", "w1", "w2"]).await;
    listener.forget();
    let mut all = Vec::new();
    for n in 0..3 {
        all.push((Node::well(&redis.url(), &[]).await, format!("w{n}"), Teller::default()));
    }
    for _ in 0..500 {
        for (node, workspace, teller) in &mut all {
            teller.tells(node, workspace);
        }
        tokio::task::yield_now().await;
    }
    for (node, workspace, teller) in &mut all {
        assert_eq!(listener.judges(workspace, teller, node).await, 0);
    }
    assert_eq!(listener.gaps(), 0);
}

#[tokio::test]
async fn d4_words_said_at_once_travel_as_one_unless_a_node_of_the_version_before_listens() {
    let redis = Redis::start().await;
    let (one, two) = (Node::well(&redis.url(), &["a"]).await, Node::well(&redis.url(), &["a"]).await);
    two.say("a", "here");
    one.hears_text("a", "here").await;
    let published = async || {
        let stats: String = redis.ask("INFO commandstats").await;
        let calls = stats.split("cmdstat_publish:calls=").nth(1).and_then(|rest| rest.split(',').next());
        calls.expect("something was published").parse::<usize>().expect("a number")
    };
    let burst = async |from: usize| {
        let before = published().await;
        for n in from..from + 500 {
            one.say("a", &n.to_string());
        }
        two.hears_text("a", &(from + 499).to_string()).await;
        published().await - before
    };
    // The nodes' messages to themselves are counted, too.
    let together = burst(0).await;
    assert!(together < 250, "{together} messages for 500 words");
    let mut older = vec![1, 0, 3];
    older.extend(b"n_0");
    older.extend(1_u64.to_be_bytes());
    older.extend(b"older");
    let client = redis::Client::open(redis.url()).expect("an address");
    let mut connection = client.get_multiplexed_async_connection().await.expect("a connection");
    let told: usize =
        redis::cmd("PUBLISH").arg("test:w:a").arg(older).query_async(&mut connection).await.expect("an answer");
    assert_eq!(told, 2);
    one.hears_text("a", "older").await;
    let alone = burst(500).await;
    assert!(alone >= 500, "{alone} messages for 500 words");
    two.hears_text("a", "older").await;
    let texts: Vec<String> = two.texts("a").into_iter().filter(|text| text != "older").collect();
    assert_eq!(texts, (0..1_000).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn d4_once_a_join_is_confirmed_all_that_is_said_is_heard() {
    let redis = Redis::start().await;
    let (one, two) = (Node::well(&redis.url(), &[]).await, Node::well(&redis.url(), &[]).await);
    one.forget();
    for n in 0..100 {
        let workspace = format!("w{n}");
        assert!(one.join(&workspace).await);
        two.say(&workspace, "first");
        one.hears_text(&workspace, "first").await;
    }
    // All at once, some of them twice.
    let names: Vec<String> = (50..300).map(|n| format!("w{n}")).collect();
    let joins = names.iter().chain(&names).map(|name| one.join(name));
    assert!(futures_util::future::join_all(joins).await.into_iter().all(|joined| joined));
    for name in &names {
        two.say(name, "second");
    }
    one.hears_text("w299", "second").await;
    for name in &names {
        one.hears_text(name, "second").await;
    }
    assert_eq!(one.gaps(), 0, "nothing could have been missed");
}

#[tokio::test]
async fn d4_nothing_is_heard_after_parting_and_all_after_joining_again() {
    let redis = Redis::start().await;
    let (one, two) = (Node::well(&redis.url(), &["a", "b"]).await, Node::well(&redis.url(), &[]).await);
    two.say("a", "before");
    one.hears_text("a", "before").await;
    one.mesh.part(&"a".into());
    wait::until("Redis sends it nothing", async || {
        let (_, count): (String, usize) = redis.ask("PUBSUB NUMSUB test:w:a").await;
        (count == 0).then_some(())
    })
    .await;
    two.say("a", "between");
    two.say("b", "between");
    one.hears_text("b", "between").await;
    assert_eq!(one.texts("a"), ["before"]);
    // To and fro faster than the server answers: the last word counts.
    for _ in 0..50 {
        let join = one.join("a");
        assert!(timeout(Duration::ZERO, join).await.is_err() || one.join("a").await);
        one.mesh.part(&"a".into());
    }
    assert!(one.join("a").await);
    two.say("a", "after");
    one.hears_text("a", "after").await;
    assert_eq!(one.texts("a"), ["before", "after"]);
}

#[tokio::test]
async fn l6_words_nobody_listens_to_are_bounded_counted_and_told_as_one_gap() {
    let redis = Redis::start().await;
    let mut few = settings(&redis.url());
    few.most_words = 10;
    let deaf = usher::mesh::redis::Redis::new(few);
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(deaf.clone().run(stop.clone()));
    wait::until("it is well", async || (deaf.health() == Health::Well).then_some(())).await;
    assert!(deaf.join(&"a".into()).await);
    // What is there from its start: it came to be well, and may have missed something.
    let mut heard = vec![deaf.heard().await, deaf.heard().await];
    heard.sort_by_key(|heard| *heard == Heard::Gap);
    assert_eq!(heard, [Heard::Health(Health::Well), Heard::Gap]);
    let other = Node::well(&redis.url(), &[]).await;
    for n in 0..100 {
        other.say("a", &n.to_string());
    }
    let counters = deaf.counters().clone();
    wait::until("all came", async || (counters.heard.get() == 100).then_some(())).await;
    assert_eq!(counters.overheard.get(), 90);
    for n in 0..10 {
        assert!(matches!(deaf.heard().await, Heard::Said { body, .. } if body == n.to_string()));
    }
    assert_eq!(deaf.heard().await, Heard::Gap);
    assert!(timeout(Duration::from_millis(100), deaf.heard()).await.is_err(), "one gap for all of them");
    other.say("a", "and on");
    assert!(matches!(deaf.heard().await, Heard::Said { body, .. } if body == "and on"));
    stop.cancel();
    running.await.expect("no panic").expect("no panic of a task");
}

#[tokio::test]
async fn d4_words_too_many_to_send_are_counted_and_told_to_the_others() {
    let redis = Redis::start().await;
    let listener = Node::well(&redis.url(), &["a", "b"]).await;
    let mut few = settings(&redis.url());
    few.most_words = 10;
    let teller = Node::with(few);
    teller.is(Health::Well).await;
    teller.say("b", "something, so that it is known there");
    listener.hears_text("b", "something, so that it is known there").await;
    listener.forget();
    // No other task runs in between: what does not fit cannot be sent.
    for n in 0..50 {
        teller.say("a", &n.to_string());
    }
    teller.say("b", "does not fit");
    listener.hears_text("a", "9").await;
    listener.hears(&Heard::Gap).await;
    assert_eq!(listener.texts("a").len(), 10);
    assert_eq!(teller.mesh.counters().dropped.get(), 41);
    listener.forget();
    teller.say("a", "and on");
    teller.say("b", "and on");
    listener.hears_text("b", "and on").await;
    assert_eq!(listener.gaps(), 0, "that was told before");
}

#[tokio::test]
async fn l6_a_mesh_that_ended_leaves_no_connection_and_no_subscription() {
    let redis = Redis::start().await;
    let node = Node::well(&redis.url(), &["a", "b"]).await;
    node.mesh.leases().await.expect("leases");
    let clients = async || redis.ask::<String>("CLIENT LIST").await.lines().count();
    assert_eq!(clients().await, 4, "words out, words in, questions, and this one");
    drop(node);
    wait::until("only this one is left", async || (clients().await == 1).then_some(())).await;
    assert_eq!(redis.ask::<Vec<String>>("PUBSUB CHANNELS").await, [""; 0]);
}
