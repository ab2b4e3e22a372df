//! Leases: who is there, and who was gone.

use std::time::{Duration, Instant};

use bytes::Bytes;
use usher::mesh::{Health, Lease, Mesh, MeshError, Renewed};

use super::node::{Node, TIMES};
use crate::support::{
    Redis,
    proxy::{Cut, Fault, Proxy},
    redis::Sentinel,
    wait,
};

/// The rosters of the others, by the leases that `node` sees.
async fn rosters(node: &Node) -> Vec<Bytes> {
    let mut leases = node.mesh.leases().await.expect("leases");
    leases.sort_by(|a, b| a.roster.cmp(&b.roster));
    assert!(leases.iter().all(|Lease { left, .. }| *left <= TIMES.lease && !left.is_zero()), "{leases:?}");
    leases.into_iter().map(|lease| lease.roster).collect()
}

async fn renew(node: &Node, roster: &'static [u8]) -> Result<Renewed, MeshError> {
    node.mesh.renew(Bytes::from_static(roster)).await
}

#[tokio::test]
async fn pr1_leases_of_others_are_seen_until_they_end_and_whoever_comes_back_knows() {
    let redis = Redis::start().await;
    let (one, two, three) =
        (Node::well(&redis.url(), &[]).await, Node::well(&redis.url(), &[]).await, Node::well(&redis.url(), &[]).await);
    assert_eq!(rosters(&one).await, [""; 0]);
    let roster = b"\0 any \xff bytes \r\n";
    assert_eq!(renew(&two, roster).await.expect("renewed"), Renewed::Anew);
    assert_eq!(renew(&three, b"").await.expect("renewed"), Renewed::Anew);
    assert_eq!(renew(&one, b"mine").await.expect("renewed"), Renewed::Anew);
    assert_eq!(rosters(&one).await, [Bytes::new(), Bytes::from_static(roster)]);
    let ids = one.mesh.leases().await.expect("leases").into_iter().map(|lease| lease.node);
    assert!(ids.collect::<Vec<_>>().contains(two.mesh.node()));
    // Held for longer than one life, while the third sleeps too long.
    let began = Instant::now();
    wait::until("a whole life", async || {
        assert_eq!(renew(&two, b"two").await.expect("renewed"), Renewed::Kept);
        assert!(rosters(&one).await.contains(&Bytes::from_static(b"two")), "never gone in between");
        (began.elapsed() > TIMES.lease * 2).then_some(())
    })
    .await;
    assert_eq!(rosters(&one).await, ["two"]);
    // Whoever has looked has swept.
    let names: Vec<String> = redis.ask("SMEMBERS test:lease:{test}").await;
    assert_eq!(names, [two.mesh.node().to_string()]);
    assert_eq!(renew(&three, b"awake").await.expect("renewed"), Renewed::Anew);
    assert_eq!(renew(&three, b"awake").await.expect("renewed"), Renewed::Kept);
    // One that goes is gone at once, and begins anew when it comes back.
    three.mesh.resign().await.expect("resigned");
    assert_eq!(rosters(&one).await, ["two"]);
    assert_eq!(renew(&three, b"back").await.expect("renewed"), Renewed::Anew);
    assert_eq!(rosters(&one).await, ["back", "two"]);
    // When all are gone nothing is left behind.
    wait::until("nothing is left", async || {
        let keys: Vec<String> = redis.ask("KEYS *").await;
        keys.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn pr3_leases_are_back_with_the_next_renewal_after_redis_lost_everything() {
    let mut redis = Redis::start().await;
    let (one, two) = (Node::well(&redis.url(), &[]).await, Node::well(&redis.url(), &[]).await);
    for (node, roster) in [(&one, b"one"), (&two, b"two")] {
        assert_eq!(renew(node, roster).await.expect("renewed"), Renewed::Anew);
    }
    redis.ask::<()>("FLUSHALL").await;
    assert_eq!(rosters(&one).await, [""; 0]);
    assert_eq!(renew(&two, b"two").await.expect("renewed"), Renewed::Anew, "the others may have seen it leave");
    assert_eq!(rosters(&one).await, ["two"]);
    redis.kill();
    redis.start_again().await;
    assert_eq!(renew(&two, b"two").await.expect("renewed, although the connection was gone"), Renewed::Anew);
    assert_eq!(renew(&two, b"two").await.expect("renewed"), Renewed::Kept);
    assert_eq!(rosters(&one).await, ["two"]);
}

#[tokio::test]
async fn pr1_a_question_without_an_answer_is_a_fault_in_time_and_never_a_false_comfort() {
    let mut redis = Redis::start().await;
    let node = Node::well(&redis.url(), &[]).await;
    assert_eq!(renew(&node, b"one").await.expect("renewed"), Renewed::Anew);
    redis.pause();
    let began = Instant::now();
    for _ in 0..2 {
        renew(&node, b"late").await.expect_err("no answer");
        node.mesh.leases().await.expect_err("no answer");
    }
    node.mesh.resign().await.expect_err("no answer");
    let most = TIMES.command * 5 + Duration::from_millis(500);
    assert!(began.elapsed() < most, "{:?}", began.elapsed());
    // By now the lease has ended. Renewals from before may arrive when Redis wakes: they must not hide that.
    wait::until("the lease has ended", async || (began.elapsed() > TIMES.lease).then_some(())).await;
    redis.resume();
    assert_eq!(renew(&node, b"again").await.expect("renewed"), Renewed::Anew);
    redis.kill();
    let began = Instant::now();
    renew(&node, b"nobody").await.expect_err("nobody there");
    assert!(began.elapsed() < TIMES.command + Duration::from_millis(500), "{:?}", began.elapsed());
}

#[tokio::test]
async fn pr1_a_question_is_not_answered_with_what_became_of_an_earlier_ones_line() {
    let redis = Redis::start().await;
    let way = Proxy::start(redis.addr()).await;
    let node = Node::well(&format!("redis://{}", way.addr()), &[]).await;
    assert_eq!(renew(&node, b"one").await.expect("renewed"), Renewed::Anew);
    // The question's line breaks, and the next one is dialled to somebody silent until the question's time is over.
    way.set(Fault::Silence);
    let breaks = async {
        wait::until("the question is asked", async || (way.silenced() > 0).then_some(())).await;
        way.cut_all(Cut::Reset);
    };
    let (late, ()) = tokio::join!(renew(&node, b"late"), breaks);
    late.expect_err("no answer");
    // The dialled one breaks too, while nobody asks.
    way.set(Fault::Cut(Cut::Reset));
    wait::until("all lines have broken", async || (way.open() == 0).then_some(())).await;
    way.heal();
    renew(&node, b"again").await.expect("renewed on a line of its own");
}

#[tokio::test]
async fn pr1_leases_survive_a_failover_or_are_known_to_have_ended() {
    let mut sentinel = Sentinel::start().await;
    // One of those who know the way takes connections and says nothing, for longer than a question may take.
    let mute = Proxy::start(sentinel.first.addr()).await;
    mute.set(Fault::Silence);
    let url = sentinel.url_behind(mute.addr());
    let (one, two) = (Node::well(&url, &[]).await, Node::well(&url, &[]).await);
    wait::until("a lease", async || renew(&one, b"one").await.ok()).await;
    assert!(mute.silenced() > 0);
    sentinel.first.kill();
    wait::until("the leases are there again", async || {
        renew(&one, b"one").await.ok()?;
        (two.mesh.leases().await.ok()?.len() == 1).then_some(())
    })
    .await;
    assert_eq!(sentinel.master().await, sentinel.second.port);
    two.is(Health::Well).await;
}
