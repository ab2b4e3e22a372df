use std::{net::SocketAddr, sync::Mutex};

use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use prometheus_client::registry::Registry;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, ClientRequestBuilder, Message, protocol::Role},
};

use super::*;
use crate::door::{MeterLimits, Peer, Socket};

/// Echoes texts; the first one counts as `hello`. Reports the end of each socket.
struct Echo {
    ended: mpsc::Sender<String>,
    peers: Arc<Mutex<Vec<String>>>,
}

impl Echo {
    fn talk(&self, side: &'static str, mut socket: Socket, peer: Peer) -> impl Future<Output = ()> + use<> {
        let origin = peer.origin.as_deref().unwrap_or("none");
        let address = peer.admission.address();
        let line = format!("{side} {address} {origin} {}", peer.own_origin);
        self.peers.lock().expect("no panic").push(line);
        let ended = self.ended.clone();
        async move {
            let end = loop {
                match socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        peer.admission.authenticated();
                        if socket.send(Message::Text(text)).await.is_err() {
                            break "unwritable".to_owned();
                        }
                    }
                    Some(Ok(Message::Close(_))) | None => break "closed".to_owned(),
                    Some(Ok(_)) => {}
                    Some(Err(tungstenite::Error::Io(error))) => break format!("{:?}", error.kind()),
                    Some(Err(error)) => break error.to_string(),
                }
            };
            drop(peer);
            let _ = ended.send(end).await;
        }
    }
}

impl Sessions for Echo {
    fn visitor(&self, socket: Socket, peer: Peer) -> impl Future<Output = ()> + Send + 'static {
        self.talk("visitor", socket, peer)
    }

    fn agent(&self, socket: Socket, peer: Peer) -> impl Future<Output = ()> + Send + 'static {
        self.talk("agent", socket, peer)
    }
}

struct House {
    door: Arc<Door<Echo>>,
    address: SocketAddr,
    ended: mpsc::Receiver<String>,
    peers: Arc<Mutex<Vec<String>>>,
    registry: Registry,
}

impl House {
    async fn open(change: impl FnOnce(&mut DoorSettings)) -> Self {
        let meter =
            MeterLimits { frames_per_second: 100, frame_burst: 200, bytes_per_second: 65_536, byte_burst: 262_144 };
        let mut settings = DoorSettings {
            connections_per_address: 50,
            unauthenticated_per_address: 50,
            trusted_proxies: Vec::new(),
            socket: SocketLimits { meter, outbound_bytes: 262_144 },
        };
        change(&mut settings);
        let (sender, ended) = mpsc::channel(100);
        let peers = Arc::default();
        let echo = Echo { ended: sender, peers: Arc::clone(&peers) };
        let mut registry = Registry::default();
        let metrics = DoorMetrics::register(&mut registry);
        let router = Router::new().route("/hello", get(|| async { "hello" }));
        let listener = crate::door::listen(([127, 0, 0, 1], 0).into(), 262_144).expect("a port");
        let address = listener.local_addr().expect("an address");
        let door = Door::new(settings, echo, router, metrics, Shutdown::default());
        tokio::spawn(door.clone().serve(listener));
        Self { door, address, ended, peers, registry }
    }

    async fn connect(&self, path: &str, headers: &[(&str, &str)]) -> tungstenite::Result<WebSocketStream<TcpStream>> {
        let uri = format!("ws://{}{path}", self.address).parse().expect("an address");
        let request = headers
            .iter()
            .fold(ClientRequestBuilder::new(uri), |request, (name, value)| request.with_header(*name, *value));
        let stream = TcpStream::connect(self.address).await.expect("connected");
        client_async(request, stream).await.map(|(socket, _)| socket)
    }

    /// Writes text to a raw connection and reads until its end.
    async fn raw(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        stream.write_all(text.as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = tokio::time::Instant::now() + Duration::from_secs(10);
        while !holds(self) {
            assert!(tokio::time::Instant::now() < end, "not within 10 s: {what}");
            tokio::task::yield_now().await;
        }
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).expect("text");
        text
    }
}

fn status(error: tungstenite::Error) -> u16 {
    match error {
        tungstenite::Error::Http(answer) => answer.status().as_u16(),
        other => panic!("no answer: {other}"),
    }
}

async fn echo(socket: &mut WebSocketStream<TcpStream>, text: &str) {
    socket.send(Message::text(text)).await.expect("sent");
    assert_eq!(socket.next().await.expect("open").expect("a frame"), Message::text(text));
}

#[tokio::test]
async fn p1_a_socket_is_handed_over_with_who_and_whence() {
    let mut house = House::open(|_| ()).await;
    let own = format!("http://{}", house.address);
    let mut visitor = house.connect("/v1/visitor", &[("origin", "https://shop.example")]).await.expect("upgraded");
    let mut agent = house.connect("/v1/agent", &[("origin", own.as_str())]).await.expect("upgraded");
    echo(&mut visitor, "one").await;
    echo(&mut agent, &"long ".repeat(5000)).await;
    assert_eq!(
        *house.peers.lock().expect("no panic"),
        ["visitor 127.0.0.1 https://shop.example false".to_owned(), format!("agent 127.0.0.1 {own} true")]
    );
    assert!(house.metrics().contains("usher_sockets{side=\"visitor\"} 1"), "{}", house.metrics());
    drop(visitor);
    drop(agent);
    house.ended.recv().await.expect("an end");
    house.ended.recv().await.expect("an end");
    house.until("all are gone", |house| house.door.addresses().is_empty()).await;
    house.until("none is counted", |house| house.metrics().contains("usher_sockets{side=\"visitor\"} 0")).await;
}

#[tokio::test]
async fn p1_frames_sent_along_with_the_handshake_are_not_lost() {
    let house = House::open(|_| ()).await;
    let mut stream = TcpStream::connect(house.address).await.expect("connected");
    let head = "GET /v1/visitor HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend_from_slice(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i', 0x81, 0x82, 0, 0]);
    stream.write_all(&bytes).await.expect("written");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    assert_eq!(socket.next().await.expect("open").expect("a frame"), Message::text("hi"));
    // The rest of the frame that was cut.
    socket.get_mut().write_all(&[0, 0, b'y', b'o']).await.expect("written");
    assert_eq!(socket.next().await.expect("open").expect("a frame"), Message::text("yo"));
}

#[tokio::test]
async fn p1_what_is_no_handshake_gets_a_problem_and_the_rest_its_route() {
    let house = House::open(|_| ()).await;
    let answer = house.raw("GET /v1/visitor HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    let answer = house.raw("GET /hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
    let answer = house.raw("rubbish\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn l2_a_head_that_is_too_long_is_refused() {
    let house = House::open(|_| ()).await;
    let long = "x".repeat(HEAD_BYTES);
    let answer = house.raw(&format!("GET /hello HTTP/1.1\r\nhost: x\r\nlong: {long}\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn l2_a_head_that_does_not_come_ends_the_connection() {
    let house = House::open(|_| ()).await;
    for text in ["", "GET /hello HTTP/1.1\r\nhost: x\r\n"] {
        let began = tokio::time::Instant::now();
        house.raw(text).await;
        assert!((4..=6).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn l2_too_many_connections_of_an_address_get_503() {
    let mut house = House::open(|settings| settings.connections_per_address = 2).await;
    let one = house.connect("/v1/visitor", &[]).await.expect("upgraded");
    let two = house.connect("/v1/agent", &[]).await.expect("upgraded");
    assert_eq!(status(house.connect("/v1/visitor", &[]).await.expect_err("refused")), 503);
    let answer = house.raw("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let problem: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(problem["code"], "unavailable");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    drop(one);
    house.ended.recv().await.expect("an end");
    assert!(house.connect("/v1/visitor", &[]).await.is_ok());
    drop(two);
}

#[tokio::test]
async fn l2_who_has_said_hello_no_longer_counts_as_unknown() {
    let house = House::open(|settings| settings.unauthenticated_per_address = 2).await;
    let mut one = house.connect("/v1/visitor", &[]).await.expect("upgraded");
    let _two = house.connect("/v1/visitor", &[]).await.expect("upgraded");
    assert_eq!(status(house.connect("/v1/visitor", &[]).await.expect_err("refused")), 503);
    echo(&mut one, "hello").await;
    assert!(house.connect("/v1/visitor", &[]).await.is_ok());
}

#[tokio::test]
async fn o_behind_a_trusted_proxy_each_client_is_counted_by_itself() {
    let house = House::open(|settings| {
        settings.connections_per_address = 1;
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let from = |address: &'static str| [("x-forwarded-for", address)];
    let _one = house.connect("/v1/visitor", &from("192.0.2.1")).await.expect("upgraded");
    let _two = house.connect("/v1/visitor", &from("192.0.2.2")).await.expect("upgraded");
    assert_eq!(status(house.connect("/v1/visitor", &from("192.0.2.2")).await.expect_err("refused")), 503);
    assert_eq!(status(house.connect("/v1/visitor", &from("9.9.9.9, 192.0.2.1")).await.expect_err("refused")), 503);
}

#[tokio::test]
async fn o_an_untrusted_peer_cannot_choose_its_address() {
    let house = House::open(|settings| settings.connections_per_address = 1).await;
    let _one = house.connect("/v1/visitor", &[("x-forwarded-for", "192.0.2.1")]).await.expect("upgraded");
    assert_eq!(*house.peers.lock().expect("no panic"), ["visitor 127.0.0.1 none false"]);
    let refused = house.connect("/v1/visitor", &[("x-forwarded-for", "192.0.2.2")]).await.expect_err("refused");
    assert_eq!(status(refused), 503);
}

#[tokio::test]
async fn p1_a_frame_over_the_limit_is_told_by_the_library() {
    let mut house = House::open(|_| ()).await;
    let mut socket = house.connect("/v1/visitor", &[]).await.expect("upgraded");
    echo(&mut socket, &"x".repeat(64 * 1024)).await;
    let _ = socket.send(Message::text("x".repeat(64 * 1024 + 1))).await;
    let end = house.ended.recv().await.expect("an end");
    assert!(end.contains("too long"), "{end}");
}

#[tokio::test]
async fn l2_a_message_in_too_many_fragments_is_told_by_the_meter() {
    let mut house = House::open(|_| ()).await;
    let mut socket = house.connect("/v1/visitor", &[]).await.expect("upgraded");
    let mut bytes = vec![0x01, 0x81, 0, 0, 0, 0, b'x'];
    bytes.extend((0..16).flat_map(|_| [0x00, 0x81, 0, 0, 0, 0, b'x']));
    socket.get_mut().write_all(&bytes).await.expect("written");
    assert_eq!(house.ended.recv().await.expect("an end"), "InvalidData");
}

#[tokio::test]
async fn l4_while_draining_what_is_open_goes_on_and_nothing_new_begins() {
    let mut house = House::open(|_| ()).await;
    let mut socket = house.connect("/v1/visitor", &[]).await.expect("upgraded");
    house.door.shutdown.draining.cancel();
    assert_eq!(status(house.connect("/v1/visitor", &[]).await.expect_err("refused")), 503);
    let answer = house.raw("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    echo(&mut socket, "still here").await;
    let door = house.door.clone();
    let drained = tokio::spawn(async move { door.drained().await });
    drop(socket);
    house.ended.recv().await.expect("an end");
    drained.await.expect("drained");
}

#[tokio::test]
async fn l4_a_closed_door_lets_nobody_in_and_ends_idle_connections() {
    let house = House::open(|_| ()).await;
    let mut idle = TcpStream::connect(house.address).await.expect("connected");
    idle.write_all(b"GET /hello HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("written");
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.expect("an answer");
    house.door.shutdown.closed.cancel();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.expect("an end");
    house.until("the listener is gone", |house| std::net::TcpStream::connect(house.address).is_err()).await;
}
