//! A WebSocket that holds buffers only while something happens on it.
//!
//! What the library keeps of a connection is kilobytes: its read buffer, and a write buffer as large as the most that
//! ever waited in it. Nearly all connections are silent nearly all the time, so a line on which nothing is under way
//! lets go of all that and keeps the bare stream; the next frame, in or out, makes it anew. That no connection needs a
//! buffer of its own while it is silent is an idea of `uWebSockets`.

use std::{
    future::poll_fn,
    io::{self, Read, Write},
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use futures_util::Sink;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::{
    Error, Message,
    protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext},
};

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
    pub read_bytes: usize,
    /// Frames are held back up to this, so that those fed before one flush leave in one write.
    pub write_bytes: usize,
    /// What may wait to be written before writing fails; more than `write_bytes`.
    pub unsent_bytes: usize,
    /// The longest frame, and the longest message, from the peer.
    pub message_bytes: usize,
}

/// The hub's end of a WebSocket whose handshake is done.
#[derive(Debug)]
pub struct Line<S> {
    stream: S,
    limits: LineLimits,
    /// The library's state. None while the line is at rest: nothing is half read, nothing waits to be written.
    codec: Option<Box<WebSocketContext>>,
    /// What was fed last is still in the way of more.
    blocked: bool,
    /// Something was fed since the last flush: more may be to leave with it.
    unflushed: bool,
    /// It has said its last.
    ended: bool,
}

/// A stream as the library wants it: one that says so instead of waiting.
struct Blocking<'a, 'b, S> {
    stream: &'a mut S,
    cx: &'a mut Context<'b>,
}

/// What is read at once from a line at rest. On the stack, so it costs a connection nothing.
const FIRST_BYTES: usize = 4096;

// === impl Line ===

impl<S: Stream> Line<S> {
    /// A line over `stream`, from which `read` was already taken.
    pub fn new(stream: S, limits: LineLimits, read: &[u8]) -> Self {
        let mut line = Self { stream, limits, codec: None, blocked: false, unflushed: false, ended: false };
        if !read.is_empty() {
            line.wake(read);
        }
        line
    }

    /// Whether it holds no buffers.
    pub fn is_at_rest(&self) -> bool {
        self.codec.is_none()
    }

    /// The stream below.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream below; to take what comes after the last frame.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Says a last frame; to a peer who said theirs first, the answer to that.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn close(&mut self, mut frame: Option<CloseFrame>) -> Result<(), Error> {
        poll_fn(|cx| self.poll_last(cx, frame.take())).await
    }

    /// Not by writing a close frame: the library refuses one once the peer has closed, and with it its own answer.
    fn poll_last(&mut self, cx: &mut Context<'_>, frame: Option<CloseFrame>) -> Poll<Result<(), Error>> {
        let closed = ready!(self.with(cx, |codec, stream| codec.close(stream, frame)));
        Poll::Ready(unless_closed(closed))
    }

    /// The library's state, with `read` in it if it had to be made.
    fn wake(&mut self, read: &[u8]) -> &mut WebSocketContext {
        let limits = self.limits;
        self.codec.get_or_insert_with(|| {
            let config = WebSocketConfig::default()
                .read_buffer_size(limits.read_bytes)
                .write_buffer_size(limits.write_bytes)
                .max_write_buffer_size(limits.unsent_bytes)
                .max_frame_size(Some(limits.message_bytes))
                .max_message_size(Some(limits.message_bytes));
            // With room for what follows, the library takes it as its buffer.
            let mut part = Vec::with_capacity(limits.read_bytes.max(read.len()));
            part.extend_from_slice(read);
            Box::new(WebSocketContext::from_partially_read(part, Role::Server, Some(config)))
        })
    }

    /// Does something with the library's state, which is made if there is none.
    fn with<T>(
        &mut self,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut WebSocketContext, &mut Blocking<'_, '_, S>) -> Result<T, Error>,
    ) -> Poll<Result<T, Error>> {
        self.wake(&[]);
        let Some(codec) = &mut self.codec else { return Poll::Pending };
        match act(codec, &mut Blocking { stream: &mut self.stream, cx }) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            done => Poll::Ready(done),
        }
    }

    /// Everything that has come was taken: lets go of the buffers, unless something is still in them.
    fn rest(&mut self, cx: &mut Context<'_>) {
        let open = self.codec.as_ref().is_some_and(|codec| codec.can_write());
        if !open || self.unflushed || !self.stream.is_between_messages() {
            return;
        }
        // The library may have an answer to a ping left to write.
        if let Poll::Ready(Ok(())) = self.with(cx, |codec, stream| codec.flush(stream)) {
            self.codec = None;
        }
    }
}

impl<S: Stream> futures_util::Stream for Line<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let line = self.get_mut();
        if line.ended {
            return Poll::Ready(None);
        }
        if line.is_at_rest() {
            let mut room = [const { MaybeUninit::uninit() }; FIRST_BYTES];
            let mut first = ReadBuf::uninit(&mut room);
            if let Err(error) = ready!(Pin::new(&mut line.stream).poll_read(cx, &mut first)) {
                line.ended = true;
                return Poll::Ready(Some(Err(Error::Io(error))));
            }
            line.wake(first.filled());
        }
        match line.with(cx, |codec, stream| codec.read(stream)) {
            Poll::Pending => {
                line.rest(cx);
                Poll::Pending
            }
            Poll::Ready(Ok(message)) => Poll::Ready(Some(Ok(message))),
            Poll::Ready(Err(error)) => {
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
        line.unflushed = true;
        // Whoever feeds more, or flushes, is woken when it can go on.
        let mut cx = Context::from_waker(Waker::noop());
        let taken = line.with(&mut cx, |codec, stream| codec.write(stream, message));
        line.blocked = taken.is_pending();
        match taken {
            Poll::Pending => Ok(()),
            Poll::Ready(taken) => taken,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let line = self.get_mut();
        if line.is_at_rest() {
            return Poll::Ready(Ok(()));
        }
        let flushed = ready!(line.with(cx, |codec, stream| codec.flush(stream)));
        (line.blocked, line.unflushed) = (false, false);
        Poll::Ready(unless_closed(flushed))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_last(cx, None)
    }
}

/// That the connection is closed with this is what was wanted.
fn unless_closed(done: Result<(), Error>) -> Result<(), Error> {
    match done {
        Err(Error::ConnectionClosed) => Ok(()),
        done => done,
    }
}

// === impl Blocking ===

impl<S: Stream> Read for Blocking<'_, '_, S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        match Pin::new(&mut *self.stream).poll_read(self.cx, &mut buf) {
            Poll::Ready(read) => read.map(|()| buf.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<S: Stream> Write for Blocking<'_, '_, S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.stream).poll_write(self.cx, buf) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match Pin::new(&mut *self.stream).poll_flush(self.cx) {
            Poll::Ready(flushed) => flushed,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
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
        assert!(spare <= 48, "{spare}");
    }
}
