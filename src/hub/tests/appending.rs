//! The one road: decided, appended, decided anew on a lost race, found again by its key.

use futures_util::future::join_all;

use super::{
    super::error::HubError,
    gates::Verb,
    house::{House, Visitor, not_found, pass, settle, workspace},
};
use crate::{
    chat::{
        command::{Actor, Command, KeyScope},
        conversation::State,
        decide::Refusal,
        event::{Author, Event, What},
    },
    ids::{ConversationId, Seq},
    store::{Append, Appended, Store},
    wire::entry::Entry,
};

async fn waiting() -> (House, Visitor, ConversationId, super::house::Clerk, super::house::Clerk) {
    let house = House::open().await;
    let (jane, bob) = (house.agent("jane").await, house.agent("bob").await);
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    (house, visitor, conversation, jane, bob)
}

#[tokio::test(start_paused = true)]
async fn a1_of_fifty_claims_at_once_one_wins_and_all_others_learn_who() {
    let house = House::open().await;
    let mut clerks = Vec::new();
    for n in 0..50 {
        clerks.push(house.agent(&format!("agent{n}")).await);
    }
    let conversation = house.visitor("v_1").await.start().await;
    let claims = join_all(clerks.iter().map(|clerk| clerk.claim(&conversation))).await;
    let owner = house.row(&conversation).await.assignee().unwrap().clone();
    assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1);
    for claim in claims.into_iter().filter_map(Result::err) {
        let HubError::Refused(Refusal::Conflict { assignee, at, .. }) = claim else { panic!("{claim:?}") };
        assert_eq!(assignee.as_ref(), Some(&owner));
        assert!(at.is_some());
    }
    assert_eq!(house.count(&conversation, "assigned"), 1);
}

#[tokio::test(start_paused = true)]
async fn a1_a_claim_that_lost_the_race_in_the_store_is_decided_anew() {
    let (house, _visitor, conversation, jane, bob) = waiting().await;
    let gate = house.store.gates.hold(Verb::Append);
    let late = tokio::spawn(async move { (jane.claim(&conversation).await, conversation, jane) });
    gate.reached().await;
    let conversation = house.store.rows()[0].id.clone();
    bob.claim(&conversation).await.unwrap();
    gate.open();
    let (claim, ..) = late.await.unwrap();
    let Err(HubError::Refused(Refusal::Conflict { assignee, .. })) = claim else { panic!("{claim:?}") };
    assert_eq!(assignee.map(|agent| agent.id), Some("bob".into()));
    assert_eq!(house.count(&conversation, "assigned"), 1);
}

#[tokio::test(start_paused = true)]
async fn r14_what_was_given_to_somebody_while_they_were_removed_is_given_back() {
    let (house, _visitor, conversation, jane, bob) = waiting().await;
    jane.claim(&conversation).await.unwrap();
    let gate = house.store.gates.hold(Verb::Append);
    let given = conversation.clone();
    let late = tokio::spawn(async move { jane.assign(&given, Some("bob")).await });
    gate.reached().await;
    assert!(house.hub.remove_agent(&workspace(), &bob.id).await.unwrap());
    gate.open();
    late.await.unwrap().unwrap();
    settle().await;
    assert_eq!(house.row(&conversation).await.state, State::Unassigned);
}

#[tokio::test(start_paused = true)]
async fn r14_a_removal_that_was_cut_short_is_finished_by_the_next() {
    let (house, _visitor, conversation, _jane, bob) = waiting().await;
    bob.claim(&conversation).await.unwrap();
    house.store.remove_agent(&workspace(), &bob.id).await.unwrap();
    assert!(house.hub.remove_agent(&workspace(), &bob.id).await.unwrap());
    assert_eq!(house.row(&conversation).await.state, State::Unassigned);
    assert!(!house.hub.remove_agent(&workspace(), &bob.id).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a2_a_deadline_that_lost_the_race_in_the_store_finds_nothing_to_do() {
    let (house, _visitor, conversation, jane, _bob) = waiting().await;
    pass(59_000).await;
    let gate = house.store.gates.hold(Verb::Append);
    // The next to append is the clock, at the deadline.
    gate.reached().await;
    jane.claim(&conversation).await.unwrap();
    gate.open();
    settle().await;
    assert_eq!(house.count(&conversation, "missed"), 0);
    assert_eq!(house.count(&conversation, "assigned"), 1);
}

#[tokio::test(start_paused = true)]
async fn r14_a_message_already_under_way_is_not_written_by_an_ex_owner() {
    let (house, _visitor, conversation, jane, _bob) = waiting().await;
    let root = house.admin("root").await;
    jane.claim(&conversation).await.unwrap();
    let gate = house.store.gates.hold(Verb::Append);
    let id = conversation.clone();
    let late = tokio::spawn(async move { jane.say(&id, "k", "too late").await });
    gate.reached().await;
    root.assign(&conversation, Some("bob")).await.unwrap();
    gate.open();
    assert!(not_found(late.await.unwrap()));
    assert_eq!(house.count(&conversation, "message"), 1, "the bot's only");
}

#[tokio::test(start_paused = true)]
async fn d2_the_same_key_again_is_the_first_answer_again() {
    let (house, visitor, conversation, jane, _bob) = waiting().await;
    let first = visitor.say(&conversation, "k", "Hello").await.unwrap();
    jane.claim(&conversation).await.unwrap();
    pass(1_000).await;
    let again = visitor.say(&conversation, "k", "Hello").await.unwrap();
    assert_eq!((again.seq, again.at, again.duplicate), (first.seq, first.at, true));
    assert_eq!(house.count(&conversation, "message"), 2);
    // Keys are an author's own.
    assert!(!jane.say(&conversation, "k", "Hi").await.unwrap().duplicate);
}

#[tokio::test(start_paused = true)]
async fn d2_the_same_key_with_other_content_is_refused_across_all_verbs() {
    let (_house, visitor, conversation, jane, _bob) = waiting().await;
    visitor.say(&conversation, "k", "Hello").await.unwrap();
    let other = visitor.say(&conversation, "k", "Bye").await;
    assert!(matches!(other, Err(HubError::Refused(Refusal::Invalid { field, .. })) if field == "key"));
    jane.claim(&conversation).await.unwrap();
    jane.say(&conversation, "k", "Hi").await.unwrap();
    let note = jane.give(&conversation, Command::Note { key: "k".into(), text: "Hi".into() }).await;
    assert!(matches!(note, Err(HubError::Refused(Refusal::Invalid { field, .. })) if field == "key"));
}

#[tokio::test(start_paused = true)]
async fn d2_a_repeated_send_is_found_also_after_the_conversation_was_closed() {
    let (_house, visitor, conversation, _jane, _bob) = waiting().await;
    visitor.say(&conversation, "k", "Hello").await.unwrap();
    visitor.give(&conversation, Command::End).await.unwrap();
    assert!(visitor.say(&conversation, "k", "Hello").await.unwrap().duplicate);
    let new = visitor.say(&conversation, "l", "Hello").await;
    assert!(matches!(new, Err(HubError::Refused(Refusal::Closed))));
}

#[tokio::test(start_paused = true)]
async fn r13_a_repeated_send_tells_an_ex_owner_nothing() {
    let (_house, _visitor, conversation, jane, bob) = waiting().await;
    jane.claim(&conversation).await.unwrap();
    jane.say(&conversation, "k", "Hi").await.unwrap();
    jane.assign(&conversation, Some("bob")).await.unwrap();
    assert!(not_found(jane.say(&conversation, "k", "Hi").await));
    bob.assign(&conversation, None).await.unwrap();
    assert!(jane.say(&conversation, "k", "Hi").await.unwrap().duplicate);
}

#[tokio::test(start_paused = true)]
async fn r15_an_items_key_that_the_playbook_used_names_the_item_the_playbook_made() {
    let house = House::open().await;
    let mut visitor = house.visitor("v_1").await;
    let conversation = visitor.start().await;
    for n in 0..300 {
        visitor.say(&conversation, &format!("k{n}"), "still there?").await.unwrap();
    }
    visitor.type_in(&conversation, "email", "ann@example.com").await.unwrap();
    let jane = house.agent("jane").await;
    let made = house.row(&conversation).await.items[0].item.clone();
    let at = house.store.log(&conversation).iter().position(|entry| entry.json().contains(made.as_str())).unwrap();
    for _ in 0..2 {
        let done = jane.lead(&conversation, "done-0").await.unwrap();
        assert_eq!((done.duplicate, done.item.as_ref(), done.seq), (true, Some(&made), Seq(at as u64 + 1)));
    }
    assert!(!jane.lead(&conversation, "done-1").await.unwrap().duplicate);
    assert_eq!((house.count(&conversation, "item"), house.row(&conversation).await.items.len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn r15_a_double_click_or_two_agents_make_one_item() {
    let (house, _visitor, conversation, jane, bob) = waiting().await;
    let (one, two) = tokio::join!(jane.lead(&conversation, "k"), bob.lead(&conversation, "k"));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.item, two.item);
    assert!(one.duplicate != two.duplicate);
    assert!(jane.lead(&conversation, "k").await.unwrap().duplicate);
    assert_eq!(house.count(&conversation, "item"), 1);
}

#[tokio::test(start_paused = true)]
async fn l5_without_the_store_nothing_is_acknowledged_and_the_same_key_works_afterwards() {
    let (house, visitor, conversation, _jane, _bob) = waiting().await;
    house.store.down(true);
    assert!(matches!(visitor.say(&conversation, "k", "Hello").await, Err(HubError::Unavailable)));
    house.store.down(false);
    let done = visitor.say(&conversation, "k", "Hello").await.unwrap();
    assert!(!done.duplicate);
    assert_eq!(house.count(&conversation, "message"), 2);
}

#[tokio::test(start_paused = true)]
async fn d4_what_was_committed_though_nobody_heard_is_told_a_moment_later() {
    let (house, visitor, conversation, mut jane, mut bob) = waiting().await;
    for clerk in [&mut jane, &mut bob] {
        clerk.mail();
    }
    // Jane's connection ends while her claim is being written.
    let gate = house.store.gates.hold(Verb::Appended);
    let id = conversation.clone();
    let jane = std::sync::Arc::new(jane);
    let claiming = jane.clone();
    let claim = tokio::spawn(async move { claiming.claim(&id).await });
    gate.reached().await;
    claim.abort();
    assert!(claim.await.unwrap_err().is_cancelled());
    assert_eq!(house.row(&conversation).await.assignee().map(|agent| agent.id.clone()), Some("jane".into()));
    visitor.mail();
    pass(1_100).await;
    assert!(visitor.mail().news.contains(&conversation), "the visitor reads that somebody came");
    let mail = bob.mail();
    assert!(matches!(mail.rows.get(&conversation), Some(super::super::mailbox::Row::Remove { .. })));
    assert_eq!(mail.counts.unassigned.map(|(count, _)| count), Some(0));
    let mail = jane.seat().mail.take().unwrap();
    assert!(mail.follow.contains_key(&conversation));
    assert_eq!(mail.counts.mine.map(|(count, _)| count), Some(1));
}

#[tokio::test(start_paused = true)]
async fn d4_a_conversation_that_began_though_nobody_heard_is_in_the_inbox_a_moment_later() {
    let house = House::open().await;
    let mut jane = house.agent("jane").await;
    jane.mail();
    let mut visitor = house.visitor("v_1").await;
    let gate = house.store.gates.hold(Verb::Begun);
    let start = tokio::spawn(async move { visitor.start().await });
    gate.reached().await;
    start.abort();
    assert!(start.await.unwrap_err().is_cancelled());
    assert!(jane.mail().rows.is_empty());
    pass(1_100).await;
    let mail = jane.mail();
    assert_eq!(mail.rows.len(), 1);
    assert_eq!(mail.counts.unassigned.map(|(count, _)| count), Some(1));
    assert_eq!(mail.notify.len(), 1);
    // Its wait ends at its time.
    pass(60_000).await;
    assert_eq!(house.count(&house.store.rows()[0].id, "missed"), 1);
}

#[tokio::test(start_paused = true)]
async fn d4_a_conversation_that_could_not_begin_is_in_no_inbox() {
    let house = House::open().await;
    let mut jane = house.agent("jane").await;
    jane.mail();
    let mut visitor = house.visitor("v_1").await;
    house.store.down(true);
    assert!(matches!(visitor.try_start().await, Err(HubError::Unavailable)));
    house.store.down(false);
    pass(2_000).await;
    assert!(jane.mail().rows.is_empty());
    let conversation = visitor.start().await;
    assert!(jane.mail().rows.contains_key(&conversation));
}

#[tokio::test(start_paused = true)]
async fn d4_an_append_that_never_happened_is_told_to_nobody() {
    let (house, visitor, conversation, _jane, mut bob) = waiting().await;
    bob.mail();
    house.store.down(true);
    let _ = visitor.give(&conversation, Command::End).await;
    house.store.down(false);
    pass(3_000).await;
    assert!(bob.mail().rows.is_empty());
    assert_eq!(house.count(&conversation, "closed"), 0);
}

#[tokio::test(start_paused = true)]
async fn d4_what_another_node_appended_is_found_by_the_next_who_appends() {
    let (house, visitor, conversation, _jane, _bob) = waiting().await;
    let head = house.row(&conversation).await.seq;
    let event = Event {
        seq: head.next(),
        at: house.store.now(),
        by: Author::Visitor,
        what: What::Message { key: Some("far".into()), text: "From afar".into(), rich: None },
    };
    let append = Append {
        conversation: conversation.clone(),
        after: head,
        entries: vec![Entry::new(event)],
        key: Some((KeyScope::Author(Actor::Visitor.author()), "far".into())),
        row: None,
    };
    assert!(matches!(house.store.append_unheard(append), Appended::Done { .. }));
    let done = visitor.say(&conversation, "near", "From here").await.unwrap();
    assert_eq!(done.seq, Seq(head.0 + 2));
    assert!(visitor.say(&conversation, "far", "From afar").await.unwrap().duplicate);
}

#[tokio::test(start_paused = true)]
async fn a5_however_many_tabs_start_at_once_a_visitor_has_one_open_conversation() {
    let house = House::open().await;
    let _jane = house.agent("jane").await;
    let mut tabs = Vec::new();
    for _ in 0..5 {
        tabs.push(house.visitor("v_1").await);
    }
    let starts = join_all(tabs.iter_mut().map(|tab| tab.start())).await;
    assert!(starts.iter().all(|id| *id == starts[0]));
    assert_eq!(house.store.rows().len(), 1);
    for tab in &tabs {
        let mail = tab.mail();
        let begun = mail.begun.is_some_and(|begun| begun.conversation == starts[0]);
        assert!(begun || tab.seated.follows().contains(&starts[0]));
    }
}

#[tokio::test(start_paused = true)]
async fn s1_a_conversation_of_another_workspace_or_visitor_is_not_there() {
    let (house, _visitor, conversation, _jane, _bob) = waiting().await;
    let stranger = house.visitor("v_2").await;
    assert!(not_found(stranger.say(&conversation, "k", "Hello").await));
    let agent = crate::chat::event::AgentRef { id: "jane".into(), name: "Jane".into(), avatar: None };
    let (mut seated, desk) = house.hub.welcome(&"other".into(), &agent, true, None).await.unwrap();
    assert_eq!((desk.unassigned.len(), desk.counts.unassigned), (0, 0));
    let caller = super::super::append::Caller::from(&seated.seat().who);
    for command in [Command::Claim, Command::Close] {
        assert!(not_found(house.hub.command(&conversation, &caller, &command).await));
    }
    assert!(not_found(house.hub.open(&mut seated, &conversation, None).await));
}

#[tokio::test(start_paused = true)]
async fn d3_two_sides_who_write_without_a_pause_take_turns_and_nobody_is_left_behind() {
    let (house, visitor, conversation, jane, _) = waiting().await;
    jane.claim(&conversation).await.unwrap();
    // The visitor always comes later: whenever both race, they lose.
    house.store.slow(|append| if append.entries[0].event().by == Author::Visitor { 2 } else { 1 });
    let began = tokio::time::Instant::now();
    let all = 1_000;
    let (visitor, conversation) = (&visitor, &conversation);
    let theirs = async {
        for n in 0..all {
            visitor.say(conversation, &format!("v{n}"), "from the visitor").await.unwrap();
        }
        began.elapsed()
    };
    let hers = async {
        for n in 0..all {
            jane.say(conversation, &format!("j{n}"), "from Jane").await.unwrap();
        }
        began.elapsed()
    };
    let notes = async {
        for n in 0..all / 10 {
            let note = Command::Note { key: format!("n{n}").into(), text: "from another tab".into() };
            jane.give(conversation, note).await.unwrap();
        }
    };
    let (one, two, ()) = tokio::join!(theirs, hers, notes);
    let (first, last) = (one.min(two), one.max(two));
    assert!(last < first.mul_f64(1.5), "one side was done after {first:?}, the other after {last:?}");
    let texts = |from: &str| {
        let log = house.store.log(conversation);
        let keys = log.iter().filter_map(|entry| match &entry.event().what {
            What::Message { key: Some(key), .. } if key.as_str().starts_with(from) => {
                Some(key.as_str()[1..].to_owned())
            }
            _ => None,
        });
        keys.collect::<Vec<_>>()
    };
    let in_order: Vec<String> = (0..all).map(|n| n.to_string()).collect();
    assert_eq!(texts("v"), in_order);
    assert_eq!(texts("j"), in_order);
    // Nobody queues any more: the next one pays nothing.
    assert!(!house.hub.board().tail(conversation).unwrap().is_queued_for());
}

#[tokio::test(start_paused = true)]
async fn d3_who_waits_in_vain_for_a_turn_is_told_so_in_time() {
    let (house, visitor, conversation, jane, _) = waiting().await;
    jane.claim(&conversation).await.unwrap();
    let gate = house.store.gates.hold(Verb::Append);
    let tail = house.hub.board().tail(&conversation).unwrap();
    // Somebody has the turn and never ends.
    let turn = tail.turn().await;
    let began = tokio::time::Instant::now();
    assert!(matches!(visitor.say(&conversation, "k", "hello").await, Err(HubError::Unavailable)));
    assert_eq!(began.elapsed().as_secs(), 5);
    drop(turn);
    gate.open();
    visitor.say(&conversation, "k", "hello").await.unwrap();
    assert!(!tail.is_queued_for());
}
