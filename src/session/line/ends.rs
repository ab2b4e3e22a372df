//! A line as the library sees it.

use std::{
    io::{self, Read, Write},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::ReadBuf;

use super::Stream;

/// The two ends of a line as the library wants them: ones that say so instead of waiting. What it writes joins the frames
/// that wait.
pub(super) struct Ends<'a, 'b, S> {
    pub(super) stream: &'a mut S,
    pub(super) out: &'a mut Vec<u8>,
    pub(super) most: usize,
    pub(super) cx: &'a mut Context<'b>,
}

// === impl Ends ===

impl<S: Stream> Read for Ends<'_, '_, S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        match Pin::new(&mut *self.stream).poll_read(self.cx, &mut buf) {
            Poll::Ready(read) => read.map(|()| buf.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<S> Write for Ends<'_, '_, S> {
    /// All or nothing, so that what waits is whole frames.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.out.len() > self.most {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.out.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
