//! Both kinds of store are asked the same and must answer the same, whatever is asked.

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::{runtime::Handle, task::block_in_place};
use usher::{
    ids::WebhookId,
    store::{Store, postgres::Mode, sqlite::Sqlite},
};

use super::Database;
use crate::store::talk::Talk;

/// Asks both the same and compares the answers.
macro_rules! both {
    ($pair:expr, $store:ident => $asked:expr) => {{
        let $store = $pair.one;
        let one = $asked;
        let $store = $pair.other;
        let other = $asked;
        assert_eq!(one, other, "{}", stringify!($asked));
        one
    }};
}

mod asking;
mod looking;
mod telling;

use self::telling::{Mine, Telling, telling};

const WORKSPACES: [&str; 2] = ["default", "other"];
const VISITORS: usize = 5;
const AGENTS: [&str; 3] = ["jane", "joe", "kim"];
const WORDS: [&str; 6] = ["Müllabfuhr", "parcel", "Ünïcode straße", "日本語", "parking", "anna@example.com"];

/// Something a store is asked.
#[derive(Clone, Debug)]
enum Step {
    Begin {
        workspace: usize,
        visitor: usize,
        live: bool,
    },
    /// A text at the head or behind it, under a new key or one of a few.
    Say {
        talk: usize,
        behind: u64,
        key: Option<u8>,
        word: usize,
    },
    Note {
        talk: usize,
        behind: u64,
        who: usize,
        key: Option<u8>,
    },
    /// Something that changes the row, perhaps too late.
    Change {
        talk: usize,
        behind: u64,
        change: Change,
    },
    /// Several events at once.
    Flow {
        talk: usize,
        item: u8,
    },
    /// An append to what never was.
    Nowhere,
    Adopt {
        workspace: usize,
        from: usize,
        to: usize,
        named: bool,
    },
    Beside {
        talk: usize,
        seen: u64,
    },
    Agent {
        workspace: usize,
        who: usize,
        what: AgentStep,
    },
    Save {
        workspace: usize,
        id: u8,
        expected: u32,
    },
    Delete {
        workspace: usize,
        id: u8,
    },
    Seen {
        id: u8,
        at: i64,
    },
    Roster {
        node: u8,
        left: i64,
    },
    Tell(Telling),
    /// Erases a conversation that is over.
    Erase {
        talk: usize,
    },
    Canned {
        workspace: usize,
        expected: u32,
    },
    Look,
}

#[derive(Clone, Debug)]
enum Change {
    Wait,
    Miss,
    Assign(usize),
    GiveUp,
    Close,
    Details,
    Item { item: u8, external: bool },
}

#[derive(Clone, Debug)]
enum AgentStep {
    Hello { admin: bool, old_token: bool },
    Switch(bool),
    Notify(bool),
    Remove,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::Wait),
        1 => Just(Change::Miss),
        3 => (0..AGENTS.len()).prop_map(Change::Assign),
        1 => Just(Change::GiveUp),
        1 => Just(Change::Close),
        2 => Just(Change::Details),
        2 => (0..4u8, any::<bool>()).prop_map(|(item, external)| Change::Item { item, external }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let workspace = || 0..WORKSPACES.len();
    let behind = || prop_oneof![5 => Just(0u64), 1 => 1..3u64];
    let key = || prop_oneof![2 => Just(None), 1 => (0..3u8).prop_map(Some)];
    let agents = prop_oneof![
        3 => (any::<bool>(), any::<bool>()).prop_map(|(admin, old_token)| AgentStep::Hello { admin, old_token }),
        2 => any::<bool>().prop_map(AgentStep::Switch),
        1 => any::<bool>().prop_map(AgentStep::Notify),
        1 => Just(AgentStep::Remove),
    ];
    prop_oneof![
        5 => (workspace(), 0..VISITORS, any::<bool>())
            .prop_map(|(workspace, visitor, live)| Step::Begin { workspace, visitor, live }),
        8 => (0..8usize, behind(), key(), 0..WORDS.len())
            .prop_map(|(talk, behind, key, word)| Step::Say { talk, behind, key, word }),
        3 => (0..8usize, behind(), 0..AGENTS.len(), key())
            .prop_map(|(talk, behind, who, key)| Step::Note { talk, behind, who, key }),
        9 => (0..8usize, behind(), change()).prop_map(|(talk, behind, change)| Step::Change { talk, behind, change }),
        2 => (0..8usize, 0..4u8).prop_map(|(talk, item)| Step::Flow { talk, item }),
        1 => Just(Step::Nowhere),
        2 => (workspace(), 0..VISITORS, 0..VISITORS, any::<bool>())
            .prop_map(|(workspace, from, to, named)| Step::Adopt { workspace, from, to, named }),
        1 => (0..8usize, 0..9u64).prop_map(|(talk, seen)| Step::Beside { talk, seen }),
        4 => (workspace(), 0..AGENTS.len(), agents)
            .prop_map(|(workspace, who, what)| Step::Agent { workspace, who, what }),
        3 => (workspace(), 0..3u8, 0..4u32).prop_map(|(workspace, id, expected)| Step::Save { workspace, id, expected }),
        1 => (workspace(), 0..3u8).prop_map(|(workspace, id)| Step::Delete { workspace, id }),
        1 => (0..3u8, 0..99i64).prop_map(|(id, at)| Step::Seen { id, at }),
        1 => (0..3u8, -100_000..100_000i64).prop_map(|(node, left)| Step::Roster { node, left }),
        1 => (workspace(), 0..3u32).prop_map(|(workspace, expected)| Step::Canned { workspace, expected }),
        2 => (0..8usize).prop_map(|talk| Step::Erase { talk }),
        12 => telling().prop_map(Step::Tell),
        1 => Just(Step::Look),
    ]
}

/// Two stores, and what was written to both.
struct Pair<'a> {
    one: &'a dyn Store,
    other: &'a dyn Store,
    talks: Vec<Talk>,
    webhooks: Vec<WebhookId>,
    /// What nodes have of the outbox, or had.
    taken: Vec<Mine>,
    at: i64,
}

#[test]
fn d6_both_kinds_of_store_answer_everything_alike() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let test = async {
        let mut runner =
            TestRunner::new(Config { cases: 8, max_shrink_iters: 100, failure_persistence: None, ..Config::default() });
        let run = |steps: Vec<Step>| {
            block_in_place(|| Handle::current().block_on(play(steps)));
            Ok(())
        };
        block_in_place(|| runner.run(&vec(step(), 1..90), run)).unwrap_or_else(|fault| panic!("{fault}"));
    };
    runtime.expect("a runtime").block_on(test);
}

async fn play(steps: Vec<Step>) {
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = Sqlite::open(folder.path().join("usher.db")).expect("it opens");
    let database = Database::make().await;
    let postgres = database.try_open(Mode::Alone).await.expect("it opens");
    let mut pair =
        Pair { one: &sqlite, other: &postgres, talks: Vec::new(), webhooks: Vec::new(), taken: Vec::new(), at: 1000 };
    for step in steps {
        pair.at += 10;
        pair.step(step).await;
    }
    pair.look().await;
    pair.find().await;
}
