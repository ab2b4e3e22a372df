//! One generator: a thread with its share of the people, its own judge, and a line of orders and reports to whoever
//! runs it. Several of them, in processes of their own or not, make up a run.
//!
//! | file | noun |
//! |---|---|
//! | [`order`] | what is asked of a generator, and what it tells |
//! | `scene` | what all people of one generator share |
//! | `writer` | one author's texts in one conversation |
//! | `ear` | what somebody hears, and what is made of it |
//! | `visitor`, `desk` | one visitor, one agent |
//! | `pairs`, `fanout`, `idle`, `storm`, `waits` | the parts of a profile |
//! | `log` | a log that is read back |
//! | `pace` | when what falls due |
//! | `vigil` | a generator that does not sleep |

use std::io::{BufRead, Write};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio::time::{Instant, interval, sleep};

mod desk;
mod ear;
mod fanout;
mod idle;
mod log;
pub mod order;
mod pace;
mod pairs;
mod scene;
mod storm;
mod vigil;
mod visitor;
mod waits;
mod writer;

use self::order::{Order, Part, Report, Say};
use self::scene::Scene;
use self::vigil::Vigil;
use crate::dialect::Dialect;
use crate::machine::own_cpu;

/// People are numbered: agents from 0, visitors from here.
pub const FIRST_VISITOR: u32 = 1 << 30;

/// Where a run stands, as its generators are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Joining,
    Going,
    Stopped,
}

/// Does what the first line of `orders` asks and tells of it in lines on `reports`, until it is done or told to stop.
///
/// # Errors
/// The orders made no sense or nobody reads the reports. Everything else is told in a report.
pub fn generate(orders: impl BufRead + Send + 'static, reports: &mut impl Write) -> Result<()> {
    let mut lines = orders.lines();
    let first = lines.next().context("no order came")??;
    let order: Order = serde_json::from_str(&first).context("reading the order")?;
    if let Some(core) = order.core {
        crate::machine::pin(core)?;
    }
    let (tell, stand) = watch::channel(Stand::Joining);
    // Reads until the other end is closed, which is an order to stop, too.
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            tell.send_replace(if line == "go" { Stand::Going } else { Stand::Stopped });
        }
        tell.send_replace(Stand::Stopped);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut say = Say::new(reports);
    let done = LocalSet::new().block_on(&runtime, perform(order, stand, &mut say));
    match done {
        Ok(part) => say.report(&Report::Done(Box::new(part))),
        Err(error) => say.report(&Report::Failed(format!("{error:#}"))),
    }
}

async fn perform(order: Order, mut stand: watch::Receiver<Stand>, say: &mut Say<'_>) -> Result<Part> {
    let scene = Scene::new(order);
    let patience = scene.order.profile.patience();
    let cast = tokio::select! {
        cast = join(&scene, say) => cast?,
        _ = stand.wait_for(|stand| *stand == Stand::Stopped) => return Ok(scene.part(true, 0.0)),
        () = sleep(patience) => return Err(anyhow!("joining took longer than {patience:?}")),
    };
    say.report(&Report::Ready)?;
    // The watch's guard is a lock: it must not live on.
    let told = stand.wait_for(|stand| *stand != Stand::Joining).await.map(|stand| *stand);
    if told.unwrap_or(Stand::Stopped) == Stand::Stopped {
        return Ok(scene.part(true, 0.0));
    }
    let profile = &scene.order.profile;
    scene.open(Duration::from_secs_f64(profile.warm_up), Duration::from_secs_f64(profile.seconds));
    let vigil = scene.order.sleepless.then(Vigil::begin);
    let cpu = own_cpu();
    let mut cut_short = tokio::select! {
        done = cast.perform(&scene) => { done?; false }
        told = tell_ticks(&scene, say) => return Err(told.expect_err("ticks go on for ever")),
        _ = stand.wait_for(|stand| *stand == Stand::Stopped) => true,
    };
    let cpu = own_cpu() - cpu;
    let spare = vigil.as_ref().map_or(0.0, Vigil::spare);
    scene.finish();
    cut_short = bring_home(&scene, &mut stand, say, cut_short).await?;
    drop(vigil);
    scene.deaf.set(true);
    if !cut_short {
        cut_short = tokio::select! {
            () = cast.read_back(&scene) => false,
            _ = stand.wait_for(|stand| *stand == Stand::Stopped) => true,
        };
    }
    scene.close();
    Ok(Part { spare, ..scene.part(cut_short, cpu) })
}

/// Everybody who is there from the beginning.
struct Cast {
    pairs: Option<pairs::Talk>,
    fanout: Option<fanout::Watch>,
    waits: Option<waits::Waiting>,
    _idle: Option<idle::Crowd>,
}

async fn join(scene: &Rc<Scene>, say: &mut Say<'_>) -> Result<Cast> {
    let profile = &scene.order.profile;
    let mut cast = Cast { pairs: None, fanout: None, waits: None, _idle: None };
    if let Some(plan) = &profile.pairs {
        cast.pairs = Some(pairs::Talk::join(scene, plan).await.context("bringing visitors and agents together")?);
    }
    if let Some(plan) = &profile.fanout {
        cast.fanout = Some(fanout::Watch::join(scene, plan).await.context("gathering those who watch")?);
    }
    if profile.waits.is_some() {
        cast.waits = Some(waits::Waiting::join(scene).await.context("signing an agent in")?);
    }
    if let Some(plan) = &profile.idle {
        // The first connection pays for what is made once.
        let first = idle::Crowd::join(scene, 0..1).await.context("joining")?;
        sleep(Duration::from_millis(500)).await;
        say.report(&Report::IdleBegins)?;
        let crowd = idle::Crowd::join(scene, 1..plan.visitors + 1).await.context("joining")?;
        // What was only needed for joining has been given back by then.
        sleep(Duration::from_secs(2)).await;
        say.report(&Report::IdleStands)?;
        cast._idle = Some(crowd.with(first));
    }
    Ok(cast)
}

// === impl Cast ===

impl Cast {
    /// All parts at once, until the window closes.
    async fn perform(&self, scene: &Rc<Scene>) -> Result<()> {
        let profile = &scene.order.profile;
        let pairs = async {
            match (&self.pairs, &profile.pairs) {
                (Some(talk), Some(plan)) => talk.perform(scene, plan).await,
                _ => Ok(()),
            }
        };
        let fanout = async {
            match (&self.fanout, &profile.fanout) {
                (Some(watch), Some(plan)) => watch.perform(scene, plan).await,
                _ => Ok(()),
            }
        };
        let storm = async {
            match &profile.storm {
                Some(plan) => storm::perform(scene, plan).await,
                None => Ok(()),
            }
        };
        let waits = async {
            match (&self.waits, &profile.waits) {
                (Some(waiting), Some(plan)) => waiting.perform(scene, plan).await,
                _ => Ok(()),
            }
        };
        // A storm is over when it is over.
        let rest = async {
            let only_storm =
                self.pairs.is_none() && self.fanout.is_none() && self.waits.is_none() && self._idle.is_none();
            if !(only_storm && profile.storm.is_some()) {
                scene.until_closed().await;
            }
            Ok(())
        };
        tokio::try_join!(pairs, fanout, storm, waits, rest).map(|_| ())
    }

    async fn read_back(&self, scene: &Rc<Scene>) {
        if let Some(talk) = &self.pairs {
            talk.read_back(scene, scene.order.profile.read_back).await;
        }
    }
}

/// Tells how far things are, several times for each look at the meters. Only ends when nobody listens.
async fn tell_ticks(scene: &Scene, say: &mut Say<'_>) -> Result<std::convert::Infallible> {
    let mut ticks = interval(Duration::from_secs_f64((scene.order.profile.seconds / 240.0).clamp(0.05, 1.0)));
    loop {
        ticks.tick().await;
        say.report(&Report::Tick(scene.tick()))?;
    }
}

/// Waits for what is under way, and a little only for a person who stopped the run or stops it now; tells whether one
/// did.
async fn bring_home(
    scene: &Scene,
    stand: &mut watch::Receiver<Stand>,
    say: &mut Say<'_>,
    mut cut_short: bool,
) -> Result<bool> {
    if !cut_short {
        cut_short = tokio::select! {
            () = come_home(scene, false) => return Ok(false),
            told = tell_ticks(scene, say) => return Err(told.expect_err("ticks go on for ever")),
            _ = stand.wait_for(|stand| *stand == Stand::Stopped) => true,
        };
    }
    tokio::select! {
        () = come_home(scene, true) => Ok(cut_short),
        told = tell_ticks(scene, say) => Err(told.expect_err("ticks go on for ever")),
    }
}

/// Waits until nothing is under way any more, as long as the profile allows; after a wait's deadline in any case.
async fn come_home(scene: &Scene, cut_short: bool) {
    let profile = &scene.order.profile;
    let waiting = if profile.waits.is_some() && !cut_short { profile.wait_ms } else { 0 };
    let homecoming = if cut_short { profile.homecoming.min(3.0) } else { profile.homecoming };
    let deadline = Instant::now() + Duration::from_millis(waiting) + Duration::from_secs_f64(homecoming);
    while Instant::now() < deadline && scene.judge.borrow().under_way() > 0 {
        sleep(Duration::from_millis(20)).await;
    }
    sleep(tail(&scene.order, cut_short)).await;
}

/// How long is listened when nothing more is due: what is doubled comes behind what it is a double of. A hub whose timers
/// fire twice needs not do so at once.
fn tail(order: &Order, cut_short: bool) -> Duration {
    match (order.dialect, &order.profile.waits) {
        (Dialect::Usher, Some(_)) if !cut_short => Duration::from_secs(3),
        (Dialect::Usher, None) if !cut_short => Duration::from_secs(1),
        _ => Duration::from_millis(100),
    }
}

#[cfg(test)]
mod tests;
