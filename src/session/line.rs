//! A WebSocket that holds buffers only while something happens on it.
//!
//! What the library keeps of a connection is kilobytes: its read buffer, and a write buffer as large as the most that
//! ever waited in it. Nearly all connections are silent nearly all the time, so a line on which nothing is under way
//! lets go of all that and keeps the bare stream. A whole message that comes then is read without the library's state,
//! and what the hub sends is written without it: only what comes in parts, and control frames, make it anew. That no
//! connection needs a buffer of its own while it is silent is an idea of `uWebSockets`.

use std::{
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use futures_util::Sink;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::{
    Error, Message,
    error::ProtocolError,
    protocol::{
        CloseFrame, Role, WebSocketConfig, WebSocketContext,
        frame::{
            Frame,
            coding::{Control, Data, OpCode},
        },
    },
};

mod ends;
mod frame;

use self::ends::Ends;

/// What a session talks over.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// Whether what the peer sent is left unread for a while, because it is too much.
    fn holds_back(&self) -> bool {
        false
    }

    /// Whether everything that was read so far is whole messages. Whoever cannot tell never lets a line rest.
    fn is_between_messages(&self) -> bool {
        false
    }
}

/// How much a line takes, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct LineLimits {
    /// Room to read into while frames come; more is made for a larger one.
    pub read_bytes: u32,
    /// Frames are held back up to this, so that those fed before one flush leave in one write.
    pub write_bytes: u32,
    /// What may wait to be written before writing fails; more than `write_bytes`.
    pub unsent_bytes: u32,
    /// The longest frame, and the longest message, from the peer.
    pub message_bytes: u32,
}

/// The hub's end of a WebSocket whose handshake is done.
#[derive(Debug)]
pub struct Line<S> {
    stream: S,
    limits: LineLimits,
    /// The library's state. None while nothing is half read and nobody has said their last.
    codec: Option<Box<WebSocketContext>>,
    /// Whole frames that wait to be written, whoever made them.
    out: Vec<u8>,
    /// What was fed last is still in the way of more.
    blocked: bool,
    /// Something was fed since the last flush: more may be to leave with it.
    unflushed: bool,
    /// It has said its last.
    ended: bool,
}

/// What is read at once from a line at rest. On the stack, so it costs a connection nothing.
const FIRST_BYTES: usize = 4096;

// === impl Line ===

impl<S: Stream> Line<S> {
    /// A line over `stream`, from which `read` was already taken.
    pub fn new(stream: S, limits: LineLimits, read: &[u8]) -> Self {
        let mut line =
            Self { stream, limits, codec: None, out: Vec::new(), blocked: false, unflushed: false, ended: false };
        if !read.is_empty() {
            line.wake(read);
        }
        line
    }

    /// Whether it holds no buffers.
    pub fn is_at_rest(&self) -> bool {
        self.codec.is_none() && self.out.is_empty()
    }

    /// The stream below.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream below; to take what comes after the last frame.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Whether what was fed last has to leave before more may be fed.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Puts a text into the next write; to be called when it is not blocked.
    ///
    /// # Errors
    /// When too much waits already, and after the last frame.
    pub(super) fn put(&mut self, text: String) -> Result<(), Error> {
        if self.out.capacity() > 0 {
            return self.put_frame(OpCode::Data(Data::Text), true, text.as_bytes());
        }
        self.check(OpCode::Data(Data::Text), true, text.as_bytes())?;
        // The first one that waits is not copied: its room becomes that of those who come behind.
        self.out = frame::around(text)?;
        self.spill()
    }

    /// How much room a text of so many bytes is best made in, so that it need not be moved to make more.
    pub(super) fn room(&self, bytes: usize) -> usize {
        if self.out.capacity() == 0 { frame::room(bytes) } else { bytes }
    }

    /// Says a last frame; to a peer who said theirs first, the answer to that.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn close(&mut self, mut frame: Option<CloseFrame>) -> Result<(), Error> {
        poll_fn(|cx| self.poll_last(cx, &mut frame)).await
    }

    /// Not by writing a close frame: the library refuses one once the peer has closed, and with it its own answer. With what
    /// waits out of the way first, so that there is room for it.
    fn poll_last(&mut self, cx: &mut Context<'_>, frame: &mut Option<CloseFrame>) -> Poll<Result<(), Error>> {
        // It ended with nothing waiting and there is nothing to say: no state of the library's is made for that.
        if self.ended && frame.is_none() && self.is_at_rest() {
            return Poll::Ready(Ok(()));
        }
        self.wake(&[]);
        ready!(self.poll_drain(cx))?;
        let closed = self.with(cx, |codec, ends| codec.close(ends, frame.take()));
        ready!(self.poll_drain(cx))?;
        closed.map(unless_closed)
    }

    /// The library's state, with `read` in it if it had to be made.
    fn wake(&mut self, read: &[u8]) {
        let limits = self.limits;
        self.codec.get_or_insert_with(|| {
            let (room, longest) = (limits.read_bytes as usize, Some(limits.message_bytes as usize));
            let config = WebSocketConfig::default()
                .read_buffer_size(room)
                .write_buffer_size(0)
                .max_write_buffer_size(limits.write_bytes.max(1) as usize)
                .max_frame_size(longest)
                .max_message_size(longest);
            // With room for what follows, the library takes it as its buffer.
            let mut part = Vec::with_capacity(room.max(read.len()));
            part.extend_from_slice(read);
            Box::new(WebSocketContext::from_partially_read(part, Role::Server, Some(config)))
        });
    }

    /// Does something with the library's state, where there is one.
    fn with<T>(
        &mut self,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut WebSocketContext, &mut Ends<'_, '_, S>) -> Result<T, Error>,
    ) -> Poll<Result<T, Error>> {
        let Some(codec) = &mut self.codec else { return Poll::Pending };
        let most = self.limits.write_bytes as usize;
        match act(codec, &mut Ends { stream: &mut self.stream, out: &mut self.out, most, cx }) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            done => Poll::Ready(done),
        }
    }

    fn put_frame(&mut self, opcode: OpCode, last: bool, payload: &[u8]) -> Result<(), Error> {
        self.check(opcode, last, payload)?;
        frame::write(&mut self.out, opcode, last, payload)?;
        self.spill()
    }

    /// Whether one more may wait.
    fn check(&mut self, opcode: OpCode, last: bool, payload: &[u8]) -> Result<(), Error> {
        if self.codec.as_ref().is_some_and(|codec| !codec.can_write()) {
            return Err(Error::Protocol(ProtocolError::SendAfterClosing));
        }
        self.unflushed = true;
        if self.out.len() + payload.len() > self.limits.unsent_bytes as usize {
            let frame = Frame::message(payload.to_vec(), opcode, last);
            return Err(Error::WriteBufferFull(Box::new(Message::Frame(frame))));
        }
        Ok(())
    }

    /// Writes, where enough waits.
    fn spill(&mut self) -> Result<(), Error> {
        if self.out.len() > self.limits.write_bytes as usize {
            // Whoever feeds more, or flushes, is woken when it can go on.
            let written = self.poll_out(&mut Context::from_waker(Waker::noop()));
            self.blocked = written.is_pending();
            if let Poll::Ready(written) = written {
                return written;
            }
        }
        Ok(())
    }

    /// Writes what waits.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.out.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, &self.out))? {
                0 => return Poll::Ready(Err(Error::Io(io::ErrorKind::WriteZero.into()))),
                all if all == self.out.len() => self.out.clear(),
                part => drop(self.out.drain(..part)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what waits, here and in the library, which has no room here for all it says where a peer asks much and reads
    /// nothing.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            let flushed = self.flush_codec(cx);
            ready!(self.poll_out(cx))?;
            if let Poll::Ready(flushed) = flushed {
                return Poll::Ready(unless_closed(flushed));
            }
        }
    }

    /// Takes over what the library has to say. Pending when there is no room for it.
    fn flush_codec(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.codec.is_some() {
            let had = self.out.len();
            ready!(self.with(cx, |codec, ends| codec.flush(ends)))?;
            // What it had no room for itself comes next.
            if self.out.len() == had {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Everything that has come was taken: lets go of the library's state, unless something is still in it.
    fn rest(&mut self, cx: &mut Context<'_>) {
        let open = self.codec.as_ref().is_some_and(|codec| codec.can_write());
        // It may have an answer to a ping left to write.
        if open
            && self.stream.is_between_messages()
            && let Poll::Ready(Ok(())) = self.flush_codec(cx)
        {
            self.codec = None;
        }
    }

    /// A frame from a line that holds nothing: read at once, or the beginning of what the library is to read.
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Message>, Error>> {
        let mut room = [const { MaybeUninit::uninit() }; FIRST_BYTES];
        let mut first = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut first))?;
        if first.filled().is_empty() {
            return Poll::Ready(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)));
        }
        let message = frame::message(first.filled(), self.limits.message_bytes as usize);
        if message.is_none() {
            self.wake(first.filled());
        }
        Poll::Ready(Ok(message))
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Error>> {
        if self.codec.is_none()
            && let Some(message) = ready!(self.poll_first(cx))?
        {
            return Poll::Ready(Ok(message));
        }
        let message = self.with(cx, |codec, ends| codec.read(ends));
        if message.is_pending() {
            self.rest(cx);
        }
        message
    }
}

impl<S: Stream> futures_util::Stream for Line<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let line = self.get_mut();
        if line.ended {
            return Poll::Ready(None);
        }
        let fed = line.out.len();
        let mut message = line.poll_message(cx);
        // What the library had to say of its own accord leaves now; what was fed, with the flush that follows.
        if line.out.len() > fed || !(line.unflushed || line.out.is_empty()) {
            match line.poll_drain(cx) {
                Poll::Ready(Ok(())) => line.out = Vec::new(),
                // What came is told first: the fault is met again.
                Poll::Ready(Err(error)) if message.is_pending() => message = Poll::Ready(Err(error)),
                _ => {}
            }
        }
        match ready!(message) {
            Ok(message) => Poll::Ready(Some(Ok(message))),
            Err(error) => {
                line.ended = true;
                let over = matches!(error, Error::AlreadyClosed | Error::ConnectionClosed);
                Poll::Ready((!over).then_some(Err(error)))
            }
        }
    }
}

impl<S: Stream> Sink<Message> for Line<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.blocked {
            true => self.poll_flush(cx),
            false => Poll::Ready(Ok(())),
        }
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        let line = self.get_mut();
        match &message {
            Message::Text(text) => line.put_frame(OpCode::Data(Data::Text), true, text.as_bytes()),
            Message::Binary(bytes) => line.put_frame(OpCode::Data(Data::Binary), true, bytes),
            Message::Ping(bytes) => line.put_frame(OpCode::Control(Control::Ping), true, bytes),
            Message::Pong(bytes) => line.put_frame(OpCode::Control(Control::Pong), true, bytes),
            Message::Frame(frame) => line.put_frame(frame.header().opcode, frame.header().is_final, frame.payload()),
            // A close is said by `close`, which waits for what comes before it.
            Message::Close(_) => Err(Error::Protocol(ProtocolError::InvalidCloseSequence)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let line = self.get_mut();
        ready!(line.poll_drain(cx))?;
        ready!(Pin::new(&mut line.stream).poll_flush(cx))?;
        (line.blocked, line.unflushed, line.out) = (false, false, Vec::new());
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_last(cx, &mut None)
    }
}

/// That the connection is closed with this is what was wanted.
fn unless_closed(done: Result<(), Error>) -> Result<(), Error> {
    match done {
        Err(Error::ConnectionClosed) => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;

    /// Knows nothing of messages: a line over it never rests. Lines that do are tested at the door, with its meter.
    impl Stream for DuplexStream {}

    #[test]
    fn l1_a_line_at_rest_is_no_larger_than_its_stream_and_a_few_words() {
        let spare = size_of::<Line<()>>();
        assert!(spare <= 56, "{spare}");
    }
}
