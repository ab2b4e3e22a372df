//! What is kept with a log: its fold, what stands beside it, items, and what the outside is told.

use serde_json::json;
use usher::{
    chat::{
        event::{Author, External, Item, ItemKind, Page, What},
        summary::{Beside, Mark, Seen},
    },
    ids::{Millis, Seq, VisitorId},
    store::{ItemQuery, ItemRow, Store, StoreError, Viewer},
};

use super::NewGround;
use crate::store::talk::{
    Talk, agent, assigned, by, closed, details, email, item, missed, not_installed, note, text, unassigned, waiting,
    workspace,
};

pub(crate) async fn d6_a_load_is_the_fold_of_the_whole_log(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let everything = [
        (Author::Visitor, text("a", "hello?")),
        (Author::System, missed()),
        (Author::Bot, What::Message { key: None, text: "Nobody is free".into(), rich: None }),
        (Author::Visitor, email("anna@example.com")),
        (Author::Bot, What::Qualified { card: "done".into() }),
        (Author::Bot, What::Item(item("i_1", ItemKind::Lead, "A lead"))),
        (by("jane"), assigned("jane")),
        (by("jane"), What::Message { key: Some("m".into()), text: "Hi!".into(), rich: None }),
        (by("jane"), note("n", "a note")),
        (by("jane"), details(json!({"person": {"name": "Anna"}, "note": "wants a demo"}))),
        (by("jane"), What::Assigned { to: agent("joe"), from: Some(Box::new(agent("jane"))) }),
        (by("joe"), unassigned("joe")),
        (Author::System, What::ItemFailed { item: "i_1".into(), kind: ItemKind::Lead, message: "no CRM".into() }),
        (Author::Visitor, What::Rated { score: 4, comment: None }),
        (Author::Visitor, closed()),
        (by("jane"), note("n2", "after the end")),
    ];
    for (at, (by, what)) in (1001..).zip(everything) {
        talk.happens(&*store, by, at, what).await;
        talk.is_kept_by(&*store).await;
        let found = store.of_visitor(&workspace(), &"v_1".into(), Millis(0)).await.expect("of_visitor");
        assert_eq!(found.map(|loaded| loaded.conversation), Some(talk.fold.clone()));
    }
    drop(store);
    talk.is_kept_by(&*ground.open()).await;
}

pub(crate) async fn p2_what_stands_beside_a_log_is_kept_beside_it(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let other = Talk::begin(&*store, "v_2", 1000, vec![waiting(61_000)]).await;
    let mut beside = Beside::default();
    assert_eq!(store.load(talk.id()).await.expect("load").expect("there").beside, beside);
    for n in 1..4 {
        beside.seen.visitor = Mark { received: Seq(n), read: Seq(n - 1) };
        beside.page = Some(Page { url: format!("https://shop.example/{n}"), title: None, referrer: None });
        store.put_beside(vec![(talk.id().clone(), beside.clone())]).await.expect("kept");
        let loaded = store.load(talk.id()).await.expect("load").expect("there");
        assert_eq!((loaded.beside, loaded.conversation), (beside.clone(), talk.fold.clone()));
        drop(store);
        store = ground.open();
    }
    assert_eq!(store.load(talk.id()).await.expect("load").expect("there").beside, beside);
    assert_eq!(store.load(other.id()).await.expect("load").expect("there").beside, Beside::default());
}

pub(crate) async fn p2_what_two_nodes_keep_beside_a_log_never_goes_back(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let mark = |received, read| Mark { received: Seq(received), read: Seq(read) };
    let page = |n: u32| Some(Page { url: format!("https://shop.example/{n}"), title: None, referrer: None });
    let visitors = |at, n| Beside { seen: Seen { visitor: at, ..Seen::default() }, page: page(n), connected: false };
    let agents = |at| Beside { seen: Seen { agent: at, ..Seen::default() }, ..Beside::default() };
    let moved = [visitors(mark(7, 3), 1), agents(mark(6, 6)), visitors(mark(5, 5), 2), agents(mark(2, 1))];
    for beside in moved {
        store.put_beside(vec![(talk.id().clone(), beside)]).await.expect("kept");
    }
    let seen = Seen { visitor: mark(7, 5), agent: mark(6, 6) };
    let loaded = store.load(talk.id()).await.expect("load").expect("there");
    assert_eq!(loaded.beside, Beside { seen, page: page(2), connected: false });
}

async fn items(store: &dyn Store, query: ItemQuery) -> Vec<ItemRow> {
    let mut found = Vec::new();
    let mut query = Some(query);
    while let Some(asked) = query.take() {
        let page = store.items(&asked).await.expect("items");
        assert!(page.items.len() <= asked.limit);
        found.extend(page.items);
        query = page.next.map(|next| ItemQuery { before: Some(next), ..asked });
    }
    found
}

fn all() -> ItemQuery {
    ItemQuery { workspace: workspace(), kind: None, conversation: None, before: None, limit: 2, viewer: None }
}

fn ids(items: &[ItemRow]) -> Vec<&str> {
    items.iter().map(|item| item.id.as_str()).collect()
}

pub(crate) async fn r15_items_come_with_the_panel_as_it_stands_now(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let mut other = Talk::begin(&*store, "v_2", 1000, vec![waiting(61_000)]).await;
    for n in 1..=3 {
        let (one, two) = (item(&format!("i_1{n}"), ItemKind::Lead, "A lead"), format!("i_2{n}"));
        talk.happens(&*store, by("jane"), 1000 + n, What::Item(one)).await;
        other.happens(&*store, by("jane"), 1000 + n, What::Item(item(&two, ItemKind::Activity, "Call"))).await;
    }
    talk.happens(&*store, by("jane"), 1004, email("anna@example.com")).await;
    talk.says(&*store, 1005, "k", "thanks").await;
    let found = items(&*store, all()).await;
    assert_eq!(ids(&found), ["i_23", "i_13", "i_22", "i_12", "i_21", "i_11"]);
    let lead = &found[1];
    assert_eq!((&lead.details, &lead.conversation), (&talk.fold.details, talk.id()));
    assert_eq!(lead.page.as_deref(), Some("https://shop.example/pricing"));
    assert_eq!((lead.kind, lead.title.as_str(), lead.at), (ItemKind::Lead, "A lead", Millis(1003)));
    let leads = items(&*store, ItemQuery { kind: Some(ItemKind::Lead), ..all() }).await;
    assert_eq!(ids(&leads), ["i_13", "i_12", "i_11"]);
    let of = ItemQuery { conversation: Some(other.id().clone()), ..all() };
    assert_eq!(ids(&items(&*store, of.clone()).await), ["i_23", "i_22", "i_21"]);
    assert!(items(&*store, ItemQuery { kind: Some(ItemKind::Deal), ..of }).await.is_empty());
    assert!(items(&*store, ItemQuery { workspace: "other".into(), ..all() }).await.is_empty());
    let foreign = ItemQuery { before: Some("not one of ours".into()), ..all() };
    assert!(matches!(store.items(&foreign).await, Err(StoreError::Cursor)));
}

pub(crate) async fn r13_items_of_what_one_may_not_see_are_left_out(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talks = Vec::new();
    for (n, state) in ["bot", "waiting", "offline", "unseen", "mine", "theirs", "given up", "closed", "finished"]
        .into_iter()
        .enumerate()
    {
        let first = if ["bot", "unseen", "finished"].contains(&state) { vec![] } else { vec![waiting(61_000)] };
        let mut talk = Talk::begin(&*store, &format!("v_{n}"), 1000, first).await;
        let made = item(&format!("i_{state}"), ItemKind::Lead, state);
        talk.happens(&*store, Author::Bot, 1001, What::Item(made)).await;
        let then = match state {
            "offline" => vec![missed()],
            "unseen" => vec![not_installed()],
            "mine" | "closed" => vec![assigned("jane")],
            "theirs" => vec![assigned("joe")],
            "given up" => vec![assigned("joe"), unassigned("joe")],
            _ => vec![],
        };
        for what in then {
            talk.happens(&*store, by("jane"), 1002, what).await;
        }
        if state == "closed" || state == "finished" {
            talk.happens(&*store, by("jane"), 1003, closed()).await;
        }
        talks.push(talk);
    }
    for (agent, admin, admins_see_assigned, hidden) in [
        ("jane", false, true, vec!["i_bot", "i_unseen", "i_theirs", "i_finished"]),
        ("joe", false, true, vec!["i_bot", "i_unseen", "i_mine", "i_finished"]),
        ("root", true, true, vec![]),
        ("root", true, false, vec!["i_mine", "i_theirs"]),
    ] {
        let viewer = Viewer { agent: agent.into(), admin, admins_see_assigned };
        let sees = |talk: &&Talk| !hidden.contains(&talk.fold.items[0].item.as_str());
        // The rule of the domain says the same.
        let allowed = |talk: &Talk| talk.fold.sight().allows(&viewer.agent, admin, admins_see_assigned);
        assert!(talks.iter().all(|talk| sees(&talk) == allowed(talk)), "{agent}");
        let visible: Vec<&str> = talks.iter().rev().filter(sees).map(|talk| talk.fold.items[0].item.as_str()).collect();
        let query = ItemQuery { viewer: Some(viewer.clone()), ..all() };
        assert_eq!(ids(&items(&*store, query.clone()).await), visible);
        // A page is as long as was asked for, whatever lies between.
        let page = store.items(&query).await.expect("items");
        assert_eq!(page.items.len(), 2);
        for talk in &talks {
            let of = ItemQuery { conversation: Some(talk.id().clone()), kind: Some(ItemKind::Lead), ..query.clone() };
            assert_eq!(items(&*store, of).await.len(), usize::from(sees(&talk)));
        }
    }
}

pub(crate) async fn r15_an_item_told_twice_only_learns_where_the_crm_keeps_it(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let fields = serde_json::from_value(json!({"note": "hot"})).expect("fields");
    let made = Item { fields, ..item("i_1", ItemKind::Deal, "A deal") };
    talk.happens(&*store, by("jane"), 1001, What::Item(made.clone())).await;
    let external = External { id: "4711".into(), url: Some("https://crm.example/4711".into()) };
    let handed = Item { external: Some(external.clone()), ..item("i_1", ItemKind::Deal, "A deal") };
    talk.happens(&*store, Author::System, 1002, What::Item(handed)).await;
    let found = items(&*store, all()).await;
    assert_eq!(ids(&found), ["i_1"]);
    assert_eq!((&found[0].fields, &found[0].external, found[0].at), (&*made.fields, &Some(external), Millis(1001)));
    talk.is_kept_by(&*store).await;
}

pub(crate) async fn p1_an_identity_adopts_an_open_conversation_once(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let (anonymous, anna) = (VisitorId::from("v_anonymous"), VisitorId::from("v_anna"));
    let mut talk = Talk::begin(&*store, "v_anonymous", 1000, vec![waiting(61_000)]).await;
    let adopt = async |store: &dyn Store, from: &VisitorId| {
        store.adopt(&workspace(), from, &anna, Some("Anna Karenina")).await.expect("answered")
    };
    assert_eq!(adopt(&*store, &"v_nobody".into()).await, None);
    assert_eq!(store.adopt(&"other".into(), &anonymous, &anna, None).await.expect("answered"), None);
    assert_eq!(adopt(&*store, &anonymous).await.as_ref(), Some(talk.id()));
    assert_eq!(adopt(&*store, &anonymous).await, None, "there is none left to adopt");
    assert_eq!(adopt(&*store, &anna).await, None, "it is theirs already");
    let before = talk.fold.clone();
    talk.fold.visitor.id = anna.clone();
    talk.fold.visitor.name = Some("Anna Karenina".into());
    talk.fold.visitor.verified = true;
    for _ in 0..2 {
        talk.is_kept_by(&*store).await;
        let found = store.of_visitor(&workspace(), &anna, Millis(0)).await.expect("of_visitor").expect("found");
        assert_eq!(found.conversation, talk.fold);
        assert!(store.of_visitor(&workspace(), &anonymous, Millis(0)).await.expect("of_visitor").is_none());
        drop(store);
        store = ground.open();
    }
    assert_eq!(store.queue(&workspace()).await.expect("queue")[0].visitor, anna);
    // Somebody who folded the log before the adoption writes the row: it stays adopted.
    let adopted = talk.fold.visitor.clone();
    talk.fold.visitor = before.visitor;
    talk.happens(&*store, by("jane"), 1001, assigned("jane")).await;
    talk.fold.visitor = adopted;
    talk.is_kept_by(&*store).await;
    // Whoever has one open adopts none.
    let second = Talk::begin(&*store, "v_anonymous", 1000, vec![waiting(61_000)]).await;
    assert_eq!(adopt(&*store, &anonymous).await, None);
    second.is_kept_by(&*store).await;
}
