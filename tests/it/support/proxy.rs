//! A TCP proxy on loopback with switchable faults, to stand between any two parts: client and hub, hub and Redis, hub
//! and PostgreSQL.
//!
//! A fault is set per way (towards the server, towards the client) and holds for every connection, those to come
//! included, until it is replaced or healed. Every fault is counted when it happens, so that a test can prove that it
//! did. Chances are drawn from a seed: the same bytes meet the same fate again.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

mod counters;
mod postgres;
mod pump;
mod redis;

use self::{
    counters::{Counters, During},
    pump::{Ended, Pump},
};

/// A running proxy; gone with all its connections when dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

/// Where bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// What happens to bytes on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: they pass.
    Pass,
    /// They pass `fixed` and up to `jitter` later, in order.
    Delay {
        /// At least so late.
        fixed: Duration,
        /// And so much more at most.
        jitter: Duration,
    },
    /// Nothing passes, nothing is lost and nobody is told: what comes waits until the fault is over. Both ways, that is
    /// a half-open connection; one way, a connection that only speaks or only hears. New ones are accepted.
    Silence,
    /// They pass in segments of 1 to `most` bytes.
    Split {
        /// The longest segment, in bytes.
        most: usize,
    },
    /// Whole pushes of published messages never arrive, this share of them; replies and confirmations do. Downwards,
    /// between somebody and Redis (RESP3).
    SwallowPushes {
        /// 0 to 100.
        percent: u8,
    },
    /// The same only of channels whose name holds these words: the rest is heard, as if all were well.
    SwallowOn {
        /// A part of the channel's name.
        channel: &'static str,
        /// 0 to 100.
        percent: u8,
    },
    /// The reply that says that a command with this tag is complete, like `COMMIT`, waits with all behind it for
    /// [`Proxy::release`] or [`Proxy::cut_held`]. Downwards, between somebody and PostgreSQL (without TLS).
    HoldReply {
        /// How the reply's tag begins.
        tag: &'static str,
    },
    /// Connections end as soon as they come; those that were there end now.
    Cut(Cut),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// With a reset, as when the other side's machine has forgotten it.
    Reset,
    /// With an orderly end, as when the other side closed it.
    Finish,
}

/// What is spoken: faults that know messages need to know it from the first byte on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Any,
    Redis,
    Postgres,
}

struct Shared {
    target: SocketAddr,
    protocol: Protocol,
    seed: u64,
    orders: watch::Sender<Orders>,
    counters: Counters,
}

/// What every connection looks at.
#[derive(Clone, Copy, Debug)]
struct Orders {
    up: Fault,
    down: Fault,
    /// How many times everything was cut, and how the last time.
    cut: (u64, Cut),
    /// How many times what is held was released.
    released: u64,
    /// How many times what is held was cut, and how the last time.
    cut_held: (u64, Cut),
}

// === impl Proxy ===

impl Proxy {
    /// A proxy in front of `target` that knows nothing of what is spoken.
    pub async fn start(target: SocketAddr) -> Self {
        Self::seeded(target, Protocol::Any, 1).await
    }

    /// One in front of a Redis, for [`Fault::SwallowPushes`] and [`Fault::SwallowOn`].
    pub async fn redis(target: SocketAddr) -> Self {
        Self::seeded(target, Protocol::Redis, 1).await
    }

    /// The same with chances of one's own.
    pub async fn redis_with_seed(target: SocketAddr, seed: u64) -> Self {
        Self::seeded(target, Protocol::Redis, seed).await
    }

    /// One in front of a PostgreSQL, for [`Fault::HoldReply`].
    pub async fn postgres(target: SocketAddr) -> Self {
        Self::seeded(target, Protocol::Postgres, 1).await
    }

    async fn seeded(target: SocketAddr, protocol: Protocol, seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let orders =
            Orders { up: Fault::Pass, down: Fault::Pass, cut: (0, Cut::Reset), released: 0, cut_held: (0, Cut::Reset) };
        let counters = Counters::default();
        let shared = Arc::new(Shared { target, protocol, seed, orders: watch::Sender::new(orders), counters });
        let listening = tokio::spawn(listen(listener, shared.clone()));
        Self { address, shared, listening }
    }

    /// Where to connect to instead of the target.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// From now on this happens, both ways; what is only known downwards lets the other way pass.
    pub fn set(&self, fault: Fault) {
        let downwards =
            matches!(fault, Fault::SwallowPushes { .. } | Fault::SwallowOn { .. } | Fault::HoldReply { .. });
        self.order(|orders| {
            orders.up = if downwards { Fault::Pass } else { fault };
            orders.down = fault;
        });
        if let Fault::Cut(cut) = fault {
            self.cut_all(cut);
        }
    }

    /// From now on this happens one way. What happens the other way stays as it is.
    pub fn set_way(&self, way: Way, fault: Fault) {
        assert!(!matches!(fault, Fault::Cut(_)), "a connection is cut both ways");
        self.order(|orders| match way {
            Way::Up => orders.up = fault,
            Way::Down => orders.down = fault,
        });
    }

    /// Everything passes again; what was kept back follows.
    pub fn heal(&self) {
        self.set(Fault::Pass);
    }

    /// Ends every connection that is open now, once.
    pub fn cut_all(&self, cut: Cut) {
        self.order(|orders| orders.cut = (orders.cut.0 + 1, cut));
    }

    /// Lets go what is held now; later replies are held again.
    pub fn release(&self) {
        self.order(|orders| orders.released += 1);
    }

    /// Ends the connections on which something is held: their clients never learn what became of it.
    pub fn cut_held(&self, cut: Cut) {
        self.order(|orders| orders.cut_held = (orders.cut_held.0 + 1, cut));
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) {
        let protocol = self.shared.protocol;
        self.shared.orders.send_modify(|orders| {
            change(orders);
            for fault in [orders.up, orders.down] {
                match fault {
                    Fault::SwallowPushes { .. } | Fault::SwallowOn { .. } => {
                        assert_eq!(protocol, Protocol::Redis, "no proxy of a Redis");
                    }
                    Fault::HoldReply { .. } => assert_eq!(protocol, Protocol::Postgres, "no proxy of a PostgreSQL"),
                    _ => {}
                }
            }
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

// === impl Orders ===

impl Orders {
    fn fault(&self, way: Way) -> Fault {
        match way {
            Way::Up => self.up,
            Way::Down => self.down,
        }
    }
}

/// Accepts until the task is aborted, and with it all connections.
async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let number = shared.counters.accepted.fetch_add(1, Ordering::SeqCst);
                let shared = shared.clone();
                connections.spawn(async move {
                    let _open = During::new(&shared.counters.open);
                    carry(client, &shared, number).await;
                });
            }
            Some(ended) = connections.join_next() => ended.expect("no panic in the proxy"),
        }
    }
}

/// One connection, from its accept to its end.
async fn carry(mut client: TcpStream, shared: &Shared, number: u64) {
    let mut orders = shared.orders.subscribe();
    let (before, fault) = {
        let orders = orders.borrow();
        (orders.cut.0, orders.down)
    };
    if let Fault::Cut(cut) = fault {
        return end(shared, cut, [client]);
    }
    let mut server = match TcpStream::connect(shared.target).await {
        Ok(server) => server,
        // To the client it is as if nobody listened here.
        Err(_) => return drop(client.set_zero_linger()),
    };
    let nodelay = |stream: &TcpStream| stream.set_nodelay(true).expect("an option of every socket");
    nodelay(&client);
    nodelay(&server);
    let ended = {
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        let (up, down) = Pump::both(shared, number);
        let both = async { tokio::try_join!(up.run(from_client, to_server), down.run(from_server, to_client)) };
        tokio::select! {
            Ok(orders) = orders.wait_for(|orders| orders.cut.0 != before) => Err(Ended::Cut(orders.cut.1)),
            ended = both => ended.map(|_| ()),
        }
    };
    match ended {
        Ok(()) => {}
        Err(Ended::Cut(cut)) => end(shared, cut, [client, server]),
        // One side has reset it: the other learns that as it is.
        Err(Ended::Broken) => {
            for stream in [client, server] {
                stream.set_zero_linger().ok();
            }
        }
    }
}

fn end<const N: usize>(shared: &Shared, cut: Cut, streams: [TcpStream; N]) {
    for stream in streams {
        match cut {
            // One that is gone already has no options any more.
            Cut::Reset => drop(stream.set_zero_linger()),
            // With something unread it would be a reset.
            Cut::Finish => while stream.try_read(&mut [0; 4096]).is_ok_and(|count| count > 0) {},
        }
    }
    shared.counters.cut.fetch_add(1, Ordering::SeqCst);
}
