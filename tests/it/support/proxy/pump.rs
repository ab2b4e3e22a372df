//! One way of one connection.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{ReadHalf, WriteHalf},
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    Cut, Fault, Orders, Protocol, Shared, Way,
    counters::During,
    postgres::{self, Replies, Requests},
    redis,
};

/// So many delayed bytes are kept; then reading waits, as it would on a long line.
const MOST_DELAYED: usize = 1 << 20;

/// Carries bytes one way, with what is to happen to them.
pub(super) struct Pump<'a> {
    way: Way,
    shared: &'a Shared,
    orders: watch::Receiver<Orders>,
    random: StdRng,
    /// Bytes of a message that is not whole yet.
    partial: Vec<u8>,
    spoken: Spoken,
    /// What passes later, and when.
    line: VecDeque<(Instant, Vec<u8>)>,
    line_bytes: usize,
}

/// What is known of the protocol, this way.
enum Spoken {
    Nothing,
    Redis,
    ToPostgres(Requests),
    FromPostgres(Replies),
}

/// Why a pump stopped before the end of its stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ended {
    /// The proxy was told to.
    Cut(Cut),
    /// One of the sides has broken it.
    Broken,
}

enum Next {
    Ordered,
    Due,
    Read(usize),
}

// === impl Pump ===

impl<'a> Pump<'a> {
    /// The two ways of a connection.
    pub(super) fn both(shared: &'a Shared, number: u64) -> (Self, Self) {
        let (up, down) = match shared.protocol {
            Protocol::Any => (Spoken::Nothing, Spoken::Nothing),
            Protocol::Redis => (Spoken::Nothing, Spoken::Redis),
            Protocol::Postgres => {
                let (requests, replies) = postgres::sides();
                (Spoken::ToPostgres(requests), Spoken::FromPostgres(replies))
            }
        };
        (Self::new(Way::Up, shared, number * 2, up), Self::new(Way::Down, shared, number * 2 + 1, down))
    }

    fn new(way: Way, shared: &'a Shared, salt: u64, spoken: Spoken) -> Self {
        Self {
            way,
            shared,
            orders: shared.orders.subscribe(),
            random: StdRng::seed_from_u64(shared.seed.wrapping_mul(1_000_003).wrapping_add(salt)),
            partial: Vec::new(),
            spoken,
            line: VecDeque::new(),
            line_bytes: 0,
        }
    }

    /// Carries until `from` has ended and everything of it has passed.
    pub(super) async fn run(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<(), Ended> {
        let mut chunk = [0; 16 * 1024];
        let mut over = false;
        loop {
            let fault = self.fault();
            if fault == Fault::Silence {
                self.silence(&from, over).await;
                continue;
            }
            if !matches!(fault, Fault::Delay { .. }) {
                while let Some((_, bytes)) = self.line.pop_front() {
                    self.write(&mut to, &bytes).await?;
                }
                self.line_bytes = 0;
            }
            if over && self.line.is_empty() {
                let rest = std::mem::take(&mut self.partial);
                self.write(&mut to, &rest).await?;
                return to.shutdown().await.map_err(|_| Ended::Broken);
            }
            let due = self.line.front().map(|(due, _)| *due);
            let next = tokio::select! {
                biased;
                Ok(()) = self.orders.changed() => Next::Ordered,
                () = async { sleep_until(due.expect("checked")).await }, if due.is_some() => Next::Due,
                read = from.read(&mut chunk), if !over && self.line_bytes < MOST_DELAYED => {
                    Next::Read(read.map_err(|_| Ended::Broken)?)
                }
            };
            match next {
                Next::Ordered => {}
                Next::Due => {
                    if let Some((_, bytes)) = self.line.pop_front() {
                        self.line_bytes -= bytes.len();
                        self.write(&mut to, &bytes).await?;
                    }
                }
                Next::Read(0) => over = true,
                Next::Read(count) => {
                    // What is read may be under a fault that was ordered meanwhile.
                    self.meet(&chunk[..count], &mut to).await?;
                }
            }
        }
    }

    fn fault(&mut self) -> Fault {
        self.orders.borrow_and_update().fault(self.way)
    }

    fn count(&self, which: &AtomicU64, by: u64) {
        which.fetch_add(by, Ordering::SeqCst);
    }

    /// Nothing passes until something else is ordered.
    async fn silence(&mut self, from: &ReadHalf<'_>, over: bool) {
        if !over {
            tokio::select! {
                biased;
                _ = self.orders.changed() => return,
                _ = from.readable() => self.count(&self.shared.counters.silenced, 1),
            }
        }
        self.orders.changed().await.ok();
    }

    /// What has come meets its fault, message by message where the protocol is known.
    async fn meet(&mut self, bytes: &[u8], to: &mut WriteHalf<'_>) -> Result<(), Ended> {
        match &mut self.spoken {
            Spoken::Nothing => return self.pass(bytes.to_vec(), to).await,
            Spoken::ToPostgres(requests) => {
                let statements = requests.said(bytes);
                self.count(&self.shared.counters.statements, statements);
                return self.pass(bytes.to_vec(), to).await;
            }
            Spoken::Redis | Spoken::FromPostgres(_) => {}
        }
        self.partial.extend_from_slice(bytes);
        let mut passing = Vec::new();
        while let Some(length) = self.message() {
            let message: Vec<u8> = self.partial.drain(..length).collect();
            match self.fault() {
                Fault::SwallowPushes { percent } if redis::is_published(&message) && self.swallows(percent) => continue,
                Fault::SwallowOn { channel, percent }
                    if redis::is_published_on(&message, channel) && self.swallows(percent) =>
                {
                    continue;
                }
                Fault::HoldReply { tag } if postgres::completes(&message, tag) => {
                    self.pass(std::mem::take(&mut passing), to).await?;
                    self.hold().await?;
                }
                _ => {}
            }
            passing.extend(message);
        }
        self.pass(passing, to).await
    }

    /// Whether one more push is swallowed.
    fn swallows(&mut self, percent: u8) -> bool {
        self.count(&self.shared.counters.pushes, 1);
        let swallowed = self.random.random_range(0..100) < percent;
        self.count(&self.shared.counters.swallowed, u64::from(swallowed));
        swallowed
    }

    /// The length of the first message that has come, when it is whole.
    fn message(&mut self) -> Option<usize> {
        match &self.spoken {
            Spoken::Redis => redis::length(&self.partial),
            Spoken::FromPostgres(replies) => replies.length(&self.partial),
            Spoken::Nothing | Spoken::ToPostgres(_) => None,
        }
    }

    /// Waits until what is held is let go, or its connection is to end.
    async fn hold(&mut self) -> Result<(), Ended> {
        let counters = &self.shared.counters;
        let before = *self.orders.borrow();
        let _holding = During::new(&counters.holding);
        counters.held.fetch_add(1, Ordering::SeqCst);
        let way = self.way;
        let ordered = self.orders.wait_for(|orders| {
            orders.released != before.released
                || orders.cut_held.0 != before.cut_held.0
                || !matches!(orders.fault(way), Fault::HoldReply { .. })
        });
        match ordered.await {
            Ok(orders) if orders.cut_held.0 != before.cut_held.0 => Err(Ended::Cut(orders.cut_held.1)),
            _ => Ok(()),
        }
    }

    /// Passes bytes on: now, later, or in small pieces.
    async fn pass(&mut self, bytes: Vec<u8>, to: &mut WriteHalf<'_>) -> Result<(), Ended> {
        match self.fault() {
            Fault::Delay { fixed, jitter } if !bytes.is_empty() => {
                self.count(&self.shared.counters.delayed, 1);
                let more = Duration::from_secs_f64(jitter.as_secs_f64() * self.random.random::<f64>());
                let last = self.line.back().map(|(due, _)| *due);
                let due = (Instant::now() + fixed + more).max(last.unwrap_or_else(Instant::now));
                self.line_bytes += bytes.len();
                self.line.push_back((due, bytes));
                Ok(())
            }
            Fault::Split { most } => {
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    let (segment, behind) = rest.split_at(self.random.random_range(1..=most).min(rest.len()));
                    self.write(to, segment).await?;
                    self.count(&self.shared.counters.segments, 1);
                    // The other side gets a chance to read it alone.
                    tokio::task::yield_now().await;
                    rest = behind;
                }
                Ok(())
            }
            _ => self.write(to, &bytes).await,
        }
    }

    async fn write(&self, to: &mut WriteHalf<'_>, bytes: &[u8]) -> Result<(), Ended> {
        to.write_all(bytes).await.map_err(|_| Ended::Broken)?;
        self.count(self.shared.counters.carried(self.way), bytes.len() as u64);
        Ok(())
    }
}
