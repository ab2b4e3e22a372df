//! The yardstick: a bare relay on the hub's own WebSocket library. One thread, one task per connection, buffers of
//! 1 KiB. It forwards a visitor's text to their agent as it came, acknowledges it to the sender, decides nothing and
//! stores nothing: what the stack itself costs.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;

use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{LocalSet, spawn_local};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

const BUFFER: usize = 1024;
/// Texts that may wait for one agent before their senders do.
const QUEUE: usize = 1024;
const ACK: Utf8Bytes = Utf8Bytes::from_static(r#"{"type":"reply","ok":true}"#);

/// Where texts go: filled by agents as they join, read by visitors as they join.
#[derive(Clone, Default)]
struct Agents(Rc<RefCell<Switchboard>>);

#[derive(Default)]
struct Switchboard {
    /// Of a visitor, the one agent who serves them.
    serving: HashMap<usize, mpsc::Sender<Utf8Bytes>>,
    /// Of a room, all who watch it.
    watching: HashMap<u64, Vec<mpsc::Sender<Utf8Bytes>>>,
}

/// The first frame of a connection.
#[derive(Deserialize)]
struct Join {
    id: u64,
    /// Set by a visitor: who they are.
    visitor: Option<usize>,
    /// Set by an agent: whose texts they get.
    #[serde(default)]
    serves: Vec<usize>,
    /// Set by a visitor who talks to a room, and by the agents who watch it.
    room: Option<u64>,
}

/// Serves until standard input ends.
pub fn run(port: u16) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(port))
}

async fn serve(port: u16) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let listener = socket.listen(4096).context("listening")?;
    let agents = Agents::default();
    let mut parent = pin!(parent());
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                let agents = agents.clone();
                // A socket that breaks ends its own task and nothing else.
                spawn_local(async move { connection(stream, agents).await.ok() });
            }
            () = &mut parent => return Ok(()),
        }
    }
}

/// Waits for the end of standard input. A thread reads it: what it keeps must not stop the process from ending.
async fn parent() {
    let (gone, waiting) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        std::io::stdin().read_to_end(&mut Vec::new()).ok();
        drop(gone);
    });
    waiting.await.ok();
}

async fn connection(stream: TcpStream, agents: Agents) -> Result<()> {
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(64 * BUFFER)
        .max_message_size(Some(64 * BUFFER))
        .max_frame_size(Some(64 * BUFFER));
    let mut socket = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await?;
    let first = socket.next().await.context("closed before joining")??;
    let join: Join = serde_json::from_str(first.to_text()?)?;
    socket.send(Message::text(format!(r#"{{"type":"reply","id":{},"ok":true}}"#, join.id))).await?;
    match (join.visitor, join.room) {
        (Some(visitor), None) => {
            let agent = agents.0.borrow().serving.get(&visitor).cloned();
            from_visitor(socket, agent).await
        }
        (Some(_), Some(room)) => to_room(socket, &agents, room).await,
        (None, room) => {
            let (sender, texts) = mpsc::channel(QUEUE);
            {
                let mut all = agents.0.borrow_mut();
                all.serving.extend(join.serves.iter().map(|&visitor| (visitor, sender.clone())));
                if let Some(room) = room {
                    all.watching.entry(room).or_default().push(sender.clone());
                }
            }
            drop(sender);
            let done = to_agent(socket, texts).await;
            agents.0.borrow_mut().serving.retain(|visitor, _| !join.serves.contains(visitor));
            done
        }
    }
}

/// Each text goes to all who watch the room; they share its bytes.
async fn to_room(mut socket: WebSocketStream<TcpStream>, agents: &Agents, room: u64) -> Result<()> {
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message? else { continue };
        let watchers = agents.0.borrow().watching.get(&room).cloned().unwrap_or_default();
        for watcher in watchers {
            // One that has gone is no reason to stop.
            watcher.send(text.clone()).await.ok();
        }
        socket.send(Message::Text(ACK)).await?;
    }
    Ok(())
}

async fn from_visitor(mut socket: WebSocketStream<TcpStream>, agent: Option<mpsc::Sender<Utf8Bytes>>) -> Result<()> {
    while let Some(message) = socket.next().await {
        if let (Message::Text(text), Some(agent)) = (message?, &agent) {
            agent.send(text).await?;
            socket.send(Message::Text(ACK)).await?;
        }
    }
    Ok(())
}

async fn to_agent(mut socket: WebSocketStream<TcpStream>, mut texts: mpsc::Receiver<Utf8Bytes>) -> Result<()> {
    loop {
        tokio::select! {
            text = texts.recv() => {
                let Some(text) = text else { return Ok(()) };
                socket.feed(Message::Text(text)).await?;
                // All that is pending leaves in one write.
                while let Ok(text) = texts.try_recv() {
                    socket.feed(Message::Text(text)).await?;
                }
                socket.flush().await?;
            }
            message = socket.next() => if message.transpose()?.is_none() { return Ok(()) },
        }
    }
}
