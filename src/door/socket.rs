//! A socket as it leaves the door, and the seam to those who talk on it.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};

use super::{
    meter::{MeterLimits, Metered},
    peer::Peer,
};

/// An upgraded, metered socket.
pub type Socket = WebSocketStream<Metered<TcpStream>>;

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
const MESSAGE_BYTES: usize = 64 * 1024;
/// A visitor's read buffer is held for as long as they are connected, nearly always idle: the smallest that takes a
/// usual frame in one read. A larger frame gets the room it needs when it comes.
const VISITOR_READ_BYTES: usize = 1024;
/// Agents are few and send more at once.
const AGENT_READ_BYTES: usize = 4096;
/// Frames are held back up to this, so that those fed before one flush leave in one write. The buffer begins empty,
/// but the library never gives back what it grew to: at most this and the longest frame.
const WRITE_BYTES: usize = 16 * 1024;

// === impl Side ===

impl Side {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/visitor" => Some(Self::Visitor),
            "/v1/agent" => Some(Self::Agent),
            _ => None,
        }
    }

    /// The socket in `stream`, of which `read` was already taken.
    ///
    /// # Errors
    /// When `read` already breaks the rules of the meter.
    pub(super) async fn socket<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        stream: S,
        limits: SocketLimits,
        read: &[u8],
    ) -> io::Result<WebSocketStream<Metered<S>>> {
        let read_bytes = match self {
            Self::Visitor => VISITOR_READ_BYTES,
            Self::Agent => AGENT_READ_BYTES,
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(read_bytes)
            .write_buffer_size(WRITE_BYTES)
            .max_write_buffer_size(limits.outbound_bytes)
            .max_frame_size(Some(MESSAGE_BYTES))
            .max_message_size(Some(MESSAGE_BYTES));
        let metered = Metered::new(stream, limits.meter, read)?;
        Ok(WebSocketStream::from_partially_read(metered, read.to_vec(), Role::Server, Some(config)).await)
    }
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

    use futures_util::SinkExt;
    use tokio::io::{DuplexStream, ReadBuf, duplex};
    use tokio_tungstenite::tungstenite::Message;

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

    #[tokio::test]
    async fn l1_frames_fed_before_one_flush_leave_in_one_write() {
        let meter = MeterLimits { frames_per_second: 0, frame_burst: 1, bytes_per_second: 0, byte_burst: 1 };
        let limits = SocketLimits { meter, outbound_bytes: 256 * 1024 };
        let (near, _far) = duplex(1024 * 1024);
        let writes = Arc::new(AtomicUsize::new(0));
        let stream = Counting { inner: near, writes: writes.clone() };
        let mut socket = Side::Visitor.socket(stream, limits, &[]).await.expect("a socket");
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
