//! A wire between a hub and its database that can be cut, and can swallow what the server says.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// The wire; cut for good when dropped.
pub struct Wire {
    pub port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    server: u16,
    /// The server's words go nowhere.
    mute: AtomicBool,
    /// The client's words go nowhere.
    deaf: AtomicBool,
    /// New connections are closed at once.
    closed: AtomicBool,
    /// How many bytes were swallowed.
    swallowed: AtomicU64,
    cut: watch::Sender<u64>,
}

impl Wire {
    /// A wire to this port of loopback.
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let off = || AtomicBool::new(false);
        let (mute, deaf, closed) = (off(), off(), off());
        let shared = Shared { server, mute, deaf, closed, swallowed: AtomicU64::new(0), cut: watch::channel(0).0 };
        let shared = Arc::new(shared);
        let there = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !there.closed.load(Ordering::SeqCst) {
                    tokio::spawn(carry(client, there.clone()));
                }
            }
        });
        Self { port, shared, task }
    }

    /// From now on the server's words are swallowed, or no longer.
    pub fn mute(&self, on: bool) {
        self.shared.mute.store(on, Ordering::SeqCst);
    }

    /// From now on the client's words are swallowed, or no longer.
    pub fn deafen(&self, on: bool) {
        self.shared.deaf.store(on, Ordering::SeqCst);
    }

    /// From now on nobody gets through, or everybody does.
    pub fn close(&self, on: bool) {
        self.shared.closed.store(on, Ordering::SeqCst);
    }

    /// Cuts every connection there is.
    pub fn cut(&self) {
        self.shared.cut.send_modify(|times| *times += 1);
    }

    /// How many bytes were swallowed so far.
    pub fn swallowed(&self) -> u64 {
        self.shared.swallowed.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn carry(client: TcpStream, shared: Arc<Shared>) {
    let mut cut = shared.cut.subscribe();
    let Ok(server) = TcpStream::connect(("127.0.0.1", shared.server)).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::select! {
        _ = cut.changed() => {}
        () = pump(&mut from_client, &mut to_server, &shared.deaf, &shared.swallowed) => {}
        () = pump(&mut from_server, &mut to_client, &shared.mute, &shared.swallowed) => {}
    }
}

async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    off: &AtomicBool,
    swallowed: &AtomicU64,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(size) = from.read(&mut buffer).await
        && size > 0
    {
        match off.load(Ordering::SeqCst) {
            true => drop(swallowed.fetch_add(size as u64, Ordering::SeqCst)),
            false if to.write_all(&buffer[..size]).await.is_err() => return,
            false => {}
        }
    }
}
