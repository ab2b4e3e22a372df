//! A WebSocket client that keeps every byte it was shown and judges it on arrival.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::watch, task::JoinHandle, time::timeout_at};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use super::{log::Logs, wait::PATIENCE};

type Socket = WebSocketStream<TcpStream>;

/// One connection. A task of its own reads, so the hub's pings are answered whatever the test is doing.
pub struct Client {
    shared: Arc<Shared>,
    sink: tokio::sync::Mutex<SplitSink<Socket, Message>>,
    reader: JoinHandle<()>,
    hold: watch::Sender<bool>,
    next: AtomicU64,
}

struct Shared {
    seen: Mutex<Seen>,
    /// Counts up with everything that happens.
    news: watch::Sender<u64>,
}

/// What came so far.
#[derive(Default)]
pub struct Seen {
    /// Every text frame, in order, as it travelled.
    pub raw: Vec<String>,
    /// When each of them came.
    pub times: Vec<Instant>,
    /// Pushes nobody has taken yet.
    pub pushes: VecDeque<Value>,
    /// Replies nobody has taken yet, by the number the client gave.
    pub replies: HashMap<u64, Value>,
    /// The logs of conversations, as a fold of events and replies.
    pub logs: Logs,
    /// How it ended: the close code (None: without one).
    pub closed: Option<Option<u16>>,
    /// WebSocket pings.
    pub pings: usize,
    asked: BTreeMap<u64, Value>,
}

// === impl Client ===

impl Client {
    /// Takes over an upgraded socket.
    pub fn new(socket: Socket) -> Self {
        let shared = Arc::new(Shared { seen: Mutex::default(), news: watch::channel(0).0 });
        let (sink, mut stream) = socket.split();
        let (hold, mut held) = watch::channel(false);
        let reader = tokio::spawn({
            let shared = shared.clone();
            async move {
                loop {
                    if held.wait_for(|held| !held).await.is_err() {
                        return;
                    }
                    let message = stream.next().await;
                    if !shared.take(message) {
                        return;
                    }
                }
            }
        });
        Self { shared, sink: tokio::sync::Mutex::new(sink), reader, hold, next: AtomicU64::new(1) }
    }

    /// Sends a text as it is. Errors show as a closed connection.
    pub async fn text(&self, text: String) {
        self.message(Message::text(text)).await;
    }

    /// Sends any message.
    pub async fn message(&self, message: Message) {
        self.sink.lock().await.send(message).await.ok();
    }

    /// Sends a request without an id: no reply comes.
    pub async fn tell(&self, request: Value) {
        self.text(request.to_string()).await;
    }

    /// Sends a request and gives the number its reply will have.
    pub async fn post(&self, mut request: Value) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        request["id"] = json!(id);
        let text = request.to_string();
        self.seen().asked.insert(id, request);
        self.text(text).await;
        id
    }

    /// Sends several requests in one write each, without waiting in between.
    pub async fn post_all(&self, requests: impl IntoIterator<Item = Value>) -> Vec<u64> {
        let mut ids = Vec::new();
        let mut sink = self.sink.lock().await;
        for mut request in requests {
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            request["id"] = json!(id);
            let text = request.to_string();
            self.seen().asked.insert(id, request);
            if sink.feed(Message::text(text)).await.is_err() {
                break;
            }
            ids.push(id);
        }
        sink.flush().await.ok();
        ids
    }

    /// The reply to a posted request.
    pub async fn reply(&self, id: u64) -> Value {
        self.until(&format!("the reply to request {id}"), |seen| seen.replies.remove(&id)).await
    }

    /// The reply, or None when the connection ended first.
    pub async fn try_reply(&self, id: u64) -> Option<Value> {
        let found = |seen: &mut Seen| match seen.replies.remove(&id) {
            Some(reply) => Some(Some(reply)),
            None => seen.closed.is_some().then_some(None),
        };
        self.until(&format!("the reply to request {id}, or the end"), found).await
    }

    /// The reply, or None when the connection ended first or nothing came within `limit`.
    pub async fn reply_or_end(&self, id: u64, limit: Duration) -> Option<Value> {
        let found = |seen: &mut Seen| match seen.replies.remove(&id) {
            Some(reply) => Some(Some(reply)),
            None => seen.closed.is_some().then_some(None),
        };
        self.try_within(limit, found).await.flatten()
    }

    /// Sends a request and waits for its reply, whatever it says.
    pub async fn ask(&self, request: Value) -> Value {
        let id = self.post(request).await;
        self.reply(id).await
    }

    /// Sends a request that must be answered ok.
    pub async fn ok(&self, request: Value) -> Value {
        let reply = self.ask(request.clone()).await;
        assert_eq!(reply["ok"], true, "{request} was refused: {reply}");
        reply
    }

    /// Sends a request that must be refused with `code`; gives the error.
    pub async fn refused(&self, request: Value, code: &str) -> Value {
        let reply = self.ask(request.clone()).await;
        assert_eq!(reply["ok"], false, "{request} should be {code}: {reply}");
        assert_eq!(reply["error"]["code"], code, "{request}: {reply}");
        assert!(reply["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "no words: {reply}");
        reply["error"].clone()
    }

    /// Takes the first push that satisfies `wanted`, now or when it comes; others stay.
    pub async fn push(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.until(what, |seen| {
            let at = seen.pushes.iter().position(&wanted)?;
            seen.pushes.remove(at)
        })
        .await
    }

    /// Waits for an event, wherever in a push it stands.
    pub async fn event(&self, conversation: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let what = format!("an event of {conversation}");
        self.until(&what, |seen| seen.logs.events(conversation).iter().find(|event| wanted(event)).cloned()).await
    }

    /// Waits for an event of a type.
    pub async fn event_of(&self, conversation: &str, kind: &str) -> Value {
        self.until(&format!("event {kind} of {conversation}"), |seen| {
            seen.logs.events(conversation).iter().find(|event| event["type"] == kind).cloned()
        })
        .await
    }

    /// Looks at what came until `look` finds something; panics after [`PATIENCE`], telling the last frames.
    pub async fn until<T>(&self, what: &str, look: impl FnMut(&mut Seen) -> Option<T>) -> T {
        self.within(PATIENCE, what, look).await
    }

    /// The same with a limit of one's own.
    pub async fn within<T>(&self, limit: Duration, what: &str, look: impl FnMut(&mut Seen) -> Option<T>) -> T {
        match self.try_within(limit, look).await {
            Some(found) => found,
            None => {
                let (last, closed) = {
                    let seen = self.seen();
                    (seen.raw[seen.raw.len().saturating_sub(12)..].join("\n  "), seen.closed)
                };
                panic!("waited {limit:?} in vain: {what}; closed: {closed:?}; the last frames:\n  {last}")
            }
        }
    }

    /// The same for somebody who can live without.
    pub async fn try_within<T>(&self, limit: Duration, mut look: impl FnMut(&mut Seen) -> Option<T>) -> Option<T> {
        let end = tokio::time::Instant::now() + limit;
        let mut news = self.shared.news.subscribe();
        loop {
            if let Some(found) = look(&mut self.seen()) {
                return Some(found);
            }
            if timeout_at(end, news.changed()).await.is_err() {
                return look(&mut self.seen());
            }
        }
    }

    /// What came so far. Not to be held across an await.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().expect("nobody panicked with it")
    }

    /// The events of a conversation that came so far.
    pub fn events(&self, conversation: &str) -> Vec<Value> {
        self.seen().logs.events(conversation).to_vec()
    }

    /// Forgets the pushes nobody took.
    pub fn clear(&self) {
        self.seen().pushes.clear();
    }

    /// A push that satisfies `unwanted` and has come, if any.
    pub fn has(&self, unwanted: impl Fn(&Value) -> bool) -> Option<Value> {
        self.seen().pushes.iter().find(|push| unwanted(push)).cloned()
    }

    /// How many frames came so far; to be given to [`Client::frames`].
    pub fn mark(&self) -> usize {
        self.seen().raw.len()
    }

    /// The frames since `mark`, as they travelled.
    pub fn frames(&self, mark: usize) -> Vec<String> {
        self.seen().raw[mark..].to_vec()
    }

    /// Waits for the end of the connection and gives its close code (None: it was cut).
    pub async fn closing(&self) -> Option<u16> {
        self.until("the end of the connection", |seen| seen.closed).await
    }

    /// Waits for a goodbye and a close that both say `code`; gives the goodbye.
    pub async fn dismissed(&self, code: u16) -> Value {
        let goodbye = self.push(&format!("goodbye {code}"), |push| push["type"] == "goodbye").await;
        assert_eq!(goodbye["code"], code, "{goodbye}");
        assert_eq!(goodbye["reconnect"], code < 4500, "{goodbye}");
        assert!(goodbye["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "no words: {goodbye}");
        assert_eq!(self.closing().await, Some(code));
        goodbye
    }

    /// Stops reading, so that the hub's writes pile up; or goes on.
    pub fn hold(&self, held: bool) {
        self.hold.send_replace(held);
    }

    /// Says goodbye properly and waits for the hub's.
    pub async fn close(&self) {
        self.sink.lock().await.close().await.ok();
        self.until("the hub's close", |seen| seen.closed).await;
    }

    /// Panics when anything on this connection broke the order of a log.
    pub fn assert_clean(&self) {
        let faults = self.seen().logs.faults().to_vec();
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

impl Drop for Client {
    /// Dropping cuts the connection without a word.
    fn drop(&mut self) {
        self.reader.abort();
        if !std::thread::panicking() {
            self.assert_clean();
        }
    }
}

// === impl Shared ===

impl Shared {
    /// Takes in a message; false at the end.
    fn take(&self, message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>) -> bool {
        let mut seen = self.seen.lock().expect("nobody panicked with it");
        let more = match message {
            Some(Ok(Message::Text(text))) => {
                seen.frame(text.as_str());
                true
            }
            Some(Ok(Message::Ping(_))) => {
                seen.pings += 1;
                true
            }
            Some(Ok(Message::Close(frame))) => {
                seen.closed = Some(frame.map(|frame| frame.code.into()));
                // The answer to it still has to be written; the next read does that and ends.
                true
            }
            Some(Ok(Message::Binary(_))) => {
                seen.logs.fault("a binary frame from the hub".into());
                true
            }
            Some(Ok(Message::Pong(_) | Message::Frame(_))) => true,
            Some(Err(_)) | None => {
                seen.closed.get_or_insert(None);
                false
            }
        };
        drop(seen);
        self.news.send_modify(|count| *count += 1);
        more
    }
}

// === impl Seen ===

impl Seen {
    fn frame(&mut self, text: &str) {
        self.raw.push(text.into());
        self.times.push(Instant::now());
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            return self.logs.fault(format!("no JSON from the hub: {text}"));
        };
        if frame["type"] != "reply" {
            if frame["type"] == "ping" {
                return;
            }
            self.logs.push(&frame);
            self.pushes.push_back(frame);
            return;
        }
        let asked = frame["id"].as_u64().and_then(|id| Some((id, self.asked.remove(&id)?)));
        match asked {
            Some((id, request)) => {
                self.logs.reply(&request, &frame);
                self.replies.insert(id, frame);
            }
            // An answer to something that was not understood, or to an id the test made itself.
            None => self.pushes.push_back(frame),
        }
    }
}

/// Lets visitors and agents be used as the client they are.
macro_rules! is_a_client {
    ($name:ty) => {
        impl std::ops::Deref for $name {
            type Target = $crate::support::Client;
            fn deref(&self) -> &Self::Target {
                &self.client
            }
        }
        impl std::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.client
            }
        }
    };
}
pub(crate) use is_a_client;
