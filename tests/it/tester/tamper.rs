//! A relay of WebSocket frames that does one thing wrong, once.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::{BufMut, BytesMut};
use loadtest::{
    client::FIRST_REQUEST,
    frame::{Kind, Reader},
    tag::Tag,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
};

/// The text of a lane that is tampered with: by then several are under way.
const NUMBER: u64 = 5;

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing.
    Nothing,
    /// A text on its way to an agent vanishes.
    DropText,
    /// An agent gets a text twice.
    DoubleText,
    /// An agent gets a text behind the next one of the same visitor.
    SwapTexts,
    /// Another agent gets a text, too.
    LeakText,
    /// A visitor is not told that a text is there.
    DropReply,
    /// A visitor is not told that their wait is over.
    DropEnd,
    /// A visitor is told so twice.
    DoubleEnd,
    /// A visitor is told of a later deadline than there is.
    PostponeDeadline,
}

/// A relay before a hub.
pub struct Tamper {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    hub: SocketAddr,
    what: What,
    done: AtomicBool,
    /// A frame for the next other agent, and whose it was.
    stolen: Mutex<Option<(u64, Vec<u8>)>>,
}

/// The way from the hub to one client.
struct Way {
    shared: Arc<Shared>,
    /// Connections are numbered.
    number: u64,
    agent: bool,
    /// A frame that waits for the next of the same lane.
    held: Option<(String, Vec<u8>)>,
}

// === impl Tamper ===

impl Tamper {
    /// A relay before the hub at `hub`.
    pub async fn before(hub: SocketAddr, what: What) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("its address");
        let done = AtomicBool::new(what == What::Nothing);
        let shared = Arc::new(Shared { hub, what, done, stolen: Mutex::new(None) });
        let serving = tokio::spawn(serve(listener, shared.clone()));
        Self { addr, shared, serving }
    }

    /// Whether it has done its deed.
    pub fn is_done(&self) -> bool {
        self.shared.done.load(Ordering::SeqCst)
    }
}

impl Drop for Tamper {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut number = 0;
    while let Ok((client, _)) = listener.accept().await {
        number += 1;
        // A connection ends with either of its ends.
        tokio::spawn(connection(client, shared.clone(), number));
    }
}

async fn connection(mut client: TcpStream, shared: Arc<Shared>, number: u64) -> std::io::Result<()> {
    let mut head = BytesMut::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        if client.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let agent = head.starts_with(b"GET /v1/agent");
    let socket = agent || head.starts_with(b"GET /v1/visitor");
    let mut hub = TcpStream::connect(shared.hub).await?;
    hub.write_all(&head).await?;
    if !socket {
        tokio::io::copy_bidirectional(&mut client, &mut hub).await?;
        return Ok(());
    }
    let (mut from_client, to_client) = client.into_split();
    let (from_hub, mut to_hub) = hub.into_split();
    let way = Way { shared, number, agent, held: None };
    tokio::select! {
        done = tokio::io::copy(&mut from_client, &mut to_hub) => done.map(drop),
        done = way.relay(from_hub, to_client) => done,
    }
}

// === impl Way ===

impl Way {
    async fn relay(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<()> {
        let mut input = BytesMut::new();
        let head = loop {
            if from.read_buf(&mut input).await? == 0 {
                return Ok(());
            }
            if let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") {
                break input.split_to(end + 4);
            }
        };
        to.write_all(&head).await?;
        let mut frames = Reader::default();
        loop {
            while let Some((kind, payload)) = frames.next(&mut input).map_err(std::io::Error::other)? {
                let mut out = BytesMut::new();
                match kind {
                    Kind::Message => self.text(&payload, &mut out),
                    Kind::Close => write(&mut out, 0x8, &payload),
                    Kind::Ping => write(&mut out, 0x9, &payload),
                    Kind::Pong => write(&mut out, 0xa, &payload),
                }
                to.write_all(&out).await?;
            }
            if from.read_buf(&mut input).await? == 0 {
                return Ok(());
            }
        }
    }

    fn text(&mut self, payload: &[u8], out: &mut BytesMut) {
        let text = String::from_utf8_lossy(payload).into_owned();
        let stolen = {
            let mut stolen = self.shared.stolen.lock().expect("nobody panics with it");
            stolen.take_if(|(owner, _)| self.agent && *owner != self.number)
        };
        if let Some((_, frame)) = stolen {
            write(out, 0x1, &frame);
            self.shared.done.store(true, Ordering::SeqCst);
        }
        if let Some((lane, held)) = self.held.take_if(|(lane, _)| text.contains(&**lane)) {
            write(out, 0x1, payload);
            write(out, 0x1, &held);
            assert!(self.agent, "a frame of lane {lane} was held for an agent");
            return;
        }
        if !self.is_the_one(&text) {
            return write(out, 0x1, payload);
        }
        match self.shared.what {
            What::Nothing => write(out, 0x1, payload),
            What::DropText | What::DropReply | What::DropEnd => {}
            What::DoubleText | What::DoubleEnd => {
                write(out, 0x1, payload);
                write(out, 0x1, payload);
            }
            What::SwapTexts => self.held = lane(&text).map(|lane| (lane, payload.to_vec())),
            What::LeakText => {
                write(out, 0x1, payload);
                *self.shared.stolen.lock().expect("nobody panics with it") = Some((self.number, payload.to_vec()));
            }
            What::PostponeDeadline => write(out, 0x1, postponed(&text).as_bytes()),
        }
    }

    /// Whether this frame is the one to tamper with; the first that is, of all connections.
    fn is_the_one(&self, text: &str) -> bool {
        let numbered = format!(" n{NUMBER:09} ");
        let found = match self.shared.what {
            What::Nothing => false,
            What::DropText | What::DoubleText | What::SwapTexts | What::LeakText => {
                self.agent && text.contains(r#""type":"events""#) && text.contains(&numbered)
            }
            // A text's id is its lane and its number, see the load tester.
            What::DropReply => {
                !self.agent && id(text).is_some_and(|id| id < FIRST_REQUEST && id & 0xffff_ffff == NUMBER)
            }
            What::DropEnd | What::DoubleEnd => !self.agent && text.contains(r#""type":"missed""#),
            What::PostponeDeadline => !self.agent && text.contains(r#""type":"waiting""#),
        };
        // A leak is done when the other agent has it.
        let taken = match self.shared.what {
            What::LeakText => self.shared.stolen.lock().expect("nobody panics with it").is_some(),
            _ => false,
        };
        let leaks = self.shared.what == What::LeakText;
        found
            && !taken
            && !(if leaks {
                self.shared.done.load(Ordering::SeqCst)
            } else {
                self.shared.done.swap(true, Ordering::SeqCst)
            })
    }
}

/// The id of a reply.
fn id(text: &str) -> Option<u64> {
    let reply: serde_json::Value = serde_json::from_str(text).ok()?;
    (reply["type"] == "reply").then(|| reply["id"].as_u64()).flatten()
}

/// What all texts of the same lane hold.
fn lane(text: &str) -> Option<String> {
    let at = text.find("\"u")? + 1;
    let tag = Tag::read(&text[at..])?;
    Some(format!("w{:02} l{:06} ", tag.worker, tag.lane))
}

/// All deadlines five seconds later.
fn postponed(text: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\"deadline\":") {
        let digits = after.chars().take_while(char::is_ascii_digit).count();
        let deadline = after[..digits].parse::<u64>().map_or(String::new(), |deadline| (deadline + 5_000).to_string());
        whole.push_str(&format!("{before}\"deadline\":{deadline}"));
        rest = &after[digits..];
    }
    whole + rest
}

/// A whole frame, as a server writes it.
fn write(out: &mut BytesMut, code: u8, payload: &[u8]) {
    out.put_u8(0x80 | code);
    match payload.len() {
        short @ ..126 => out.put_u8(short as u8),
        medium @ 126..65_536 => {
            out.put_u8(126);
            out.put_u16(medium as u16);
        }
        long => {
            out.put_u8(127);
            out.put_u64(long as u64);
        }
    }
    out.put_slice(payload);
}
