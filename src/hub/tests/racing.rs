//! Real races: many threads on one hub, upon the store in memory and upon the one on the disk.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio_util::sync::CancellationToken;

use super::{
    super::{Hub, Settings, append::Caller, mailbox::Row, seat::Seated, visitor::Guest},
    house::{at_once, demo, workspace},
    memory::Memory,
};
use crate::{
    chat::{
        command::Command,
        conversation::{Conversation, Sight},
        event::{AgentRef, Author, Event, What},
        playbook::Reply,
    },
    ids::{ConversationId, Seq, VisitorId},
    mesh::Alone,
    store::{Counts, Store, sqlite::Sqlite},
};

const VISITORS: u64 = 6;
const AGENTS: [&str; 4] = ["ann", "bob", "cy", "root"];
const STEPS: usize = 120;

/// What everybody knows: the conversations there are, and which texts were acknowledged.
#[derive(Default)]
struct Known {
    conversations: Mutex<Vec<ConversationId>>,
    acknowledged: Mutex<Vec<(ConversationId, String, Seq)>>,
}

/// An agent's inbox, folded from mail alone.
struct Inbox {
    seated: Seated,
    rows: HashMap<ConversationId, (Seq, bool)>,
    counts: Counts,
}

impl Known {
    fn any(&self, rng: &mut StdRng) -> Option<ConversationId> {
        let known = self.conversations.lock().unwrap();
        (!known.is_empty()).then(|| known[rng.random_range(0..known.len())].clone())
    }

    fn said(&self, conversation: &ConversationId, text: &str, seq: Seq) {
        self.acknowledged.lock().unwrap().push((conversation.clone(), text.into(), seq));
    }
}

impl Inbox {
    fn read(&mut self) {
        let Some(mail) = self.seated.seat().mail.take() else { return };
        for conversation in mail.follow.keys() {
            self.seated.follow(conversation);
        }
        for (id, row) in mail.rows {
            if self.rows.get(&id).is_none_or(|(was, _)| *was <= row.seq()) {
                self.rows.insert(id, (row.seq(), matches!(row, Row::Upsert(_))));
            }
        }
        let size = |was: &mut u64, now: Option<(u64, u64)>| *was = now.map_or(*was, |(count, _)| count);
        size(&mut self.counts.unassigned, mail.counts.unassigned);
        size(&mut self.counts.mine, mail.counts.mine);
        size(&mut self.counts.closed, mail.counts.closed);
    }
}

fn agent(name: &str) -> AgentRef {
    AgentRef { id: name.into(), name: name.into(), avatar: None }
}

async fn visit(hub: Arc<Hub>, known: Arc<Known>, n: u64) {
    let mut rng = StdRng::seed_from_u64(n);
    let id = if n.is_multiple_of(2) { "pb_now" } else { "pb_demo" };
    let guest = Guest {
        playbook: hub.playbook(&id.into()).await.unwrap().unwrap(),
        visitor: VisitorId::from(format!("v_{n}")),
        is_new: false,
        anonymous: None,
        name: None,
        email: None,
        verified: false,
        page: None,
        locale: None,
    };
    let (mut seated, _) = hub.greet(&guest, None).await.unwrap();
    for step in 0..STEPS {
        let conversation = hub.start(&mut seated, &guest, || Ok(())).await.unwrap().loaded.conversation.id;
        {
            let mut known = known.conversations.lock().unwrap();
            if !known.contains(&conversation) {
                known.push(conversation.clone());
            }
        }
        let caller = Caller::from(&seated.seat().who);
        let command = match rng.random_range(0..12) {
            0 => Command::End,
            1 => Command::Answer {
                card: "hello".into(),
                reply: Reply::Option("talk".into()),
                key: format!("a{step}").into(),
            },
            _ => Command::Send { key: format!("k{step}").into(), text: format!("v{n} {step}") },
        };
        let done = hub.command(&conversation, &caller, &command).await;
        if let (Ok(done), Command::Send { text, .. }) = (done, &command) {
            known.said(&conversation, text, done.seq);
            let again = hub.command(&conversation, &caller, &command).await.unwrap();
            assert!(again.duplicate && again.seq == done.seq);
        }
        let _ = seated.seat().mail.take();
    }
}

async fn work(hub: Arc<Hub>, known: Arc<Known>, mut inbox: Inbox, n: u64) -> Inbox {
    let mut rng = StdRng::seed_from_u64(1_000 + n);
    for step in 0..STEPS * 2 {
        inbox.read();
        let Some(conversation) = known.any(&mut rng) else {
            tokio::task::yield_now().await;
            continue;
        };
        let caller = Caller::from(&inbox.seated.seat().who);
        let text = format!("{} {step}", AGENTS[n as usize]);
        let to = rng.random_bool(0.7).then(|| agent(AGENTS[rng.random_range(0..AGENTS.len())]));
        let command = match rng.random_range(0..10) {
            0..4 => Command::Claim,
            4 | 5 => Command::Assign { to },
            6 if rng.random_bool(0.2) => Command::Close,
            _ => Command::Send { key: format!("k{step}").into(), text },
        };
        let done = hub.command(&conversation, &caller, &command).await;
        if let (Ok(done), Command::Send { text, .. }) = (done, &command) {
            known.said(&conversation, text, done.seq);
        }
    }
    inbox
}

/// What holds of every log, whoever raced.
fn judge(log: &[Event]) {
    let (mut owner, mut closed) = (None, false);
    let (mut waits, mut ends) = (0, 0);
    let mut waiting = false;
    for (seq, event) in (1..).zip(log) {
        assert_eq!(event.seq, Seq(seq), "no holes");
        assert!(
            !closed || matches!(event.what, What::Rated { .. } | What::Note { .. }),
            "{:?} after closed",
            event.what
        );
        let ended = waiting;
        match &event.what {
            What::Message { .. } => {
                if let Author::Agent { id, .. } = &event.by {
                    assert_eq!(owner.as_ref(), Some(id), "written by somebody who did not have it");
                }
                continue;
            }
            What::Waiting { .. } => {
                waits += 1;
                waiting = true;
                continue;
            }
            What::Assigned { to, from } => {
                assert_eq!(from.as_ref().map(|from| &from.id), owner.as_ref());
                owner = Some(to.id.clone());
            }
            What::Unassigned { from } => assert_eq!(owner.take(), Some(from.id.clone())),
            What::Missed { .. } => assert!(owner.is_none()),
            What::Closed { .. } => closed = true,
            _ => continue,
        }
        ends += usize::from(ended);
        waiting = false;
    }
    assert_eq!(waits, ends + usize::from(waiting), "a wait ends exactly once");
    assert!(log.is_sorted_by_key(|event| event.at));
}

/// Everybody at once; then every log, every inbox and every acknowledgement is held against the store.
async fn race(store: Arc<dyn Store>) {
    let hub = Hub::new(store.clone(), Arc::new(Alone::new()), Settings::default());
    let stop = CancellationToken::new();
    let running = tokio::spawn(hub.clone().run(stop.clone()));
    for playbook in [demo(), at_once()] {
        hub.save_playbook(&workspace(), &playbook, 0).await.unwrap();
        let row = hub.playbook(&playbook.id).await.unwrap().unwrap();
        hub.playbook_seen(&row).await.unwrap();
    }
    let known = Arc::new(Known::default());
    let mut clerks = Vec::new();
    for (n, name) in (0..).zip(AGENTS) {
        let (seated, desk) = hub.welcome(&workspace(), &agent(name), name == "root", None).await.unwrap();
        hub.set_online(&seated.seat().who, None, true).await.unwrap();
        let inbox = Inbox { seated, rows: HashMap::new(), counts: desk.counts };
        clerks.push(tokio::spawn(work(hub.clone(), known.clone(), inbox, n)));
    }
    let visitors: Vec<_> = (0..VISITORS).map(|n| tokio::spawn(visit(hub.clone(), known.clone(), n))).collect();
    for visitor in visitors {
        visitor.await.unwrap();
    }
    let mut inboxes = Vec::new();
    for clerk in clerks {
        inboxes.push(clerk.await.unwrap());
    }
    let conversations = known.conversations.lock().unwrap().clone();
    let mut rows = HashMap::new();
    for id in &conversations {
        let log = store.events_after(id, Seq(0), usize::MAX, usize::MAX).await.unwrap();
        let events: Vec<Event> = log.iter().map(|entry| entry.event().clone()).collect();
        judge(&events);
        let row = store.load(id).await.unwrap().unwrap().conversation;
        assert_eq!(Conversation::fold(id.clone(), workspace(), &events), Some(row.clone()));
        rows.insert(id.clone(), (row, events));
    }
    for (id, text, seq) in known.acknowledged.lock().unwrap().iter() {
        let of = |event: &&Event| matches!(&event.what, What::Message { text: said, .. } if said == text);
        let found: Vec<Seq> = rows[id].1.iter().filter(of).map(|event| event.seq).collect();
        assert_eq!(found, [*seq], "{text} once, where it was said to be");
    }
    for inbox in &mut inboxes {
        inbox.read();
        let me = inbox.seated.seat().who.agent().unwrap().clone();
        assert_eq!(inbox.counts, store.counts(&workspace(), &me).await.unwrap(), "{me}");
        for (row, _) in rows.values() {
            let visible = row.sight() != Sight::Admins && row.sight().allows(&me, me.as_str() == "root", true);
            let shown = inbox.rows.get(&row.id).is_some_and(|(_, shown)| *shown);
            assert_eq!(shown, visible, "{me}, {}", row.id);
        }
    }
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a2_whoever_races_every_log_has_one_owner_and_every_inbox_equals_a_recount() {
    race(Memory::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a2_upon_the_disk_every_log_has_one_owner_and_every_inbox_equals_a_recount() {
    let folder = tempfile::tempdir().unwrap();
    race(Arc::new(Sqlite::open(folder.path().join("usher.db")).unwrap())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w1_upon_the_disk_a_wait_is_known_to_the_next_hub_and_ends_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usher.db");
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&path).unwrap());
    let hub = Hub::new(store.clone(), Arc::new(Alone::new()), Settings::default());
    hub.save_playbook(&workspace(), &at_once(), 0).await.unwrap();
    hub.playbook_seen(&hub.playbook(&"pb_now".into()).await.unwrap().unwrap()).await.unwrap();
    let (jane, _) = hub.welcome(&workspace(), &agent("jane"), false, None).await.unwrap();
    hub.set_online(&jane.seat().who, None, true).await.unwrap();
    let guest = Guest {
        playbook: hub.playbook(&"pb_now".into()).await.unwrap().unwrap(),
        visitor: VisitorId::from("v_1"),
        is_new: false,
        anonymous: None,
        name: None,
        email: None,
        verified: false,
        page: None,
        locale: None,
    };
    let (mut seated, _) = hub.greet(&guest, None).await.unwrap();
    let waiting = hub.start(&mut seated, &guest, || Ok(())).await.unwrap().loaded.conversation;
    drop((seated, jane, hub, store));
    // The next process finds the deadline and the queue where the last one left them.
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&path).unwrap());
    let due = store.due(waiting.deadline().unwrap(), 10).await.unwrap();
    assert_eq!(due.iter().map(|due| &due.conversation).collect::<Vec<_>>(), [&waiting.id]);
    let hub = Hub::new(store.clone(), Arc::new(Alone::new()), Settings::default());
    let both = || hub.clone().everyone_left(workspace());
    tokio::join!(both(), both());
    let log = store.events_after(&waiting.id, Seq(0), 100, usize::MAX).await.unwrap();
    let missed = log.iter().filter(|entry| matches!(entry.event().what, What::Missed { .. }));
    assert_eq!(missed.count(), 1);
}
