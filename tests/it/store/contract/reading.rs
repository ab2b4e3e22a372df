//! Reading logs.

use usher::{
    chat::event::Author,
    ids::{Millis, Seq},
    store::Store,
};

use super::NewGround;
use crate::store::talk::{Talk, json, seqs, text, waiting};

/// Thirty events and what stands where: 1 started, 2 waiting, then texts, and a run of notes in the middle.
async fn long_talk(store: &dyn Store) -> Talk {
    let mut talk = Talk::begin(store, "v_1", 1000, vec![waiting(61_000)]).await;
    for n in 3..=30 {
        match n {
            10..=22 => talk.notes(store, 1000 + n, "jane", &format!("n{n}")).await,
            _ => talk.says(store, 1000 + n, &format!("k{n}"), &"x".repeat(100)).await,
        }
    }
    talk
}

pub(crate) async fn p2_events_are_paged_forwards_by_number_and_by_size(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let talk = long_talk(&*store).await;
    for size in [1, 7, 30, 100] {
        let (mut after, mut all) = (Seq(0), Vec::new());
        loop {
            let page = store.events_after(talk.id(), after, size, usize::MAX).await.expect("events");
            assert!(page.len() <= size);
            let Some(last) = page.last() else { break };
            after = last.event().seq;
            all.extend(page);
        }
        assert_eq!(json(&all), json(&talk.log));
    }
    // Two such texts fit into 500 bytes, a third does not; one comes however long it is.
    let page = store.events_after(talk.id(), Seq(22), 100, 500).await.expect("events");
    assert_eq!(seqs(&page), [23, 24]);
    assert_eq!(seqs(&store.events_after(talk.id(), Seq(22), 100, 1).await.expect("events")), [23]);
    assert!(store.events_after(talk.id(), Seq(30), 100, 500).await.expect("events").is_empty());
    assert!(store.events_after(talk.id(), Seq(99), 100, 500).await.expect("events").is_empty());
}

pub(crate) async fn p2_events_are_paged_backwards_by_number_and_by_size(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let talk = long_talk(&*store).await;
    for size in [1, 7, 30, 100] {
        let (mut before, mut all) = (None, Vec::new());
        loop {
            let mut page = store.events_before(talk.id(), before, size, usize::MAX, false).await.expect("events");
            assert!(page.len() <= size);
            let Some(first) = page.first() else { break };
            before = Some(first.event().seq);
            page.append(&mut all);
            all = page;
        }
        assert_eq!(json(&all), json(&talk.log));
    }
    let page = store.events_before(talk.id(), None, 100, 500, false).await.expect("events");
    assert_eq!(seqs(&page), [29, 30]);
    assert_eq!(seqs(&store.events_before(talk.id(), Some(Seq(30)), 100, 1, false).await.expect("events")), [29]);
    assert!(store.events_before(talk.id(), Some(Seq(1)), 100, 500, false).await.expect("events").is_empty());
}

pub(crate) async fn p2_a_visitors_history_neither_shows_nor_counts_what_agents_see(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let talk = long_talk(&*store).await;
    let page = store.events_before(talk.id(), None, 10, usize::MAX, true).await.expect("events");
    assert_eq!(seqs(&page), [8, 9, 23, 24, 25, 26, 27, 28, 29, 30]);
    let page = store.events_before(talk.id(), Some(Seq(23)), 3, usize::MAX, true).await.expect("events");
    assert_eq!(seqs(&page), [7, 8, 9]);
    let page = store.events_before(talk.id(), Some(Seq(15)), 100, usize::MAX, true).await.expect("events");
    assert_eq!(seqs(&page), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

pub(crate) async fn d5_a_reader_sees_what_was_answered_before_it_asked(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    // Writers in the background keep the index and the tail moving while readers look.
    let noise: Vec<_> = (0..4)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut talk = Talk::begin(&*store, &format!("v_noise{n}"), 1000, vec![]).await;
                for n in 0..250 {
                    talk.says(&*store, 1000 + n, &format!("k{n}"), "noise").await;
                }
            })
        })
        .collect();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    for n in 0..250 {
        talk.says(&*store, 1000 + n, &format!("k{n}"), "seen at once").await;
        let head = talk.fold.seq;
        let after = Seq(head.0 - 1);
        let (new, newest, all) = tokio::join!(
            store.events_after(talk.id(), after, 10, usize::MAX),
            store.events_before(talk.id(), None, 3, usize::MAX, true),
            store.load(talk.id()),
        );
        assert_eq!(seqs(&new.expect("events")), [head.0]);
        assert_eq!(newest.expect("events").last().map(|entry| entry.event().seq), Some(head));
        assert_eq!(all.expect("load").expect("it is there").conversation, talk.fold);
    }
    for writer in noise {
        writer.await.expect("no panic");
    }
    talk.is_kept_by(&*store).await;
}

pub(crate) async fn p1_the_epoch_stays_and_the_clock_does_not_go_back(new: NewGround<'_>) {
    let (ground, other) = (new(), new());
    let store = ground.open();
    let epoch = store.epoch();
    let mut last = Millis(0);
    for _ in 0..1000 {
        let now = store.now();
        assert!(now >= last && now.0 > 1_700_000_000_000);
        last = now;
    }
    store.ready().await.expect("ready");
    drop(store);
    assert_eq!(ground.open().epoch(), epoch);
    assert_ne!(other.open().epoch(), epoch);
    let _ = (Author::Visitor, text("k", "t"));
}

pub(crate) async fn p1_a_store_that_was_restored_has_a_new_epoch_from_its_next_opening_on(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let was = store.epoch();
    let talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let anew = store.restored().await.expect("told");
    assert_ne!(anew, was);
    drop(store);
    for _ in 0..2 {
        let store = ground.open();
        assert_eq!(store.epoch(), anew);
        talk.is_kept_by(&*store).await;
    }
}
