//! Visitors in conversation with one agent each.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::task::yield_now;
use tokio::time::sleep_until;

use super::desk::Desk;
use super::ear::Hearer;
use super::pace::pace;
use super::scene::Scene;
use super::visitor::{Visitor, address};
use super::writer::{Kind, Writer};
use crate::client::Client;
use crate::dialect::{Dialect, nats};
use crate::profile::Pairs;
use crate::tag::Tag;

/// Agents who try to look at what is not theirs.
const PRYING: usize = 32;
/// Events asked for at once when a log is read back.
const PAGE: u64 = 100;

/// Everybody in conversation.
pub(super) struct Talk {
    pairs: Vec<Pair>,
}

struct Pair {
    visitor: Rc<Visitor>,
    agent: Rc<Desk>,
    writer: Rc<Writer>,
    answers: Rc<Writer>,
}

// === impl Talk ===

impl Talk {
    /// Connects all of them and leaves each visitor in conversation with their agent.
    pub(super) async fn join(scene: &Rc<Scene>, plan: &Pairs) -> Result<Talk> {
        let agents: Vec<Rc<Desk>> = (0..plan.agents).map(|number| Desk::new(scene, number, Hearer::Plain)).collect();
        for (number, agent) in agents.iter().enumerate() {
            agent.serves.replace((number..plan.visitors).step_by(plan.agents).collect());
        }
        let at_once = scene.order.profile.at_once;
        stream::iter(agents.iter().map(|agent| agent.sign_in(scene)))
            .buffer_unordered(at_once)
            .try_collect::<()>()
            .await
            .context("an agent could not sign in")?;
        let joined = (0..plan.visitors).map(|number| Pair::join(scene, plan, number, &agents[number % plan.agents]));
        let pairs = stream::iter(joined).buffered(at_once).try_collect().await.context("a visitor could not join")?;
        let talk = Talk { pairs };
        if scene.order.dialect == Dialect::Usher && agents.len() > 1 {
            talk.pry(scene, &agents).await?;
        }
        for pair in &talk.pairs {
            pair.visitor.stay(scene);
        }
        agents.iter().for_each(|agent| agent.stay(scene));
        Ok(talk)
    }

    /// Some agents look at conversations of others.
    async fn pry(&self, scene: &Rc<Scene>, agents: &[Rc<Desk>]) -> Result<()> {
        for (number, pair) in self.pairs.iter().enumerate().take(PRYING) {
            let other = &agents[(number + 1) % agents.len()];
            if !Rc::ptr_eq(other, &pair.agent) {
                let conversation = pair.visitor.conversation.borrow().clone();
                other.pry(scene, &conversation).await?;
            }
        }
        Ok(())
    }

    /// Lets them talk until the window closes.
    pub(super) async fn perform(&self, scene: &Rc<Scene>, plan: &Pairs) -> Result<()> {
        let (opens, closes) = scene.window().context("the window is not open")?;
        let answered = Cell::new(0_u64);
        let answering = async {
            while plan.answer_every > 0 && Instant::now() < closes {
                // Agents answer what has come home since they last looked.
                let home = scene.counts.get().texts / plan.answer_every;
                while answered.get() < home {
                    let pair = &self.pairs[(answered.get() % self.pairs.len() as u64) as usize];
                    pair.answers.send(scene, Instant::now());
                    answered.set(answered.get() + 1);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let asking = async {
            match (plan.rate, &plan.burst) {
                (Some(rate), _) => {
                    pace(rate, closes, |number, due| {
                        let pair = (number % self.pairs.len() as u64) as usize;
                        self.pairs[pair].writer.send(scene, due);
                    })
                    .await;
                }
                (None, Some(burst)) => {
                    let mut due = opens;
                    while due < closes {
                        sleep_until(due.into()).await;
                        for pair in &self.pairs {
                            (0..burst.texts).for_each(|_| pair.writer.send(scene, due));
                            yield_now().await;
                        }
                        due += Duration::from_secs_f64(burst.every);
                    }
                }
                (None, None) => {
                    for pair in &self.pairs {
                        pair.writer.closed_loop.set(true);
                        pair.writer.send(scene, Instant::now());
                    }
                    sleep_until(closes.into()).await;
                    self.pairs.iter().for_each(|pair| pair.writer.closed_loop.set(false));
                }
            }
        };
        tokio::join!(asking, answering);
        Ok(())
    }

    /// Reads the logs of some conversations back, and counts every text in them.
    pub(super) async fn read_back(&self, scene: &Rc<Scene>, most: usize) -> Result<()> {
        if scene.order.dialect != Dialect::Usher {
            return Ok(());
        }
        for pair in self.pairs.iter().take(most) {
            let conversation = pair.visitor.conversation.borrow().clone();
            let Ok(client) = pair.agent.client() else { continue };
            let mut stored = [(pair.writer.lane(), Vec::new()), (pair.answers.lane(), Vec::new())];
            read_log(&client, &conversation, &mut stored).await?;
            for (lane, numbers) in stored {
                scene.judge.borrow_mut().read_back(lane, &numbers);
            }
        }
        Ok(())
    }
}

/// Counts the texts of these lanes in a log, from its end to its beginning.
async fn read_log(client: &Rc<Client>, conversation: &str, stored: &mut [(u32, Vec<u32>)]) -> Result<()> {
    // Anything beyond the head means "from the head".
    let mut before = 1_u64 << 52;
    loop {
        let ask = json!({"type": "history", "conversation": conversation, "before": before, "limit": PAGE});
        let page = client.request(ask).await?;
        let events = page["events"].as_array().cloned().unwrap_or_default();
        for event in events.iter().filter(|event| event["type"] == "message") {
            count(event, stored);
        }
        match events.first().and_then(|event| event["seq"].as_u64()) {
            Some(first) if first > 1 => {
                ensure!(first < before, "history does not go back");
                before = first;
            }
            _ => return Ok(()),
        }
    }
}

fn count(event: &Value, stored: &mut [(u32, Vec<u32>)]) {
    let Some(tag) = event["text"].as_str().and_then(Tag::read) else { return };
    let Some((_, numbers)) = stored.iter_mut().find(|(lane, _)| *lane == tag.lane) else { return };
    let Some(at) = tag.number.checked_sub(1).and_then(|at| usize::try_from(at).ok()) else { return };
    if numbers.len() <= at {
        numbers.resize(at + 1, 0);
    }
    numbers[at] += 1;
}

// === impl Pair ===

impl Pair {
    async fn join(scene: &Rc<Scene>, plan: &Pairs, number: usize, agent: &Rc<Desk>) -> Result<Pair> {
        let visitor = Visitor::new(scene, number, Hearer::Plain);
        let hello = visitor.hello(scene, 0).await?;
        let writer = Writer::new(scene, visitor.person(), Kind::Visitor, 1, plan.text_bytes);
        let answers = Writer::new(scene, agent.person(), Kind::Answer, 1, plan.text_bytes);
        {
            let mut judge = scene.judge.borrow_mut();
            judge.reader(writer.lane(), agent.person());
            judge.reader(answers.lane(), visitor.person());
        }
        visitor.lanes.borrow_mut().push(answers.lane());
        let to = match scene.order.dialect {
            Dialect::Usher => {
                visitor.start(&hello).await?;
                let conversation = visitor.conversation.borrow().clone();
                agent.claim(&conversation, writer.lane(), Some(answers.clone())).await?;
                answers.attach(scene, &agent.client()?, &conversation);
                conversation
            }
            Dialect::Xmpp => address(agent.person()),
            Dialect::Nats => {
                let subject = nats::of_visitor(scene.relay_number(number) as u64);
                nats::with_reply(&subject, &scene.inbox(visitor.person()))
            }
            Dialect::Plain | Dialect::SocketIo => format!("c_{number:022}"),
        };
        visitor.writes(scene, writer.clone(), &to)?;
        Ok(Pair { visitor, agent: agent.clone(), writer, answers })
    }
}
