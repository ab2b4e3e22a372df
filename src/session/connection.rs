//! The socket of a session: frames in, frames out in one write, and the heartbeat.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use rand::RngExt;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        protocol::{CloseFrame, frame::coding::CloseCode as WsCode},
    },
};

use super::end::End;
use crate::wire::{
    code::CloseCode,
    push::{AgentPush, Goodbye},
    write,
};

/// A reader who takes nothing for so long is too slow.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// How long the peer has to answer a close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);
/// What is still read, and thrown away, from a peer that was told to go.
const LINGER_BYTES: usize = 1024 * 1024;

/// A socket with its heartbeat.
pub struct Connection<S> {
    socket: WebSocketStream<S>,
    heartbeat: Duration,
    heard: Instant,
    sent: Instant,
    pinged: Instant,
    unflushed: bool,
}

/// What came in.
#[derive(Debug)]
pub enum Incoming {
    /// A frame of text.
    Text(Utf8Bytes),
    /// A sign of life, and nothing else.
    Alive,
}

// === impl Connection ===

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A socket to whose silence `heartbeat` (give or take a tenth) is the measure.
    pub fn new(socket: WebSocketStream<S>, heartbeat: Duration) -> Self {
        let heartbeat = heartbeat.mul_f64(rand::rng().random_range(0.9..1.1));
        let now = Instant::now();
        Self { socket, heartbeat, heard: now, sent: now, pinged: now, unflushed: false }
    }

    /// The next frame. Losing this future loses nothing.
    pub async fn read(&mut self) -> Result<Incoming, End> {
        let message = match self.socket.next().await {
            None => return Err(End::Gone { clean: true }),
            Some(message) => message?,
        };
        self.heard = Instant::now();
        match message {
            Message::Text(text) => Ok(Incoming::Text(text)),
            Message::Ping(_) | Message::Pong(_) => Ok(Incoming::Alive),
            Message::Binary(_) => Err(End::code(CloseCode::Binary)),
            Message::Close(_) | Message::Frame(_) => Err(End::Gone { clean: true }),
        }
    }

    /// The next frame, if one has arrived already.
    pub fn read_now(&mut self) -> Option<Result<Incoming, End>> {
        self.read().now_or_never()
    }

    /// Puts a frame into the next write.
    pub async fn feed(&mut self, frame: String) -> Result<(), End> {
        self.unflushed = true;
        in_time(self.socket.feed(Message::text(frame))).await
    }

    /// Writes what was fed.
    pub async fn flush(&mut self) -> Result<(), End> {
        if !self.unflushed {
            return Ok(());
        }
        in_time(self.socket.flush()).await?;
        self.unflushed = false;
        self.sent = Instant::now();
        Ok(())
    }

    /// When [`beat`](Self::beat) has something to do.
    pub fn next_beat(&self) -> Instant {
        let quiet = self.sent.min(self.heard) + self.heartbeat;
        let lost = self.heard + 2 * self.heartbeat;
        quiet.max(self.pinged + self.heartbeat / 2).min(lost)
    }

    /// Pings a peer that was quiet, or to which nothing was sent, and gives one up that has been silent for two beats.
    pub async fn beat(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if now >= self.heard + 2 * self.heartbeat {
            return Err(End::code(CloseCode::Lost));
        }
        if now >= self.next_beat() {
            self.pinged = now;
            self.unflushed = true;
            in_time(self.socket.feed(Message::Ping(Default::default()))).await?;
            in_time(self.socket.feed(Message::text(write::PING))).await?;
            self.flush().await?;
        }
        Ok(())
    }

    /// Says goodbye where there is somebody to say it to, and closes.
    pub async fn close(mut self, end: End) {
        let End::Close { code, after_ms } = end else {
            let _ = timeout(CLOSE_DEADLINE, self.socket.close(None)).await;
            return;
        };
        let mut goodbye = String::new();
        write::write_push(&mut goodbye, &AgentPush::Goodbye(Goodbye::new(code, after_ms)));
        let frame = CloseFrame { code: WsCode::from(code.number()), reason: Utf8Bytes::from_static(code.reason()) };
        let farewell = async {
            let _ = self.socket.feed(Message::text(goodbye)).await;
            let _ = self.socket.close(Some(frame)).await;
            // With unread bytes in the kernel, closing would be a reset, and a reset may overtake the goodbye.
            let mut left = LINGER_BYTES;
            let mut scrap = [0; 2048];
            while let Ok(read @ 1..) = self.socket.get_mut().read(&mut scrap).await {
                left = left.saturating_sub(read);
                if left == 0 {
                    break;
                }
            }
        };
        let _ = timeout(CLOSE_DEADLINE, farewell).await;
    }
}

/// A write that makes no headway in ten seconds ends the session; it resumes from its cursors.
async fn in_time<E: Into<End>>(write: impl Future<Output = Result<(), E>>) -> Result<(), End> {
    match timeout(WRITE_DEADLINE, write).await {
        Ok(written) => written.map_err(Into::into),
        Err(_) => Err(End::code(CloseCode::TooSlow)),
    }
}
