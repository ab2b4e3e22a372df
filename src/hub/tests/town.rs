//! Several hubs upon one store, joined by wires.

use std::sync::Arc;

use super::{
    super::{Settings, agent::Desk, seat::Seated, visitor::Guest},
    house::{Clerk, House, pass, settle},
    memory::Memory,
    station::Station,
    tab::Tab,
    wires::{Wire, Wires},
};
use crate::{
    chat::{
        conversation::Conversation,
        event::{AgentRef, Page},
    },
    ids::{ConversationId, NodeId, VisitorId},
    mesh::Mesh,
    store::Store,
};

/// Hubs, the store beneath and the wires between.
pub(super) struct Town {
    pub(super) store: Arc<Memory>,
    pub(super) wires: Arc<Wires>,
    pub(super) hubs: Vec<Node>,
}

/// One hub of a town.
pub(super) struct Node {
    pub(super) house: House,
    pub(super) station: Arc<Station>,
    pub(super) wire: Arc<Wire>,
}

// === impl Town ===

impl Town {
    /// So many hubs that run.
    pub(super) async fn of(hubs: usize) -> Self {
        Self::with(hubs, Settings::default()).await
    }

    pub(super) async fn with(hubs: usize, settings: Settings) -> Self {
        let (store, wires) = (Memory::new(), Wires::new(7));
        let mut town = Self { store, wires, hubs: Vec::new() };
        for n in 0..hubs {
            let node = town.node(&format!("n_{n}"), n as u64, settings).await;
            town.hubs.push(node);
        }
        town
    }

    pub(super) async fn node(&self, name: &str, seed: u64, settings: Settings) -> Node {
        let station = Station::new(self.store.clone(), seed);
        let wire = self.wires.node(name);
        let house = House::among(self.store.clone(), station.clone(), wire.clone(), settings).await;
        Node { house, station, wire }
    }

    /// A node is killed. Whoever sat there is gone; their tabs are of no use any more.
    pub(super) async fn kill(&mut self, at: usize) {
        let node = self.hubs.remove(at);
        node.station.ways(|ways| ways.dead = true);
        self.wires.cut(node.wire.node());
        node.house.kill().await;
    }

    /// A node stands still, or goes on.
    pub(super) fn freeze(&self, at: usize, frozen: bool) {
        self.hubs[at].station.freeze(frozen);
        self.wires.freeze(self.hubs[at].id(), frozen);
    }

    /// What carries words and leases is gone, for everybody, or is back.
    pub(super) fn cut_off(&self, cut: bool) {
        for node in &self.hubs {
            match cut {
                true => self.wires.deafen(node.id(), true),
                false => self.wires.heal(node.id()),
            }
        }
    }

    /// The conversation as the store has it.
    pub(super) async fn row(&self, conversation: &ConversationId) -> Conversation {
        self.store.load(conversation).await.unwrap().unwrap().conversation
    }
}

// === impl Node ===

impl Node {
    pub(super) fn id(&self) -> &NodeId {
        self.wire.node()
    }

    /// A visitor's tab, with the playbook that waits at once.
    pub(super) async fn visitor(&self, name: &str) -> (Guest, Tab) {
        self.visitor_of("pb_now", name).await
    }

    pub(super) async fn visitor_of(&self, playbook: &str, name: &str) -> (Guest, Tab) {
        let guest = Guest {
            playbook: self.house.playbook(playbook).await,
            visitor: VisitorId::from(name),
            anonymous: None,
            is_new: false,
            name: None,
            email: None,
            verified: false,
            page: Some(Page { url: "https://example.com/".into(), title: None, referrer: None }),
            locale: None,
        };
        let tab = self.greet(&guest).await;
        (guest, tab)
    }

    pub(super) async fn greet(&self, guest: &Guest) -> Tab {
        let (seated, greeting) = self.house.hub.greet(guest, None).await.unwrap();
        let mut tab = Tab::new(self.house.hub.clone(), seated);
        tab.available = Some(greeting.available);
        if let Some(shown) = &greeting.conversation {
            tab.show(shown);
        }
        tab
    }

    /// A visitor with a tab and a conversation that has just begun.
    pub(super) async fn chat(&self, name: &str) -> (Guest, Tab, ConversationId) {
        let (guest, mut tab) = self.visitor(name).await;
        let shown = self.house.hub.start(&mut tab.seated, &guest, || Ok(())).await.unwrap();
        tab.show(&shown);
        (guest, tab, shown.loaded.conversation.id.clone())
    }

    /// Opens a conversation in an agent's tab.
    pub(super) async fn open(&self, tab: &mut Tab, id: &ConversationId) -> super::super::error::Result<()> {
        self.house.hub.asked(tab.seat());
        let shown = self.house.hub.open(&mut tab.seated, id, None).await?;
        tab.show(&shown);
        Ok(())
    }

    /// An agent's tab; the agent is switched on.
    pub(super) async fn agent(&self, name: &str) -> Tab {
        let clerk = self.house.agent(name).await;
        Self::tab(self.house.hub.clone(), clerk)
    }

    /// One more tab of an agent, whose switch stays as it is.
    pub(super) async fn device(&self, name: &str) -> Tab {
        let clerk = self.house.tab(name, false).await;
        Self::tab(self.house.hub.clone(), clerk)
    }

    pub(super) fn tab(hub: Arc<super::super::Hub>, clerk: Clerk) -> Tab {
        let Clerk { seated, desk, .. } = clerk;
        Self::seat(hub, seated, desk)
    }

    /// A tab before which lies what its session was met with.
    pub(super) fn seat(hub: Arc<super::super::Hub>, seated: Seated, desk: Desk) -> Tab {
        let mut tab = Tab::new(hub, seated);
        tab.counts = desk.counts;
        for loaded in desk.unassigned.iter().chain(&desk.mine) {
            let row = loaded.conversation.summary(&loaded.beside, None);
            tab.rows.insert(row.id.clone(), (row.seq, Some(Arc::new(row))));
        }
        for loaded in &desk.mine {
            tab.follow_mine(&loaded.conversation.id, loaded.conversation.seq, loaded.conversation.sight());
        }
        tab.presence = desk.agents.into_iter().map(|(row, status)| (row.agent.id, status)).collect();
        tab
    }
}

/// An agent as the log names them.
pub(super) fn agent(name: &str) -> AgentRef {
    AgentRef { id: name.into(), name: name.to_uppercase(), avatar: None }
}

/// Lets everybody read what has come, without time going by.
pub(super) async fn read(tabs: &mut [&mut Tab]) {
    settle().await;
    for tab in tabs {
        tab.read().await;
    }
}

/// The same after so many milliseconds.
pub(super) async fn read_after(ms: u64, tabs: &mut [&mut Tab]) {
    pass(ms).await;
    read(tabs).await;
}
