//! Rows and counts are folds: whatever happened, an inbox that only read its mail equals a recount.

use std::collections::HashMap;

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use super::{
    super::mailbox::Row,
    gates::Verb,
    house::{Clerk, House, Visitor, pass, settle, workspace},
};
use crate::{
    chat::{
        command::Command,
        conversation::Sight,
        details::DetailsPatch,
        summary::{StateName, Summary},
    },
    ids::{ConversationId, Seq},
    store::{Counts, Store},
};

/// An agent's inbox as a client folds it: rows by conversation, absolute counts.
struct Inbox {
    clerk: Clerk,
    rows: HashMap<ConversationId, (Seq, Option<Summary>)>,
    counts: Counts,
}

impl Inbox {
    fn new(clerk: Clerk) -> Self {
        let mut inbox = Self { rows: HashMap::new(), counts: clerk.desk.counts, clerk };
        let desk = &inbox.clerk.desk;
        let shown: Vec<Summary> =
            desk.unassigned.iter().chain(&desk.mine).map(|row| row.conversation.summary(&row.beside, None)).collect();
        shown.into_iter().for_each(|row| inbox.put(row.id.clone(), row.seq, Some(row)));
        inbox
    }

    /// An older row changes nothing, of equal ones the latest counts.
    fn put(&mut self, id: ConversationId, seq: Seq, row: Option<Summary>) {
        if self.rows.get(&id).is_none_or(|(was, _)| *was <= seq) {
            self.rows.insert(id, (seq, row));
        }
    }

    fn read(&mut self) {
        let mail = self.clerk.mail();
        for (id, row) in mail.rows {
            let shown = match &row {
                Row::Upsert(summary) => Some(summary.value().clone()),
                // The session of one who lost it lets it go.
                Row::Remove { .. } => {
                    self.clerk.seated.unfollow(&id);
                    None
                }
            };
            self.put(id, row.seq(), shown);
        }
        let size = |was: &mut u64, now: Option<(u64, u64)>| *was = now.map_or(*was, |(count, _)| count);
        size(&mut self.counts.unassigned, mail.counts.unassigned);
        size(&mut self.counts.mine, mail.counts.mine);
        size(&mut self.counts.closed, mail.counts.closed);
    }

    /// The inbox equals a recount of the store.
    async fn check(&self, house: &House) {
        let me = &self.clerk.id;
        let counts = house.store.counts(&workspace(), me).await.unwrap();
        assert_eq!(self.counts, counts, "{me}");
        for row in house.store.rows() {
            let visible = row.sight() != Sight::Admins && row.sight().allows(me, self.clerk.who.is_admin(), true);
            let known = self.rows.get(&row.id).and_then(|(_, row)| row.as_ref());
            // Closed ones from before the hello are found by `list`.
            let Some(known) = known else {
                assert!(!visible || row.closed_at().is_some(), "{me} misses {}", row.id);
                continue;
            };
            assert!(visible, "{me} still shows {}", row.id);
            let now = row.summary(&Default::default(), None);
            assert_eq!((known.state, &known.assignee, known.deadline), (now.state, &now.assignee, now.deadline));
            assert_eq!((&known.closed_at, &known.missed), (&now.closed_at, &now.missed));
            // Whoever follows reads the texts themselves.
            if !self.clerk.seated.follows().contains(&row.id) {
                assert_eq!(known.preview, now.preview, "{me}, {}", row.id);
            }
        }
        let shown = self.rows.values().filter_map(|(_, row)| row.as_ref());
        let unassigned =
            shown.filter(|row| matches!(row.state, StateName::Waiting | StateName::Offline | StateName::Unassigned));
        assert_eq!(unassigned.count() as u64, counts.unassigned);
    }
}

async fn act(
    rng: &mut impl Rng,
    inboxes: &[Inbox],
    visitors: &mut [Visitor],
    talks: &mut Vec<ConversationId>,
    n: usize,
) {
    let at = rng.random_range(0..visitors.len());
    let visitor = &mut visitors[at];
    let clerk = &inboxes[rng.random_range(0..inboxes.len())].clerk;
    if talks.is_empty() || rng.random_bool(0.1) {
        let id = visitor.start().await;
        if !talks.contains(&id) {
            talks.push(id);
        }
        return;
    }
    let id = talks[rng.random_range(0..talks.len())].clone();
    let key = format!("k{n}");
    let to = ["ann", "bob", "root"][rng.random_range(0..3)];
    let note = DetailsPatch { note: Some(Some(key.clone())), ..DetailsPatch::default() };
    let _ = match rng.random_range(0..16) {
        0..4 => visitor.say(&id, &key, &format!("Text {n}")).await,
        4 => visitor.choose(&id, "hello", "talk").await,
        5 => visitor.give(&id, Command::End).await,
        6..9 => clerk.claim(&id).await,
        9 => clerk.assign(&id, Some(to)).await,
        10 => clerk.assign(&id, None).await,
        11 => clerk.say(&id, &key, &format!("Text {n}")).await,
        12 => clerk.lead(&id, &key).await,
        13 => clerk.give(&id, Command::Details(Box::new(note))).await,
        14 => clerk.give(&id, Command::Close).await,
        _ => {
            pass(rng.random_range(0..30_000)).await;
            return;
        }
    };
}

async fn run(seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let house = House::open().await;
    let mut inboxes = Vec::new();
    for name in ["ann", "bob"] {
        inboxes.push(Inbox::new(house.agent(name).await));
    }
    inboxes.push(Inbox::new(house.admin("root").await));
    let mut visitors = Vec::new();
    for n in 0..6 {
        let playbook = if n % 2 == 0 { "pb_now" } else { "pb_demo" };
        visitors.push(house.visitor_of(playbook, &format!("v_{n}")).await);
    }
    let mut talks = Vec::new();
    for n in 0..200 {
        act(&mut rng, &inboxes, &mut visitors, &mut talks, n).await;
        if rng.random_bool(0.5) {
            inboxes.iter_mut().for_each(Inbox::read);
        }
        if n % 40 == 39 {
            // Rows for texts alone may be late by the second they are held back and the tick that finds them.
            pass(2_100).await;
            settle().await;
            for inbox in &mut inboxes {
                inbox.read();
                inbox.check(&house).await;
            }
        }
        if n == 100 {
            // Somebody new begins with a hello, and goes on as the others do.
            inboxes.push(Inbox::new(house.agent("ann").await));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn d6_an_inbox_that_only_read_its_mail_equals_a_recount() {
    for seed in 0..15 {
        run(seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn d6_commits_that_are_told_in_the_wrong_order_leave_the_right_rows_and_counts() {
    let house = House::open().await;
    let (jane, bob) = (house.agent("jane").await, house.agent("bob").await);
    let mut cy = Inbox::new(house.agent("cy").await);
    let (mut one, mut two) = (house.visitor("v_1").await, house.visitor("v_2").await);
    let (first, second) = (one.start().await, two.start().await);
    cy.read();
    // Jane's claim is durable first and told last.
    let gate = house.store.gates.hold(Verb::Appended);
    let id = first.clone();
    let late = tokio::spawn(async move { (jane.claim(&id).await, jane) });
    gate.reached().await;
    bob.claim(&second).await.unwrap();
    cy.read();
    assert_eq!(cy.counts.unassigned, 0);
    gate.open();
    late.await.unwrap().0.unwrap();
    cy.read();
    cy.check(&house).await;
}

#[tokio::test(start_paused = true)]
async fn p4_a_text_moves_the_row_of_those_who_do_not_follow_at_most_once_a_second() {
    let house = House::open().await;
    let mut jane = house.agent("jane").await;
    let mut bob = house.agent("bob").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    bob.open(&conversation, None).await.unwrap();
    pass(1_100).await;
    jane.mail();
    bob.mail();
    let mut rows = 0;
    for n in 0..20 {
        visitor.say(&conversation, &format!("k{n}"), &format!("Text {n}")).await.unwrap();
        rows += jane.mail().rows.len();
        assert!(bob.mail().rows.is_empty(), "whoever follows reads the text itself");
        pass(100).await;
    }
    assert!((2..=3).contains(&rows), "{rows} rows in two seconds");
    pass(2_100).await;
    let last = jane.mail().rows.remove(&conversation);
    let Some(Row::Upsert(summary)) = last else { panic!("the last text is in no row") };
    assert_eq!(summary.value().preview.as_deref(), Some("Text 19"));
}

#[tokio::test(start_paused = true)]
async fn p4_a_row_owed_while_the_store_was_down_comes_when_it_is_back() {
    let house = House::open().await;
    let mut jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    pass(1_100).await;
    jane.mail();
    // The visitor leaves, nobody follows any more, and the row is yet to say so.
    drop(visitor);
    house.store.down(true);
    pass(5_000).await;
    assert!(jane.mail().rows.is_empty());
    house.store.down(false);
    pass(1_100).await;
    let Some(Row::Upsert(summary)) = jane.mail().rows.remove(&conversation) else { panic!("no row") };
    assert!(!summary.value().visitor.connected);
}

#[tokio::test(start_paused = true)]
async fn r11_the_others_are_told_at_once_who_won_and_it_moves_to_my_conversations() {
    let house = House::open().await;
    let (mut jane, mut bob) = (house.agent("jane").await, house.agent("bob").await);
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    jane.mail();
    bob.mail();
    jane.claim(&conversation).await.unwrap();
    let mail = bob.mail();
    let Some(Row::Remove { assignee, .. }) = mail.rows.get(&conversation) else { panic!("still there") };
    assert_eq!(assignee.as_ref().map(|agent| agent.name.as_str()), Some("JANE"));
    assert_eq!((mail.counts.unassigned.map(|(count, _)| count), mail.counts.mine), (Some(0), None));
    let mail = jane.mail();
    assert!(matches!(mail.rows.get(&conversation), Some(Row::Upsert(_))));
    assert_eq!(mail.counts.mine.map(|(count, _)| count), Some(1));
    assert!(mail.follow.contains_key(&conversation));
}
