//! Who may see what, at every exit, whatever happens: no mailbox, page, list or count shows what is somebody else's.

use std::sync::Arc;

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use super::{
    super::{Settings, mailbox::Row},
    house::{Clerk, House, Visitor, not_found, pass, settle},
};
use crate::{
    chat::{command::Command, conversation::Sight},
    ids::{ConversationId, Seq},
    wire::request::FolderName,
};

/// A house full of people who do anything at all.
struct Crowd {
    house: House,
    clerks: Vec<Clerk>,
    visitors: Vec<(Visitor, Option<ConversationId>)>,
    admins_see_assigned: bool,
    keys: usize,
}

impl Crowd {
    async fn gather(admins_see_assigned: bool) -> Self {
        let house = House::with(Settings { admins_see_assigned, ..Settings::default() }).await;
        let mut clerks = Vec::new();
        for name in ["ann", "bob", "cy"] {
            clerks.push(house.agent(name).await);
        }
        clerks.push(house.admin("root").await);
        let mut visitors = Vec::new();
        for n in 0..4 {
            let playbook = if n % 2 == 0 { "pb_now" } else { "pb_demo" };
            visitors.push((house.visitor_of(playbook, &format!("v_{n}")).await, None));
        }
        Self { house, clerks, visitors, admins_see_assigned, keys: 0 }
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("k{}", self.keys)
    }

    /// The text of everything, so that a leak is found whatever it leaks by.
    async fn act(&mut self, rng: &mut impl Rng) {
        let key = self.key();
        let visitor = rng.random_range(0..self.visitors.len());
        let clerk = rng.random_range(0..self.clerks.len());
        let (who, known) = &mut self.visitors[visitor];
        let Some(id) = known.clone() else {
            *known = Some(who.start().await);
            return;
        };
        let clerk = &mut self.clerks[clerk];
        let to = ["ann", "bob", "cy", "root"][rng.random_range(0..4)];
        // What is refused is refused: the rules are judged by what comes out.
        match rng.random_range(0..20) {
            0..5 => drop(who.say(&id, &key, &format!("canary {id} {key}")).await),
            5 => drop(who.choose(&id, "hello", "talk").await),
            6 => drop(who.type_in(&id, "email", "ann@example.com").await),
            7 => drop(who.give(&id, Command::Rate { score: 3, comment: None }).await),
            8 => house_seen(&self.house, who, &id),
            9..12 => drop(clerk.claim(&id).await),
            12 => drop(clerk.assign(&id, Some(to)).await),
            13 => drop(clerk.assign(&id, None).await),
            14 => drop(clerk.say(&id, &key, &format!("canary {id} {key}")).await),
            15 => drop(clerk.give(&id, Command::Note { key: key.as_str().into(), text: format!("canary {id}") }).await),
            16 => drop(clerk.open(&id, None).await),
            17 => drop(clerk.lead(&id, &key).await),
            18 => {
                self.house.hub.typing(clerk.seat(), &id, true, Some("canary".into()));
                self.house.hub.typing(who.seat(), &id, true, Some(format!("canary {id}")));
            }
            _ if rng.random_bool(0.3) => {
                let _ = clerk.give(&id, Command::Close).await;
                let closed = self.house.row(&id).await.closed_at().is_some();
                if closed {
                    *known = None;
                }
            }
            _ => pass(1_100).await,
        }
    }

    fn may_see(&self, clerk: &Clerk, sight: &Sight) -> bool {
        sight.allows(&clerk.id, clerk.who.is_admin(), self.admins_see_assigned)
    }

    /// Empties every letter box and judges what is in it by the store as it stands.
    async fn judge_mail(&mut self) {
        let mut clerks = std::mem::take(&mut self.clerks);
        for clerk in &mut clerks {
            let mail = clerk.mail();
            for (id, row) in &mail.rows {
                let sees = self.may_see(clerk, &self.house.row(id).await.sight());
                match row {
                    Row::Upsert(summary) => {
                        assert!(sees, "{} is shown the row of {id}", clerk.id);
                        assert_eq!(summary.value().seq, self.house.row(id).await.seq);
                    }
                    Row::Remove { .. } => assert!(!sees, "{} loses the row of {id}", clerk.id),
                }
            }
            let ids = mail.notify.iter().map(|push| &push.conversation);
            let ids = ids.chain(mail.typing.keys()).chain(mail.seen.keys().map(|(id, _)| id));
            for id in ids.chain(mail.visitor.keys()).chain(mail.watching.keys()).chain(mail.follow.keys()) {
                let sees = self.may_see(clerk, &self.house.row(id).await.sight());
                assert!(sees, "{} is told of {id}: {mail:?}", clerk.id);
            }
            // A wake-up holds no more than the name; a session that finds the conversation lost lets it go.
            for id in mail.news.iter() {
                if !self.may_see(clerk, &self.house.row(id).await.sight()) {
                    assert!(clerk.seated.follows().contains(id));
                    clerk.seated.unfollow(id);
                }
            }
        }
        self.clerks = clerks;
    }

    /// Asks for everything there is, as everybody.
    async fn judge_answers(&mut self) {
        let mut clerks = std::mem::take(&mut self.clerks);
        for clerk in &mut clerks {
            for row in self.house.store.rows() {
                let sees = self.may_see(clerk, &row.sight());
                let followed = clerk.seated.follows().contains(&row.id);
                assert_eq!(!not_found(clerk.history(&row.id, u64::MAX).await), sees);
                assert_eq!(!not_found(clerk.open(&row.id, None).await), sees);
                if !followed {
                    clerk.seated.unfollow(&row.id);
                }
                let none = self.house.hub.sighted(&clerk.who, &row.id).await;
                assert_eq!(!not_found(none), sees);
            }
            for folder in [FolderName::Unassigned, FolderName::Mine, FolderName::Closed, FolderName::All] {
                for query in [None, Some("canary".to_owned())] {
                    let listed = self.house.hub.list(&clerk.who, folder, None, 100, query).await;
                    assert_eq!(listed.is_ok(), folder != FolderName::All || clerk.who.is_admin());
                    for loaded in listed.into_iter().flat_map(|page| page.conversations) {
                        assert!(self.may_see(clerk, &loaded.conversation.sight()), "{} in {folder:?}", clerk.id);
                    }
                }
            }
            let counts = self.house.hub.desk(clerk.who.workspace(), &clerk.id).await.unwrap().counts;
            let rows = self.house.store.rows();
            let many = |which: fn(&crate::chat::conversation::Conversation) -> bool| {
                rows.iter().filter(|row| which(row)).count() as u64
            };
            let mine = rows.iter().filter(|row| row.assignee().is_some_and(|owner| owner.id == clerk.id)).count();
            assert_eq!(counts.mine, mine as u64);
            assert_eq!(counts.unassigned, many(|row| row.is_unassigned()));
            assert_eq!(counts.closed, many(|row| row.closed_at().is_some() && row.live));
            clerk.mail();
        }
        self.clerks = clerks;
    }
}

fn house_seen(house: &House, who: &Visitor, id: &ConversationId) {
    house.hub.seen(who.seat(), id, Some(Seq(u64::MAX)), Some(Seq(u64::MAX)));
}

async fn run(seed: u64, admins_see_assigned: bool) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut crowd = Crowd::gather(admins_see_assigned).await;
    for step in 0..250 {
        crowd.act(&mut rng).await;
        settle().await;
        crowd.judge_mail().await;
        if step % 25 == 0 {
            crowd.judge_answers().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a3_no_letter_box_list_page_or_count_shows_what_is_somebody_elses() {
    for seed in 0..12 {
        run(seed, true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn r13_with_the_setting_off_the_rule_holds_for_admins_too() {
    for seed in 100..112 {
        run(seed, false).await;
    }
}

#[tokio::test(start_paused = true)]
async fn r13_whoever_had_it_open_is_woken_for_the_assignment_and_told_nothing_behind_it() {
    let house = House::open().await;
    let (jane, mut bob) = (house.agent("jane").await, house.agent("bob").await);
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    bob.open(&conversation, None).await.unwrap();
    bob.mail();
    jane.claim(&conversation).await.unwrap();
    let mail = bob.mail();
    assert!(mail.news.contains(&conversation));
    assert!(matches!(mail.rows[&conversation], Row::Remove { ref assignee, .. } if assignee.is_some()));
    // Bob's session is slow and follows still: texts, typing and receipts are not for it all the same.
    visitor.say(&conversation, "k", "canary").await.unwrap();
    house.hub.typing(visitor.seat(), &conversation, true, Some("canary".into()));
    house_seen(&house, &visitor, &conversation);
    house.hub.moved_to(
        &conversation,
        crate::chat::event::Page { url: "https://canary/".into(), title: None, referrer: None },
    );
    pass(1_100).await;
    let mail = bob.mail();
    assert!(!format!("{mail:?}").contains("canary"), "{mail:?}");
    assert!(mail.rows.is_empty() && mail.typing.is_empty() && mail.seen.is_empty() && mail.visitor.is_empty());
}

#[tokio::test(start_paused = true)]
async fn p4_typing_goes_to_the_other_side_of_an_assigned_conversation_only() {
    let house = House::open().await;
    let (mut jane, mut root) = (house.agent("jane").await, house.admin("root").await);
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    root.open(&conversation, None).await.unwrap();
    let typing = |seat: &Arc<super::super::seat::Seat>| {
        house.hub.typing(seat, &conversation, true, Some("Hel".into()));
    };
    typing(visitor.seat());
    assert!(root.mail().typing.is_empty(), "nobody has it yet");
    jane.claim(&conversation).await.unwrap();
    jane.mail();
    typing(visitor.seat());
    assert_eq!(jane.mail().typing[&conversation].preview.as_deref(), Some("Hel"));
    typing(jane.seat());
    assert_eq!(visitor.mail().typing[&conversation].preview, None, "what an agent types is theirs until sent");
    typing(root.seat());
    assert!(visitor.mail().typing.is_empty());
    assert!(root.mail().typing.is_empty());
}

#[tokio::test(start_paused = true)]
async fn s1_an_agent_of_the_same_name_in_another_workspace_cannot_type_or_see_receipts() {
    let house = House::open().await;
    let jane = house.agent("jane").await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    jane.claim(&conversation).await.unwrap();
    visitor.mail();
    let agent = crate::chat::event::AgentRef { id: "jane".into(), name: "Jane".into(), avatar: None };
    let (seated, _) = house.hub.welcome(&"other".into(), &agent, true, None).await.unwrap();
    house.hub.typing(seated.seat(), &conversation, true, None);
    house.hub.seen(seated.seat(), &conversation, Some(Seq(3)), Some(Seq(3)));
    let mail = visitor.mail();
    assert!(mail.typing.is_empty() && mail.seen.is_empty());
}

#[tokio::test(start_paused = true)]
async fn p4_only_the_assignee_and_the_visitor_move_what_was_seen_and_it_never_goes_back() {
    let house = House::open().await;
    let (mut jane, mut root) = (house.agent("jane").await, house.admin("root").await);
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    jane.claim(&conversation).await.unwrap();
    jane.mail();
    root.open(&conversation, None).await.unwrap();
    let seen = |seat, to| house.hub.seen(seat, &conversation, None, Some(Seq(to)));
    seen(visitor.seat(), 3);
    seen(visitor.seat(), 2);
    seen(root.seat(), 4);
    seen(jane.seat(), 999);
    pass(2_100).await;
    let beside = crate::store::Store::load(&*house.store, &conversation).await.unwrap().unwrap().beside;
    assert_eq!((beside.seen.visitor.read, beside.seen.agent.read), (Seq(3), Seq(4)));
}
