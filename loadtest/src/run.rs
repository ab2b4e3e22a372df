//! One run: generators are hired, people join, the window opens, meters run, the verdict comes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use crate::crew::{Crew, Stuff};
use crate::dialect::Dialect;
use crate::generator::order::{Counts, Order, Part, Report as Told};
use crate::http;
use crate::meter::{Meter, Point};
use crate::profile::Profile;
use crate::progress::Progress;
use crate::report::{Figures, Report, Setting};
use crate::server::Server;
use crate::stages::Look;
use crate::token::Bearer;

/// Looks at the meters in a window, about.
const LOOKS: f64 = 60.0;

/// What is to be run, against what.
pub struct Run {
    /// What is done.
    pub profile: Profile,
    /// Whose protocol is spoken.
    pub dialect: Dialect,
    /// The servers.
    pub hubs: Vec<SocketAddr>,
    /// Their processes, as far as they are on this machine, and whatever works for them.
    pub pids: Vec<u32>,
    /// Processes whose CPU is nobody's work: they keep the cores awake.
    pub idlers: Vec<u32>,
    /// Those the tester has started and may exchange.
    pub servers: Vec<Server>,
    /// The secret agents' tokens are signed with.
    pub secret: String,
    /// What generators are made of, and how many.
    pub stuff: Stuff,
    /// See above.
    pub generators: usize,
    /// The core the generators run on; any when not given.
    pub core: Option<usize>,
    /// Whether the generators do not sleep, see [`Order::sleepless`].
    pub sleepless: bool,
    /// Source addresses, see [`Order::sources`].
    pub sources: u8,
    /// Whether to show how far it is.
    pub progress: bool,
}

/// What is known while it runs.
struct Course {
    run: Run,
    crew: Crew,
    meter: Meter,
    ticks: Vec<Counts>,
    parts: Vec<Part>,
    points: Vec<Point>,
    ready: usize,
    idle: IdleMemory,
    restarts: usize,
    progress: Progress,
    hub_version: Option<String>,
}

/// Memory before and after idle visitors joined, in KiB.
#[derive(Default)]
struct IdleMemory {
    before: Option<f64>,
    after: Option<f64>,
}

/// What the meters said at both ends of the window.
#[derive(Default)]
struct Ends {
    opened: Option<(Point, Look)>,
    closed: Option<(Point, Look)>,
}

// === impl Run ===

impl Run {
    /// Runs it, until it is over or `stop` comes, which ends it early and with a report.
    ///
    /// # Errors
    /// It could not be run. A hub that is wrong is no error but a report that says so.
    pub async fn perform(self, stop: impl Future<Output = ()>) -> Result<Report> {
        ensure!(!self.hubs.is_empty(), "no hub was named");
        self.profile.shared_by(self.generators)?;
        ensure!(
            self.profile.deploy.is_none() || !self.servers.is_empty(),
            "only hubs the tester started can be exchanged"
        );
        let run_id = number_of_this_run();
        let workspace = format!("load-{run_id:08x}");
        let (playbook, hub_version) = self.playbook(&workspace).await?;
        let order = |worker: usize| Order {
            profile: self.profile.share(worker, self.generators),
            dialect: self.dialect,
            hubs: self.hubs.clone(),
            run: run_id,
            worker: worker as u32,
            workspace: workspace.clone(),
            playbook: playbook.clone(),
            secret: self.secret.clone(),
            sources: self.sources,
            core: self.core,
            sleepless: self.sleepless,
        };
        let orders: Vec<Order> = (0..self.generators).map(order).collect();
        let crew = Crew::hire(&self.stuff, &orders)?;
        let meter = Meter::new(self.pids.clone(), crew.pids(), self.idlers.clone());
        let ticks = vec![Counts::default(); crew.len()];
        let mut course = Course {
            progress: Progress::new(self.progress),
            run: self,
            crew,
            meter,
            ticks,
            parts: Vec::new(),
            points: Vec::new(),
            ready: 0,
            idle: IdleMemory::default(),
            restarts: 0,
            hub_version,
        };
        course.perform(stop).await
    }

    /// A playbook of this run's own, in a workspace of its own, so that it meets nobody's conversations; and the hub's
    /// version.
    async fn playbook(&self, workspace: &str) -> Result<(String, Option<String>)> {
        if self.dialect != Dialect::Usher {
            return Ok((String::new(), None));
        }
        let bearer = Bearer { sub: "load-admin", name: "Load test", workspace: Some(workspace), admin: true };
        let token = bearer.token(&self.secret, Duration::from_secs(600));
        let (hub, wait_ms) = (self.hubs[0], self.profile.wait_ms);
        let prepare = move || anyhow::Ok((http::make_playbook(hub, &token, wait_ms)?, http::version(hub)));
        spawn_blocking(prepare).await?.context("preparing the hub")
    }
}

// === impl Course ===

impl Course {
    async fn perform(&mut self, stop: impl Future<Output = ()>) -> Result<Report> {
        let mut stop = pin!(stop);
        let deadline = Instant::now() + self.run.profile.patience();
        let mut stopped = false;
        while self.ready < self.crew.len() && self.parts.is_empty() {
            tokio::select! {
                told = self.crew.hear() => self.heard(told)?,
                () = &mut stop, if !stopped => {
                    stopped = true;
                    self.crew.tell("stop");
                }
                () = sleep_until(deadline) => bail!("people were still joining after {:?}", self.run.profile.patience()),
            }
        }
        let ends = if stopped { Ends::default() } else { self.window(&mut stop, &mut stopped, deadline).await? };
        while self.parts.len() < self.crew.len() {
            tokio::select! {
                told = self.crew.hear() => self.heard(told)?,
                () = &mut stop, if !stopped => {
                    stopped = true;
                    self.crew.tell("stop");
                }
                () = sleep_until(deadline) => bail!("the generators did not finish in {:?}", self.run.profile.patience()),
            }
        }
        Ok(self.report(ends))
    }

    /// From the first text to the last.
    async fn window(
        &mut self,
        mut stop: &mut (impl Future<Output = ()> + Unpin),
        stopped: &mut bool,
        deadline: Instant,
    ) -> Result<Ends> {
        let profile = self.run.profile.clone();
        let mut ends = Ends::default();
        self.meter.restart();
        self.crew.tell("go");
        let begun = Instant::now();
        let opens = begun + Duration::from_secs_f64(profile.warm_up);
        let closes = opens + Duration::from_secs_f64(profile.seconds);
        let mut looks = interval(Duration::from_secs_f64((profile.seconds / LOOKS).clamp(0.25, 10.0)));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut restarts = Restarts::of(&profile, opens);
        // A storm alone is over when it is over.
        while self.parts.len() < self.crew.len() {
            tokio::select! {
                told = self.crew.hear() => self.heard(told)?,
                _ = looks.tick() => self.look(begun, closes),
                () = sleep_until(opens), if ends.opened.is_none() => ends.opened = Some(self.end()),
                () = sleep_until(closes), if ends.closed.is_none() => {
                    ends.closed = Some(self.end());
                    break;
                }
                () = restarts.due() => self.exchange(&mut restarts).await?,
                () = &mut stop, if !*stopped => {
                    *stopped = true;
                    self.crew.tell("stop");
                    break;
                }
                () = sleep_until(deadline) => bail!("the run took longer than {:?}", profile.patience()),
            }
        }
        if ends.closed.is_none() {
            ends.closed = Some(self.end());
        }
        Ok(ends)
    }

    fn heard(&mut self, told: Option<(usize, Told)>) -> Result<()> {
        match told {
            None => bail!("all generators have gone"),
            Some((_, Told::Ready)) => {
                self.ready += 1;
                let words = format!("{} of {} generators ready", self.ready, self.crew.len());
                self.progress.tell(&self.run.profile.name, None, &words);
            }
            Some((_, Told::IdleBegins)) => drop(self.idle.before.get_or_insert(self.meter.memory())),
            Some((_, Told::IdleStands)) => self.idle.after = Some(self.meter.memory()),
            Some((who, Told::Tick(counts))) => self.ticks[who] = counts,
            Some((who, Told::Done(part))) => {
                self.ticks[who] = part.total;
                self.parts.push(*part);
            }
            Some((who, Told::Failed(why))) => bail!("generator {who}: {why}"),
        }
        Ok(())
    }

    fn look(&mut self, begun: Instant, closes: Instant) {
        let counts = self.ticks.iter().fold(Counts::default(), |sum, one| sum.plus(*one));
        let look = self.meter.look();
        // The sum of no hubs is minus zero.
        let point = Point { texts: counts.texts, fanned: counts.fanned, memory: look.memory + 0.0, ..look };
        self.points.push(point);
        let whole = (closes - begun).as_secs_f64();
        let done = (begun.elapsed().as_secs_f64() / whole).min(1.0);
        let mut words = format!(
            "{} texts, {} fanned out, {} joins, {} waits ended",
            counts.texts, counts.fanned, counts.joins, counts.waits
        );
        if self.meter.sees_servers() {
            words.push_str(&format!(", {:.0} MiB", point.memory / 1024.0));
        }
        self.progress.tell(&self.run.profile.name, Some(done), &words);
    }

    fn end(&mut self) -> (Point, Look) {
        let stages = if self.run.dialect == Dialect::Usher { Look::at(&self.run.hubs) } else { Look::default() };
        (self.meter.look(), stages)
    }

    /// Exchanges the next hub, off this thread, as it takes its time.
    async fn exchange(&mut self, restarts: &mut Restarts) -> Result<()> {
        let at = restarts.done % self.run.servers.len();
        let mut server = self.run.servers.remove(at);
        self.meter.look();
        let (server, exchanged) = spawn_blocking(move || {
            let exchanged = server.exchange();
            (server, exchanged)
        })
        .await?;
        self.run.servers.insert(at, server);
        exchanged.context("exchanging a hub")?;
        self.meter.set_servers(self.run.servers.iter().map(Server::pid).collect());
        restarts.done += 1;
        self.restarts = restarts.done;
        restarts.next = Instant::now() + restarts.every;
        Ok(())
    }

    fn report(&mut self, ends: Ends) -> Report {
        self.meter.look();
        let mut whole = Part::default();
        self.parts.iter().for_each(|part| whole.merge(part));
        let sees = self.meter.sees_servers();
        // Stopped before the window opened there is nothing to tell of it.
        let ends = ends.opened.zip(ends.closed);
        let figures = Figures {
            part: &whole,
            profile: &self.run.profile,
            ends: ends.as_ref().map(|(opened, closed)| (opened.0, closed.0)),
            sees_servers: sees,
            peak: self.meter.peak,
            idle: self.idle.after.zip(self.idle.before).map(|(after, before)| after - before).filter(|_| sees),
            threads: matches!(self.run.stuff, Stuff::Threads),
            restarts: self.run.profile.deploy.as_ref().map(|_| self.restarts),
        };
        let figures: BTreeMap<String, f64> = figures.all();
        let stages = ends.map_or(Vec::new(), |(opened, closed)| closed.1.since(&opened.1));
        let setting = Setting {
            hubs: self.run.hubs.len(),
            hub_version: self.hub_version.take(),
            generators: self.crew.len(),
            sees_servers: sees,
        };
        Report::new(self.run.profile.clone(), setting, figures, whole, stages, std::mem::take(&mut self.points))
    }
}

/// When hubs are exchanged.
struct Restarts {
    left: usize,
    done: usize,
    every: Duration,
    next: Instant,
}

// === impl Restarts ===

impl Restarts {
    fn of(profile: &Profile, opens: Instant) -> Restarts {
        let (left, every) = profile.deploy.as_ref().map_or((0, 1.0), |deploy| (deploy.restarts, deploy.every));
        let every = Duration::from_secs_f64(every);
        Restarts { left, done: 0, every, next: opens + every }
    }

    async fn due(&self) {
        if self.done < self.left {
            sleep_until(self.next).await;
        } else {
            // Never: the longest nap of all.
            sleep(Duration::from_secs(1 << 30)).await;
        }
    }
}

/// A number that no run of late has had.
fn number_of_this_run() -> u32 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    // Milliseconds of some weeks, mixed with the process.
    (since.as_millis() as u32).wrapping_add(std::process::id().rotate_left(16))
}
