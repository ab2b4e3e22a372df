//! Followers: cursors, gaps, hints without content, pages.

use std::sync::Arc;

use super::{
    super::{AGE_EVERY, budget::Budget, page::Recover, tail::Tail},
    gates::Verb,
    house::{Clerk, House, not_found},
};
use crate::{
    chat::command::Command,
    ids::{ConversationId, Epoch, Seq},
    store::{Loaded, Store},
    wire::entry::Entry,
};

fn places(entries: &[Arc<Entry>]) -> Vec<u64> {
    entries.iter().map(|entry| entry.event().seq.0).collect()
}

/// Reads to the head as a session does.
async fn read_all(house: &House, tail: &Tail, mut cursor: Seq) -> Vec<Arc<Entry>> {
    let mut all = Vec::new();
    loop {
        let page = tail.read(&*house.store, cursor).await.unwrap();
        let Some(last) = page.last() else { return all };
        cursor = last.event().seq;
        all.extend(page);
    }
}

/// A conversation of Jane's with so many texts.
async fn talked(texts: usize) -> (House, super::house::Visitor, Clerk, ConversationId) {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    jane.claim(&conversation).await.unwrap();
    for n in 0..texts {
        visitor.say(&conversation, &format!("k{n}"), &format!("Text {n}")).await.unwrap();
    }
    (house, visitor, jane, conversation)
}

#[tokio::test(start_paused = true)]
async fn d3_a_reader_at_any_cursor_gets_every_event_behind_it_in_order_and_once() {
    let (house, mut visitor, _jane, conversation) = talked(600).await;
    let log = house.store.log(&conversation);
    let hot = visitor.seated.follow(&conversation);
    let cold = Tail::new(conversation.clone(), Budget::new(1 << 20));
    for tail in [hot, cold] {
        for cursor in [0, 1, 57, 198, 399, 400, 401, 602, 603, 604] {
            let read = read_all(&house, &tail, Seq(cursor)).await;
            assert_eq!(places(&read), (cursor + 1..=log.len() as u64).collect::<Vec<_>>(), "from {cursor}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn d4_a_hint_without_content_is_enough() {
    let (house, visitor, _jane, conversation) = talked(5).await;
    let log = house.store.log(&conversation);
    let tail = Tail::new(conversation.clone(), Budget::new(1 << 20));
    tail.catch_up(&*house.store).await.unwrap();
    // The store grows without this tail hearing more than a place.
    visitor.say(&conversation, "more", "More").await.unwrap();
    assert_eq!(tail.read(&*house.store, log.last().unwrap().event().seq).await.unwrap(), vec![]);
    tail.hint(Seq(log.len() as u64 + 1));
    let read = read_all(&house, &tail, Seq(0)).await;
    assert_eq!(read.len(), log.len() + 1);
    assert_eq!(tail.with(|hot| hot.conversation.clone()), Some(house.row(&conversation).await));
}

#[tokio::test(start_paused = true)]
async fn d4_a_hint_that_lies_costs_a_look_and_nothing_else() {
    let (house, _visitor, _jane, conversation) = talked(3).await;
    let tail = Tail::new(conversation.clone(), Budget::new(1 << 20));
    tail.hint(Seq(1_000));
    assert!(tail.catch_up(&*house.store).await.unwrap());
    assert_eq!(tail.head(), Some(house.row(&conversation).await.seq));
    let asked = house.store.asked.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(tail.read(&*house.store, tail.head().unwrap()).await.unwrap(), vec![]);
    assert_eq!(house.store.asked.load(std::sync::atomic::Ordering::SeqCst), asked, "the lie is forgotten");
}

#[tokio::test(start_paused = true)]
async fn d3_events_offered_behind_a_gap_or_twice_make_no_hole() {
    let (house, _visitor, _jane, conversation) = talked(10).await;
    let log = house.store.log(&conversation);
    let tail = Tail::new(conversation.clone(), Budget::new(1 << 20));
    let first = Loaded {
        conversation: crate::chat::conversation::Conversation::fold(
            conversation.clone(),
            super::house::workspace(),
            log[..1].iter().map(|entry| entry.event()),
        )
        .unwrap(),
        beside: Default::default(),
    };
    tail.seed(first);
    tail.offer(&log[1..3]);
    tail.offer(&log[6..8]);
    tail.offer(&log[2..4]);
    assert_eq!(tail.head(), Some(Seq(4)));
    let read = read_all(&house, &tail, Seq(2)).await;
    assert_eq!(places(&read)[..6], [3, 4, 5, 6, 7, 8]);
    assert_eq!(read, log[2..].to_vec());
}

#[tokio::test(start_paused = true)]
async fn d3_of_many_readers_one_loads_and_all_read_the_same() {
    let (house, _visitor, _jane, conversation) = talked(50).await;
    let tail = Tail::new(conversation.clone(), Budget::new(1 << 20));
    let readers = futures_util::future::join_all((0..20).map(|_| read_all(&house, &tail, Seq(0)))).await;
    let log = house.store.log(&conversation);
    assert!(readers.iter().all(|read| *read == log));
}

#[tokio::test(start_paused = true)]
async fn l1_a_tail_keeps_the_recent_part_only_and_the_store_tells_the_rest() {
    let (house, mut visitor, _jane, conversation) = talked(400).await;
    let tail = visitor.seated.follow(&conversation);
    let asked = || house.store.asked.load(std::sync::atomic::Ordering::SeqCst);
    let before = asked();
    let head = tail.head().unwrap();
    assert_eq!(tail.read(&*house.store, Seq(head.0 - 100)).await.unwrap().len(), 100);
    assert_eq!(asked(), before, "what is recent costs no look into the store");
    assert_eq!(tail.read(&*house.store, Seq(1)).await.unwrap()[0].event().seq, Seq(2));
    assert_eq!(asked(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn d5_a_cursor_of_this_epoch_is_recovered_and_one_of_another_or_beyond_the_head_is_not() {
    let (house, _visitor, mut jane, conversation) = talked(20).await;
    let head = house.row(&conversation).await.seq;
    let at = |epoch: Epoch, seq| Recover { epoch, seq: Seq(seq) };
    let shown = jane.open(&conversation, Some(&at(house.store.epoch(), 7))).await.unwrap();
    assert!(shown.page.recovered);
    assert_eq!(places(&shown.page.events), (8..=head.0).collect::<Vec<_>>());
    for stale in [at("e_other".into(), 7), at(house.store.epoch(), head.0 + 1)] {
        let shown = jane.open(&conversation, Some(&stale)).await.unwrap();
        assert!(!shown.page.recovered);
        assert_eq!(places(&shown.page.events), (1..=head.0).collect::<Vec<_>>());
        assert_eq!(shown.page.cursor, head);
    }
}

#[tokio::test(start_paused = true)]
async fn d5_a_long_absence_gets_a_page_and_the_rest_behind_it_or_a_fresh_page() {
    let (house, _visitor, mut jane, conversation) = talked(2_100).await;
    let head = house.row(&conversation).await.seq;
    let at = |seq| Recover { epoch: house.store.epoch(), seq: Seq(seq) };
    let shown = jane.open(&conversation, Some(&at(head.0 - 2_000))).await.unwrap();
    assert!(shown.page.recovered);
    assert_eq!(shown.page.events.len(), 200);
    let tail = jane.seated.follow(&conversation);
    let rest = read_all(&house, &tail, shown.page.cursor).await;
    assert_eq!(shown.page.events.len() + rest.len(), 2_000);
    let shown = jane.open(&conversation, Some(&at(head.0 - 2_001))).await.unwrap();
    assert!(!shown.page.recovered);
    assert_eq!(shown.page.cursor, head);
}

#[tokio::test(start_paused = true)]
async fn p2_older_pages_come_by_history_down_to_the_beginning() {
    let (house, _visitor, jane, conversation) = talked(250).await;
    let (mut before, mut all) = (house.row(&conversation).await.seq.0 + 1, Vec::new());
    loop {
        let page = jane.history(&conversation, before).await.unwrap();
        let Some(first) = page.first() else { break };
        before = first.event().seq.0;
        all.splice(0..0, places(&page));
    }
    assert_eq!(all, (1..=house.store.log(&conversation).len() as u64).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn p2_a_visitors_history_leaves_out_what_they_are_not_shown_and_does_not_count_it() {
    let (house, visitor, jane, conversation) = talked(5).await;
    for n in 0..150 {
        let note = Command::Note { key: format!("n{n}").into(), text: "secret".into() };
        jane.give(&conversation, note).await.unwrap();
    }
    let who = &visitor.seat().who;
    let page = house.hub.history(who, &conversation, Seq(u64::MAX), 100).await.unwrap();
    assert_eq!(page.len(), 9, "started, the online message, waiting, assigned and five texts");
    assert!(page.iter().all(|entry| entry.event().what.for_visitor()));
}

#[tokio::test(start_paused = true)]
async fn a3_a_page_read_while_it_became_somebody_elses_holds_nothing_later() {
    let house = House::open().await;
    let (jane, mut bob) = (house.agent("jane").await, house.agent("bob").await);
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    // Bob may look; his node pauses before it reads the page. A page is read behind the fold, so only the last read
    // can be too late: it is let through one by one.
    let (id, epoch) = (conversation.clone(), house.store.epoch());
    let gate = house.store.gates.hold(Verb::EventsAsked);
    let open = tokio::spawn(async move {
        let from = Recover { epoch, seq: Seq(1) };
        (bob.open(&id, Some(&from)).await, bob)
    });
    gate.reached().await;
    jane.claim(&conversation).await.unwrap();
    visitor.say(&conversation, "k", "canary").await.unwrap();
    gate.open();
    let (shown, _bob) = open.await.unwrap();
    let page = shown.unwrap().page;
    assert!(page.events.iter().all(|entry| !entry.json().contains("canary")));
    assert_eq!((places(&page.events), page.cursor), (vec![2, 3], Seq(3)));
}

#[tokio::test(start_paused = true)]
async fn a3_history_read_while_it_became_somebody_elses_holds_nothing_later() {
    let house = House::open().await;
    let (jane, bob) = (house.agent("jane").await, house.agent("bob").await);
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    let gate = house.store.gates.hold(Verb::Loaded);
    let id = conversation.clone();
    let history = tokio::spawn(async move { bob.history(&id, u64::MAX).await });
    gate.reached().await;
    jane.claim(&conversation).await.unwrap();
    visitor.say(&conversation, "k", "canary").await.unwrap();
    gate.open();
    let read = history.await.unwrap().unwrap();
    assert!(read.iter().all(|entry| !entry.json().contains("canary")));
    assert_eq!(read.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn r13_what_is_assigned_to_somebody_else_cannot_be_opened_or_read() {
    let (house, _visitor, jane, conversation) = talked(3).await;
    let (mut bob, mut root) = (house.agent("bob").await, house.admin("root").await);
    assert!(not_found(bob.open(&conversation, None).await));
    assert!(not_found(bob.history(&conversation, 100).await));
    assert!(bob.seated.follows().is_empty());
    assert!(root.open(&conversation, None).await.is_ok());
    jane.give(&conversation, Command::Close).await.unwrap();
    assert!(bob.open(&conversation, None).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn l1_all_tails_together_hold_no_more_than_their_budget_and_the_store_tells_the_rest() {
    const BUDGET: usize = 256 * 1024;
    let house = House::open().await;
    let budget = Budget::new(BUDGET);
    let jane = house.agent("jane").await;
    let mut tails = Vec::new();
    for n in 0..20 {
        let mut visitor = house.visitor(&format!("v_{n}")).await;
        let conversation = visitor.start().await;
        jane.claim(&conversation).await.unwrap();
        let tail = Tail::new(conversation.clone(), budget.clone());
        tail.catch_up(&*house.store).await.unwrap();
        tails.push((visitor, conversation, tail));
    }
    for text in 0..100 {
        for (visitor, conversation, tail) in &tails {
            visitor.say(conversation, &format!("k{text}"), &"x".repeat(200)).await.unwrap();
            tail.offer(&house.store.log(conversation)[tail.head().unwrap().0 as usize..]);
            assert!(budget.held() <= BUDGET, "{} bytes are held", budget.held());
        }
    }
    // What is free is used: all the events would take several times as much.
    assert!(budget.held() > BUDGET / 2, "{} bytes are held", budget.held());
    for (_, conversation, tail) in &tails {
        assert_eq!(read_all(&house, tail, Seq(0)).await, house.store.log(conversation));
        let asked = house.store.asked.load(std::sync::atomic::Ordering::SeqCst);
        tail.read(&*house.store, Seq(tail.head().unwrap().0 - 1)).await.unwrap();
        assert_eq!(house.store.asked.load(std::sync::atomic::Ordering::SeqCst), asked, "the newest is always there");
    }
    tails.clear();
    assert_eq!(budget.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn l6_a_conversation_that_falls_silent_holds_only_its_last_events() {
    let (house, mut visitor, _jane, conversation) = talked(200).await;
    let tail = visitor.seated.follow(&conversation);
    let full = house.hub.board().budget().held();
    tokio::time::sleep(AGE_EVERY * 2 + std::time::Duration::from_secs(1)).await;
    let held = house.hub.board().budget().held();
    assert!(held <= 4096 && full > 10 * held, "{held} bytes of {full} are held");
    assert_eq!(read_all(&house, &tail, Seq(0)).await, house.store.log(&conversation));
    drop(visitor);
}
