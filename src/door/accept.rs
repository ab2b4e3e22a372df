//! The accept loop.

use std::{
    io::{self, ErrorKind},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    addresses::Addresses,
    connection::{connection, leave},
    metrics::{DoorMetrics, Reason},
    network::Network,
    socket::{Sessions, SocketLimits},
};

/// A request's head must be there within this.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// … and within this many bytes.
const HEAD_BYTES: usize = 8 * 1024;
/// Out of descriptors, trying at once again would only spin.
const PAUSE: Duration = Duration::from_millis(100);
/// Connections that may be told at the same time why they are turned away; others are just closed.
const TOLD: usize = 256;
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
    connection: close\r\ncontent-length: 136\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"code\":\"unavailable\",\
    \"detail\":\"too many connections from this address\"}";

/// What the door needs to know.
#[derive(Debug, Clone)]
pub struct DoorSettings {
    /// Connections of one address; 0 lifts it.
    pub connections_per_address: u32,
    /// Those of them that have not said `hello`; 0 lifts it.
    pub unauthenticated_per_address: u32,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Rates and sizes of one socket.
    pub socket: SocketLimits,
}

/// When to stop; held by whoever hears the signals.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// From now on upgrades are refused and `/readyz` says so; what is open goes on.
    pub draining: CancellationToken,
    /// From now on nobody is let in any more.
    pub closed: CancellationToken,
}

/// Everything behind the listener.
pub struct Door<S> {
    pub(super) settings: DoorSettings,
    pub(super) sessions: S,
    pub(super) router: Router,
    pub(super) metrics: DoorMetrics,
    pub(super) addresses: Arc<Addresses>,
    pub(super) shutdown: Shutdown,
    pub(super) sockets: TaskTracker,
    pub(super) http: http1::Builder,
    /// Rung when descriptors run out: idle HTTP connections make room.
    pub(super) shed: Notify,
}

// === impl Door ===

impl<S: Sessions> Door<S> {
    /// A door that hands sockets to `sessions` and other requests to `router`.
    pub fn new(
        settings: DoorSettings,
        sessions: S,
        router: Router,
        metrics: DoorMetrics,
        shutdown: Shutdown,
    ) -> Arc<Self> {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(HEAD_BYTES);
        Arc::new(Self {
            addresses: Addresses::new(settings.connections_per_address, settings.unauthenticated_per_address),
            settings,
            sessions,
            router,
            metrics,
            shutdown,
            sockets: TaskTracker::new(),
            http,
            shed: Notify::new(),
        })
    }

    /// Lets people in until `shutdown.closed`.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let told = Arc::new(Semaphore::new(TOLD));
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shutdown.closed.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => self.let_in(stream, address.ip(), &told),
                Err(error) => self.pause(&error).await,
            }
        }
    }

    /// Returns when the last socket is gone.
    pub async fn drained(&self) {
        self.sockets.close();
        self.sockets.wait().await;
    }

    /// Connections by address, for looking at from outside.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    fn let_in(self: &Arc<Self>, stream: TcpStream, address: std::net::IpAddr, told: &Arc<Semaphore>) {
        // Behind a trusted proxy everybody has its address; who they are is in the head.
        let proxied = self.settings.trusted_proxies.iter().any(|network| network.contains(address));
        let admission = if proxied { None } else { self.addresses.admit(address) };
        if admission.is_none() && !proxied {
            self.metrics.refused(Reason::Address);
            if let Ok(permit) = told.clone().try_acquire_owned() {
                tokio::spawn(async move {
                    turn_away(stream).await;
                    drop(permit);
                });
            }
            return;
        }
        tokio::spawn(connection(self.clone(), stream, address, admission));
    }

    async fn pause(&self, error: &io::Error) {
        // The other side gave up before we came: nothing is short.
        if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted) {
            return;
        }
        tracing::warn!(%error, "cannot accept connections for the moment");
        self.metrics.accept_pauses.inc();
        self.shed.notify_waiters();
        sleep(PAUSE).await;
    }
}

/// Tells why.
async fn turn_away(mut stream: TcpStream) {
    if let Ok(Ok(())) = timeout(Duration::from_secs(1), stream.write_all(FULL)).await {
        leave(stream).await;
    }
}

#[cfg(test)]
mod tests;
