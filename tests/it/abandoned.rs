//! Rule 19 upon the real program: what it finds in its store when it starts was written hours ago.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use usher::{
    chat::event::{Author, What},
    store::{Append, Store, sqlite::Sqlite},
};

use crate::{
    store::talk::{Talk, assigned, missed, text, unassigned, waiting},
    support::{Settings, playbooks, wait},
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// The playbook that makes nothing of those who fell silent.
const MILD: &str = "pb_mild";

/// One conversation of the past, and what must have become of it.
struct Past {
    name: &'static str,
    playbook: &'static str,
    /// How long ago the last thing happened.
    ago: i64,
    then: Vec<What>,
    /// Closed as abandoned; with a lead.
    ends: Option<bool>,
}

fn past() -> Vec<Past> {
    let one = |name, playbook, ago, then: &[What], ends| Past { name, playbook, ago, then: then.to_vec(), ends };
    let missed_one = [missed(), text("k", "Is anybody there?")];
    let (long, nearly) = (8 * HOUR + MINUTE, 8 * HOUR - 5 * MINUTE);
    vec![
        one("offline", playbooks::LIVE, long, &missed_one, Some(true)),
        one("weeks", playbooks::LIVE, 700 * HOUR, &missed_one, Some(true)),
        one("bot", playbooks::TALK, long, &[], Some(true)),
        one("mild", MILD, long, &missed_one, Some(false)),
        one("nearly", playbooks::LIVE, nearly, &missed_one, None),
        one("served", playbooks::LIVE, 24 * HOUR, &[missed(), assigned("jane")], None),
        one("given up", playbooks::LIVE, 24 * HOUR, &[missed(), assigned("jane"), unassigned("jane")], None),
    ]
}

#[tokio::test]
async fn r19_what_was_silent_for_eight_hours_is_closed_as_abandoned_and_becomes_a_lead_with_its_page() {
    let mild = playbooks::with(playbooks::live(MILD, 60_000), "abandoned_lead", json!(false));
    let mut hub = Settings::new().playbook(mild).start().await;
    hub.kill();
    let mut all = BTreeMap::new();
    let waited = {
        let store = Sqlite::open(hub.folder().path().join("usher.db")).expect("it opens");
        let now = wait::now();
        for past in past() {
            let mut talk = Talk::upon(past.playbook, "default", &format!("v_{}", past.name), now - past.ago, vec![]);
            store.begin(talk.fold.clone(), talk.log.clone()).await.expect("begun");
            for what in past.then {
                talk.happens(&store, Author::System, now - past.ago, what).await;
            }
            all.insert(past.name, (talk, past.ends));
        }
        // A text is no more than a row of the log: what stands beside it must not be taken for its age.
        let (talk, _) = all.get_mut("nearly").expect("one of them");
        talk.says(&store, now - HOUR, "late", "Hello again").await;
        // A wait that ended while no hub ran is missed now, and silent from now on.
        let deadline = now - 9 * HOUR + MINUTE;
        let mut talk = Talk::upon(playbooks::LIVE, "default", "v_wait", now - 9 * HOUR, vec![]);
        store.begin(talk.fold.clone(), talk.log.clone()).await.expect("begun");
        let after = talk.fold.seq;
        let entry = talk.draft(Author::System, now - 9 * HOUR, waiting(deadline));
        let row = Some(Box::new(talk.fold.clone()));
        let append = Append { conversation: talk.id().clone(), after, entries: vec![entry], key: None, row };
        store.append(append).await.expect("appended");
        talk
    };
    let began = std::time::Instant::now();
    hub.restart().await;
    let root = hub.admin("root").await;
    for (name, (talk, ends)) in &all {
        let chat = talk.id().as_str();
        let Some(lead) = ends else { continue };
        let events = wait::until(&format!("the end of {name}"), async || {
            let events = root.transcript(chat).await;
            (events.last()?["type"] == "closed").then_some(events)
        })
        .await;
        let last = &events[events.len() - 1];
        assert_eq!((&last["reason"], &last["by"]["kind"]), (&json!("abandoned"), &json!("system")), "{name}");
        assert!(last["at"].as_i64() >= Some(wait::now() - 60_000), "{name} was closed in the past: {last}");
        let made: Vec<&Value> = events.iter().filter(|event| event["type"] == "item").collect();
        assert_eq!(made.len(), usize::from(*lead), "{name}: {made:?}");
        let items = hub.rest("GET", &format!("/v1/items?conversation={chat}"), None).await.ok();
        let pages: Vec<_> = items["items"].as_array().expect("a list").iter().map(|item| &item["page"]).collect();
        let expected = json!("https://shop.example/pricing");
        assert_eq!(pages, if *lead { vec![&expected] } else { vec![] }, "{name}");
    }
    println!("figure R19 abandoned={} within_s={:.1}", 4, began.elapsed().as_secs_f64());
    // The others are as they were: all of those were looked at in the same look.
    for (name, (talk, ends)) in &all {
        if ends.is_none() {
            let events = root.transcript(talk.id().as_str()).await;
            assert_eq!(events.len() as u64, talk.fold.seq.0, "{name}: {events:?}");
        }
    }
    let missed_now = root.transcript(waited.id().as_str()).await;
    let kinds: Vec<&str> = missed_now.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(kinds, ["started", "waiting", "missed", "message", "card"], "{missed_now:?}");
    // Once is once, whatever comes after.
    hub.restart().await;
    let root = hub.admin("root").await;
    let (talk, _) = &all["offline"];
    let events = root.transcript(talk.id().as_str()).await;
    assert_eq!(events.iter().filter(|event| event["type"] == "closed").count(), 1);
    let jane = hub.agent("jane").await;
    assert!(jane.ids("closed").await.contains(&talk.id().to_string()));
}
