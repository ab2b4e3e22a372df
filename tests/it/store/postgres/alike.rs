//! Both kinds of store are asked the same and must answer the same, whatever is asked.

use bytes::Bytes;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;
use tokio::{runtime::Handle, task::block_in_place};
use usher::{
    chat::{
        command::KeyScope,
        event::{Author, External, Item, ItemKind, What},
        playbook::Playbook,
        summary::{Beside, Mark},
    },
    ids::{AgentId, ConversationId, Millis, PlaybookId, Seq, VisitorId, WorkspaceId},
    store::{
        Append, Appended, Folder, FolderQuery, ItemQuery, NotifySettings, Store, StoreError, Viewer, postgres::Mode,
        sqlite::Sqlite,
    },
};

use super::Database;
use crate::{
    store::talk::{
        Talk, agent, assigned, by, closed, details, email, id_of, item, missed, note, seqs, text, unassigned, waiting,
    },
    support::wait,
};

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
        1 => Just(Step::Look),
    ]
}

/// Two stores, and what was written to both.
struct Pair<'a> {
    one: &'a dyn Store,
    other: &'a dyn Store,
    talks: Vec<Talk>,
    at: i64,
}

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
    let mut pair = Pair { one: &sqlite, other: &postgres, talks: Vec::new(), at: 1000 };
    for step in steps {
        pair.at += 10;
        pair.step(step).await;
    }
    pair.look().await;
    pair.find().await;
}

fn told(appended: &usher::store::Result<Appended>) -> String {
    match appended {
        Ok(Appended::Repeated { event }) => format!("repeated {}", event.json()),
        // Why is each store's own.
        Err(StoreError::Damaged(_)) => "damaged".into(),
        other => format!("{other:?}"),
    }
}

fn playbook(id: u8, name: &str) -> Playbook {
    let json = json!({
        "id": format!("pb_{id}"), "name": name, "active": true, "locale": "en", "origins": [], "start": "bye",
        "appearance": {"color": "#3b5bdb", "icon": "chat", "bot_name": "Usher", "avatar": null},
        "cards": {"bye": {"kind": "disqualify", "text": "Enjoy your visit.", "create": []}}
    });
    serde_json::from_value(json).expect("a playbook")
}

// === impl Pair ===

impl Pair<'_> {
    async fn step(&mut self, step: Step) {
        let at = self.at;
        match step {
            Step::Begin { workspace, visitor, live } => {
                let then = if live { vec![waiting(at + 60_000)] } else { vec![] };
                let talk = Talk::new(WORKSPACES[workspace], &format!("v_{visitor}"), at, then);
                let begun =
                    both!(self, store => store.begin(talk.fold.clone(), talk.log.clone()).await.expect("begun"));
                if let usher::store::Begun::Done { .. } = begun {
                    self.talks.push(talk);
                }
            }
            Step::Say { talk, behind, key, word } => {
                let key = key.map_or(format!("k{at}"), |key| format!("few{key}"));
                let what = text(&key, WORDS[word]);
                let key = Some((KeyScope::Author(Author::Visitor), key.as_str().into()));
                self.append(talk, behind, vec![(Author::Visitor, what)], key, false).await;
            }
            Step::Note { talk, behind, who, key } => {
                let key = key.map_or(format!("n{at}"), |key| format!("few{key}"));
                let author = by(AGENTS[who]);
                let scope = Some((KeyScope::Author(author.clone()), key.as_str().into()));
                self.append(talk, behind, vec![(author, note(&key, "a note"))], scope, false).await;
            }
            Step::Change { talk, behind, change } => {
                let event = self.change(talk, change);
                self.append(talk, behind, vec![event], None, true).await;
            }
            Step::Flow { talk, item: nth } => {
                let id = format!("i_flow{nth}");
                let made = What::Item(item(&id, ItemKind::Lead, "A lead"));
                let handed = Item { external: Some(external()), ..item(&id, ItemKind::Lead, "A lead") };
                let events = vec![
                    (Author::Bot, What::Qualified { card: "q".into() }),
                    (Author::Bot, made),
                    (Author::System, What::Item(handed)),
                    (Author::Bot, What::Message { key: None, text: "Bye".into(), rich: None }),
                ];
                let key = Some((KeyScope::Author(Author::Visitor), format!("flow{at}").as_str().into()));
                self.append(talk, 0, events, key, true).await;
            }
            Step::Nowhere => {
                let append = Talk::new("default", "v_0", at, vec![]).saying(at, "k", "nowhere");
                both!(self, store => told(&store.append(append.clone()).await));
            }
            Step::Adopt { workspace, from, to, named } => self.adopt(WORKSPACES[workspace], from, to, named).await,
            Step::Beside { talk, seen } => {
                let Some(talk) = self.talk(talk) else { return };
                let mut beside = Beside::default();
                beside.seen.visitor = Mark { received: Seq(seen), read: Seq(seen / 2) };
                let changed = vec![(self.talks[talk].id().clone(), beside), ("c_nobody".into(), Beside::default())];
                both!(self, store => store.put_beside(changed.clone()).await.expect("kept"));
            }
            Step::Agent { workspace, who, what } => self.agent(&WORKSPACES[workspace].into(), AGENTS[who], what).await,
            Step::Save { workspace, id, expected } => {
                let playbook = playbook(id, &format!("name {}", at % 7));
                let workspace = WorkspaceId::from(WORKSPACES[workspace]);
                both!(self, store => store.save_playbook(&workspace, &playbook, expected).await.expect("saved"));
            }
            Step::Delete { workspace, id } => {
                let (workspace, id) = (WorkspaceId::from(WORKSPACES[workspace]), format!("pb_{id}").as_str().into());
                both!(self, store => store.delete_playbook(&workspace, &id).await.expect("deleted"));
            }
            Step::Seen { id, at } => {
                let id = PlaybookId::from(format!("pb_{id}"));
                both!(self, store => store.playbook_seen(&id, Millis(at)).await.expect("seen"));
            }
            Step::Roster { node, left } => {
                let (node, until) = (format!("n_{node}").as_str().into(), self.one.now().plus(left));
                let body = Bytes::from(format!("at {at}"));
                both!(self, store => store.keep_roster(&node, body.clone(), until).await.expect("kept"));
            }
            Step::Look => self.look().await,
        }
    }

    fn talk(&self, nth: usize) -> Option<usize> {
        (!self.talks.is_empty()).then(|| nth % self.talks.len())
    }

    fn change(&self, talk: usize, change: Change) -> (Author, What) {
        let at = self.at;
        match change {
            Change::Wait => (Author::System, waiting(at + 60_000)),
            Change::Miss => (Author::System, missed()),
            Change::Assign(who) => (by(AGENTS[who]), assigned(AGENTS[who])),
            Change::GiveUp => (by("jane"), unassigned("jane")),
            Change::Close => (by("jane"), closed()),
            Change::Details if talk % 2 == 0 => (by("jane"), email("anna@example.com")),
            Change::Details => (by("joe"), details(json!({"note": format!("seen at {at}")}))),
            Change::Item { item: nth, external: with } => {
                // Some of them are of several conversations: the first has it.
                let made = item(&format!("i_{nth}"), ItemKind::Deal, "A deal");
                (by("jane"), What::Item(Item { external: with.then(external), ..made }))
            }
        }
    }

    /// Appends to both what was decided `behind` events before the head.
    async fn append(
        &mut self,
        talk: usize,
        behind: u64,
        events: Vec<(Author, What)>,
        key: Option<(KeyScope, usher::ids::MessageKey)>,
        with_row: bool,
    ) {
        let Some(of) = self.talk(talk) else { return };
        let Some(after) = self.talks[of].fold.seq.0.checked_sub(behind).filter(|after| *after > 0) else { return };
        let mut next = self.talks[of].clone();
        next.log.truncate(after as usize);
        let fold = next.log.iter().map(|entry| entry.event());
        let mut fold =
            usher::chat::conversation::Conversation::fold(next.id().clone(), next.fold.workspace.clone(), fold)
                .expect("it begins");
        fold.visitor = next.fold.visitor.clone();
        next.fold = fold;
        let entries: Vec<_> = events.into_iter().map(|(by, what)| next.draft(by, self.at, what)).collect();
        let row = with_row.then(|| Box::new(next.fold.clone()));
        let append = Append { conversation: next.id().clone(), after: Seq(after), entries, key, row };
        let appended = both!(self, store => told(&store.append(append.clone()).await));
        if appended.starts_with("Ok(Done") {
            self.talks[of] = next;
        }
    }

    async fn adopt(&mut self, workspace: &str, from: usize, to: usize, named: bool) {
        let (workspace, name) = (WorkspaceId::from(workspace), named.then_some("Boris Godunov"));
        let (from, to) = (VisitorId::from(format!("v_{from}")), VisitorId::from(format!("v_{to}")));
        let adopted = both!(self, store => store.adopt(&workspace, &from, &to, name).await.expect("adopted"));
        if let Some(talk) = self.talks.iter_mut().find(|talk| Some(talk.id()) == adopted.as_ref()) {
            talk.fold.visitor.id = to;
            talk.fold.visitor.name = name.map(Into::into).or(talk.fold.visitor.name.take());
            talk.fold.visitor.verified = true;
        }
    }

    async fn agent(&self, workspace: &WorkspaceId, who: &str, what: AgentStep) {
        let id = id_of(who);
        match what {
            AgentStep::Hello { admin, old_token } => {
                // A token of before any removal, or one of after all of them.
                let issued_at = Some(if old_token { Millis(1) } else { Millis(i64::MAX) });
                both!(self, store => {
                    let row = store.agent_hello(workspace, &agent(who), admin, issued_at).await.expect("hello");
                    row.map(|row| (row.agent, row.admin, row.online, row.notify, row.workspace))
                });
            }
            AgentStep::Switch(on) => {
                both!(self, store => store.set_online(workspace, &id, on).await.expect("set"));
            }
            AgentStep::Notify(message) => {
                let notify = NotifySettings { message, ..NotifySettings::default() };
                both!(self, store => store.set_notify(workspace, &id, notify).await.expect("set"));
            }
            AgentStep::Remove => {
                both!(self, store => store.remove_agent(workspace, &id).await.expect("removed"));
            }
        }
    }

    /// Everything that can be read.
    async fn look(&self) {
        for talk in &self.talks {
            let id = talk.id();
            both!(self, store => {
                let loaded = store.load(id).await.expect("load").expect("there");
                assert_eq!(loaded.conversation, talk.fold);
                loaded.beside
            });
            for (after, limit, bytes) in [(0, 100, 1000), (2, 3, 1 << 20), (99, 9, 9), (0, 1, 0)] {
                both!(self, store => seqs(&store.events_after(id, Seq(after), limit, bytes).await.expect("events")));
            }
            for (before, limit, bytes, seen) in
                [(None, 100, 900, false), (Some(Seq(5)), 3, 1 << 20, true), (None, 2, 0, true)]
            {
                both!(self, store => {
                    seqs(&store.events_before(id, before, limit, bytes, seen).await.expect("events"))
                });
            }
            for key in ["few0", "few1", "few2"] {
                for scope in [KeyScope::Author(Author::Visitor), KeyScope::Author(by("jane")), KeyScope::Items] {
                    both!(self, store => {
                        let kept = store.keyed(id, &scope, &key.into()).await.expect("keyed");
                        kept.map(|entry| entry.json().to_owned())
                    });
                }
            }
        }
        for (until, limit) in [(i64::MAX, 100), (self.at + 30_000, 100), (i64::MAX, 2)] {
            both!(self, store => store.due(Millis(until), limit).await.expect("due"));
        }
        for before in [self.at, self.at - 100, 0] {
            both!(self, store => {
                let mut silent = store.silent(Millis(before), 100).await.expect("silent");
                silent.sort();
                silent
            });
        }
        both!(self, store => {
            let mut waited_in = store.waited_in().await.expect("waited_in");
            waited_in.sort();
            waited_in
        });
        both!(self, store => store.rosters().await.expect("rosters"));
        let ids: Vec<ConversationId> =
            self.talks.iter().map(|talk| talk.id().clone()).chain(["c_nobody".into()]).collect();
        both!(self, store => {
            let mut heads = store.heads(&ids).await.expect("heads");
            heads.sort_by(|one, other| one.conversation.cmp(&other.conversation));
            heads
        });
        let workspaces = WORKSPACES.map(WorkspaceId::from);
        for (of, since, limit) in [(2, 0, 100), (1, self.at - 200, 100), (2, self.at - 100, 2), (0, 0, 100)] {
            both!(self, store => store.moved_since(&workspaces[..of], Millis(since), limit).await.expect("moved"));
        }
        both!(self, store => {
            let told = store.outbox(1000).await.expect("outbox");
            assert!(told.windows(2).all(|pair| pair[0].id < pair[1].id));
            told.into_iter().map(|row| (row.workspace, row.conversation, row.topic, row.payload, row.at)).collect::<Vec<_>>()
        });
        for workspace in WORKSPACES {
            self.look_at(&workspace.into()).await;
        }
    }

    async fn look_at(&self, workspace: &WorkspaceId) {
        both!(self, store => store.queue(workspace).await.expect("queue"));
        both!(self, store => sizes(store, workspace, None).await);
        for visitor in 0..VISITORS {
            let visitor = VisitorId::from(format!("v_{visitor}"));
            for since in [0, self.at - 50] {
                both!(self, store => {
                    let found = store.of_visitor(workspace, &visitor, Millis(since)).await.expect("of_visitor");
                    found.map(|loaded| loaded.conversation)
                });
            }
        }
        let mine = AGENTS.map(|who| Folder::Mine(who.into()));
        let all = [Folder::Unassigned, Folder::Closed, Folder::All { only_mine: None }];
        for folder in mine.into_iter().chain(all).chain([Folder::All { only_mine: Some("jane".into()) }]) {
            both!(self, store => pages(store, workspace, &folder, None).await);
        }
        for who in AGENTS {
            let id = id_of(who);
            both!(self, store => store.counts(workspace, &id).await.expect("counts"));
            both!(self, store => sizes(store, workspace, Some(&id)).await);
            both!(self, store => store.assigned_to(workspace, &id).await.expect("assigned_to"));
            both!(self, store => store.removed_at(workspace, &id).await.expect("removed_at").is_some());
            both!(self, store => {
                let row = store.agent(workspace, &id).await.expect("agent");
                row.map(|row| (row.agent, row.admin, row.online, row.notify))
            });
        }
        both!(self, store => {
            let rows = store.agents(std::slice::from_ref(workspace)).await.expect("agents");
            rows.into_iter().map(|row| row.agent.id).collect::<Vec<_>>()
        });
        both!(self, store => {
            let rows = store.playbooks(workspace).await.expect("playbooks");
            rows.into_iter().map(|row| (row.playbook.id.clone(), row.version, row.installed_at, row.last_seen_at)).collect::<Vec<_>>()
        });
        for id in ["pb_0", "pb_1", "pb_2"] {
            for version in [None, Some(1), Some(2), Some(u32::MAX)] {
                both!(self, store => {
                    let row = store.playbook(&id.into(), version).await.expect("playbook");
                    row.map(|row| (row.playbook.name.clone(), row.version, row.deleted, row.workspace))
                });
            }
        }
        let of = self.talks.first().map(|talk| talk.id().clone());
        let viewer =
            |agent: &str, admin, admins_see_assigned| Some(Viewer { agent: agent.into(), admin, admins_see_assigned });
        for (kind, conversation, viewer) in [
            (None, None, None),
            (Some(ItemKind::Deal), None, viewer("jane", false, true)),
            (None, of.clone(), viewer("joe", true, true)),
            (None, None, viewer("kim", true, false)),
            (Some(ItemKind::Lead), of, None),
        ] {
            both!(self, store => {
                let mut query = ItemQuery {
                    workspace: workspace.clone(), kind, conversation: conversation.clone(), viewer: viewer.clone(), before: None, limit: 2,
                };
                let mut found = Vec::new();
                loop {
                    let page = store.items(&query).await.expect("items");
                    found.extend(page.items);
                    let Some(next) = page.next else { break found };
                    query.before = Some(next);
                }
            });
        }
    }

    /// What is written is found, in both, a little later.
    async fn find(&self) {
        for word in [
            "mull",
            "PARCEL",
            "par",
            "unicode strasse",
            "ünïcode straße",
            "日本",
            "example",
            "godunov",
            "bye",
            "shop pricing",
        ] {
            for workspace in WORKSPACES {
                let workspace = WorkspaceId::from(workspace);
                let everything = Folder::All { only_mine: None };
                let mut last = (Vec::new(), Vec::new());
                let alike = wait::try_within(wait::PATIENCE, async || {
                    last.0 = pages(self.one, &workspace, &everything, Some(word)).await;
                    last.1 = pages(self.other, &workspace, &everything, Some(word)).await;
                    (last.0 == last.1).then_some(())
                });
                assert!(alike.await.is_some(), "{word}: {last:?}");
            }
        }
    }
}

/// The sizes of folders that held something, in one order.
async fn sizes(store: &dyn Store, workspace: &WorkspaceId, agent: Option<&AgentId>) -> Vec<String> {
    let sizes = store.sizes(workspace, agent).await.expect("sizes");
    let mut sizes: Vec<String> = sizes.iter().map(|size| format!("{size:?}")).collect();
    sizes.sort();
    sizes
}

fn external() -> External {
    External { id: "4711".into(), url: None }
}

/// All pages of a folder.
async fn pages(
    store: &dyn Store,
    workspace: &WorkspaceId,
    folder: &Folder,
    words: Option<&str>,
) -> Vec<Vec<ConversationId>> {
    let query = words.map(str::to_owned);
    let mut query = FolderQuery { workspace: workspace.clone(), folder: folder.clone(), before: None, limit: 2, query };
    let mut pages = Vec::new();
    loop {
        let page = store.folder(&query).await.expect("folder");
        pages.push(page.conversations.into_iter().map(|loaded| loaded.conversation.id).collect());
        let Some(next) = page.next else { return pages };
        query.before = Some(next);
    }
}
