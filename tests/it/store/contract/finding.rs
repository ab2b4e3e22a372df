//! Finding conversations: by deadline, by waiting, by silence, by visitor, by words.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use usher::{
    chat::event::{Author, What},
    ids::{ConversationId, Millis, Seq, VisitorId},
    store::{Folder, FolderQuery, Store},
    wire::entry::Entry,
};

use super::NewGround;
use crate::{
    store::talk::{Talk, assigned, by, closed, details, missed, text, unassigned, waiting, workspace},
    support::wait,
};

async fn due(store: &dyn Store, until: i64) -> Vec<(ConversationId, i64)> {
    let due = store.due(Millis(until), 100).await.expect("due");
    due.into_iter().map(|due| (due.conversation, due.deadline.0)).collect()
}

pub(crate) async fn w1_deadlines_fall_due_in_order_until_the_wait_ends(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let mut late = Talk::begin(&*store, "v_1", 1000, vec![waiting(9000)]).await;
    let mut early = Talk::begin(&*store, "v_2", 1000, vec![waiting(3000)]).await;
    let mut middle = Talk::begin(&*store, "v_3", 1000, vec![]).await;
    middle.happens(&*store, Author::System, 1500, waiting(5000)).await;
    middle.says(&*store, 1600, "k", "still there?").await;
    for _ in 0..2 {
        assert_eq!(due(&*store, 2999).await, []);
        assert_eq!(store.waited_in().await.expect("waited_in"), [workspace()]);
        assert_eq!(due(&*store, 3000).await, [(early.id().clone(), 3000)]);
        let all = [(early.id().clone(), 3000), (middle.id().clone(), 5000), (late.id().clone(), 9000)];
        assert_eq!(due(&*store, i64::MAX).await, all);
        let first = store.due(Millis(i64::MAX), 1).await.expect("due");
        assert_eq!(first.len(), 1);
        drop(store);
        store = ground.open();
    }
    early.happens(&*store, Author::System, 3001, missed()).await;
    middle.happens(&*store, by("jane"), 3002, assigned("jane")).await;
    assert_eq!(due(&*store, i64::MAX).await, [(late.id().clone(), 9000)]);
    let other = Talk::new("other", "v_4", 1000, vec![waiting(9000)]);
    store.begin(other.fold, other.log).await.expect("begun");
    let mut workspaces = store.waited_in().await.expect("waited_in");
    workspaces.sort();
    assert_eq!(workspaces, [workspace(), "other".into()]);
    late.happens(&*store, Author::Visitor, 3003, closed()).await;
    assert_eq!(due(&*store, i64::MAX).await.len(), 1);
    assert_eq!(store.waited_in().await.expect("waited_in"), ["other".into()]);
}

pub(crate) async fn r9_the_queue_is_those_who_wait_longest_first(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut first = Talk::begin(&*store, "v_1", 2000, vec![waiting(61_000)]).await;
    let second = Talk::begin(&*store, "v_2", 1000, vec![waiting(61_000)]).await;
    let third = Talk::begin(&*store, "v_3", 3000, vec![waiting(61_000)]).await;
    let mut offline = Talk::begin(&*store, "v_4", 1000, vec![missed()]).await;
    Talk::begin(&*store, "v_5", 1000, vec![]).await;
    let queue = async || {
        let queue = store.queue(&workspace()).await.expect("queue");
        queue.into_iter().map(|one| (one.conversation, one.visitor, one.since.0)).collect::<Vec<_>>()
    };
    let one = |talk: &Talk, since| (talk.id().clone(), talk.fold.visitor.id.clone(), since);
    assert_eq!(queue().await, [one(&second, 1000), one(&first, 2000), one(&third, 3000)]);
    first.happens(&*store, by("jane"), 4000, assigned("jane")).await;
    offline.happens(&*store, by("jane"), 4000, assigned("jane")).await;
    offline.happens(&*store, by("jane"), 4000, unassigned("jane")).await;
    assert_eq!(queue().await, [one(&second, 1000), one(&third, 3000)]);
    assert!(store.queue(&"other".into()).await.expect("queue").is_empty());
}

pub(crate) async fn r19_the_silent_are_those_without_an_agent_whose_last_event_is_old(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let old = Talk::begin(&*store, "v_1", 1000, vec![]).await;
    let mut older = Talk::begin(&*store, "v_2", 500, vec![missed()]).await;
    let mut talking = Talk::begin(&*store, "v_3", 400, vec![missed()]).await;
    talking.says(&*store, 5000, "k", "anybody?").await;
    let mut served = Talk::begin(&*store, "v_4", 400, vec![waiting(61_000)]).await;
    served.happens(&*store, by("jane"), 600, assigned("jane")).await;
    served.happens(&*store, by("jane"), 600, unassigned("jane")).await;
    let mut over = Talk::begin(&*store, "v_5", 400, vec![]).await;
    over.happens(&*store, Author::Visitor, 600, closed()).await;
    for _ in 0..3 {
        assert_eq!(store.silent(Millis(499), 10).await.expect("silent"), []);
        assert_eq!(store.silent(Millis(500), 10).await.expect("silent"), [older.id().clone()]);
        let both = [older.id().clone(), old.id().clone()];
        assert_eq!(store.silent(Millis(4999), 10).await.expect("silent"), both);
        assert_eq!(store.silent(Millis(4999), 1).await.expect("silent"), both[..1]);
        let three = [older.id().clone(), old.id().clone(), talking.id().clone()];
        let mut silent = store.silent(Millis(5000), 10).await.expect("silent");
        silent.sort_by_key(|id| three.iter().position(|one| one == id));
        assert_eq!(silent, three);
    }
    older.happens(&*store, Author::Visitor, 6000, text("k", "here again")).await;
    assert_eq!(store.silent(Millis(4999), 10).await.expect("silent"), [old.id().clone()]);
}

pub(crate) async fn p3_a_visitor_finds_the_open_conversation_else_the_last_of_the_day(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let find = async |visitor: &str, since| {
        let found = store.of_visitor(&workspace(), &VisitorId::from(visitor), Millis(since)).await;
        found.expect("of_visitor").map(|loaded| loaded.conversation)
    };
    assert_eq!(find("v_1", 0).await, None);
    let mut first = Talk::begin(&*store, "v_1", 1000, vec![]).await;
    first.happens(&*store, Author::Visitor, 2000, closed()).await;
    let mut second = Talk::begin(&*store, "v_1", 3000, vec![]).await;
    assert_eq!(find("v_1", 0).await, Some(second.fold.clone()));
    second.happens(&*store, Author::Visitor, 4000, closed()).await;
    assert_eq!(find("v_1", 0).await, Some(second.fold.clone()));
    assert_eq!(find("v_1", 4000).await, Some(second.fold.clone()));
    assert_eq!(find("v_1", 4001).await, None);
    assert_eq!(find("v_2", 0).await, None);
}

async fn found(store: &dyn Store, folder: Folder, words: &str) -> Vec<ConversationId> {
    let query = FolderQuery { workspace: workspace(), folder, before: None, limit: 100, query: Some(words.to_owned()) };
    let page = store.folder(&query).await.expect("folder");
    page.conversations.into_iter().map(|loaded| loaded.conversation.id).collect()
}

pub(crate) async fn p4_words_are_found_wherever_they_were_written_within_five_seconds(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let everything = Folder::All { only_mine: None };
    let mut anna = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    anna.says(&*store, 1001, "k1", "Die Müllabfuhr kam nicht; 日本語").await;
    anna.happens(&*store, by("jane"), 1002, details(json!({"person": {"email": "anna@example.com"}}))).await;
    anna.notes(&*store, 1003, "jane", "n1").await;
    let mut boris = Talk::begin(&*store, "v_2", 1000, vec![waiting(61_000)]).await;
    boris.says(&*store, 1001, "k1", "Where is my parcel?").await;
    boris.happens(&*store, by("jane"), 1002, assigned("jane")).await;
    let bot = What::Message { key: None, text: "Everybody reads zymurgy".into(), rich: None };
    boris.happens(&*store, Author::Bot, 1003, bot).await;
    store.adopt(&workspace(), &"v_2".into(), &"v_boris".into(), Some("Boris Godunov")).await.expect("adopted");
    let five = Duration::from_secs(5);
    wait::within(five, "the last text is found", async || {
        (found(&*store, everything.clone(), "parcel").await.len() == 1).then_some(())
    })
    .await;
    let (anna, boris) = (vec![anna.id().clone()], vec![boris.id().clone()]);
    let both = [boris.clone(), anna.clone()].concat();
    for (words, who) in [
        ("müllabfuhr", &anna),
        ("mullab", &anna),
        ("MÜLL kam", &anna),
        ("日本", &anna),
        // Words of one conversation, wherever in it they stand.
        ("anna@example.com müllabfuhr", &anna),
        ("anna between", &anna),
        ("godunov parcel", &boris),
        ("par", &boris),
        ("  where,  IS?! ", &boris),
        ("shop.example/pricing", &both),
        ("anna parcel", &vec![]),
        ("üllabfuhr", &vec![]),
        ("zymurgy", &vec![]),
    ] {
        assert_eq!(&found(&*store, everything.clone(), words).await, who, "{words}");
    }
    // A search finds in a folder only what stands in it.
    assert_eq!(found(&*store, Folder::Unassigned, "shop").await, anna);
    assert_eq!(found(&*store, Folder::Mine("jane".into()), "shop").await, boris);
    assert!(found(&*store, Folder::Mine("joe".into()), "shop").await.is_empty());
    assert!(found(&*store, Folder::Closed, "shop").await.is_empty());
}

pub(crate) async fn s5_no_query_breaks_the_search(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    for words in [
        "\"",
        "'",
        "*",
        "a*b",
        "NEAR(a b)",
        "a AND",
        "OR",
        "NOT x",
        "text:a",
        "-",
        "^a",
        "{a b}: c",
        "(",
        ")",
        "\0",
        "a\0b",
        "%",
        "_",
        ";--",
        "Ⓐ",
        "aⒶb",
        "नमस्ते",
        "e\u{301}e",
        "\u{301}",
        "😀",
        "\u{202e}x",
        " ",
    ] {
        found(&*store, Folder::Unassigned, words).await;
        found(&*store, Folder::Unassigned, &words.repeat(500)).await;
    }
    assert_eq!(found(&*store, Folder::Unassigned, "").await.len(), 1, "no words, no filter");
    assert_eq!(found(&*store, Folder::Unassigned, "  ").await.len(), 1);
    assert_eq!(found(&*store, Folder::Unassigned, "?!").await.len(), 0);
}

pub(crate) async fn d4_heads_say_where_conversations_have_come_to_and_whose_they_are(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let mut one = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let two = Talk::begin(&*store, "v_2", 1500, vec![]).await;
    one.says(&*store, 2000, "k", "hello?").await;
    store.adopt(&workspace(), &"v_2".into(), &"v_known".into(), None).await.expect("adopted");
    let ids = [one.id().clone(), "c_never".into(), two.id().clone()];
    for _ in 0..2 {
        let mut heads = store.heads(&ids).await.expect("heads");
        heads.sort_by_key(|head| head.at);
        assert!(heads.iter().all(|head| head.workspace == workspace()));
        let said: Vec<_> =
            heads.iter().map(|head| (&head.conversation, head.visitor.as_str(), head.seq, head.at)).collect();
        let (first, second) = (Seq(1), one.fold.seq);
        assert_eq!(said, [(two.id(), "v_known", first, Millis(1500)), (one.id(), "v_1", second, Millis(2000))]);
        drop(store);
        store = ground.open();
    }
    assert_eq!(store.heads(&[]).await.expect("heads"), []);
}

pub(crate) async fn d4_what_moved_is_found_by_the_moment_it_was_decided(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let mut one = Talk::begin(&*store, "v_1", 100_000, vec![waiting(961_000)]).await;
    let two = Talk::begin(&*store, "v_2", 101_000, vec![]).await;
    let mut three = Talk::begin(&*store, "v_3", 102_000, vec![]).await;
    // Decided before the others, committed after them.
    one.says(&*store, 100_500, "k", "hello?").await;
    three.says(&*store, 103_000, "k", "hello?").await;
    let foreign = Talk::new("other", "v_1", 102_000, vec![]);
    store.begin(foreign.fold.clone(), foreign.log.clone()).await.expect("begun");
    for _ in 0..2 {
        let since = async |since: i64, limit: usize| {
            let moved = store.moved_since(&[workspace()], Millis(since), limit).await.expect("moved");
            moved.into_iter().map(|head| (head.conversation, head.seq, head.at.0)).collect::<Vec<_>>()
        };
        let head = |talk: &Talk| (talk.id().clone(), talk.fold.seq, talk.fold.last_at.0);
        let all = [head(&one), head(&two), head(&three)];
        assert_eq!(since(0, 100).await, all);
        assert_eq!(since(0, 2).await, all[..2]);
        assert_eq!(since(100_500, 100).await, all);
        assert_eq!(since(100_501, 100).await, all[1..]);
        assert_eq!(since(103_001, 100).await, []);
        let both = store.moved_since(&[workspace(), "other".into()], Millis(0), 100).await.expect("moved");
        assert_eq!(both.len(), 4);
        assert_eq!(store.moved_since(&[], Millis(0), 100).await.expect("moved"), []);
        let ids = [three.id().clone(), one.id().clone(), "c_nobody".into(), two.id().clone()];
        let lately = async |since: i64, most: usize| {
            let ends = store.lately(&ids, Millis(since), most).await.expect("ends");
            let seqs = |end: &[Arc<Entry>]| end.iter().map(|entry| entry.event().seq.0).collect::<Vec<_>>();
            let end_of = |talk: &Talk| ends.iter().find(|(id, _)| id == talk.id()).map(|(_, end)| seqs(end));
            assert_eq!(ends.len(), 3, "each once");
            [&one, &two, &three].map(|talk| end_of(talk).expect("its end"))
        };
        let last = |talk: &Talk| talk.fold.seq.0;
        let (ones, twos, threes) = (last(&one), last(&two), last(&three));
        let whole = [(1..=ones).collect(), (1..=twos).collect(), (1..=threes).collect::<Vec<_>>()];
        assert_eq!(lately(0, 100).await, whole, "all of them where nothing is older");
        assert_eq!(lately(200_000, 100).await, [vec![ones], vec![twos], vec![threes]], "the one before");
        assert_eq!(lately(103_000, 100).await, [vec![ones], vec![twos], vec![threes - 1, threes]]);
        assert_eq!(lately(0, 1).await, [vec![ones], vec![twos], vec![threes]], "the newest");
        assert_eq!(store.lately(&[], Millis(0), 100).await.expect("ends").len(), 0);
        drop(store);
        store = ground.open();
    }
}
