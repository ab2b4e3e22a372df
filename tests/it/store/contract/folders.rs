//! The inbox's folders, their orders and their sizes.

use usher::{
    chat::event::{Author, ClosedReason, What},
    ids::{ConversationId, WorkspaceId},
    store::{Begun, Counts, Folder, FolderCount, FolderQuery, Store, StoreError},
};

use super::NewGround;
use crate::store::talk::{
    Talk, agent, assigned, by, closed, id_of, missed, not_installed, unassigned, waiting, workspace,
};

/// All pages of a folder; between two pages `meanwhile` happens.
async fn pages(
    store: &dyn Store,
    workspace: &WorkspaceId,
    folder: Folder,
    limit: usize,
    mut meanwhile: impl AsyncFnMut(),
) -> Vec<ConversationId> {
    let mut query = FolderQuery { workspace: workspace.clone(), folder, before: None, limit, query: None };
    let mut found = Vec::new();
    loop {
        let page = store.folder(&query).await.expect("folder");
        assert!(page.conversations.len() <= limit);
        found.extend(page.conversations.into_iter().map(|loaded| loaded.conversation.id));
        match page.next {
            Some(next) => query.before = Some(next),
            None => return found,
        }
        meanwhile().await;
    }
}

async fn whole(store: &dyn Store, folder: Folder) -> Vec<ConversationId> {
    pages(store, &workspace(), folder, 2, async || ()).await
}

async fn sizes(store: &dyn Store, agent: &str) -> (u64, u64, u64) {
    let Counts { unassigned, mine, closed } = store.counts(&workspace(), &id_of(agent)).await.expect("counts");
    (unassigned, mine, closed)
}

fn told(counts: &[FolderCount]) -> Vec<(Folder, u64)> {
    counts.iter().map(|count| (count.folder.clone(), count.count)).collect()
}

fn ids(talks: &[&Talk]) -> Vec<ConversationId> {
    talks.iter().map(|talk| talk.id().clone()).collect()
}

pub(crate) async fn r11_a_conversation_stands_in_one_folder_and_the_counts_say_so(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let (jane, joe) = (Folder::Mine("jane".into()), Folder::Mine("joe".into()));
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![]).await;
    assert_eq!(sizes(&*store, "jane").await, (0, 0, 0));
    let mut versions = Vec::new();
    let steps = [
        (waiting(61_000), vec![(Folder::Unassigned, 1)], (1, 0, 0)),
        (missed(), vec![], (1, 0, 0)),
        (assigned("jane"), vec![(Folder::Unassigned, 0), (jane.clone(), 1)], (0, 1, 0)),
        (
            What::Assigned { to: agent("joe"), from: Some(Box::new(agent("jane"))) },
            vec![(jane.clone(), 0), (joe.clone(), 1)],
            (0, 0, 0),
        ),
        (unassigned("joe"), vec![(joe, 0), (Folder::Unassigned, 1)], (1, 0, 0)),
        (assigned("jane"), vec![(Folder::Unassigned, 0), (jane.clone(), 1)], (0, 1, 0)),
        (closed(), vec![(jane, 0), (Folder::Closed, 1)], (0, 0, 1)),
    ];
    for (at, (what, changed, after)) in (1001..).zip(steps) {
        let counts = talk.happens(&*store, Author::System, at, what).await;
        assert_eq!(told(&counts), changed);
        versions.extend(counts.into_iter().map(|count| (count.folder, count.version)));
        assert_eq!(sizes(&*store, "jane").await, after);
        drop(store);
        store = ground.open();
        assert_eq!(sizes(&*store, "jane").await, after);
    }
    let of = |folder: &Folder| versions.iter().filter(|(one, _)| one == folder).map(|(_, v)| *v).collect::<Vec<_>>();
    for folder in [Folder::Unassigned, Folder::Mine("jane".into())] {
        assert!(of(&folder).windows(2).all(|pair| pair[0] < pair[1]), "{folder:?}: {:?}", of(&folder));
    }
    let begun = Talk::new("default", "v_2", 2000, vec![waiting(61_000)]);
    let Begun::Done { counts } = store.begin(begun.fold.clone(), begun.log.clone()).await.expect("begin") else {
        panic!("open already")
    };
    assert_eq!(told(&counts), [(Folder::Unassigned, 1)]);
}

pub(crate) async fn r16_closed_without_the_live_chat_card_counts_nowhere(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![]).await;
    let finished = What::Closed { reason: ClosedReason::Finished };
    assert_eq!(talk.happens(&*store, Author::System, 1001, finished).await, []);
    assert_eq!(sizes(&*store, "jane").await, (0, 0, 0));
    assert!(whole(&*store, Folder::Closed).await.is_empty());
    assert_eq!(whole(&*store, Folder::All { only_mine: None }).await, ids(&[&talk]));
}

pub(crate) async fn r5_a_card_reached_while_not_installed_stands_in_all_and_counts_nowhere(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![]).await;
    let begun = Talk::begin(&*store, "v_2", 1001, vec![not_installed()]).await;
    assert_eq!(talk.happens(&*store, Author::System, 1002, not_installed()).await, []);
    assert_eq!(sizes(&*store, "jane").await, (0, 0, 0));
    assert!(whole(&*store, Folder::Unassigned).await.is_empty());
    assert_eq!(whole(&*store, Folder::All { only_mine: None }).await, ids(&[&begun, &talk]));
    // An admin may give it to somebody: then it is a chat like any other.
    let counts = talk.happens(&*store, by("root"), 2000, assigned("jane")).await;
    assert_eq!(told(&counts), [(Folder::Mine("jane".into()), 1)]);
    talk.happens(&*store, by("jane"), 2001, unassigned("jane")).await;
    assert_eq!((whole(&*store, Folder::Unassigned).await, sizes(&*store, "jane").await), (ids(&[&talk]), (1, 0, 0)));
    talk.happens(&*store, by("root"), 2002, closed()).await;
    assert_eq!((whole(&*store, Folder::Closed).await, sizes(&*store, "jane").await), (ids(&[&talk]), (0, 0, 1)));
}

pub(crate) async fn p4_folders_have_their_orders(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talks = Vec::new();
    for n in 0..8 {
        talks.push(Talk::begin(&*store, &format!("v_{n}"), 1000 + n, vec![]).await);
    }
    // They reach the Live Chat card in another order than they began; two at the same moment.
    for (n, at) in [(3, 2000), (1, 2001), (0, 2002), (2, 2002), (7, 2003), (6, 2004), (5, 2005)] {
        talks[n].happens(&*store, Author::System, at, waiting(61_000)).await;
    }
    let order = |of: &[usize]| of.iter().map(|n| talks[*n].id().clone()).collect::<Vec<_>>();
    assert_eq!(whole(&*store, Folder::Unassigned).await, order(&[3, 1, 0, 2, 7, 6, 5]));
    assert_eq!(whole(&*store, Folder::All { only_mine: None }).await, order(&[7, 6, 5, 4, 3, 2, 1, 0]));
    // Being given up or missed does not change since when they wait.
    talks[1].happens(&*store, Author::System, 3000, missed()).await;
    talks[3].happens(&*store, by("jane"), 3001, assigned("jane")).await;
    talks[3].happens(&*store, by("jane"), 3002, unassigned("jane")).await;
    let order = |of: &[usize]| of.iter().map(|n| talks[*n].id().clone()).collect::<Vec<_>>();
    assert_eq!(whole(&*store, Folder::Unassigned).await, order(&[3, 1, 0, 2, 7, 6, 5]));
    for (n, at) in [(0, 4000), (5, 4001), (3, 4002)] {
        talks[n].happens(&*store, by("jane"), at, assigned("jane")).await;
    }
    talks[0].says(&*store, 4003, "k", "moves nothing").await;
    let order = |of: &[usize]| of.iter().map(|n| talks[*n].id().clone()).collect::<Vec<_>>();
    assert_eq!(whole(&*store, Folder::Mine("jane".into())).await, order(&[3, 5, 0]));
    let mut mine = store.assigned_to(&workspace(), &id_of("jane")).await.expect("assigned");
    mine.sort();
    let mut three = order(&[0, 3, 5]);
    three.sort();
    assert_eq!(mine, three);
    for (n, at) in [(5, 5000), (7, 5001), (0, 5002)] {
        talks[n].happens(&*store, by("jane"), at, closed()).await;
    }
    let order = |of: &[usize]| of.iter().map(|n| talks[*n].id().clone()).collect::<Vec<_>>();
    assert_eq!(whole(&*store, Folder::Closed).await, order(&[0, 7, 5]));
    assert_eq!(whole(&*store, Folder::Unassigned).await, order(&[1, 2, 6]));
    // A cursor of one folder, or of nobody, is refused in another.
    for before in ["", "x", "YWxsOjE6MQ"] {
        let before = Some(before.to_owned());
        let query = FolderQuery { workspace: workspace(), folder: Folder::Closed, before, limit: 10, query: None };
        assert!(matches!(store.folder(&query).await, Err(StoreError::Cursor)));
    }
}

pub(crate) async fn p4_pages_stay_right_while_rows_move(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talks = Vec::new();
    for n in 0..12 {
        talks.push(Talk::begin(&*store, &format!("v_{n}"), 1000 + n, vec![waiting(61_000)]).await);
    }
    let (gone, stay): (Vec<Talk>, Vec<Talk>) =
        talks.into_iter().enumerate().fold((vec![], vec![]), |(mut gone, mut stay), (n, talk)| {
            if n % 3 == 0 {
                gone.push(talk)
            } else {
                stay.push(talk)
            }
            (gone, stay)
        });
    // Rows leave from behind and before the page while somebody reads on.
    let mut gone = gone.into_iter();
    let mut at = 2000;
    let found = pages(&*store, &workspace(), Folder::Unassigned, 3, async || {
        at += 1;
        if let Some(mut talk) = gone.next() {
            talk.happens(&*store, by("jane"), at, assigned("jane")).await;
        }
    })
    .await;
    let mut once = found.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), found.len(), "a row came twice");
    let stayed: Vec<_> = found.into_iter().filter(|id| stay.iter().any(|talk| talk.id() == id)).collect();
    assert_eq!(stayed, ids(&stay.iter().collect::<Vec<_>>()), "a row that stayed was left out");
}

pub(crate) async fn r13_all_can_leave_out_the_conversations_of_others(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut mine = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let mut others = Talk::begin(&*store, "v_2", 1001, vec![waiting(61_000)]).await;
    let free = Talk::begin(&*store, "v_3", 1002, vec![waiting(61_000)]).await;
    let bot = Talk::begin(&*store, "v_4", 1003, vec![]).await;
    mine.happens(&*store, by("jane"), 2000, assigned("jane")).await;
    others.happens(&*store, by("joe"), 2000, assigned("joe")).await;
    let all = whole(&*store, Folder::All { only_mine: None }).await;
    assert_eq!(all, ids(&[&bot, &free, &others, &mine]));
    let without = whole(&*store, Folder::All { only_mine: Some("jane".into()) }).await;
    assert_eq!(without, ids(&[&bot, &free, &mine]));
    others.happens(&*store, by("joe"), 3000, closed()).await;
    let without = whole(&*store, Folder::All { only_mine: Some("jane".into()) }).await;
    assert_eq!(without, ids(&[&bot, &free, &others, &mine]));
}

pub(crate) async fn s1_workspaces_do_not_see_each_other(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let foreign = WorkspaceId::from("other");
    let ours = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let theirs = Talk::new("other", "v_1", 1000, vec![waiting(61_000)]);
    store.begin(theirs.fold.clone(), theirs.log.clone()).await.expect("begin");
    for folder in [Folder::Unassigned, Folder::All { only_mine: None }] {
        assert_eq!(pages(&*store, &workspace(), folder.clone(), 10, async || ()).await, ids(&[&ours]));
        assert_eq!(pages(&*store, &foreign, folder, 10, async || ()).await, ids(&[&theirs]));
    }
    assert_eq!(sizes(&*store, "jane").await, (1, 0, 0));
    assert_eq!(store.counts(&foreign, &id_of("jane")).await.expect("counts").unassigned, 1);
    assert_eq!(store.queue(&foreign).await.expect("queue").len(), 1);
    store.agent_hello(&foreign, &agent("jane"), true, None).await.expect("hello");
    assert_eq!(store.agent(&workspace(), &id_of("jane")).await.expect("agent"), None);
    assert!(store.agents(&[workspace()]).await.expect("agents").is_empty());
    assert!(!store.set_online(&workspace(), &id_of("jane"), true).await.expect("answered"));
}

pub(crate) async fn d6_the_sizes_of_all_folders_are_as_the_last_commits_left_them(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let (jane, joe) = (Folder::Mine("jane".into()), Folder::Mine("joe".into()));
    let mut last = std::collections::HashMap::new();
    let mut note = |counts: Vec<FolderCount>| {
        for FolderCount { folder, count, version, .. } in counts {
            last.insert(folder, (count, version));
        }
    };
    let mut talks = Vec::new();
    for visitor in ["v_1", "v_2", "v_3"] {
        let mut talk = Talk::begin(&*store, visitor, 1000, vec![]).await;
        note(talk.happens(&*store, Author::Bot, 1001, waiting(61_000)).await);
        talks.push(talk);
    }
    note(talks[0].happens(&*store, by("jane"), 2000, assigned("jane")).await);
    note(talks[1].happens(&*store, by("joe"), 2000, assigned("joe")).await);
    note(talks[1].happens(&*store, by("joe"), 3000, closed()).await);
    let mut foreign = Talk::new("other", "v_1", 1000, vec![]);
    store.begin(foreign.fold.clone(), foreign.log.clone()).await.expect("begun");
    foreign.happens(&*store, Author::Bot, 1001, waiting(61_000)).await;
    for _ in 0..2 {
        let sizes = async |agent: Option<&str>| {
            let id = agent.map(id_of);
            let sizes = store.sizes(&workspace(), id.as_ref()).await.expect("sizes");
            assert!(sizes.iter().all(|size| size.workspace == workspace()));
            let size = |size: FolderCount| (size.folder, (size.count, size.version));
            sizes.into_iter().map(size).collect::<std::collections::HashMap<_, _>>()
        };
        assert_eq!(sizes(None).await, last);
        assert_eq!(last[&jane].0, 1);
        let without = |folder: &Folder| {
            let mut some = last.clone();
            some.remove(folder);
            some
        };
        assert_eq!(sizes(Some("jane")).await, without(&joe));
        assert_eq!(sizes(Some("joe")).await, without(&jane));
        drop(store);
        store = ground.open();
    }
}
