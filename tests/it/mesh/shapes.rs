//! Sentinels, clusters, TLS, passwords.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
    time::Instant,
};

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tracing_subscriber::fmt::MakeWriter;
use usher::mesh::{Health, Mesh, redis::Settings};

use super::node::{Node, Teller, settings};
use crate::support::{
    Redis,
    hub::free_port,
    redis::{Cluster, Sentinel},
    wait,
};

/// The tag that decides where in a cluster the mesh lives.
const TAG: &str = "{test}";

#[tokio::test]
async fn d7_after_a_failover_of_sentinels_words_go_to_the_new_master() {
    let mut sentinel = Sentinel::start().await;
    let url = sentinel.url();
    let (speaker, listener) = (Node::well(&url, &[]).await, Node::well(&url, &["a"]).await);
    let mut teller = Teller::default();
    teller.talks(&speaker, &listener, "a").await;
    let began = Instant::now();
    sentinel.first.kill();
    teller.talks(&speaker, &listener, "a").await;
    println!("d7: words again {:?} after the master was killed (the sentinel waits for 700 ms)", began.elapsed());
    assert_eq!(sentinel.master().await, sentinel.second.port);
    for node in [&speaker, &listener] {
        node.is(Health::Well).await;
    }
    // The old master comes back as a replica (sooner than the sentinel would tell it to); then the sentinel gives its place back to it, without any crash.
    sentinel.first.start_again().await;
    sentinel.first.ask::<()>(&format!("REPLICAOF 127.0.0.1 {}", sentinel.second.port)).await;
    wait::until("the old master follows", async || {
        let info: String = sentinel.first.ask("INFO replication").await;
        info.contains("master_link_status:up").then_some(())
    })
    .await;
    sentinel.fail_over().await;
    wait::until("the other master", async || (sentinel.master().await == sentinel.first.port).then_some(())).await;
    wait::until("everybody is at the new master", async || {
        let clients: String = sentinel.first.ask("CLIENT LIST TYPE pubsub").await;
        (clients.lines().count() >= 2).then_some(())
    })
    .await;
    teller.talks(&speaker, &listener, "a").await;
    speaker.mesh.renew(Bytes::new()).await.expect("a lease at the new master");
    let missed = listener.judges("a", &mut teller, &speaker).await;
    println!("d7: two failovers: {} words said, {missed} missed, {} gaps told", teller.count(), listener.gaps());
}

#[tokio::test]
async fn d7_a_cluster_that_loses_its_home_master_speaks_through_another_and_moves_to_the_replica() {
    let mut cluster = Cluster::start(TAG, 1).await;
    let url = cluster.url();
    let (speaker, listener) = (Node::well(&url, &[]).await, Node::well(&url, &["a"]).await);
    speaker.mesh.renew(Bytes::from_static(b"here")).await.expect("renewed");
    assert_eq!(listener.mesh.leases().await.expect("leases").len(), 1);
    // All of them are at the home: no word crosses the bus.
    let clients: String = cluster.nodes[0].ask("CLIENT LIST TYPE pubsub").await;
    assert_eq!(clients.lines().count(), 2);
    let mut teller = Teller::default();
    teller.talks(&speaker, &listener, "a").await;
    let began = Instant::now();
    cluster.nodes[0].kill();
    teller.talks(&speaker, &listener, "a").await;
    println!("d7: words again {:?} after the home master was killed", began.elapsed());
    wait::until("the leases are there again", async || {
        speaker.mesh.renew(Bytes::from_static(b"here")).await.ok()?;
        (listener.mesh.leases().await.ok()?.len() == 1).then_some(())
    })
    .await;
    println!("d7: leases again {:?} after the home master was killed", began.elapsed());
    let info: String = cluster.nodes[3].ask("INFO replication").await;
    assert!(info.contains("role:master"), "{info}");
    wait::until("everybody is at the new home", async || {
        let clients: String = cluster.nodes[3].ask("CLIENT LIST TYPE pubsub").await;
        (clients.lines().count() == 2).then_some(())
    })
    .await;
    teller.talks(&speaker, &listener, "a").await;
    let missed = listener.judges("a", &mut teller, &speaker).await;
    println!("d7: a cluster's failover: {} words said, {missed} missed, {} gaps told", teller.count(), listener.gaps());
}

#[tokio::test]
async fn d7_a_cluster_of_three_goes_on_without_one_of_its_masters() {
    let mut cluster = Cluster::start(TAG, 0).await;
    let url = cluster.url();
    let (speaker, listener) = (Node::well(&url, &[]).await, Node::well(&url, &["a"]).await);
    let mut teller = Teller::default();
    teller.talks(&speaker, &listener, "a").await;
    // One that is not the home is not missed.
    listener.forget();
    cluster.nodes[2].kill();
    for _ in 0..50 {
        teller.talks(&speaker, &listener, "a").await;
        speaker.mesh.renew(Bytes::new()).await.expect("renewed");
    }
    assert_eq!(listener.gaps(), 0);
    cluster.nodes[2].start_again().await;
    // Without the home, words go through the others; leases have nowhere to be, and whoever asks is told.
    cluster.nodes[0].kill();
    teller.talks(&speaker, &listener, "a").await;
    speaker.mesh.renew(Bytes::new()).await.expect_err("nowhere to be");
    listener.is(Health::Well).await;
    cluster.nodes[0].start_again().await;
    wait::until("the leases are there again", async || speaker.mesh.renew(Bytes::new()).await.ok()).await;
    wait::until("everybody is at home again", async || {
        let clients: String = cluster.nodes[0].ask("CLIENT LIST TYPE pubsub").await;
        (clients.lines().count() == 2).then_some(())
    })
    .await;
    teller.talks(&speaker, &listener, "a").await;
}

/// An authority, and a certificate of it for loopback, as files of a folder.
fn certify(folder: &Path) {
    let key = || KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, key()).expect("an authority");
    let (params, own) = (CertificateParams::new(vec!["127.0.0.1".into(), "localhost".into()]), key());
    let certificate = params.expect("names").signed_by(&own, &authority).expect("a certificate");
    for (name, pem) in [("ca.pem", authority.pem()), ("cert.pem", certificate.pem()), ("key.pem", own.serialize_pem())]
    {
        fs::write(folder.join(name), pem).expect("written");
    }
}

#[tokio::test]
async fn o_tls_is_spoken_with_the_named_authority_and_with_no_other() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    certify(folder.path());
    certify(other.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let port = free_port();
    let redis = Redis::with(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &file("cert.pem"),
        "--tls-key-file",
        &file("key.pem"),
        "--tls-ca-cert-file",
        &file("ca.pem"),
        "--tls-auth-clients",
        "no",
    ])
    .await;
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("rediss://{host}:{port}?ca={}", file("ca.pem"));
        let (speaker, listener) = (Node::well(&url, &[]).await, Node::well(&url, &["a"]).await);
        speaker.say("a", "in secret");
        listener.hears_text("a", "in secret").await;
        speaker.mesh.renew(Bytes::new()).await.expect("renewed");
    }
    let wrong = other.path().join("ca.pem").display().to_string();
    // One of another authority, the public ones, and TLS to where none is spoken.
    let (log, _guard) = Log::open();
    for url in [
        format!("rediss://127.0.0.1:{port}?ca={wrong}"),
        format!("rediss://127.0.0.1:{port}"),
        format!("rediss://127.0.0.1:{}?ca={}", redis.port, file("ca.pem")),
    ] {
        let before = log.text().len();
        let node = Node::start(&url);
        wait::until("it says why", async || log.text()[before..].contains("Redis cannot be used").then_some(())).await;
        node.mesh.renew(Bytes::new()).await.expect_err("not trusted");
        assert_eq!(node.mesh.health(), Health::Deaf);
    }
    assert!(log.text().contains("UnknownIssuer"), "{}", log.text());
}

#[tokio::test]
async fn o_a_wrong_password_is_in_the_log_once_and_never_shown() {
    let redis = Redis::with_password("right-hush").await;
    let node = Node::well(&redis.url(), &["a"]).await;
    node.mesh.renew(Bytes::new()).await.expect("renewed");
    // A user of its own, who may do what the manual says and nothing else.
    redis
        .ask::<()>(
            "ACL SETUSER usher on >other-hush resetchannels &test:* ~test:* +publish +subscribe +unsubscribe +eval \
             +getrange +get +set +del +sadd +srem +smembers +pttl +pexpire",
        )
        .await;
    let url = format!("redis://usher:other-hush@127.0.0.1:{}", redis.port);
    let user = Node::well(&url, &["a"]).await;
    user.say("a", "allowed");
    node.hears_text("a", "allowed").await;
    user.mesh.renew(Bytes::new()).await.expect("renewed");
    assert_eq!(user.mesh.leases().await.expect("leases").len(), 1);
    user.mesh.resign().await.expect("resigned");
    let (log, _guard) = Log::open();
    for login in ["usher:wrong-hush@", ":wrong-hush@", ""] {
        let before = log.text().len();
        let url = format!("redis://{login}127.0.0.1:{}", redis.port);
        let node = Node::start(&url);
        node.is(Health::Deaf).await;
        let fault = node.mesh.renew(Bytes::new()).await.expect_err("not let in");
        wait::until("several attempts", async || (attempts(&redis).await > 0).then_some(())).await;
        let said = log.text()[before..].to_owned();
        assert!(said.contains("WRONGPASS") || said.contains("NOAUTH"), "{login}: {said}");
        assert!(!said.contains("hush") && !fault.to_string().contains("hush"), "{said} {fault}");
        assert!(!format!("{node:?}", node = node.mesh).contains("hush"));
        assert!(said.matches("to hear").count() == 1 && said.matches("to speak").count() == 1, "once each: {said}");
    }
    // A prefix the user may not use is refused by name of the right, for good.
    let mut foreign: Settings = settings(&url);
    foreign.prefix = "foreign".into();
    let node = Node::with(foreign);
    wait::until("it says why", async || log.text().contains("no permissions").then_some(())).await;
    assert_eq!(node.mesh.health(), Health::Deaf);
    assert!(!log.text().contains("hush"));
}

/// How often somebody has failed to get in since this was asked last.
async fn attempts(redis: &Redis) -> usize {
    let info: String = redis.ask("INFO errorstats").await;
    redis.ask::<()>("CONFIG RESETSTAT").await;
    let count = |line: &str| line.split_once("count=")?.1.trim().parse::<usize>().ok();
    info.lines().filter(|line| line.contains("WRONGPASS") || line.contains("NOAUTH")).filter_map(count).sum()
}

/// What is logged in this test's thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

// === impl Log ===

impl Log {
    fn open() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("the log")).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
