//! The world of one seed: nodes, people, and the loop in which they live.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    super::{
        super::{Hub, Settings, dice::Dice},
        house::{House, workspace},
        memory::Memory,
        station::Station,
        wires::{Wire, Wires},
    },
    people::{Open, Person},
    trace::Trace,
};
use crate::{
    chat::playbook::Playbook,
    ids::{ConversationId, MessageKey, Seq},
    mesh::Mesh,
    store::Store,
};

/// Steps of one life.
const STEPS: usize = 40;
/// How long a client waits for an answer before it takes the connection for dead.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);

pub(super) struct World {
    pub(super) rng: StdRng,
    pub(super) trace: Trace,
    pub(super) store: Arc<Memory>,
    pub(super) wires: Arc<Wires>,
    pub(super) nodes: Vec<Option<Node>>,
    pub(super) births: u64,
    pub(super) people: Vec<Person>,
    pub(super) settings: Settings,
    /// The conversations anybody has heard of.
    pub(super) known: Vec<ConversationId>,
    /// Texts that were acknowledged, with their places.
    pub(super) acknowledged: Vec<(ConversationId, MessageKey, String, Seq)>,
    /// Pages and previews of a visitor, with where the log stood then: nobody who lost sight before is shown them.
    pub(super) moments: BTreeMap<String, (ConversationId, Seq)>,
    /// How often a ring was sent on to another device, by conversation.
    pub(super) blocked: BTreeMap<ConversationId, usize>,
}

/// A node that lives.
pub(super) struct Node {
    pub(super) birth: u64,
    pub(super) house: House,
    pub(super) station: Arc<Station>,
    pub(super) wire: Arc<Wire>,
    pub(super) frozen: bool,
    pub(super) deaf: bool,
    /// Tabs their clients gave up while the process stood still: it learns of it when it goes on.
    pub(super) given_up: Vec<Open>,
}

/// A Live Chat card at once, with the shortest wait there is.
fn quick() -> Playbook {
    let json = serde_json::json!({
        "id": "pb_quick", "name": "Quick", "start": "live", "typing_preview": true, "cards": {
            "live": {"kind": "live_chat", "online_message": "One moment", "offline_message": "Nobody",
                     "wait_ms": 10_000, "offline": "email"},
            "email": {"kind": "capture", "field": "email", "text": "Where?", "next": "done"},
            "done": {"kind": "qualify", "text": "Thanks", "create": [{"kind": "lead"}]}
        }
    });
    Playbook::from_value(json).expect("a playbook")
}

// === impl World ===

impl World {
    pub(super) async fn new(seed: u64, lines: bool) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let store = Memory::new();
        store.save_playbook(&workspace(), &quick(), 0).await.expect("saved");
        store.playbook_seen(&"pb_quick".into(), store.now()).await.expect("seen");
        let admins_see_assigned = rng.random_bool(0.5);
        let mut people: Vec<Person> = (0..rng.random_range(1..=3)).map(|n| Person::visitor(n, "pb_quick")).collect();
        for (name, admin) in [("ann", false), ("bob", false), ("root", true)] {
            people.push(Person::agent(name, admin));
        }
        let mut world = Self {
            trace: Trace::new(lines),
            wires: Wires::new(rng.random()),
            store,
            nodes: Vec::new(),
            births: 0,
            people,
            settings: Settings { admins_see_assigned, ..Settings::default() },
            known: Vec::new(),
            acknowledged: Vec::new(),
            moments: BTreeMap::new(),
            blocked: BTreeMap::new(),
            rng,
        };
        for _ in 0..world.rng.random_range(2..=3) {
            let node = world.born().await;
            world.nodes.push(Some(node));
        }
        world
    }

    /// A node starts.
    pub(super) async fn born(&mut self) -> Node {
        self.births += 1;
        let birth = self.births;
        let station = Station::new(self.store.clone(), self.rng.random());
        let wire = self.wires.node(&format!("n_{birth}"));
        let hub = Hub::with_dice(station.clone(), wire.clone(), self.settings, Dice::seeded(self.rng.random()));
        let house = House::run(self.store.clone(), hub).await;
        Node { birth, house, station, wire, frozen: false, deaf: false, given_up: Vec::new() }
    }

    /// Everybody does something, and things go wrong.
    pub(super) async fn live(&mut self) {
        for _ in 0..STEPS {
            self.go_wrong().await;
            self.act().await;
            let ms = match self.rng.random_range(0..20) {
                0..8 => 0,
                8..16 => self.rng.random_range(1..400),
                16..19 => self.rng.random_range(400..3_000),
                _ => self.rng.random_range(3_000..12_000),
            };
            self.pass(ms).await;
            self.read(0.6).await;
        }
    }

    /// Everything is healed; what was not answered is asked again until it is.
    pub(super) async fn calm_down(&mut self) {
        self.trace.line(format_args!("-- calm"));
        self.heal().await;
        for _ in 0..12 {
            self.say_unsaid().await;
            self.pass(1_000).await;
            self.read(1.0).await;
        }
        assert!(self.people.iter().all(|person| person.unsaid.is_empty()), "something cannot be said");
        // One whole round of the sweep, and the second in which rows are held back.
        for _ in 0..3 {
            self.pass(5_000).await;
            self.read(1.0).await;
        }
    }

    /// Everybody leaves, and nothing stays behind.
    pub(super) async fn go_home(&mut self) {
        self.people.iter_mut().for_each(|person| person.tabs.clear());
        // Graces of half a minute, counts of words that are kept for one, and two rounds of the sweep.
        self.pass(85_000).await;
        for node in self.nodes.iter().flatten() {
            let hub = &node.house.hub;
            let name = node.wire.node();
            assert_eq!(hub.board().sizes(), (0, 0, 0), "{name}");
            assert_eq!(hub.among().sizes().map(|(_, size)| size), [0; 10], "{name}: {:?}", hub.among().sizes());
            assert!(hub.waiting().is_empty(), "{name} holds deadlines");
            assert!(hub.queue().is_empty(), "{name} holds a queue");
            assert!(hub.rings.is_empty() && hub.unwritten.is_empty(), "{name} holds rings or marks");
            assert_eq!((hub.doubts.len(), hub.rows_due.len()), (0, 0), "{name} holds doubts or rows");
            assert!(hub.presence().is_empty(), "{name} holds people");
        }
    }

    /// Lets time go by, at least a millisecond: it passes only when everybody has done what they can.
    pub(super) async fn pass(&mut self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms.max(1))).await;
    }

    /// Tabs read their mail, each with this likelihood; what they are shown is judged at once.
    pub(super) async fn read(&mut self, likely: f64) {
        for at in 0..self.people.len() {
            let tabs = std::mem::take(&mut self.people[at].tabs);
            for mut open in tabs {
                let alive = self.nodes[open.node].as_ref().is_some_and(|node| node.birth == open.birth);
                let frozen = self.nodes[open.node].as_ref().is_some_and(|node| node.frozen);
                if !alive {
                    self.people[at].remember(&open.tab);
                    continue;
                }
                if !frozen && self.rng.random_bool(likely) {
                    open.tab.read().await;
                    self.judge_shown(at, &mut open.tab);
                }
                match open.tab.left {
                    true => self.people[at].remember(&open.tab),
                    false => self.people[at].tabs.push(open),
                }
            }
        }
    }

    /// A node that lives, by chance.
    pub(super) fn some_node(&mut self) -> Option<usize> {
        let alive: Vec<usize> = (0..self.nodes.len()).filter(|at| self.nodes[*at].is_some()).collect();
        (!alive.is_empty()).then(|| alive[self.rng.random_range(0..alive.len())])
    }
}
