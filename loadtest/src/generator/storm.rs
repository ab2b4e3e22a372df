//! Visitors who all connect, are cut, and connect again with their tokens.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
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
            visitor.hello(scene, 0).await?;
            if round > 0 {
                scene.count(|counts| counts.returns += 1);
            }
            anyhow::Ok(())
        });
        let coming = stream::iter(coming).buffer_unordered(plan.at_once);
        coming.try_collect::<()>().await.context("a visitor of the storm could not join")?;
        let (seconds, joins) = scene.storm.get();
        scene.storm.set((seconds + began.elapsed().as_secs_f64(), joins + visitors.len() as u64));
        for visitor in &visitors {
            visitor.client()?.hang_up();
        }
        if Instant::now() > closes {
            break;
        }
        sleep(LULL).await;
    }
    Ok(())
}
