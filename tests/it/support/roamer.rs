//! Somebody whom no death of a hub silences: comes back by the next one and asks again what was not answered, as the
//! protocol tells a client to.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, Rein, Visitor, dial::Dial, token, wait};

/// A visitor or an agent, wherever connected.
pub struct Roamer {
    dials: Vec<Dial>,
    /// The hub of the next connection.
    at: usize,
    greeting: Value,
    client: Option<Client>,
    /// The reply to the last `hello`.
    pub welcome: Value,
    /// How many connections were made.
    pub connections: usize,
    /// How many of them ended because the hub said goodbye for now.
    pub dismissed: usize,
    /// How the others ended, for whoever wonders.
    pub mishaps: Vec<String>,
    /// When the wall clock shows this the hub wants to be asked again.
    not_before: i64,
    /// How long an answer may take before the connection is given up.
    pub patience: Duration,
}

/// How long hubs that nobody can reach are tried.
const LIMIT: Duration = Duration::from_secs(60);
/// How often one who only stays looks whether the test is over.
const GLANCE: Duration = Duration::from_millis(100);

// === impl Roamer ===

impl Roamer {
    /// A new visitor, first at this hub.
    pub async fn visitor(dials: Vec<Dial>, first: usize, playbook: &str) -> Self {
        Self::come(dials, first, Visitor::greeting(playbook)).await
    }

    /// Agent `sub`, first at this hub.
    pub async fn agent(dials: Vec<Dial>, first: usize, sub: &str) -> Self {
        Self::come(dials, first, json!({"type": "hello", "token": token::agent(sub, "agent")})).await
    }

    async fn come(dials: Vec<Dial>, first: usize, greeting: Value) -> Self {
        let at = first % dials.len();
        let patience = wait::PATIENCE;
        let mut roamer = Self {
            dials,
            at,
            greeting,
            client: None,
            welcome: Value::Null,
            connections: 0,
            dismissed: 0,
            mishaps: Vec::new(),
            not_before: 0,
            patience,
        };
        roamer.client().await;
        roamer
    }

    /// The connection, made anew where it has ended.
    pub async fn client(&mut self) -> &Client {
        if self.client.as_ref().is_some_and(|client| client.seen().closed.is_some()) {
            self.lost();
        }
        if self.client.is_none() {
            wait::clock(self.not_before).await;
            let (client, welcome) = wait::within(LIMIT, "a hub that lets one in", async || self.knock().await).await;
            // A visitor's next hello is that of whom this one made them.
            if let Some(token) = welcome["token"].as_str() {
                self.greeting["token"] = json!(token);
            }
            self.connections += 1;
            self.welcome = welcome;
            self.client = Some(client);
        }
        self.client.as_ref().expect("just made")
    }

    /// The connection as it is.
    pub fn current(&self) -> Option<&Client> {
        self.client.as_ref()
    }

    /// Stays connected for as long as the rein is given.
    pub async fn stay(&mut self, rein: &Rein) {
        while rein.goes_on() {
            let client = self.client().await;
            client.try_within(GLANCE, |seen| seen.closed.map(|_| ())).await;
        }
    }

    /// Gives the connection up; the next one leads to the next hub, when the hub wants that.
    pub fn lost(&mut self) {
        self.go(self.at + 1);
    }

    /// The next connection leads to this hub, the present one ends.
    pub fn go(&mut self, hub: usize) {
        let before = std::mem::replace(&mut self.at, hub % self.dials.len());
        let Some(client) = self.client.take() else { return };
        if let Some(goodbye) = client.has(|push| push["type"] == "goodbye") {
            assert_eq!(goodbye["reconnect"], true, "{goodbye}");
            self.dismissed += 1;
            self.not_before = wait::now() + goodbye["after_ms"].as_i64().unwrap_or(0);
        } else {
            let seen = client.seen();
            let last: Vec<&str> = seen.raw.iter().rev().take(4).map(String::as_str).collect();
            self.mishaps.push(format!("at {} hub {before}, closed: {:?}, frames: {last:#?}", wait::now(), seen.closed));
        }
    }

    /// Asks until it is answered with something that is not to be repeated.
    pub async fn ask(&mut self, request: Value) -> Value {
        wait::within(LIMIT, &format!("an answer to {request}"), async || {
            let patience = self.patience;
            let client = self.client().await;
            let id = client.post(request.clone()).await;
            match client.reply_or_end(id, patience).await {
                Some(reply) if !retryable(&reply) => Some(reply),
                Some(_) => None,
                None => {
                    self.lost();
                    None
                }
            }
        })
        .await
    }

    /// The same for what must be answered ok.
    pub async fn ok(&mut self, request: Value) -> Value {
        let reply = self.ask(request.clone()).await;
        assert_eq!(reply["ok"], true, "{request} was refused: {reply}");
        reply
    }

    /// Knocks at the next hub; that of a dead one refuses at once.
    async fn knock(&mut self) -> Option<(Client, Value)> {
        let dial = &self.dials[self.at];
        let welcome = match dial.connect().await {
            Ok(client) => {
                let id = client.post(self.greeting.clone()).await;
                client.reply_or_end(id, self.patience).await.map(|reply| (client, reply))
            }
            Err(_) => None,
        };
        match welcome {
            Some((client, reply)) if reply["ok"] == true => Some((client, reply)),
            Some((_, reply)) if !retryable(&reply) => panic!("hello was refused: {reply}"),
            _ => {
                self.at = (self.at + 1) % self.dials.len();
                None
            }
        }
    }
}

/// Whether a reply asks for the same again.
pub fn retryable(reply: &Value) -> bool {
    matches!(reply["error"]["code"].as_str(), Some("unavailable" | "rate_limited"))
}
