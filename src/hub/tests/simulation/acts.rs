//! What people do, several of them at once, each on whatever node they are connected to.

use std::sync::Arc;

use futures_util::future::join_all;
use rand::RngExt;
use tokio::time::timeout;

use super::{
    super::{
        super::{
            Hub,
            append::{Caller, Done},
            error::{HubError, Result},
            follow::Follow,
            seat::Who,
            visitor::Guest,
        },
        tab::Tab,
        town::Node as Desk,
    },
    people::{Kind, Open, Unsaid},
    world::{PATIENCE, World},
};
use crate::{
    chat::{
        command::Command,
        details::DetailsPatch,
        event::{ItemKind, Page},
        playbook::Reply,
    },
    ids::{AgentId, ConversationId, ItemId, Seq},
    wire::request::Outcome,
};

/// One wish of one person, by one tab.
enum Wish {
    Start(Guest),
    Give(ConversationId, Command),
    Say(Unsaid),
    Assign(ConversationId, Option<AgentId>),
    Open(ConversationId),
    Leave(ConversationId),
    Switch(bool),
    Type(ConversationId, String),
    Seen(ConversationId),
    Page(ConversationId, String),
    Blocked,
}

/// What became of it.
enum Became {
    Done(ConversationId, Done),
    Started(ConversationId),
    Nothing,
    Refused(HubError),
    /// Nobody answered in time.
    Silence,
}

// === impl World ===

impl World {
    /// A few people do something at once.
    pub(super) async fn act(&mut self) {
        let many = [1, 1, 1, 2, 3][self.rng.random_range(0..5)];
        let mut under_way = Vec::new();
        for _ in 0..many {
            let at = self.rng.random_range(0..self.people.len());
            let tabs = self.people[at].tabs.len();
            if tabs == 0 || (tabs < 2 && self.rng.random_bool(0.1)) {
                self.connect(at).await;
                continue;
            }
            let tab = self.rng.random_range(0..tabs);
            if self.rng.random_bool(0.06) {
                self.disconnect(at, tab);
                continue;
            }
            let open = self.people[at].tabs.remove(tab);
            match self.wish(at, &open) {
                Some(wish) => under_way.push((at, open, wish)),
                None => self.people[at].tabs.push(open),
            }
        }
        let lives = under_way.into_iter().map(|(at, open, wish)| async move {
            let Open { node, birth, mut tab } = open;
            // Silence: the client takes the connection for dead, and the hub finds it closed.
            let became = match timeout(PATIENCE, fulfil(&mut tab, &wish)).await {
                Ok(Ok(became)) => became,
                Ok(Err(error)) => Became::Refused(error),
                Err(_) => Became::Silence,
            };
            (at, Open { node, birth, tab }, wish, became)
        });
        for (at, open, wish, became) in join_all(lives).await {
            self.settle_wish(at, &wish, &became);
            match became {
                Became::Silence => self.give_up(at, open),
                _ => self.people[at].tabs.push(open),
            }
        }
    }

    /// Says what was not acknowledged, on whatever connection there is.
    pub(super) async fn say_unsaid(&mut self) {
        for at in 0..self.people.len() {
            if self.people[at].tabs.is_empty() && !self.people[at].unsaid.is_empty() {
                self.connect(at).await;
            }
            while let (Some(unsaid), false) = (self.people[at].unsaid.first().cloned(), self.people[at].tabs.is_empty())
            {
                let mut open = self.people[at].tabs.remove(0);
                let wish = Wish::Say(unsaid);
                let became = match timeout(PATIENCE, fulfil(&mut open.tab, &wish)).await {
                    Ok(answer) => answer.unwrap_or_else(Became::Refused),
                    Err(_) => Became::Silence,
                };
                self.people[at].tabs.insert(0, open);
                let again = matches!(became, Became::Refused(HubError::Unavailable) | Became::Silence);
                self.settle_wish(at, &wish, &became);
                if again {
                    break;
                }
            }
        }
    }

    async fn connect(&mut self, at: usize) {
        let Some(node) = self.some_node() else { return };
        let (hub, birth) = {
            let node = self.nodes[node].as_ref().expect("alive");
            (node.house.hub.clone(), node.birth)
        };
        if !self.people[at].is_agent() && self.rng.random_bool(0.03) {
            self.vouch(at);
        }
        let tab = match timeout(PATIENCE, self.come_in(at, hub)).await {
            Ok(Ok(tab)) => Some(tab),
            Ok(Err(_)) | Err(_) => None,
        };
        self.trace.line(format_args!("{} connects to {birth}: {}", self.people[at].name, tab.is_some()));
        if let Some(mut tab) = tab {
            self.judge_shown(at, &mut tab);
            self.people[at].tabs.push(Open { node, birth, tab });
        }
    }

    async fn come_in(&self, at: usize, hub: Arc<Hub>) -> Result<Tab> {
        let person = &self.people[at];
        match &person.kind {
            Kind::Agent { admin } => {
                let agent = person.agent_ref();
                let (seated, desk) = hub.welcome(&super::super::house::workspace(), &agent, *admin, None).await?;
                Ok(Desk::seat(hub, seated, desk))
            }
            Kind::Visitor { playbook, .. } => {
                let row = hub.playbook(&(*playbook).into()).await?.ok_or(HubError::NotOffered)?;
                let recover = person.recover(hub.store().epoch());
                let (seated, greeting) = hub.greet(&person.guest(row, None), recover.as_ref()).await?;
                let mut tab = Tab::new(hub, seated);
                if let Some(shown) = &greeting.conversation {
                    let id = &shown.loaded.conversation.id;
                    if let Some((_, log)) = person.remembered.as_ref().filter(|(of, _)| of == id) {
                        tab.logs.insert(id.clone(), log.clone());
                    }
                    tab.show(shown);
                }
                Ok(tab)
            }
        }
    }

    /// From now on the site says who the visitor is.
    fn vouch(&mut self, at: usize) {
        let name = self.people[at].name.clone();
        if let Kind::Visitor { id, was, .. } = &mut self.people[at].kind
            && was.is_none()
        {
            *was = Some(std::mem::replace(id, format!("known_{name}").as_str().into()));
            self.trace.line(format_args!("{name} is known"));
        }
    }

    fn disconnect(&mut self, at: usize, tab: usize) {
        let mut open = self.people[at].tabs.remove(tab);
        open.tab.seated.clean = self.rng.random_bool(0.5);
        self.trace.line(format_args!("{} leaves {}", self.people[at].name, open.birth));
        self.give_up(at, open);
    }

    /// The client is gone; a process that stands still learns of it later.
    fn give_up(&mut self, at: usize, open: Open) {
        self.people[at].remember(&open.tab);
        if let Some(node) = self.nodes[open.node].as_mut().filter(|node| node.frozen && node.birth == open.birth) {
            node.given_up.push(open);
        }
    }

    fn wish(&mut self, at: usize, open: &Open) -> Option<Wish> {
        if let Some(unsaid) = self.people[at].unsaid.first() {
            return Some(Wish::Say(unsaid.clone()));
        }
        match self.people[at].is_agent() {
            true => self.agents_wish(at),
            false => self.visitors_wish(at, &open.tab),
        }
    }

    fn visitors_wish(&mut self, at: usize, tab: &Tab) -> Option<Wish> {
        let followed = tab.follows.keys().next().cloned();
        let draw = self.rng.random_range(0..20);
        let Some(id) = followed.filter(|_| draw != 0) else {
            let playbook = tab.hub.playbooks.newest(&"pb_quick".into())?;
            // As whoever this tab said it is: the site may vouch for them since, in others.
            let Who::Visitor { visitor, .. } = &tab.seat().who else { return None };
            return Some(Wish::Start(self.people[at].guest(playbook, Some(visitor))));
        };
        Some(match draw {
            1..10 => self.say_something(at, &id),
            10 => Wish::Give(id.clone(), answer()),
            11..13 => Wish::Type(id.clone(), self.moment(at, &id)),
            13 => Wish::Seen(id.clone()),
            14..16 => Wish::Page(id.clone(), self.moment(at, &id)),
            16 => Wish::Give(id.clone(), Command::Rate { score: 4, comment: None }),
            17 => Wish::Give(id.clone(), Command::End),
            _ => self.say_something(at, &id),
        })
    }

    fn agents_wish(&mut self, at: usize) -> Option<Wish> {
        let draw = self.rng.random_range(0..30);
        if draw < 5 || self.known.is_empty() {
            return Some(Wish::Switch(draw < 4));
        }
        let id = self.known[self.rng.random_range(0..self.known.len())].clone();
        let to = [None, Some("ann"), Some("bob"), Some("root")][self.rng.random_range(0..4)];
        Some(match draw {
            5..11 => Wish::Give(id, Command::Claim),
            11..14 => Wish::Assign(id, to.map(AgentId::from)),
            14..19 => self.say_something(at, &id),
            19 => Wish::Give(id.clone(), Command::Note { key: self.people[at].words(&id).key, text: "note".into() }),
            20 => Wish::Give(id, Command::Details(Box::new(panel(&self.people[at].name)))),
            21 => Wish::Give(id.clone(), self.lead(at, &id)),
            22..25 => Wish::Open(id),
            25 => Wish::Leave(id),
            26 => Wish::Seen(id),
            27 => Wish::Type(id, String::new()),
            28 => Wish::Give(id, Command::Close),
            _ => Wish::Blocked,
        })
    }

    fn say_something(&mut self, at: usize, id: &ConversationId) -> Wish {
        let unsaid = self.people[at].words(id);
        self.people[at].unsaid.push(unsaid.clone());
        Wish::Say(unsaid)
    }

    fn lead(&mut self, at: usize, id: &ConversationId) -> Command {
        let key = self.people[at].words(id).key;
        let item = ItemId::made_by(id, &key);
        Command::Item { item, kind: ItemKind::Lead, title: "A lead".into(), key, fields: Default::default() }
    }

    /// Something of the moment that can be told from everything else, with where the log stands now.
    fn moment(&mut self, at: usize, id: &ConversationId) -> String {
        let key = self.people[at].words(id).key;
        let moment = format!("https://canary/{key}");
        self.moments.insert(moment.clone(), (id.clone(), self.head(id)));
        moment
    }

    fn settle_wish(&mut self, at: usize, wish: &Wish, became: &Became) {
        let name = &self.people[at].name;
        match became {
            Became::Done(id, done) => self.trace.line(format_args!("{name} did {id} {}", done.seq)),
            Became::Started(id) => {
                self.trace.line(format_args!("{name} started {id}"));
                if !self.known.contains(id) {
                    self.known.push(id.clone());
                }
            }
            Became::Nothing => self.trace.line(format_args!("{name} did")),
            Became::Refused(error) => self.trace.line(format_args!("{name} may not: {error}")),
            Became::Silence => self.trace.line(format_args!("{name} hears nothing")),
        }
        let (Wish::Say(said), Became::Done(..) | Became::Refused(_)) = (wish, became) else { return };
        match became {
            Became::Done(id, done) => {
                self.acknowledged.push((id.clone(), said.key.clone(), said.text.clone(), done.seq));
            }
            // To be asked again with the same key.
            Became::Refused(HubError::Unavailable) => return,
            _ => {}
        }
        self.people[at].unsaid.retain(|unsaid| unsaid.key != said.key);
        if let Wish::Give(..) = wish {
            unreachable!("a text is said");
        }
    }
}

async fn fulfil(tab: &mut Tab, wish: &Wish) -> Result<Became> {
    let hub = tab.hub.clone();
    hub.asked(tab.seat());
    let who = tab.seat().who.clone();
    match wish {
        Wish::Start(guest) => {
            let shown = hub.start(&mut tab.seated, guest, || Ok(())).await?;
            tab.show(&shown);
            Ok(Became::Started(shown.loaded.conversation.id.clone()))
        }
        Wish::Give(id, command) => {
            let done = hub.command(id, &Caller::from(&who), command).await?;
            Ok(Became::Done(id.clone(), done))
        }
        Wish::Say(Unsaid { conversation, key, text }) => {
            let send = Command::Send { key: key.clone(), text: text.clone() };
            let done = hub.command(conversation, &Caller::from(&who), &send).await?;
            Ok(Became::Done(conversation.clone(), done))
        }
        Wish::Assign(id, to) => Ok(Became::Done(id.clone(), hub.assign(&who, id, to.as_ref()).await?)),
        Wish::Open(id) => {
            let shown = hub.open(&mut tab.seated, id, None).await;
            if let Err(HubError::Refused(_)) = &shown {
                // A follow that ended with the sight of it is ended here, too.
                tab.follows.remove(id);
            }
            tab.show(&shown?);
            Ok(Became::Nothing)
        }
        Wish::Leave(id) => {
            let agent = who.agent();
            let owner =
                |follow: &Follow| follow.tail.with(|hot| hot.conversation.assignee().map(|owner| owner.id.clone()));
            let mine = tab.follows.get(id).and_then(owner).flatten().is_some_and(|owner| agent == Some(&owner));
            match tab.follows.get_mut(id) {
                Some(follow) if mine => follow.opened = false,
                _ => tab.unfollow(id),
            }
            Ok(Became::Nothing)
        }
        Wish::Switch(online) => hub.set_online(&who, None, *online).await.map(|()| Became::Nothing),
        Wish::Type(id, preview) => {
            hub.typing(tab.seat(), id, true, Some(preview.clone()));
            Ok(Became::Nothing)
        }
        Wish::Seen(id) => {
            let read = tab.logs.get(id).and_then(|log| log.last()).map_or(Seq(0), |entry| entry.event().seq);
            hub.seen(tab.seat(), id, Some(read), Some(read));
            Ok(Became::Nothing)
        }
        Wish::Page(id, url) => {
            hub.moved_to(id, Page { url: url.clone(), title: None, referrer: None });
            Ok(Became::Nothing)
        }
        Wish::Blocked => {
            if let Some(push) = tab.rang.take() {
                hub.notified(tab.seat(), &push.conversation, push.reason, Outcome::Blocked);
            }
            Ok(Became::Nothing)
        }
    }
}

fn answer() -> Command {
    let reply = Reply::Value("ann@example.com".into());
    Command::Answer { card: "email".into(), reply, key: "answer".into() }
}

fn panel(name: &str) -> DetailsPatch {
    serde_json::from_value(serde_json::json!({"person": {"name": name}})).expect("details")
}
