//! An agent who comes under another name, or with another picture.

use prometheus_client::{encoding::text::encode, registry::Registry};

use super::{
    house::{Clerk, House, agent_ref, pass, settle, workspace},
    staffing::{live, nothing, told},
    tab::Tab,
    town::{Node, Town},
    wires::Faults,
};
use crate::{
    chat::event::AgentRef,
    wire::agent::{Agent, AgentStatus, PresenceReason},
};

use AgentStatus::{Offline, Online};
use PresenceReason::Connected;

fn named(name: &str) -> AgentRef {
    AgentRef { name: name.into(), ..agent_ref("jane") }
}

/// One more connection of an agent, who has this name and picture by now.
async fn arrives(house: &House, agent: &AgentRef) -> Tab {
    let (seated, desk) = house.hub.welcome(&workspace(), agent, false, None).await.unwrap();
    Node::seat(house.hub.clone(), seated, desk)
}

/// What somebody is told of Jane.
async fn told_of_jane(clerk: &mut Clerk) -> Option<(Agent, PresenceReason)> {
    settle().await;
    let push = clerk.mail().presence.remove("jane")?;
    Some((push.value().agent.clone(), push.value().reason))
}

#[tokio::test(start_paused = true)]
async fn p4_an_agent_with_another_name_or_picture_is_shown_by_it_at_once_and_has_not_flipped() {
    let house = House::open().await;
    let mut bob = house.agent("bob").await;
    let mut visitor = house.visitor("v_1").await;
    visitor.start().await;
    let _old = house.tab("jane", false).await;
    told_of_jane(&mut bob).await.expect("she is new");
    visitor.mail();
    let flips = house.flips();
    let _new = arrives(&house, &named("New")).await;
    let (jane, reason) = told_of_jane(&mut bob).await.expect("another name");
    assert_eq!((&*jane.name, jane.status, reason), ("New", Offline, Connected));
    let avatar = Some("https://example.com/jane.png".to_owned());
    let _newer = arrives(&house, &AgentRef { avatar: avatar.clone(), ..named("New") }).await;
    let (jane, reason) = told_of_jane(&mut bob).await.expect("a picture");
    assert_eq!((jane.avatar, jane.status, reason), (avatar.clone(), Offline, Connected));
    // The same once more is no news; and none of it was a flip, or anything to visitors.
    let _same = arrives(&house, &AgentRef { avatar, ..named("New") }).await;
    assert_eq!(told_of_jane(&mut bob).await, None);
    assert_eq!(house.flips(), flips);
    assert_eq!(visitor.mail().available, None);
}

#[tokio::test(start_paused = true)]
async fn p4_one_who_was_gone_and_is_switched_off_comes_back_under_another_name() {
    let house = House::open().await;
    house.tab("jane", false).await.close();
    pass(60_000).await;
    let mut bob = house.agent("bob").await;
    let shown = bob.desk.agents.iter().find(|(row, _)| row.agent.id.as_str() == "jane").unwrap();
    assert_eq!((&*shown.0.agent.name, shown.1), ("JANE", Offline));
    for name in ["New", "Newer"] {
        bob.mail();
        drop(arrives(&house, &named(name)).await);
        let (jane, reason) = told_of_jane(&mut bob).await.expect("another name");
        assert_eq!((&*jane.name, jane.status, reason), (name, Offline, Connected));
        pass(60_000).await;
    }
    bob.close();
    pass(60_000).await;
    assert!(house.hub.presence().is_empty());
}

#[tokio::test(start_paused = true)]
async fn p4_another_name_reaches_the_agents_of_every_node_at_once_or_when_the_word_is_lost_within_seconds() {
    for lost in [0, 1_000] {
        let town = Town::of(2).await;
        let mut jane = town.hubs[0].agent("jane").await;
        let (mut bob, mut cy) = (town.hubs[0].device("bob").await, town.hubs[1].device("cy").await);
        live(5_000, &mut [&mut jane, &mut bob, &mut cy]).await;
        (bob.flips, cy.flips) = (Vec::new(), Vec::new());
        town.wires.faults(Faults { lost, ..Faults::default() });
        let mut new = arrives(&town.hubs[0].house, &named("New")).await;
        let within = if lost == 0 { 100 } else { 5_000 };
        live(within, &mut [&mut jane, &mut new, &mut bob, &mut cy]).await;
        for tab in [&mut bob, &mut cy] {
            assert_eq!(told(tab, "jane"), [(Online, Connected)], "lost {lost}");
        }
        let shown = town.hubs[1].house.agents().await;
        assert!(shown.contains(&named("New")), "{shown:?}");
        live(10_000, &mut [&mut jane, &mut new, &mut bob, &mut cy]).await;
        assert_eq!((told(&mut bob, "jane"), told(&mut cy, "jane")), (nothing(), nothing()));
    }
}

// === impl House ===

impl House {
    /// How many flips it has counted, as `/metrics` shows them.
    fn flips(&self) -> String {
        let (mut registry, mut text) = (Registry::default(), String::new());
        self.hub.metrics.register(&mut registry);
        encode(&mut text, &registry).unwrap();
        text.lines().filter(|line| line.contains("flips")).collect::<Vec<_>>().join("\n")
    }

    async fn agents(&self) -> Vec<AgentRef> {
        let agents = self.hub.agents(&workspace()).await.unwrap();
        agents.into_iter().map(|(row, _)| row.agent).collect()
    }
}
