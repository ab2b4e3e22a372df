//! Agents who watch unassigned conversations, some of whom read slowly.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::{sleep, sleep_until};

use super::desk::Desk;
use super::ear::Hearer;
use super::pace::pace;
use super::scene::Scene;
use super::visitor::Visitor;
use super::writer::{Kind, Writer};
use crate::dialect::{Dialect, nats};
use crate::profile::Fanout;

/// Numbers of watching agents and of the visitors they watch begin here.
const FIRST: usize = 1 << 20;

/// Everybody who watches or is watched.
pub(super) struct Watch {
    writers: Vec<Rc<Writer>>,
    slow: Vec<Rc<Desk>>,
}

// === impl Watch ===

impl Watch {
    pub(super) async fn join(scene: &Rc<Scene>, plan: &Fanout) -> Result<Watch> {
        let slow = plan.slow.as_ref().map_or(0, |slow| slow.readers);
        let desk = |number: usize| {
            let hearer = if number < plan.watchers { Hearer::Plain } else { Hearer::Slow };
            let desk = Desk::new(scene, FIRST + number, hearer);
            // Relays know one room here.
            desk.room.set(Some(u64::from(scene.order.worker)));
            desk
        };
        let desks: Vec<Rc<Desk>> = (0..plan.watchers + slow).map(desk).collect();
        let at_once = scene.order.profile.at_once;
        let signing_in = stream::iter(desks.iter().map(|desk| desk.sign_in(scene))).buffer_unordered(at_once);
        signing_in.try_collect::<()>().await.context("an agent could not sign in")?;
        let mut writers = Vec::new();
        for number in 0..plan.conversations {
            writers.push(watched(scene, plan, number, &desks).await?);
        }
        desks.iter().for_each(|desk| desk.stay(scene));
        Ok(Watch { writers, slow: desks[plan.watchers..].to_vec() })
    }

    pub(super) async fn perform(&self, scene: &Rc<Scene>, plan: &Fanout) -> Result<()> {
        let (opens, closes) = scene.window().context("the window is not open")?;
        let talking = async {
            match plan.rate {
                Some(rate) => {
                    let writers = &self.writers;
                    pace(rate, closes, |number, due| writers[number as usize % writers.len()].send(scene, due)).await;
                }
                None => {
                    for writer in &self.writers {
                        writer.closed_loop.set(true);
                        writer.send(scene, Instant::now());
                    }
                    sleep_until(closes.into()).await;
                    self.writers.iter().for_each(|writer| writer.closed_loop.set(false));
                }
            }
        };
        let dawdling = async {
            let Some(slow) = &plan.slow else { return };
            sleep_until(opens.into()).await;
            let pause = Duration::from_secs_f64(slow.pause);
            let mut paused = true;
            while Instant::now() + pause < closes {
                self.pause(paused);
                sleep(pause).await;
                paused = !paused;
            }
            self.pause(false);
        };
        tokio::join!(talking, dawdling);
        self.pause(false);
        Ok(())
    }

    fn pause(&self, paused: bool) {
        for desk in &self.slow {
            desk.paused.set(paused);
            if let Ok(client) = desk.client() {
                client.pause(paused);
            }
        }
    }
}

/// A visitor in an unassigned conversation that all of them have open.
async fn watched(scene: &Rc<Scene>, plan: &Fanout, number: usize, desks: &[Rc<Desk>]) -> Result<Rc<Writer>> {
    let visitor = Visitor::new(scene, FIRST + number, Hearer::Plain);
    visitor.room.set(Some(u64::from(scene.order.worker)));
    let hello = visitor.hello(scene, 0).await?;
    let writer = Writer::new(scene, visitor.person(), Kind::Fanned, plan.watchers as u32, plan.text_bytes);
    for desk in desks {
        scene.judge.borrow_mut().reader(writer.lane(), desk.person());
    }
    let to = match scene.order.dialect {
        Dialect::Usher => {
            visitor.start(&hello).await?;
            let conversation = visitor.conversation.borrow().clone();
            let opening = desks.iter().map(|desk| desk.watch(&conversation, writer.lane()));
            let opening = stream::iter(opening).buffer_unordered(scene.order.profile.at_once);
            opening.try_collect::<()>().await.context("an agent could not open the conversation")?;
            conversation
        }
        Dialect::Nats => {
            let subject = nats::of_room(u64::from(scene.order.worker));
            nats::with_reply(&subject, &scene.inbox(visitor.person()))
        }
        Dialect::Plain | Dialect::SocketIo | Dialect::Xmpp => "room".to_owned(),
    };
    visitor.writes(scene, writer.clone(), &to)?;
    visitor.stay(scene);
    Ok(writer)
}
