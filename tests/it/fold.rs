//! D6: what long-lived clients have folded from pushes is what a fresh one is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::support::{
    Agent, Hub, Visitor,
    dial::Dial,
    judge::{Verdict, judge, paths},
    mirror::Mirror,
    playbooks, token, wait,
};

const AGENTS: usize = 4;
const OPERATIONS: usize = 1_500;
/// After so many operations everything is compared.
pub const STRIDE: usize = 75;
/// Only so many of the newest conversations go on.
const RECENT: usize = 12;
const PLAYBOOKS: [&str; 3] = [playbooks::LIVE, playbooks::TALK, playbooks::FORM];

/// Hubs of one house, and everybody who does something there.
pub struct World {
    /// Where agents and visitors knock, by hub.
    gates: Vec<(Dial, Dial)>,
    agents: Vec<Agent>,
    /// An admin at each hub.
    roots: Vec<Agent>,
    /// Everybody who wrote to them, and where.
    pub visitors: Vec<(Visitor, String)>,
    random: StdRng,
    /// Events and rows that were compared.
    pub compared: usize,
}

// === impl World ===

impl World {
    /// Agents at all of these hubs.
    pub async fn new(seed: u64, gates: Vec<(Dial, Dial)>) -> Self {
        let mut agents = Vec::new();
        for n in 0..AGENTS {
            let (dial, _) = &gates[n % gates.len()];
            agents.push(Agent::hello(dial, &token::agent(&format!("agent{n}"), "agent")).await.online().await);
        }
        let mut roots = Vec::new();
        for (dial, _) in &gates {
            roots.push(Agent::hello(dial, &token::agent("root", "admin")).await);
        }
        Self { gates, agents, roots, visitors: Vec::new(), random: StdRng::seed_from_u64(seed), compared: 0 }
    }

    /// Does something, allowed or not; nobody waits for an answer more often than not.
    pub async fn step(&mut self, step: usize) {
        if self.visitors.len() < 4 || self.random.random_ratio(1, 40) {
            let playbook = PLAYBOOKS[self.random.random_range(0..PLAYBOOKS.len())];
            let (_, dial) = &self.gates[self.random.random_range(0..self.gates.len())];
            let visitor = Visitor::hello(dial, playbook).await;
            let chat = visitor.start().await;
            self.visitors.push((visitor, chat));
            return;
        }
        let recent = self.visitors.len().saturating_sub(RECENT);
        let (visitor, chat) = &self.visitors[self.random.random_range(recent..self.visitors.len())];
        let agent = &self.agents[self.random.random_range(0..AGENTS)];
        let (key, other) = (format!("s{step}"), format!("agent{}", self.random.random_range(0..AGENTS)));
        let choice = ["talk", "write", "look"][step % 3];
        let (who, mut request) = match self.random.random_range(0..24) {
            0..5 => (&visitor.client, json!({"type": "send", "key": key, "text": format!("text {step}")})),
            5 => (&visitor.client, json!({"type": "answer", "card": "hello", "option": choice, "key": key})),
            6 => {
                (&visitor.client, json!({"type": "answer", "card": "name", "value": format!("Ann {step}"), "key": key}))
            }
            7 => (
                &visitor.client,
                json!({"type": "answer", "card": "email", "value": format!("a{step}@site.example"), "key": key}),
            ),
            8 => (&visitor.client, json!({"type": "rate", "score": 1 + step % 5})),
            9 if step.is_multiple_of(3) => (&visitor.client, json!({"type": "end"})),
            9..13 => (&agent.client, json!({"type": "claim"})),
            13 => (&agent.client, json!({"type": "assign", "to": other})),
            14 => (&agent.client, json!({"type": "assign", "to": null})),
            15 => (&self.roots[0].client, json!({"type": "assign", "to": other})),
            16..19 => (&agent.client, json!({"type": "send", "key": key, "text": format!("text {step}")})),
            19 => (&agent.client, json!({"type": "note", "key": key, "text": format!("note {step}")})),
            20 => (
                &agent.client,
                json!({"type": "details", "details": {"person": {"name": format!("Name {step}")}, "deal": {"value": step}}}),
            ),
            21 => (&agent.client, json!({"type": "item", "kind": "deal", "title": format!("Deal {step}"), "key": key})),
            22 => (&agent.client, json!({"type": "open"})),
            _ => (&agent.client, json!({"type": "close"})),
        };
        request["conversation"] = json!(chat);
        match step.is_multiple_of(4) {
            true => drop(who.ask(request).await),
            false => drop(who.post(request).await),
        }
    }

    /// Compares what everybody has folded with what every hub says now.
    pub async fn compare(&mut self) {
        for agent in &self.agents {
            agent.ok(json!({"type": "list", "folder": "mine"})).await;
        }
        for (visitor, chat) in self.visitors.iter().rev().take(RECENT) {
            visitor.ok(json!({"type": "history", "conversation": chat, "before": 2, "limit": 1})).await;
        }
        let verdicts = self.recount().await;
        for agent in &self.agents {
            let me = agent.id().to_owned();
            let expected = Expected::of(&verdicts, &me);
            for (dial, _) in &self.gates {
                self.told_afresh(dial, &me, &expected).await;
            }
            let folded = wait::try_within(wait::PATIENCE, async || {
                let mirror = Mirror::fold(&agent.frames(0));
                let open: BTreeSet<String> =
                    mirror.ids(&["waiting", "offline", "unassigned"], &me).into_iter().collect();
                let mine: BTreeSet<String> = mirror.ids(&["assigned"], &me).into_iter().collect();
                (open == expected.unassigned && mine == expected.mine && mirror.counts == expected.counts).then_some(())
            })
            .await;
            if folded.is_none() {
                let mirror = Mirror::fold(&agent.frames(0));
                panic!(
                    "{me} has folded {:?} and {:?}, {:?}; expected {expected:?}",
                    mirror.ids(&["waiting", "offline", "unassigned"], &me),
                    mirror.ids(&["assigned"], &me),
                    mirror.counts
                );
            }
            self.compared += expected.unassigned.len() + expected.mine.len() + 3;
        }
        for (visitor, chat) in &self.visitors {
            let head = verdicts[chat].1;
            visitor.until("the visitor's own copy", |seen| (seen.logs.head(chat) >= head).then_some(())).await;
            visitor.assert_clean();
        }
    }

    /// How long a hub may need to say what another has answered: the one that has answered needs no time.
    fn patience(&self) -> Duration {
        if self.gates.len() == 1 { Duration::ZERO } else { wait::PATIENCE }
    }

    /// A fresh session of `me` is told what is expected.
    async fn told_afresh(&self, dial: &Dial, me: &str, expected: &Expected) {
        let mut last = None;
        let right = wait::try_within(self.patience(), async || {
            let fresh = Agent::hello(dial, &token::agent(me, "agent")).await;
            let told = Expected {
                unassigned: ids(&fresh.folder("unassigned").await),
                mine: ids(&fresh.folder("mine").await),
                closed: ids(&fresh.folder("closed").await),
                counts: counts(&fresh.welcome["counts"]),
            };
            (*last.insert(told) == *expected).then_some(())
        });
        assert!(right.await.is_some(), "{me} is told {last:?}, expected {expected:?}");
    }

    /// The fold of every log, compared with what `open` says of it: (verdict, the last seq a visitor sees).
    async fn recount(&mut self) -> BTreeMap<String, (Verdict, u64)> {
        let mut verdicts = BTreeMap::new();
        for (_, chat) in &self.visitors {
            // What one hub has answered the others know soon; then nothing is under way any more.
            let page = wait::until("all hubs to agree on what happened", async || {
                let pages = join_all(self.roots.iter().map(|root| root.open(chat))).await;
                let head = |page: &Value| page["conversation"]["seq"].as_u64();
                pages.iter().all(|page| head(page) == head(&pages[0])).then(|| pages[0].clone())
            })
            .await;
            let events = self.roots[0].transcript(chat).await;
            let verdict = judge(&events);
            let said = &page["conversation"];
            assert_eq!((&said["state"], &said["seq"]), (&json!(verdict.state), &json!(verdict.seq)), "{said}");
            if verdict.state == "assigned" {
                assert_eq!(said["assignee"]["id"].as_str(), verdict.assignee.as_deref(), "{said}");
            }
            assert_eq!(said["missed"].as_str(), verdict.missed.as_deref(), "{said}");
            assert_eq!(said["closed_at"].as_i64(), verdict.closed_at, "{said}");
            assert_eq!(paths(&said["details"]), verdict.details, "{said}");
            let items: BTreeSet<&str> = said["items"]
                .as_array()
                .expect("items")
                .iter()
                .filter_map(|item| item["item"].as_str().or(item["id"].as_str()))
                .collect();
            assert_eq!(items, verdict.items.keys().map(String::as_str).collect(), "{said}");
            let visible = events.iter().rev().find(|event| {
                !matches!(
                    event["type"].as_str(),
                    Some("note" | "details" | "item" | "item_failed" | "qualified" | "disqualified")
                )
            });
            let head = visible.and_then(|event| event["seq"].as_u64()).expect("started at least");
            self.compared += events.len();
            verdicts.insert(chat.clone(), (verdict, head));
        }
        verdicts
    }
}

#[derive(Debug, PartialEq)]
struct Expected {
    unassigned: BTreeSet<String>,
    mine: BTreeSet<String>,
    closed: BTreeSet<String>,
    counts: BTreeMap<String, u64>,
}

// === impl Expected ===

impl Expected {
    /// The folders of `me`, counted by hand.
    fn of(verdicts: &BTreeMap<String, (Verdict, u64)>, me: &str) -> Self {
        let chosen = |wanted: &dyn Fn(&Verdict) -> bool| -> BTreeSet<String> {
            verdicts.iter().filter(|(_, (verdict, _))| wanted(verdict)).map(|(chat, _)| chat.clone()).collect()
        };
        let unassigned = chosen(&|verdict| matches!(verdict.state.as_str(), "waiting" | "offline" | "unassigned"));
        let mine = chosen(&|verdict| verdict.state == "assigned" && verdict.assignee.as_deref() == Some(me));
        // Those that never reached the Live Chat card are in no folder of an agent.
        let closed =
            chosen(&|verdict| verdict.state == "closed" && (verdict.missed.is_some() || verdict.deadline.is_some()));
        let counts = [("unassigned", &unassigned), ("mine", &mine), ("closed", &closed)];
        let counts = counts.into_iter().map(|(folder, ids)| (folder.to_owned(), ids.len() as u64)).collect();
        Self { unassigned, mine, closed, counts }
    }
}

fn ids(rows: &[Value]) -> BTreeSet<String> {
    let ids: BTreeSet<String> = rows.iter().filter_map(|row| row["id"].as_str().map(Into::into)).collect();
    assert_eq!(ids.len(), rows.len(), "a row twice");
    ids
}

fn counts(counts: &Value) -> BTreeMap<String, u64> {
    counts
        .as_object()
        .expect("counts")
        .iter()
        .map(|(folder, count)| (folder.clone(), count.as_u64().expect("a count")))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_pushes_folded_over_random_operations_equal_what_is_said_afresh() {
    let seed = rand::random();
    println!("seed {seed}");
    let hub = Hub::start().await;
    let mut world = World::new(seed, vec![(hub.agents(), hub.visitors())]).await;
    for step in 0..OPERATIONS {
        world.step(step).await;
        if step % STRIDE == STRIDE - 1 {
            world.compare().await;
        }
    }
    println!(
        "figure D6 operations={OPERATIONS} conversations={} compared={} mismatches=0",
        world.visitors.len(),
        world.compared
    );
}
