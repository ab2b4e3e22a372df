//! A company's own program that is told by webhook: honours `webhook-id`, checks every signature, and misbehaves where
//! a test wants it to.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard},
};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{Hub, wait};

/// What the receiver does with a message, after it has acted.
#[derive(Clone, Debug)]
pub enum Manner {
    /// Answers with a status and a body.
    Answer(u16, String),
    /// Sends elsewhere.
    Redirect(String),
    /// Never answers.
    Hang,
    /// Breaks off without an answer.
    Cut,
}

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Message {
    /// `webhook-id`.
    pub id: String,
    /// Headers by name.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Value,
    /// How many with this id came before it.
    pub before: usize,
}

/// A receiver that runs until it is dropped.
pub struct Receiver {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    kept: Arc<Kept>,
    server: tokio::task::JoinHandle<()>,
}

type Decide = Box<dyn Fn(&Message) -> Manner + Send + Sync>;

struct Kept {
    decide: Mutex<Arc<Decide>>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    secrets: Vec<String>,
    messages: Vec<Message>,
    /// What it did, by `webhook-id`: the `type` and what it was about.
    acts: BTreeMap<String, String>,
    faults: Vec<String>,
}

// === impl Manner ===

impl Manner {
    /// 204.
    pub fn fine() -> Self {
        Self::Answer(204, String::new())
    }

    /// Another status.
    pub fn status(status: u16) -> Self {
        Self::Answer(status, String::new())
    }
}

// === impl Message ===

impl Message {
    /// `type`.
    pub fn topic(&self) -> &str {
        self.body["type"].as_str().expect("a type")
    }

    /// The id of the conversation it is about.
    pub fn conversation(&self) -> &str {
        self.body["data"]["conversation"]["id"].as_str().expect("a conversation")
    }

    /// What a CRM would make of it: the item, or what became of the conversation.
    fn about(&self) -> String {
        match self.body["data"]["item"]["id"].as_str() {
            Some(item) => format!("{} {item}", self.topic()),
            None => format!("{} {}", self.topic(), self.conversation()),
        }
    }
}

// === impl Receiver ===

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        Self::with(|_| Manner::fine()).await
    }

    /// One that does with each message what `decide` says.
    pub async fn with(decide: impl Fn(&Message) -> Manner + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let decide: Decide = Box::new(decide);
        let kept = Arc::new(Kept { decide: Mutex::new(Arc::new(decide)), seen: Mutex::default() });
        let server = tokio::spawn(serve(listener, kept.clone()));
        Self { port, kept, server }
    }

    /// From now on it does what `decide` says.
    pub fn now(&self, decide: impl Fn(&Message) -> Manner + Send + Sync + 'static) {
        *self.kept.decide.lock().expect("nobody panicked") = Arc::new(Box::new(decide));
    }

    /// Where the hub is to send to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?key=canary-of-the-address", self.port)
    }

    /// Makes a webhook for it; gives its id.
    pub async fn hooked(&self, hub: &Hub, topics: Option<&[&str]>) -> String {
        let mut wanted = json!({"url": self.url()});
        if let Some(topics) = topics {
            wanted["topics"] = json!(topics);
        }
        let made = hub.rest("POST", "/v1/webhooks", Some(&wanted)).await;
        assert_eq!(made.status, 201, "{made:?}");
        let made = made.json();
        self.trust(made["secret"].as_str().expect("a secret"));
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Messages signed with this secret are right.
    pub fn trust(&self, secret: &str) {
        self.seen().secrets.push(secret.to_owned());
    }

    /// Every message so far.
    pub fn messages(&self) -> Vec<Message> {
        self.seen().messages.clone()
    }

    /// Waits for so many messages that satisfy `wanted`.
    pub async fn got(&self, count: usize, what: &str, wanted: impl Fn(&Message) -> bool) -> Vec<Message> {
        let found = async || {
            let found: Vec<Message> = self.seen().messages.iter().filter(|one| wanted(one)).cloned().collect();
            (found.len() >= count).then_some(found)
        };
        wait::until(&format!("{count} messages: {what}"), found).await
    }

    /// What it did, each as the topic and the id of the item or conversation. Doing the same thing twice shows twice.
    pub fn acts(&self) -> Vec<String> {
        let mut acts: Vec<String> = self.seen().acts.values().cloned().collect();
        acts.sort();
        acts
    }

    /// Panics when a message came that no receiver should trust.
    pub fn assert_clean(&self) {
        let faults = self.seen().faults.clone();
        assert!(faults.is_empty(), "{faults:#?}");
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.kept.seen.lock().expect("nobody panicked")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
        if !std::thread::panicking() {
            self.assert_clean();
        }
    }
}

async fn serve(listener: TcpListener, kept: Arc<Kept>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let kept = kept.clone();
        connections.spawn(async move {
            let service = service_fn(|request| take(request, kept.clone()));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn take(
    request: Request<Incoming>,
    kept: Arc<Kept>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let bytes = body.collect().await?.to_bytes();
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers: BTreeMap<String, String> =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let message = kept.keep(&head.method, headers, &bytes);
    let decide = kept.decide.lock().expect("nobody panicked").clone();
    match decide(&message) {
        Manner::Answer(status, body) => Ok(Response::builder().status(status).body(Full::new(body.into()))?),
        Manner::Redirect(to) => {
            Ok(Response::builder().status(307).header("location", to).body(Full::new(Bytes::new()))?)
        }
        Manner::Hang => Ok(std::future::pending::<Result<_, Infallible>>().await?),
        Manner::Cut => Err("cut".into()),
    }
}

// === impl Kept ===

impl Kept {
    /// Checks a message, and acts on it if it is the first of its id.
    fn keep(&self, method: &http::Method, headers: BTreeMap<String, String>, bytes: &[u8]) -> Message {
        let mut seen = self.seen.lock().expect("nobody panicked");
        let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
        let id = header("webhook-id");
        if method != http::Method::POST || header("content-type") != "application/json" || id.is_empty() {
            seen.faults.push(format!("{method} {headers:?}"));
        }
        let (timestamp, signatures) = (header("webhook-timestamp"), header("webhook-signature"));
        if !seen.secrets.iter().any(|secret| verify(secret, &id, &timestamp, bytes, &signatures)) {
            seen.faults.push(format!("a signature of nobody we know: {id} {signatures}"));
        }
        let age = wait::now() / 1000 - timestamp.parse::<i64>().unwrap_or_default();
        if !(-60..=60).contains(&age) {
            seen.faults.push(format!("sent {age} s ago, it says"));
        }
        let body = serde_json::from_slice(bytes).unwrap_or(Value::Null);
        let before = seen.messages.iter().filter(|one| one.id == id).count();
        let message = Message { id, headers, body, before };
        let about = message.about();
        if seen.acts.get(&message.id).is_some_and(|was| *was != about) {
            seen.faults.push(format!("{} meant {about}, and something else before", message.id));
        }
        seen.acts.insert(message.id.clone(), about);
        seen.messages.push(message.clone());
        message
    }
}

/// Whether one of the signatures is right, by Standard Webhooks and another library than the hub's.
pub fn verify(secret: &str, id: &str, timestamp: &str, body: &[u8], signatures: &str) -> bool {
    let Some(Ok(key)) = secret.strip_prefix("whsec_").map(|key| STANDARD.decode(key)) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    let right = |signature: &str| {
        let given = signature.strip_prefix("v1,").and_then(|given| STANDARD.decode(given).ok());
        given.is_some_and(|given| hmac::verify(&key, &signed, &given).is_ok())
    };
    signatures.split(' ').any(right)
}
