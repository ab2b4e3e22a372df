//! Visitors who all connect, are cut, and connect again with their tokens.

use std::future::ready;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::{StreamExt, stream};
use tokio::time::sleep;

use super::ear::Hearer;
use super::scene::Scene;
use super::visitor::Visitor;
use crate::profile::Storm;

/// Numbers of the storm's visitors begin here.
const FIRST: usize = 3 << 20;
/// Between two rounds: the server notices that they have gone.
const LULL: Duration = Duration::from_millis(300);

/// All rounds, or as many as fit into the window.
pub(super) async fn perform(scene: &Rc<Scene>, plan: &Storm) -> Result<()> {
    let (_, closes) = scene.window().context("the window is not open")?;
    let visitors: Vec<Rc<Visitor>> =
        (0..plan.visitors).map(|number| Visitor::new(scene, FIRST + number, Hearer::Plain)).collect();
    for round in 0..plan.rounds {
        let began = Instant::now();
        let coming = visitors.iter().map(async |visitor| {
            let came = visitor.hello(scene, 0).await;
            match &came {
                Ok(_) if round > 0 => scene.count(|counts| counts.returns += 1),
                Ok(_) => {}
                Err(error) => scene.failed("a visitor of the storm could not join", error),
            }
            came.is_ok()
        });
        let came = stream::iter(coming).buffer_unordered(plan.at_once).filter(|came| ready(*came)).count().await;
        let (seconds, joins) = scene.storm.get();
        scene.storm.set((seconds + began.elapsed().as_secs_f64(), joins + came as u64));
        for client in visitors.iter().filter_map(|visitor| visitor.client().ok()) {
            client.hang_up();
        }
        if came == 0 {
            // There is nobody left to storm.
            break;
        }
        if Instant::now() > closes {
            break;
        }
        sleep(LULL).await;
    }
    Ok(())
}
