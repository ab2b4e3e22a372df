//! The workload: every visitor talks to their one agent. Judges while it measures: each text must arrive once, in the
//! order sent, at the agent it belongs to, and be acknowledged in that order.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde::Deserialize;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::client::Client;
use crate::sample::Window;

/// How long the last texts of a window may take to come home.
const HOMECOMING: Duration = Duration::from_secs(10);

/// All conversations and what has been seen of them.
pub(crate) struct Traffic {
    lanes: Vec<Lane>,
    padding: String,
    /// While set, a visitor sends again as soon as their last text has been delivered and acknowledged.
    closed_loop: Cell<bool>,
    /// Texts delivered and acknowledged.
    done: Cell<u64>,
    /// Only texts due from then on are timed.
    timed_from: Cell<Option<Instant>>,
    delivery: RefCell<Vec<u32>>,
    reply: RefCell<Vec<u32>>,
    fault: RefCell<Option<String>>,
}

/// One visitor's conversation.
#[derive(Default)]
struct Lane {
    joined: OnceCell<(Rc<Client>, String)>,
    sent: Cell<u64>,
    delivered: Cell<u64>,
    acknowledged: Cell<u64>,
    seq: Cell<u64>,
    /// When the texts under way were due, for either end.
    undelivered: RefCell<VecDeque<Instant>>,
    unacknowledged: RefCell<VecDeque<Instant>>,
}

/// What may matter in a frame from the server.
#[derive(Deserialize)]
struct Heard<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    id: Option<u64>,
    ok: Option<bool>,
    seq: Option<u64>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    events: Vec<HeardEvent<'a>>,
}

#[derive(Deserialize)]
struct HeardEvent<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    by: HeardAuthor<'a>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct HeardAuthor<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

// === impl Traffic ===

impl Traffic {
    /// Room for so many visitors, with texts of so many bytes.
    pub(crate) fn new(visitors: usize, text_bytes: usize) -> Rc<Traffic> {
        let head = text_of(0, 0, "").len();
        Rc::new(Traffic {
            lanes: (0..visitors).map(|_| Lane::default()).collect(),
            padding: "x".repeat(text_bytes.saturating_sub(head)),
            closed_loop: Cell::new(false),
            done: Cell::new(0),
            timed_from: Cell::new(None),
            delivery: RefCell::default(),
            reply: RefCell::default(),
            fault: RefCell::default(),
        })
    }

    /// A visitor is in conversation with their agent.
    pub(crate) fn joined(&self, visitor: usize, client: Rc<Client>, conversation: &str) {
        let before = format!(r#""conversation":"{conversation}","key":""#);
        if self.lanes[visitor].joined.set((client, before)).is_err() {
            self.blame(format!("visitor {visitor} joined twice"));
        }
    }

    /// A frame reached a visitor.
    pub(crate) fn visitor_heard(&self, visitor: usize, text: &str) {
        if !text.contains("\"reply\"") {
            return self.blame_goodbye(text);
        }
        let Ok(heard) = serde_json::from_str::<Heard<'_>>(text) else {
            return self.blame(format!("not readable: {text}"));
        };
        if heard.kind != "reply" {
            return;
        }
        if heard.ok != Some(true) {
            return self.blame(format!("a text was refused: {text}"));
        }
        self.acknowledged(visitor, heard.id, heard.seq);
    }

    /// A frame reached an agent, who serves every `agents`-th visitor.
    pub(crate) fn agent_heard(&self, agent: usize, agents: usize, text: &str) {
        if !(text.contains("\"events\"") || text.contains("\"send\"")) {
            return self.blame_goodbye(text);
        }
        let Ok(heard) = serde_json::from_str::<Heard<'_>>(text) else {
            return self.blame(format!("not readable: {text}"));
        };
        if heard.kind == "send" {
            return self.delivered(agent, agents, heard.text.as_deref().unwrap_or_default());
        }
        for event in heard.events {
            if event.kind == "message" && event.by.kind == "visitor" {
                self.delivered(agent, agents, event.text.as_deref().unwrap_or_default());
            }
        }
    }

    /// Every visitor sends, and again when their last text has come home; the window opens after the warm-up.
    pub(crate) async fn closed_loop(
        &self,
        warm_up: Duration,
        window: Duration,
        mut meter: impl FnMut() -> Result<Window>,
    ) -> Result<Window> {
        self.closed_loop.set(true);
        let now = Instant::now();
        (0..self.lanes.len()).for_each(|visitor| self.send(visitor, now));
        sleep(warm_up).await;
        let (start, before, done) = (Instant::now(), meter()?, self.done.get());
        sleep(window).await;
        let mut measured = meter()?.since(&before, start.elapsed());
        measured.texts = self.done.get() - done;
        self.closed_loop.set(false);
        self.come_home().await?;
        Ok(measured)
    }

    /// Texts at a fixed rate, visitor after visitor, each timed from when it was due and not from when it was sent: a
    /// stall of the server, or ours, counts in full.
    pub(crate) async fn open_loop(
        &self,
        rate: f64,
        warm_up: Duration,
        window: Duration,
        mut meter: impl FnMut() -> Result<Window>,
    ) -> Result<Window> {
        let start = Instant::now();
        let opens = start + warm_up;
        self.timed_from.set(Some(opens));
        let mut number = self.pace(0, start, opens, rate).await;
        let (opened, first, before) = (Instant::now(), number, meter()?);
        number = self.pace(number, start, opens + window, rate).await;
        let mut measured = meter()?.since(&before, opened.elapsed());
        measured.texts = number - first;
        self.come_home().await?;
        self.timed_from.set(None);
        measured.delivery = sorted(self.delivery.take());
        measured.reply = sorted(self.reply.take());
        Ok(measured)
    }

    /// Fails when anything went wrong so far.
    pub(crate) fn verdict(&self) -> Result<()> {
        if let Some(fault) = &*self.fault.borrow() {
            bail!("{fault}");
        }
        for (visitor, lane) in self.lanes.iter().enumerate() {
            if let Some(why) = lane.joined.get().and_then(|(client, _)| client.ended()) {
                bail!("visitor {visitor} lost the connection: {why}");
            }
        }
        Ok(())
    }

    /// Texts sent so far, and so, once home, delivered and acknowledged.
    pub(crate) fn sent(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.sent.get()).sum()
    }

    /// Sends what falls due until then. Spins instead of sleeping: a timer of ours would be a millisecond late and the
    /// server would be blamed for it.
    async fn pace(&self, mut number: u64, start: Instant, until: Instant, rate: f64) -> u64 {
        loop {
            let now = Instant::now().min(until);
            let due = ((now - start).as_secs_f64() * rate) as u64;
            while number < due {
                let when = start + Duration::from_secs_f64(number as f64 / rate);
                self.send((number % self.lanes.len() as u64) as usize, when);
                number += 1;
            }
            if now == until {
                return number;
            }
            yield_now().await;
        }
    }

    async fn come_home(&self) -> Result<()> {
        let deadline = Instant::now() + HOMECOMING;
        loop {
            let under_way: u64 = self.lanes.iter().map(Lane::under_way).sum();
            self.verdict()?;
            if under_way == 0 {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{under_way} texts were not delivered and acknowledged within {HOMECOMING:?}");
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn send(&self, visitor: usize, due: Instant) {
        let lane = &self.lanes[visitor];
        let Some((client, middle)) = lane.joined.get() else { return };
        let number = lane.sent.get() + 1;
        lane.sent.set(number);
        lane.undelivered.borrow_mut().push_back(due);
        lane.unacknowledged.borrow_mut().push_back(due);
        let text = text_of(visitor, number, &self.padding);
        client.push(&format!(r#"{{"type":"send","id":{number},{middle}{number}","text":"{text}"}}"#));
    }

    fn delivered(&self, agent: usize, agents: usize, text: &str) {
        let Some((visitor, number)) = sender_of(text) else {
            return self.blame(format!("not one of our texts: {text}"));
        };
        let Some(lane) = self.lanes.get(visitor) else { return self.blame(format!("no such visitor: {text}")) };
        if visitor % agents != agent {
            return self.blame(format!("agent {agent} was shown a text of visitor {visitor}, who is not theirs"));
        }
        let expected = lane.delivered.get() + 1;
        let Some(due) = lane.undelivered.borrow_mut().pop_front().filter(|_| number == expected) else {
            return self.blame(format!("visitor {visitor}: text {number} arrived where {expected} was next"));
        };
        lane.delivered.set(number);
        self.time(&self.delivery, due);
        self.step(visitor, lane.acknowledged.get() >= number);
    }

    fn acknowledged(&self, visitor: usize, id: Option<u64>, seq: Option<u64>) {
        let lane = &self.lanes[visitor];
        let number = lane.acknowledged.get() + 1;
        let Some(due) = lane.unacknowledged.borrow_mut().pop_front().filter(|_| id.is_none_or(|id| id == number))
        else {
            return self.blame(format!("visitor {visitor}: reply to {id:?} where {number} was next"));
        };
        if seq.is_some_and(|seq| seq <= lane.seq.replace(seq)) {
            return self.blame(format!("visitor {visitor}: seq did not rise at text {number}"));
        }
        lane.acknowledged.set(number);
        self.time(&self.reply, due);
        self.step(visitor, lane.delivered.get() >= number);
    }

    /// One end of a text is done; when the other is too, the text is.
    fn step(&self, visitor: usize, both: bool) {
        if !both {
            return;
        }
        self.done.set(self.done.get() + 1);
        if self.closed_loop.get() {
            self.send(visitor, Instant::now());
        }
    }

    fn time(&self, times: &RefCell<Vec<u32>>, due: Instant) {
        if self.timed_from.get().is_some_and(|from| due >= from) {
            times.borrow_mut().push(due.elapsed().as_micros().min(u128::from(u32::MAX)) as u32);
        }
    }

    /// Keeps the first fault; what follows is often its echo.
    fn blame(&self, fault: String) {
        self.closed_loop.set(false);
        self.fault.borrow_mut().get_or_insert(fault);
    }

    fn blame_goodbye(&self, text: &str) {
        if text.contains("\"goodbye\"") {
            self.blame(format!("the server said goodbye: {text}"));
        }
    }
}

// === impl Lane ===

impl Lane {
    fn under_way(&self) -> u64 {
        self.sent.get() - self.delivered.get().min(self.acknowledged.get())
    }
}

fn text_of(visitor: usize, number: u64, padding: &str) -> String {
    format!("v{visitor:06} n{number:09} {padding}")
}

fn sender_of(text: &str) -> Option<(usize, u64)> {
    let mut words = text.split(' ');
    let visitor = words.next()?.strip_prefix('v')?.parse().ok()?;
    let number = words.next()?.strip_prefix('n')?.parse().ok()?;
    Some((visitor, number))
}

fn sorted(mut times: Vec<u32>) -> Vec<u32> {
    times.sort_unstable();
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(text: &str) -> String {
        format!(
            r#"{{"type":"events","conversation":"c_1","events":[{{"seq":5,"at":1,"by":{{"kind":"visitor","id":"v_1"}},"type":"message","key":"1","text":"{text}"}}]}}"#
        )
    }

    fn traffic() -> Rc<Traffic> {
        let traffic = Traffic::new(4, 100);
        for lane in &traffic.lanes {
            lane.sent.set(2);
            lane.undelivered.borrow_mut().extend([Instant::now(); 2]);
            lane.unacknowledged.borrow_mut().extend([Instant::now(); 2]);
        }
        traffic
    }

    #[test]
    fn r13_a_text_shown_to_an_agent_whose_it_is_not_fails_the_run() {
        let traffic = traffic();
        traffic.agent_heard(1, 2, &push(&text_of(2, 1, "")));
        assert!(traffic.verdict().unwrap_err().to_string().contains("not theirs"));
    }

    #[test]
    fn p7_a_text_delivered_twice_or_out_of_order_fails_the_run() {
        let twice = traffic();
        twice.agent_heard(0, 2, &push(&text_of(2, 1, "")));
        twice.verdict().unwrap();
        twice.agent_heard(0, 2, &push(&text_of(2, 1, "")));
        assert!(twice.verdict().unwrap_err().to_string().contains("text 1 arrived where 2 was next"));
        let swapped = traffic();
        swapped.agent_heard(0, 2, &push(&text_of(2, 2, "")));
        assert!(swapped.verdict().is_err());
    }

    #[test]
    fn p7_a_text_is_done_when_it_was_both_delivered_and_acknowledged() {
        let traffic = traffic();
        traffic.agent_heard(0, 2, &push(&text_of(2, 1, "")));
        assert_eq!(traffic.done.get(), 0);
        traffic.visitor_heard(2, r#"{"type":"reply","id":1,"ok":true,"seq":7,"at":12}"#);
        assert_eq!(traffic.done.get(), 1);
        traffic.visitor_heard(2, r#"{"type":"reply","id":2,"ok":true,"seq":7,"at":12}"#);
        assert!(traffic.verdict().unwrap_err().to_string().contains("seq did not rise"));
    }

    #[test]
    fn p6_a_refused_text_fails_the_run() {
        let traffic = traffic();
        traffic
            .visitor_heard(0, r#"{"type":"reply","id":1,"ok":false,"error":{"code":"rate_limited","message":"slow"}}"#);
        assert!(traffic.verdict().unwrap_err().to_string().contains("rate_limited"));
    }

    #[test]
    fn o_texts_have_the_length_asked_for() {
        let traffic = Traffic::new(1, 100);
        assert_eq!(text_of(17, 23, &traffic.padding).len(), 100);
        assert_eq!(sender_of(&text_of(17, 23, &traffic.padding)), Some((17, 23)));
    }
}
