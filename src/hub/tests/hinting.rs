//! What one node commits is shown on another at once.

use super::{
    super::{error::HubError, mailbox::Row},
    town::{Town, read, read_after},
    wires::Faults,
};
use crate::chat::{command::Command, decide::Refusal, summary::StateName};

#[tokio::test(start_paused = true)]
async fn d3_a_visitor_on_one_node_and_the_agent_on_another_talk_in_order_at_once() {
    let town = Town::of(2).await;
    let mut jane = town.hubs[1].agent("jane").await;
    let mut joe = town.hubs[0].agent("joe").await;
    let (_, mut visitor, id) = town.hubs[0].chat("v_1").await;
    read(&mut [&mut jane, &mut joe, &mut visitor]).await;
    for tab in [&jane, &joe] {
        assert_eq!((tab.state(&id), tab.counts.unassigned), (Some(StateName::Waiting), 1));
    }
    jane.give(&id, Command::Claim).await.unwrap();
    read(&mut [&mut jane, &mut joe, &mut visitor]).await;
    assert_eq!((jane.counts.mine, jane.counts.unassigned), (1, 0));
    let Some((gone, Row::Remove { assignee: Some(who), .. })) = joe.shown.removes.pop() else { panic!("it stays") };
    assert_eq!((gone, who.id.as_str()), (id.clone(), "jane"));
    for n in 0..5 {
        visitor.say(&id, &format!("v{n}")).await.unwrap();
        jane.say(&id, &format!("j{n}")).await.unwrap();
    }
    read(&mut [&mut jane, &mut joe, &mut visitor]).await;
    let all: Vec<String> = (0..5).flat_map(|n| [format!("v{n}"), format!("j{n}")]).collect();
    assert_eq!((visitor.texts(&id), jane.texts(&id)), (all.clone(), all));
    assert!(joe.texts(&id).is_empty());
    jane.give(&id, Command::Close).await.unwrap();
    read(&mut [&mut jane, &mut joe, &mut visitor]).await;
    for tab in [&jane, &joe] {
        assert_eq!((tab.state(&id), tab.counts.closed), (Some(StateName::Closed), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a5_a_conversation_begun_on_one_node_comes_to_the_visitors_tabs_on_another() {
    let town = Town::of(2).await;
    let mut jane = town.hubs[0].agent("jane").await;
    let (_, mut other_tab) = town.hubs[1].visitor("v_1").await;
    let (_, mut stranger) = town.hubs[1].visitor("v_2").await;
    let (_, mut visitor, id) = town.hubs[0].chat("v_1").await;
    read(&mut [&mut jane, &mut visitor, &mut other_tab, &mut stranger]).await;
    assert_eq!(other_tab.logs[&id], visitor.logs[&id]);
    assert!(stranger.logs.is_empty());
    other_tab.say(&id, "from here").await.unwrap();
    read(&mut [&mut visitor, &mut other_tab]).await;
    assert_eq!(visitor.texts(&id), ["from here"]);
}

#[tokio::test(start_paused = true)]
async fn a1_of_claims_on_two_nodes_one_wins_and_the_other_is_told_who() {
    let town = Town::of(2).await;
    let mut jane = town.hubs[0].agent("jane").await;
    let mut bob = town.hubs[1].agent("bob").await;
    let (_, mut visitor, id) = town.hubs[0].chat("v_1").await;
    town.hubs[1].open(&mut bob, &id).await.unwrap();
    read(&mut [&mut jane, &mut bob, &mut visitor]).await;
    let (hers, his) = tokio::join!(jane.give(&id, Command::Claim), bob.give(&id, Command::Claim));
    let jane_won = hers.is_ok();
    let (won, lost) = if jane_won { (&jane, his) } else { (&bob, hers) };
    let Err(HubError::Refused(Refusal::Conflict { assignee: Some(owner), .. })) = lost else { panic!("{lost:?}") };
    assert_eq!(Some(&owner.id), won.seat().who.agent());
    read(&mut [&mut jane, &mut bob]).await;
    assert_eq!((jane.counts.mine, bob.counts.mine), (u64::from(jane_won), u64::from(!jane_won)));
    assert_eq!((jane.counts.unassigned, bob.counts.unassigned), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn p6_a_node_that_heard_nothing_refuses_and_confirms_by_the_stores_word() {
    let town = Town::of(2).await;
    let root = town.hubs[0].house.admin("root").await;
    let mut jane = town.hubs[1].agent("jane").await;
    let mut bob = town.hubs[1].agent("bob").await;
    let (_, mut visitor, id) = town.hubs[1].chat("v_1").await;
    jane.give(&id, Command::Claim).await.unwrap();
    read(&mut [&mut jane, &mut bob, &mut visitor]).await;
    town.wires.faults(Faults { lost: 1_000, ..Faults::default() });
    root.assign(&id, Some("bob")).await.unwrap();
    // By what this node knows the chat is jane's: her claim would have nothing to do, his would be too late.
    let Err(HubError::Refused(Refusal::Conflict { assignee: Some(owner), .. })) = jane.give(&id, Command::Claim).await
    else {
        panic!("confirmed what is not so")
    };
    assert_eq!(owner.id.as_str(), "bob");
    assert_eq!(bob.say(&id, "mine by now").await.unwrap().events, 1);
    assert!(jane.say(&id, "mine no more").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn p1_a_conversation_adopted_on_one_node_is_the_identitys_on_all() {
    let town = Town::of(2).await;
    let mut jane = town.hubs[1].agent("jane").await;
    let (guest, mut anonymous, id) = town.hubs[1].chat("v_1").await;
    for lost in [0, 1_000] {
        town.wires.faults(Faults { lost, ..Faults::default() });
        let known = super::super::visitor::Guest {
            visitor: format!("v_known_{lost}").as_str().into(),
            anonymous: Some(if lost == 0 { guest.visitor.clone() } else { "v_known_0".into() }),
            verified: true,
            ..guest.clone()
        };
        let here = town.hubs[0].greet(&known).await;
        let shown = here.logs.contains_key(&id);
        assert!(shown, "it is theirs");
        here.say(&id, &format!("{lost}")).await.unwrap();
        // A tab that opens on the other node, whose tail was never told.
        let there = town.hubs[1].greet(&known).await;
        there.say(&id, &format!("there {lost}")).await.unwrap();
        read(&mut [&mut anonymous, &mut jane]).await;
    }
    assert!(anonymous.left);
    assert!(matches!(anonymous.say(&id, "mine no more").await, Err(HubError::Refused(Refusal::NotFound))));
}

#[tokio::test(start_paused = true)]
async fn p1_a_conversation_that_an_identity_adopts_comes_to_the_tabs_they_have_already() {
    let town = Town::of(2).await;
    let (guest, anonymous, id) = town.hubs[1].chat("v_1").await;
    anonymous.say(&id, "who am I").await.unwrap();
    let mut known = super::super::visitor::Guest { visitor: "v_known".into(), verified: true, ..guest.clone() };
    // One of them shows what they had before.
    let (mut here, mut there) = (town.hubs[0].greet(&known).await, town.hubs[1].greet(&known).await);
    let old = there.hub.clone().start(&mut there.seated, &known, || Ok(())).await.unwrap();
    there.show(&old);
    there.give(&old.loaded.conversation.id, Command::End).await.unwrap();
    read_after(1, &mut [&mut here, &mut there]).await;
    known.anonymous = Some(guest.visitor.clone());
    let _adopts = town.hubs[0].greet(&known).await;
    read_after(1, &mut [&mut here, &mut there]).await;
    for tab in [&here, &there] {
        assert_eq!((tab.follows.keys().collect::<Vec<_>>(), tab.texts(&id)), (vec![&id], vec!["who am I".to_owned()]));
    }
}
