//! Writing to logs.

use std::sync::Arc;

use usher::{
    chat::{command::KeyScope, event::Author},
    ids::{ConversationId, Seq},
    store::{Append, Appended, Begun, StoreError},
};

use super::NewGround;
use crate::store::talk::{Talk, assigned, by, closed, note, text, visitors, waiting};

pub(crate) async fn d1_what_was_answered_is_there_after_reopening(new: NewGround<'_>) {
    let ground = new();
    let mut talk = {
        let store = ground.open();
        let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
        talk.says(&*store, 1001, "k1", "one").await;
        talk.happens(&*store, by("jane"), 1002, assigned("jane")).await;
        talk.says(&*store, 1003, "k2", "two").await;
        talk
    };
    for round in 0..3 {
        let store = ground.open();
        talk.is_kept_by(&*store).await;
        talk.says(&*store, 2000 + round, &format!("again-{round}"), "three").await;
        talk.is_kept_by(&*store).await;
    }
}

pub(crate) async fn d1_appends_of_many_share_commits_and_keep_their_own_verdicts(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut writers = Vec::new();
    for visitor in 0..24 {
        let store = store.clone();
        writers.push(tokio::spawn(async move {
            let mut talk = Talk::begin(&*store, &format!("v_{visitor}"), 1000, vec![waiting(61_000)]).await;
            for n in 0..20 {
                let good = talk.saying(1000 + n, &format!("k{n}"), "a text");
                let mut stale = good.clone();
                stale.after = Seq(good.after.0 - 1);
                stale.key = None;
                let (good, stale, repeated) = (good.clone(), stale, Append { after: Seq(1), ..good });
                let good = store.append(good).await.expect("answered");
                let (stale, repeated) = tokio::join!(store.append(stale), store.append(repeated));
                assert!(matches!(good, Appended::Done { .. }), "{good:?}");
                assert!(matches!(stale, Ok(Appended::Stale { head }) if head == talk.fold.seq), "{stale:?}");
                let Ok(Appended::Repeated { event }) = repeated else { panic!("{repeated:?}") };
                assert_eq!(event.event().seq, talk.fold.seq);
            }
            talk
        }));
    }
    let mut talks = Vec::new();
    for writer in writers {
        talks.push(writer.await.expect("no panic"));
    }
    drop(store);
    let store = ground.open();
    for talk in talks {
        talk.is_kept_by(&*store).await;
    }
}

pub(crate) async fn d2_a_key_makes_one_event_for_ever(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    talk.says(&*store, 1001, "k1", "one").await;
    let first = talk.log.last().cloned().expect("a text");
    for round in 0..6 {
        let repeat = Append {
            conversation: talk.id().clone(),
            // Also when the head it was decided on has long passed: a repeat is never stale.
            after: Seq(round),
            entries: vec![first.clone()],
            key: visitors("k1"),
            row: None,
        };
        let Appended::Repeated { event } = store.append(repeat).await.expect("append") else { panic!("{round}") };
        assert_eq!(event.json(), first.json());
        let scope = KeyScope::Author(Author::Visitor);
        let keyed = store.keyed(talk.id(), &scope, &"k1".into()).await.expect("keyed").expect("it was used");
        assert_eq!(keyed.json(), first.json());
        talk.is_kept_by(&*store).await;
        if round % 2 == 1 {
            drop(store);
            store = ground.open();
        } else {
            // More keys than any memory of them holds.
            for n in 0..200 {
                talk.says(&*store, 1002, &format!("{round}-{n}"), "more").await;
            }
        }
    }
}

pub(crate) async fn d2_keys_of_different_authors_and_conversations_do_not_meet(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let mut other = Talk::begin(&*store, "v_2", 1000, vec![waiting(61_000)]).await;
    talk.says(&*store, 1001, "same", "one").await;
    other.says(&*store, 1001, "same", "one").await;
    talk.notes(&*store, 1002, "jane", "same").await;
    talk.notes(&*store, 1002, "joe", "same").await;
    let scopes = [KeyScope::Author(by("jane")), KeyScope::Author(by("joe")), KeyScope::Author(Author::Visitor)];
    for scope in scopes {
        let kept = store.keyed(talk.id(), &scope, &"same".into()).await.expect("keyed");
        assert!(kept.is_some(), "{scope:?}");
    }
    let jane = store.keyed(talk.id(), &KeyScope::Author(by("jane")), &"same".into()).await.expect("keyed");
    assert_eq!(jane.map(|entry| entry.event().seq), Some(Seq(4)));
    assert!(store.keyed(talk.id(), &KeyScope::Items, &"same".into()).await.expect("keyed").is_none());
    assert!(store.keyed(other.id(), &KeyScope::Author(by("joe")), &"same".into()).await.expect("keyed").is_none());
    // A refused append consumes no key.
    let mut stale = talk.clone().saying(1003, "unused", "late");
    stale.after = Seq(1);
    assert!(matches!(store.append(stale).await, Ok(Appended::Stale { .. })));
    talk.says(&*store, 1004, "unused", "now").await;
    talk.is_kept_by(&*store).await;
    other.is_kept_by(&*store).await;
}

pub(crate) async fn d2_of_many_who_send_one_key_at_once_one_writes(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    for round in 0..10 {
        let append = talk.saying(1000 + round, &format!("k{round}"), "once");
        let sends = (0..16).map(|_| {
            let (store, append) = (store.clone(), append.clone());
            tokio::spawn(async move { store.append(append).await })
        });
        let sends: Vec<_> = sends.collect();
        let mut done = 0;
        for send in sends {
            match send.await.expect("no panic").expect("answered") {
                Appended::Done { .. } => done += 1,
                Appended::Repeated { event } => assert_eq!(event.event().seq, talk.fold.seq),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(done, 1);
    }
    talk.is_kept_by(&*store).await;
}

pub(crate) async fn d3_of_many_who_append_at_one_head_one_wins_and_the_others_write_nothing(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    for round in 0..10 {
        let claims: Vec<_> = (0..12)
            .map(|n| {
                let agent = format!("a{n}");
                let mut mine = talk.clone();
                let after = mine.fold.seq;
                let entry = mine.draft(by(&agent), 1000 + round, assigned(&agent));
                let row = Some(Box::new(mine.fold.clone()));
                let append = Append { conversation: mine.id().clone(), after, entries: vec![entry], key: None, row };
                let store = store.clone();
                tokio::spawn(async move { (mine, store.append(append).await) })
            })
            .collect();
        let mut winner = None;
        let head = talk.fold.seq.next();
        for claim in claims {
            let (mine, done) = claim.await.expect("no panic");
            match done.expect("answered") {
                Appended::Done { .. } => assert!(winner.replace(mine).is_none(), "two winners"),
                Appended::Stale { head: now } => assert_eq!(now, head),
                other => panic!("{other:?}"),
            }
        }
        talk = winner.expect("one winner");
        talk.is_kept_by(&*store).await;
    }
}

pub(crate) async fn d3_an_append_that_would_leave_a_hole_is_refused_whole(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talk = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    let mut ahead = talk.clone();
    let first = ahead.draft(Author::Visitor, 1001, text("k1", "one"));
    ahead.draft(Author::Visitor, 1001, text("k2", "two"));
    let third = ahead.draft(Author::Visitor, 1001, text("k3", "three"));
    let holed = Append {
        conversation: talk.id().clone(),
        after: talk.fold.seq,
        entries: vec![first.clone(), third.clone()],
        key: visitors("k1"),
        row: None,
    };
    // A fold of other events than these is no less of a hole.
    let misfolded = Append { entries: vec![first.clone()], row: Some(Box::new(ahead.fold.clone())), ..holed.clone() };
    for bad in [holed, misfolded] {
        let refused = store.append(bad).await;
        assert!(matches!(refused, Err(StoreError::Damaged(_))), "{refused:?}");
        talk.is_kept_by(&*store).await;
    }
    talk.says(&*store, 1002, "k1", "the key is still free").await;
    talk.is_kept_by(&*store).await;
}

pub(crate) async fn p6_a_conversation_that_never_was_is_unknown(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let mut talk = Talk::new("default", "v_1", 1000, vec![]);
    let append = talk.saying(1001, "k1", "one");
    assert!(matches!(store.append(append).await, Ok(Appended::Unknown)));
    let nobody = ConversationId::from("c_nobody");
    assert!(store.load(&nobody).await.expect("load").is_none());
    assert!(store.events_after(&nobody, Seq(0), 10, 1000).await.expect("events").is_empty());
    assert!(store.events_before(&nobody, None, 10, 1000, true).await.expect("events").is_empty());
    let scope = KeyScope::Author(Author::Visitor);
    assert!(store.keyed(&nobody, &scope, &"k1".into()).await.expect("keyed").is_none());
    store.put_beside(vec![(nobody, Default::default())]).await.expect("nothing to do");
}

pub(crate) async fn a5_of_many_starts_of_one_visitor_one_opens(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let starts = (0..50).map(|n| {
        let store = store.clone();
        // Half of them in another workspace, where the visitor may have one, too.
        let workspace = if n % 2 == 0 { "default" } else { "other" };
        let talk = Talk::new(workspace, "v_1", 1000, vec![waiting(61_000)]);
        tokio::spawn(async move {
            let begun = store.begin(talk.fold.clone(), talk.log.clone()).await.expect("answered");
            (workspace, talk, begun)
        })
    });
    let starts: Vec<_> = starts.collect();
    let mut done = Vec::new();
    for start in starts {
        done.push(start.await.expect("no panic"));
    }
    for workspace in ["default", "other"] {
        let here = || done.iter().filter(|(of, ..)| *of == workspace);
        let opened: Vec<&Talk> =
            here().filter(|(.., begun)| matches!(begun, Begun::Done { .. })).map(|(_, talk, _)| talk).collect();
        let [opened] = opened[..] else { panic!("{} conversations in {workspace}", opened.len()) };
        opened.is_kept_by(&*store).await;
        for (_, talk, begun) in here().filter(|(_, talk, _)| talk.id() != opened.id()) {
            assert_eq!(*begun, Begun::Open(opened.id().clone()));
            assert!(store.load(talk.id()).await.expect("load").is_none(), "something was written");
        }
    }
}

pub(crate) async fn a5_after_the_end_a_visitor_may_begin_again(new: NewGround<'_>) {
    let ground = new();
    let store: Arc<dyn usher::store::Store> = ground.open();
    let mut first = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    first.happens(&*store, Author::Visitor, 1001, closed()).await;
    // One that ends as it begins leaves the place free, too.
    let second = Talk::begin(&*store, "v_1", 1002, vec![closed()]).await;
    let third = Talk::begin(&*store, "v_1", 1003, vec![]).await;
    let blocked = Talk::new("default", "v_1", 1004, vec![]);
    let begun = store.begin(blocked.fold.clone(), blocked.log.clone()).await.expect("answered");
    assert_eq!(begun, Begun::Open(third.id().clone()));
    // What may follow a closing does not open it again.
    first.happens(&*store, by("jane"), 1005, note("n1", "called back")).await;
    for talk in [first, second, third] {
        talk.is_kept_by(&*store).await;
    }
}
