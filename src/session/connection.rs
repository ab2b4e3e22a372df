//! The socket of a session: frames in, frames out in one write, and the heartbeat.

use std::{future::poll_fn, pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use rand::RngExt;
use tokio::{
    io::AsyncReadExt,
    time::{Instant, timeout},
};
use tokio_tungstenite::tungstenite::{
    Message, Utf8Bytes,
    protocol::{
        CloseFrame,
        frame::{
            Frame,
            coding::{CloseCode as WsCode, Data, OpCode},
        },
    },
};

use super::{
    end::End,
    line::{Line, Stream},
};
use crate::wire::{
    code::CloseCode,
    push::{AgentPush, Goodbye},
    write,
};

/// A reader who takes nothing for so long is too slow.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// How long the peer has to answer a close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);
/// The same for one who reads slowly: what they have not read yet stands before the goodbye.
const SLOW_DEADLINE: Duration = Duration::from_secs(5);
/// A longer frame leaves in pieces. The library keeps room for the longest for ever, and refuses one that is longer than
/// a reader may leave unread; a page of rows can be that.
const PIECE: usize = 32 * 1024;
/// What is still read, and thrown away, from a peer that was told to go.
const LINGER_BYTES: usize = 1024 * 1024;

/// RFC 6455's code for a peer that does not keep to it.
const BROKEN: u16 = 1002;

/// A socket with its heartbeat.
pub struct Connection<S> {
    socket: Line<S>,
    heartbeat: Duration,
    heard: Instant,
    sent: Instant,
    pinged: Instant,
    unflushed: bool,
    /// The last frame has not left whole.
    in_pieces: bool,
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

impl<S: Stream> Connection<S> {
    /// A socket to whose silence `heartbeat` (give or take a tenth) is the measure.
    pub fn new(socket: Line<S>, heartbeat: Duration) -> Self {
        let heartbeat = heartbeat.mul_f64(rand::rng().random_range(0.9..1.1));
        let now = Instant::now();
        Self { socket, heartbeat, heard: now, sent: now, pinged: now, unflushed: false, in_pieces: false }
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
        // What has to wait is rare, and has room of its own while it does.
        if frame.len() > PIECE {
            return Box::pin(self.feed_in_pieces(frame)).await;
        }
        if self.socket.is_blocked() {
            Box::pin(in_time(poll_fn(|cx| self.socket.poll_ready_unpin(cx)))).await?;
        }
        Ok(self.socket.put(frame)?)
    }

    /// How much room a frame of so many bytes is best made in.
    pub fn room(&self, bytes: usize) -> usize {
        self.socket.room(bytes)
    }

    async fn feed_in_pieces(&mut self, frame: String) -> Result<(), End> {
        let mut rest = Bytes::from(frame);
        self.in_pieces = true;
        for kind in std::iter::once(Data::Text).chain(std::iter::repeat(Data::Continue)) {
            let piece = rest.split_to(PIECE.min(rest.len()));
            let last = rest.is_empty();
            in_time(self.socket.feed(Message::Frame(Frame::message(piece, OpCode::Data(kind), last)))).await?;
            if last {
                break;
            }
        }
        self.in_pieces = false;
        Ok(())
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
        if self.socket.get_ref().holds_back() {
            // It is the hub that does not read: their silence is no sign of anything.
            self.heard = now;
        }
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
        let (goodbye, number, reason) = match end {
            End::Close { code, after_ms, because } => {
                let mut goodbye = String::new();
                write::write_push(&mut goodbye, &AgentPush::Goodbye(Goodbye::new(code, after_ms, because)));
                (Some(goodbye), code.number(), because.unwrap_or_else(|| code.reason()))
            }
            End::Broken(reason) => (None, BROKEN, reason),
            End::Gone { .. } => {
                let _ = timeout(CLOSE_DEADLINE, self.socket.close(None)).await;
                return;
            }
        };
        let frame = CloseFrame { code: WsCode::from(number), reason: Utf8Bytes::from_static(reason) };
        let farewell = async {
            // Within a frame there is only room for the close.
            if let Some(goodbye) = goodbye.filter(|_| !self.in_pieces) {
                let _ = self.socket.feed(Message::text(goodbye)).await;
            }
            let _ = self.socket.close(Some(frame)).await;
            // A peer that answers waits for the hub to hang up: it is not kept waiting.
            let mut left = LINGER_BYTES;
            while let Some(Ok(message)) = self.socket.next().await {
                left = left.saturating_sub(message.len());
                if message.is_close() || left == 0 {
                    return;
                }
            }
            // With unread bytes in the kernel, closing would be a reset, and a reset may overtake the goodbye.
            let mut scrap = [0; 2048];
            while let Ok(read @ 1..) = self.socket.get_mut().read(&mut scrap).await {
                left = left.saturating_sub(read);
                if left == 0 {
                    break;
                }
            }
        };
        let patience = if number == CloseCode::TooSlow.number() { SLOW_DEADLINE } else { CLOSE_DEADLINE };
        let _ = timeout(patience, farewell).await;
    }
}

/// A write that makes no headway in ten seconds ends the session; it resumes from its cursors.
async fn in_time<E: Into<End>>(write: impl Future<Output = Result<(), E>>) -> Result<(), End> {
    let mut write = pin!(write);
    // Nearly always it is done at once, and nobody looks at a watch.
    if let Some(written) = write.as_mut().now_or_never() {
        return written.map_err(Into::into);
    }
    match timeout(WRITE_DEADLINE, write).await {
        Ok(written) => written.map_err(Into::into),
        Err(_) => Err(End::code(CloseCode::TooSlow)),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

    use super::*;
    use crate::session::line::LineLimits;

    const LIMITS: LineLimits =
        LineLimits { read_bytes: 1024, write_bytes: 16 * 1024, unsent_bytes: 64 * 1024, message_bytes: 64 * 1024 };

    #[tokio::test]
    async fn p1_a_frame_longer_than_may_wait_unread_arrives_whole() {
        let (near, far) = duplex(4096);
        let mut connection = Connection::new(Line::new(near, LIMITS, &[]), Duration::from_secs(10));
        let mut client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
        let texts: Vec<String> =
            [PIECE, PIECE + 1, 10 * PIECE, 1_000_001].map(|length| "\u{e9}x".repeat(length / 3)).into();
        let sent = texts.clone();
        let sender = tokio::spawn(async move {
            for text in sent {
                connection.feed(text).await.expect("fed");
                connection.feed("{}".into()).await.expect("fed");
            }
            connection.flush().await.expect("flushed");
            connection
        });
        for text in texts {
            assert_eq!(client.next().await.expect("open").expect("a frame"), Message::text(text));
            assert_eq!(client.next().await.expect("open").expect("a frame"), Message::text("{}"));
        }
        drop(sender.await.expect("no panic"));
    }

    #[tokio::test]
    async fn p1_a_peer_that_closes_is_answered_with_its_own_code() {
        for code in [Some(WsCode::Normal), None] {
            let (ours, theirs) = duplex(4096);
            let mut theirs = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
            let mut connection = Connection::new(Line::new(ours, LIMITS, &[]), Duration::from_secs(10));
            let frame = code.map(|code| CloseFrame { code, reason: Utf8Bytes::default() });
            theirs.close(frame.clone()).await.expect("sent");
            let Err(end) = connection.read().await else { panic!("they have gone") };
            assert!(matches!(end, End::Gone { clean: true }));
            connection.close(end).await;
            let answer = theirs.next().await.expect("an answer").expect("a frame");
            assert_eq!(answer, Message::Close(frame));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn p1_a_peer_that_answers_the_close_is_hung_up_on_at_once() {
        let (ours, theirs) = duplex(4096);
        let mut theirs = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
        let began = Instant::now();
        let reads = async { while let Some(Ok(_)) = theirs.next().await {} };
        let connection = Connection::new(Line::new(ours, LIMITS, &[]), Duration::from_secs(10));
        tokio::join!(connection.close(End::code(CloseCode::Draining)), reads);
        assert!(began.elapsed() < CLOSE_DEADLINE, "{:?}", began.elapsed());
    }
}
