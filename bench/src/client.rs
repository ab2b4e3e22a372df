//! One connection of the generator: the upgrade, requests with their replies, and a task that reads.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use bytes::BytesMut;
use loadtest::frame::{self, Code, Kind, Reader};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::timeout;

/// How long the server may take over an upgrade or a request before the run is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A live connection. Lives on one thread; its reading task ends with the socket.
pub(crate) struct Client {
    half: OwnedWriteHalf,
    /// Bytes the kernel would not take yet.
    unsent: RefCell<Vec<u8>>,
    flushing: Cell<bool>,
    last_id: Cell<u64>,
    asked: RefCell<HashMap<u64, oneshot::Sender<Value>>>,
    ended: RefCell<Option<String>>,
}

/// Opens a connection and upgrades it at `path`; every text frame that is no awaited reply goes to `on_text`.
pub(crate) async fn connect(addr: SocketAddr, path: &str, on_text: impl FnMut(&str) + 'static) -> Result<Rc<Client>> {
    let opened = timeout(PATIENCE, upgrade(addr, path)).await;
    let (stream, rest) = opened.map_err(|_| anyhow!("no upgrade in {PATIENCE:?}"))??;
    let (reading, half) = stream.into_split();
    let client = Rc::new(Client {
        half,
        unsent: RefCell::default(),
        flushing: Cell::new(false),
        last_id: Cell::new(0),
        asked: RefCell::default(),
        ended: RefCell::default(),
    });
    spawn_local(client.clone().read(reading, rest, on_text));
    Ok(client)
}

async fn upgrade(addr: SocketAddr, path: &str) -> Result<(TcpStream, BytesMut)> {
    let mut stream = TcpStream::connect(addr).await.context("connecting")?;
    stream.set_nodelay(true)?;
    // The hub's own origin is always allowed.
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {addr}\r\nOrigin: http://{addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
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
    /// Writes one text frame; what the kernel does not take at once follows by itself.
    pub(crate) fn push(self: &Rc<Self>, text: &str) {
        self.write(Code::Text, text.as_bytes());
    }

    /// Asks and waits for the answer, which must be `ok`.
    pub(crate) async fn request(self: &Rc<Self>, mut request: Value) -> Result<Value> {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        request["id"] = json!(id);
        let (answer, waiting) = oneshot::channel();
        self.asked.borrow_mut().insert(id, answer);
        self.push(&request.to_string());
        let kind = request["type"].as_str().unwrap_or_default().to_owned();
        match timeout(PATIENCE, waiting).await {
            Err(_) => bail!("no answer to `{kind}` in {PATIENCE:?}"),
            Ok(Err(_)) => bail!("connection ended under `{kind}`: {}", self.ended().unwrap_or_default()),
            Ok(Ok(answer)) if answer["ok"] == true => Ok(answer),
            Ok(Ok(answer)) => bail!("`{kind}` was refused: {}", answer["error"]),
        }
    }

    /// Why the connection ended, when it did.
    pub(crate) fn ended(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    fn write(self: &Rc<Self>, code: Code, payload: &[u8]) {
        let mut unsent = self.unsent.borrow_mut();
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

    async fn read(self: Rc<Self>, mut half: OwnedReadHalf, mut input: BytesMut, mut on_text: impl FnMut(&str)) {
        let mut reader = Reader::default();
        let why = loop {
            match self.take(&mut reader, &mut input, &mut on_text) {
                Ok(None) => {}
                Ok(Some(why)) => break why,
                Err(error) => break error.to_string(),
            }
            input.reserve(2048);
            match half.read_buf(&mut input).await {
                Ok(0) => break "the server closed the socket".to_owned(),
                Ok(_) => {}
                Err(error) => break error.to_string(),
            }
        };
        self.ended.replace(Some(why));
        self.asked.borrow_mut().clear();
    }

    /// Deals with every whole frame of `input`; tells why the connection is over, when it is.
    fn take(
        self: &Rc<Self>,
        reader: &mut Reader,
        input: &mut BytesMut,
        on_text: &mut impl FnMut(&str),
    ) -> Result<Option<String>> {
        while let Some((kind, payload)) = reader.next(input)? {
            match kind {
                Kind::Message => {
                    let text = std::str::from_utf8(&payload).context("the server sent bad UTF-8")?;
                    if !self.answers(text) {
                        on_text(text);
                    }
                }
                Kind::Ping => self.write(Code::Pong, &payload),
                Kind::Pong => {}
                Kind::Close => {
                    let code = payload.get(..2).map_or(1005, |code| u16::from_be_bytes([code[0], code[1]]));
                    let reason = String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned();
                    return Ok(Some(format!("closed by the server, {code} {reason}")));
                }
            }
        }
        Ok(None)
    }

    /// Hands an awaited reply to who awaits it. Under load nobody does, and nothing is parsed here.
    fn answers(&self, text: &str) -> bool {
        if self.asked.borrow().is_empty() || !text.contains("\"reply\"") {
            return false;
        }
        let Ok(answer) = serde_json::from_str::<Value>(text) else { return false };
        let asked = answer["id"].as_u64().and_then(|id| self.asked.borrow_mut().remove(&id));
        match asked {
            Some(asked) => asked.send(answer).is_ok(),
            None => false,
        }
    }
}
