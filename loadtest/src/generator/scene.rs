//! What all people of one generator share.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::order::{Counts, Durations, Order, Part};
use super::writer::Writer;
use crate::dialect::nats;
use crate::judge::Judge;
use crate::judge::faults::Fault;
use crate::tag::Tag;

/// One generator's run.
pub(super) struct Scene {
    pub(super) order: Order,
    pub(super) judge: RefCell<Judge>,
    pub(super) times: RefCell<Durations>,
    pub(super) counts: Cell<Counts>,
    /// By lane.
    writers: RefCell<Vec<Rc<Writer>>>,
    window: Cell<Option<Window>>,
    /// No new texts.
    pub(super) finished: Cell<bool>,
    /// What comes now is no showing: logs are being read back.
    pub(super) deaf: Cell<bool>,
    /// Connections may end now.
    pub(super) closing: Cell<bool>,
    closed: Notify,
    pub(super) storm: Cell<(f64, u64)>,
    last_dial: Cell<usize>,
    clock: Cell<Option<Clock>>,
}

#[derive(Clone, Copy)]
struct Window {
    opens: Instant,
    closes: Instant,
    /// What was counted when it opened; set by the first count inside.
    before: Option<Counts>,
    after: Option<Counts>,
}

/// What is known of the server's clock, in milliseconds.
#[derive(Clone, Copy)]
struct Clock {
    /// It is ahead of ours by this at least …
    ahead: i64,
    /// … and by so much more at most.
    doubt: u64,
}

fn own_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}

// === impl Scene ===

impl Scene {
    pub(super) fn new(order: Order) -> Rc<Scene> {
        Rc::new(Scene {
            order,
            judge: RefCell::default(),
            times: RefCell::default(),
            counts: Cell::default(),
            writers: RefCell::default(),
            window: Cell::new(None),
            finished: Cell::new(false),
            deaf: Cell::new(false),
            closing: Cell::new(false),
            closed: Notify::new(),
            storm: Cell::default(),
            last_dial: Cell::new(0),
            clock: Cell::new(None),
        })
    }

    /// The window opens after the warm-up.
    pub(super) fn open(&self, warm_up: Duration, window: Duration) {
        let opens = Instant::now() + warm_up;
        self.window.set(Some(Window { opens, closes: opens + window, before: None, after: None }));
    }

    /// When the window opens and closes.
    pub(super) fn window(&self) -> Option<(Instant, Instant)> {
        self.window.get().map(|window| (window.opens, window.closes))
    }

    /// Waits for the end of the window.
    pub(super) async fn until_closed(&self) {
        if let Some((_, closes)) = self.window() {
            sleep_until(closes.into()).await;
        }
    }

    /// Whether something that was due then is timed.
    pub(super) fn is_timed(&self, due: Instant) -> bool {
        self.window().is_some_and(|(opens, closes)| opens <= due && due < closes)
    }

    /// Counts something, now.
    pub(super) fn count(&self, one: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        if let Some(mut window) = self.window.get() {
            let now = Instant::now();
            if window.before.is_none() && now >= window.opens {
                window.before = Some(counts);
                self.window.set(Some(window));
            }
            if window.after.is_none() && now >= window.closes {
                window.after = Some(counts);
                self.window.set(Some(window));
            }
        }
        one(&mut counts);
        self.counts.set(counts);
    }

    pub(super) fn tick(&self) -> Counts {
        // Looks at the clock for the window's sake.
        self.count(|_| {});
        self.counts.get()
    }

    /// No new texts from now on.
    pub(super) fn finish(&self) {
        self.finished.set(true);
        self.count(|_| {});
    }

    /// Everybody may go.
    pub(super) fn close(&self) {
        self.closing.set(true);
        self.closed.notify_waiters();
    }

    pub(super) fn add_writer(&self, writer: Rc<Writer>) {
        self.writers.borrow_mut().push(writer);
    }

    pub(super) fn writer(&self, lane: u32) -> Option<Rc<Writer>> {
        self.writers.borrow().get(lane as usize).cloned()
    }

    pub(super) fn blame(&self, fault: Fault, example: impl FnOnce() -> String) {
        self.judge.borrow_mut().blame(fault, example);
    }

    /// What had to be done while the load ran was not: that is no failure of the run but one of the server.
    pub(super) fn failed(&self, what: &str, error: &anyhow::Error) {
        self.blame(Fault::of(error), || format!("{what}: {error:#}"));
    }

    pub(super) fn tag(&self, lane: u32, number: u64) -> Tag {
        Tag { run: self.order.run, worker: self.order.worker, lane, number }
    }

    /// The hub of somebody who has been turned away so often.
    pub(super) fn hub(&self, number: usize, tries: usize) -> SocketAddr {
        self.order.hubs[(number + tries) % self.order.hubs.len()]
    }

    /// A visitor's number on a relay, which all generators share.
    pub(super) fn relay_number(&self, number: usize) -> usize {
        self.order.worker as usize * 1_000_000_000 + number
    }

    /// Where answers to a person come on NATS, which all generators share.
    pub(super) fn inbox(&self, person: u32) -> String {
        nats::inbox(self.order.worker, person)
    }

    /// An address of ours to come from, another each time.
    pub(super) fn source(&self) -> Option<IpAddr> {
        let sources = usize::from(self.order.sources);
        let next = self.last_dial.replace(self.last_dial.get() + 1);
        (sources > 0).then(|| IpAddr::V4(Ipv4Addr::new(127, 0, 0, (next % sources) as u8 + 1)))
    }

    /// Whether connections may be ended by hubs that are being exchanged.
    pub(super) fn is_moving(&self) -> bool {
        self.order.profile.deploy.is_some()
    }

    /// Now by the server's clock, at the earliest, and how much later it may be; in milliseconds.
    pub(super) fn server_now(&self) -> (u64, u64) {
        let clock = self.clock.get().unwrap_or(Clock { ahead: 0, doubt: 0 });
        ((own_now() + clock.ahead).max(0) as u64, clock.doubt)
    }

    /// The server told its time in an answer that took so long; the quickest answer is believed.
    pub(super) fn set_clock(&self, server_time: Option<u64>, took: Duration) {
        let Some(time) = server_time.and_then(|time| i64::try_from(time).ok()) else { return };
        let doubt = took.as_millis() as u64;
        if self.clock.get().is_none_or(|known| doubt < known.doubt) {
            self.clock.set(Some(Clock { ahead: time - own_now(), doubt }));
        }
    }

    /// What came out.
    pub(super) fn part(&self, cut_short: bool, cpu: f64) -> Part {
        let judge = self.judge.take();
        let total = self.counts.get();
        let window = self.window.get().map_or(Counts::default(), |window| {
            let before = window.before.unwrap_or(total);
            window.after.unwrap_or(total).since(before)
        });
        let sent = judge.texts();
        Part {
            window,
            total,
            sent,
            storm_seconds: self.storm.get().0,
            storm_joins: self.storm.get().1,
            times: self.times.take(),
            faults: judge.verdict(cut_short),
            cpu,
            spare: 0.0,
            cut_short,
        }
    }
}
