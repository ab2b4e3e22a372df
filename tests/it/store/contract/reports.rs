//! What agents keep at hand, and look back on.

use usher::{
    chat::event::{Author, MissedReason},
    ids::Millis,
    store::{Canned, CannedAnswer, Milestones, Saved, StatsQuery, Viewer},
};

use super::NewGround;
use crate::store::talk::{Talk, assigned, by, closed, missed, text, unassigned, waiting, workspace};

fn answer(name: &str, text: &str) -> CannedAnswer {
    CannedAnswer { name: name.into(), text: text.into() }
}

pub(crate) async fn b_canned_answers_are_saved_behind_the_version_they_were_read_at(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let (one, two) = (vec![answer("Hours", "9 to 5 \u{1F44B}"), answer("Bye", "Bye")], vec![answer("Hours", "never")]);
    assert_eq!(store.canned(&workspace()).await.expect("canned"), Canned::default());
    let save = async |store: &dyn usher::store::Store, answers: &[CannedAnswer], expected| {
        store.save_canned(&workspace(), answers, expected).await.expect("answered")
    };
    assert_eq!(save(&*store, &one, 1).await, Saved::Stale(0));
    assert_eq!(save(&*store, &one, 0).await, Saved::Version(1));
    assert_eq!(save(&*store, &two, 0).await, Saved::Stale(1));
    assert_eq!(save(&*store, &two, u32::MAX).await, Saved::Stale(1));
    for _ in 0..2 {
        let kept = store.canned(&workspace()).await.expect("canned");
        assert_eq!((kept.version, &kept.answers), (1, &one));
        assert_eq!(store.canned(&"other".into()).await.expect("canned"), Canned::default());
        drop(store);
        store = ground.open();
    }
    assert_eq!(save(&*store, &two, 1).await, Saved::Version(2));
    assert_eq!(save(&*store, &[], 2).await, Saved::Version(3));
    assert_eq!(store.canned(&workspace()).await.expect("canned"), Canned { version: 3, answers: Vec::new() });
}

pub(crate) async fn b_the_stations_of_conversations_are_told_of_those_one_may_see(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let mut taken = Talk::begin(&*store, "v_1", 1000, vec![waiting(61_000)]).await;
    taken.happens(&*store, by("jane"), 1500, assigned("jane")).await;
    taken.happens(&*store, by("jane"), 1900, text("a", "Hello")).await;
    taken.happens(&*store, by("jane"), 1950, text("b", "Hello?")).await;
    let mut late = Talk::begin(&*store, "v_2", 2000, vec![waiting(62_000)]).await;
    late.happens(&*store, Author::System, 62_030, missed()).await;
    let bot = Talk::begin(&*store, "v_3", 3000, vec![]).await;
    let viewer =
        |agent: &str, admin, admins_see_assigned| Some(Viewer { agent: agent.into(), admin, admins_see_assigned });
    let query = |viewer, from, to, limit| StatsQuery {
        workspace: workspace(),
        viewer,
        from: Millis(from),
        to: Millis(to),
        limit,
    };
    let begun = async |store: &dyn usher::store::Store, query: StatsQuery| {
        let found = store.milestones(&query).await.expect("milestones");
        found.iter().map(|one| one.created_at.0).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        for (who, seen) in [
            (None, vec![3000, 2000, 1000]),
            (viewer("jane", false, true), vec![2000, 1000]),
            (viewer("joe", false, true), vec![2000]),
            (viewer("root", true, true), vec![3000, 2000, 1000]),
            (viewer("root", true, false), vec![3000, 2000]),
        ] {
            assert_eq!(begun(&*store, query(who.clone(), 0, 10_000, 10)).await, seen, "{who:?}");
        }
        // From the first moment on, up to the last and without it; the newest first.
        assert_eq!(begun(&*store, query(None, 1000, 3000, 10)).await, [2000, 1000]);
        assert_eq!(begun(&*store, query(None, 1001, 3001, 10)).await, [3000, 2000]);
        assert_eq!(begun(&*store, query(None, 0, 10_000, 2)).await, [3000, 2000]);
        let foreign = StatsQuery { workspace: "other".into(), ..query(None, 0, 10_000, 10) };
        assert_eq!(begun(&*store, foreign).await, [0; 0]);
        drop(store);
        store = ground.open();
    }
    taken.happens(&*store, by("jane"), 2500, unassigned("jane")).await;
    taken.happens(&*store, by("joe"), 2600, assigned("joe")).await;
    taken.happens(&*store, by("joe"), 2700, closed()).await;
    let found = store.milestones(&query(None, 0, 10_000, 10)).await.expect("milestones");
    let of = |talk: &Talk| Milestones {
        created_at: talk.fold.created_at,
        timing: talk.fold.timing,
        missed: talk.fold.missed,
    };
    assert_eq!(found, [of(&bot), of(&late), of(&taken)]);
    let [_, late, taken] = &found[..] else { panic!("three") };
    let some = |at| Some(Millis(at));
    let timing = taken.timing;
    assert_eq!((timing.waiting_at, timing.deadline, timing.missed_at), (some(1000), some(61_000), None));
    assert_eq!((timing.assigned_at, timing.answered_at), (some(1500), some(1900)), "the first of each");
    assert_eq!((late.missed, late.timing.missed_at), (Some(MissedReason::WaitExpired), some(62_030)));
}
