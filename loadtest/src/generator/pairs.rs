//! Visitors in conversation with one agent each.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::task::yield_now;
use tokio::time::sleep_until;

use super::desk::Desk;
use super::ear::Hearer;
use super::log::Pages;
use super::pace::pace;
use super::scene::Scene;
use super::visitor::{Visitor, address};
use super::writer::{Kind, Writer};
use crate::dialect::{Dialect, nats};
use crate::profile::Pairs;

/// Agents who try to look at what is not theirs.
const PRYING: usize = 32;

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
    pub(super) async fn read_back(&self, scene: &Rc<Scene>, most: usize) {
        if scene.order.dialect != Dialect::Usher {
            return;
        }
        for pair in self.pairs.iter().take(most) {
            if let Err(error) = pair.read_back(scene).await {
                // Whoever asks for the others may wait as long, and hear no more.
                return scene.failed("the logs could not be read back", &error);
            }
        }
    }
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
        // What falls due when something has come home hides stalls: beside texts that do not wait for anything it would
        // dilute them.
        answers.timed.set(plan.rate.is_none() && plan.burst.is_none());
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

    async fn read_back(&self, scene: &Rc<Scene>) -> Result<()> {
        let conversation = self.visitor.conversation.borrow().clone();
        let pages = Pages { conversation: &conversation, writers: [&self.writer, &self.answers] };
        pages.count(scene, &self.agent.client()?).await?;
        pages.look(scene, &self.visitor.client()?).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::tests::{faults, scene};
    use crate::judge::faults::Fault;

    /// Two pairs whose hub has gone.
    fn talk(scene: &Rc<Scene>) -> Talk {
        let pair = |number: usize| {
            let (visitor, agent) =
                (Visitor::new(scene, number, Hearer::Plain), Desk::new(scene, number, Hearer::Plain));
            let writer = Writer::new(scene, visitor.person(), Kind::Visitor, 1, 64);
            let answers = Writer::new(scene, agent.person(), Kind::Answer, 1, 64);
            Pair { visitor, agent, writer, answers }
        };
        Talk { pairs: (0..2).map(pair).collect() }
    }

    #[tokio::test]
    async fn j2_a_log_that_cannot_be_read_back_is_a_fault_and_the_others_are_not_waited_for() {
        let scene = scene("[pairs]\nvisitors = 2\nagents = 2\n");
        talk(&scene).read_back(&scene, 2).await;
        assert_eq!(faults(&scene).count(Fault::Cut), 1);
    }
}
