//! Counts raw frames and bytes of one socket, below the WebSocket library, which hides fragments and control frames.
//!
//! Whoever is over their rate is not read from for a while: TCP then slows the sender down, and nobody else pays.
//! Whoever has been ahead of their rate for half a minute without a gap means it, and is turned out.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

use crate::session::line::Stream;

/// So long a sender may stay ahead of their rate without a gap.
const PATIENCE: Duration = Duration::from_secs(30);
/// A message may come in so many pieces.
const MOST_FRAGMENTS: u8 = 16;
/// Two bytes, eight of extended length, four of mask.
const LONGEST_HEADER: usize = 14;

/// Rates and bursts of one socket; a rate of 0 lifts it.
#[derive(Debug, Clone, Copy)]
pub struct MeterLimits {
    /// Frames of every kind a second.
    pub frames_per_second: u32,
    /// Frames at once.
    pub frame_burst: u32,
    /// Bytes a second, headers included.
    pub bytes_per_second: u32,
    /// Bytes at once.
    pub byte_burst: u32,
}

/// A stream of WebSocket frames from a client, metered.
///
/// A read fails with [`io::ErrorKind::QuotaExceeded`] (close with 4504) when the sender never stopped sending too much,
/// and with [`io::ErrorKind::InvalidData`] (close with 1008) when a message comes in too many pieces. Writing goes on
/// working, so that a close can be sent.
#[derive(Debug)]
pub struct Metered<S> {
    inner: S,
    meter: Meter,
    // Boxed, since almost nobody is ever paused: an idle socket pays eight bytes for it.
    pause: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
struct Meter {
    limits: MeterLimits,
    frames: Bucket,
    bytes: Bucket,
    filled_at: Instant,
    ahead_since: Option<Instant>,
    frame: Frame,
    stopped: Option<io::ErrorKind>,
}

/// What may still be taken; below zero, what must be waited for.
#[derive(Debug)]
struct Bucket(f64);

/// Where in a frame the stream stands.
#[derive(Debug, Default)]
struct Frame {
    header: [u8; LONGEST_HEADER],
    known: u8,
    fragments: u8,
    payload: u64,
}

// === impl Metered ===

impl<S> Metered<S> {
    /// Meters `inner`, of which `read` was already taken.
    ///
    /// # Errors
    /// When `read` alone breaks the rules.
    pub fn new(inner: S, limits: MeterLimits, read: &[u8]) -> io::Result<Self> {
        let mut metered = Self { inner, meter: Meter::new(limits), pause: None };
        metered.count(read)?;
        Ok(metered)
    }

    fn count(&mut self, bytes: &[u8]) -> io::Result<()> {
        let now = Instant::now();
        if let Some(wait) = self.meter.count(bytes, now)? {
            self.pause = Some(Box::pin(sleep(wait.min(self.meter.patience(now)))));
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(kind) = this.meter.stopped {
            return Poll::Ready(Err(kind.into()));
        }
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(cx));
            this.pause = None;
            // One read may bring more than half a minute's worth: the pause ends there, and so does the reading.
            if this.meter.patience(Instant::now()).is_zero() {
                this.meter.stopped = Some(io::ErrorKind::QuotaExceeded);
                return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
            }
        }
        let before = buf.filled().len();
        match Pin::new(&mut this.inner).poll_read(cx, buf) {
            Poll::Pending => {
                // Nothing waits to be read: the sender is not ahead of their rate.
                this.meter.ahead_since = None;
                Poll::Pending
            }
            Poll::Ready(Ok(())) => Poll::Ready(this.count(&buf.filled()[before..])),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for Metered<S> {
    fn holds_back(&self) -> bool {
        self.pause.is_some()
    }

    fn is_between_messages(&self) -> bool {
        self.meter.frame.is_between_messages()
    }
}

// === impl Meter ===

impl Meter {
    fn new(limits: MeterLimits) -> Self {
        Self {
            limits,
            frames: Bucket(f64::from(limits.frame_burst)),
            bytes: Bucket(f64::from(limits.byte_burst)),
            filled_at: Instant::now(),
            ahead_since: None,
            frame: Frame::default(),
            stopped: None,
        }
    }

    /// How long the sender may still stay ahead of their rate.
    fn patience(&self, now: Instant) -> Duration {
        self.ahead_since.map_or(PATIENCE, |since| PATIENCE.saturating_sub(now.duration_since(since)))
    }

    /// Counts what came; how long to read nothing, if it was too much.
    fn count(&mut self, bytes: &[u8], now: Instant) -> io::Result<Option<Duration>> {
        let Some(frames) = self.frame.advance(bytes) else {
            self.stopped = Some(io::ErrorKind::InvalidData);
            return Err(io::ErrorKind::InvalidData.into());
        };
        let elapsed = now.duration_since(self.filled_at).as_secs_f64();
        self.filled_at = now;
        let limits = &self.limits;
        let frame_wait = self.frames.take(frames as f64, elapsed, limits.frames_per_second, limits.frame_burst);
        let byte_wait = self.bytes.take(bytes.len() as f64, elapsed, limits.bytes_per_second, limits.byte_burst);
        let wait = frame_wait.max(byte_wait);
        if wait <= 0.0 {
            return Ok(None);
        }
        let since = *self.ahead_since.get_or_insert(now);
        if now.duration_since(since) >= PATIENCE {
            self.stopped = Some(io::ErrorKind::QuotaExceeded);
        }
        Ok(Some(Duration::from_secs_f64(wait)))
    }
}

// === impl Bucket ===

impl Bucket {
    /// Fills up for `elapsed` seconds, takes `count`; for how many seconds it is then overdrawn.
    fn take(&mut self, count: f64, elapsed: f64, rate: u32, burst: u32) -> f64 {
        if rate == 0 {
            return 0.0;
        }
        let rate = f64::from(rate);
        self.0 = (self.0 + elapsed * rate).min(f64::from(burst)) - count;
        -self.0 / rate
    }
}

// === impl Frame ===

impl Frame {
    /// Moves over `bytes`; how many frames began in them, or `None` when a message has too many fragments.
    fn advance(&mut self, mut bytes: &[u8]) -> Option<u32> {
        let mut frames = 0;
        while !bytes.is_empty() {
            if self.payload > 0 {
                let skipped = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
                self.payload -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            self.header[usize::from(self.known)] = bytes[0];
            self.known += 1;
            bytes = &bytes[1..];
            if usize::from(self.known) == self.header_length() {
                frames += 1;
                self.known = 0;
                self.payload = self.payload_length();
                if !self.count_fragment() {
                    return None;
                }
            }
        }
        Some(frames)
    }

    /// Whether everything so far is whole messages.
    fn is_between_messages(&self) -> bool {
        (self.known, self.payload, self.fragments) == (0, 0, 0)
    }

    fn header_length(&self) -> usize {
        if self.known < 2 {
            return 2;
        }
        let mask = if self.header[1] & 0x80 != 0 { 4 } else { 0 };
        mask + match self.header[1] & 0x7f {
            126 => 4,
            127 => 10,
            _ => 2,
        }
    }

    fn payload_length(&self) -> u64 {
        let header = &self.header;
        match header[1] & 0x7f {
            126 => u64::from(u16::from_be_bytes([header[2], header[3]])),
            127 => header[2..10].iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
            short => u64::from(short),
        }
    }

    fn count_fragment(&mut self) -> bool {
        let last = self.header[0] & 0x80 != 0;
        match self.header[0] & 0x0f {
            // Control frames may stand between fragments.
            8.. => return true,
            0 => self.fragments = self.fragments.saturating_add(1),
            _ => self.fragments = 1,
        }
        let allowed = self.fragments <= MOST_FRAGMENTS;
        if last {
            self.fragments = 0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests;
