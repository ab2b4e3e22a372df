//! Agents and playbooks.

use serde_json::json;
use usher::{
    chat::{event::AgentRef, playbook::Playbook},
    ids::{Millis, NodeId, PlaybookId, WorkspaceId},
    store::{AgentRow, NotifySettings, ROSTERS_KEPT, RosterRow, Saved, Store},
};

use super::NewGround;
use crate::{
    store::talk::{agent, id_of, workspace},
    support::wait,
};

async fn row(store: &dyn Store, id: &str) -> AgentRow {
    store.agent(&workspace(), &id_of(id)).await.expect("agent").expect("known")
}

async fn says_hello(store: &dyn Store, agent: &AgentRef, admin: bool) -> AgentRow {
    store.agent_hello(&workspace(), agent, admin, None).await.expect("hello").expect("not refused")
}

pub(crate) async fn r10_the_switch_is_the_agents_and_survives_everything(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let before = store.now();
    let hello = says_hello(&*store, &agent("jane"), false).await;
    assert_eq!((hello.online, hello.admin, hello.notify), (false, false, NotifySettings::default()));
    assert!(hello.last_hello_at >= before);
    assert!(store.set_online(&workspace(), &id_of("jane"), true).await.expect("set"));
    let notify = NotifySettings { message: false, ..NotifySettings::default() };
    assert!(store.set_notify(&workspace(), &id_of("jane"), notify).await.expect("set"));
    // Another hello, another name, another role, another process: the switch stays.
    let mut renamed = agent("jane");
    renamed.name = "Jane D.".into();
    renamed.avatar = Some("https://example.com/jane.png".into());
    for _ in 0..2 {
        drop(store);
        store = ground.open();
        let hello = says_hello(&*store, &renamed, true).await;
        assert_eq!((hello.online, hello.admin, hello.notify, &hello.agent), (true, true, notify, &renamed));
        assert_eq!(row(&*store, "jane").await, hello);
    }
    says_hello(&*store, &agent("abe"), false).await;
    let names = async |store: &dyn Store| {
        let agents = store.agents(&workspace()).await.expect("agents");
        agents.into_iter().map(|row| row.agent.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&*store).await, ["Jane D.", "abe of Usher"]);
    // Removed, and back again: switched off.
    assert!(store.remove_agent(&workspace(), &id_of("jane")).await.expect("removed"));
    assert!(!store.remove_agent(&workspace(), &id_of("jane")).await.expect("answered"));
    assert!(!store.set_online(&workspace(), &id_of("jane"), true).await.expect("answered"));
    assert!(!store.set_notify(&workspace(), &id_of("jane"), notify).await.expect("answered"));
    assert_eq!(store.agent(&workspace(), &id_of("jane")).await.expect("agent"), None);
    assert_eq!(names(&*store).await, ["abe of Usher"]);
    let newer = Some(store.now());
    let back = store.agent_hello(&workspace(), &renamed, false, newer).await.expect("hello").expect("not refused");
    assert!(!back.online);
    assert_eq!(names(&*store).await, ["Jane D.", "abe of Usher"]);
}

pub(crate) async fn s2_a_removal_takes_the_worth_of_every_token_that_is_not_provably_newer(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let jane = id_of("jane");
    let hello = async |store: &dyn Store, issued_at: Option<i64>| {
        store.agent_hello(&workspace(), &agent("jane"), true, issued_at.map(Millis)).await.expect("answered")
    };
    let removed_at = async |store: &dyn Store| store.removed_at(&workspace(), &jane).await.expect("removed_at");
    assert_eq!(removed_at(&*store).await, None);
    assert!(hello(&*store, None).await.is_some() && hello(&*store, Some(0)).await.is_some());
    assert_eq!(removed_at(&*store).await, None);
    let before = store.now();
    assert!(store.remove_agent(&workspace(), &jane).await.expect("removed"));
    let removed = removed_at(&*store).await.expect("noted");
    assert!(before <= removed && removed <= store.now());
    assert_eq!(store.removed_at(&"other".into(), &jane).await.expect("removed_at"), None);
    for back in [false, true] {
        for worthless in [None, Some(0), Some(removed.0 - 1)] {
            assert_eq!(hello(&*store, worthless).await, None, "{worthless:?}");
        }
        assert_eq!(store.agent(&workspace(), &jane).await.expect("agent").is_some(), back, "nothing was noted");
        drop(store);
        store = ground.open();
        let row = hello(&*store, Some(removed.0)).await.expect("a newer token brings them back");
        assert_eq!((row.online, row.admin), (false, true));
        assert_eq!(removed_at(&*store).await, Some(removed), "it stays when they are back");
    }
    // Removed again, all of them begin anew.
    wait::until("the clock", async || (store.now() > removed).then_some(())).await;
    assert!(store.remove_agent(&workspace(), &jane).await.expect("removed"));
    assert!(removed_at(&*store).await > Some(removed));
    assert_eq!(hello(&*store, Some(removed.0)).await, None);
}

pub(crate) async fn pr1_the_last_word_of_every_node_is_kept_and_swept_a_while_after_its_end(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    assert_eq!(store.rosters().await.expect("rosters"), []);
    let row = |node: &str, roster: &[u8], until| RosterRow {
        node: NodeId::from(node),
        until: Millis(until),
        roster: roster.to_vec().into(),
    };
    let keep = async |store: &dyn Store, row: &RosterRow| {
        store.keep_roster(&row.node, row.roster.clone(), row.until).await.expect("kept")
    };
    let now = store.now().0;
    let long_dead = row("n_c", b"old", now - ROSTERS_KEPT - 1);
    // Any bytes are a roster, none as well.
    let (one, two) = (row("n_a", b"\x00\xff{", now + 10_000), row("n_b", b"", now - ROSTERS_KEPT + 30_000));
    for kept in [&row("n_a", b"before", now + 7_000), &two, &long_dead, &one] {
        keep(&*store, kept).await;
    }
    for _ in 0..2 {
        assert_eq!(store.rosters().await.expect("rosters"), [one.clone(), two.clone()]);
        drop(store);
        store = ground.open();
    }
    // Whoever speaks next sweeps.
    keep(&*store, &long_dead).await;
    let ends = |rows: Vec<RosterRow>| rows.into_iter().map(|row| row.until).collect::<Vec<_>>();
    assert_eq!(ends(store.rosters().await.expect("rosters")), [one.until, two.until, long_dead.until]);
    keep(&*store, &one).await;
    assert_eq!(store.rosters().await.expect("rosters"), [one, two]);
}

fn playbook(id: &str, name: &str) -> Playbook {
    let json = json!({
        "id": id, "name": name, "active": true, "locale": "en", "origins": [], "start": "bye",
        "appearance": {"color": "#3b5bdb", "icon": "chat", "bot_name": "Usher", "avatar": null},
        "cards": {"bye": {"kind": "disqualify", "text": "Enjoy your visit.", "create": []}}
    });
    serde_json::from_value(json).expect("a playbook")
}

pub(crate) async fn r4_a_playbook_keeps_its_versions_and_its_id_for_ever(new: NewGround<'_>) {
    let ground = new();
    let mut store = ground.open();
    let foreign = WorkspaceId::from("other");
    let id = PlaybookId::from("pb_1");
    let save = async |store: &dyn Store, workspace: &WorkspaceId, name: &str, expected| {
        store.save_playbook(workspace, &playbook("pb_1", name), expected).await.expect("answered")
    };
    assert_eq!(save(&*store, &workspace(), "none yet", 3).await, Saved::Unknown);
    assert_eq!(save(&*store, &workspace(), "one", 0).await, Saved::Version(1));
    assert_eq!(save(&*store, &workspace(), "one again", 0).await, Saved::Stale(1));
    assert_eq!(save(&*store, &foreign, "theirs", 0).await, Saved::Stale(1), "an id is the hub's, not the workspace's");
    assert_eq!(save(&*store, &foreign, "theirs", 1).await, Saved::Unknown);
    assert_eq!(save(&*store, &workspace(), "two", 1).await, Saved::Version(2));
    assert_eq!(save(&*store, &workspace(), "late", 1).await, Saved::Stale(2));
    store.save_playbook(&workspace(), &playbook("pb_2", "another"), 0).await.expect("saved");
    for deleted in [false, true] {
        for (version, name) in [(Some(1), "one"), (Some(2), "two"), (None, "two")] {
            let row = store.playbook(&id, version).await.expect("playbook").expect("kept");
            assert_eq!((row.playbook.name.as_str(), row.deleted), (name, deleted));
            assert_eq!((row.version, &row.workspace), (version.unwrap_or(2), &workspace()));
        }
        assert!(store.playbook(&id, Some(3)).await.expect("playbook").is_none());
        let names: Vec<String> = store
            .playbooks(&workspace())
            .await
            .expect("playbooks")
            .into_iter()
            .map(|row| row.playbook.name.clone())
            .collect();
        assert_eq!(names, if deleted { vec!["another"] } else { vec!["another", "two"] });
        assert!(store.playbooks(&foreign).await.expect("playbooks").is_empty());
        assert!(!store.delete_playbook(&foreign, &id).await.expect("answered"));
        assert_eq!(store.delete_playbook(&workspace(), &id).await.expect("answered"), !deleted);
        drop(store);
        store = ground.open();
    }
    assert_eq!(save(&*store, &workspace(), "reborn", 0).await, Saved::Stale(2));
    assert_eq!(save(&*store, &workspace(), "reborn", 2).await, Saved::Unknown);
    assert!(store.playbook(&"pb_9".into(), None).await.expect("playbook").is_none());
}

pub(crate) async fn r5_a_playbook_is_installed_once_it_was_seen(new: NewGround<'_>) {
    let ground = new();
    let store = ground.open();
    let id = PlaybookId::from("pb_1");
    store.save_playbook(&workspace(), &playbook("pb_1", "one"), 0).await.expect("saved");
    let seen = async || {
        let row = store.playbook(&id, None).await.expect("playbook").expect("kept");
        (row.installed_at.map(|at| at.0), row.last_seen_at.map(|at| at.0))
    };
    assert_eq!(seen().await, (None, None));
    for (at, expected) in [(1000, 1000), (3000, 3000), (2000, 3000)] {
        store.playbook_seen(&id, Millis(at)).await.expect("seen");
        assert_eq!(seen().await, (Some(1000), Some(expected)));
    }
    store.save_playbook(&workspace(), &playbook("pb_1", "two"), 1).await.expect("saved");
    assert_eq!(seen().await, (Some(1000), Some(3000)));
    store.playbook_seen(&"pb_9".into(), Millis(1)).await.expect("of one that is not known: nothing");
}
