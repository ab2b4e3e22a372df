//! What somebody hears, and what is made of it. What a connection says is judged by who hears it.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::{Rc, Weak};
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::sleep;

use super::FIRST_VISITOR;
use super::scene::Scene;
use super::writer::text_of;
use crate::client::{Client, FIRST_REQUEST};
use crate::dialect::{Origin, Word};
use crate::judge::faults::Fault;
use crate::judge::{Begin, End, Way};
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
    /// An agent's own conversations.
    own: RefCell<HashSet<String>>,
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
            own: RefCell::default(),
            repeating: RefCell::default(),
        })
    }

    /// A frame came.
    pub(super) fn hear(self: &Rc<Self>, client: &Rc<Client>, frame: &str) {
        let Some(scene) = self.scene.upgrade().filter(|scene| !scene.deaf.get()) else { return };
        scene.order.dialect.hear(frame, &mut |word| match word {
            Word::Beat(answer) => client.push(answer),
            word => self.word(&scene, word),
        });
    }

    fn word(self: &Rc<Self>, scene: &Rc<Scene>, word: Word<'_>) {
        match word {
            Word::Reply { id: Some(id), .. } if id >= FIRST_REQUEST => scene.judge.borrow_mut().page(),
            Word::Reply { id, refused: None, seq, duplicate } => self.answered(scene, id, seq, duplicate),
            Word::Reply { id, refused: Some(code), .. } => self.refused(scene, id, &code),
            Word::Text { text, seq, page, origin } => self.text(scene, &text, seq, page, origin.as_ref()),
            Word::Unordered => {
                scene.blame(Fault::Reordered, || format!("person {} was shown a frame out of order", self.number()));
            }
            Word::ForAgents if self.person >= FIRST_VISITOR => {
                scene.blame(Fault::Leaked, || format!("visitor {} was shown what is for agents", self.number()));
            }
            Word::Waiting { at, deadline } => self.announced(scene, at, deadline),
            Word::Missed { at, expired } => self.missed(scene, at, expired),
            Word::Row { conversation, preview, state, assignee } => {
                self.row(scene, &conversation, &state, assignee.as_deref());
                self.glimpse(scene, &conversation, &preview);
            }
            Word::Notice { reason, conversation, body } => {
                if reason != "unassigned" && !self.own.borrow().contains(&*conversation) {
                    scene.blame(Fault::Leaked, || format!("agent {} was notified of another's", self.number()));
                }
                self.glimpse(scene, &conversation, &body);
            }
            // Nobody in a run does.
            Word::Typing => scene.blame(Fault::Leaked, || format!("person {} was told who types", self.number())),
            Word::Garbled => scene.blame(Fault::Garbled, || "a frame could not be read".into()),
            Word::ForAgents | Word::Beat(_) => {}
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

    fn text(&self, scene: &Rc<Scene>, text: &str, seq: Option<u64>, page: bool, origin: Option<&Origin<'_>>) {
        let Some((tag, rest)) = Tag::split(text) else {
            return scene.blame(Fault::Leaked, || format!("person {} was shown a text of nobody here", self.number()));
        };
        if tag.run != scene.order.run || tag.worker != scene.order.worker {
            let (run, worker) = (tag.run == scene.order.run, tag.worker);
            let whose = if run { format!("of generator {worker}") } else { "of another run".into() };
            return scene.blame(Fault::Leaked, || format!("person {} was shown a text {whose}", self.number()));
        }
        let writer = scene.writer(tag.lane);
        if let (Some(writer), Some(origin)) = (&writer, origin)
            && let Some((fault, how)) = writer.belied(origin, rest)
        {
            let (lane, number) = (tag.lane, tag.number);
            scene.blame(fault, || format!("lane {lane}: text {number} was shown to person {} {how}", self.number()));
        }
        let way = if page { Way::Page } else { Way::Push };
        let fresh = scene.judge.borrow_mut().shown(tag.lane, self.person, tag.number, seq, way);
        if let (true, Some(writer)) = (fresh, writer) {
            writer.delivered(scene, tag.number, self.kind != Hearer::Slow);
        }
    }

    /// They are about to begin a wait: the ledger knows of it, whether or not the hub ever tells.
    pub(super) fn wait(&self, scene: &Scene) {
        let earliest = scene.server_now().0 + scene.order.profile.wait_ms;
        self.wait.set(Some(scene.judge.borrow_mut().waiting(earliest)));
    }

    /// Their request to begin it was answered, or it was not.
    pub(super) fn waits(&self, scene: &Scene, begun: bool) {
        let Some(wait) = self.wait.get() else { return };
        let (now, doubt) = scene.server_now();
        let mut judge = scene.judge.borrow_mut();
        match begun {
            true => judge.begun(wait, now + doubt + scene.order.profile.wait_ms),
            false => judge.forget(wait),
        }
    }

    /// The reply to `start` and a push may both tell of it.
    fn announced(&self, scene: &Scene, at: u64, deadline: u64) {
        let Some(wait) = self.wait.get() else { return };
        let (now, doubt) = scene.server_now();
        let begin = Begin { at, deadline, wait_ms: scene.order.profile.wait_ms, heard: now + doubt };
        scene.judge.borrow_mut().announced(wait, begin);
    }

    fn missed(&self, scene: &Rc<Scene>, at: u64, expired: bool) {
        if self.kind != Hearer::Waiting {
            return;
        }
        let (Some(wait), Some(plan)) = (self.wait.get(), &scene.order.profile.waits) else {
            return scene.blame(Fault::Early, || format!("visitor {} heard the end of no wait", self.number()));
        };
        let (heard, doubt) = scene.server_now();
        let ended = scene.judge.borrow_mut().ended(wait, End { at, heard, doubt, expired }, plan.late_ms);
        if let Some(ended) = ended {
            scene.count(|counts| counts.waits += 1);
            scene.times.borrow_mut().lateness.add(Duration::from_millis(ended.late_ms));
        }
    }

    /// An agent takes a conversation: from now on they may be told of it.
    pub(super) fn owns(&self, conversation: &str) {
        self.own.borrow_mut().insert(conversation.to_owned());
    }

    fn row(&self, scene: &Rc<Scene>, conversation: &str, state: &str, assignee: Option<&str>) {
        // Who signs in as a plain agent sees what is nobody's, and what is theirs.
        let theirs = assignee == Some(&self.name) && self.own.borrow().contains(conversation);
        if (state == "assigned" && !theirs) || state == "bot" {
            scene.blame(Fault::Leaked, || format!("agent {} was shown a row of another agent", self.number()));
        }
    }

    /// A text shows in a row or a notice: it must be one of this run, and of that conversation. Other generators'
    /// conversations are not known here.
    fn glimpse(&self, scene: &Rc<Scene>, conversation: &str, text: &str) {
        let Some(tag) = Tag::read(text) else { return };
        let ours = tag.worker == scene.order.worker;
        let fits = || scene.writer(tag.lane).is_some_and(|writer| writer.is_in(conversation));
        if tag.run != scene.order.run || (ours && !fits()) {
            scene.blame(Fault::Leaked, || format!("agent {} saw a text in a row that is not its own", self.number()));
        }
    }

    fn number(&self) -> u32 {
        self.person % FIRST_VISITOR
    }
}

#[cfg(test)]
mod tests;
