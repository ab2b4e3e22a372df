//! What the thread that writes the store does for a text, to be counted: see `session::counted`.

use std::{fs::File, path::Path, sync::Arc};

use rusqlite::Connection;

use super::{clock::Clock, desk::Desk, migrate, open, tail::Tail};
use crate::{
    chat::{
        command::KeyScope,
        conversation::Conversation,
        event::{Author, Event, PlaybookRef, Started, VisitorRef, What},
    },
    ids::{ConversationId, Millis, Seq},
    store::{Append, Appended, Begun},
    wire::entry::Entry,
};

/// Conversations that take turns, texts of one commit, and texts that wait for the index.
const CONVERSATIONS: usize = 20;
const BATCH: usize = 8;
const GENERATION: usize = 200;

pub(super) fn entry(seq: u64, what: What) -> Arc<Entry> {
    Entry::new(Event { seq: Seq(seq), at: Millis(1_700_000_000_000 + seq.cast_signed()), by: Author::Visitor, what })
}

pub(super) fn begin(desk: &mut Desk, n: usize) -> ConversationId {
    let id = ConversationId::from(format!("c_{n}"));
    let started = Started {
        visitor: VisitorRef { id: format!("v_{n}").into(), name: None, verified: false },
        playbook: PlaybookRef { id: "pb_demo".into(), version: 1 },
        page: None,
        locale: None,
    };
    let first = entry(1, What::Started(started));
    let fold = Conversation::fold(id.clone(), "w".into(), [first.event()]).unwrap();
    assert!(matches!(desk.begin(&fold, &[first]), Ok(Begun::Done { .. })));
    id
}

fn append(desk: &mut Desk, conversation: &ConversationId, seq: u64) {
    let (key, text) = (format!("k{seq:06}"), format!("text number {seq:06} of about{}", " a hundred bytes".repeat(4)));
    let what = What::Message { key: Some(key.as_str().into()), text, rich: None };
    let append = Append {
        conversation: conversation.clone(),
        after: Seq(seq - 1),
        entries: vec![entry(seq, what)],
        key: Some((KeyScope::Author(Author::Visitor), key.as_str().into())),
        row: None,
    };
    assert!(matches!(desk.append(&append), Ok(Appended::Done { .. })));
}

/// A desk in this folder.
pub(super) fn desk(folder: &Path, generation: usize) -> (Desk, File) {
    let path = folder.join("usher.db");
    let lock = open::take(&path).unwrap();
    let mut conn: Connection = open::writing(&path).unwrap();
    migrate::migrate(&mut conn, Clock::default().now()).unwrap();
    (Desk::new(conn, Arc::new(Tail::default()), generation).unwrap(), lock)
}

#[test]
fn f1_texts_into_the_store() {
    let texts: usize = std::env::var("USHER_COUNTED_TEXTS").map_or(20, |texts| texts.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (mut desk, _lock) = desk(folder.path(), GENERATION);
    desk.begin_transaction().unwrap();
    let ids: Vec<_> = (0..CONVERSATIONS).map(|n| begin(&mut desk, n)).collect();
    desk.commit().unwrap();
    for batch in (0..texts).collect::<Vec<_>>().chunks(BATCH) {
        if desk.behind.len() >= GENERATION {
            desk.behind.freeze();
        }
        desk.begin_transaction().unwrap();
        for n in batch {
            append(&mut desk, &ids[n % CONVERSATIONS], (n / CONVERSATIONS) as u64 + 2);
        }
        desk.behind.fill(&desk.conn, 2 * BATCH).unwrap();
        desk.commit().unwrap();
    }
}
