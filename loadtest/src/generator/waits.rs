//! Visitors who wait for an agent until nobody came.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::{StreamExt, stream};
use tokio::time::sleep_until;

use super::desk::Desk;
use super::ear::Hearer;
use super::scene::Scene;
use super::visitor::Visitor;
use crate::profile::Waits;

/// Numbers of waiting visitors, and of the agent who takes none of them, begin here.
const FIRST: usize = 4 << 20;

/// An agent is online and takes nobody.
pub(super) struct Waiting {
    agent: Rc<Desk>,
}

// === impl Waiting ===

impl Waiting {
    pub(super) async fn join(scene: &Rc<Scene>) -> Result<Waiting> {
        let waiting = Waiting::alone(scene);
        waiting.agent.sign_in(scene).await?;
        waiting.agent.stay(scene);
        Ok(waiting)
    }

    /// With an agent who is not there yet.
    pub(super) fn alone(scene: &Rc<Scene>) -> Waiting {
        Waiting { agent: Desk::new(scene, FIRST, Hearer::Plain) }
    }

    /// All of them come, evenly spread, and begin to wait.
    pub(super) async fn perform(&self, scene: &Rc<Scene>, plan: &Waits) -> Result<()> {
        let began = Instant::now();
        let gap = Duration::from_secs_f64(plan.spread / plan.visitors.max(1) as f64);
        let coming = (0..plan.visitors).map(async |number| {
            sleep_until((began + gap * number as u32).into()).await;
            let visitor = Visitor::new(scene, FIRST + number, Hearer::Waiting);
            match visitor.wait(scene).await {
                Ok(()) => visitor.stay(scene),
                Err(error) => scene.failed("a visitor could not begin to wait", &error),
            }
        });
        stream::iter(coming).buffer_unordered(scene.order.profile.at_once).collect::<()>().await;
        Ok(())
    }
}
