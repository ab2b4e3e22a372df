//! A socket as it leaves the door, and the seam to those who talk on it.

use std::io;

use prometheus_client::encoding::EncodeLabelValue;
use tokio::net::TcpStream;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(super) enum Side {
    /// `/v1/visitor`
    Visitor,
    /// `/v1/agent`
    Agent,
}

/// A frame and a whole message, in bytes.
const MESSAGE_BYTES: usize = 64 * 1024;
/// What may wait to be written before writing fails, in bytes.
const UNSENT_BYTES: usize = 256 * 1024;
/// A visitor's read buffer is held for as long as they are connected, nearly always idle: the smallest that takes a
/// usual frame in one read. A larger frame gets the room it needs when it comes.
const VISITOR_READ_BYTES: usize = 1024;
/// Agents are few and send more at once.
const AGENT_READ_BYTES: usize = 4096;
/// Nothing is held back in the library: what is to go out together is put together before.
const WRITE_BYTES: usize = 0;

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
    pub(super) async fn socket(self, stream: TcpStream, limits: MeterLimits, read: &[u8]) -> io::Result<Socket> {
        let read_bytes = match self {
            Self::Visitor => VISITOR_READ_BYTES,
            Self::Agent => AGENT_READ_BYTES,
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(read_bytes)
            .write_buffer_size(WRITE_BYTES)
            .max_write_buffer_size(UNSENT_BYTES)
            .max_frame_size(Some(MESSAGE_BYTES))
            .max_message_size(Some(MESSAGE_BYTES));
        let metered = Metered::new(stream, limits, read)?;
        Ok(WebSocketStream::from_partially_read(metered, read.to_vec(), Role::Server, Some(config)).await)
    }
}
