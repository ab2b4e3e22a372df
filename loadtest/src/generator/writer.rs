//! One author's texts in one conversation: what is under way, since when it is due, and who lacks it still.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use super::desk;
use super::scene::Scene;
use crate::client::Client;
use crate::dialect::Origin;
use crate::judge::faults::Fault;

/// Ids of texts: the lane above, the number below. Socket.IO's ids must fit a double.
const NUMBER_BITS: u32 = 32;

/// Whose texts these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A visitor's to their agent.
    Visitor,
    /// An agent's to their visitor.
    Answer,
    /// A visitor's to all who watch.
    Fanned,
}

pub(super) struct Writer {
    lane: u32,
    kind: Kind,
    /// An agent's id.
    name: String,
    /// The conversation or address it writes to.
    place: RefCell<String>,
    /// How many must have a text before it is done. Slow readers are not waited for.
    readers: u32,
    head: RefCell<String>,
    padding: String,
    client: RefCell<Option<Rc<Client>>>,
    /// Sends again as soon as a text is done.
    pub(super) closed_loop: Cell<bool>,
    /// Whether it counts how long its texts take.
    pub(super) timed: Cell<bool>,
    under_way: RefCell<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    /// The number of the first.
    first: u64,
    texts: VecDeque<Text>,
}

struct Text {
    due: Instant,
    answered: bool,
    lacking: u32,
    /// Answered, lacking to nobody, and counted.
    done: bool,
}

/// The id of a text's request.
pub(super) fn id_of(lane: u32, number: u64) -> u64 {
    u64::from(lane) << NUMBER_BITS | number
}

/// Lane and number of a text's request.
pub(super) fn text_of(id: u64) -> (u32, u64) {
    ((id >> NUMBER_BITS) as u32, id & ((1 << NUMBER_BITS) - 1))
}

// === impl Writer ===

impl Writer {
    /// A writer on a lane of the judge's; it has nowhere to write to yet.
    pub(super) fn new(scene: &Scene, author: u32, kind: Kind, readers: u32, bytes: usize) -> Rc<Writer> {
        let lane = scene.judge.borrow_mut().lane(author, scene.order.dialect.answers());
        let head = scene.tag(lane, 1).to_string().len() + 1;
        let writer = Rc::new(Writer {
            lane,
            kind,
            name: if kind == Kind::Answer { desk::name(scene, author) } else { String::new() },
            place: RefCell::default(),
            readers,
            head: RefCell::default(),
            padding: "x".repeat(bytes.saturating_sub(head)),
            client: RefCell::default(),
            closed_loop: Cell::new(false),
            timed: Cell::new(true),
            under_way: RefCell::new(UnderWay { first: 1, texts: VecDeque::new() }),
        });
        scene.add_writer(writer.clone());
        writer
    }

    pub(super) fn lane(&self) -> u32 {
        self.lane
    }

    /// Where it writes from now on: over this connection, to this conversation or address.
    pub(super) fn attach(&self, scene: &Scene, client: &Rc<Client>, to: &str) {
        self.client.replace(Some(client.clone()));
        self.move_to(scene, to);
    }

    /// Its texts belong there.
    pub(super) fn move_to(&self, scene: &Scene, to: &str) {
        self.head.replace(scene.order.dialect.head(to));
        self.place.replace(to.to_owned());
    }

    /// Whether it writes there.
    pub(super) fn is_in(&self, conversation: &str) -> bool {
        *self.place.borrow() == conversation
    }

    /// What is wrong with how the hub shows a text of this writer; `rest` is what stands behind its tag.
    pub(super) fn belied(&self, origin: &Origin<'_>, rest: &str) -> Option<(Fault, &'static str)> {
        let kind = if self.kind == Kind::Answer { "agent" } else { "visitor" };
        match () {
            () if !origin.conversation.is_empty() && !self.is_in(&origin.conversation) => {
                Some((Fault::Leaked, "in another conversation"))
            }
            () if origin.kind != kind || (self.kind == Kind::Answer && origin.id != self.name) => {
                Some((Fault::Garbled, "under another's name"))
            }
            () if rest != self.padding => Some((Fault::Garbled, "damaged")),
            () => None,
        }
    }

    /// Sends one more text, which was due then.
    pub(super) fn send(&self, scene: &Scene, due: Instant) {
        if scene.finished.get() {
            return;
        }
        let number = scene.judge.borrow_mut().sent(self.lane);
        let answered = !scene.order.dialect.answers();
        self.under_way.borrow_mut().texts.push_back(Text { due, answered, lacking: self.readers, done: false });
        if self.is_timed(scene, due) {
            scene.times.borrow_mut().lag.add(due.elapsed());
        }
        self.push(scene, number);
    }

    /// Sends again, with the same keys, what was not answered before.
    pub(super) fn repeat(&self, scene: &Scene) {
        let unanswered: Vec<u64> = {
            let under_way = self.under_way.borrow();
            let numbered = under_way.texts.iter().zip(under_way.first..);
            numbered.filter(|(text, _)| !text.answered).map(|(_, number)| number).collect()
        };
        scene.count(|counts| counts.repeats += unanswered.len() as u64);
        unanswered.into_iter().for_each(|number| self.push(scene, number));
    }

    /// The sender was answered.
    pub(super) fn answered(&self, scene: &Scene, number: u64) {
        let due = self.text(number, |text| {
            text.answered = true;
            text.due
        });
        if let Some(due) = due.filter(|due| self.is_timed(scene, *due) && self.kind != Kind::Fanned) {
            scene.times.borrow_mut().reply.add(due.elapsed());
        }
        self.settle(scene, number);
    }

    /// One reader has it.
    pub(super) fn delivered(&self, scene: &Scene, number: u64, waited_for: bool) {
        let due = self.text(number, |text| {
            text.lacking = text.lacking.saturating_sub(u32::from(waited_for));
            text.due
        });
        if self.kind == Kind::Fanned {
            scene.count(|counts| counts.fanned += 1);
        }
        if let Some(due) = due.filter(|due| waited_for && self.is_timed(scene, *due)) {
            let mut times = scene.times.borrow_mut();
            match self.kind {
                Kind::Fanned => times.fanned.add(due.elapsed()),
                Kind::Visitor | Kind::Answer => times.delivery.add(due.elapsed()),
            }
        }
        self.settle(scene, number);
    }

    fn is_timed(&self, scene: &Scene, due: Instant) -> bool {
        self.timed.get() && scene.is_timed(due)
    }

    fn push(&self, scene: &Scene, number: u64) {
        let text = format!("{} {}", scene.tag(self.lane, number), self.padding);
        let frame = scene.order.dialect.say(&self.head.borrow(), id_of(self.lane, number), number, &text);
        if let Some(client) = &*self.client.borrow() {
            client.push(&frame);
        }
    }

    /// Changes a text that is under way.
    fn text<T>(&self, number: u64, change: impl FnOnce(&mut Text) -> T) -> Option<T> {
        self.under_way.borrow_mut().text(number).map(change)
    }

    /// Counts a text that is done by now, and lets go of what is.
    fn settle(&self, scene: &Scene, number: u64) {
        if !self.under_way.borrow_mut().settle(number) {
            return;
        }
        scene.count(|counts| match self.kind {
            Kind::Visitor => counts.texts += 1,
            Kind::Answer => counts.answers += 1,
            Kind::Fanned => {}
        });
        if self.closed_loop.get() {
            self.send(scene, Instant::now());
        }
    }
}

// === impl UnderWay ===

impl UnderWay {
    fn text(&mut self, number: u64) -> Option<&mut Text> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.texts.get_mut(at)
    }

    /// Whether a text has just been done. One that is lost keeps those behind it from being let go of, not from being
    /// done.
    fn settle(&mut self, number: u64) -> bool {
        let done = self.text(number).is_some_and(|text| {
            let done = text.answered && text.lacking == 0;
            done && !std::mem::replace(&mut text.done, true)
        });
        while self.texts.front().is_some_and(|text| text.done) {
            self.texts.pop_front();
            self.first += 1;
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::FIRST_REQUEST;

    #[test]
    fn j3_a_text_that_is_never_done_keeps_no_later_one_from_being_counted() {
        let text = |answered, lacking| Text { due: Instant::now(), answered, lacking, done: false };
        let texts = [text(true, 0), text(true, 1), text(true, 0), text(false, 0), text(true, 0)].into();
        let mut under_way = UnderWay { first: 1, texts };
        let counted: Vec<bool> = [1, 2, 3, 3, 4, 5, 6].map(|number| under_way.settle(number)).into();
        assert_eq!(counted, [true, false, true, false, false, true, false]);
        assert_eq!((under_way.first, under_way.texts.len()), (2, 4));
        under_way.text(2).unwrap().lacking = 0;
        assert!(under_way.settle(2));
        assert_eq!((under_way.first, under_way.texts.len()), (4, 2));
    }

    #[test]
    fn j2_a_requests_id_tells_lane_and_number_and_fits_a_double() {
        for (lane, number) in [(0, 1), (7, 1 << 31), ((1 << 20) - 1, u64::from(u32::MAX))] {
            let id = id_of(lane, number);
            assert_eq!(text_of(id), (lane, number));
            assert!(id < FIRST_REQUEST);
        }
    }
}
