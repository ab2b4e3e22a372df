//! What somebody hears, and what is made of it. What a connection says is judged by who hears it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::sleep;

use super::FIRST_VISITOR;
use super::scene::Scene;
use super::writer::text_of;
use crate::client::{Client, FIRST_REQUEST};
use crate::dialect::Word;
use crate::judge::faults::Fault;
use crate::judge::{End, Way};
use crate::tag::Tag;

/// How long a refusal that is worth repeating is waited out.
const BREATH: Duration = Duration::from_millis(250);

/// What is special about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearer {
    /// Nothing.
    Plain,
    /// They stop reading now and then: a text is done without them.
    Slow,
    /// They wait for the end of their wait.
    Waiting,
}

/// One person's ears, on whatever connection they have.
pub(super) struct Ear {
    scene: Weak<Scene>,
    pub(super) person: u32,
    /// An agent's id.
    name: String,
    /// Their own lane, for servers whose replies do not say which text they answer.
    pub(super) lane: Cell<Option<u32>>,
    kind: Hearer,
    /// The wait they are in.
    wait: Cell<Option<usize>>,
    repeating: RefCell<Vec<u32>>,
}

// === impl Ear ===

impl Ear {
    pub(super) fn new(scene: &Rc<Scene>, person: u32, name: String, kind: Hearer) -> Rc<Ear> {
        Rc::new(Ear {
            scene: Rc::downgrade(scene),
            person,
            name,
            lane: Cell::new(None),
            kind,
            wait: Cell::new(None),
            repeating: RefCell::default(),
        })
    }

    /// A frame came.
    pub(super) fn hear(self: &Rc<Self>, client: &Rc<Client>, frame: &str) {
        let Some(scene) = self.scene.upgrade().filter(|scene| !scene.deaf.get()) else { return };
        scene.order.dialect.hear(frame, &mut |word| self.word(&scene, client, word));
    }

    fn word(self: &Rc<Self>, scene: &Rc<Scene>, client: &Rc<Client>, word: Word<'_>) {
        match word {
            Word::Reply { id: Some(id), .. } if id >= FIRST_REQUEST => {}
            Word::Reply { id, refused: None, seq, duplicate } => self.answered(scene, id, seq, duplicate),
            Word::Reply { id, refused: Some(code), .. } => self.refused(scene, id, &code),
            Word::Text { text, seq, page } => self.text(scene, &text, seq, page),
            Word::ForAgents if self.person >= FIRST_VISITOR => {
                scene.blame(Fault::Leaked, || format!("visitor {} was shown what is for agents", self.number()));
            }
            // The reply to `start` and a push may both tell of it.
            Word::Waiting { deadline } if self.kind == Hearer::Waiting && self.wait.get().is_none() => {
                self.wait.set(Some(scene.judge.borrow_mut().waiting(deadline)));
            }
            Word::Missed { at, expired } => self.missed(scene, at, expired),
            Word::Row { state, assignee } => self.row(scene, &state, assignee.as_deref()),
            Word::Beat(answer) => client.push(answer),
            Word::Garbled => scene.blame(Fault::Garbled, || "a frame could not be read".into()),
            Word::ForAgents | Word::Waiting { .. } => {}
        }
    }

    fn answered(&self, scene: &Rc<Scene>, id: Option<u64>, seq: Option<u64>, duplicate: bool) {
        let (lane, number) = match (id.map(text_of), self.lane.get()) {
            (Some((lane, number)), _) => (lane, Some(number)),
            (None, Some(lane)) => (lane, None),
            (None, None) => return,
        };
        let Some(writer) = scene.writer(lane) else {
            return scene.blame(Fault::Garbled, || "an answer to nothing that was asked".into());
        };
        let number = number.or_else(|| scene.judge.borrow().next_answer(lane));
        let fresh = scene.judge.borrow_mut().acknowledged(lane, number, seq, duplicate);
        if let (true, Some(number)) = (fresh, number) {
            writer.answered(scene, number);
        }
    }

    fn refused(self: &Rc<Self>, scene: &Rc<Scene>, id: Option<u64>, code: &str) {
        let passing = matches!(code, "unavailable" | "rate_limited");
        let lane = id.map(|id| text_of(id).0).or(self.lane.get());
        let (true, true, Some(lane)) = (passing, scene.is_moving(), lane) else {
            return scene.blame(Fault::Refused, || format!("a text was refused: {code}"));
        };
        // Whatever follows is refused alike until the first of them comes again.
        if self.repeating.borrow().contains(&lane) {
            return;
        }
        self.repeating.borrow_mut().push(lane);
        let (ear, scene) = (self.clone(), scene.clone());
        spawn_local(async move {
            sleep(BREATH).await;
            ear.repeating.borrow_mut().retain(|known| *known != lane);
            if let Some(writer) = scene.writer(lane) {
                writer.repeat(&scene);
            }
        });
    }

    fn text(&self, scene: &Rc<Scene>, text: &str, seq: Option<u64>, page: bool) {
        let Some(tag) = Tag::read(text) else {
            return scene.blame(Fault::Leaked, || format!("person {} was shown a text of nobody here", self.number()));
        };
        if tag.run != scene.order.run || tag.worker != scene.order.worker {
            let (run, worker) = (tag.run == scene.order.run, tag.worker);
            let whose = if run { format!("of generator {worker}") } else { "of another run".into() };
            return scene.blame(Fault::Leaked, || format!("person {} was shown a text {whose}", self.number()));
        }
        let way = if page { Way::Page } else { Way::Push };
        let fresh = scene.judge.borrow_mut().shown(tag.lane, self.person, tag.number, seq, way);
        if let (true, Some(writer)) = (fresh, scene.writer(tag.lane)) {
            writer.delivered(scene, tag.number, self.kind != Hearer::Slow);
        }
    }

    fn missed(&self, scene: &Rc<Scene>, at: u64, expired: bool) {
        let (Some(wait), Some(plan)) = (self.wait.get(), &scene.order.profile.waits) else { return };
        let (heard, doubt) = scene.server_now();
        let ended = scene.judge.borrow_mut().ended(wait, End { at, heard, doubt, expired }, plan.late_ms);
        if let Some(ended) = ended {
            scene.count(|counts| counts.waits += 1);
            scene.times.borrow_mut().lateness.add(Duration::from_millis(ended.late_ms));
        }
    }

    fn row(&self, scene: &Rc<Scene>, state: &str, assignee: Option<&str>) {
        // Who signs in as a plain agent sees what is nobody's, and what is theirs.
        let theirs = assignee == Some(&self.name);
        if (state == "assigned" && !theirs) || state == "bot" {
            scene.blame(Fault::Leaked, || format!("agent {} was shown a row of another agent", self.number()));
        }
    }

    fn number(&self) -> u32 {
        self.person % FIRST_VISITOR
    }
}
