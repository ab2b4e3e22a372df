//! What one node commits is shown on another at once, and what is lost on the way is not shown wrongly.

use super::{
    super::{append::Caller, mailbox::Row},
    tab::Tab,
    town::{Town, read},
};
use crate::{
    chat::{command::Command, summary::StateName},
    ids::{ConversationId, Seq},
};

async fn say(tab: &Tab, conversation: &ConversationId, text: &str) -> Seq {
    let send = Command::Send { key: text.into(), text: text.into() };
    give(tab, conversation, send).await.unwrap().seq
}

async fn give(
    tab: &Tab,
    conversation: &ConversationId,
    command: Command,
) -> super::super::error::Result<super::super::append::Done> {
    tab.hub.command(conversation, &Caller::from(&tab.seat().who), &command).await
}

fn texts(tab: &Tab, conversation: &ConversationId) -> Vec<String> {
    let text = |entry: &std::sync::Arc<crate::wire::entry::Entry>| match &entry.event().what {
        crate::chat::event::What::Message { key: Some(_), text, .. } => Some(text.clone()),
        _ => None,
    };
    tab.logs.get(conversation).into_iter().flatten().filter_map(text).collect()
}

#[tokio::test(start_paused = true)]
async fn d3_a_visitor_on_one_node_and_the_agent_on_another_talk_in_order_at_once() {
    let town = Town::of(2).await;
    let mut jane = town.hubs[1].agent("jane").await;
    read(&mut [&mut jane]).await;
    let (guest, mut visitor) = town.hubs[0].visitor("v_1").await;
    // Presence across nodes is another matter: somebody must be here, too.
    let mut joe = town.hubs[0].agent("joe").await;
    let shown = town.hubs[0].house.hub.start(&mut visitor.seated, &guest, || Ok(())).await.unwrap();
    visitor.show(&shown);
    let id = shown.loaded.conversation.id.clone();
    read(&mut [&mut jane, &mut joe, &mut visitor]).await;
    for tab in [&jane, &joe] {
        assert_eq!(tab.rows[&id].1.as_ref().map(|row| row.state), Some(StateName::Waiting));
        assert_eq!(tab.counts.unassigned, 1);
    }
    give(&jane, &id, Command::Claim).await.unwrap();
    read(&mut [&mut jane, &mut joe, &mut visitor]).await;
    assert_eq!((jane.counts.mine, jane.counts.unassigned), (1, 0));
    let Some((gone, Row::Remove { assignee: Some(who), .. })) = joe.shown.removes.pop() else { panic!("it stays") };
    assert_eq!((gone, who.id.as_str()), (id.clone(), "jane"));
    for n in 0..5 {
        say(&visitor, &id, &format!("v{n}")).await;
        say(&jane, &id, &format!("j{n}")).await;
    }
    read(&mut [&mut jane, &mut joe, &mut visitor]).await;
    let all: Vec<String> = (0..5).flat_map(|n| [format!("v{n}"), format!("j{n}")]).collect();
    assert_eq!((texts(&visitor, &id), texts(&jane, &id)), (all.clone(), all));
    assert!(texts(&joe, &id).is_empty());
    give(&jane, &id, Command::Close).await.unwrap();
    read(&mut [&mut jane, &mut joe, &mut visitor]).await;
    for tab in [&jane, &joe] {
        assert_eq!(tab.rows[&id].1.as_ref().map(|row| row.state), Some(StateName::Closed));
        assert_eq!(tab.counts.closed, 1);
    }
}
