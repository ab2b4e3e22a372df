//! Random playbooks, random people, random hours: whatever they do, the rules hold.

use proptest::prelude::*;
use serde_json::json;

use super::{
    super::*,
    judge::{Judge, Moment, Phase, is_admin},
    oracle::{Step, word},
    trees::playbooks,
    world::{World, admin, agent, agent_ref, demo, kind},
};
use crate::{
    chat::{
        conversation::Sight,
        details::DetailsPatch,
        event::{External, ItemKind},
        playbook::{CaptureField, Card, Reply},
        summary::{Beside, StateName},
    },
    ids::{CardId, ItemId},
};

const AGENTS: [&str; 5] = ["ann", "bob", "cy", "root", "root2"];

/// One thing that happens. Numbers pick among what there is at that moment.
#[derive(Clone, Debug)]
enum Op {
    Answer { good: bool, pick: u8 },
    Stale(u8),
    Say { good: bool },
    Rate(u8, bool),
    End,
    Claim(u8),
    Assign(u8, Option<u8>),
    Write { by: u8, good: bool },
    Note(u8),
    Details { by: u8, pick: u8 },
    Item { by: u8, good: bool },
    Close(u8),
    Expire,
    EveryoneLeft,
    Abandon,
    Handed(u8),
    HandFailed(u8),
    Clock(i64),
    Available(u8),
    AdminsSee(bool),
}

fn ops() -> impl Strategy<Value = Op> {
    let by = || 0..AGENTS.len() as u8;
    let clock = prop_oneof![
        3 => 0..5_000i64, 2 => Just(10_000), 2 => Just(59_999), 1 => Just(3_600_000), 2 => Just(ABANDONED_AFTER),
        1 => -60_000..0i64
    ];
    prop_oneof![
        10 => (prop::bool::weighted(0.9), any::<u8>()).prop_map(|(good, pick)| Op::Answer { good, pick }),
        1 => any::<u8>().prop_map(Op::Stale),
        3 => prop::bool::weighted(0.9).prop_map(|good| Op::Say { good }),
        1 => (0..7u8, any::<bool>()).prop_map(|(score, words)| Op::Rate(score, words)),
        1 => prop::bool::weighted(0.2).prop_map(|end| if end { Op::End } else { Op::Clock(1) }),
        5 => by().prop_map(Op::Claim),
        4 => (by(), proptest::option::weighted(0.7, by())).prop_map(|(who, to)| Op::Assign(who, to)),
        4 => (by(), prop::bool::weighted(0.9)).prop_map(|(by, good)| Op::Write { by, good }),
        2 => by().prop_map(Op::Note),
        3 => (by(), any::<u8>()).prop_map(|(by, pick)| Op::Details { by, pick }),
        2 => (by(), prop::bool::weighted(0.8)).prop_map(|(by, good)| Op::Item { by, good }),
        1 => by().prop_map(Op::Close),
        3 => Just(Op::Expire),
        2 => Just(Op::EveryoneLeft),
        2 => Just(Op::Abandon),
        1 => any::<u8>().prop_map(Op::Handed),
        1 => any::<u8>().prop_map(Op::HandFailed),
        6 => clock.prop_map(Op::Clock),
        3 => (0..4u8).prop_map(Op::Available),
        1 => any::<bool>().prop_map(Op::AdminsSee),
    ]
}

fn who(by: u8) -> Actor {
    let name = AGENTS[usize::from(by)];
    if is_admin(&name.into()) { admin(name) } else { agent(name) }
}

fn availability(n: u8) -> Result<(), MissedReason> {
    match n {
        0 | 1 => Ok(()),
        2 => Err(MissedReason::NobodyOnline),
        _ => Err(MissedReason::NotInstalled),
    }
}

/// The answer to the card that asks, and whether it is a bad one.
fn reply(playbook: &Playbook, card: &CardId, good: bool, pick: u8) -> (Reply, bool) {
    match &playbook.cards[card] {
        Card::Choice { options, .. } if good => {
            (Reply::Option(options[usize::from(pick) % options.len()].id.clone()), false)
        }
        Card::Capture { field, .. } if good => {
            let value = match field {
                CaptureField::Email => format!("a{pick}@example.com"),
                CaptureField::Phone => format!("+1 555 01{pick:02}"),
                _ => format!("Word {pick}"),
            };
            (Reply::Value(value), false)
        }
        Card::Capture { required, .. } => (Reply::Value(" ".into()), *required),
        _ => (Reply::Option("nothing".into()), true),
    }
}

fn patch(pick: u8) -> serde_json::Value {
    match pick % 6 {
        0 => json!({"person": {"email": format!("a{}@example.com", pick / 6)}}),
        1 => json!({"person": {"name": format!("Word {pick}"), "phone": null}}),
        2 => json!({"deal": {"value": pick, "currency": "EUR"}}),
        3 => json!({"note": null, "organization": null}),
        4 => json!({"note": format!("Note {}", pick % 2)}),
        _ => json!({}),
    }
}

impl World {
    /// What an op asks for, or None when it changes the world itself.
    fn step(&mut self, op: &Op) -> Option<Step> {
        let item = |items: &[crate::chat::conversation::ItemView], n: u8| match items.len() {
            0 => ItemId::from("i_unknown"),
            len => items[usize::from(n) % len].item.clone(),
        };
        let (actor, command, bad) = match op {
            Op::Answer { good, pick } => {
                let card = self.conversation.asking.clone().unwrap_or_else(|| self.playbook.start.clone());
                let (reply, bad) = reply(&self.playbook, &card, *good, *pick);
                (Actor::Visitor, Command::Answer { card, reply, key: self.key() }, bad)
            }
            Op::Stale(n) => {
                let cards: Vec<&CardId> = self.playbook.cards.keys().collect();
                let card = cards[usize::from(*n) % cards.len()].clone();
                let (reply, bad) = reply(&self.playbook, &card, true, *n);
                (Actor::Visitor, Command::Answer { card, reply, key: self.key() }, bad)
            }
            Op::Say { good } => (Actor::Visitor, self.text(*good), !good),
            Op::Write { by, good } => (who(*by), self.text(*good), !good),
            Op::Rate(score, words) => {
                let comment = words.then(|| "Well".to_owned());
                (Actor::Visitor, Command::Rate { score: *score, comment }, !(1..=5).contains(score))
            }
            Op::End => (Actor::Visitor, Command::End, false),
            Op::Claim(by) => (who(*by), Command::Claim, false),
            Op::Assign(by, to) => {
                let to = to.map(|to| agent_ref(AGENTS[usize::from(to)]));
                (who(*by), Command::Assign { to }, false)
            }
            Op::Note(by) => (who(*by), Command::Note { key: self.key(), text: "Hm".into() }, false),
            Op::Details { by, pick } => {
                (who(*by), Command::Details(Box::new(DetailsPatch::from_json(&patch(*pick)).unwrap())), false)
            }
            Op::Item { by, good } => {
                let key = self.key();
                let (item, title) = (ItemId::from(format!("i_{key}")), if *good { "It" } else { "" }.to_owned());
                let command = Command::Item { item, kind: ItemKind::Lead, title, key, fields: Box::default() };
                (who(*by), command, !good)
            }
            Op::Close(by) => (who(*by), Command::Close, false),
            Op::Expire => (Actor::System, Command::Expire, false),
            Op::EveryoneLeft => (Actor::System, Command::EveryoneLeft, false),
            Op::Abandon => (Actor::System, Command::Abandon, false),
            Op::Handed(n) => {
                let external = (n % 3 > 0).then(|| External { id: format!("crm-{}", n % 2), url: None });
                let failing = (0..n % 4 / 2).map(|n| format!("No {n}")).collect();
                let item = item(&self.conversation.items, *n);
                (Actor::System, Command::Handed { item, external, failing }, false)
            }
            Op::HandFailed(n) => {
                let item = item(&self.conversation.items, *n);
                (Actor::System, Command::HandFailed { item, message: format!("No {}", n % 2) }, false)
            }
            Op::Clock(ms) => return self.turn(|world| world.later(*ms)),
            Op::Available(n) => return self.turn(|world| world.available = availability(*n)),
            Op::AdminsSee(on) => return self.turn(|world| world.admins_see_assigned = *on),
        };
        Some(Step { actor, command, bad })
    }

    fn text(&mut self, good: bool) -> Command {
        Command::Send { key: self.key(), text: if good { "Hello".into() } else { " ".into() } }
    }

    fn turn(&mut self, change: impl FnOnce(&mut Self)) -> Option<Step> {
        change(self);
        None
    }

    fn moment(&self) -> Moment {
        Moment { now: self.now, available: self.available, admins_see_assigned: self.admins_see_assigned }
    }
}

impl Judge {
    /// The fold says of the log what the judge read in it.
    fn agrees(&self, conversation: &Conversation) {
        let state = match self.phase {
            Phase::Bot => StateName::Bot,
            Phase::Waiting => StateName::Waiting,
            Phase::Offline => StateName::Offline,
            Phase::Assigned => StateName::Assigned,
            Phase::Unassigned => StateName::Unassigned,
            Phase::Closed => StateName::Closed,
        };
        let row = conversation.summary(&Beside::default(), None);
        assert_eq!(row.state, state);
        assert_eq!(row.assignee.as_ref().map(|owner| &owner.id), self.owner.as_ref());
        assert_eq!(row.deadline, self.deadline);
        assert_eq!(conversation.asking, self.asking);
        assert_eq!((conversation.live, conversation.served), (self.live(), self.served));
        assert_eq!(conversation.items.len(), self.items.len());
        for name in AGENTS {
            let id = AgentId::from(name);
            for setting in [true, false] {
                let sees = conversation.sight().allows(&id, is_admin(&id), setting);
                assert_eq!(sees, self.sees(&id, setting), "{name}");
            }
        }
        assert_eq!(
            conversation.is_unassigned(),
            self.live() && matches!(self.phase, Phase::Waiting | Phase::Offline | Phase::Unassigned)
        );
        assert!(conversation.sight() != Sight::Admins || !conversation.is_unassigned());
    }
}

/// Plays it through under the judge's eyes.
fn play(playbook: Playbook, first: u8, ops: &[Op]) -> World {
    let mut world = World::begin(playbook.clone(), availability(first));
    let mut judge = Judge::new(playbook);
    judge.watch(&world.log, &world.moment());
    for op in ops {
        let Some(step) = world.step(op) else { continue };
        let moment = world.moment();
        let (verdict, moves) = (judge.verdict(&step, &moment), judge.moves(&step, &moment));
        let (before, owner) = (world.conversation.clone(), world.conversation.assignee().cloned());
        match world.give(&step.actor, &step.command) {
            Err(refusal) => {
                assert_eq!(Some(word(&refusal)), verdict, "{:?} by {:?}: {refusal:?}", step.command, step.actor);
                assert_eq!(world.conversation, before, "a refused command changes nothing");
                if let (Command::Claim, Refusal::Conflict { assignee, .. }) = (&step.command, &refusal) {
                    assert_eq!(assignee, &owner, "the loser of a claim learns who won");
                }
            }
            Ok(events) => {
                assert_eq!(verdict, None, "{:?} by {:?} was done", step.command, step.actor);
                assert!(moves.is_none_or(|moves| moves != events.is_empty()), "{:?}: {events:?}", step.command);
                judge.watch(&events, &moment);
            }
        }
        judge.agrees(&world.conversation);
    }
    world
}

/// `fold(snapshot at s, the rest) == fold(all)`, with the snapshot having been JSON, for every s.
fn check_snapshots(world: &World) {
    let fold = |log: &[Event]| Conversation::fold("c_1".into(), "w".into(), log).unwrap();
    assert_eq!(fold(&world.log), world.conversation);
    let mut head = fold(&world.log[..1]);
    for s in 1..=world.log.len() {
        let json = serde_json::to_string(&head).unwrap();
        let mut again: Conversation = serde_json::from_str(&json).unwrap();
        assert_eq!(again, head, "a fold is its JSON");
        // Some of what is behind it may be told twice.
        world.log[s.saturating_sub(3)..].iter().for_each(|event| again.apply(event));
        assert_eq!(again, world.conversation, "a snapshot at {s}");
        if let Some(event) = world.log.get(s) {
            head.apply(event);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a2_whatever_people_do_the_log_keeps_every_rule(
        playbook in playbooks(), first in 0..4u8, ops in proptest::collection::vec(ops(), 1..60)
    ) {
        let world = play(playbook, first, &ops);
        check_snapshots(&world);
    }

    #[test]
    fn a2_whatever_people_do_at_the_live_chat_card_the_log_keeps_every_rule(
        ops in proptest::collection::vec(ops(), 1..80)
    ) {
        let talk = Op::Answer { good: true, pick: 0 };
        let ops: Vec<Op> = std::iter::once(talk).chain(ops).collect();
        let world = play(demo(), 0, &ops);
        check_snapshots(&world);
    }
}

#[test]
fn p2_random_play_reaches_every_event_and_every_state() {
    use std::collections::BTreeSet;

    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let (mut events, mut reasons) = (BTreeSet::new(), BTreeSet::new());
    let plays = (playbooks(), 0..4u8, proptest::collection::vec(ops(), 1..60));
    for _ in 0..400 {
        let (playbook, first, ops) = plays.new_tree(&mut runner).unwrap().current();
        for event in play(playbook, first, &ops).log {
            events.insert(kind(&event));
            if let What::Missed { reason, .. } = event.what {
                reasons.insert(format!("{reason:?}"));
            }
            if let What::Closed { reason } = event.what {
                reasons.insert(format!("{reason:?}"));
            }
        }
    }
    // A generator that never gets anywhere proves nothing.
    assert_eq!(events.len(), 16, "{events:?}");
    assert_eq!(reasons.len(), 8, "{reasons:?}");
}
