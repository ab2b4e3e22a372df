//! One agent: signs in, owns or watches conversations, comes back when their hub has gone.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::ear::{Ear, Hearer};
use super::scene::Scene;
use super::visitor::{dial, introduce};
use super::writer::Writer;
use crate::client::{Client, End};
use crate::dialect::Dialect;
use crate::judge::faults::Fault;
use crate::token::Bearer;

const TRIES: usize = 200;
/// How often a request that may be repeated is.
const PATIENT: usize = 20;
const BACKOFF: Duration = Duration::from_millis(150);
/// Bytes the kernel may keep for a slow reader: little, so that the hub feels it.
const SLOW_BUFFER: u32 = 4_096;
/// Longer than any run.
const TOKEN_LIFE: Duration = Duration::from_secs(48 * 3600);

pub(super) struct Desk {
    ear: Rc<Ear>,
    hearer: Hearer,
    name: String,
    client: RefCell<Option<Rc<Client>>>,
    /// What is owned or watched.
    open: RefCell<Vec<Open>>,
    pub(super) paused: Cell<bool>,
    /// On a relay: whose texts they get.
    pub(super) serves: RefCell<Vec<usize>>,
    pub(super) room: Cell<Option<u64>>,
}

/// A conversation on a desk.
struct Open {
    conversation: String,
    /// The visitor's texts.
    lane: u32,
    /// The agent's own.
    answers: Option<Rc<Writer>>,
}

/// The id of an agent.
pub(super) fn name(scene: &Scene, number: u32) -> String {
    format!("load-{:08x}-{}-{number}", scene.order.run, scene.order.worker)
}

/// Switches an agent online. Where a thousand sign in at once, some may have to ask again.
async fn switch_on(client: &Rc<Client>) -> Result<()> {
    for _ in 0..PATIENT {
        let answer = client.ask(json!({"type": "availability", "online": true})).await?;
        if answer["ok"] == true {
            return Ok(());
        }
        ensure!(answer["error"]["code"] == "unavailable", "`availability` was refused: {}", answer["error"]["code"]);
        sleep(BACKOFF).await;
    }
    bail!("`availability` was unavailable {PATIENT} times")
}

// === impl Desk ===

impl Desk {
    pub(super) fn new(scene: &Rc<Scene>, number: usize, hearer: Hearer) -> Rc<Desk> {
        let name = name(scene, number as u32);
        Rc::new(Desk {
            ear: Ear::new(scene, number as u32, name.clone(), hearer),
            hearer,
            name,
            client: RefCell::default(),
            open: RefCell::default(),
            paused: Cell::new(false),
            serves: RefCell::default(),
            room: Cell::new(None),
        })
    }

    pub(super) fn person(&self) -> u32 {
        self.ear.person
    }

    pub(super) fn client(&self) -> Result<Rc<Client>> {
        self.client.borrow().clone().context("not connected")
    }

    /// Signs in, and on a hub switches the agent online.
    pub(super) async fn sign_in(&self, scene: &Rc<Scene>) -> Result<()> {
        let (client, _) = self.hello(scene, 0).await?;
        if scene.order.dialect == Dialect::Usher && self.hearer != Hearer::Slow {
            return switch_on(&client).await;
        }
        Ok(())
    }

    async fn hello(&self, scene: &Rc<Scene>, tries: usize) -> Result<(Rc<Client>, Value)> {
        let began = Instant::now();
        let unread = (self.hearer == Hearer::Slow).then_some(SLOW_BUFFER);
        let client = dial(scene, &self.ear, "/v1/agent", tries, unread).await?;
        let answer = match scene.order.dialect {
            Dialect::Usher => {
                let workspace = Some(scene.order.workspace.as_str());
                let bearer = Bearer { sub: &self.name, name: &self.name, workspace, admin: false };
                let token = bearer.token(&scene.order.secret, TOKEN_LIFE);
                client.request(json!({"type": "hello", "token": token})).await?
            }
            _ => {
                let serves: Vec<usize> =
                    self.serves.borrow().iter().map(|number| scene.relay_number(*number)).collect();
                let join = json!({"type": "join", "serves": serves, "room": self.room.get()});
                introduce(scene, &client, self.person(), join).await?;
                Value::Null
            }
        };
        scene.times.borrow_mut().join.add(began.elapsed());
        scene.count(|counts| counts.joins += 1);
        self.client.replace(Some(client.clone()));
        Ok((client, answer))
    }

    /// Takes a waiting conversation, and writes a note into it that the visitor must never see.
    pub(super) async fn claim(&self, conversation: &str, lane: u32, answers: Option<Rc<Writer>>) -> Result<()> {
        let client = self.client()?;
        // From the claim on its texts are pushed, so they must be expected before.
        self.ear.owns(conversation);
        self.open.borrow_mut().push(Open { conversation: conversation.to_owned(), lane, answers });
        client.request(json!({"type": "claim", "conversation": conversation})).await?;
        client
            .request(json!({"type": "note", "conversation": conversation, "key": "note", "text": "for agents only"}))
            .await?;
        Ok(())
    }

    /// Opens an unassigned conversation to watch it.
    pub(super) async fn watch(&self, conversation: &str, lane: u32) -> Result<()> {
        self.open.borrow_mut().push(Open { conversation: conversation.to_owned(), lane, answers: None });
        self.client()?.request(json!({"type": "open", "conversation": conversation})).await?;
        Ok(())
    }

    /// Looks at a conversation that is another agent's, which must not be there.
    pub(super) async fn pry(&self, scene: &Scene, conversation: &str) -> Result<()> {
        let answer = self.client()?.ask(json!({"type": "open", "conversation": conversation})).await?;
        if answer["ok"] == true || answer["error"]["code"] != "not_found" {
            scene.blame(Fault::Leaked, || format!("agent {} could open a conversation of another", self.person()));
        }
        Ok(())
    }

    /// Stays: comes back after a hub was exchanged, or when it read too slowly and was meant to; else it is a fault.
    pub(super) fn stay(self: &Rc<Self>, scene: &Rc<Scene>) {
        let (desk, scene) = (self.clone(), scene.clone());
        spawn_local(async move {
            while let Ok(client) = desk.client() {
                let end = client.gone().await;
                if scene.closing.get() {
                    return;
                }
                if !scene.is_moving() && !desk.may_be_cut(&end) {
                    return scene.blame(Fault::Cut, || format!("agent {}: {}", desk.person(), end.why));
                }
                sleep(end.after.unwrap_or(BACKOFF)).await;
                if let Err(error) = desk.come_back(&scene).await {
                    return scene.blame(Fault::Cut, || format!("agent {}: {error:#}", desk.person()));
                }
            }
        });
    }

    /// A slow reader may be closed for reading too slowly or giving no sign of life; a reset may hide the close code.
    fn may_be_cut(&self, end: &End) -> bool {
        self.hearer == Hearer::Slow && end.code.is_none_or(|code| matches!(code, 4002 | 4003))
    }

    async fn come_back(&self, scene: &Rc<Scene>) -> Result<()> {
        for tries in 0..TRIES {
            match self.resume(scene, tries).await {
                Ok(()) => {
                    scene.count(|counts| counts.returns += 1);
                    return Ok(());
                }
                Err(_) if scene.closing.get() => return Ok(()),
                Err(_) => sleep(BACKOFF).await,
            }
        }
        bail!("could not come back in {TRIES} tries")
    }

    /// Signs in again and opens everything from where it was; what is pushed meanwhile moves no place.
    async fn resume(&self, scene: &Rc<Scene>, tries: usize) -> Result<()> {
        let places: Vec<(String, u64)> = {
            let (open, judge) = (self.open.borrow(), scene.judge.borrow());
            let place = |open: &Open| {
                let answers = open.answers.as_ref().map_or(0, |writer| judge.cursor(writer.lane(), self.person()));
                (open.conversation.clone(), judge.cursor(open.lane, self.person()).max(answers))
            };
            open.iter().map(place).collect()
        };
        let (client, answer) = self.hello(scene, tries).await?;
        for (conversation, seq) in places {
            let after = json!({"epoch": answer["epoch"], "seq": seq});
            client.request(json!({"type": "open", "conversation": conversation, "after": after})).await?;
        }
        for open in &*self.open.borrow() {
            if let Some(writer) = &open.answers {
                writer.attach(scene, &client, &open.conversation);
                writer.repeat(scene);
            }
        }
        client.pause(self.paused.get());
        Ok(())
    }
}
