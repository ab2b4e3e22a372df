//! One visitor: joins, starts, comes back when their hub has gone.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::task::{spawn_local, unconstrained};
use tokio::time::sleep;

use super::FIRST_VISITOR;
use super::ear::{Ear, Hearer};
use super::scene::Scene;
use super::writer::Writer;
use crate::client::{Client, Dial, FIRST_REQUEST, connect};
use crate::dialect::{BOX, DOMAIN, Dialect, nats};
use crate::judge::faults::Fault;

/// How often somebody tries to come back.
const TRIES: usize = 200;
/// Between two tries, where the hub did not say when.
const BACKOFF: Duration = Duration::from_millis(150);

/// Socket.IO's acknowledgement of the first request.
const JOINED: &str = "434503599627370496[";

pub(super) struct Visitor {
    /// From 0 in this generator.
    pub(super) number: usize,
    ear: Rc<Ear>,
    client: RefCell<Option<Rc<Client>>>,
    token: RefCell<Option<String>>,
    name: RefCell<String>,
    epoch: RefCell<String>,
    pub(super) conversation: RefCell<String>,
    writer: RefCell<Option<Rc<Writer>>>,
    /// Lanes they write on or hear of, for the place they have come to.
    pub(super) lanes: RefCell<Vec<u32>>,
    /// On a relay: the room they talk to.
    pub(super) room: Cell<Option<u64>>,
}

/// The address of a person in XMPP.
pub(super) fn address(person: u32) -> String {
    format!("{}@{DOMAIN}/{BOX}", local(person))
}

fn local(person: u32) -> String {
    match person.checked_sub(FIRST_VISITOR) {
        Some(visitor) => format!("v{visitor}"),
        None => format!("a{person}"),
    }
}

/// Opens a connection for a person and lets them hear.
pub(super) async fn dial(
    scene: &Rc<Scene>,
    ear: &Rc<Ear>,
    path: &str,
    tries: usize,
    unread: Option<u32>,
) -> Result<Rc<Client>> {
    let (path, protocol) = match scene.order.dialect {
        Dialect::Usher => (path, None),
        Dialect::Plain | Dialect::Nats => ("/", None),
        Dialect::SocketIo => ("/socket.io/?EIO=4&transport=websocket", None),
        Dialect::Xmpp => ("/ws", Some("xmpp")),
    };
    // With several hubs everybody talks across them.
    let number = (ear.person % FIRST_VISITOR) as usize + usize::from(ear.person < FIRST_VISITOR);
    let cut = scene.order.dialect.cut();
    let dial = Dial { to: scene.hub(number, tries), from: scene.source(), path, protocol, unread, cut };
    let ear = ear.clone();
    connect(dial, move |client, frame| ear.hear(client, frame)).await
}

/// Tells a relay who somebody is.
pub(super) async fn introduce(scene: &Scene, client: &Rc<Client>, person: u32, join: Value) -> Result<()> {
    match scene.order.dialect {
        Dialect::Usher => bail!("a hub is not a relay"),
        Dialect::Plain => client.request(join).await.map(drop),
        Dialect::SocketIo => {
            client.push("40");
            client.expect("40{").await?;
            client.push(&format!("42{FIRST_REQUEST}{}", json!(["join", join])));
            client.expect(JOINED).await.map(drop)
        }
        Dialect::Xmpp => sign_in(client, &local(person)).await,
        Dialect::Nats => {
            client.push(&nats::hello(&scene.inbox(person), &followed(&join)));
            client.expect("PONG").await.map(drop)
        }
    }
}

/// The subjects on NATS whose texts somebody gets: agents those of their visitors, or of the room they watch.
fn followed(join: &Value) -> Vec<String> {
    if join["visitor"].is_u64() {
        return Vec::new();
    }
    let served = join["serves"].as_array().into_iter().flatten().filter_map(Value::as_u64);
    served.map(nats::of_visitor).chain(join["room"].as_u64().map(nats::of_room)).collect()
}

/// RFC 7395 and RFC 6120, with SASL PLAIN.
async fn sign_in(client: &Rc<Client>, name: &str) -> Result<()> {
    let open = format!("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{DOMAIN}' version='1.0'/>");
    client.push(&open);
    client.expect("mechanism").await?;
    let secret = crate::token::base64(format!("\0{name}\0x").as_bytes());
    client.push(&format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"));
    client.expect("<success").await?;
    client.push(&open);
    client.expect("xmpp-bind").await?;
    let bind = "urn:ietf:params:xml:ns:xmpp-bind";
    client.push(&format!(
        "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='{bind}'><resource>{BOX}</resource></bind></iq>"
    ));
    client.expect("<jid>").await?;
    client.push("<presence xmlns='jabber:client'/>");
    Ok(())
}

// === impl Visitor ===

impl Visitor {
    pub(super) fn new(scene: &Rc<Scene>, number: usize, hearer: Hearer) -> Rc<Visitor> {
        let person = FIRST_VISITOR + number as u32;
        Rc::new(Visitor {
            number,
            ear: Ear::new(scene, person, String::new(), hearer),
            client: RefCell::default(),
            token: RefCell::default(),
            name: RefCell::default(),
            epoch: RefCell::default(),
            conversation: RefCell::default(),
            writer: RefCell::default(),
            lanes: RefCell::default(),
            room: Cell::new(None),
        })
    }

    pub(super) fn person(&self) -> u32 {
        self.ear.person
    }

    pub(super) fn client(&self) -> Result<Rc<Client>> {
        self.client.borrow().clone().context("not connected")
    }

    /// Connects and says `hello`, with the token and the place they have, if any.
    pub(super) async fn hello(&self, scene: &Rc<Scene>, tries: usize) -> Result<Value> {
        // Those who come together are one task, whose turn the runtime ends after so many reads and writes: it would be the
        // same ones each time who had none, and they would come last of all.
        unconstrained(self.join(scene, tries)).await
    }

    async fn join(&self, scene: &Rc<Scene>, tries: usize) -> Result<Value> {
        let began = Instant::now();
        let client = dial(scene, &self.ear, "/v1/visitor", tries, None).await?;
        let answer = match scene.order.dialect {
            Dialect::Usher => client.request(self.first_frame(scene)).await?,
            _ => {
                let join = json!({"type": "join", "visitor": scene.relay_number(self.number), "room": self.room.get()});
                introduce(scene, &client, self.person(), join).await?;
                Value::Null
            }
        };
        scene.times.borrow_mut().join.add(began.elapsed());
        scene.count(|counts| counts.joins += 1);
        scene.set_clock(answer["server_time"].as_u64(), began.elapsed());
        if let Some(token) = answer["token"].as_str() {
            self.token.replace(Some(token.to_owned()));
        }
        if let Some(epoch) = answer["epoch"].as_str() {
            self.epoch.replace(epoch.to_owned());
        }
        if let Some(name) = answer["visitor"].as_str() {
            let before = self.name.replace(name.to_owned());
            if !before.is_empty() && before != name {
                scene.blame(Fault::Garbled, || format!("visitor {} came back as somebody else", self.number));
            }
        }
        self.client.replace(Some(client));
        Ok(answer)
    }

    /// Opens a conversation; its first card is the Live Chat card.
    pub(super) async fn start(&self, hello: &Value) -> Result<()> {
        ensure!(hello["available"] == true, "live chat is not on offer: {}", hello["reason"]);
        let started = self.client()?.request(json!({"type": "start"})).await?;
        let conversation = started["conversation"]["id"].as_str().context("`start` named no conversation")?;
        self.conversation.replace(conversation.to_owned());
        Ok(())
    }

    /// Comes and starts, where the wait that begins with it is what matters.
    pub(super) async fn wait(&self, scene: &Rc<Scene>) -> Result<()> {
        let hello = self.hello(scene, 0).await?;
        self.ear.wait(scene);
        let started = self.start(&hello).await;
        self.ear.waits(scene, started.is_ok());
        started
    }

    /// Texts of this writer go over this visitor's connection, whichever it is.
    pub(super) fn writes(&self, scene: &Scene, writer: Rc<Writer>, to: &str) -> Result<()> {
        writer.attach(scene, &self.client()?, to);
        self.ear.lane.set(Some(writer.lane()));
        self.lanes.borrow_mut().push(writer.lane());
        self.writer.replace(Some(writer));
        Ok(())
    }

    /// Stays: comes back when the hub is exchanged, and is a fault when it goes otherwise.
    pub(super) fn stay(self: &Rc<Self>, scene: &Rc<Scene>) {
        let (visitor, scene) = (self.clone(), scene.clone());
        spawn_local(async move {
            while let Ok(client) = visitor.client() {
                let end = client.gone().await;
                if scene.closing.get() {
                    return;
                }
                if !scene.is_moving() {
                    return scene.blame(Fault::Cut, || format!("visitor {}: {}", visitor.number, end.why));
                }
                sleep(end.after.unwrap_or(BACKOFF)).await;
                if let Err(error) = visitor.come_back(&scene).await {
                    return scene.blame(Fault::Cut, || format!("visitor {}: {error:#}", visitor.number));
                }
            }
        });
    }

    async fn come_back(&self, scene: &Rc<Scene>) -> Result<()> {
        for tries in 0..TRIES {
            match self.hello(scene, tries).await {
                Ok(_) => {
                    scene.count(|counts| counts.returns += 1);
                    if let (Some(writer), Ok(client)) = (&*self.writer.borrow(), self.client()) {
                        writer.attach(scene, &client, &self.conversation.borrow());
                        writer.repeat(scene);
                    }
                    return Ok(());
                }
                Err(_) if scene.closing.get() => return Ok(()),
                // A hub that is being exchanged takes nobody.
                Err(_) => sleep(BACKOFF).await,
            }
        }
        bail!("could not come back in {TRIES} tries")
    }

    fn first_frame(&self, scene: &Scene) -> Value {
        let page = format!("http://{}/demo", scene.order.hubs[0]);
        let mut hello =
            json!({"type": "hello", "playbook": scene.order.playbook, "locale": "en", "page": {"url": page}});
        if let Some(token) = &*self.token.borrow() {
            hello["token"] = json!(token);
        }
        let conversation = self.conversation.borrow();
        if !conversation.is_empty() {
            let judge = scene.judge.borrow();
            let seq = self.lanes.borrow().iter().map(|lane| judge.cursor(*lane, self.person())).max();
            hello["after"] = json!({"conversation": *conversation, "epoch": *self.epoch.borrow(), "seq": seq});
        }
        hello
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j4_the_first_request_of_socket_io_is_answered_under_its_own_id() {
        assert_eq!(JOINED, format!("43{FIRST_REQUEST}["));
    }

    #[test]
    fn j4_on_nats_agents_follow_and_visitors_do_not() {
        assert_eq!(followed(&json!({"type": "join", "serves": [3, 13], "room": null})), ["t.v3", "t.v13"]);
        assert_eq!(followed(&json!({"type": "join", "serves": [], "room": 2})), ["t.r2"]);
        assert!(followed(&json!({"type": "join", "visitor": 3, "room": 2})).is_empty());
    }
}
