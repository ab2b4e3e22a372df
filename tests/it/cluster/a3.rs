//! No agent is shown what became another's, at whatever hub, while one hub sleeps and wakes with an old view.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    support::{Agent, Cluster, Visitor, playbooks, sight::Secrets, size, wait},
    visibility::{inspect, pry, transcript},
};

const AGENTS: usize = 6;
const ROOMS: usize = 12;
/// Steps between two sleeps.
const STEPS: usize = 200;
/// Between two steps while a hub sleeps, in milliseconds.
const PACE: i64 = 15;

/// A conversation of the trial.
struct Room {
    visitor: Visitor,
    chat: String,
}

/// An agent and all connections they ever had, the last one in use.
struct Desk {
    sub: String,
    connections: Vec<Agent>,
}

struct World {
    cluster: Cluster,
    random: StdRng,
    desks: Vec<Desk>,
    rooms: Vec<Room>,
    /// An admin at the hub that never sleeps.
    root: Agent,
    asleep: Option<usize>,
    transcripts: JoinSet<(String, Option<String>)>,
    steps: usize,
}

// === impl World ===

impl World {
    async fn new(seed: u64) -> Self {
        let cluster = Cluster::start(3).await;
        let mut desks = Vec::new();
        for n in 0..AGENTS {
            let sub = format!("agent{n}");
            desks.push(Desk { connections: vec![cluster.online(n, &sub).await], sub });
        }
        let root = cluster.admin(0, "root").await;
        let random = StdRng::seed_from_u64(seed);
        let mut world = Self {
            cluster,
            random,
            desks,
            rooms: Vec::new(),
            root,
            asleep: None,
            transcripts: JoinSet::new(),
            steps: 0,
        };
        for n in 0..ROOMS {
            let room = world.room(n).await;
            world.rooms.push(room);
        }
        world
    }

    async fn room(&mut self, hub: usize) -> Room {
        let visitor = self.cluster.visitor(self.awake(hub), playbooks::PEEK).await;
        let chat = visitor.start().await;
        Room { visitor, chat }
    }

    /// A hub that is not asleep.
    fn awake(&self, hub: usize) -> usize {
        if self.asleep == Some(hub % 3) { hub + 1 } else { hub }
    }

    /// Whoever was sent away comes back at another hub.
    async fn come_back(&mut self, room: usize, desk: usize) {
        let hub = self.random.random_range(0..3);
        let hub = self.awake(hub);
        if self.rooms[room].visitor.seen().closed.is_some() {
            let again = self.rooms[room].visitor.again(&self.cluster.visitors(hub), playbooks::PEEK).await;
            self.rooms[room].visitor = again;
        }
        let desk = &mut self.desks[desk];
        if desk.agent().seen().closed.is_some() {
            desk.connections.push(self.cluster.agent(hub, &desk.sub).await);
        }
    }

    /// Does something, allowed or not. Not waiting for answers is what makes the races.
    async fn step(&mut self) {
        self.steps += 1;
        let step = self.steps;
        let (room, desk) = (self.random.random_range(0..self.rooms.len()), self.random.random_range(0..AGENTS));
        self.come_back(room, desk).await;
        let (visitor, chat) = (&self.rooms[room].visitor, &self.rooms[room].chat);
        let agent = self.desks[desk].agent();
        let other = format!("agent{}", self.random.random_range(0..AGENTS));
        let (key, text) = (format!("s{step}"), |who: &str| format!("canary-{step}-{who}"));
        let (who, mut request) = match self.random.random_range(0..20) {
            0..7 => (&visitor.client, json!({"type": "send", "key": key, "text": text("visitor")})),
            7..10 => (&agent.client, json!({"type": "send", "key": key, "text": text("agent")})),
            10 => (&visitor.client, json!({"type": "typing", "on": true, "preview": text("typing")})),
            11..14 => (&agent.client, json!({"type": "claim"})),
            14..16 => (&agent.client, json!({"type": "assign", "to": other})),
            16 => (&self.root.client, json!({"type": "assign", "to": other})),
            17 => {
                let hub = self.random.random_range(0..3);
                let port = self.cluster.hubs[self.awake(hub) % 3].port;
                self.transcripts.spawn(transcript(port, agent.id().to_owned(), chat.clone()));
                return pry(agent, chat, &mut self.random).await;
            }
            18 => (&agent.client, json!({"type": "assign", "to": null})),
            _ => (&agent.client, json!({"type": "note", "key": key, "text": text("note")})),
        };
        request["conversation"] = json!(chat);
        who.post(request).await;
        if step.is_multiple_of(25) {
            self.root.ok(json!({"type": "list", "folder": "all"})).await;
        }
        if step.is_multiple_of(100) {
            let closed = self.random.random_range(0..ROOMS);
            self.root.ask(json!({"type": "close", "conversation": self.rooms[closed].chat})).await;
            let room = self.room(step).await;
            let closed = std::mem::replace(&mut self.rooms[closed], room);
            self.rooms.push(closed);
        }
    }

    /// One hub sleeps while the others go on, and wakes.
    async fn doze(&mut self, hub: usize, for_ms: i64) {
        self.cluster.hubs[hub].pause();
        self.asleep = Some(hub);
        let until = wait::now() + for_ms;
        while wait::now() < until {
            self.step().await;
            wait::clock(wait::now() + PACE).await;
        }
        self.cluster.hubs[hub].resume();
        self.asleep = None;
    }
}

// === impl Desk ===

impl Desk {
    fn agent(&self) -> &Agent {
        self.connections.last().expect("one at least")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a3_no_frame_of_three_hubs_shows_an_assigned_conversation_to_others_though_one_hub_sleeps() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut world = World::new(seed).await;
    let mut slept = Vec::new();
    for n in 0..size(1, 10) {
        for _ in 0..STEPS {
            world.step().await;
        }
        let for_ms = if n == 0 { 5_000 } else { world.random.random_range(5_000..30_000) };
        slept.push(for_ms as f64 / 1e3);
        world.doze(1 + n % 2, for_ms).await;
    }
    for _ in 0..STEPS {
        world.step().await;
    }
    for desk in 0..AGENTS {
        world.come_back(0, desk).await;
        // What was posted before is answered before.
        let agent = world.desks[desk].agent();
        let id = agent.post(json!({"type": "list", "folder": "mine"})).await;
        agent.try_reply(id).await;
    }
    let mut secrets = Secrets::default();
    let mut typed = 0;
    for room in &world.rooms {
        let log: Vec<Value> = world.root.transcript(&room.chat).await;
        secrets.add(&room.chat, &log);
    }
    assert!(secrets.len() > 50, "only {} texts were written in assigned conversations", secrets.len());
    let (mut frames, mut bytes) = (0, 0);
    for desk in &world.desks {
        for agent in &desk.connections {
            let searched = secrets.inspect(&desk.sub, &agent.frames(0));
            frames += searched.frames;
            bytes += searched.bytes;
            typed += agent.frames(0).iter().filter(|raw| raw.contains("-typing")).count();
        }
    }
    let transcripts = inspect(&secrets, std::mem::take(&mut world.transcripts)).await;
    println!(
        "figure A3 hubs=3 steps={} slept_s={:.0} secrets={} previews={typed} frames={frames} transcripts={transcripts} \
         bytes={bytes} leaks=0",
        world.steps,
        slept.iter().sum::<f64>(),
        secrets.len()
    );
}
