//! Forgetting a person.

use std::sync::Arc;

use serde_json::json;
use usher::{
    chat::{
        command::KeyScope,
        conversation::Conversation,
        event::{Author, Event, ItemKind, What},
        summary::Beside,
    },
    ids::{ConversationId, Millis, Seq, VisitorId},
    store::{Append, Appended, Folder, FolderQuery, ItemQuery, Store},
    wire::entry::Entry,
};

use super::NewGround;
use crate::{
    store::talk::{Talk, assigned, by, closed, details, item, note, text, waiting, workspace},
    support::wait,
};

async fn found(store: &dyn Store, words: &str) -> Vec<ConversationId> {
    let query = Some(words.to_owned());
    let all = FolderQuery { workspace: workspace(), folder: Folder::Closed, before: None, limit: 100, query };
    let page = store.folder(&all).await.expect("folder");
    page.conversations.into_iter().map(|loaded| loaded.conversation.id).collect()
}

/// A closed conversation with a canary in everything that can be about a person.
async fn talked(store: &dyn Store, visitor: &str) -> Talk {
    let mut talk = Talk::begin(store, visitor, 1000, vec![waiting(61_000)]).await;
    talk.says(store, 1001, "k", "canary says the visitor").await;
    talk.happens(store, by("jane"), 1002, assigned("jane")).await;
    talk.happens(store, by("jane"), 1003, text("a", "canary says the agent")).await;
    talk.happens(store, by("jane"), 1004, note("n", "canary in a note")).await;
    talk.happens(store, by("jane"), 1005, details(json!({"person": {"name": "canary"}, "note": "canary"}))).await;
    let id = format!("i_{}", talk.id());
    talk.happens(store, by("jane"), 1006, What::Item(item(&id, ItemKind::Deal, "canary of a deal"))).await;
    talk.happens(store, by("jane"), 1007, closed()).await;
    talk
}

/// Erases it as the hub does. Its log is then what is left of it.
async fn erase(store: &dyn Store, talk: &mut Talk, at: i64) {
    talk.happens(store, Author::System, at, What::erasure()).await;
    let last = talk.log.pop().expect("the erasure");
    for entry in &mut talk.log {
        *entry = Entry::new(entry.event().erased());
    }
    talk.log.push(last);
}

pub(crate) async fn b2_an_erasure_takes_the_person_out_and_leaves_all_the_rest(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let (mut talk, other) = (talked(&*store, "v_1").await, talked(&*store, "v_2").await);
    let beside: Beside = serde_json::from_value(json!({"seen": {"visitor": {"received": 3, "read": 3},
        "agent": {"received": 0, "read": 0}}, "page": {"url": "https://canary.example"}}))
    .expect("beside");
    store.put_beside(vec![(talk.id().clone(), beside.clone())]).await.expect("kept");
    wait::until("the canary to be found", async || (found(&*store, "canary").await.len() == 2).then_some(())).await;
    let sizes = store.sizes(&workspace(), None).await.expect("sizes");
    let visitor = VisitorId::from("v_1");
    assert_eq!(store.of_person(&workspace(), &visitor, 10).await.expect("of_person"), [talk.id().clone()]);
    erase(&*store, &mut talk, 5000).await;
    // Whoever decided before, or writes down late where the visitor was, brings nothing back.
    let (head, after) = (talk.fold.seq, Seq(talk.fold.seq.0 - 1));
    let event = Event { seq: head, at: Millis(5001), by: by("jane"), what: note("late", "canary") };
    let entries = vec![Entry::new(event)];
    let stale = Append { conversation: talk.id().clone(), after, entries, key: None, row: None };
    assert!(matches!(store.append(stale).await, Ok(Appended::Stale { head: now }) if now == head));
    store.put_beside(vec![(talk.id().clone(), beside)]).await.expect("answered");
    for _ in 0..2 {
        let loaded = store.load(talk.id()).await.expect("load").expect("there");
        assert_eq!((&loaded.conversation, &loaded.beside), (&talk.fold, &Beside::default()));
        let log = store.events_after(talk.id(), Seq(0), 100, usize::MAX).await.expect("events");
        assert_eq!(log, talk.log);
        let events = log.iter().map(|entry: &Arc<Entry>| entry.event());
        assert_eq!(Conversation::fold(talk.id().clone(), workspace(), events).expect("it begins"), talk.fold);
        let keyed = store.keyed(talk.id(), &KeyScope::Author(Author::Visitor), &"k".into()).await.expect("keyed");
        assert_eq!(keyed, Some(talk.log[2].clone()));
        let query = ItemQuery {
            workspace: workspace(),
            kind: None,
            conversation: Some(talk.id().clone()),
            viewer: None,
            before: None,
            limit: 9,
        };
        let items = store.items(&query).await.expect("items").items;
        assert_eq!(items.len(), 1);
        assert!(!format!("{items:?} {loaded:?} {log:?}").contains("canary"));
        assert_eq!(store.of_person(&workspace(), &visitor, 10).await.expect("of_person"), []);
        assert!(store.of_visitor(&workspace(), &visitor, Millis(0)).await.expect("of_visitor").is_none());
        assert_eq!(store.sizes(&workspace(), None).await.expect("sizes"), sizes, "counters stay right");
        other.is_kept_by(&*store).await;
        wait::until("the canary to be gone", async || {
            (found(&*store, "canary").await == [other.id().clone()]).then_some(())
        })
        .await;
        drop(store);
        store = ground.open();
    }
    // The visitor may begin anew, and is another person's worth of data; an open one is not erased.
    let anew = Talk::begin(&*store, "v_1", 9000, vec![waiting(70_000)]).await;
    assert_eq!(store.of_person(&workspace(), &visitor, 10).await.expect("of_person"), [anew.id().clone()]);
    let mut open = anew.clone();
    let entry = open.draft(Author::System, 9001, What::erasure());
    let append = Append {
        conversation: anew.id().clone(),
        after: anew.fold.seq,
        entries: vec![entry],
        key: None,
        row: Some(Box::new(open.fold.clone())),
    };
    assert!(store.append(append).await.is_err());
    anew.is_kept_by(&*store).await;
    // Several people can be nobody.
    let mut other = other;
    erase(&*store, &mut other, 9500).await;
    other.is_kept_by(&*store).await;
}
