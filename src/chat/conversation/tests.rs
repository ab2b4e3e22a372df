use serde_json::json;

use super::*;
use crate::chat::details::DetailsPatch;

/// A log under construction, and its fold.
struct Log {
    conversation: Conversation,
    events: Vec<Event>,
}

fn jane() -> AgentRef {
    AgentRef { id: "jane".into(), name: "Jane".into(), avatar: None }
}

fn by_jane() -> Author {
    Author::Agent { id: "jane".into(), name: "Jane".into() }
}

fn text(text: &str) -> What {
    What::Message { key: Some("k".into()), text: text.into(), rich: None }
}

fn closed() -> What {
    What::Closed { reason: ClosedReason::Agent }
}

fn waiting(deadline: i64) -> What {
    What::Waiting { wait_ms: 60_000, deadline: Millis(deadline), card: "live".into() }
}

fn details(json: serde_json::Value) -> What {
    What::Details { changes: Box::new(DetailsPatch::from_json(&json).unwrap()) }
}

fn item(external: Option<&str>) -> What {
    What::Item(Item {
        item: "i_1".into(),
        kind: ItemKind::Lead,
        title: "A lead".into(),
        fields: Default::default(),
        external: external.map(|id| External { id: id.into(), url: None }),
    })
}

impl Log {
    fn new() -> Self {
        let started = Started {
            visitor: VisitorRef { id: "v_1".into(), name: None, verified: false },
            playbook: PlaybookRef { id: "pb_1".into(), version: 1 },
            page: None,
            locale: Some("en".into()),
        };
        let first = Event { seq: Seq(1), at: Millis(1), by: Author::Visitor, what: What::Started(started.clone()) };
        let conversation = Conversation::begin("c_1".into(), "w".into(), Millis(1), &started);
        Self { conversation, events: vec![first] }
    }

    /// Appends; each event lies ten milliseconds behind the one before.
    fn add(&mut self, by: Author, what: What) -> &mut Self {
        let at = self.conversation.last_at.plus(10);
        let event = Event { seq: self.conversation.seq.next(), at, by, what };
        self.conversation.apply(&event);
        self.events.push(event);
        self
    }
}

#[test]
fn d6_a_log_that_does_not_begin_with_started_is_none() {
    let mut log = Log::new();
    log.add(Author::Visitor, text("Hi"));
    assert_eq!(Conversation::fold("c_1".into(), "w".into(), &log.events), Some(log.conversation.clone()));
    assert_eq!(Conversation::fold("c_1".into(), "w".into(), &log.events[1..]), None);
    assert_eq!(Conversation::fold("c_1".into(), "w".into(), &[]), None);
}

#[test]
fn d6_an_event_told_twice_changes_nothing() {
    let mut log = Log::new();
    log.add(Author::System, waiting(70)).add(by_jane(), What::Assigned { to: jane(), from: None });
    let before = log.conversation.clone();
    for event in &log.events {
        log.conversation.apply(event);
    }
    assert_eq!(log.conversation, before);
}

#[test]
fn d6_a_fold_in_every_state_is_its_json() {
    let mut log = Log::new();
    let steps = [
        (Author::Visitor, text("Hi")),
        (Author::System, waiting(70)),
        (Author::System, What::Missed { reason: MissedReason::WaitExpired, card: "live".into() }),
        (by_jane(), What::Assigned { to: jane(), from: None }),
        (by_jane(), details(json!({"person": {"name": "Ann"}, "deal": {"value": 1.5}}))),
        (by_jane(), item(Some("crm-1"))),
        (by_jane(), What::Unassigned { from: jane() }),
        (Author::Visitor, What::Rated { score: 5, comment: None }),
        (by_jane(), closed()),
    ];
    for (by, what) in steps {
        log.add(by, what);
        let json = serde_json::to_string(&log.conversation).unwrap();
        assert_eq!(serde_json::from_str::<Conversation>(&json).unwrap(), log.conversation);
    }
}

#[test]
fn p4_a_preview_is_the_last_text_on_one_line_and_short() {
    let mut log = Log::new();
    log.add(Author::Visitor, text("  Hello\n\n  there\t! "));
    assert_eq!(log.conversation.preview.as_deref(), Some("Hello there !"));
    log.add(Author::Visitor, text(&"ä".repeat(120)));
    assert_eq!(log.conversation.preview, Some("ä".repeat(120)));
    log.add(Author::Visitor, text(&"ä".repeat(121)));
    assert_eq!(log.conversation.preview, Some(format!("{}…", "ä".repeat(120))));
    // A note among agents is no text of the conversation.
    log.add(by_jane(), What::Note { key: "n".into(), text: "secret".into() });
    assert!(!log.conversation.preview.unwrap().contains("secret"));
}

#[test]
fn p4_unread_counts_the_visitors_texts_behind_what_was_read_up_to_a_hundred() {
    let mut log = Log::new();
    log.add(Author::Visitor, text("one")).add(by_jane(), text("two")).add(Author::Visitor, text("three"));
    assert_eq!(log.conversation.unread(Seq(0)), 2);
    assert_eq!(log.conversation.unread(Seq(2)), 1);
    assert_eq!(log.conversation.unread(log.conversation.seq), 0);
    for _ in 0..2 * UNREAD_CAP {
        log.add(Author::Visitor, text("more"));
    }
    assert_eq!(log.conversation.unread(Seq(0)), UNREAD_CAP);
    assert_eq!(log.conversation.visitor_texts.len(), UNREAD_CAP);
}

#[test]
fn p2_an_assignment_ends_the_question_and_the_wait() {
    let mut log = Log::new();
    let ask = Ask::Choice { options: vec![] };
    log.add(Author::Bot, What::Card { card: "q".into(), ask, text: "Well?".into(), rich: Default::default() });
    assert_eq!(log.conversation.asking, Some(CardId::from("q")));
    log.add(Author::System, waiting(70));
    assert_eq!((log.conversation.asking.clone(), log.conversation.deadline()), (None, Some(Millis(70))));
    log.add(by_jane(), What::Assigned { to: jane(), from: None });
    assert_eq!((log.conversation.deadline(), log.conversation.assignee()), (None, Some(&jane())));
    assert!(log.conversation.served);
}

#[test]
fn r14_the_place_in_unassigned_is_that_of_the_first_wait_for_ever() {
    let mut log = Log::new();
    log.add(Author::System, waiting(70));
    let since = log.conversation.since;
    log.add(Author::System, What::Missed { reason: MissedReason::WaitExpired, card: "live".into() });
    log.add(by_jane(), What::Assigned { to: jane(), from: None }).add(by_jane(), What::Unassigned { from: jane() });
    assert_eq!(log.conversation.since, since);
    assert_eq!(since, Some(Millis(11)));
}

#[test]
fn r13_who_may_see_it_follows_its_state() {
    let mut log = Log::new();
    assert_eq!(log.conversation.sight(), Sight::Admins);
    log.add(Author::System, waiting(70));
    assert_eq!(log.conversation.sight(), Sight::Everybody);
    log.add(by_jane(), What::Assigned { to: jane(), from: None });
    assert_eq!(log.conversation.sight(), Sight::Owner("jane".into()));
    log.add(by_jane(), What::Unassigned { from: jane() });
    assert_eq!(log.conversation.sight(), Sight::Everybody);
    log.add(by_jane(), closed());
    assert_eq!(log.conversation.sight(), Sight::Everybody);
    let mut never_live = Log::new();
    never_live.add(Author::Visitor, closed());
    assert_eq!(never_live.conversation.sight(), Sight::Admins);
}

#[test]
fn r13_an_owner_needs_no_rank_and_an_admin_no_ownership_while_the_setting_is_on() {
    let (jane, bob) = (AgentId::from("jane"), AgentId::from("bob"));
    let owner = Sight::Owner(jane.clone());
    assert!(owner.allows(&jane, false, false) && !owner.allows(&bob, false, true));
    assert!(owner.allows(&bob, true, true) && !owner.allows(&bob, true, false));
    // The setting is about what is assigned, and about nothing else.
    assert!(Sight::Admins.allows(&bob, true, false) && !Sight::Admins.allows(&bob, false, true));
    assert!(Sight::Everybody.allows(&bob, false, false));
}

#[test]
fn p5_claimed_lists_what_the_visitor_said_until_an_agent_says_otherwise() {
    let mut log = Log::new();
    log.add(Author::Visitor, details(json!({"person": {"email": "ann@example.com", "name": "Ann"}})));
    assert_eq!(Vec::from_iter(&log.conversation.claimed), ["person.email", "person.name"]);
    log.add(by_jane(), details(json!({"person": {"email": "anna@example.com"}})));
    assert_eq!(Vec::from_iter(&log.conversation.claimed), ["person.name"]);
    log.add(by_jane(), details(json!({"person": {"name": null}})));
    assert!(log.conversation.claimed.is_empty());
}

#[test]
fn r15_a_later_event_of_the_same_item_is_no_second_item() {
    let mut log = Log::new();
    log.add(by_jane(), item(None));
    let made_at = log.conversation.items[0].at;
    let failed = What::ItemFailed { item: "i_1".into(), kind: ItemKind::Lead, message: "down".into() };
    log.add(Author::System, failed);
    assert_eq!(log.conversation.items[0].failed.as_deref(), Some("down"));
    log.add(Author::System, item(Some("crm-1")));
    let [only] = &log.conversation.items[..] else { panic!("one item") };
    assert_eq!((only.at, only.failed.as_ref()), (made_at, None));
    assert_eq!(only.external.as_ref().map(|external| external.id.as_str()), Some("crm-1"));
}
