//! Whatever happens, in whatever order, with the store closed and opened in between: it holds what a model holds.

use std::sync::Arc;

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
        conversation::State,
        event::{Author, ItemKind, VisitorRef, What},
    },
    ids::{ConversationId, MessageKey, Millis, Seq, VisitorId},
    store::{Append, Appended, Begun, Folder, FolderQuery, ItemQuery, Store, Topics},
};

use super::{NewGround, outbox::webhook};
use crate::store::{
    Ground,
    talk::{
        Talk, agent, assigned, by, closed, details, id_of, item, json, missed, not_installed, note, seqs, text,
        unassigned,
    },
    talk::{waiting, workspace},
};

const VISITORS: usize = 4;
const AGENTS: [&str; 3] = ["jane", "joe", "kim"];

/// Something that may happen to a visitor's newest conversation; what its state does not allow does not happen.
#[derive(Clone, Debug)]
enum Step {
    Begin,
    Say { with_row: bool },
    Repeat,
    Stale,
    Note(usize),
    Wait,
    Miss,
    Unseen,
    Assign(usize),
    GiveUp,
    Close,
    Details,
    Item(usize),
    Adopt(usize),
    Reopen,
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Begin),
        8 => any::<bool>().prop_map(|with_row| Step::Say { with_row }),
        2 => Just(Step::Repeat),
        2 => Just(Step::Stale),
        2 => (0..AGENTS.len()).prop_map(Step::Note),
        2 => Just(Step::Wait),
        1 => Just(Step::Miss),
        1 => Just(Step::Unseen),
        3 => (0..AGENTS.len()).prop_map(Step::Assign),
        1 => Just(Step::GiveUp),
        2 => Just(Step::Close),
        1 => Just(Step::Details),
        2 => (0..4usize).prop_map(Step::Item),
        1 => (0..VISITORS).prop_map(Step::Adopt),
        1 => Just(Step::Reopen),
        1 => Just(Step::Look),
    ]
}

/// What the store should hold.
#[derive(Default)]
struct Model {
    /// In the order they began.
    talks: Vec<Talk>,
    /// Every key used: by whom, and what it made.
    keys: Vec<(usize, KeyScope, MessageKey, Seq)>,
    /// Items in the order they were made.
    items: Vec<String>,
    outbox: usize,
    at: i64,
}

pub(crate) async fn d6_whatever_happens_folds_counters_keys_and_pages_agree_with_a_model(new: NewGround<'_>) {
    let steps = vec((0..VISITORS, step()), 1..70);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let run = |steps: Vec<(usize, Step)>| {
        let ground = new();
        block_in_place(|| Handle::current().block_on(play(&*ground, steps)));
        Ok(())
    };
    block_in_place(|| runner.run(&steps, run)).unwrap_or_else(|fault| panic!("{fault}"));
}

async fn play(ground: &dyn Ground, steps: Vec<(usize, Step)>) {
    let mut model = Model { at: 1000, ..Model::default() };
    let mut store = ground.open();
    assert!(store.add_webhook(&webhook("wh_all", Topics::All)).await.expect("answered"));
    for (visitor, step) in steps {
        model.at += 1;
        match step {
            Step::Reopen => {
                drop(store);
                store = ground.open();
            }
            Step::Look => model.agrees_with(&*store).await,
            step => model.step(&store, visitor, step).await,
        }
    }
    model.agrees_with(&*store).await;
    drop(store);
    model.agrees_with(&*ground.open()).await;
}

// === impl Model ===

impl Model {
    async fn step(&mut self, store: &Arc<dyn Store>, visitor: usize, step: Step) {
        let at = self.at;
        let whose = VisitorId::from(format!("v_{visitor}"));
        if let Step::Begin = step {
            return self.begin(&**store, &whose).await;
        }
        let Some(of) = self.talks.iter().rposition(|talk| talk.fold.visitor.id == whose) else { return };
        let (state, key) = (self.talks[of].fold.state.clone(), format!("k{at}"));
        let open = !matches!(state, State::Closed { .. });
        let (by, what) = match step {
            Step::Say { with_row } if open => return self.say(&**store, of, &key, with_row).await,
            Step::Repeat => return self.repeat(&**store, of).await,
            Step::Stale => return self.stale(&**store, of).await,
            Step::Adopt(to) => return self.adopt(&**store, &whose, &VisitorId::from(format!("v_{to}"))).await,
            Step::Note(who) => (by(AGENTS[who]), note(&key, "a note")),
            Step::Details => (by("jane"), details(json!({"note": format!("seen at {at}")}))),
            Step::Item(nth) => {
                let id = format!("i_{}_{nth}", self.talks[of].id());
                if !self.items.contains(&id) {
                    self.items.push(id.clone());
                    self.outbox += 1;
                }
                (Author::Bot, What::Item(item(&id, ItemKind::Lead, "A lead")))
            }
            Step::Wait if state == State::Bot => (Author::System, waiting(at + 60_000)),
            Step::Miss if matches!(state, State::Bot | State::Waiting { .. }) => (Author::System, missed()),
            Step::Unseen if state == State::Bot => (Author::System, not_installed()),
            Step::Assign(who) if open && state != State::Bot => (by(AGENTS[who]), assigned(AGENTS[who])),
            Step::GiveUp if matches!(state, State::Assigned { .. }) => (by("jane"), unassigned("jane")),
            Step::Close if open => (by("jane"), closed()),
            _ => return,
        };
        self.outbox += usize::from(matches!(what, What::Missed { .. } | What::Assigned { .. } | What::Closed { .. }));
        self.talks[of].happens(&**store, by, at, what).await;
    }

    async fn begin(&mut self, store: &dyn Store, visitor: &VisitorId) {
        let talk = Talk::new("default", visitor.as_str(), self.at, vec![]);
        let open = self.talks.iter().find(|one| one.fold.visitor.id == *visitor && one.fold.closed_at().is_none());
        match store.begin(talk.fold.clone(), talk.log.clone()).await.expect("answered") {
            Begun::Done { counts } => {
                assert!(open.is_none() && counts.is_empty());
                self.talks.push(talk);
                self.outbox += 1;
            }
            Begun::Open(id) => assert_eq!(Some(&id), open.map(Talk::id)),
        }
    }

    async fn say(&mut self, store: &dyn Store, of: usize, key: &str, with_row: bool) {
        let talk = &mut self.talks[of];
        let mut append = talk.saying(self.at, key, "some words");
        append.row = with_row.then(|| Box::new(talk.fold.clone()));
        assert!(matches!(store.append(append).await, Ok(Appended::Done { .. })));
        self.keys.push((of, KeyScope::Author(Author::Visitor), key.into(), talk.fold.seq));
    }

    async fn repeat(&mut self, store: &dyn Store, of: usize) {
        let Some((_, scope, key, seq)) = self.keys.iter().rfind(|(talk, ..)| *talk == of) else { return };
        let talk = &self.talks[of];
        let mut again = talk.clone();
        let entry = again.draft(Author::Visitor, self.at, text(key.as_str(), "other words"));
        let key = Some((scope.clone(), key.clone()));
        let append =
            Append { conversation: talk.id().clone(), after: talk.fold.seq, entries: vec![entry], key, row: None };
        let Ok(Appended::Repeated { event }) = store.append(append).await else { panic!("written twice") };
        assert_eq!(event.event().seq, *seq);
    }

    async fn stale(&mut self, store: &dyn Store, of: usize) {
        let mut late = self.talks[of].clone();
        let mut append = late.saying(self.at, &format!("stale{}", self.at), "too late");
        append.after = Seq(append.after.0 - 1);
        let Ok(Appended::Stale { head }) = store.append(append).await else { panic!("not stale") };
        assert_eq!(head, self.talks[of].fold.seq);
    }

    async fn adopt(&mut self, store: &dyn Store, from: &VisitorId, to: &VisitorId) {
        let open =
            |talk: &&mut Talk, whose: &VisitorId| talk.fold.visitor.id == *whose && talk.fold.closed_at().is_none();
        let blocked = self.talks.iter_mut().any(|talk| open(&&mut *talk, to));
        let adopted = self.talks.iter_mut().find(|talk| !blocked && open(talk, from)).map(|talk| {
            talk.fold.visitor = VisitorRef { id: to.clone(), name: Some("Anna".into()), verified: true };
            talk.id().clone()
        });
        assert_eq!(store.adopt(&workspace(), from, to, Some("Anna")).await.expect("answered"), adopted);
    }

    async fn agrees_with(&self, store: &dyn Store) {
        for talk in &self.talks {
            talk.is_kept_by(store).await;
            let seen: Vec<u64> = talk
                .log
                .iter()
                .filter(|entry| entry.event().what.for_visitor())
                .map(|entry| entry.event().seq.0)
                .collect();
            let shown = store.events_before(talk.id(), None, 5, usize::MAX, true).await.expect("events");
            assert_eq!(seqs(&shown), seen[seen.len().saturating_sub(5)..]);
        }
        for (of, scope, key, seq) in &self.keys {
            let made = store.keyed(self.talks[*of].id(), scope, key).await.expect("keyed").expect("used");
            assert_eq!(json(&[made]), json(&self.talks[*of].log[seq.0 as usize - 1..seq.0 as usize]));
        }
        self.folders_agree_with(store).await;
        let due = store.due(Millis(i64::MAX), 1000).await.expect("due");
        let mut due: Vec<_> = due.into_iter().map(|due| (due.conversation, Some(due.deadline))).collect();
        due.sort();
        assert_eq!(due, self.sorted(|talk| talk.fold.deadline().map(|at| (talk.id().clone(), Some(at)))));
        let mut all =
            ItemQuery { workspace: workspace(), kind: None, conversation: None, before: None, limit: 3, viewer: None };
        let mut items = Vec::new();
        loop {
            let page = store.items(&all).await.expect("items");
            items.extend(page.items.into_iter().map(|item| item.id.as_str().to_owned()));
            let Some(next) = page.next else { break };
            all.before = Some(next);
        }
        items.reverse();
        assert_eq!(items, self.items);
        assert_eq!(store.backlog().await.expect("backlog").waiting, self.outbox as u64);
    }

    async fn folders_agree_with(&self, store: &dyn Store) {
        let unassigned = self.sorted(|talk| talk.fold.is_unassigned().then(|| talk.id().clone()));
        let over = self.sorted(|talk| (talk.fold.live && talk.fold.closed_at().is_some()).then(|| talk.id().clone()));
        let all = self.sorted(|talk| Some(talk.id().clone()));
        assert_eq!(ids(store, Folder::Unassigned).await, unassigned);
        assert_eq!(ids(store, Folder::Closed).await, over);
        assert_eq!(ids(store, Folder::All { only_mine: None }).await, all);
        for name in AGENTS {
            let owner = |talk: &Talk| talk.fold.assignee() == Some(&agent(name));
            let mine = self.sorted(|talk| owner(talk).then(|| talk.id().clone()));
            assert_eq!(ids(store, Folder::Mine(name.into())).await, mine);
            let counts = store.counts(&workspace(), &id_of(name)).await.expect("counts");
            let recount = (unassigned.len() as u64, mine.len() as u64, over.len() as u64);
            assert_eq!((counts.unassigned, counts.mine, counts.closed), recount);
        }
    }

    fn sorted<T: Ord>(&self, pick: impl Fn(&Talk) -> Option<T>) -> Vec<T> {
        let mut picked: Vec<T> = self.talks.iter().filter_map(pick).collect();
        picked.sort();
        picked
    }
}

/// Everything in a folder, by id.
async fn ids(store: &dyn Store, folder: Folder) -> Vec<ConversationId> {
    let mut query = FolderQuery { workspace: workspace(), folder, before: None, limit: 3, query: None };
    let mut found = Vec::new();
    loop {
        let page = store.folder(&query).await.expect("folder");
        found.extend(page.conversations.into_iter().map(|loaded| loaded.conversation.id));
        let Some(next) = page.next else { break };
        query.before = Some(next);
    }
    found.sort();
    found
}
