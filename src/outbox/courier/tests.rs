//! The courier against real sockets of this machine: limits, TLS, names that change their minds.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use reqwest::dns::{Addrs, Name, Resolving};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::*;

const LAX: Rules = Rules { allow_private: true };

/// Somebody who listens on this machine, and counts who comes.
struct Place {
    address: SocketAddr,
    came: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Place {
    /// Answers every request with these bytes, then waits for the other side to go.
    async fn open(answer: &'static str) -> Self {
        Self::with(answer, None).await
    }

    async fn with(answer: &'static str, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (address, came) = (listener.local_addr().expect("an address"), Arc::new(AtomicUsize::new(0)));
        let count = came.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                match &tls {
                    None => serve(stream, answer).await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => serve(stream, answer).await,
                        Err(_) => continue,
                    },
                }
            }
        });
        Self { address, came, task }
    }

    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }

    fn target(&self, scheme: &str, host: &str) -> Target {
        Target::read(&format!("{scheme}://{host}:{}/hook", self.address.port()), LAX).expect("fit")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str) {
    let mut head = [0; 4096];
    let _ = stream.read(&mut head).await;
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.flush().await;
    while stream.read(&mut head).await.is_ok_and(|read| read > 0) {}
}

fn letter() -> Letter {
    let header = |name, value: &str| (name, value.to_owned());
    let headers =
        [header("webhook-id", "msg_1"), header("webhook-timestamp", "1"), header("webhook-signature", "v1,x")];
    Letter { headers, body: "{}".into() }
}

/// Names that answer in turn.
struct InTurn(Vec<&'static str>, AtomicUsize);

impl Resolve for InTurn {
    fn resolve(&self, _: Name) -> Resolving {
        let at = self.1.fetch_add(1, Ordering::SeqCst);
        let address = SocketAddr::new(self.0[at.min(self.0.len() - 1)].parse().expect("an address"), 0);
        Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) })
    }
}

fn courier(rules: Rules, names: &[&'static str], trusted: Vec<CertificateDer<'static>>) -> Courier {
    let names = Arc::new(InTurn(names.to_vec(), AtomicUsize::new(0)));
    Courier::with(rules, names, trusted, TOTAL).expect("a courier")
}

#[tokio::test]
async fn w2_an_answer_is_read_up_to_four_kilobytes() {
    let long = format!("HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n{}", "x".repeat(9000));
    let place = Place::open(Box::leak(long.into_boxed_str())).await;
    let reply = courier(LAX, &["127.0.0.1"], vec![]).send(&place.target("http", "127.0.0.1"), letter()).await;
    let reply = reply.expect("an answer");
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, MAX_ANSWER));
}

#[tokio::test]
async fn w2_a_good_status_stands_though_the_rest_breaks_off() {
    let place = Place::open("HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense").await;
    let reply = courier(LAX, &["127.0.0.1"], vec![]).send(&place.target("http", "127.0.0.1"), letter()).await;
    let reply = reply.expect("an answer");
    assert_eq!((reply.status.as_u16(), reply.body.as_slice()), (201, b"hello".as_slice()));
}

#[tokio::test]
async fn s7_no_redirect_is_followed() {
    let canary = Place::open("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in ["301", "302", "303", "307", "308"] {
        let answer = format!(
            "HTTP/1.1 {status} Away\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n",
            canary.address.port()
        );
        let place = Place::open(Box::leak(answer.into_boxed_str())).await;
        let reply = courier(LAX, &["127.0.0.1"], vec![]).send(&place.target("http", "127.0.0.1"), letter()).await;
        assert_eq!(reply.expect("an answer").status.as_str(), status);
    }
    assert_eq!(canary.came(), 0);
}

#[tokio::test]
async fn s7_a_name_is_judged_each_time_by_the_address_that_is_connected_to() {
    let canary = Place::open("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let strict = Rules { allow_private: false };
    let url = format!("https://hooks.example:{}/", canary.address.port());
    let target = Target::read(&url, strict).expect("nothing is known of the name");
    // A name that leads to this machine, under every address this machine has for itself.
    for name in ["127.0.0.1", "127.0.0.2", "::1", "0.0.0.0", "::ffff:127.0.0.1"] {
        let sent = courier(strict, &[name], vec![]).send(&target, letter()).await;
        assert_eq!(sent.err(), Some(Silence::Forbidden), "{name}");
    }
    // The system's own names, by the same road.
    let system = Courier::with(strict, Arc::new(SystemNames), vec![], TOTAL).expect("a courier");
    let local = Target::read(&format!("https://localhost:{}/", canary.address.port()), LAX).expect("allowed there");
    assert_eq!(system.send(&local, letter()).await.err(), Some(Silence::Forbidden));
    assert_eq!(canary.came(), 0, "a connection to a forbidden address");
    // One that was harmless when it was looked up first: it is looked up once a connection, and judged then. The same
    // courier is let through when the address may be connected to.
    let turning = courier(LAX, &["192.0.2.1", "127.0.0.1"], vec![]);
    assert_eq!(turning.send(&target, letter()).await.err(), Some(Silence::Forbidden));
    let reached = turning.send(&target, letter()).await;
    assert_eq!(
        (reached.err(), canary.came()),
        (Some(Silence::Unreachable), 1),
        "the canary speaks no TLS, but it was reached"
    );
}

#[tokio::test]
async fn s7_a_certificate_must_be_of_a_known_authority_and_for_this_name() {
    let made = rcgen::generate_simple_self_signed(vec!["hooks.example".to_owned()]).expect("a certificate");
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a server");
    let tls = Some(TlsAcceptor::from(Arc::new(config)));
    let place = Place::with("HTTP/1.1 204 No Content\r\n\r\n", tls).await;
    let send = async |host: &str, trusted: Vec<CertificateDer<'static>>| {
        courier(LAX, &["127.0.0.1"], trusted).send(&place.target("https", host), letter()).await
    };
    let reply = send("hooks.example", vec![certificate.clone()]).await.expect("an answer");
    assert_eq!(reply.status.as_u16(), 204);
    assert_eq!(send("hooks.example", vec![]).await.err(), Some(Silence::Certificate));
    assert_eq!(send("other.example", vec![certificate]).await.err(), Some(Silence::Certificate));
}

#[tokio::test]
async fn w2_silence_has_its_reasons() {
    let gone = Place::open("").await;
    let target = gone.target("http", "127.0.0.1");
    drop(gone);
    let courier = courier(LAX, &["127.0.0.1"], vec![]);
    let refused = until_refused(&courier, &target).await;
    assert_eq!(refused, Silence::Unreachable);
    let odd = Place::open("SMTP ready\r\n\r\n").await;
    assert_eq!(courier.send(&odd.target("http", "127.0.0.1"), letter()).await.err(), Some(Silence::Broken));
    // One that takes the message and says nothing, and one that never comes to the end of its head.
    for beginning in ["", "HTTP/1.1 200 OK\r\nx: "] {
        let mute = Place::open(beginning).await;
        let names = Arc::new(InTurn(vec!["127.0.0.1"], AtomicUsize::new(0)));
        let hasty = Courier::with(LAX, names, vec![], Duration::from_millis(200)).expect("a courier");
        assert_eq!(hasty.send(&mute.target("http", "127.0.0.1"), letter()).await.err(), Some(Silence::TimedOut));
    }
}

/// The listener of a place that was closed may take a moment to go.
async fn until_refused(courier: &Courier, target: &Target) -> Silence {
    loop {
        match courier.send(target, letter()).await {
            Err(Silence::Broken) | Ok(_) => tokio::task::yield_now().await,
            Err(silence) => return silence,
        }
    }
}
