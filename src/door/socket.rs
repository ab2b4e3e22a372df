//! A socket as it leaves the door, and the seam to those who talk on it.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use super::{
    meter::{MeterLimits, Metered},
    peer::Peer,
};
use crate::session::line::{Line, LineLimits};

/// An upgraded, metered socket.
pub type Socket = Line<Metered<TcpStream>>;

/// What becomes of an upgraded socket; given to the door from outside.
///
/// The future is the whole life of the connection: the door runs it as a task of its own, which holds nothing of HTTP
/// any more, and counts it until it ends.
pub trait Sessions: Send + Sync + 'static {
    /// Talks with a visitor until either side is done.
    fn visitor(&self, socket: Socket, peer: Peer) -> impl Future<Output = ()> + Send + 'static;

    /// Talks with an agent until either side is done.
    fn agent(&self, socket: Socket, peer: Peer) -> impl Future<Output = ()> + Send + 'static;
}

/// Who a socket is for: its address says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    /// `/v1/visitor`
    Visitor,
    /// `/v1/agent`
    Agent,
}

/// Rates and sizes of one socket.
#[derive(Debug, Clone, Copy)]
pub struct SocketLimits {
    /// Raw frames and bytes that come in.
    pub meter: MeterLimits,
    /// Bytes that may wait to be written before writing fails; more than [`WRITE_BYTES`] and a frame.
    pub outbound_bytes: usize,
}

/// A frame and a whole message from a client, in bytes.
const MESSAGE_BYTES: u32 = 64 * 1024;
/// Room to read into while frames come one after the other; a larger frame gets what it needs when it comes.
const READ_BYTES: u32 = 1024;
/// Frames are held back up to this, so that those fed before one flush leave in one write.
const WRITE_BYTES: u32 = 16 * 1024;

// === impl Side ===

impl Side {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/visitor" => Some(Self::Visitor),
            "/v1/agent" => Some(Self::Agent),
            _ => None,
        }
    }
}

/// The socket in `stream`, of which `read` was already taken.
///
/// # Errors
/// When `read` already breaks the rules of the meter.
pub(super) fn socket<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: S,
    limits: SocketLimits,
    read: &[u8],
) -> io::Result<Line<Metered<S>>> {
    let lines = LineLimits {
        read_bytes: READ_BYTES,
        write_bytes: WRITE_BYTES,
        unsent_bytes: u32::try_from(limits.outbound_bytes).unwrap_or(u32::MAX),
        message_bytes: MESSAGE_BYTES,
    };
    Ok(Line::new(Metered::new(stream, limits.meter, read)?, lines, read))
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::{Context, Poll},
    };

    use futures_util::{FutureExt, SinkExt, StreamExt};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
    use tokio_tungstenite::{
        WebSocketStream,
        tungstenite::{
            Error, Message,
            protocol::{CloseFrame, Role},
        },
    };

    use super::*;

    /// Counts the writes of a stream.
    struct Counting {
        inner: DuplexStream,
        writes: Arc<AtomicUsize>,
    }

    impl AsyncRead for Counting {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.inner).poll_read(cx, buf)
        }
    }

    impl AsyncWrite for Counting {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.writes.fetch_add(1, Ordering::Relaxed);
            Pin::new(&mut self.inner).poll_write(cx, buf)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.inner).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.inner).poll_shutdown(cx)
        }
    }

    const METER: MeterLimits = MeterLimits { frames_per_second: 0, frame_burst: 1, bytes_per_second: 0, byte_burst: 1 };
    const LIMITS: SocketLimits = SocketLimits { meter: METER, outbound_bytes: 256 * 1024 };

    type Near = Line<Metered<DuplexStream>>;

    /// A socket and its other end; what lies between them holds `room` bytes.
    fn pair(room: usize) -> (Near, DuplexStream) {
        let (near, far) = duplex(room);
        (socket(near, LIMITS, &[]).expect("a socket"), far)
    }

    /// Nothing has come.
    fn is_silent(socket: &mut Near) -> bool {
        socket.next().now_or_never().is_none()
    }

    #[tokio::test]
    async fn l1_a_socket_holds_buffers_only_while_something_is_under_way() {
        let (mut socket, far) = pair(64 * 1024);
        let mut client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
        assert!(socket.is_at_rest());
        for n in 0..3 {
            let texts = [format!("a {n}"), "b".repeat(10_000), "c".into()];
            for text in &texts {
                client.feed(Message::text(text)).await.expect("fed");
            }
            client.flush().await.expect("flushed");
            for text in &texts {
                assert_eq!(socket.next().await.expect("open").expect("a text"), Message::text(text));
            }
            assert!(is_silent(&mut socket) && socket.is_at_rest());
            socket.feed(Message::text("an answer")).await.expect("fed");
            assert!(is_silent(&mut socket) && !socket.is_at_rest(), "the answer has not left");
            assert!(client.next().now_or_never().is_none(), "more may be to leave with it");
            socket.flush().await.expect("flushed");
            assert!(is_silent(&mut socket) && socket.is_at_rest());
            assert_eq!(client.next().await.expect("open").expect("a text"), Message::text("an answer"));
        }
    }

    #[tokio::test]
    async fn l1_half_a_message_is_kept_when_nothing_more_comes_for_a_while() {
        let (mut socket, mut far) = pair(4096);
        // A text in two frames, masked with zeroes, byte by byte.
        let bytes = [0x01, 0x82, 0, 0, 0, 0, b'y', b'o', 0x80, 0x81, 0, 0, 0, 0, b'u'];
        let (last, first) = bytes.split_last().expect("bytes");
        for byte in first {
            far.write_u8(*byte).await.expect("written");
            assert!(is_silent(&mut socket) && !socket.is_at_rest());
        }
        far.write_u8(*last).await.expect("written");
        assert_eq!(socket.next().await.expect("open").expect("a text"), Message::text("you"));
        assert!(is_silent(&mut socket) && socket.is_at_rest());
    }

    #[tokio::test]
    async fn l1_an_answer_to_a_ping_that_nobody_takes_is_kept_until_it_has_left() {
        let (mut socket, mut far) = pair(8);
        // Masked with zeroes: a ping with ten bytes, whose pong is longer than what lies between takes.
        let ping = [&[0x89, 0x8a, 0, 0, 0, 0][..], b"0123456789"].concat();
        let (read, written) = tokio::join!(socket.next(), far.write_all(&ping));
        written.expect("written");
        assert!(matches!(read, Some(Ok(Message::Ping(_)))));
        assert!(is_silent(&mut socket) && !socket.is_at_rest());
        let mut pong = [0; 12];
        tokio::select! {
            _ = socket.next() => panic!("nothing came"),
            taken = far.read_exact(&mut pong) => drop(taken.expect("read")),
        }
        assert_eq!((&pong[..2], &pong[2..]), (&[0x8a, 10][..], &b"0123456789"[..]));
        assert!(is_silent(&mut socket) && socket.is_at_rest());
    }

    /// A ping of 125 bytes, masked with zeroes, and its pong.
    fn ping(number: u16) -> (Vec<u8>, Vec<u8>) {
        let said = [&number.to_be_bytes()[..], &[b'x'; 123]].concat();
        ([&[0x89, 0xfd, 0, 0, 0, 0][..], &said].concat(), [&[0x8a, 125][..], &said].concat())
    }

    /// So many that their pongs are more than may wait.
    const PINGS: u16 = 1_000;

    /// Pings without reading until more pongs wait than leave in one write.
    async fn flooded() -> (Near, DuplexStream) {
        let (mut socket, mut far) = pair(64 * 1024);
        for number in 0..PINGS {
            let (ping, _) = ping(number);
            let (read, written) = tokio::join!(socket.next(), far.write_all(&ping));
            written.expect("written");
            assert!(matches!(read, Some(Ok(Message::Ping(_)))));
        }
        (socket, far)
    }

    #[tokio::test]
    async fn l1_a_peer_that_pings_and_reads_late_gets_what_there_was_room_for_and_the_last_answer() {
        let (mut socket, mut far) = flooded().await;
        let (_, last) = ping(PINGS - 1);
        // A task of its own, which nothing wakes but its socket: it writes of its own accord as soon as there is room.
        let side = tokio::spawn(async move {
            assert!(socket.next().await.is_none_or(|end| end.is_err()), "nothing came");
            socket
        });
        // Taken at once, as much as there is.
        let mut pongs = Vec::with_capacity(1024 * 1024);
        let reading = async {
            while !pongs.ends_with(&last) {
                far.read_buf(&mut pongs).await.expect("read");
            }
        };
        let deadline = std::time::Duration::from_secs(5);
        tokio::time::timeout(deadline, reading).await.expect("all that waits is written");
        drop(far);
        side.await.expect("no panic");
        let numbers: Vec<u16> = pongs.chunks(127).map(|pong| u16::from_be_bytes([pong[2], pong[3]])).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b) && numbers.len() > 700, "{numbers:?}");
    }

    #[tokio::test]
    async fn p1_a_close_comes_behind_whatever_waits() {
        let (mut socket, mut far) = flooded().await;
        let frame = CloseFrame { code: 4001.into(), reason: "bye".into() };
        let mut all = Vec::new();
        let (closed, read) = tokio::join!(
            async {
                let closed = socket.close(Some(frame)).await;
                drop(socket);
                closed
            },
            far.read_to_end(&mut all),
        );
        assert!(closed.is_ok() && read.is_ok());
        let (pongs, close) = all.split_at(all.len() - 7);
        assert!(pongs.len() % 127 == 0 && pongs.len() > 700 * 127, "{} bytes", pongs.len());
        assert_eq!(close, [&[0x88, 5, 0x0f, 0xa1][..], b"bye"].concat());
    }

    #[tokio::test]
    async fn p1_the_end_of_a_socket_at_rest_is_told_once() {
        let (mut socket, far) = pair(4096);
        assert!(is_silent(&mut socket) && socket.is_at_rest());
        drop(far);
        assert!(matches!(socket.next().await, Some(Err(Error::Protocol(_)))));
        assert!(socket.next().await.is_none());
        // Thousands hang up at once: none of them needs the library's state made, to say nothing to nobody.
        assert!(socket.close(None).await.is_ok() && socket.is_at_rest());
    }

    /// The frame in which a text of the hub's arrives.
    fn framed(text: &str) -> Vec<u8> {
        [&[0x81, u8::try_from(text.len()).expect("a short one")], text.as_bytes()].concat()
    }

    #[tokio::test]
    async fn p1_what_waits_reaches_a_peer_that_has_only_stopped_writing() {
        let (mut socket, mut far) = pair(4096);
        socket.feed(Message::text("an answer")).await.expect("fed");
        far.shutdown().await.expect("half closed");
        assert!(matches!(socket.next().await, Some(Err(Error::Protocol(_)))));
        assert!(socket.close(None).await.is_ok());
        drop(socket);
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.expect("the end");
        assert!(all.starts_with(&framed("an answer")), "{all:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn l2_whoever_is_sent_away_from_a_socket_at_rest_is_told_why() {
        let few = MeterLimits { frames_per_second: 1, frame_burst: 1, ..METER };
        let text = [&[0x81, 0x80], &[0; 4][..]].concat();
        let begun = [&[0x01, 0x80], &[0; 4][..]].concat();
        let part = [&[0x00, 0x80], &[0; 4][..]].concat();
        let parts = [begun, part.repeat(40)].concat();
        for (meter, sent, kind) in
            [(METER, parts, io::ErrorKind::InvalidData), (few, text.repeat(400), io::ErrorKind::QuotaExceeded)]
        {
            let (near, mut far) = duplex(64 * 1024);
            let mut socket = socket(near, SocketLimits { meter, ..LIMITS }, &[]).expect("a socket");
            assert!(is_silent(&mut socket) && socket.is_at_rest());
            far.write_all(&sent).await.expect("sent");
            let fault = loop {
                match socket.next().await.expect("open") {
                    Ok(_) => {}
                    Err(fault) => break fault,
                }
            };
            assert!(matches!(fault, Error::Io(fault) if fault.kind() == kind));
            socket.feed(Message::text("goodbye")).await.expect("fed");
            let frame = CloseFrame { code: 4504.into(), reason: "abuse".into() };
            socket.close(Some(frame)).await.expect("said");
            drop(socket);
            let mut all = Vec::new();
            far.read_to_end(&mut all).await.expect("the end");
            assert_eq!(all, [&framed("goodbye"), &[0x88, 7, 0x11, 0x98][..], b"abuse"].concat());
        }
    }

    #[tokio::test]
    async fn l1_frames_fed_before_one_flush_leave_in_one_write() {
        let (near, _far) = duplex(1024 * 1024);
        let writes = Arc::new(AtomicUsize::new(0));
        let stream = Counting { inner: near, writes: writes.clone() };
        let mut socket = socket(stream, LIMITS, &[]).expect("a socket");
        for _ in 0..50 {
            socket.feed(Message::text("x".repeat(300))).await.expect("fed");
        }
        assert_eq!(writes.load(Ordering::Relaxed), 0);
        socket.flush().await.expect("flushed");
        assert_eq!(writes.load(Ordering::Relaxed), 1);
        // What is over the limit need not wait for the flush.
        for _ in 0..200 {
            socket.feed(Message::text("x".repeat(300))).await.expect("fed");
        }
        socket.flush().await.expect("flushed");
        assert_eq!(writes.load(Ordering::Relaxed), 1 + 4);
    }
}
