//! What goes wrong between a node and a single server, and that nobody takes silence for nothing said.

use std::time::{Duration, Instant};

use usher::mesh::{Health, Heard, Mesh};

use super::node::{Node, TIMES, Teller};
use crate::support::{
    Redis,
    hub::free_port,
    proxy::{Cut, Fault, Proxy, Way},
    wait,
};

/// Two nodes that are well and know each other, and what the second has heard so far is forgotten.
async fn pair(first: &str, second: &str) -> (Node, Node, Teller) {
    let (speaker, listener) = (Node::well(first, &[]).await, Node::well(second, &["a"]).await);
    let mut teller = Teller::default();
    teller.tells(&speaker, "a");
    listener.hears_text("a", "0").await;
    (speaker, listener, teller)
}

/// Talking goes on, and arrives.
async fn well_again(speaker: &Node, listener: &Node, teller: &mut Teller) {
    for node in [speaker, listener] {
        node.is(Health::Well).await;
    }
    teller.talks(speaker, listener, "a").await;
}

#[tokio::test]
async fn d7_redis_killed_and_started_again_leaves_nothing_silently_missed() {
    let mut redis = Redis::start().await;
    let (speaker, listener, mut teller) = pair(&redis.url(), &redis.url()).await;
    for round in 1..=3 {
        listener.forget();
        let before = listener.gaps();
        // Once in good order: it ends its connections itself.
        if round == 2 {
            redis.stop().await;
        } else {
            redis.kill();
        }
        // Nobody waits for a probe when the server is plainly gone.
        teller.tells_until(&speaker, "a", async || listener.mesh.health() == Health::Deaf).await;
        redis.start_again().await;
        well_again(&speaker, &listener, &mut teller).await;
        let heard = listener.heard();
        let at = |wanted: Heard| heard.iter().position(|heard| *heard == wanted);
        assert!(at(Heard::Health(Health::Deaf)) < at(Heard::Health(Health::Well)), "{heard:?}");
        assert!(listener.gaps() > before, "{heard:?}");
        for _ in 0..100 {
            teller.tells(&speaker, "a");
        }
        let last = (teller.count() - 1).to_string();
        listener.hears_text("a", &last).await;
        let wanted: Vec<String> = (teller.count() - 100..teller.count()).map(|n| n.to_string()).collect();
        assert!(listener.texts("a").ends_with(&wanted), "round {round}");
    }
    let (dropped, reconnects) = (speaker.mesh.counters().dropped.get(), listener.mesh.counters().reconnects.get());
    assert!(dropped > 0 && reconnects >= 6, "{dropped} {reconnects}");
    assert!(listener.mesh.counters().deaf.get() > 0.0);
}

#[tokio::test]
async fn d7_connections_that_redis_kills_are_made_anew_and_gaps_are_told() {
    let redis = Redis::start().await;
    let (speaker, listener, mut teller) = pair(&redis.url(), &redis.url()).await;
    let before = listener.gaps();
    for kind in ["pubsub", "normal"].repeat(8) {
        // In the middle of words.
        let more = teller.count() + 20;
        for _ in 0..20 {
            teller.tells(&speaker, "a");
        }
        redis.ask::<usize>(&format!("CLIENT KILL TYPE {kind} SKIPME yes")).await;
        teller
            .tells_until(&speaker, "a", async || {
                listener.texts("a").last().is_some_and(|last| last.parse::<usize>().expect("a number") > more)
            })
            .await;
    }
    well_again(&speaker, &listener, &mut teller).await;
    let missed = listener.judges("a", &mut teller, &speaker).await;
    println!("d7: connections killed: {} words said, {missed} missed, {} gaps told", teller.count(), listener.gaps());
    assert!(listener.gaps() - before >= 4, "some gaps are one when nobody has looked in between");
}

#[tokio::test]
async fn d7_a_redis_that_sleeps_makes_deaf_and_its_waking_well_with_a_gap() {
    let redis = Redis::start().await;
    let (speaker, listener, mut teller) = pair(&redis.url(), &redis.url()).await;
    listener.forget();
    redis.pause();
    let slept = Instant::now();
    listener.hears(&Heard::Health(Health::Deaf)).await;
    let found = slept.elapsed();
    assert!(found < TIMES.every + TIMES.patience + Duration::from_secs(1), "{found:?}");
    assert!(!listener.join("b").await, "that cannot be made certain now");
    let began = Instant::now();
    for _ in 0..20_000 {
        teller.tells(&speaker, "a");
    }
    assert!(began.elapsed() < Duration::from_secs(2), "saying never waits: {:?}", began.elapsed());
    wait::until("it is given up", async || (speaker.mesh.counters().dropped.get() > 10_000).then_some(())).await;
    redis.resume();
    listener.hears(&Heard::Health(Health::Well)).await;
    listener.hears(&Heard::Gap).await;
    well_again(&speaker, &listener, &mut teller).await;
    listener.judges("a", &mut teller, &speaker).await;
    // What could not be made certain then is certain now.
    speaker.say("b", "after");
    listener.hears_text("b", "after").await;
}

#[tokio::test]
async fn d4_a_subscriber_that_hears_nothing_is_found_out_within_two_probes() {
    let redis = Redis::start().await;
    let proxy = Proxy::redis(redis.addr()).await;
    let url = format!("redis://{}", proxy.addr());
    let (speaker, listener, mut teller) = pair(&redis.url(), &url).await;
    let reconnects = listener.mesh.counters().reconnects.get();
    listener.forget();
    let began = Instant::now();
    proxy.set(Fault::SwallowPushes { percent: 100 });
    teller.tells(&speaker, "a");
    listener.hears(&Heard::Health(Health::Deaf)).await;
    let found = began.elapsed();
    println!(
        "d4: deafness found after {found:?} with a probe every {:?} that may take {:?}",
        TIMES.every, TIMES.patience
    );
    assert!(found < (TIMES.every + TIMES.patience) * 2, "{found:?}");
    assert!(proxy.swallowed() >= 2, "the word and the probe");
    assert_eq!(proxy.cut(), 0, "to TCP all is well");
    // It listens anew, and is found deaf each time.
    wait::until("a new connection", async || {
        (listener.mesh.counters().reconnects.get() > reconnects + 1).then_some(())
    })
    .await;
    assert_eq!(listener.mesh.health(), Health::Deaf);
    assert_eq!(speaker.mesh.health(), Health::Well);
    proxy.heal();
    listener.hears(&Heard::Health(Health::Well)).await;
    listener.hears(&Heard::Gap).await;
    well_again(&speaker, &listener, &mut teller).await;
    assert!(listener.judges("a", &mut teller, &speaker).await > 0);
}

#[tokio::test]
async fn d4_a_hole_in_somebodys_words_is_told() {
    let redis = Redis::start().await;
    let proxy = Proxy::redis(redis.addr()).await;
    let url = format!("redis://{}", proxy.addr());
    let (speaker, listener, mut teller) = pair(&redis.url(), &url).await;
    proxy.set(Fault::SwallowPushes { percent: 10 });
    for _ in 0..1_000 {
        teller.tells(&speaker, "a");
        tokio::task::yield_now().await;
    }
    wait::until("all came by", async || (proxy.pushes() >= 1_000).then_some(())).await;
    proxy.heal();
    // With nothing said behind it, a loss at the end shows only with the next word.
    well_again(&speaker, &listener, &mut teller).await;
    let missed = listener.judges("a", &mut teller, &speaker).await;
    println!("d4: {missed} of 1,000 words swallowed, {} gaps told", listener.gaps());
    assert!((40..200).contains(&missed), "{missed}");
}

#[tokio::test]
async fn d7_every_kind_of_broken_line_is_survived() {
    let redis = Redis::start().await;
    let proxy = Proxy::redis(redis.addr()).await;
    let url = format!("redis://{}", proxy.addr());
    let (speaker, listener, mut teller) = pair(&url, &redis.url()).await;
    let late = Fault::Delay { fixed: Duration::from_millis(20), jitter: Duration::from_millis(40) };
    for harmless in [Fault::Split { most: 5 }, late] {
        listener.judges("a", &mut teller, &speaker).await;
        listener.forget();
        proxy.set(harmless);
        let from = teller.count();
        for _ in 0..100 {
            teller.tells(&speaker, "a");
        }
        well_again(&speaker, &listener, &mut teller).await;
        listener.hears_text("a", &(teller.count() - 1).to_string()).await;
        assert_eq!((listener.gaps(), listener.texts("a").len()), (0, teller.count() - from), "{harmless:?}");
        proxy.heal();
    }
    assert!(proxy.segments() > 0 && proxy.delayed() > 0);
    let harms = [
        (None, Fault::Silence),
        (Some(Way::Up), Fault::Silence),
        (Some(Way::Down), Fault::Silence),
        (None, Fault::Cut(Cut::Reset)),
        (None, Fault::Cut(Cut::Finish)),
    ];
    for (way, harm) in harms {
        let happened = || proxy.silenced() + proxy.cut();
        let before = happened();
        match way {
            Some(way) => proxy.set_way(way, harm),
            None => proxy.set(harm),
        }
        let harmed = async || speaker.mesh.health() == Health::Deaf && happened() > before;
        teller.tells_until(&speaker, "a", harmed).await;
        proxy.heal();
        well_again(&speaker, &listener, &mut teller).await;
    }
    let missed = listener.judges("a", &mut teller, &speaker).await;
    println!("d7: broken lines: {} words said, {missed} missed, {} gaps told", teller.count(), listener.gaps());
}

#[tokio::test]
async fn o_a_redis_that_is_not_there_at_the_start_is_used_when_it_comes() {
    let mut redis = Redis::prepare(free_port(), &[]);
    let node = Node::start(&redis.url());
    node.hears(&Heard::Health(Health::Deaf)).await;
    assert!(!node.join("a").await);
    node.mesh.leases().await.expect_err("nobody to ask");
    node.say("a", "to nobody");
    redis.start_again().await;
    node.hears(&Heard::Health(Health::Well)).await;
    node.hears(&Heard::Gap).await;
    node.mesh.leases().await.expect("leases");
    let other = Node::well(&redis.url(), &[]).await;
    other.say("a", "joined long ago");
    node.hears_text("a", "joined long ago").await;
}
