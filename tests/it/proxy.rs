//! The fault proxy: every fault happens, is counted, and is over when it is healed.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};

use crate::support::{
    proxy::{Cut, Fault, Proxy, Way},
    wait,
};

mod unknown;

/// Long enough for a byte to come over loopback; what has not come by then is not coming.
const MOMENT: Duration = Duration::from_millis(150);

/// A server that says back what it is told, until the test ends.
async fn echo() -> SocketAddr {
    serve(|mut stream| async move {
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.ok();
    })
    .await
}

/// A server that does this with each connection.
async fn serve<F: Future<Output = ()> + Send + 'static>(each: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("an option");
            connections.spawn(each(stream));
        }
    });
    address
}

async fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.addr()).await.expect("a connection");
    stream.set_nodelay(true).expect("an option");
    stream
}

async fn say(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).await.expect("written");
}

/// The next bytes, exactly so many.
async fn hear(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    timeout(wait::PATIENCE, stream.read_exact(&mut bytes)).await.expect("in time").expect("bytes");
    bytes
}

async fn echoed(stream: &mut TcpStream, bytes: &[u8]) {
    say(stream, bytes).await;
    assert_eq!(hear(stream, bytes.len()).await, bytes);
}

/// Nothing comes for a moment.
async fn silent(stream: &mut TcpStream) {
    let came = timeout(MOMENT, stream.read_u8()).await;
    assert!(came.is_err(), "{came:?}");
}

/// How the connection ended: Ok is an orderly end.
async fn ended(stream: &mut TcpStream) -> Result<(), ErrorKind> {
    let read = timeout(wait::PATIENCE, stream.read_u8()).await.expect("an end in time");
    match read.expect_err("nothing but the end").kind() {
        ErrorKind::UnexpectedEof => Ok(()),
        kind => Err(kind),
    }
}

#[tokio::test]
async fn h7_without_a_fault_everything_passes_and_both_ends_end() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = connect(&proxy).await;
    let large: Vec<u8> = (0..1_000_000u32).map(|n| n.to_le_bytes()[1]).collect();
    for _ in 0..3 {
        let (mut from, mut to) = stream.split();
        let mut back = vec![0; large.len()];
        let (said, heard) = tokio::join!(to.write_all(&large), from.read_exact(&mut back));
        said.and(heard).expect("all of it");
        assert!(back == large);
    }
    stream.shutdown().await.expect("a half close");
    assert_eq!(ended(&mut stream).await, Ok(()));
    assert_eq!((proxy.carried(Way::Up), proxy.carried(Way::Down)), (3_000_000, 3_000_000));
    wait::until("the connection is gone", async || (proxy.open() == 0).then_some(())).await;
    assert_eq!((proxy.accepted(), proxy.cut()), (1, 0));
}

#[tokio::test]
async fn h7_a_delay_keeps_the_order_and_ends_when_healed() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = connect(&proxy).await;
    echoed(&mut stream, b"before").await;
    let (fixed, jitter) = (Duration::from_millis(120), Duration::from_millis(40));
    proxy.set_way(Way::Down, Fault::Delay { fixed, jitter });
    let began = Instant::now();
    let all: Vec<u8> = (0..100).collect();
    for byte in &all {
        say(&mut stream, &[*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(hear(&mut stream, all.len()).await, all);
    assert!(began.elapsed() >= fixed, "{:?}", began.elapsed());
    assert!(proxy.delayed() > 0);
    // What is still on its way passes at once when healed.
    proxy.set(Fault::Delay { fixed: Duration::from_secs(3600), jitter: Duration::ZERO });
    let delayed = proxy.delayed();
    say(&mut stream, b"late").await;
    wait::until("it is under way", async || (proxy.delayed() > delayed).then_some(())).await;
    proxy.heal();
    assert_eq!(hear(&mut stream, 4).await, b"late");
}

#[tokio::test]
async fn h7_a_half_open_connection_stays_and_loses_nothing() {
    let proxy = Proxy::start(echo().await).await;
    let mut old = connect(&proxy).await;
    echoed(&mut old, b"before").await;
    proxy.set(Fault::Silence);
    let mut new = connect(&proxy).await;
    for stream in [&mut old, &mut new] {
        say(stream, b"anybody?").await;
        silent(stream).await;
    }
    assert_eq!(proxy.silenced(), 2);
    proxy.heal();
    for stream in [&mut old, &mut new] {
        assert_eq!(hear(stream, 8).await, b"anybody?");
    }
}

#[tokio::test]
async fn h7_one_way_may_be_silent_alone() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = connect(&proxy).await;
    proxy.set_way(Way::Down, Fault::Silence);
    say(&mut stream, b"heard").await;
    wait::until("the server has heard it", async || (proxy.carried(Way::Up) == 5).then_some(())).await;
    wait::until("it has answered", async || (proxy.silenced() == 1).then_some(())).await;
    assert_eq!(proxy.carried(Way::Down), 0);
    silent(&mut stream).await;
    proxy.heal();
    assert_eq!(hear(&mut stream, 5).await, b"heard");
    proxy.set_way(Way::Up, Fault::Silence);
    say(&mut stream, b"not heard").await;
    wait::until("it waits", async || (proxy.silenced() == 2).then_some(())).await;
    assert_eq!(proxy.carried(Way::Up), 5);
}

#[tokio::test]
async fn h7_split_bytes_arrive_in_small_segments_and_whole() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = connect(&proxy).await;
    proxy.set(Fault::Split { most: 3 });
    let text: Vec<u8> = (0..=255).collect();
    echoed(&mut stream, &text).await;
    assert!(proxy.segments() >= 2 * 86, "{}", proxy.segments());
    proxy.heal();
    let before = proxy.segments();
    echoed(&mut stream, &text).await;
    assert_eq!(proxy.segments(), before);
}

#[tokio::test]
async fn h7_a_cut_is_a_reset_or_an_end_for_all_or_for_all_to_come() {
    let proxy = Proxy::start(echo().await).await;
    for (cut, how) in [(Cut::Reset, Err(ErrorKind::ConnectionReset)), (Cut::Finish, Ok(()))] {
        let (mut one, mut two) = (connect(&proxy).await, connect(&proxy).await);
        echoed(&mut one, b"one").await;
        echoed(&mut two, b"two").await;
        let before = proxy.cut();
        proxy.cut_all(cut);
        assert_eq!((ended(&mut one).await, ended(&mut two).await), (how, how));
        assert_eq!(proxy.cut(), before + 2);
        let mut next = connect(&proxy).await;
        echoed(&mut next, b"a new one lives").await;
        proxy.set(Fault::Cut(cut));
        assert_eq!(ended(&mut next).await, how);
        let mut newcomer = connect(&proxy).await;
        assert_eq!(ended(&mut newcomer).await, how);
        proxy.heal();
        echoed(&mut connect(&proxy).await, b"and again").await;
    }
    wait::until("all are gone", async || (proxy.open() == 0).then_some(())).await;
}

#[tokio::test]
async fn h7_a_cut_ends_one_that_is_silent_or_that_nobody_reads() {
    let proxy = Proxy::start(echo().await).await;
    let mut silent = connect(&proxy).await;
    echoed(&mut silent, b"before").await;
    let full = connect(&proxy).await;
    wait::until("nothing more fits", async || {
        let wrote = full.try_write(&[0; 65_536]);
        matches!(wrote, Err(error) if error.kind() == ErrorKind::WouldBlock).then_some(())
    })
    .await;
    proxy.set(Fault::Silence);
    proxy.cut_all(Cut::Reset);
    assert_eq!(ended(&mut silent).await, Err(ErrorKind::ConnectionReset));
    wait::until("both are gone", async || (proxy.open() == 0).then_some(())).await;
    assert_eq!(proxy.cut(), 2);
}

#[tokio::test]
async fn h7_nobody_behind_it_is_a_reset_and_a_reset_goes_through() {
    let nobody = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port").local_addr().expect("an address");
    let mut stream = connect(&Proxy::start(nobody).await).await;
    assert_eq!(ended(&mut stream).await, Err(ErrorKind::ConnectionReset));
    let rude = serve(|mut stream| async move {
        stream.read_u8().await.ok();
        stream.set_zero_linger().ok();
    })
    .await;
    let proxy = Proxy::start(rude).await;
    let mut stream = connect(&proxy).await;
    say(&mut stream, b"x").await;
    assert_eq!(ended(&mut stream).await, Err(ErrorKind::ConnectionReset));
    assert_eq!(proxy.cut(), 0, "that was not the proxy");
}

/// Confirmations, replies of every shape, and pushes: what is not a published message must pass.
const CONVERSATION: [(&str, bool); 14] = [
    ("%2\r\n+server\r\n+redis\r\n$5\r\nproto\r\n:3\r\n", false),
    (">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", false),
    (">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$21\r\n>3\r\n$7\r\nmessage\r\n$1\r\n\r\n", true),
    ("+OK\r\n", false),
    ("-ERR no\r\n", false),
    (":1\r\n", false),
    ("$-1\r\n", false),
    ("_\r\n", false),
    ("*3\r\n$7\r\nmessage\r\n*-1\r\n~1\r\n#t\r\n", false),
    (">4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$1\r\na\r\n$0\r\n\r\n", true),
    (">3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$2\r\n\r\n\r\n", true),
    ("$22\r\n>3\r\n$7\r\nmessage\r\n$1\r\nx\r\n", false),
    ("|1\r\n+ttl\r\n:1\r\n,3.14\r\n", false),
    (">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n", false),
];

/// A server that speaks as a Redis that has this to say, and then says back what it is told.
async fn redis(text: String) -> SocketAddr {
    serve(move |mut stream| {
        let text = text.clone();
        async move {
            // In pieces that end anywhere.
            for piece in text.as_bytes().chunks(7) {
                stream.write_all(piece).await.ok();
                tokio::task::yield_now().await;
            }
            let (mut from, mut to) = stream.split();
            tokio::io::copy(&mut from, &mut to).await.ok();
        }
    })
    .await
}

#[tokio::test]
async fn h7_of_what_redis_says_only_published_messages_are_swallowed_and_whole() {
    let all: String = CONVERSATION.iter().map(|(text, _)| *text).collect();
    let kept: String = CONVERSATION.iter().filter(|(_, push)| !push).map(|(text, _)| *text).collect();
    let proxy = Proxy::redis(redis(all.clone()).await).await;
    let mut stream = connect(&proxy).await;
    assert_eq!(hear(&mut stream, all.len()).await, all.as_bytes());
    assert_eq!(proxy.pushes(), 0, "nobody asked");
    proxy.set(Fault::SwallowPushes { percent: 100 });
    let mut stream = connect(&proxy).await;
    assert_eq!(String::from_utf8_lossy(&hear(&mut stream, kept.len()).await), kept);
    assert_eq!((proxy.pushes(), proxy.swallowed()), (3, 3));
    echoed(&mut stream, b"+PONG\r\n").await;
    proxy.heal();
    echoed(&mut stream, CONVERSATION[2].0.as_bytes()).await;
}

#[tokio::test]
async fn h7_what_is_published_on_some_channels_is_swallowed_and_the_rest_is_heard() {
    let push = |channel: &str| format!(">3\r\n$7\r\nmessage\r\n${}\r\n{channel}\r\n$3\r\n:w:\r\n", channel.len());
    let pattern = ">4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$5\r\nx:n:y\r\n$3\r\n:w:\r\n";
    let (words, own) = (push("usher:w:default"), push("usher:n:node"));
    let end = "+:w:\r\n";
    let proxy = Proxy::redis(redis(format!("{words}{own}{words}{pattern}{end}")).await).await;
    proxy.set(Fault::SwallowOn { channel: ":w:", percent: 100 });
    let mut stream = connect(&proxy).await;
    let kept = format!("{own}{pattern}{end}");
    assert_eq!(String::from_utf8_lossy(&hear(&mut stream, kept.len()).await), kept);
    assert_eq!((proxy.pushes(), proxy.swallowed()), (2, 2));
}

#[tokio::test]
async fn h7_a_share_of_the_pushes_is_swallowed_and_the_same_ones_again() {
    let push = |n: usize| format!(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$4\r\n{n:04}\r\n");
    let text: String = (0..1_000).map(push).collect::<String>() + "+END\r\n";
    let server = redis(text).await;
    let mut heard = Vec::new();
    for seed in [7, 7, 8] {
        let proxy = Proxy::redis_with_seed(server, seed).await;
        proxy.set(Fault::SwallowPushes { percent: 10 });
        let mut stream = connect(&proxy).await;
        let mut text = Vec::new();
        while !text.ends_with(b"+END\r\n") {
            text.push(stream.read_u8().await.expect("a byte"));
        }
        assert_eq!(proxy.pushes(), 1_000);
        assert_eq!(text.len(), usize::try_from(1_000 - proxy.swallowed()).expect("few") * push(0).len() + 6);
        assert!((60..150).contains(&proxy.swallowed()), "{}", proxy.swallowed());
        heard.push(text);
    }
    assert!(heard[0] == heard[1], "the same seed swallows the same");
    assert!(heard[0] != heard[2], "another one does not");
}

/// A message of PostgreSQL.
fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len() + 4).expect("short");
    [&[kind][..], &length.to_be_bytes(), payload].concat()
}

fn complete(tag: &str) -> Vec<u8> {
    message(b'C', &[tag.as_bytes(), b"\0"].concat())
}

/// A server that refuses TLS, lets in, and then says back what it is told.
async fn postgres() -> SocketAddr {
    serve(|mut stream| async move {
        let mut head = [0; 8];
        stream.read_exact(&mut head).await.ok();
        assert_eq!(head[4..], 80_877_103u32.to_be_bytes());
        stream.write_all(b"N").await.ok();
        stream.read_exact(&mut head).await.ok();
        stream.write_all(&[message(b'R', &[0; 4]), message(b'Z', b"I")].concat()).await.ok();
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.ok();
    })
    .await
}

/// Connects as a client that would have liked TLS.
async fn let_in(proxy: &Proxy) -> TcpStream {
    let mut stream = connect(proxy).await;
    say(&mut stream, &[8u32.to_be_bytes(), 80_877_103u32.to_be_bytes()].concat()).await;
    assert_eq!(hear(&mut stream, 1).await, b"N");
    say(&mut stream, &[8u32.to_be_bytes(), 196_608u32.to_be_bytes()].concat()).await;
    hear(&mut stream, 15).await;
    stream
}

#[tokio::test]
async fn h7_the_reply_to_a_commit_is_held_and_then_released_or_cut() {
    let proxy = Proxy::postgres(postgres().await).await;
    let mut stream = let_in(&proxy).await;
    let (begin, ready) = ([complete("BEGIN"), message(b'Z', b"T")].concat(), message(b'Z', b"I"));
    let commit = [complete("COMMIT"), ready.clone()].concat();
    echoed(&mut stream, &commit).await;
    proxy.set(Fault::HoldReply { tag: "COMMIT" });
    // A row that only looks like one, an insert, and a commit in the same breath.
    let before = [begin.clone(), message(b'D', b"C\0\0\0\x0bCOMMIT\0"), complete("INSERT 0 1")].concat();
    for _ in 0..2 {
        let held = proxy.held();
        say(&mut stream, &[before.clone(), commit.clone()].concat()).await;
        assert_eq!(hear(&mut stream, before.len()).await, before);
        wait::until("it is held", async || (proxy.holding() == 1).then_some(())).await;
        silent(&mut stream).await;
        assert_eq!(proxy.held(), held + 1);
        proxy.release();
        assert_eq!(hear(&mut stream, commit.len()).await, commit);
        assert_eq!(proxy.holding(), 0);
    }
    // Only the connection that waits for its commit is cut.
    let mut other = let_in(&proxy).await;
    for (cut, how) in [(Cut::Reset, Err(ErrorKind::ConnectionReset)), (Cut::Finish, Ok(()))] {
        let mut stream = let_in(&proxy).await;
        say(&mut stream, &commit).await;
        wait::until("it is held", async || (proxy.holding() == 1).then_some(())).await;
        proxy.cut_held(cut);
        assert_eq!(ended(&mut stream).await, how);
        assert_eq!(proxy.holding(), 0);
        echoed(&mut other, &begin).await;
    }
    assert_eq!((proxy.held(), proxy.cut()), (4, 2));
    say(&mut other, &commit).await;
    wait::until("it is held", async || (proxy.holding() == 1).then_some(())).await;
    proxy.heal();
    assert_eq!(hear(&mut other, commit.len()).await, commit);
}
