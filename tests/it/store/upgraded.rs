//! SQLite files that earlier programs made.

use std::{path::Path, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::Connection;
use usher::{
    chat::{
        command::KeyScope,
        event::{AgentRef, Author},
    },
    ids::{Millis, Seq},
    store::{DeliveryQuery, Folder, FolderQuery, Outbox, Store, Topics, sqlite::Sqlite},
};

use super::{
    contract::outbox::webhook,
    talk::{Talk, workspace},
};
use crate::support::wait;

fn open(path: &Path) -> Arc<Sqlite> {
    Arc::new(Sqlite::open(path).expect("it opens"))
}

fn by_hand(path: &Path, sql: &str) {
    Connection::open(path).and_then(|conn| conn.execute_batch(sql)).expect("done by hand");
}

#[tokio::test]
async fn o_a_store_of_the_version_before_is_taken_over_with_all_that_is_in_it() {
    for steps in [&[][..], &BEFORE_WEBHOOKS] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("usher.db");
        by_hand(&path, include_str!("earlier/version_1.sql"));
        for (version, name, sql) in steps {
            let checksum = digest(&SHA256, sql.as_bytes());
            let checksum: String = checksum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            by_hand(&path, sql);
            by_hand(&path, &format!("INSERT INTO migration VALUES ({version}, '{name}', '{checksum}', 1795641636912)"));
        }
        taken_over(&path).await;
        let store = open(&path);
        assert!(store.add_webhook(&webhook("wh_1", Topics::All)).await.expect("answered"));
        let talk = Talk::begin(&*store, "v_new", store.now().0, vec![]).await;
        let query =
            DeliveryQuery { workspace: workspace(), webhook: "wh_1".into(), state: None, before: None, limit: 9 };
        let told = store.deliveries(&query).await.expect("deliveries").deliveries;
        assert_eq!(told.iter().map(|one| &one.conversation).collect::<Vec<_>>(), [talk.id()]);
    }
}

/// The steps that a store had before the one of webhooks, which came later than another with a higher number.
const BEFORE_WEBHOOKS: [(i64, &str, &str); 2] = [
    (2, "presence", include_str!("../../../src/store/sqlite/migrations/0002_presence.sql")),
    (4, "mark", include_str!("../../../src/store/sqlite/migrations/0004_mark.sql")),
];

async fn taken_over(path: &Path) {
    for _ in 0..2 {
        let store = open(path);
        store.ready().await.expect("it takes writes");
        let agents = store.agents(&[workspace()]).await.expect("agents");
        let known: Vec<_> = agents.iter().map(|row| (row.agent.id.as_str(), row.online)).collect();
        assert_eq!(known, [("jane", true), ("root", false)]);
        let mine = store.assigned_to(&workspace(), &"jane".into()).await.expect("assigned_to");
        assert_eq!(mine.len(), 1);
        let query = Some("sundays".to_owned());
        let closed = FolderQuery { workspace: workspace(), folder: Folder::Closed, before: None, limit: 10, query };
        let found = wait::until("the old texts are found", async || {
            store.folder(&closed).await.expect("folder").conversations.pop()
        });
        let talk = found.await.conversation;
        assert_eq!((talk.seq, talk.rated), (Seq(11), Some(5)));
        assert_eq!(talk.items.iter().map(|item| item.title.as_str()).collect::<Vec<_>>(), ["A lead"]);
        let log = store.events_after(&talk.id, Seq(0), 100, usize::MAX).await.expect("events");
        let events = log.iter().map(|entry| entry.event());
        let folded = usher::chat::conversation::Conversation::fold(talk.id.clone(), workspace(), events);
        let mut folded = folded.expect("a conversation");
        // What was rated in words then is in the log, and not in the fold of that time.
        folded.rated_words = None;
        assert_eq!(talk.timing, usher::chat::timing::Timing::default());
        folded.timing = talk.timing;
        assert_eq!(folded, talk);
        let keyed = async |key: &str| {
            let scope = KeyScope::Author(Author::Agent { id: "jane".into(), name: "Jane".into() });
            store.keyed(&talk.id, &scope, &key.into()).await.expect("keyed").map(|entry| entry.event().seq)
        };
        assert_eq!((keyed("k1").await, keyed("k2").await), (Some(Seq(8)), None), "keys are known for ever");
        assert_eq!(store.rosters().await.expect("rosters"), []);
        // Bob was removed when nobody noted when: no token of that time is worth anything.
        let removed = store.removed_at(&workspace(), &"bob".into()).await.expect("removed_at").expect("noted");
        let bob = AgentRef { id: "bob".into(), name: "Bob".into(), avatar: None };
        let hello = async |issued_at| store.agent_hello(&workspace(), &bob, false, issued_at).await.expect("answered");
        assert_eq!((hello(None).await, hello(Some(Millis(removed.0 - 1))).await), (None, None));
        assert!(removed > Millis(1_795_641_637_020), "{removed:?}");
        assert_eq!(store.removed_at(&workspace(), &"jane".into()).await.expect("removed_at"), None);
    }
}
