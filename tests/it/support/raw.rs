//! A WebSocket made by hand, for what a decent library would never send, and for cutting it at any byte.

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{dial::Dial, wait::PATIENCE};

/// An upgraded connection, byte by byte.
pub struct Raw {
    stream: TcpStream,
    /// Bytes that came and are not taken yet.
    pending: Vec<u8>,
    /// The pieces so far of a text that comes in several frames.
    pieces: Vec<u8>,
    /// How many bytes have come behind the upgrade.
    pub received: usize,
    /// The reason in the close frame.
    reason: String,
}

/// What a frame from the hub is.
#[derive(Debug)]
pub enum Frame {
    /// JSON.
    Text(Value),
    /// A ping.
    Ping,
    /// The end, with its code.
    Close(Option<u16>),
    /// Anything else.
    Other,
}

/// Opcode of a text.
pub const TEXT: u8 = 0x1;
/// Opcode of a binary message.
pub const BINARY: u8 = 0x2;
/// Opcode of a further part.
pub const CONTINUATION: u8 = 0x0;
/// Opcode of a pong.
pub const PONG: u8 = 0xa;
/// Opcode of a ping.
pub const PING: u8 = 0x9;

/// After so long without a byte nothing more is expected.
const QUIET: Duration = Duration::from_millis(25);

// === impl Raw ===

impl Raw {
    /// Knocks and upgrades.
    pub async fn open(dial: &Dial) -> Self {
        let mut stream = dial.tcp().await.expect("a connection");
        let origin = dial.origin.as_ref().map_or(String::new(), |origin| format!("origin: {origin}\r\n"));
        let head = format!(
            "GET {} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n{origin}connection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            dial.path, dial.port
        );
        stream.write_all(head.as_bytes()).await.expect("a request");
        let mut raw = Self { stream, pending: Vec::new(), pieces: Vec::new(), received: 0, reason: String::new() };
        let end = loop {
            if let Some(end) = raw.pending.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            assert!(raw.more().await, "no answer to the upgrade");
        };
        let answer = String::from_utf8_lossy(&raw.pending[..end]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
        // The accept value of the key above is an example every implementation must arrive at.
        assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
        raw.pending.drain(..end + 4);
        raw.received = raw.pending.len();
        raw
    }

    /// Sends a whole text frame.
    pub async fn text(&mut self, text: &str) {
        self.frame(true, TEXT, text.as_bytes()).await;
    }

    /// Sends a frame, masked as a client must. Errors show when reading.
    pub async fn frame(&mut self, last: bool, opcode: u8, payload: &[u8]) {
        let mut bytes = head(last, opcode, payload.len(), true);
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        bytes.extend(mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.bytes(&bytes).await;
    }

    /// Sends any bytes.
    pub async fn bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.ok();
    }

    /// The next frame; None when the connection was cut.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.parse() {
                return Some(frame);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Skips to the close code (None: the connection was cut without one).
    pub async fn closing(&mut self) -> Option<u16> {
        loop {
            match self.next().await? {
                Frame::Close(code) => return code,
                _ => continue,
            }
        }
    }

    /// The same, with the reason.
    pub async fn closing_words(&mut self) -> Option<(u16, String)> {
        let code = self.closing().await?;
        Some((code, std::mem::take(&mut self.reason)))
    }

    /// Skips to a text that satisfies `wanted`.
    pub async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.next().await {
                Some(Frame::Text(value)) if wanted(&value) => return value,
                Some(Frame::Close(code)) => panic!("closed with {code:?}"),
                Some(_) => continue,
                None => panic!("cut"),
            }
        }
    }

    /// Reads until `limit` bytes have come, or none for a moment, takes the whole frames among them and cuts the
    /// connection.
    pub async fn cut_after(mut self, limit: usize) -> Vec<Frame> {
        while self.received < limit && timeout(QUIET, self.more()).await.is_ok_and(|more| more) {}
        let surplus = self.received.saturating_sub(limit);
        self.pending.truncate(self.pending.len().saturating_sub(surplus));
        self.cut()
    }

    /// Cuts the connection now, with a reset, and gives the whole frames that had come.
    pub fn cut(mut self) -> Vec<Frame> {
        let frames = std::iter::from_fn(|| self.parse()).collect();
        self.stream.set_zero_linger().ok();
        frames
    }

    async fn more(&mut self) -> bool {
        let mut chunk = [0; 4096];
        let read = timeout(PATIENCE, self.stream.read(&mut chunk)).await.expect("bytes from the hub in time");
        let count = read.unwrap_or(0);
        self.pending.extend_from_slice(&chunk[..count]);
        self.received += count;
        count > 0
    }

    fn parse(&mut self) -> Option<Frame> {
        loop {
            let (first, payload) = self.frame_of_pending()?;
            assert_eq!(first & 0x70, 0, "the hub sends frames without extensions");
            let last = first & 0x80 != 0;
            return Some(match first & 0x0f {
                // A long text comes in pieces.
                TEXT | CONTINUATION => {
                    assert_eq!(first & 0x0f == TEXT, self.pieces.is_empty(), "a piece out of its place");
                    self.pieces.extend(payload);
                    if !last {
                        continue;
                    }
                    Frame::Text(serde_json::from_slice(&std::mem::take(&mut self.pieces)).expect("JSON from the hub"))
                }
                8 => {
                    self.reason = String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned();
                    Frame::Close(payload.get(..2).map(|code| u16::from_be_bytes([code[0], code[1]])))
                }
                PING => Frame::Ping,
                _ => Frame::Other,
            });
        }
    }

    /// The first byte and the payload of the next frame, when all of it has come.
    fn frame_of_pending(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, second, ..] = self.pending[..] else { return None };
        assert_eq!(second & 0x80, 0, "the hub masks its frames");
        let (length, start) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes(self.pending.get(2..4)?.try_into().ok()?)), 4),
            127 => (usize::try_from(u64::from_be_bytes(self.pending.get(2..10)?.try_into().ok()?)).ok()?, 10),
            short => (usize::from(short), 2),
        };
        let payload = self.pending.get(start..start + length)?.to_vec();
        self.pending.drain(..start + length);
        Some((first, payload))
    }
}

/// The first bytes of a frame, without its mask.
pub fn head(last: bool, opcode: u8, length: usize, masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut bytes = vec![if last { 0x80 } else { 0 } | opcode];
    match u16::try_from(length) {
        Ok(short @ 0..126) => bytes.push(mask | u8::try_from(short).unwrap_or_default()),
        Ok(middle) => {
            bytes.push(mask | 126);
            bytes.extend(middle.to_be_bytes());
        }
        Err(_) => {
            bytes.push(mask | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes
}
