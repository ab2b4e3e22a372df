//! Frames as a wrong hub would send them.

use super::*;
use crate::generator::desk;
use crate::generator::tests::{faults, scene};
use crate::generator::writer::{Kind, Writer};
use crate::judge::faults::Faults;

const AGENT: u32 = 3;
const VISITOR: u32 = FIRST_VISITOR;
const OURS: &str = "c_1";

/// A visitor's lane and the agent's in one conversation, with a text sent on each, and who hears of it.
struct Pair {
    scene: Rc<Scene>,
    agent: Rc<Ear>,
    visitor: Rc<Ear>,
}

impl Pair {
    fn new() -> Pair {
        let scene = scene("[pairs]\nvisitors = 1\nagents = 1\n[waits]\nvisitors = 1\nspread = 0\nlate_ms = 1000\n");
        for (author, kind, reader) in [(VISITOR, Kind::Visitor, AGENT), (AGENT, Kind::Answer, VISITOR)] {
            let writer = Writer::new(&scene, author, kind, 1, 64);
            scene.judge.borrow_mut().reader(writer.lane(), reader);
            scene.judge.borrow_mut().sent(writer.lane());
            writer.move_to(&scene, OURS);
        }
        let agent = Ear::new(&scene, AGENT, desk::name(&scene, AGENT), Hearer::Plain);
        agent.owns(OURS);
        let visitor = Ear::new(&scene, VISITOR, String::new(), Hearer::Plain);
        Pair { scene, agent, visitor }
    }

    fn text(&self, lane: u32) -> String {
        let tag = self.scene.tag(lane, 1).to_string();
        format!("{tag} {}", "x".repeat(63 - tag.len()))
    }

    /// What is blamed when this ear hears this frame; what is under way by then is owed, and no matter.
    fn blamed(&self, ear: &Rc<Ear>, frame: &str) -> Vec<Fault> {
        self.scene.order.dialect.hear(frame, &mut |word| ear.word(&self.scene, word));
        let found: Faults = faults(&self.scene);
        found.iter().map(|(fault, _)| fault).filter(|fault| *fault != Fault::Lost).collect()
    }
}

/// A pushed text.
fn pushed(conversation: &str, by: &str, text: &str) -> String {
    format!(
        r#"{{"type":"events","conversation":"{conversation}","events":[
            {{"seq":5,"at":1,"by":{by},"type":"message","key":"1","text":"{text}"}}]}}"#
    )
}

/// What one of a new pair blames.
fn agent_hears(frame: impl FnOnce(&Pair) -> String) -> Vec<Fault> {
    let pair = Pair::new();
    let frame = frame(&pair);
    pair.blamed(&pair.agent, &frame)
}

fn visitor_hears(frame: impl FnOnce(&Pair) -> String) -> Vec<Fault> {
    let pair = Pair::new();
    let frame = frame(&pair);
    pair.blamed(&pair.visitor, &frame)
}

const BY_VISITOR: &str = r#"{"kind":"visitor"}"#;
const BY_AGENT: &str = r#"{"kind":"agent","id":"load-00000007-0-3","name":"A"}"#;
const BY_OTHER: &str = r#"{"kind":"agent","id":"mallory","name":"M"}"#;

#[test]
fn j2_a_text_as_it_was_written_is_found_good() {
    assert_eq!(agent_hears(|pair| pushed(OURS, BY_VISITOR, &pair.text(0))), []);
    assert_eq!(visitor_hears(|pair| pushed(OURS, BY_AGENT, &pair.text(1))), []);
}

#[test]
fn j2_a_text_in_a_conversation_it_was_not_written_in_is_leaked() {
    assert_eq!(agent_hears(|pair| pushed("c_2", BY_VISITOR, &pair.text(0))), [Fault::Leaked]);
}

#[test]
fn j2_a_text_under_anothers_name_is_garbled() {
    assert_eq!(agent_hears(|pair| pushed(OURS, BY_OTHER, &pair.text(0))), [Fault::Garbled]);
    assert_eq!(visitor_hears(|pair| pushed(OURS, BY_VISITOR, &pair.text(1))), [Fault::Garbled]);
    assert_eq!(visitor_hears(|pair| pushed(OURS, BY_OTHER, &pair.text(1))), [Fault::Garbled]);
}

#[test]
fn j2_a_text_that_is_not_whole_is_garbled() {
    assert_eq!(agent_hears(|pair| pushed(OURS, BY_VISITOR, &pair.text(0)[..60])), [Fault::Garbled]);
    assert_eq!(agent_hears(|pair| pushed(OURS, BY_VISITOR, &pair.text(0).replace("xx", "xy"))), [Fault::Garbled]);
}

#[test]
fn j2_pushes_for_agents_that_a_visitor_gets_are_leaked() {
    for kind in ["inbox", "presence", "watching", "visitor", "notify", "typing"] {
        let frame =
            |_: &Pair| format!(r#"{{"type":"{kind}","conversation":"{OURS}","on":true,"reason":"unassigned"}}"#);
        assert_eq!(visitor_hears(frame), [Fault::Leaked], "{kind}");
        let ours = if kind == "typing" { vec![Fault::Leaked] } else { vec![] };
        assert_eq!(agent_hears(frame), ours, "{kind}");
    }
}

#[test]
fn j2_rows_that_show_a_text_of_elsewhere_are_leaked() {
    let row = |id: &str, assignee: &str, preview: &str| {
        format!(
            r#"{{"type":"inbox","upsert":{{"id":"{id}","state":"assigned","assignee":{{"id":"{assignee}"}},"preview":"{preview}"}}}}"#
        )
    };
    let name = "load-00000007-0-3";
    assert_eq!(agent_hears(|pair| row(OURS, name, &pair.text(0))), []);
    assert_eq!(agent_hears(|_| row(OURS, "mallory", "")), [Fault::Leaked]);
    assert_eq!(agent_hears(|_| row("c_2", name, "")), [Fault::Leaked], "they never took it");
    let waiting = |id: &str, preview: &str| {
        format!(
            r#"{{"type":"inbox","upsert":{{"id":"{id}","state":"waiting","assignee":null,"preview":"{preview}"}}}}"#
        )
    };
    assert_eq!(agent_hears(|_| waiting("c_2", "One moment.")), []);
    assert_eq!(
        agent_hears(|_| waiting("c_2", "u00000001 w00 l000001 n000000001 x")),
        [Fault::Leaked],
        "of another run"
    );
    assert_eq!(agent_hears(|pair| waiting("c_2", &pair.text(0))), [Fault::Leaked], "of another conversation");
    assert_eq!(agent_hears(|_| waiting("c_2", "u00000007 w01 l000001 n000000001 x")), [], "of another generator");
}

#[test]
fn j2_notices_of_what_is_anothers_are_leaked() {
    let notice = |reason: &str, id: &str, body: &str| {
        format!(
            r#"{{"type":"notify","reason":"{reason}","conversation":"{id}","title":"Z","body":"{body}","ring":false}}"#
        )
    };
    assert_eq!(agent_hears(|pair| notice("message", OURS, &pair.text(0))), []);
    assert_eq!(agent_hears(|_| notice("unassigned", "c_2", "Hi")), []);
    assert_eq!(agent_hears(|_| notice("message", "c_2", "Hi")), [Fault::Leaked]);
    assert_eq!(agent_hears(|pair| notice("unassigned", "c_2", &pair.text(0))), [Fault::Leaked]);
}

#[test]
fn j2_an_end_of_a_wait_that_nobody_began_is_early() {
    let missed = r#"{"type":"events","conversation":"c_1","events":[
        {"seq":8,"at":11,"by":{"kind":"system"},"type":"missed","reason":"wait_expired","card":"live"}]}"#;
    let pair = Pair::new();
    let waiting = Ear::new(&pair.scene, VISITOR + 1, String::new(), Hearer::Waiting);
    assert_eq!(pair.blamed(&waiting, missed), [Fault::Early]);
}
