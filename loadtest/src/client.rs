//! One connection of the generator: the upgrade, requests with their replies, and a task that reads.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use bytes::BytesMut;
use nix::sys::socket::{setsockopt, sockopt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_local;
use tokio::time::timeout;

use crate::frame::{self, Code, Kind};
use crate::messages::{Cut, Messages, spoken};

/// Ids of awaited requests begin here, and all of them fit a double; those below are the texts'.
pub const FIRST_REQUEST: u64 = 1 << 52;

/// How long the server may take over an upgrade or a request before it is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where to, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Dial<'a> {
    /// The server.
    pub to: SocketAddr,
    /// An address of this machine to come from; any when not given.
    pub from: Option<IpAddr>,
    /// The path of the upgrade.
    pub path: &'a str,
    /// The subprotocol to ask for.
    pub protocol: Option<&'a str>,
    /// Bytes the kernel may keep for us unread; its own choice when not given.
    pub unread: Option<u32>,
    /// Set for a server that speaks in bytes, whose frames begin and end anywhere.
    pub cut: Option<Cut>,
}

/// A live connection. Lives on one thread; its reading task ends with the socket.
pub struct Client {
    half: OwnedWriteHalf,
    /// What we say is made of.
    code: Code,
    /// Bytes the kernel would not take yet.
    unsent: RefCell<Vec<u8>>,
    flushing: Cell<bool>,
    last_id: Cell<u64>,
    asked: RefCell<HashMap<u64, oneshot::Sender<Value>>>,
    expected: RefCell<Option<(&'static str, oneshot::Sender<String>)>>,
    /// While set, nothing is read.
    paused: Cell<bool>,
    ended: RefCell<Option<End>>,
    changed: Notify,
}

/// How a connection ended.
#[derive(Debug, Clone, Default)]
pub struct End {
    /// The close code, when the server sent one.
    pub code: Option<u16>,
    /// In words.
    pub why: String,
    /// When the server wants us back, if it said so.
    pub after: Option<Duration>,
}

/// A request that was answered, and not with `ok`.
#[derive(Debug)]
pub struct Refused {
    request: String,
    /// Why, in a word.
    pub code: String,
}

/// Opens a connection and upgrades it; every message goes to `on_text`, awaited replies as well.
///
/// # Errors
/// The server was not there, refused, or took too long.
pub async fn connect(dial: Dial<'_>, on_text: impl FnMut(&Rc<Client>, &str) + 'static) -> Result<Rc<Client>> {
    let opened = timeout(PATIENCE, upgrade(dial)).await;
    let (stream, rest) = opened.map_err(|_| anyhow!("no upgrade in {PATIENCE:?}"))??;
    let (reading, half) = stream.into_split();
    let client = Rc::new(Client {
        half,
        code: spoken(dial.cut),
        unsent: RefCell::default(),
        flushing: Cell::new(false),
        last_id: Cell::new(FIRST_REQUEST),
        asked: RefCell::default(),
        expected: RefCell::default(),
        paused: Cell::new(false),
        ended: RefCell::default(),
        changed: Notify::new(),
    });
    spawn_local(client.clone().read(reading, rest, Messages::of(dial.cut), on_text));
    Ok(client)
}

/// A socket at the address to come from. It has no port yet: one chosen now would have to be one that none of our
/// addresses has, and those are soon used up.
fn placed(dial: &Dial<'_>) -> Result<TcpSocket> {
    let socket = if dial.to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(from) = dial.from {
        setsockopt(&socket, sockopt::IpBindAddressNoPort, &true).context("leaving the port open")?;
        socket.bind(SocketAddr::new(from, 0)).context("binding the source address")?;
    }
    if let Some(unread) = dial.unread {
        socket.set_recv_buffer_size(unread)?;
    }
    Ok(socket)
}

async fn upgrade(dial: Dial<'_>) -> Result<(TcpStream, BytesMut)> {
    let mut stream = placed(&dial)?.connect(dial.to).await.context("connecting")?;
    stream.set_nodelay(true)?;
    let (to, path) = (dial.to, dial.path);
    let protocol = dial.protocol.map_or(String::new(), |name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
    // The hub's own origin is always allowed.
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {to}\r\nOrigin: http://{to}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{protocol}\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut input = BytesMut::with_capacity(2048);
    loop {
        ensure!(stream.read_buf(&mut input).await? > 0, "the server closed during the upgrade");
        if let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = input.split_to(end + 4);
            let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
            ensure!(line.contains(" 101 "), "upgrade of {path} refused: {line}");
            return Ok((stream, input));
        }
    }
}

// === impl Client ===

impl Client {
    /// Writes one frame; what the kernel does not take at once follows by itself.
    pub fn push(self: &Rc<Self>, text: &str) {
        self.write(self.code, text.as_bytes());
    }

    /// Asks and waits for the answer, which must be `ok`.
    ///
    /// # Errors
    /// A refusal, the end of the connection, or no answer in time.
    pub async fn request(self: &Rc<Self>, request: Value) -> Result<Value> {
        let kind = request["type"].as_str().unwrap_or_default().to_owned();
        let answer = self.ask(request).await?;
        if answer["ok"] == true {
            return Ok(answer);
        }
        let code = answer["error"]["code"].as_str().unwrap_or("no reason").to_owned();
        Err(Refused { request: kind, code }.into())
    }

    /// Asks and waits for the answer, whatever it is.
    ///
    /// # Errors
    /// The end of the connection, or no answer in time.
    pub async fn ask(self: &Rc<Self>, mut request: Value) -> Result<Value> {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        request["id"] = json!(id);
        let (answer, waiting) = oneshot::channel();
        self.asked.borrow_mut().insert(id, answer);
        if self.ended.borrow().is_some() {
            self.asked.borrow_mut().clear();
        }
        self.push(&request.to_string());
        let kind = request["type"].as_str().unwrap_or_default().to_owned();
        match timeout(PATIENCE, waiting).await {
            Err(_) => bail!("no answer to `{kind}` in {PATIENCE:?}"),
            Ok(Err(_)) => bail!("connection ended under `{kind}`: {}", self.ended().unwrap_or_default().why),
            Ok(Ok(answer)) => Ok(answer),
        }
    }

    /// Waits for a frame that holds this; for protocols whose answers have no ids. One at a time.
    ///
    /// # Errors
    /// The end of the connection, or no such frame in time.
    pub async fn expect(self: &Rc<Self>, marker: &'static str) -> Result<String> {
        let (told, waiting) = oneshot::channel();
        self.expected.replace(Some((marker, told)));
        match timeout(PATIENCE, waiting).await {
            Err(_) => bail!("no frame with `{marker}` in {PATIENCE:?}"),
            Ok(Err(_)) => bail!("connection ended before `{marker}`"),
            Ok(Ok(frame)) => Ok(frame),
        }
    }

    /// How the connection ended, when it did.
    pub fn ended(&self) -> Option<End> {
        self.ended.borrow().clone()
    }

    /// Waits for its end.
    pub async fn gone(&self) -> End {
        loop {
            let changed = self.changed.notified();
            if let Some(end) = self.ended() {
                return end;
            }
            changed.await;
        }
    }

    /// Stops reading, or goes on.
    pub fn pause(&self, paused: bool) {
        self.paused.set(paused);
        self.changed.notify_waiters();
    }

    /// Hangs up without a word.
    pub fn hang_up(&self) {
        self.end(End { why: "we hung up".into(), ..End::default() });
    }

    fn write(self: &Rc<Self>, code: Code, payload: &[u8]) {
        let mut unsent = self.unsent.borrow_mut();
        if self.ended.borrow().is_some() {
            return;
        }
        frame::write(&mut unsent, code, payload);
        if self.flushing.get() {
            return;
        }
        let taken = self.half.try_write(&unsent).unwrap_or(0);
        unsent.drain(..taken);
        if !unsent.is_empty() {
            self.flushing.set(true);
            spawn_local(self.clone().flush());
        }
    }

    async fn flush(self: Rc<Self>) {
        while !self.unsent.borrow().is_empty() && self.half.writable().await.is_ok() {
            let mut unsent = self.unsent.borrow_mut();
            let written = self.half.try_write(&unsent);
            match written {
                Ok(taken) => drop(unsent.drain(..taken)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        self.flushing.set(false);
    }

    async fn read(
        self: Rc<Self>,
        mut half: OwnedReadHalf,
        mut input: BytesMut,
        mut messages: Messages,
        mut on_text: impl FnMut(&Rc<Client>, &str),
    ) {
        let mut end = End::default();
        while self.ended.borrow().is_none() {
            match self.take(&mut messages, &mut input, &mut on_text, &mut end) {
                Ok(false) => {}
                Ok(true) => break,
                Err(error) => {
                    end.why = error.to_string();
                    break;
                }
            }
            let changed = self.changed.notified();
            if self.paused.get() && self.ended.borrow().is_none() {
                changed.await;
                continue;
            }
            input.reserve(2048);
            let read = tokio::select! {
                read = half.read_buf(&mut input) => read,
                () = changed => continue,
            };
            match read {
                Ok(0) => end.why = "the server closed the socket".to_owned(),
                Ok(_) => continue,
                Err(error) => end.why = error.to_string(),
            }
            break;
        }
        self.end(end);
    }

    fn end(&self, end: End) {
        self.ended.borrow_mut().get_or_insert(end);
        self.asked.borrow_mut().clear();
        self.expected.replace(None);
        self.changed.notify_waiters();
    }

    /// Deals with every whole message of `input`; true when the connection is over.
    fn take(
        self: &Rc<Self>,
        messages: &mut Messages,
        input: &mut BytesMut,
        on_text: &mut impl FnMut(&Rc<Client>, &str),
        end: &mut End,
    ) -> Result<bool> {
        while let Some((kind, payload)) = messages.next(input)? {
            match kind {
                Kind::Message => {
                    let text = std::str::from_utf8(&payload).context("the server sent bad UTF-8")?;
                    on_text(self, text);
                    self.answers(text);
                    if text.starts_with(r#"{"type":"goodbye""#) {
                        let goodbye: Value = serde_json::from_str(text).unwrap_or_default();
                        end.after = goodbye["after_ms"].as_u64().map(Duration::from_millis);
                    }
                }
                Kind::Ping => self.write(Code::Pong, &payload),
                Kind::Pong => {}
                Kind::Close => {
                    let code = payload.get(..2).map_or(1005, |code| u16::from_be_bytes([code[0], code[1]]));
                    end.code = Some(code);
                    end.why = format!("closed by the server with {code}");
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Hands an awaited reply to who awaits it. Under load nobody does, and nothing is parsed here.
    fn answers(&self, text: &str) {
        if self.expected.borrow().as_ref().is_some_and(|(marker, _)| text.contains(marker))
            && let Some((_, told)) = self.expected.take()
        {
            told.send(text.to_owned()).ok();
        }
        if self.asked.borrow().is_empty() || !text.contains("\"reply\"") {
            return;
        }
        let Ok(answer) = serde_json::from_str::<Value>(text) else { return };
        let asked = answer["id"].as_u64().and_then(|id| self.asked.borrow_mut().remove(&id));
        if let Some(asked) = asked {
            asked.send(answer).ok();
        }
    }
}

// === impl Refused ===

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` was refused: {}", self.request, self.code)
    }
}

impl std::error::Error for Refused {}

impl Drop for Client {
    fn drop(&mut self) {
        self.end(End::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn j1_who_comes_from_an_address_of_their_own_takes_a_port_only_with_the_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let from = "127.0.0.7".parse().unwrap();
        let socket =
            placed(&Dial { to, from: Some(from), path: "/", protocol: None, unread: None, cut: None }).unwrap();
        assert_eq!(socket.local_addr().unwrap(), SocketAddr::new(from, 0));
        let stream = socket.connect(to).await.unwrap();
        let mine = stream.local_addr().unwrap();
        assert!(mine.ip() == from && mine.port() != 0, "{mine}");
    }
}
